using Broadcast.Media;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Control.Channels;

/// <summary>Current state of a channel.</summary>
/// <param name="State">State of the channel and its session.</param>
/// <param name="Session">Session that the channel's URLs serve, if any.</param>
/// <param name="StartedAt">Start of that session.</param>
public sealed record ChannelRuntimeState(ChannelRunState State, SessionId? Session, DateTimeOffset? StartedAt)
{
    /// <summary>Encoders that are publishing, the primary first.</summary>
    public IReadOnlyList<ChannelInput> Inputs { get; init; } = [];

    /// <summary>State of the rung encoder; <see langword="null"/> when the channel has no rungs.</summary>
    public ChannelEncoding? Encoding { get; init; }
}

/// <summary>One publishing encoder.</summary>
/// <param name="Role">Input of the channel that the encoder feeds.</param>
/// <param name="State">State of the encoder's media.</param>
/// <param name="OnAir">Whether viewers get this input.</param>
/// <param name="Since">Time at which its media began.</param>
/// <param name="BitsPerSecond">Bit rate over the last seconds; <see langword="null"/> before it is known.</param>
public sealed record ChannelInput(InputRole Role, ChannelInputState State, bool OnAir, DateTimeOffset Since, long? BitsPerSecond);

/// <summary>One encoded rung.</summary>
/// <param name="Name">Name of its rendition.</param>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="BitsPerSecond">Target average bit rate.</param>
public sealed record ChannelRung(string Name, int Width, int Height, int BitsPerSecond);

/// <summary>State of a channel's rung encoder.</summary>
/// <param name="Encoder">Display name of the encoder; <see langword="null"/> while none runs.</param>
/// <param name="Rungs">Encoded rungs, the largest first.</param>
/// <param name="DroppedRungs">Names of planned rungs that are not encoded.</param>
/// <param name="SpeedLevel">Speed level from 0 to 2: higher levels trade quality for speed.</param>
/// <param name="HalfRate">Whether every other frame is dropped in all rungs.</param>
/// <param name="DegradationLevel">Degradation level; 0 for full quality.</param>
/// <param name="Reason">Reason for the last degradation or encoder change.</param>
/// <param name="LagSeconds">Lag of the slowest rung behind the source.</param>
/// <param name="Restarts">Number of encoder restarts.</param>
public sealed record ChannelEncoding(
    string? Encoder, IReadOnlyList<ChannelRung> Rungs, IReadOnlyList<string> DroppedRungs, int SpeedLevel, bool HalfRate,
    int DegradationLevel, string? Reason, double LagSeconds, int Restarts)
{
    /// <summary>
    /// Reason for re-encoding the source as rung <c>source</c>; <see langword="null"/> when the source is delivered by passthrough.
    /// </summary>
    public string? ReencodeReason { get; init; }
}

/// <summary>Provider of channel states. The host implements it from what the origin serves. Without it the API omits the state.</summary>
public interface IChannelRuntimeStates
{
    /// <summary>Gets the state of a channel, or <see langword="null"/> when none is known. Must not block.</summary>
    ChannelRuntimeState? Find(ChannelName channel);
}
