using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>Something that happened, on its way to the outbox.</summary>
/// <param name="At">When.</param>
/// <param name="Type">One of <see cref="HookTypes"/>.</param>
/// <param name="Channel">The channel.</param>
/// <param name="Data">What receivers get as <c>data</c>.</param>
internal sealed record HookNotice(DateTimeOffset At, string Type, string Channel, object Data)
{
    /// <summary>An encoder was let in.</summary>
    /// <param name="at">When.</param>
    /// <param name="grant">Its leave.</param>
    /// <param name="keyId">The key that it came with, or what stands for one.</param>
    /// <param name="continued">Whether the session was there before.</param>
    public static HookNotice Started(DateTimeOffset at, PublishGrant grant, string keyId, bool continued) => new(
        at, HookTypes.PublishStarted, grant.Session.Channel.Value,
        new PublishStartedData(grant.Session.Id.Value, grant.PublicationId, NameOf(grant.Role), continued, keyId[0] == HookedChannels.Mark ? null : keyId));

    /// <summary>An encoder is gone.</summary>
    /// <param name="at">When.</param>
    /// <param name="grant">Its leave.</param>
    /// <param name="reason">Why, in plain words.</param>
    /// <param name="sessionOpen">Whether the session goes on.</param>
    public static HookNotice Stopped(DateTimeOffset at, PublishGrant grant, string reason, bool sessionOpen) => new(
        at, HookTypes.PublishStopped, grant.Session.Channel.Value,
        new PublishStoppedData(grant.Session.Id.Value, grant.PublicationId, NameOf(grant.Role), reason, sessionOpen));

    private static string NameOf(InputRole role) => role == InputRole.Backup ? "backup" : "primary";
}

/// <summary>The data of <see cref="HookTypes.PublishStarted"/>.</summary>
/// <param name="Session">The session that it delivers to.</param>
/// <param name="Publication">Identity of the publication; stands in the message of its end, too.</param>
/// <param name="Input"><c>primary</c> or <c>backup</c>.</param>
/// <param name="Continued">Whether the session was there before: an encoder came back, or it is the second one.</param>
/// <param name="KeyId">The stream key's id; <see langword="null"/> for whom a webhook let in without one.</param>
internal sealed record PublishStartedData(string Session, Guid Publication, string Input, bool Continued, string? KeyId);

/// <summary>The data of <see cref="HookTypes.PublishStopped"/>.</summary>
/// <param name="Session">The session that it delivered to.</param>
/// <param name="Publication">Identity of the publication.</param>
/// <param name="Input"><c>primary</c> or <c>backup</c>.</param>
/// <param name="Reason">Why, in plain words.</param>
/// <param name="SessionOpen">Whether the session goes on: another input delivers, or it waits for this one to come back.</param>
internal sealed record PublishStoppedData(string Session, Guid Publication, string Input, string Reason, bool SessionOpen);

/// <summary>The data of <see cref="HookTypes.InputLost"/> and <see cref="HookTypes.InputBack"/>.</summary>
/// <param name="Session">The session.</param>
/// <param name="LostAt">Since when nothing usable came.</param>
/// <param name="Seconds">For how long it was so; <see langword="null"/> while it is.</param>
internal sealed record InputData(string Session, DateTimeOffset LostAt, double? Seconds);

/// <summary>The data of <see cref="HookTypes.HealthIssue"/>.</summary>
/// <param name="Session">The session.</param>
/// <param name="Publication">The publication that it is about.</param>
/// <param name="Code">What it is (docs/operations.md).</param>
/// <param name="Severity"><c>warning</c> or <c>error</c>.</param>
/// <param name="Advice">What to do, for the person at the encoder.</param>
/// <param name="Since">Since when it has been so.</param>
internal sealed record HealthIssueData(string Session, Guid Publication, string Code, string Severity, string Advice, DateTimeOffset Since);

/// <summary>The data of <see cref="HookTypes.RecordingReady"/>.</summary>
/// <param name="Recording">The recording's id, which is the session's.</param>
/// <param name="Session">The session.</param>
/// <param name="Title">What people read.</param>
/// <param name="Visibility"><c>public</c>, <c>unlisted</c> or <c>private</c>.</param>
/// <param name="StartedAt">When the session began.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="Hls">Path of its playlist on this server.</param>
/// <param name="Dash">Path of its MPD.</param>
/// <param name="Download">Path of its MP4.</param>
internal sealed record RecordingReadyData(
    string Recording, string Session, string Title, string Visibility, DateTimeOffset StartedAt, DateTimeOffset EndedAt, string Hls, string Dash, string Download);

/// <summary>The data of <see cref="HookTypes.EventReminder"/>.</summary>
/// <param name="Event">The event's id.</param>
/// <param name="Title">What people read.</param>
/// <param name="State">The state that it is in: <c>scheduled</c> or <c>preview</c>.</param>
/// <param name="Minutes">Which reminder it is: so many minutes before the planned start.</param>
/// <param name="StartsAt">Its planned start.</param>
/// <param name="EndsAt">Its planned end.</param>
internal sealed record EventReminderData(string Event, string Title, string State, int Minutes, DateTimeOffset StartsAt, DateTimeOffset EndsAt);

/// <summary>The data of <see cref="HookTypes.EventPreview"/>, <see cref="HookTypes.EventLate"/>, <see cref="HookTypes.EventLive"/> and <see cref="HookTypes.EventEnded"/>.</summary>
/// <param name="Event">The event's id.</param>
/// <param name="Title">What people read.</param>
/// <param name="State">The state that it is in now.</param>
/// <param name="Reason">Why, for people.</param>
/// <param name="StartsAt">Its planned start.</param>
/// <param name="EndsAt">Its planned end.</param>
internal sealed record EventData(string Event, string Title, string State, string Reason, DateTimeOffset StartsAt, DateTimeOffset EndsAt);
