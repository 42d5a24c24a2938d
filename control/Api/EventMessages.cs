namespace Broadcast.Control.Api;

// What stands in the API's JSON about events, in and out. Times in bodies are instants, or what clocks show in the event's time zone; see EventTime.

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
    /// <param name="e">The event.</param>
    /// <param name="pages">Where pages for viewers are, without a slash at the end.</param>
    public static EventView From(EventInfo e, string pages) => new(
        e.Id, EventRules.Name(e.Kind), e.Series, e.Channel, e.Title, e.Description, e.Poster, EventRules.Name(e.State), e.Reason, e.StateSince, e.StartsAt, e.EndsAt, e.TimeZone, Local(e),
        e.Recurrence, e.IsChanged, e.Ladder ?? EventRules.OfChannel, e.Latency ?? EventRules.OfChannel, e.Record switch { true => "on", false => "off", _ => EventRules.OfChannel }, e.Access ?? EventRules.OfChannel, e.IsAnnounced ? "on" : "off",
        e.Terms.IsManual ? "manual" : "automatic", (int)e.Terms.Preview.TotalSeconds, (int)e.Terms.Grace.TotalSeconds, e.Terms.Continues ? "continue" : "end",
        (int)(e.Terms.NoShow?.TotalSeconds ?? 0), e.Reminders, e.WentLiveAt, e.EndedAt, e.LateSince, e.Sessions, e.Revision, e.CreatedAt, e.UpdatedAt, EventRules.PageOf(pages, e.Id, e.Kind));

    private static string Local(EventInfo e) => WallClock.Format(WallClock.TryFind(e.TimeZone, out var zone) ? WallClock.ToWall(e.StartsAt, zone) : e.StartsAt.UtcDateTime);
}

internal sealed record NewEvent(
    string Title, string Channel, string Start, string End, string? Description, string? Poster, string? TimeZone, string? Recurrence, string? Ladder, string? Latency, string? Record, string? Access, string? Announced,
    string? StartMode, int? PreviewSeconds, int? GraceSeconds, string? Overrun, int? NoShowSeconds, IReadOnlyList<int>? ReminderMinutes);

internal sealed record EventChange(
    string? Title, string? Start, string? End, string? Description, string? Poster, string? TimeZone, string? Recurrence, string? Ladder, string? Latency, string? Record, string? Access, string? Announced,
    string? StartMode, int? PreviewSeconds, int? GraceSeconds, string? Overrun, int? NoShowSeconds, IReadOnlyList<int>? ReminderMinutes);

internal sealed record EventStepView(DateTimeOffset At, string State, string Reason)
{
    public static EventStepView From(EventStep s) => new(s.At, s.State, s.Reason);
}
