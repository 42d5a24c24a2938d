using System.Collections.Concurrent;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Timeline;

namespace Broadcast.Pipeline.Tests;

/// <summary>Progress of announced media by session.</summary>
internal sealed class Progress : ITimelineSink
{
    private readonly ConcurrentDictionary<SessionId, DateTimeOffset> _edges = new();

    /// <summary>Wall-clock time of the newest announced media.</summary>
    public DateTimeOffset Of(BroadcastSession session) => _edges.GetValueOrDefault(session.Id, session.StartedAt);

    public void Append(ChannelName channel, SessionId session, IReadOnlyList<TimelineEvent> events)
    {
        foreach (var part in events.OfType<TimelineEvent.PartReady>())
        {
            var end = part.WallClock + part.Duration.ToTimeSpan();
            _edges.AddOrUpdate(session, end, (_, before) => end > before ? end : before);
        }
    }

    public void Forget(ChannelName channel, SessionId session) => _edges.TryRemove(session, out _);
}
