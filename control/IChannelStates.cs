using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>What a channel is doing now.</summary>
/// <param name="State">One word: <c>offline</c>, <c>starting</c>, <c>live</c>, <c>waiting</c> (its encoder is gone, its session is open), <c>preview</c> (its encoder publishes, and its audience gets nothing yet) or <c>ended</c>.</param>
/// <param name="Session">The session at its URLs, if any.</param>
/// <param name="StartedAt">When that session started.</param>
public sealed record ChannelState(string State, SessionId? Session, DateTimeOffset? StartedAt)
{
    /// <summary>The encoders that publish on it now, the primary first.</summary>
    public IReadOnlyList<ChannelInput> Inputs { get; init; } = [];

    /// <summary>How its rungs are encoded; <see langword="null"/> where it has none.</summary>
    public ChannelEncoding? Encoding { get; init; }
}

/// <summary>An encoder that publishes.</summary>
/// <param name="Role">Which of the channel's inputs it is.</param>
/// <param name="State">One word: <c>good</c>, <c>recovering</c> (it was lost, and has not been good for long enough), <c>waiting</c> (no picture has come that decoding can begin with) or <c>silent</c>.</param>
/// <param name="OnAir">Whether viewers get it.</param>
/// <param name="Since">When its media began.</param>
/// <param name="BitsPerSecond">What it sends, over the last seconds; <see langword="null"/> before that is known.</param>
public sealed record ChannelInput(InputRole Role, string State, bool OnAir, DateTimeOffset Since, long? BitsPerSecond);

/// <summary>A rung that is encoded.</summary>
/// <param name="Name">Its rendition's name.</param>
/// <param name="Width">Pixels across.</param>
/// <param name="Height">Pixels down.</param>
/// <param name="BitsPerSecond">What it is meant to have on average.</param>
public sealed record ChannelRung(string Name, int Width, int Height, int BitsPerSecond);

/// <summary>How a channel's rungs are encoded.</summary>
/// <param name="Encoder">Who encodes, for people; <see langword="null"/> while nobody does.</param>
/// <param name="Rungs">What is encoded, the largest first.</param>
/// <param name="GivenUp">Names of rungs that were planned and are not encoded.</param>
/// <param name="Haste">0 to 2: how much quality is given up for speed.</param>
/// <param name="HalfRate">Whether half of the pictures is left out of all rungs.</param>
/// <param name="Step">0 where nothing is given up.</param>
/// <param name="Reason">Why something was given up, or another encoder took over, last.</param>
/// <param name="BehindSeconds">How far the slowest rung is behind the source.</param>
/// <param name="Restarts">Encoder processes after the first one.</param>
public sealed record ChannelEncoding(
    string? Encoder, IReadOnlyList<ChannelRung> Rungs, IReadOnlyList<string> GivenUp, int Haste, bool HalfRate, int Step, string? Reason, double BehindSeconds, int Restarts)
{
    /// <summary>Why viewers shall get an encoded copy of the source, which is the rung <c>source</c>; <see langword="null"/> where the source passes as it came.</summary>
    public string? CopyReason { get; init; }
}

/// <summary>Where the API learns what channels are doing. The host provides it from what the origin serves; without it the API leaves the state out.</summary>
public interface IChannelStates
{
    /// <summary>A channel's state, or <see langword="null"/> when nothing is known of it. Must not block.</summary>
    ChannelState? Find(ChannelName channel);
}
