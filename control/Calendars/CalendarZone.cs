using System.Globalization;
using Broadcast.Control.Events;

namespace Broadcast.Control.Calendars;

/// <summary>
/// Writes VTIMEZONE components (RFC 5545, 3.6.5) with the offset changes of a zone. The changes are found by search. If they follow a rule
/// from a year on, the rule is written.
/// </summary>
internal static class CalendarZone
{
    // Number of equal years that count as a rule: within seven years, a month can begin on any weekday.
    private const int YearsOfRule = 8;

    /// <summary>Writes the zone for events between two times.</summary>
    public static void Write(CalendarText text, TimeZoneInfo zone, DateTimeOffset first, DateTimeOffset last)
    {
        if (zone.Id == "UTC")
        {
            return;
        }

        var start = new DateTimeOffset(Math.Max(first.Year - 1, 1900), 1, 1, 0, 0, 0, TimeSpan.Zero);
        var ruleFrom = Math.Max(last.Year, first.Year);
        var changes = Changes(zone, start, new(ruleFrom + YearsOfRule, 1, 1, 0, 0, 0, TimeSpan.Zero));
        text.Line("BEGIN", "VTIMEZONE").Line("TZID", zone.Id);
        var standard = zone.GetUtcOffset(start);
        Observance(text, zone.IsDaylightSavingTime(start), start.UtcDateTime + standard, standard, standard, null);
        var rules = changes.Where(c => c.Local.Year >= ruleFrom).GroupBy(c => (c.From, c.To))
            .ToDictionary(g => g.Key, g => RuleOf([.. g], ruleFrom));
        var hasRules = rules.Count > 0 && rules.Values.All(r => r is not null);
        foreach (var change in changes.Where(c => !hasRules || c.Local.Year <= ruleFrom))
        {
            Observance(text, change.IsDaylight, change.Local, change.From, change.To, hasRules
                && change.Local.Year == ruleFrom ? rules[(change.From, change.To)] : null);
        }

        text.Line("END", "VTIMEZONE");
    }

    private static void Observance(CalendarText text, bool isDaylight, DateTime local, TimeSpan from, TimeSpan to, string? rule)
    {
        var name = isDaylight ? "DAYLIGHT" : "STANDARD";
        text.Line("BEGIN", name).Line("DTSTART", CalendarText.Local(local)).Line("TZOFFSETFROM", Offset(from))
            .Line("TZOFFSETTO", Offset(to));
        if (rule is not null)
        {
            text.Line("RRULE", rule);
        }

        text.Line("END", name);
    }

    private static List<Change> Changes(TimeZoneInfo zone, DateTimeOffset start, DateTimeOffset end)
    {
        var changes = new List<Change>();
        var offset = zone.GetUtcOffset(start);
        for (var day = start; day < end; day += TimeSpan.FromDays(1))
        {
            var nextOffset = zone.GetUtcOffset(day + TimeSpan.FromDays(1));
            if (nextOffset == offset)
            {
                continue;
            }

            // Bisects to one minute, the resolution of offset changes.
            var (low, high) = (day, day + TimeSpan.FromDays(1));
            while (high - low > TimeSpan.FromMinutes(1))
            {
                var middle = low + TimeSpan.FromMinutes(Math.Floor((high - low).TotalMinutes / 2));
                (low, high) = zone.GetUtcOffset(middle) == offset ? (middle, high) : (low, middle);
            }

            changes.Add(new(DateTime.SpecifyKind(high.UtcDateTime + offset, DateTimeKind.Unspecified), offset, nextOffset,
                zone.IsDaylightSavingTime(high)));
            offset = nextOffset;
        }

        return changes;
    }

    /// <summary>Finds the yearly rule of a change; <see langword="null"/> when there is none.</summary>
    private static string? RuleOf(List<Change> changes, int year)
    {
        var first = changes[0].Local;
        if (changes.Count != YearsOfRule || changes.Where((c, i) =>
            c.Local.Year != year + i || c.Local.Month != first.Month || c.Local.DayOfWeek != first.DayOfWeek
            || c.Local.TimeOfDay != first.TimeOfDay).Any())
        {
            return null;
        }

        var week = changes.TrueForAll(c => c.Local.Day + 7 > DateTime.DaysInMonth(c.Local.Year, c.Local.Month)) ? -1
            : changes.Select(c => (c.Local.Day - 1) / 7).Distinct().Count() == 1 ? ((first.Day - 1) / 7) + 1 : 0;
        return week == 0 ? null : new RecurrenceRule(RecurrenceFrequency.Yearly, 1) { ByMonth = [first.Month],
            ByDay = [new(week, first.DayOfWeek)] }.ToString();
    }

    private static string Offset(TimeSpan offset) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(offset < TimeSpan.Zero ? '-' : '+')}{offset.Duration():hhmm}{(offset.Seconds == 0 ? "" : offset.Duration().ToString("ss", CultureInfo.InvariantCulture))}");

    private sealed record Change(DateTime Local, TimeSpan From, TimeSpan To, bool IsDaylight);
}
