using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Microsoft.Extensions.Logging;

namespace Broadcast.Origin;

internal static partial class OriginLog
{
    [LoggerMessage(4001, LogLevel.Debug, "Session {Session} of channel {Channel} registered")]
    public static partial void SessionRegistered(ILogger logger, ChannelName channel, SessionId session);

    [LoggerMessage(4002, LogLevel.Information, "Session {Session} of channel {Channel} is playable")]
    public static partial void SessionPlayable(ILogger logger, ChannelName channel, SessionId session);

    [LoggerMessage(4003, LogLevel.Debug, "Session {Session} of channel {Channel} ended: {Reason}")]
    public static partial void SessionEnded(ILogger logger, ChannelName channel, SessionId session, string reason);

    [LoggerMessage(4004, LogLevel.Information, "Session {Session} of channel {Channel} removed")]
    public static partial void SessionRemoved(ILogger logger, ChannelName channel, SessionId session);

    [LoggerMessage(4005, LogLevel.Debug,
        "Dropped events of session {Session} of channel {Channel}: they came before its start or after its end")]
    public static partial void SessionUnknown(ILogger logger, ChannelName channel, SessionId session);

    [LoggerMessage(4006, LogLevel.Error, "Dropped an invalid timeline event of session {Session} of channel {Channel}: {Error}")]
    public static partial void EventRejected(ILogger logger, ChannelName channel, SessionId session, string error);

    [LoggerMessage(4007, LogLevel.Warning,
        "Session {Session} of channel {Channel} has no intact journal file; its recordings cannot be played")]
    public static partial void RecordingUnreadable(ILogger logger, ChannelName channel, SessionId session);

    [LoggerMessage(4101, LogLevel.Error, "Cannot read {Object}; asked the player to retry")]
    public static partial void ReadFailed(ILogger logger, Exception exception, ObjectName @object);

    [LoggerMessage(4102, LogLevel.Warning, "{Object} was announced with {Announced} bytes, but only {Found} exist from byte {Offset}")]
    public static partial void ObjectTooShort(ILogger logger, ObjectName @object, long announced, long found, long offset);

    [LoggerMessage(4103, LogLevel.Error, "Request {Request} failed")]
    public static partial void RequestFailed(ILogger logger, Exception exception, string request);

    [LoggerMessage(4104, LogLevel.Debug,
        "{Object} was sent while it was written, but no data came after {Sent} bytes; closed the connection")]
    public static partial void ResponseAborted(ILogger logger, ObjectName @object, long sent);

    [LoggerMessage(4201, LogLevel.Warning,
        "Cannot write manifests of session {Session} of channel {Channel} to the bucket, retrying: {Problem}")]
    public static partial void BucketManifestsFailed(ILogger logger, ChannelName channel, SessionId session, string problem);

    [LoggerMessage(4202, LogLevel.Information, "Writing the manifests of session {Session} of channel {Channel} to the bucket works again")]
    public static partial void BucketManifestsRecovered(ILogger logger, ChannelName channel, SessionId session);

    [LoggerMessage(4203, LogLevel.Warning,
        "The bucket has manifests of session {Session} of channel {Channel} newer than epoch {Epoch}; another server took over")]
    public static partial void BucketManifestsOutranked(ILogger logger, ChannelName channel, SessionId session, long epoch);

    [LoggerMessage(4204, LogLevel.Warning,
        "No bucket manifests for session {Session} of channel {Channel}: {Access} access needs a CDN rule (docs/bucket-delivery.md)")]
    public static partial void BucketManifestsNotPublic(ILogger logger, SessionId session, ChannelName channel, ViewerAccess access);

    [LoggerMessage(4205, LogLevel.Error, "A check of the bucket manifests failed; it is retried")]
    public static partial void BucketManifestCheckFailed(ILogger logger, Exception exception);

    [LoggerMessage(4301, LogLevel.Warning,
        "A download of session {Session} of channel {Channel} has gaps: {Lost} of {All} segments are missing or damaged")]
    public static partial void DownloadHasGaps(ILogger logger, ChannelName channel, SessionId session, int lost, int all);

    [LoggerMessage(4302, LogLevel.Warning, "Cannot create a single file of session {Session} of channel {Channel}: {Error}")]
    public static partial void DownloadRejected(ILogger logger, ChannelName channel, SessionId session, string error);

    [LoggerMessage(4303, LogLevel.Error, "{Object} was deleted or truncated; a download was aborted at byte {Position}")]
    public static partial void DownloadAborted(ILogger logger, ObjectName @object, long position);

    [LoggerMessage(4309, LogLevel.Warning, "Cannot write manifests of recordings to the bucket, retrying: {Problem}")]
    public static partial void VodManifestsFailed(ILogger logger, string problem);

    [LoggerMessage(4310, LogLevel.Information, "Writing manifests of recordings to the bucket works again")]
    public static partial void VodManifestsRecovered(ILogger logger);

    [LoggerMessage(4311, LogLevel.Warning,
        "The bucket has newer manifests of recording {Recording} of channel {Channel} (other server or clock set back); retrying")]
    public static partial void VodManifestsOutranked(ILogger logger, RecordingId recording, ChannelName channel);

    [LoggerMessage(4312, LogLevel.Debug, "Channel {Channel} has about {Viewers} viewers: one page in {OneIn} sends beacons from now on")]
    public static partial void BeaconShareChanged(ILogger logger, ChannelName channel, long viewers, long oneIn);
}
