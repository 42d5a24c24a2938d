using System.Collections.Concurrent;
using Broadcast.Media;

namespace Broadcast.Origin.Tests;

/// <summary>A register of what it was told.</summary>
internal sealed class KnownAudience : ISessionAudience
{
    public ConcurrentDictionary<SessionId, AudienceView> Views { get; } = [];

    public List<(SessionId Session, long Segment)> Settled { get; } = [];

    public void Show(SessionId session, double seconds) => Views[session] = AudienceView.Since(Broadcaster.Start.AddSeconds(seconds));

    public AudienceView? Find(ChannelName channel, SessionId session) => Views.TryGetValue(session, out var view) ? view : null;

    public void Settle(ChannelName channel, SessionId session, DateTimeOffset from, long segment)
    {
        lock (Settled)
        {
            Settled.Add((session, segment));
            Views[session] = AudienceView.Since(from, segment);
        }
    }
}
