using Broadcast.Media;

namespace Broadcast.Transcoder.Ladder;

/// <summary>
/// Passthrough policies of sessions. A policy holds across the session's encoders, reconnects and slates. One session, the newest, is
/// stored per channel, until it has been without a publication for <see cref="RetentionTime"/>. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class PassthroughPolicies(TimeProvider time)
{
    /// <summary>Time for which an unused policy is kept: longer than sessions wait for their encoders.</summary>
    public static readonly TimeSpan RetentionTime = TimeSpan.FromDays(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<ChannelName, Entry> _entries = [];

    /// <summary>Number of stored policies.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>Gets the policy of a session for a publication, which must call <see cref="Release"/> at its end.</summary>
    public PassthroughPolicy Acquire(BroadcastSession session)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(session.Channel, out var entry) || entry.Session != session.Id)
            {
                _entries[session.Channel] = entry = new Entry(session.Id, new PassthroughPolicy(session.Latency));
            }

            entry.Publications++;
            return entry.Policy;
        }
    }

    /// <summary>Ends the use of a session's policy by a publication.</summary>
    public void Release(BroadcastSession session)
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            if (_entries.TryGetValue(session.Channel, out var released) && released.Session == session.Id)
            {
                released.Publications--;
                released.LastUsed = now;
            }

            foreach (var (channel, entry) in _entries)
            {
                if (entry.Publications <= 0 && time.GetElapsedTime(entry.LastUsed, now) > RetentionTime)
                {
                    _entries.Remove(channel);
                }
            }
        }
    }

    private sealed class Entry(SessionId session, PassthroughPolicy policy)
    {
        public SessionId Session { get; } = session;

        public PassthroughPolicy Policy { get; } = policy;

        public int Publications { get; set; }

        public long LastUsed { get; set; }
    }
}
