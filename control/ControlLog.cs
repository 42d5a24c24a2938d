using Broadcast.Control.Events;
using Broadcast.Media.IngestToControl;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control;

internal static partial class ControlLog
{
    [LoggerMessage(5020, LogLevel.Information, "Session {Session} on {Channel} started for {Remote}, key {KeyId}")]
    public static partial void SessionStarted(ILogger logger, string channel, string session, string remote, string keyId);

    [LoggerMessage(5021, LogLevel.Information, "Session {Session} on {Channel} continued by {Remote}, key {KeyId}, epoch {Epoch}")]
    public static partial void SessionContinued(ILogger logger, string channel, string session, string remote, string keyId, long epoch);

    [LoggerMessage(5022, LogLevel.Information,
        "Session {Session} on {Channel} ended after {Duration}: {Reason} ({Connections} connections, {Bytes} bytes in, {VideoFrames} "
        + "video frames, {AudioFrames} audio frames, {Dropped} dropped; {Segments} segments of {Renditions}, {MediaBytes} bytes written, "
            + "{Gaps} gaps; peak {Viewers} viewers)")]
    public static partial void SessionEnded(ILogger logger, string channel, string session, TimeSpan duration, string reason,
        int connections, long bytes, long videoFrames, long audioFrames, long dropped,
        long segments, string renditions, long mediaBytes, long gaps, long viewers);

    [LoggerMessage(5023, LogLevel.Information,
        "Publisher of {Channel} disconnected ({Reason}); session {Session} waits {Window} s for it to reconnect")]
    public static partial void PublisherDisconnected(ILogger logger, string channel, string session, string reason, double window);

    [LoggerMessage(5024, LogLevel.Debug, "Publish from {Remote} rejected: {Reason}")]
    public static partial void PublishRejected(ILogger logger, string remote, PublishRejectionReason reason);

    [LoggerMessage(5025, LogLevel.Warning, "Key {KeyId} accepted from the cache because the database is unavailable")]
    public static partial void AcceptedFromCache(ILogger logger, string keyId);

    [LoggerMessage(5026, LogLevel.Information, "Permission to publish on {Channel} revoked: {Reason}")]
    public static partial void PermissionRevoked(ILogger logger, string channel, string reason);

    [LoggerMessage(5027, LogLevel.Error, "Ending session {Session} on {Channel} failed")]
    public static partial void EndFailed(ILogger logger, Exception exception, string channel, string session);

    [LoggerMessage(5028, LogLevel.Error, "The database rejected the record of session {Session}")]
    public static partial void SessionNotRecorded(ILogger logger, Exception exception, string session);

    [LoggerMessage(5029, LogLevel.Warning, "Records of {Count} sessions are waiting for the database: {Reason}")]
    public static partial void SessionsPending(ILogger logger, int count, string reason);

    [LoggerMessage(5030, LogLevel.Information, "Session {Session} on {Channel} resumed after a restart, epoch {Epoch}")]
    public static partial void SessionResumed(ILogger logger, string channel, string session, long epoch);

    [LoggerMessage(5031, LogLevel.Error, "The database rejected the last-used times of stream keys")]
    public static partial void KeyUseNotRecorded(ILogger logger, Exception exception);

    [LoggerMessage(5032, LogLevel.Warning,
        "The shutdown timeout expired before session records were written; the next start reconciles them")]
    public static partial void SessionsNotWritten(ILogger logger);

    [LoggerMessage(5034, LogLevel.Warning,
        "Session {Session} on {Channel} was left open, but the database has no encoder that can continue it; ending it")]
    public static partial void OrphanSessionEnded(ILogger logger, string channel, string session);

    [LoggerMessage(5181, LogLevel.Error, "Sessions that earlier processes left open could not be ended; the next start tries again")]
    public static partial void OrphansNotEnded(ILogger logger, Exception exception);

    [LoggerMessage(5035, LogLevel.Information, "Session {Session} on {Channel} had already ended when the server started")]
    public static partial void SessionAlreadyEnded(ILogger logger, string channel, string session);

    [LoggerMessage(5036, LogLevel.Warning,
        "Takeover on {Channel}: encoder with key {KeyId}, silent for {Silence:0.0} s, replaced by key {Newcomer}")]
    public static partial void TakenOver(ILogger logger, string channel, string keyId, double silence, string newcomer);

    [LoggerMessage(5037, LogLevel.Warning, "Takeover limit reached on {Channel} ({Count} in one minute); keeping the current encoder")]
    public static partial void TakeoverLimitReached(ILogger logger, string channel, int count);

    [LoggerMessage(5038, LogLevel.Information, "The {Role} input of {Channel} disconnected ({Reason}); the other input continues")]
    public static partial void InputDisconnected(ILogger logger, InputRole role, string channel, string reason);

    [LoggerMessage(5040, LogLevel.Information, "Deleted channel {Channel} purged with {Sessions} sessions")]
    public static partial void ChannelPurged(ILogger logger, string channel, int sessions);

    [LoggerMessage(5041, LogLevel.Warning, "Deleted channel {Channel} could not be purged; it is tried again")]
    public static partial void PurgeFailed(ILogger logger, Exception exception, string channel);

    [LoggerMessage(5155, LogLevel.Error, "Purging deleted channels failed; retrying")]
    public static partial void ChannelPurgeFailed(ILogger logger, Exception exception);

    [LoggerMessage(5070, LogLevel.Information, "{Count} recordings expired; their media are deleted after Control:ExpiredRecordingGrace")]
    public static partial void RecordingsExpired(ILogger logger, int count);

    [LoggerMessage(5154, LogLevel.Warning,
        "The clock of the database ({Database:u}) has jumped forward, or differs from that of this server ({Server:u}); retention deletes "
        + "nothing until they agree, or for an hour. Check both clocks")]
    public static partial void DeletionsPaused(ILogger logger, DateTimeOffset database, DateTimeOffset server);

    [LoggerMessage(5078, LogLevel.Information, "{Count} expired recordings return, because their retention was extended")]
    public static partial void RecordingsRestored(ILogger logger, int count);

    [LoggerMessage(5071, LogLevel.Information, "Media of session {Session} on {Channel} deleted; no recording or clip uses them")]
    public static partial void RecordingPurged(ILogger logger, string channel, string session);

    [LoggerMessage(5072, LogLevel.Warning,
        "Media of session {Session} on {Channel}, which no recording uses, could not be deleted; retrying")]
    public static partial void RecordingNotPurged(ILogger logger, Exception exception, string channel, string session);

    [LoggerMessage(5073, LogLevel.Information, "Session {Session} on {Channel} ended without a segment; no recording was created")]
    public static partial void RecordingEmpty(ILogger logger, string channel, string session);

    [LoggerMessage(5074, LogLevel.Warning, "Media of the recording of session {Session} on {Channel} cannot be checked: {Reason}")]
    public static partial void RecordingNotVerified(ILogger logger, string channel, string session, string reason);

    [LoggerMessage(5075, LogLevel.Error, "Recording retention failed; retrying")]
    public static partial void RecordingRetentionFailed(ILogger logger, Exception exception);

    [LoggerMessage(5080, LogLevel.Error, "Removing expired rows of the audit log failed; retrying")]
    public static partial void AuditRetentionFailed(ILogger logger, Exception exception);

    [LoggerMessage(5100, LogLevel.Information, "Event '{Title}' on {Channel} ({Id}) changed to {State}: {Reason}")]
    public static partial void EventStateChanged(ILogger logger, string title, string channel, string id, EventState state, string reason);

    [LoggerMessage(5101, LogLevel.Warning, "Event '{Title}' on {Channel} ({Id}) is late: no encoder is publishing")]
    public static partial void EventLate(ILogger logger, string title, string channel, string id);

    [LoggerMessage(5102, LogLevel.Error, "Processing events failed; retrying")]
    public static partial void EventProcessingFailed(ILogger logger, Exception exception);

    [LoggerMessage(5103, LogLevel.Error, "Creating occurrences of series '{Title}' ({Id}) failed; retrying")]
    public static partial void OccurrencesNotCreated(ILogger logger, Exception exception, string title, string id);

    [LoggerMessage(5104, LogLevel.Warning, "The visibility of a session is in effect but not stored yet: {Reason}")]
    public static partial void VisibilityWritePending(ILogger logger, string reason);
    [LoggerMessage(5081, LogLevel.Information, "Login from {Remote} rejected")]
    public static partial void LoginRejected(ILogger logger, string remote);

    [LoggerMessage(5050, LogLevel.Error, "API request failed")]
    public static partial void RequestFailed(ILogger logger, Exception exception);

    [LoggerMessage(5060, LogLevel.Warning, "The publish auth callback ({Occasion}) returned no usable response: {Why}")]
    public static partial void PublishCallbackFailed(ILogger logger, string occasion, string why);

    [LoggerMessage(5061, LogLevel.Warning, "Key {KeyId} accepted without the auth callback, which does not respond")]
    public static partial void AcceptedWithoutCallback(ILogger logger, string keyId);

    [LoggerMessage(5062, LogLevel.Warning, "The auth callback accepted a publisher under an invalid channel name")]
    public static partial void CallbackChannelInvalid(ILogger logger);

    [LoggerMessage(5063, LogLevel.Warning, "The auth callback accepted a publisher on channel {Channel}, which does not exist")]
    public static partial void CallbackChannelMissing(ILogger logger, string channel);

    [LoggerMessage(5065, LogLevel.Warning, "The viewer auth callback returned no usable response: {Why}")]
    public static partial void ViewerCallbackFailed(ILogger logger, string why);

    [LoggerMessage(5068, LogLevel.Warning, "The chat review webhook failed: {Why}. Messages without its decision: {Action}")]
    public static partial void ReviewFailed(ILogger logger, string why, string action);

    [LoggerMessage(5069, LogLevel.Information, "The chat review webhook responds again")]
    public static partial void ReviewRestored(ILogger logger);

    [LoggerMessage(5064, LogLevel.Warning, "{Count} publication ends are waiting for the auth callback; dropping another one")]
    public static partial void CallbackNotificationDropped(ILogger logger, int count);

    [LoggerMessage(5090, LogLevel.Warning, "Webhook {Webhook} was disabled: {Reason}")]
    public static partial void WebhookDisabled(ILogger logger, string webhook, string reason);

    [LoggerMessage(5091, LogLevel.Warning, "Delivery of event {Event} to webhook {Webhook} abandoned after {Attempts} attempts: {Fault}")]
    public static partial void DeliveryAbandoned(ILogger logger, string @event, string webhook, int attempts, string fault);

    [LoggerMessage(5092, LogLevel.Debug, "Delivery of event {Event} to webhook {Webhook} failed at attempt {Attempts}: {Fault}")]
    public static partial void DeliveryFailed(ILogger logger, string @event, string webhook, int attempts, string fault);

    [LoggerMessage(5093, LogLevel.Warning, "Delivery to webhook {Webhook} was interrupted and will be repeated: {Reason}")]
    public static partial void DeliveryInterrupted(ILogger logger, string webhook, string reason);

    [LoggerMessage(5094, LogLevel.Error, "Reading pending webhook deliveries failed; retrying")]
    public static partial void WebhookDispatchFailed(ILogger logger, Exception exception);


    [LoggerMessage(5110, LogLevel.Warning,
        "The response to a request with an Idempotency-Key could not be stored ({Reason}); a repeated request gets no stored response")]
    public static partial void ResponseNotStored(ILogger logger, string reason);

    [LoggerMessage(5095, LogLevel.Warning, "Database unavailable, {Count} webhook events waiting; dropping the oldest, {Type}")]
    public static partial void WebhookEventDropped(ILogger logger, string type, int count);

    [LoggerMessage(5096, LogLevel.Error, "The database rejected webhook event {Type}")]
    public static partial void WebhookEventRejected(ILogger logger, Exception exception, string type);

    [LoggerMessage(5097, LogLevel.Error, "Checking channels for webhook events failed; retrying")]
    public static partial void ChannelMonitorFailed(ILogger logger, Exception exception);

    [LoggerMessage(5130, LogLevel.Error, "Reading events for the event stream failed; retrying")]
    public static partial void StreamFailed(ILogger logger, Exception exception);

    [LoggerMessage(5131, LogLevel.Error, "Checking channels for the event stream failed; retrying")]
    public static partial void ReportFailed(ILogger logger, Exception exception);

    [LoggerMessage(5140, LogLevel.Warning,
        "{File} is unusable ({Reason}): this server uses a new ID; sessions of the old ID wait until its lease expires")]
    public static partial void ServerIdUnreadable(ILogger logger, string file, string reason);

    [LoggerMessage(5141, LogLevel.Warning,
        "{File} cannot be written ({Reason}): the next start uses another ID. Make the data folder writable")]
    public static partial void ServerIdNotStored(ILogger logger, string file, string reason);

    [LoggerMessage(5148, LogLevel.Information,
        "The lease of server ID {Number} was taken under another name or folder; waiting {Seconds} s to see whether that server is alive")]
    public static partial void ServerIdContested(ILogger logger, Guid number, double seconds);

    [LoggerMessage(5142, LogLevel.Warning,
        "This data folder is a copy of one in use by server {Copied}; this server uses ID {Number} from now on")]
    public static partial void ServerIdCopied(ILogger logger, Guid copied, Guid number);

    [LoggerMessage(5143, LogLevel.Error,
        "Another process uses server ID {Taken} and owns its sessions; this process uses {Number} until it stops. Delete {File} in one of "
        + "the two data folders, or stop one process if they share a folder")]
    public static partial void ServerIdTaken(ILogger logger, Guid taken, Guid number, string file);

    [LoggerMessage(5144, LogLevel.Warning, "Session {Session} on {Channel} was left open by server {Owner}; ending it: {Reason}")]
    public static partial void SessionAbandoned(ILogger logger, string session, string channel, string owner, string reason);

    [LoggerMessage(5153, LogLevel.Warning, "Session {Session} on {Channel} was open in the database alone; ending it there")]
    public static partial void SessionUnknown(ILogger logger, string session, string channel);

    [LoggerMessage(5145, LogLevel.Warning, "Session {Session} on {Channel} ends on this server and its encoder is disconnected: {Reason}")]
    public static partial void SessionOwnershipLost(ILogger logger, string session, string channel, string reason);

    [LoggerMessage(5146, LogLevel.Error, "Renewing this server's lease failed; it is tried again")]
    public static partial void LeaseRenewalFailed(ILogger logger, Exception exception);

    [LoggerMessage(5147, LogLevel.Information, "{Count} sessions are on air at other servers")]
    public static partial void SessionsOnAirElsewhere(ILogger logger, int count);

    [LoggerMessage(5160, LogLevel.Information,
        "Session {Session} on channel {Channel} was already on air; its access changes to {Access}, that of event '{Title}'")]
    public static partial void SessionAccessChanged(ILogger logger, string session, string channel, string access, string title);

    [LoggerMessage(5180, LogLevel.Error, "Counting viewers failed; retrying")]
    public static partial void ViewersFailed(ILogger logger, Exception exception);

    [LoggerMessage(5182, LogLevel.Warning, "Took over session {Session} on {Channel} from a lost server, epoch {Epoch}")]
    public static partial void SessionTakenOver(ILogger logger, string session, string channel, long epoch);

    [LoggerMessage(5183, LogLevel.Error, "The copy of session {Session} on {Channel} cannot be used; its journal is read instead")]
    public static partial void CopyNotUsed(ILogger logger, Exception exception, string session, string channel);

    [LoggerMessage(5184, LogLevel.Information, "Handed session {Session} on {Channel} over to server {Server}, epoch {Epoch}")]
    public static partial void SessionHandedOver(ILogger logger, string session, string channel, string server, long epoch);

    [LoggerMessage(5185, LogLevel.Information,
        "Took over session {Session} on {Channel} from the server that handed it over, epoch {Epoch}")]
    public static partial void SessionReceived(ILogger logger, string session, string channel, long epoch);

    [LoggerMessage(5186, LogLevel.Warning, "Session {Session} on {Channel} was not handed over ({Reason}); it continues here")]
    public static partial void HandoverFailed(ILogger logger, string session, string channel, string reason);

    [LoggerMessage(5187, LogLevel.Warning,
        "It is not known whether server {Server} has taken session {Session} on {Channel} over ({Reason}); asking the database")]
    public static partial void HandoverUnclear(ILogger logger, string session, string channel, string server, string reason);

    [LoggerMessage(5188, LogLevel.Warning, "No other server takes sessions; {Sessions} sessions stay here")]
    public static partial void NoServerForSessions(ILogger logger, int sessions);

    [LoggerMessage(5189, LogLevel.Information, "This server is drained: it hands its sessions over to other servers and takes no others")]
    public static partial void Drained(ILogger logger);

    [LoggerMessage(5194, LogLevel.Information, "This server is no longer drained: it takes sessions again")]
    public static partial void Undrained(ILogger logger);

    [LoggerMessage(5191, LogLevel.Warning,
        "This server was suspended for {Seconds:0.0} s. Nothing is written until it is known which sessions it still owns")]
    public static partial void Suspended(ILogger logger, double seconds);

    [LoggerMessage(5190, LogLevel.Error, "Handing sessions over failed")]
    public static partial void DrainFailed(ILogger logger, Exception exception);

    [LoggerMessage(5193, LogLevel.Warning,
        "Took over session {Session} on {Channel} from a lost server and its journal in the object store, epoch {Epoch}")]
    public static partial void StoredSessionTakenOver(ILogger logger, string session, string channel, long epoch);

    [LoggerMessage(5195, LogLevel.Warning,
        "The database has lost the claim of session {Session} with epoch {Epoch} (it has {Stored}); it was written again")]
    public static partial void ClaimRestored(ILogger logger, string session, long epoch, long stored);

    [LoggerMessage(5198, LogLevel.Warning, "{Observed}. {Remedy}")]
    public static partial void SecretKeysDiffer(ILogger logger, string observed, string remedy);

    [LoggerMessage(5196, LogLevel.Error, "The targets of this server's sessions could not be updated; the next attempt follows")]
    public static partial void TargetsFailed(ILogger logger, Exception exception);

    [LoggerMessage(5192, LogLevel.Error, "The media of session {Session} of a lost server cannot be taken over from the object store")]
    public static partial void StoredTakeoverFailed(ILogger logger, Exception exception, string session);
}
