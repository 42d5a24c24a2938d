using Broadcast.Control.Webhooks;
using Broadcast.Media;

namespace Broadcast.Control.Sessions;

/// <summary>
/// Changes that wait for the database: the latest state of each session, the last use of each stream key and webhook events. Memory is
/// bounded by the numbers of sessions and keys, and by <see cref="MaxEvents"/>. A change stays until it is removed, and a newer state of
/// the same session or key replaces it. Thread-safe.
/// </summary>
internal sealed class PendingWrites
{
    /// <summary>Maximum number of webhook events; when it is exceeded, the oldest are dropped.</summary>
    public const int MaxEvents = 1000;

    private readonly Dictionary<SessionId, SessionRecord> _sessions = [];
    private readonly Dictionary<string, DateTimeOffset> _keyUses = new(StringComparer.Ordinal);
    private readonly Queue<WebhookMessage> _events = [];
    private readonly Lock _lock = new();

    /// <summary>Number of sessions with a change.</summary>
    public int SessionCount
    {
        get
        {
            lock (_lock)
            {
                return _sessions.Count;
            }
        }
    }

    /// <summary>Returns whether a session has a change.</summary>
    public bool Contains(SessionId session)
    {
        lock (_lock)
        {
            return _sessions.ContainsKey(session);
        }
    }

    /// <summary>Adds the state of a session.</summary>
    public void Add(SessionRecord session)
    {
        lock (_lock)
        {
            _sessions[session.Id] = session;
        }
    }

    /// <summary>Adds the use of a key.</summary>
    public void AddKeyUse(string keyId, DateTimeOffset at)
    {
        lock (_lock)
        {
            _keyUses[keyId] = at;
        }
    }

    /// <summary>Adds a webhook event; returns the event that was dropped for it.</summary>
    public WebhookMessage? Add(WebhookMessage message)
    {
        lock (_lock)
        {
            var dropped = _events.Count == MaxEvents ? _events.Dequeue() : null;
            _events.Enqueue(message);
            return dropped;
        }
    }

    /// <summary>Gets the oldest sessions with a change, in the order of their ids.</summary>
    public SessionRecord[] NextSessions(int maxCount)
    {
        lock (_lock)
        {
            return [.. _sessions.Values.OrderBy(s => s.Id).Take(maxCount)];
        }
    }

    /// <summary>Finds the change of a session; <see langword="null"/> when it has none.</summary>
    public SessionRecord? Find(SessionId session)
    {
        lock (_lock)
        {
            return _sessions.GetValueOrDefault(session);
        }
    }

    /// <summary>Gets the uses of all keys.</summary>
    public KeyValuePair<string, DateTimeOffset>[] KeyUses()
    {
        lock (_lock)
        {
            return [.. _keyUses];
        }
    }

    /// <summary>Gets the oldest webhook events.</summary>
    public WebhookMessage[] NextEvents(int maxCount)
    {
        lock (_lock)
        {
            return [.. _events.Take(maxCount)];
        }
    }

    /// <summary>Removes written states of sessions, unless a session has a newer one.</summary>
    public void Remove(IEnumerable<SessionRecord> sessions)
    {
        lock (_lock)
        {
            foreach (var session in sessions)
            {
                if (_sessions.TryGetValue(session.Id, out var latest) && ReferenceEquals(latest, session))
                {
                    _sessions.Remove(session.Id);
                }
            }
        }
    }

    /// <summary>Removes written uses of keys, unless a key has a newer one.</summary>
    public void Remove(IEnumerable<KeyValuePair<string, DateTimeOffset>> keyUses)
    {
        lock (_lock)
        {
            foreach (var (id, at) in keyUses)
            {
                if (_keyUses.TryGetValue(id, out var latest) && latest == at)
                {
                    _keyUses.Remove(id);
                }
            }
        }
    }

    /// <summary>Removes written webhook events. The oldest may have been dropped meanwhile.</summary>
    public void Remove(IEnumerable<WebhookMessage> messages)
    {
        lock (_lock)
        {
            foreach (var message in messages)
            {
                if (_events.TryPeek(out var first) && ReferenceEquals(first, message))
                {
                    _events.Dequeue();
                }
            }
        }
    }
}
