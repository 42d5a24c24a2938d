namespace Broadcast.Media;

/// <summary>A channel's own slate: what viewers see while its session waits for an encoder.</summary>
/// <param name="Bytes">A file: PNG or JPEG for a picture, MP4 for a clip. It comes from a stranger.</param>
/// <param name="IsClip">Whether it is a clip.</param>
public sealed record ChannelSlate(ReadOnlyMemory<byte> Bytes, bool IsClip);

/// <summary>transcoder asks control for slates of channels' own.</summary>
public interface IChannelSlates
{
    /// <summary>The slate of a channel, or <see langword="null"/> when it has none.</summary>
    ValueTask<ChannelSlate?> FindAsync(ChannelName channel, CancellationToken cancellationToken);
}

/// <summary>control asks transcoder whether a slate can be shown, before it keeps it.</summary>
public interface ISlateProof
{
    /// <summary>Decodes a slate.</summary>
    /// <returns><see langword="null"/> when it can be shown; else why not, in plain words.</returns>
    ValueTask<string?> RefusalAsync(ChannelSlate slate, CancellationToken cancellationToken);
}
