namespace Broadcast.Media.TranscoderToControl;

/// <summary>Validation of an uploaded slate, which control requests from the transcoder.</summary>
public interface ISlateValidator
{
    /// <summary>Validates a slate by decoding it.</summary>
    /// <returns><see langword="null"/> when the slate is valid, otherwise an error message, which may be shown to the sender.</returns>
    ValueTask<string?> ValidateAsync(ChannelSlate slate, CancellationToken cancellationToken);
}
