using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;

namespace Broadcast.Origin.Tests;

/// <summary>Visibility of sessions, set by the test.</summary>
internal sealed class StubSessionVisibility : ISessionVisibility
{
    public ConcurrentDictionary<SessionId, SessionVisibility> Views { get; } = [];

    public List<(SessionId Session, long Segment)> Settled { get; } = [];

    public void Show(SessionId session, double seconds) => Views[session] = SessionVisibility.Since(FakePackager.Start.AddSeconds(seconds));

    public SessionVisibility? Find(ChannelName channel, SessionId session) => Views.TryGetValue(session, out var view) ? view : null;

    public void FixFirstSegment(ChannelName channel, SessionId session, DateTimeOffset from, long segment)
    {
        lock (Settled)
        {
            Settled.Add((session, segment));
            Views[session] = SessionVisibility.Since(from, segment);
        }
    }
}
