namespace Broadcast.Media.PackagerToControl;

/// <summary>Decisions about sessions by operators and the reconnect window, from control to the packager.</summary>
public interface ISessionLifecycle
{
    /// <summary>Ends a session: closes its last segment and marks the timeline as ended. Ended and unknown sessions are ignored.</summary>
    ValueTask EndAsync(ChannelName channel, SessionId session, string reason, CancellationToken cancellationToken);

    /// <summary>
    /// Releases a session that another server owns. This server stops serving and writing it, discards what it recovered, and leaves its
    /// objects in the store. A session whose media arrives here is not released.
    /// </summary>
    ValueTask ReleaseAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>
    /// Recovers a channel's sessions of earlier processes before those of other channels. Completes when the sessions are known or the
    /// object store has failed.
    /// </summary>
    ValueTask RecoverAsync(ChannelName channel, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>Completes when the earlier sessions of all channels are known, as far as the object store answers.</summary>
    Task WhenRecoveredAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Deletes all files and objects of an ended session in spool and object store.</summary>
    ValueTask ForgetAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken);

    /// <summary>Media totals of an ended session; <see langword="null"/> when unknown. Must not block.</summary>
    SessionMediaTotals? TotalsOf(SessionId session) => null;
}

/// <summary>Media totals of a session since this process owns it.</summary>
/// <param name="Segments">Highest sequence number.</param>
/// <param name="Renditions">Names of the renditions.</param>
/// <param name="Bytes">Bytes of media written for upload.</param>
/// <param name="Gaps">Number of gaps over all renditions.</param>
public sealed record SessionMediaTotals(long Segments, IReadOnlyList<string> Renditions, long Bytes, long Gaps);
