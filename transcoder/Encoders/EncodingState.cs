using Broadcast.Media;

namespace Broadcast.Transcoder.Encoders;

/// <summary>A rung that is being encoded.</summary>
/// <param name="Name">Name of its rendition.</param>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="BitsPerSecond">Target average bitrate, in bits per second.</param>
public sealed record EncodedRung(string Name, int Width, int Height, int BitsPerSecond);

/// <summary>Encoding state of a channel's rungs.</summary>
/// <param name="Encoder">Display name of the encoder, such as <c>x264</c>; <see langword="null"/> while nothing is encoded.</param>
/// <param name="Rungs">Rungs being encoded, largest first.</param>
/// <param name="DroppedRungs">Names of planned rungs that are not encoded.</param>
/// <param name="SpeedLevel">Speed level, 0 to 2: higher levels trade quality for speed.</param>
/// <param name="IsHalfRate">Whether all rungs run at half the frame rate.</param>
/// <param name="DegradationLevel">Degradation level. 0 is full quality; each further level costs quality, frame rate or a rung.</param>
/// <param name="Reason">Reason for the last degradation or encoder change; <see langword="null"/> if there was none.</param>
/// <param name="Lag">Lag of the slowest rung behind the source.</param>
/// <param name="Restarts">Encoder processes started after the first.</param>
public sealed record EncodingState(
    string? Encoder, IReadOnlyList<EncodedRung> Rungs, IReadOnlyList<string> DroppedRungs, int SpeedLevel, bool IsHalfRate,
    int DegradationLevel, string? Reason, TimeSpan Lag, int Restarts)
{
    /// <summary>Reason for re-encoding the source, which is then a rung of its name; <see langword="null"/> for passthrough.</summary>
    public string? ReencodeReason { get; init; }
}

/// <summary>Encoding states of channels, for status pages.</summary>
public interface IChannelEncodings
{
    /// <summary>Encoding state of a channel's rungs; <see langword="null"/> if it has none. Does not block.</summary>
    EncodingState? Find(ChannelName channel);
}
