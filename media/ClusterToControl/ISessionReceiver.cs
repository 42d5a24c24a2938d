namespace Broadcast.Media.ClusterToControl;

/// <summary>Takes over sessions that other servers hand over. Implemented by control.</summary>
public interface ISessionReceiver
{
    /// <summary>Indicates whether this server takes sessions: not while it starts, stops or is drained.</summary>
    bool TakesSessions { get; }

    /// <summary>
    /// Takes a session over from its owner, which has stopped to change it: in the database with the next epoch, then in the packager.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="epoch">Its epoch at the owner. Nothing happens if the session has another one, has another owner, or is to end.</param>
    /// <param name="owner">The owner.</param>
    /// <param name="copy">This server's copy.</param>
    /// <param name="cancellationToken">Cancels the operation before the database has been changed.</param>
    /// <returns>Whether this server owns the session now.</returns>
    /// <exception cref="IOException">The database is unavailable.</exception>
    Task<bool> TakeAsync(SessionId session, long epoch, Guid owner, SessionCopy copy, CancellationToken cancellationToken);
}
