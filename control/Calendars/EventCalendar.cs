using Broadcast.Control.Events;

namespace Broadcast.Control.Calendars;

/// <summary>Writes events as an iCalendar document (RFC 5545).</summary>
internal static class EventCalendar
{
    /// <summary>HTTP media type.</summary>
    public const string MediaType = "text/calendar; charset=utf-8";

    /// <summary>Writes the calendar.</summary>
    /// <param name="name">Display name.</param>
    /// <param name="events">Single events, series, and occurrences that were changed or canceled individually.</param>
    /// <param name="now">Current time.</param>
    /// <param name="watchUrl">Function that returns a channel's watch page URL.</param>
    public static string Write(string name, IReadOnlyList<EventInfo> events, DateTimeOffset now, Func<string, string> watchUrl)
    {
        var text = new CalendarText()
            .Line("BEGIN", "VCALENDAR").Line("VERSION", "2.0").Line("PRODID", "-//Broadcast//Events//EN").Line("CALSCALE", "GREGORIAN")
            .Text("NAME", name).Text("X-WR-CALNAME", name).Line("REFRESH-INTERVAL;VALUE=DURATION", "PT15M")
            .Line("X-PUBLISHED-TTL", "PT15M");
        foreach (var zone in events.GroupBy(e => e.TimeZone, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            CalendarZone.Write(text, ZoneOf(zone.Key), zone.Min(e => e.StartsAt), zone.Max(e => e.EndsAt) is var last
                && last > now ? last : now);
        }

        var series = events.Where(e => e.Kind == EventKind.Series).ToDictionary(e => e.Id, StringComparer.Ordinal);
        foreach (var item in events.Where(e => e.Series is null || series.ContainsKey(e.Series)))
        {
            var master = item.Series is { } id ? series[id] : item;
            if (item.Kind != EventKind.Occurrence || item.State != EventState.Cancelled)
            {
                Write(text, item, master, events, watchUrl(item.Channel));
            }
        }

        return text.Line("END", "VCALENDAR").ToString();
    }

    private static void Write(CalendarText text, EventInfo item, EventInfo master, IReadOnlyList<EventInfo> events, string url)
    {
        var zone = ZoneOf(item.TimeZone);
        text.Line("BEGIN", "VEVENT").Line("UID", $"{master.Id}@broadcast").Instant("DTSTAMP", item.UpdatedAt)
            .Instant("CREATED", master.CreatedAt).Instant("LAST-MODIFIED", item.UpdatedAt)
            .Line("SEQUENCE", item.Revision.ToString(System.Globalization.CultureInfo.InvariantCulture))
            .Line("STATUS", item.State == EventState.Cancelled ? "CANCELLED" : "CONFIRMED").Line("TRANSP", "TRANSPARENT")
            .Text("SUMMARY", item.Title).Text("DESCRIPTION", item.Description).Line("URL", url);
        if (item.Poster.StartsWith("https://", StringComparison.Ordinal))
        {
            text.Line("IMAGE;VALUE=URI;DISPLAY=BADGE", item.Poster);
        }

        if (item.Kind == EventKind.Occurrence)
        {
            text.LocalTime("RECURRENCE-ID", RecurrenceIdOf(item, master), ZoneOf(master.TimeZone));
        }

        if (item is { Kind: EventKind.Series, LocalStart: { } localStart })
        {
            text.LocalTime("DTSTART", localStart, zone).Time("DTEND", item.EndsAt, zone).Line("RRULE", RuleOf(item, zone));
            foreach (var cancelled in events.Where(e => e.Series == item.Id && e.State == EventState.Cancelled
                && item.State != EventState.Cancelled))
            {
                text.LocalTime("EXDATE", RecurrenceIdOf(cancelled, item), zone);
            }
        }
        else
        {
            text.Time("DTSTART", item.StartsAt, zone).Time("DTEND", item.EndsAt, zone);
        }

        text.Line("END", "VEVENT");
    }

    // The date from the rule at the series' current time of day. Exceptions of a series thus survive a change of its time.
    private static DateTime RecurrenceIdOf(EventInfo occurrence, EventInfo series) =>
        occurrence.LocalStart!.Value.Date + series.LocalStart!.Value.TimeOfDay;

    // RFC 5545, 3.3.10, requires UNTIL in UTC when DTSTART has a time zone.
    private static string RuleOf(EventInfo series, TimeZoneInfo zone) =>
        !RecurrenceRule.TryParse(series.Recurrence, out var rule, out _) ? series.Recurrence!
        : rule.Until is { Kind: not DateTimeKind.Utc } until
        ? (rule with { Until = LocalDateTime.ToInstant(until, zone).UtcDateTime }).ToString() : rule.ToString();

    private static TimeZoneInfo ZoneOf(string name) => LocalDateTime.TryFind(name, out var zone) ? zone : TimeZoneInfo.Utc;
}
