using Broadcast.Media;

namespace Broadcast.Packager.Sessions;

/// <summary>
/// Sessions of other servers that this server has released. The object store may list one of them after its release, when it must not be
/// recovered. Beyond <see cref="Max"/>, the session released first is removed; the recovery then reads its owner from the database.
/// Thread-safe.
/// </summary>
internal sealed class ReleasedSessions
{
    /// <summary>Maximum number of sessions: far more than other servers begin during the recovery of a session.</summary>
    public const int Max = 4096;

    private readonly HashSet<SessionId> _sessions = [];
    private readonly Lock _lock = new();
    private Queue<SessionId> _order = new();

    /// <summary>Adds a session.</summary>
    /// <returns><see langword="false"/> if it was added before.</returns>
    public bool Add(SessionId session)
    {
        lock (_lock)
        {
            if (!_sessions.Add(session))
            {
                return false;
            }

            _order.Enqueue(session);
            if (_order.Count > Max)
            {
                _sessions.Remove(_order.Dequeue());
            }

            return true;
        }
    }

    /// <summary>Removes a session that this server takes over.</summary>
    public void Remove(SessionId session)
    {
        lock (_lock)
        {
            if (_sessions.Remove(session))
            {
                _order = new Queue<SessionId>(_order.Where(other => other != session));
            }
        }
    }

    /// <summary>Returns whether a session was released.</summary>
    public bool Contains(SessionId session)
    {
        lock (_lock)
        {
            return _sessions.Contains(session);
        }
    }
}
