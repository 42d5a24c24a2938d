using System.Collections.Concurrent;
using Broadcast.Media;

namespace Broadcast.Ingest.Publishing;

/// <summary>
/// Timeline positions of sessions that ran ahead of wall-clock time when their encoder disconnected. The next connection continues there.
/// The lead over arrival is thereby limited per session, and reconnecting does not extend it.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class SessionResumePoints(TimeProvider time)
{
    private readonly ConcurrentDictionary<SessionId, DateTimeOffset> _positions = new();

    /// <summary>Position at which a session resumes, or zero when it is not ahead of wall-clock time.</summary>
    public TimeSpan Get(BroadcastSession session) =>
        _positions.TryGetValue(session.Id, out var position) && position > time.GetUtcNow() ? position - session.StartedAt : TimeSpan.Zero;

    /// <summary>
    /// Records a session's position. Entries that wall-clock time has reached are removed, so only sessions that ran ahead in the last
    /// minute remain.
    /// </summary>
    public void Record(BroadcastSession session, TimeSpan position)
    {
        var now = time.GetUtcNow();
        foreach (var (id, reached) in _positions)
        {
            if (reached <= now)
            {
                _positions.TryRemove(id, out _);
            }
        }

        if (session.StartedAt + position > now)
        {
            _positions.AddOrUpdate(session.Id, session.StartedAt + position,
                (_, before) => before > session.StartedAt + position ? before : session.StartedAt + position);
        }
    }
}
