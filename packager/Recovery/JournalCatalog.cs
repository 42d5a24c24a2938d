using Broadcast.Media;
using Broadcast.Media.Timeline;

namespace Broadcast.Packager.Recovery;

/// <summary>Session with existing journal files.</summary>
/// <param name="Channel">Channel of the session.</param>
/// <param name="Id">ID of the session.</param>
/// <param name="Numbers">Numbers of its journal files, ascending.</param>
internal sealed record JournaledSession(ChannelName Channel, SessionId Id, SortedSet<long> Numbers);

/// <summary>Sessions with journals in the spool or the object store, by channel, newest first.</summary>
internal sealed class JournalCatalog
{
    /// <summary>Folder of all journals.</summary>
    public const string Folder = "journal/";

    private readonly Dictionary<SessionId, JournaledSession> _sessions = [];

    /// <summary>Sessions of each channel, newest first.</summary>
    public IEnumerable<IReadOnlyList<JournaledSession>> Channels =>
        _sessions.Values.GroupBy(session => session.Channel).Select(channel => channel.OrderByDescending(session => session.Id).ToList());

    /// <summary>Adds an object; names that are not journal files are ignored.</summary>
    public void Add(ObjectName name)
    {
        if (!JournalFile.TryParseName(name, out var channel, out var id, out var number))
        {
            return;
        }

        if (!_sessions.TryGetValue(id, out var session))
        {
            _sessions.Add(id, session = new JournaledSession(channel, id, []));
        }

        if (session.Channel == channel)
        {
            session.Numbers.Add(number);
        }
    }
}
