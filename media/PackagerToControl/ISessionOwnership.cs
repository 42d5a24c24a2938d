namespace Broadcast.Media.PackagerToControl;

/// <summary>Ownership of a session by the servers that share a database and an object store, as seen by this server.</summary>
public enum SessionOwnership
{
    /// <summary>
    /// Not known: the database is unavailable, has no row of the session, or names an owner that may still be live. The session's objects
    /// must not be changed.
    /// </summary>
    Undecided,

    /// <summary>Owned by another server that is live. The session's objects must not be changed.</summary>
    Elsewhere,

    /// <summary>Open and owned by this server.</summary>
    Open,

    /// <summary>Ended, and no other server serves or writes it: this server may complete its journal and delete its objects.</summary>
    Closed,
}

/// <summary>
/// Confirmation of ownership, which the packager requests from control before it changes or deletes what it found of a session in the
/// object store or the data folder.
/// </summary>
public interface ISessionOwnership
{
    /// <summary>Finds the ownership of a session in the database. Never throws for an unavailable database.</summary>
    ValueTask<SessionOwnership> FindAsync(SessionId session, CancellationToken cancellationToken);

    /// <summary>
    /// Indicates whether this server was suspended for so long that another one may have taken its sessions over, and has not read from the
    /// database since which of them it still owns. Nothing may be written then.
    /// </summary>
    bool IsUncertain => false;

    /// <summary>Completes when the ownership is certain again; while the database does not respond, after the time of a lease.</summary>
    Task WhenCertainAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
