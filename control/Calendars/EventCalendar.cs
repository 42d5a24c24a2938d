namespace Broadcast.Control;

/// <summary>Events as a calendar that other programs read (RFC 5545).</summary>
internal static class EventCalendar
{
    /// <summary>Its type in HTTP.</summary>
    public const string MediaType = "text/calendar; charset=utf-8";

    /// <summary>Writes it.</summary>
    /// <param name="name">What people read as its name.</param>
    /// <param name="events">Single events, series, and occurrences of series that were changed or cancelled by themselves.</param>
    /// <param name="now">The time.</param>
    /// <param name="watch">The address at which a channel is watched.</param>
    public static string Write(string name, IReadOnlyList<EventInfo> events, DateTimeOffset now, Func<string, string> watch)
    {
        var text = new CalendarText()
            .Line("BEGIN", "VCALENDAR").Line("VERSION", "2.0").Line("PRODID", "-//Broadcast//Events//EN").Line("CALSCALE", "GREGORIAN")
            .Text("NAME", name).Text("X-WR-CALNAME", name).Line("REFRESH-INTERVAL;VALUE=DURATION", "PT15M").Line("X-PUBLISHED-TTL", "PT15M");
        foreach (var zone in events.GroupBy(e => e.TimeZone, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            CalendarZone.Write(text, ZoneOf(zone.Key), zone.Min(e => e.StartsAt), zone.Max(e => e.EndsAt) is var last && last > now ? last : now);
        }

        var series = events.Where(e => e.Kind == EventKind.Series).ToDictionary(e => e.Id, StringComparer.Ordinal);
        foreach (var planned in events.Where(e => e.Series is null || series.ContainsKey(e.Series)))
        {
            var own = planned.Series is { } id ? series[id] : planned;
            if (planned.Kind != EventKind.Occurrence || planned.State != EventState.Cancelled)
            {
                Write(text, planned, own, events, watch(planned.Channel));
            }
        }

        return text.Line("END", "VCALENDAR").ToString();
    }

    private static void Write(CalendarText text, EventInfo planned, EventInfo own, IReadOnlyList<EventInfo> events, string address)
    {
        var zone = ZoneOf(planned.TimeZone);
        text.Line("BEGIN", "VEVENT").Line("UID", $"{own.Id}@broadcast").Instant("DTSTAMP", planned.UpdatedAt).Instant("CREATED", own.CreatedAt).Instant("LAST-MODIFIED", planned.UpdatedAt)
            .Line("SEQUENCE", planned.Revision.ToString(System.Globalization.CultureInfo.InvariantCulture))
            .Line("STATUS", planned.State == EventState.Cancelled ? "CANCELLED" : "CONFIRMED").Line("TRANSP", "TRANSPARENT")
            .Text("SUMMARY", planned.Title).Text("DESCRIPTION", planned.Description).Line("URL", address);
        if (planned.Poster.StartsWith("https://", StringComparison.Ordinal))
        {
            text.Line("IMAGE;VALUE=URI;DISPLAY=BADGE", planned.Poster);
        }

        if (planned.Kind == EventKind.Occurrence)
        {
            text.Wall("RECURRENCE-ID", Identity(planned, own), ZoneOf(own.TimeZone));
        }

        if (planned is { Kind: EventKind.Series, PlannedWall: { } wall })
        {
            text.Wall("DTSTART", wall, zone).Time("DTEND", planned.EndsAt, zone).Line("RRULE", RuleOf(planned, zone));
            foreach (var left in events.Where(e => e.Series == planned.Id && e.State == EventState.Cancelled && planned.State != EventState.Cancelled))
            {
                text.Wall("EXDATE", Identity(left, planned), zone);
            }
        }
        else
        {
            text.Time("DTSTART", planned.StartsAt, zone).Time("DTEND", planned.EndsAt, zone);
        }

        text.Line("END", "VEVENT");
    }

    // The day that the rule has it on, at the time that the series has by now: so a series that was moved by an hour keeps its exceptions.
    private static DateTime Identity(EventInfo occurrence, EventInfo series) => occurrence.PlannedWall!.Value.Date + series.PlannedWall!.Value.TimeOfDay;

    // The last time is told in UTC, as RFC 5545, 3.3.10, wants it where the first has a zone.
    private static string RuleOf(EventInfo series, TimeZoneInfo zone) =>
        !RecurrenceRule.TryParse(series.Recurrence, out var rule, out _) ? series.Recurrence!
        : rule.Until is { Kind: not DateTimeKind.Utc } until ? (rule with { Until = WallClock.ToInstant(until, zone).UtcDateTime }).ToString() : rule.ToString();

    private static TimeZoneInfo ZoneOf(string name) => WallClock.TryFind(name, out var zone) ? zone : TimeZoneInfo.Utc;
}
