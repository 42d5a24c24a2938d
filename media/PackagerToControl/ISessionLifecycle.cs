namespace Broadcast.Media.PackagerToControl;

/// <summary>Decisions about sessions by operators and the reconnect window, from control to the packager.</summary>
public interface ISessionLifecycle
{
    /// <summary>
    /// Ends a session: closes its last segment and marks the timeline as ended. Ended and unknown sessions are ignored. A session that
    /// another server owns is released instead (<see cref="ReleaseAsync"/>).
    /// </summary>
    ValueTask EndAsync(ChannelName channel, SessionId session, string reason, CancellationToken cancellationToken);

    /// <summary>
    /// Releases a session that another server owns, and with it the channel: the session is the channel's current one. This server stops
    /// serving and writing the session, discards what it recovered, and leaves its objects in the store. It also stops serving the other
    /// sessions of the channel. Their media stays where <see cref="ISessionOwnership"/> names another owner; where it names this server,
    /// it is deleted as if the newer session were one of this server, unless it is recorded. May be called again for the same session.
    /// </summary>
    ValueTask ReleaseAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>
    /// Resumes an open session that this server owns. It is recovered even if the object store contains a newer session of the channel:
    /// that one lost the channel to it and is no longer served. Completes when the session is known or the object store has failed.
    /// </summary>
    ValueTask ResumeAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken) =>
        RecoverAsync(channel, cancellationToken);

    /// <summary>
    /// Takes over an open session from a server that is lost, from this server's copy. Completes when the session can continue.
    /// </summary>
    /// <param name="session">The session with its new epoch.</param>
    /// <param name="copy">This server's copy.</param>
    /// <param name="cancellationToken">Cancels the wait for earlier work.</param>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="InvalidDataException">The copy contradicts itself.</exception>
    ValueTask TakeOverAsync(BroadcastSession session, SessionCopy copy, CancellationToken cancellationToken) =>
        ResumeAsync(session.Channel, session.Id, cancellationToken);

    /// <summary>Returns whether the object store has a journal of a session, from which a server without a copy can continue it.</summary>
    /// <exception cref="IOException">The object store failed.</exception>
    ValueTask<bool> IsStoredAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken) => new(false);

    /// <summary>
    /// Takes over an open session from a server that is lost, from its journal in the object store. Completes when the session can
    /// continue, or end. What was not uploaded is missing.
    /// </summary>
    /// <param name="session">The session with its new epoch.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="IOException">The object store failed.</exception>
    ValueTask TakeOverStoredAsync(BroadcastSession session, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>
    /// Holds an open session so that it can be handed over to another server: nothing more is written or announced. Waits for the end of a
    /// publication.
    /// </summary>
    /// <returns><see langword="null"/> when the session has no media here.</returns>
    ValueTask<ISessionHold?> HoldAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken) =>
        new((ISessionHold?)null);

    /// <summary>
    /// Recovers a channel's sessions of earlier processes before those of other channels. Completes when the sessions are known or the
    /// object store has failed.
    /// </summary>
    ValueTask RecoverAsync(ChannelName channel, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>Completes when the earlier sessions of all channels are known, as far as the object store answers.</summary>
    Task WhenRecoveredAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Deletes all files and objects of an ended session in spool and object store.</summary>
    ValueTask ForgetAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken);

    /// <summary>Media of a session that this server continues; <see langword="null"/> when unknown. Must not block.</summary>
    SessionResumePoint? FindResumePoint(SessionId session) => null;

    /// <summary>Media totals of an ended session; <see langword="null"/> when unknown. Must not block.</summary>
    SessionMediaTotals? TotalsOf(SessionId session) => null;
}

/// <summary>A session that does not change. Disposing it lets the session continue, unless it was released.</summary>
public interface ISessionHold : IDisposable
{
    /// <summary>Releases the session to the server that has taken it over, as <see cref="ISessionLifecycle.ReleaseAsync"/> does.</summary>
    void Release();
}

/// <summary>Media of a session at the point from which a server continues it.</summary>
/// <param name="Tracks">The first video and the first audio track of the source, as far as they exist.</param>
/// <param name="End">End of the media.</param>
public sealed record SessionResumePoint(IReadOnlyList<Track> Tracks, MediaTime End);

/// <summary>Media totals of a session since this process owns it.</summary>
/// <param name="Segments">Highest sequence number.</param>
/// <param name="Renditions">Names of the renditions.</param>
/// <param name="Bytes">Bytes of media written for upload.</param>
/// <param name="Gaps">Number of gaps over all renditions.</param>
public sealed record SessionMediaTotals(long Segments, IReadOnlyList<string> Renditions, long Bytes, long Gaps);
