using Broadcast.Media.ClusterToControl;

namespace Broadcast.Media.ControlToCluster;

/// <summary>Hands sessions of this server over to other servers. Implemented by the cluster.</summary>
public interface ISessionHandover
{
    /// <summary>
    /// Servers that have a copy of a session, in order of preference: those with an encoder of the session first.
    /// </summary>
    IReadOnlyList<Guid> FindFollowers(SessionId session);

    /// <summary>Asks a server to copy a session, and waits until it has the media of the live window.</summary>
    /// <returns>Whether the server is ready to take the session over.</returns>
    Task<bool> PrepareAsync(ClusterServer server, ChannelName channel, SessionId session, CancellationToken cancellationToken);

    /// <summary>
    /// Offers a session to a server, which takes it over in the database. The session must not change meanwhile.
    /// </summary>
    /// <param name="server">The server.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="session">The session.</param>
    /// <param name="epoch">Epoch of the session in the database.</param>
    /// <param name="cancellationToken">Cancels the call. The server may have taken the session nevertheless.</param>
    /// <returns>Whether the server has taken the session.</returns>
    /// <exception cref="IOException">The outcome is not known: the database must be asked.</exception>
    Task<bool> OfferAsync(ClusterServer server, ChannelName channel, SessionId session, long epoch, CancellationToken cancellationToken);

    /// <summary>Serves a session as a mirror, because another server has taken it over. Held requests continue.</summary>
    void Follow(ChannelName channel, RemoteChannel remote);
}
