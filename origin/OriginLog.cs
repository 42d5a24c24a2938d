using Broadcast.Media;
using Microsoft.Extensions.Logging;

namespace Broadcast.Origin;

internal static partial class OriginLog
{
    [LoggerMessage(4001, LogLevel.Debug, "Session {Session} of channel {Channel} is known")]
    public static partial void SessionKnown(ILogger logger, ChannelName channel, SessionId session);

    [LoggerMessage(4002, LogLevel.Information, "Session {Session} of channel {Channel} can be watched")]
    public static partial void SessionPlayable(ILogger logger, ChannelName channel, SessionId session);

    [LoggerMessage(4003, LogLevel.Debug, "Session {Session} of channel {Channel} is over: {Reason}")]
    public static partial void SessionEnded(ILogger logger, ChannelName channel, SessionId session, string reason);

    [LoggerMessage(4004, LogLevel.Information, "Session {Session} of channel {Channel} is forgotten")]
    public static partial void SessionForgotten(ILogger logger, ChannelName channel, SessionId session);

    [LoggerMessage(4005, LogLevel.Debug, "Events for session {Session} of channel {Channel} came before its start or after its end, and were dropped")]
    public static partial void SessionUnknown(ILogger logger, ChannelName channel, SessionId session);

    [LoggerMessage(4006, LogLevel.Error, "A timeline event of session {Session} of channel {Channel} makes no sense and was dropped: {Mistake}")]
    public static partial void EventRefused(ILogger logger, ChannelName channel, SessionId session, string mistake);

    [LoggerMessage(4007, LogLevel.Warning, "The journal of session {Session} of channel {Channel} cannot be read: no file of it is whole. Its recordings cannot be replayed")]
    public static partial void RecordingUnreadable(ILogger logger, ChannelName channel, SessionId session);

    [LoggerMessage(4101, LogLevel.Error, "{Object} could not be read; the player was asked to try again")]
    public static partial void ReadFailed(ILogger logger, Exception exception, ObjectName @object);

    [LoggerMessage(4102, LogLevel.Warning, "{Object} was announced with {Announced} bytes, but {Found} were found from byte {Offset} on")]
    public static partial void ReadShort(ILogger logger, ObjectName @object, long announced, long found, long offset);

    [LoggerMessage(4103, LogLevel.Error, "Request {Request} failed")]
    public static partial void RequestFailed(ILogger logger, Exception exception, string request);

    [LoggerMessage(4104, LogLevel.Debug, "{Object} was sent while it was made, but after {Sent} bytes no more came; the answer was cut off")]
    public static partial void CutShort(ILogger logger, ObjectName @object, long sent);

    [LoggerMessage(4201, LogLevel.Warning, "The lists of session {Session} of channel {Channel} cannot be put into the bucket: {Problem} Viewers of the bucket wait; it is tried again")]
    public static partial void BucketListsFail(ILogger logger, ChannelName channel, SessionId session, string problem);

    [LoggerMessage(4202, LogLevel.Information, "The lists of session {Session} of channel {Channel} can be put into the bucket again")]
    public static partial void BucketListsBack(ILogger logger, ChannelName channel, SessionId session);

    [LoggerMessage(4203, LogLevel.Warning, "The bucket has newer lists of session {Session} of channel {Channel} than this process, which is at epoch {Epoch}: another server has taken the session over. This one leaves them alone")]
    public static partial void BucketListsOutranked(ILogger logger, ChannelName channel, SessionId session, long epoch);

    [LoggerMessage(4204, LogLevel.Warning, "Session {Session} of channel {Channel} is not in the bucket's lists: its access is {Access}, and a bucket cannot ask who may watch. Its media lie there all the same: let a CDN hand out channels by name (docs/bucket.md)")]
    public static partial void BucketListsRefused(ILogger logger, SessionId session, ChannelName channel, ViewerAccess access);

    [LoggerMessage(4205, LogLevel.Error, "A look at what the bucket lists failed, and is repeated")]
    public static partial void BucketListsBroken(ILogger logger, Exception mistake);

    [LoggerMessage(4301, LogLevel.Warning, "A download of session {Session} of channel {Channel} has holes: {Lost} of {All} segments are not there or broken")]
    public static partial void DownloadHasHoles(ILogger logger, ChannelName channel, SessionId session, int lost, int all);

    [LoggerMessage(4302, LogLevel.Warning, "Session {Session} of channel {Channel} cannot be one file: {Mistake}")]
    public static partial void DownloadRefused(ILogger logger, ChannelName channel, SessionId session, string mistake);

    [LoggerMessage(4303, LogLevel.Error, "{Object} is not there any more, or shorter than it was; a download was cut off at byte {Position}")]
    public static partial void DownloadCut(ILogger logger, ObjectName @object, long position);

    [LoggerMessage(4309, LogLevel.Warning, "Lists of recordings cannot be put into the bucket: {Problem} Viewers of the bucket have older ones, or none; it is tried again")]
    public static partial void ReplayListsFail(ILogger logger, string problem);

    [LoggerMessage(4310, LogLevel.Information, "Lists of recordings can be put into the bucket again")]
    public static partial void ReplayListsBack(ILogger logger);

    [LoggerMessage(4311, LogLevel.Warning, "The bucket has newer lists of recording {Recording} of channel {Channel} than this process would put there: another server writes them, or a clock was set back. It is tried again")]
    public static partial void ReplayListsOutranked(ILogger logger, RecordingId recording, ChannelName channel);

    [LoggerMessage(4312, LogLevel.Debug, "Channel {Channel} has about {Viewers} viewers: one page in {OneIn} tells of itself from now on")]
    public static partial void ShareChanged(ILogger logger, ChannelName channel, long viewers, long oneIn);
}
