using Microsoft.Extensions.Logging;

namespace Broadcast.Control;

internal static partial class ControlLog
{
    [LoggerMessage(5001, LogLevel.Information, "Private PostgreSQL started in {Cluster} after {Seconds:0.00} s")]
    public static partial void ServerStarted(ILogger logger, string cluster, double seconds);

    [LoggerMessage(5002, LogLevel.Debug, "Private PostgreSQL in {Cluster} runs already")]
    public static partial void ServerJoined(ILogger logger, string cluster);

    [LoggerMessage(5003, LogLevel.Information, "Private PostgreSQL in {Cluster} stopped")]
    public static partial void ServerStopped(ILogger logger, string cluster);

    [LoggerMessage(5004, LogLevel.Warning, "Private PostgreSQL was left running: {Reason}")]
    public static partial void ServerNotStopped(ILogger logger, string reason);

    [LoggerMessage(5010, LogLevel.Information, "Database migrated from version {From} to {To}")]
    public static partial void Migrated(ILogger logger, int from, int to);

    [LoggerMessage(5149, LogLevel.Warning, "The schema cannot be changed just now ({Reason}): another server or a backup is at work in it. It is tried again")]
    public static partial void MigrationBlocked(ILogger logger, string reason);

    [LoggerMessage(5011, LogLevel.Error, "Database away: {Reason}. Streams go on; trying again")]
    public static partial void DatabaseAway(ILogger logger, string reason);

    [LoggerMessage(5012, LogLevel.Information, "Database reached again")]
    public static partial void DatabaseBack(ILogger logger);

    [LoggerMessage(5020, LogLevel.Information, "Session {Session} on {Channel} started for {Remote}, key {KeyId}")]
    public static partial void SessionStarted(ILogger logger, string channel, string session, string remote, string keyId);

    [LoggerMessage(5021, LogLevel.Information, "Session {Session} on {Channel} continued by {Remote}, key {KeyId}, epoch {Epoch}")]
    public static partial void SessionContinued(ILogger logger, string channel, string session, string remote, string keyId, long epoch);

    [LoggerMessage(5022, LogLevel.Information,
        "Session {Session} on {Channel} ended after {Duration}: {Reason} ({Connections} connections, {Bytes} bytes in, {Pictures} pictures, {SoundFrames} frames of sound, {Dropped} dropped; {Segments} segments of {Renditions}, {MediaBytes} bytes written, {Gaps} gaps; {Viewers} viewers at most)")]
    public static partial void SessionEnded(ILogger logger, string channel, string session, TimeSpan duration, string reason, int connections, long bytes, long pictures, long soundFrames, long dropped,
        long segments, string renditions, long mediaBytes, long gaps, long viewers);

    [LoggerMessage(5023, LogLevel.Information, "Publisher of {Channel} gone ({Reason}); session {Session} waits {Window} s for it")]
    public static partial void PublisherGone(ILogger logger, string channel, string session, string reason, double window);

    [LoggerMessage(5024, LogLevel.Debug, "Publish from {Remote} refused: {Reason}")]
    public static partial void PublishRefused(ILogger logger, string remote, Media.PublishRefusal reason);

    [LoggerMessage(5025, LogLevel.Warning, "Key {KeyId} accepted from memory while the database is away")]
    public static partial void AcceptedFromMemory(ILogger logger, string keyId);

    [LoggerMessage(5026, LogLevel.Information, "Leave to publish on {Channel} withdrawn: {Reason}")]
    public static partial void LeaveWithdrawn(ILogger logger, string channel, string reason);

    [LoggerMessage(5027, LogLevel.Error, "Ending session {Session} on {Channel} failed")]
    public static partial void EndFailed(ILogger logger, Exception exception, string channel, string session);

    [LoggerMessage(5028, LogLevel.Error, "The record of session {Session} was refused by the database")]
    public static partial void SessionNotRecorded(ILogger logger, Exception exception, string session);

    [LoggerMessage(5029, LogLevel.Warning, "Records of {Count} sessions wait for the database: {Reason}")]
    public static partial void SessionsWait(ILogger logger, int count, string reason);

    [LoggerMessage(5030, LogLevel.Information, "Session {Session} on {Channel} taken over after a restart, epoch {Epoch}")]
    public static partial void SessionResumed(ILogger logger, string channel, string session, long epoch);

    [LoggerMessage(5031, LogLevel.Error, "When keys were last used was refused by the database")]
    public static partial void UsesNotRecorded(ILogger logger, Exception exception);

    [LoggerMessage(5032, LogLevel.Warning, "The stop did not leave time to write down what became of sessions; the next start finds it out")]
    public static partial void SessionsNotWritten(ILogger logger);

    [LoggerMessage(5033, LogLevel.Error, "Listening to the database failed; it is tried again")]
    public static partial void ListeningFailed(ILogger logger, Exception exception);

    [LoggerMessage(5034, LogLevel.Warning, "Session {Session} on {Channel} was left open, though the database knows of nobody who could go on with it; it is ended")]
    public static partial void StrayEnded(ILogger logger, string channel, string session);

    [LoggerMessage(5035, LogLevel.Information, "Session {Session} on {Channel} was over already when the server started")]
    public static partial void SessionWasOver(ILogger logger, string channel, string session);

    [LoggerMessage(5036, LogLevel.Warning, "Encoder on {Channel}, key {KeyId}, silent for {Silence:0.0} s, gives way to a newcomer with key {Newcomer}")]
    public static partial void TakenOver(ILogger logger, string channel, string keyId, double silence, string newcomer);

    [LoggerMessage(5037, LogLevel.Warning, "Encoders fight for {Channel}: {Count} takeovers within a minute; for now the one that publishes keeps its place")]
    public static partial void EncodersFight(ILogger logger, string channel, int count);

    [LoggerMessage(5038, LogLevel.Information, "The {Role} of {Channel} is gone ({Reason}); the other input goes on")]
    public static partial void InputGone(ILogger logger, Media.InputRole role, string channel, string reason);

    [LoggerMessage(5040, LogLevel.Information, "Deleted channel {Channel} purged with {Sessions} sessions")]
    public static partial void ChannelPurged(ILogger logger, string channel, int sessions);

    [LoggerMessage(5041, LogLevel.Warning, "Deleted channel {Channel} could not be purged; the next start tries again")]
    public static partial void PurgeFailed(ILogger logger, Exception exception, string channel);

    [LoggerMessage(5070, LogLevel.Information, "{Count} recordings are over their retention and are deleted")]
    public static partial void RecordingsExpired(ILogger logger, int count);

    [LoggerMessage(5071, LogLevel.Information, "No recording or clip of session {Session} on {Channel} is left; its media are deleted")]
    public static partial void RecordingPurged(ILogger logger, string channel, string session);

    [LoggerMessage(5072, LogLevel.Warning, "The media of session {Session} on {Channel}, which no recording needs any more, could not be deleted; it is tried again")]
    public static partial void RecordingNotPurged(ILogger logger, Exception exception, string channel, string session);

    [LoggerMessage(5073, LogLevel.Information, "Session {Session} on {Channel} ended without a segment, so there is no recording of it")]
    public static partial void RecordingEmpty(ILogger logger, string channel, string session);

    [LoggerMessage(5074, LogLevel.Warning, "Whether there is anything of the recording of session {Session} on {Channel} cannot be seen now: {Reason}")]
    public static partial void RecordingNotProved(ILogger logger, string channel, string session, string reason);

    [LoggerMessage(5075, LogLevel.Error, "Looking after recordings failed; it is tried again")]
    public static partial void RecordingsNotKept(ILogger logger, Exception exception);

    [LoggerMessage(5080, LogLevel.Error, "Removing old rows of the audit log failed; it is tried again")]
    public static partial void AuditNotKept(ILogger logger, Exception exception);

    [LoggerMessage(5100, LogLevel.Information, "Event '{Title}' on {Channel} ({Id}) is {State}: {Reason}")]
    public static partial void EventMoved(ILogger logger, string title, string channel, string id, EventState state, string reason);

    [LoggerMessage(5101, LogLevel.Warning, "Event '{Title}' on {Channel} ({Id}) should have begun, and no encoder is there")]
    public static partial void EventLate(ILogger logger, string title, string channel, string id);

    [LoggerMessage(5102, LogLevel.Error, "Looking after events failed; it is tried again")]
    public static partial void EventsNotKept(ILogger logger, Exception exception);

    [LoggerMessage(5103, LogLevel.Error, "Occurrences of series '{Title}' ({Id}) could not be made; it is tried again")]
    public static partial void SeriesNotMade(ILogger logger, Exception exception, string title, string id);

    [LoggerMessage(5104, LogLevel.Warning, "What the audience gets of a session counts, but is not written down yet: {Reason}")]
    public static partial void AudienceWaits(ILogger logger, string reason);
    [LoggerMessage(5081, LogLevel.Information, "A login from {Remote} was refused")]
    public static partial void LoginRefused(ILogger logger, string remote);

    [LoggerMessage(5050, LogLevel.Error, "API request failed")]
    public static partial void RequestFailed(ILogger logger, Exception exception);

    [LoggerMessage(5060, LogLevel.Warning, "The webhook that authorizes publishers was {Occasion} and gave no answer that counts: {Why}")]
    public static partial void WebhookFault(ILogger logger, string occasion, string why);

    [LoggerMessage(5061, LogLevel.Warning, "Key {KeyId} accepted without the webhook, which does not answer")]
    public static partial void AcceptedWithoutWebhook(ILogger logger, string keyId);

    [LoggerMessage(5062, LogLevel.Warning, "The webhook let a publisher in under a name that no channel can have")]
    public static partial void WebhookChannelUnfit(ILogger logger);

    [LoggerMessage(5063, LogLevel.Warning, "The webhook let a publisher in on channel {Channel}, which does not exist")]
    public static partial void WebhookChannelMissing(ILogger logger, string channel);

    [LoggerMessage(5065, LogLevel.Warning, "The webhook that authorizes viewers gave no answer that counts: {Why}")]
    public static partial void ViewerWebhookFault(ILogger logger, string why);

    [LoggerMessage(5064, LogLevel.Warning, "{Count} ends of publications wait for the webhook; another one is not told to it")]
    public static partial void NoticeDropped(ILogger logger, int count);

    [LoggerMessage(5090, LogLevel.Warning, "Webhook {Webhook} was switched off: {Reason}")]
    public static partial void HookDisabled(ILogger logger, string webhook, string reason);

    [LoggerMessage(5091, LogLevel.Warning, "Event {Event} could not be delivered to webhook {Webhook} in {Attempts} tries and is given up: {Fault}")]
    public static partial void DeliveryGivenUp(ILogger logger, string @event, string webhook, int attempts, string fault);

    [LoggerMessage(5092, LogLevel.Debug, "Event {Event} was not delivered to webhook {Webhook} at try {Attempts}: {Fault}")]
    public static partial void DeliveryFailed(ILogger logger, string @event, string webhook, int attempts, string fault);

    [LoggerMessage(5093, LogLevel.Warning, "Delivering to webhook {Webhook} was broken off and is done again: {Reason}")]
    public static partial void HookTurnFailed(ILogger logger, string webhook, string reason);

    [LoggerMessage(5094, LogLevel.Error, "Looking for what webhooks are to be told failed; it is tried again")]
    public static partial void HooksFailed(ILogger logger, Exception exception);


    [LoggerMessage(5110, LogLevel.Warning, "What a request with an Idempotency-Key came to could not be written down ({Reason}); sent again it is told that it has no answer yet")]
    public static partial void AnswerNotKept(ILogger logger, string reason);

    [LoggerMessage(5095, LogLevel.Warning, "The database is away and {Count} events for webhooks wait for it; the oldest, {Type}, is dropped")]
    public static partial void HookNoticeDropped(ILogger logger, string type, int count);

    [LoggerMessage(5096, LogLevel.Error, "An event {Type} for webhooks was refused by the database")]
    public static partial void HookNoticeRefused(ILogger logger, Exception exception, string type);

    [LoggerMessage(5097, LogLevel.Error, "Looking at channels for what webhooks are to be told failed; it is tried again")]
    public static partial void WatchFailed(ILogger logger, Exception exception);

    [LoggerMessage(5130, LogLevel.Error, "Reading what the event stream has to tell failed; it is tried again")]
    public static partial void StreamFailed(ILogger logger, Exception exception);

    [LoggerMessage(5131, LogLevel.Error, "Looking at channels for what the event stream has to tell failed; it is tried again")]
    public static partial void ReportFailed(ILogger logger, Exception exception);

    [LoggerMessage(5140, LogLevel.Warning, "{File} cannot be used ({Reason}): this server goes by a new number, and what it had on air before waits until the lease of the old one is over")]
    public static partial void ServerIdUnreadable(ILogger logger, string file, string reason);

    [LoggerMessage(5141, LogLevel.Warning, "{File} cannot be written ({Reason}): after its next start this server goes by another number. Let it write to its data folder")]
    public static partial void ServerIdNotKept(ILogger logger, string file, string reason);

    [LoggerMessage(5148, LogLevel.Information, "The lease of this server's number, {Number}, was taken under another name or in another folder: waiting {Seconds} s to see whether that server lives")]
    public static partial void ServerIdDoubtful(ILogger logger, Guid number, double seconds);

    [LoggerMessage(5142, LogLevel.Warning, "This data folder is a copy of one that another server uses, whose number is {Copied}: this server goes by {Number} from now on")]
    public static partial void ServerIdCopied(ILogger logger, Guid copied, Guid number);

    [LoggerMessage(5143, LogLevel.Error, "Another process goes by this server's number, {Taken}, and has its sessions: this one goes by {Number} until it stops. Delete {File} in one of the two data folders, or stop one if they are the same")]
    public static partial void ServerIdTaken(ILogger logger, Guid taken, Guid number, string file);

    [LoggerMessage(5144, LogLevel.Warning, "Session {Session} on {Channel} was left open by server {Owner} and is ended: {Reason}")]
    public static partial void SessionAbandoned(ILogger logger, string session, string channel, string owner, string reason);

    [LoggerMessage(5145, LogLevel.Warning, "Session {Session} on {Channel} ends here and its encoder is sent away: {Reason}")]
    public static partial void SessionLost(ILogger logger, string session, string channel, string reason);

    [LoggerMessage(5146, LogLevel.Error, "Renewing this server's lease failed; it is tried again")]
    public static partial void BeatFailed(ILogger logger, Exception exception);

    [LoggerMessage(5147, LogLevel.Information, "{Count} sessions are on air at other servers")]
    public static partial void SessionsOnAirElsewhere(ILogger logger, int count);

    [LoggerMessage(5160, LogLevel.Information, "Session {Session} on channel {Channel} was on air before; its access is {Access} from now on, that of its event '{Title}'")]
    public static partial void SessionClosedToOthers(ILogger logger, string session, string channel, string access, string title);

    [LoggerMessage(5180, LogLevel.Error, "Looking at how many watch failed; it is tried again")]
    public static partial void ViewersFailed(ILogger logger, Exception exception);
}
