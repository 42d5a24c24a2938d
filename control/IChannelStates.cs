using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>What a channel is doing now.</summary>
/// <param name="State">One word: <c>offline</c>, <c>starting</c>, <c>live</c>, <c>waiting</c> (its encoder is gone, its session is open) or <c>ended</c>.</param>
/// <param name="Session">The session at its URLs, if any.</param>
/// <param name="StartedAt">When that session started.</param>
public sealed record ChannelState(string State, SessionId? Session, DateTimeOffset? StartedAt);

/// <summary>Where the API learns what channels are doing. The host provides it from what the origin serves; without it the API leaves the state out.</summary>
public interface IChannelStates
{
    /// <summary>A channel's state, or <see langword="null"/> when nothing is known of it. Must not block.</summary>
    ChannelState? Find(ChannelName channel);
}
