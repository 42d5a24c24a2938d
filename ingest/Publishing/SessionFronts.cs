using System.Collections.Concurrent;
using Broadcast.Media;

namespace Broadcast.Ingest.Publishing;

/// <summary>
/// How far the sessions have come on their timelines that ran ahead of the clock on the wall when their encoder left: the next connection goes on there, so that what
/// a timeline may gain on arrival is the session's, and reconnecting earns nothing.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class SessionFronts(TimeProvider time)
{
    private readonly ConcurrentDictionary<SessionId, DateTimeOffset> _fronts = new();

    /// <summary>How far a session has come, or zero when it is not ahead of the clock.</summary>
    public TimeSpan Of(BroadcastSession session) =>
        _fronts.TryGetValue(session.Id, out var front) && front > time.GetUtcNow() ? front - session.StartedAt : TimeSpan.Zero;

    /// <summary>Notes how far a session has come. What the clock has caught up with is forgotten, so no more is kept than sessions that ran ahead in the last minute.</summary>
    public void Note(BroadcastSession session, TimeSpan front)
    {
        var now = time.GetUtcNow();
        foreach (var (id, reached) in _fronts)
        {
            if (reached <= now)
            {
                _fronts.TryRemove(id, out _);
            }
        }

        if (session.StartedAt + front > now)
        {
            _fronts.AddOrUpdate(session.Id, session.StartedAt + front, (_, before) => before > session.StartedAt + front ? before : session.StartedAt + front);
        }
    }
}
