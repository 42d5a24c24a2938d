using Broadcast.Control.Events;

namespace Broadcast.Control.Api;

// JSON of events in requests and responses. Times in requests are UTC, or local times in the event's time zone; see EventTime.

internal sealed record EventView(
    string Id,
    string Kind,
    string? Series,
    string Channel,
    string Title,
    string Description,
    string Poster,
    string State,
    string Reason,
    DateTimeOffset StateSince,
    DateTimeOffset StartsAt,
    DateTimeOffset EndsAt,
    string TimeZone,
    string LocalStart,
    string? Recurrence,
    bool IsChanged,
    string Ladder,
    string Latency,
    string Record,
    string Access,
    string Chat,
    string Announced,
    string StartMode,
    int PreviewSeconds,
    int GraceSeconds,
    string Overrun,
    int NoShowSeconds,
    IReadOnlyList<int> ReminderMinutes,
    DateTimeOffset? WentLiveAt,
    DateTimeOffset? EndedAt,
    DateTimeOffset? LateSince,
    IReadOnlyList<string> Sessions,
    int Revision,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    string? PageUrl)
{
    /// <param name="e">Event.</param>
    /// <param name="pagesUrl">Base URL of viewer pages, without trailing slash.</param>
    public static EventView From(EventInfo e, string pagesUrl) => new(
        e.Id, EventRules.Name(e.Kind), e.Series, e.Channel, e.Title, e.Description, e.Poster, EventRules.Name(e.State), e.Reason,
        e.StateSince, e.StartsAt, e.EndsAt, e.TimeZone, Local(e),
        e.Recurrence, e.IsChanged, e.Ladder ?? EventRules.ChannelDefault, e.Latency ?? EventRules.ChannelDefault, e.Record switch { true =>
            "on", false => "off", _ => EventRules.ChannelDefault }, e.Access ?? EventRules.ChannelDefault, e.Chat ?? EventRules.ChannelDefault,
        e.IsAnnounced ? "on" : "off",
        e.Policy.IsManual ? "manual" : "automatic", (int)e.Policy.Preview.TotalSeconds, (int)e.Policy.Grace.TotalSeconds,
        e.Policy.Continues ? "continue" : "end",
        (int)(e.Policy.NoShow?.TotalSeconds ?? 0), e.Reminders, e.WentLiveAt, e.EndedAt, e.LateSince, e.Sessions, e.Revision, e.CreatedAt,
        e.UpdatedAt, EventRules.PageOf(pagesUrl, e.Id, e.Kind));

    private static string Local(EventInfo e) => LocalDateTime.Format(LocalDateTime.TryFind(e.TimeZone, out var zone)
        ? LocalDateTime.ToLocal(e.StartsAt, zone) : e.StartsAt.UtcDateTime);
}

internal sealed record NewEvent(
    string Title, string Channel, string Start, string End, string? Description, string? Poster, string? TimeZone, string? Recurrence,
    string? Ladder, string? Latency, string? Record, string? Access, string? Chat, string? Announced,
    string? StartMode, int? PreviewSeconds, int? GraceSeconds, string? Overrun, int? NoShowSeconds, IReadOnlyList<int>? ReminderMinutes);

internal sealed record EventChange(
    string? Title, string? Start, string? End, string? Description, string? Poster, string? TimeZone, string? Recurrence, string? Ladder,
    string? Latency, string? Record, string? Access, string? Chat, string? Announced,
    string? StartMode, int? PreviewSeconds, int? GraceSeconds, string? Overrun, int? NoShowSeconds, IReadOnlyList<int>? ReminderMinutes);

internal sealed record EventHistoryView(DateTimeOffset At, string State, string Reason)
{
    public static EventHistoryView From(EventHistoryEntry s) => new(s.At, EventRules.Name(s.State), s.Reason);
}
