namespace Broadcast.Media.ClusterToControl;

/// <summary>A server of the cluster.</summary>
/// <param name="Id">Id of the server, also the subject of its certificate.</param>
/// <param name="Name">Display name.</param>
/// <param name="Address">Address of its internal listener, such as <c>10.0.0.2:8090</c>; <see langword="null"/> when unknown.</param>
public sealed record ClusterServer(Guid Id, string Name, string? Address);

/// <summary>A channel on air at another server.</summary>
/// <param name="Session">Its open session.</param>
/// <param name="Epoch">Epoch of the session.</param>
/// <param name="Owner">The server that owns the session.</param>
public sealed record RemoteChannel(SessionId Session, long Epoch, ClusterServer Owner);

/// <summary>Keys with which servers of a cluster authenticate to each other, in PEM.</summary>
/// <param name="Certificate">Certificate of the cluster's authority.</param>
/// <param name="PrivateKey">Private key of the authority. A secret.</param>
public sealed record ClusterAuthority(string Certificate, string PrivateKey)
{
    /// <summary>Returns a text without the private key.</summary>
    public override string ToString() => nameof(ClusterAuthority);
}

/// <summary>Servers and sessions of the cluster, as the database has them. Implemented by control.</summary>
public interface IServerDirectory
{
    /// <summary>Id of this server. It can change while the server runs, when another process uses the same data folder.</summary>
    Guid Self { get; }

    /// <summary>
    /// Indicates whether this server has held its lease and could not renew it in time, so that other servers may have taken its sessions
    /// over. Answers from memory.
    /// </summary>
    bool HasLeaseExpired { get; }

    /// <summary>Time since this server last renewed its lease. Answers from memory.</summary>
    TimeSpan LeaseAge { get; }

    /// <summary>
    /// Finds a channel that is on air at another server. Answers from memory, with the last known state while the database is unavailable.
    /// </summary>
    RemoteChannel? FindRemote(ChannelName channel);

    /// <summary>
    /// Finds the open session of a channel whose owner is gone, and that no server has taken over yet. Answers from memory.
    /// </summary>
    SessionId? FindLost(ChannelName channel);

    /// <summary>
    /// Asks the database, on a new connection and for half a second at most, whether another server has taken over or ended the session
    /// that this server has of a channel. For a server that was cut off.
    /// </summary>
    /// <returns>
    /// <see langword="false"/> also if this server has no session of the channel, and if the database does not answer.
    /// </returns>
    ValueTask<bool> IsTakenOverAsync(ChannelName channel, CancellationToken cancellationToken);

    /// <summary>
    /// Finds the newest session of a channel that is not on air, if another server that is live has owned it: that server may still serve
    /// it. Results are kept for some seconds; while the database is busy or unavailable, there is none.
    /// </summary>
    ValueTask<RemoteChannel?> FindLastAsync(ChannelName channel, CancellationToken cancellationToken);

    /// <summary>
    /// Channels on air at another server whose session this server must copy, because no other server would have a copy when the owner is
    /// lost.
    /// </summary>
    IReadOnlyList<ChannelName> Spared { get; }

    /// <summary>
    /// Finds the live servers with role <c>media</c> that may begin a session, the least loaded first. While the database is unavailable,
    /// those that were found last.
    /// </summary>
    ValueTask<IReadOnlyList<ClusterServer>> FindMediaServersAsync(CancellationToken cancellationToken);

    /// <summary>Reads the keys of the cluster, which the first server creates.</summary>
    /// <param name="create">Creates new keys.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="IOException">The database is unavailable.</exception>
    Task<ClusterAuthority> GetAuthorityAsync(Func<ClusterAuthority> create, CancellationToken cancellationToken);
}
