using Broadcast.Media;
using Broadcast.Media.Objects;

namespace Broadcast.Packager.Recovery;

/// <summary>Session with existing journal files.</summary>
/// <param name="Channel">Channel of the session.</param>
/// <param name="Id">ID of the session.</param>
/// <param name="Numbers">Numbers of its journal files, ascending.</param>
internal sealed record JournaledSession(ChannelName Channel, SessionId Id, SortedSet<long> Numbers)
{
    /// <summary>Names of the session's objects.</summary>
    public SessionObjectNames Names => ObjectNames.Of(Channel, Id);
}

/// <summary>Sessions with journals in the spool or the object store, by channel, newest first.</summary>
internal sealed class JournalCatalog
{
    private readonly Dictionary<SessionId, JournaledSession> _sessions = [];

    /// <summary>Sessions of each channel, newest first.</summary>
    public IEnumerable<IReadOnlyList<JournaledSession>> Channels =>
        _sessions.Values.GroupBy(session => session.Channel).Select(channel => channel.OrderByDescending(session => session.Id).ToList());

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
        }

        if (session.Channel == parsed.Channel)
        {
            session.Numbers.Add(parsed.Number);
        }
    }
}
