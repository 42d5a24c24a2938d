namespace Broadcast.Media.TranscoderToControl;

/// <summary>A channel's custom slate, shown while its session waits for an encoder.</summary>
/// <param name="Bytes">The file. Untrusted input.</param>
/// <param name="Type">Type detected from the first bytes.</param>
public sealed record ChannelSlate(ReadOnlyMemory<byte> Bytes, SlateFileType Type);

/// <summary>Custom slates of channels, which the transcoder requests from control.</summary>
public interface IChannelSlates
{
    /// <summary>Finds the slate of a channel; <see langword="null"/> when it has none.</summary>
    ValueTask<ChannelSlate?> FindAsync(ChannelName channel, CancellationToken cancellationToken);
}
