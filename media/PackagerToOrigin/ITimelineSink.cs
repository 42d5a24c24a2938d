using Broadcast.Media.Timeline;

namespace Broadcast.Media.PackagerToOrigin;

/// <summary>Destination of timeline events, from the packager to the origin and other consumers.</summary>
public interface ITimelineSink
{
    /// <summary>Appends events of one session, in order. Must not block, because the live edge waits for it.</summary>
    void Append(ChannelName channel, SessionId session, IReadOnlyList<TimelineEvent> events);

    /// <summary>
    /// Forgets a deleted or superseded session; it is no longer served live. Its media is deleted, unless it is recorded and only
    /// superseded.
    /// </summary>
    void Forget(ChannelName channel, SessionId session);

    /// <summary>
    /// Releases a session that another server owns. It is no longer served live here, and only the owner may change its objects.
    /// </summary>
    void Release(ChannelName channel, SessionId session) => Forget(channel, session);
}
