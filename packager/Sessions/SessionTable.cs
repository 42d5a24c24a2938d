using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Broadcast.Media;

namespace Broadcast.Packager.Sessions;

/// <summary>Packaged sessions by ID and by channel, so that a lookup does not depend on the number of channels. Thread-safe.</summary>
internal sealed class SessionTable
{
    private readonly ConcurrentDictionary<SessionId, SessionPackager> _sessions = new();
    private readonly ConcurrentDictionary<ChannelName, SessionPackager[]> _channels = new();
    private readonly Lock _lock = new();

    /// <summary>All sessions.</summary>
    public IEnumerable<SessionPackager> All => _sessions.Select(session => session.Value);

    /// <summary>Sessions of a channel; usually one or two.</summary>
    public IReadOnlyList<SessionPackager> Of(ChannelName channel) => _channels.GetValueOrDefault(channel, []);

    /// <summary>Returns whether a session is in the table.</summary>
    public bool Contains(SessionId session) => _sessions.ContainsKey(session);

    /// <summary>Finds a session.</summary>
    public bool TryGet(SessionId session, [NotNullWhen(true)] out SessionPackager? found) => _sessions.TryGetValue(session, out found);

    /// <summary>Adds a session that is not in the table.</summary>
    public void Add(SessionPackager session)
    {
        lock (_lock)
        {
            if (_sessions.TryAdd(session.Id, session))
            {
                _channels[session.Channel] = [.. Of(session.Channel), session];
            }
        }
    }

    /// <summary>Removes a session; <see langword="false"/> when it is not in the table.</summary>
    public bool Remove(SessionPackager session)
    {
        lock (_lock)
        {
            if (!_sessions.TryRemove(KeyValuePair.Create(session.Id, session)))
            {
                return false;
            }

            SessionPackager[] others = [.. Of(session.Channel).Where(other => other != session)];
            if (others.Length > 0)
            {
                _channels[session.Channel] = others;
            }
            else
            {
                _channels.TryRemove(session.Channel, out _);
            }

            return true;
        }
    }
}
