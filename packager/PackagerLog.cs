using Microsoft.Extensions.Logging;

namespace Broadcast.Packager;

internal static partial class PackagerLog
{
    [LoggerMessage(3001, LogLevel.Debug, "Session {Session} started on {Channel}")]
    public static partial void SessionStarted(ILogger logger, string channel, string session);

    [LoggerMessage(3002, LogLevel.Information, "Session {Session} on {Channel} resumed at segment {Segment}")]
    public static partial void SessionResumed(ILogger logger, string channel, string session, long segment);

    [LoggerMessage(3003, LogLevel.Debug, "Session {Session} on {Channel} ended after segment {Segment}: {Reason}")]
    public static partial void SessionEnded(ILogger logger, string channel, string session, long segment, string reason);

    [LoggerMessage(3004, LogLevel.Information, "Deleting media of session {Session} on {Channel}: superseded or deleted")]
    public static partial void SessionDeleted(ILogger logger, string channel, string session);

    [LoggerMessage(3005, LogLevel.Warning, "Discarding media of an encoder on {Channel}: session {Session} has ended")]
    public static partial void SessionAlreadyEnded(ILogger logger, string channel, string session);

    [LoggerMessage(3006, LogLevel.Information, "Session {Session} on {Channel} was superseded; retaining its media because it is recorded")]
    public static partial void SessionRetained(ILogger logger, string channel, string session);

    [LoggerMessage(3010, LogLevel.Error,
        "Media loss on {Channel}: cannot write to the data folder: {Reason} Free disk space or check permissions")]
    public static partial void DiskFailed(ILogger logger, string channel, string reason);

    [LoggerMessage(3011, LogLevel.Information, "Data folder is writable again on {Channel}; {Parts} parts were lost")]
    public static partial void DiskRecovered(ILogger logger, string channel, long parts);

    [LoggerMessage(3020, LogLevel.Information,
        "Recovered session {Session} of channel {Channel}: {Segments} segments, last {Segment}; ended: {Ended}")]
    public static partial void Recovered(ILogger logger, string channel, string session, int segments, long segment, bool ended);

    [LoggerMessage(3034, LogLevel.Information,
        "Took over session {Session} of channel {Channel} from another server: {Segments} segments copied, last {Segment}")]
    public static partial void SessionTakenOver(ILogger logger, string channel, string session, int segments, long segment);

    [LoggerMessage(3021, LogLevel.Warning,
        "No readable journal file of session {Session} of channel {Channel}: its media remains but is not served")]
    public static partial void JournalUnreadable(ILogger logger, string channel, string session);

    [LoggerMessage(3022, LogLevel.Warning,
        "Cannot list earlier sessions in the object store: {Reason} Starting from the data folder; retrying")]
    public static partial void StoreUnreachable(ILogger logger, string reason);

    [LoggerMessage(3023, LogLevel.Information, "Earlier sessions in the object store listed after a retry")]
    public static partial void StoreReachable(ILogger logger);

    [LoggerMessage(3024, LogLevel.Error, "Session {Session} of channel {Channel} could not be recovered: {Reason}")]
    public static partial void RecoveryFailed(ILogger logger, string channel, string session, string reason);

    [LoggerMessage(3025, LogLevel.Warning,
        "End of session {Session} on {Channel} was lost with another server; segments {First} to {Last} are gaps")]
    public static partial void TailLost(ILogger logger, string channel, string session, long first, long last);

    [LoggerMessage(3026, LogLevel.Warning,
        "Cannot list leftover media of session {Session} of channel {Channel}, retained until its deletion: {Reason}")]
    public static partial void CleanupFailed(ILogger logger, string channel, string session, string reason);

    [LoggerMessage(3027, LogLevel.Information, "Released session {Session} of channel {Channel}: another server has the channel on air")]
    public static partial void SessionReleased(ILogger logger, string channel, string session);

    [LoggerMessage(3028, LogLevel.Warning,
        "Session {Session} of channel {Channel}: {Count} segments are damaged or missing, as after a power failure; they are gaps now. To "
        + "lose less, set Spool:FlushToDisk")]
    public static partial void SegmentsDamaged(ILogger logger, string channel, string session, int count);

    [LoggerMessage(3029, LogLevel.Warning,
        "Another server wrote journal file {Number} of session {Session} of channel {Channel}; continuing in the next epoch, {Epoch}")]
    public static partial void JournalTaken(ILogger logger, string channel, string session, long number, long epoch);

    [LoggerMessage(3030, LogLevel.Error, "A timeline sink failed on session {Session}; the others continue")]
    public static partial void SinkFailed(ILogger logger, Exception error, string session);

    [LoggerMessage(3033, LogLevel.Error,
        "Session {Session}: an event contradicts the timeline and was dropped; its media are lost, and a new period starts")]
    public static partial void EventsDropped(ILogger logger, Exception error, string session);

    [LoggerMessage(3032, LogLevel.Information,
        "Session {Session} of channel {Channel}: {Count} segments, up to {Last}, were in the object store but not in the journal there")]
    public static partial void TailFound(ILogger logger, string channel, string session, int count, long last);

    [LoggerMessage(3035, LogLevel.Warning,
        "Recorded session {Session} of channel {Channel} began before the server started, and waits until the object store answers whether "
        + "it contains its earlier part: {Reason}. End the session to continue with a new one")]
    public static partial void RecordedSessionWaits(ILogger logger, string channel, string session, string reason);

    [LoggerMessage(3036, LogLevel.Warning,
        "{Name} in the object store is from a former owner of session {Session} of channel {Channel} that was cut off; it is replaced")]
    public static partial void ObjectReplaced(ILogger logger, string name, string session, string channel);

    [LoggerMessage(3031, LogLevel.Error, "Deferred work failed")]
    public static partial void DeferredFailed(ILogger logger, Exception error);
}
