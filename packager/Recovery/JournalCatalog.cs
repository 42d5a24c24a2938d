using Broadcast.Media;

namespace Broadcast.Packager;

/// <summary>A session of which journal files exist.</summary>
/// <param name="Channel">Its channel.</param>
/// <param name="Id">Its identity.</param>
/// <param name="Numbers">Numbers of its journal files, rising.</param>
internal sealed record JournaledSession(ChannelName Channel, SessionId Id, SortedSet<long> Numbers);

/// <summary>Which sessions' journals are in the spool and in the store, by channel, the newest session first.</summary>
internal sealed class JournalCatalog
{
    /// <summary>The folder of all journals.</summary>
    public const string Folder = "journal/";

    private readonly Dictionary<SessionId, JournaledSession> _sessions = [];

    /// <summary>The channels' sessions, each list beginning with the newest.</summary>
    public IEnumerable<IReadOnlyList<JournaledSession>> Channels =>
        _sessions.Values.GroupBy(session => session.Channel).Select(channel => channel.OrderByDescending(session => session.Id).ToList());

    /// <summary>Notes an object; one that is no journal file is passed over.</summary>
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
