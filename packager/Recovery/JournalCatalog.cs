using Broadcast.Media;
using Broadcast.Media.Objects;

namespace Broadcast.Packager.Recovery;

/// <summary>Session with existing journal files.</summary>
/// <param name="Channel">Channel of the session.</param>
/// <param name="Id">ID of the session.</param>
/// <param name="Numbers">Numbers of its journal files, ascending.</param>
internal sealed record JournaledSession(ChannelName Channel, SessionId Id, SortedSet<JournalNumber> Numbers)
{
    /// <summary>Names of the session's objects.</summary>
    public SessionObjectNames Names => ObjectNames.Of(Channel, Id);
}

/// <summary>Sessions with journals in the spool or the object store, by channel. Not thread-safe while objects are added.</summary>
internal sealed class JournalCatalog
{
    private readonly Dictionary<SessionId, JournaledSession> _sessions = [];
    private readonly Dictionary<ChannelName, SortedSet<SessionId>> _channels = [];

    /// <summary>Number of sessions.</summary>
    public int Count => _sessions.Count;

    /// <summary>All channels; those with the newest sessions come first.</summary>
    public IEnumerable<ChannelName> Channels =>
        _channels.OrderByDescending(channel => channel.Value.Max).Select(channel => channel.Key);

    /// <summary>Returns whether a channel has sessions.</summary>
    public bool Contains(ChannelName channel) => _channels.ContainsKey(channel);

    /// <summary>Returns whether a session is in the catalog.</summary>
    public bool Contains(SessionId session) => _sessions.ContainsKey(session);

    /// <summary>Returns the sessions of a channel, newest first.</summary>
    public IReadOnlyList<JournaledSession> Of(ChannelName channel) =>
        _channels.TryGetValue(channel, out var sessions) ? [.. sessions.Reverse().Select(id => _sessions[id])] : [];

    /// <summary>Adds an object; names that are not journal files are ignored.</summary>
    public void Add(ObjectName name)
    {
        if (!ObjectNames.TryParse(name, out var parsed) || parsed.Kind != ObjectKind.Journal)
        {
            return;
        }

        if (!_sessions.TryGetValue(parsed.Session, out var session))
        {
            _sessions.Add(parsed.Session, session = new JournaledSession(parsed.Channel, parsed.Session, []));
            if (!_channels.TryGetValue(parsed.Channel, out var sessions))
            {
                _channels.Add(parsed.Channel, sessions = []);
            }

            sessions.Add(parsed.Session);
        }

        if (session.Channel == parsed.Channel)
        {
            session.Numbers.Add(parsed.JournalNumber);
        }
    }
}
