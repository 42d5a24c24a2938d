using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>What a channel is doing now.</summary>
/// <param name="State">One word: <c>offline</c>, <c>starting</c>, <c>live</c>, <c>waiting</c> (its encoder is gone, its session is open) or <c>ended</c>.</param>
/// <param name="Session">The session at its URLs, if any.</param>
/// <param name="StartedAt">When that session started.</param>
public sealed record ChannelState(string State, SessionId? Session, DateTimeOffset? StartedAt)
{
    /// <summary>The encoders that publish on it now, the primary first.</summary>
    public IReadOnlyList<ChannelInput> Inputs { get; init; } = [];
}

/// <summary>An encoder that publishes.</summary>
/// <param name="Role">Which of the channel's inputs it is.</param>
/// <param name="State">One word: <c>good</c>, <c>recovering</c> (it was lost, and has not been good for long enough), <c>waiting</c> (no picture has come that decoding can begin with) or <c>silent</c>.</param>
/// <param name="OnAir">Whether viewers get it.</param>
/// <param name="Since">When its media began.</param>
/// <param name="BitsPerSecond">What it sends, over the last seconds; <see langword="null"/> before that is known.</param>
public sealed record ChannelInput(InputRole Role, string State, bool OnAir, DateTimeOffset Since, long? BitsPerSecond);

/// <summary>Where the API learns what channels are doing. The host provides it from what the origin serves; without it the API leaves the state out.</summary>
public interface IChannelStates
{
    /// <summary>A channel's state, or <see langword="null"/> when nothing is known of it. Must not block.</summary>
    ChannelState? Find(ChannelName channel);
}
