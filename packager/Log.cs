using Microsoft.Extensions.Logging;

namespace Broadcast.Packager;

internal static partial class Log
{
    [LoggerMessage(3001, LogLevel.Debug, "Channel {Channel}: session {Session} begins")]
    public static partial void SessionBegins(ILogger logger, string channel, string session);

    [LoggerMessage(3002, LogLevel.Information, "Channel {Channel}: session {Session} goes on with segment {Segment}")]
    public static partial void SessionContinues(ILogger logger, string channel, string session, long segment);

    [LoggerMessage(3003, LogLevel.Debug, "Channel {Channel}: session {Session} is over after segment {Segment}: {Reason}")]
    public static partial void SessionEnded(ILogger logger, string channel, string session, long segment, string reason);

    [LoggerMessage(3004, LogLevel.Information, "Channel {Channel}: session {Session} is superseded or deleted; its media goes")]
    public static partial void SessionForgotten(ILogger logger, string channel, string session);

    [LoggerMessage(3005, LogLevel.Warning, "Channel {Channel}: an encoder publishes into session {Session}, which is over; its media is left out")]
    public static partial void SessionIsOver(ILogger logger, string channel, string session);

    [LoggerMessage(3006, LogLevel.Information, "Channel {Channel}: session {Session} is superseded; it is recorded, so that its media stays")]
    public static partial void SessionKept(ILogger logger, string channel, string session);

    [LoggerMessage(3010, LogLevel.Error,
        "Channel {Channel}: the data folder cannot be written, so that media is lost until it can: {Reason} Free space on its disk or check its permissions; the session then goes on by itself")]
    public static partial void DiskRefuses(ILogger logger, string channel, string reason);

    [LoggerMessage(3011, LogLevel.Information, "Channel {Channel}: the data folder can be written again; {Parts} parts were lost")]
    public static partial void DiskAccepts(ILogger logger, string channel, long parts);

    [LoggerMessage(3020, LogLevel.Information, "Recovered session {Session} of channel {Channel}: {Segments} segments, the last is {Segment}; over: {Ended}")]
    public static partial void Recovered(ILogger logger, string channel, string session, int segments, long segment, bool ended);

    [LoggerMessage(3021, LogLevel.Warning, "The journal of session {Session} of channel {Channel} cannot be read: no file of it is whole. The session's media stays where it is, but is not offered")]
    public static partial void JournalUnreadable(ILogger logger, string channel, string session);

    [LoggerMessage(3022, LogLevel.Warning, "The object store could not be asked for earlier sessions: {Reason} The start goes on with what the data folder has; the store is asked again in the background")]
    public static partial void StoreUnreachable(ILogger logger, string reason);

    [LoggerMessage(3023, LogLevel.Information, "The object store answers again and has been asked for earlier sessions")]
    public static partial void StoreReachable(ILogger logger);

    [LoggerMessage(3024, LogLevel.Error, "Session {Session} of channel {Channel} could not be recovered: {Reason}")]
    public static partial void RecoveryFailed(ILogger logger, string channel, string session, string reason);

    [LoggerMessage(3025, LogLevel.Warning, "Channel {Channel}: the newest minutes of session {Session} were lost with another machine; segments {First} to {Last} are gaps")]
    public static partial void TailLost(ILogger logger, string channel, string session, long first, long last);

    [LoggerMessage(3026, LogLevel.Warning, "Left-over media of session {Session} of channel {Channel} could not be listed, and stays until the session goes: {Reason}")]
    public static partial void CleanupFailed(ILogger logger, string channel, string session, string reason);

    [LoggerMessage(3027, LogLevel.Information, "Session {Session} of channel {Channel} is on air at another server: what the store told of it is let go")]
    public static partial void SessionLetGo(ILogger logger, string channel, string session);

    [LoggerMessage(3030, LogLevel.Error, "A receiver of the timeline failed on session {Session}; the others go on")]
    public static partial void SinkFailed(ILogger logger, Exception error, string session);

    [LoggerMessage(3031, LogLevel.Error, "Deferred work failed")]
    public static partial void DeferredFailed(ILogger logger, Exception error);
}
