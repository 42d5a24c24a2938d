using Broadcast.Control.AuthCallbacks;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Control.Webhooks;

/// <summary>Webhook event before it is written to the outbox.</summary>
/// <param name="At">Time of the event.</param>
/// <param name="Type">One of <see cref="WebhookEventTypes"/>.</param>
/// <param name="Channel">Channel of the event.</param>
/// <param name="Data">Payload that receivers get as <c>data</c>.</param>
internal sealed record WebhookMessage(DateTimeOffset At, string Type, string Channel, object Data)
{
    /// <summary>Creates the event for an encoder that started publishing.</summary>
    /// <param name="at">Time of the event.</param>
    /// <param name="grant">Permission of the publication.</param>
    /// <param name="keyId">Id of the stream key, or of its replacement.</param>
    /// <param name="continued">Whether the session already existed.</param>
    public static WebhookMessage Started(DateTimeOffset at, PublishGrant grant, string keyId, bool continued) => new(
        at, WebhookEventTypes.PublishStarted, grant.Session.Channel.Value,
        new PublishStartedData(grant.Session.Id.Value, grant.PublicationId, NameOf(grant.Role), continued,
            keyId[0] == AuthCallbackChannels.IdPrefix ? null : keyId));

    /// <summary>Creates the event for an encoder that stopped publishing.</summary>
    /// <param name="at">Time of the event.</param>
    /// <param name="grant">Permission of the publication.</param>
    /// <param name="reason">Human-readable reason.</param>
    /// <param name="sessionOpen">Whether the session stays open.</param>
    public static WebhookMessage Stopped(DateTimeOffset at, PublishGrant grant, string reason, bool sessionOpen) => new(
        at, WebhookEventTypes.PublishStopped, grant.Session.Channel.Value,
        new PublishStoppedData(grant.Session.Id.Value, grant.PublicationId, NameOf(grant.Role), reason, sessionOpen));

    private static string NameOf(InputRole role) => role == InputRole.Backup ? "backup" : "primary";
}

/// <summary>Payload of <see cref="WebhookEventTypes.PublishStarted"/>.</summary>
/// <param name="Session">Session of the publication.</param>
/// <param name="Publication">Id of the publication, also in the event of its end.</param>
/// <param name="Input"><c>primary</c> or <c>backup</c>.</param>
/// <param name="Continued">Whether the session already existed: an encoder reconnected, or it is the second input.</param>
/// <param name="KeyId">Id of the stream key; <see langword="null"/> when an auth callback decided without one.</param>
internal sealed record PublishStartedData(string Session, Guid Publication, string Input, bool Continued, string? KeyId);

/// <summary>Payload of <see cref="WebhookEventTypes.PublishStopped"/>.</summary>
/// <param name="Session">Session of the publication.</param>
/// <param name="Publication">Id of the publication.</param>
/// <param name="Input"><c>primary</c> or <c>backup</c>.</param>
/// <param name="Reason">Human-readable reason.</param>
/// <param name="SessionOpen">Whether the session stays open: another input publishes, or the session waits for a reconnect.</param>
internal sealed record PublishStoppedData(string Session, Guid Publication, string Input, string Reason, bool SessionOpen);

/// <summary>Payload of <see cref="WebhookEventTypes.InputLost"/> and <see cref="WebhookEventTypes.InputRestored"/>.</summary>
/// <param name="Session">Id of the session.</param>
/// <param name="LostAt">Time since which no usable media arrived.</param>
/// <param name="Seconds">Duration of the loss; <see langword="null"/> while it lasts.</param>
internal sealed record InputData(string Session, DateTimeOffset LostAt, double? Seconds);

/// <summary>Payload of <see cref="WebhookEventTypes.HealthIssue"/>.</summary>
/// <param name="Session">Id of the session.</param>
/// <param name="Publication">Id of the affected publication.</param>
/// <param name="Code">Code of the issue (docs/operations.md).</param>
/// <param name="Severity"><c>warning</c> or <c>error</c>.</param>
/// <param name="Advice">Advice for the person at the encoder.</param>
/// <param name="Since">Start of the issue.</param>
internal sealed record HealthIssueData(string Session, Guid Publication, string Code, string Severity, string Advice, DateTimeOffset Since);

/// <summary>Payload of <see cref="WebhookEventTypes.RecordingReady"/>.</summary>
/// <param name="Recording">Id of the recording, which equals the session's.</param>
/// <param name="Session">Id of the session.</param>
/// <param name="Title">Display title.</param>
/// <param name="Visibility"><c>public</c>, <c>unlisted</c> or <c>private</c>.</param>
/// <param name="StartedAt">Start of the session.</param>
/// <param name="EndedAt">End of the session.</param>
/// <param name="Hls">Path of the HLS playlist on this server.</param>
/// <param name="Dash">Path of the MPD.</param>
/// <param name="Download">Path of the MP4 download.</param>
internal sealed record RecordingReadyData(
    string Recording, string Session, string Title, string Visibility, DateTimeOffset StartedAt, DateTimeOffset EndedAt, string Hls,
    string Dash, string Download);

/// <summary>Payload of <see cref="WebhookEventTypes.EventReminder"/>.</summary>
/// <param name="Event">Id of the event.</param>
/// <param name="Title">Display title.</param>
/// <param name="State">Current state: <c>scheduled</c> or <c>preview</c>.</param>
/// <param name="Minutes">Time of the reminder, in minutes before the planned start.</param>
/// <param name="StartsAt">Planned start.</param>
/// <param name="EndsAt">Planned end.</param>
internal sealed record EventReminderData(string Event, string Title, string State, int Minutes, DateTimeOffset StartsAt,
    DateTimeOffset EndsAt);

/// <summary>
/// Payload of <see cref="WebhookEventTypes.EventPreview"/>, <see cref="WebhookEventTypes.EventLate"/>,
/// <see cref="WebhookEventTypes.EventLive"/> and <see cref="WebhookEventTypes.EventEnded"/>.
/// </summary>
/// <param name="Event">Id of the event.</param>
/// <param name="Title">Display title.</param>
/// <param name="State">Current state.</param>
/// <param name="Reason">Human-readable reason.</param>
/// <param name="StartsAt">Planned start.</param>
/// <param name="EndsAt">Planned end.</param>
internal sealed record EventData(string Event, string Title, string State, string Reason, DateTimeOffset StartsAt, DateTimeOffset EndsAt);
