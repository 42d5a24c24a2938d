namespace Broadcast.Media.TranscoderToControl;

/// <summary>A channel's custom slate, shown while its session waits for an encoder.</summary>
/// <param name="Bytes">A PNG or JPEG image, or an MP4 clip. Untrusted input.</param>
/// <param name="IsClip">Whether the file is a clip.</param>
public sealed record ChannelSlate(ReadOnlyMemory<byte> Bytes, bool IsClip);

/// <summary>Custom slates of channels, which the transcoder requests from control.</summary>
public interface IChannelSlates
{
    /// <summary>Finds the slate of a channel; <see langword="null"/> when it has none.</summary>
    ValueTask<ChannelSlate?> FindAsync(ChannelName channel, CancellationToken cancellationToken);
}
