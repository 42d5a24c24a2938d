using Broadcast.Media;

namespace Broadcast.Packager.Recovery;

/// <summary>Sessions in the object store that other servers have owned, and that this server may take over.</summary>
internal interface IStoredSessions
{
    /// <summary>Returns whether there is a journal of a session.</summary>
    /// <exception cref="IOException">The object store failed.</exception>
    Task<bool> ContainsAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken);

    /// <summary>Recovers a session from its journal, if there is one, and passes it to the stage.</summary>
    /// <exception cref="IOException">The object store failed.</exception>
    Task RecoverAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken);
}
