using System.Globalization;

namespace Broadcast.Control;

/// <summary>Tells calendars when clocks of a zone are changed: VTIMEZONE of RFC 5545, 3.6.5. Changes are looked for, whatever makes them; where they follow a rule from a year on, the rule is told.</summary>
internal static class CalendarZone
{
    // As many years as have to be alike to be taken for a rule: in seven, a month begins on every weekday.
    private const int YearsOfRule = 8;

    /// <summary>Writes the zone as far as events between two times need it.</summary>
    public static void Write(CalendarText text, TimeZoneInfo zone, DateTimeOffset first, DateTimeOffset last)
    {
        if (zone.Id == "UTC")
        {
            return;
        }

        var begin = new DateTimeOffset(Math.Max(first.Year - 1, 1900), 1, 1, 0, 0, 0, TimeSpan.Zero);
        var ruleFrom = Math.Max(last.Year, first.Year);
        var changes = Changes(zone, begin, new(ruleFrom + YearsOfRule, 1, 1, 0, 0, 0, TimeSpan.Zero));
        text.Line("BEGIN", "VTIMEZONE").Line("TZID", zone.Id);
        var standard = zone.GetUtcOffset(begin);
        Observance(text, zone.IsDaylightSavingTime(begin), begin.UtcDateTime + standard, standard, standard, null);
        var rules = changes.Where(c => c.Wall.Year >= ruleFrom).GroupBy(c => (c.From, c.To)).ToDictionary(g => g.Key, g => RuleOf([.. g], ruleFrom));
        var areRules = rules.Count > 0 && rules.Values.All(r => r is not null);
        foreach (var change in changes.Where(c => !areRules || c.Wall.Year <= ruleFrom))
        {
            Observance(text, change.IsDaylight, change.Wall, change.From, change.To, areRules && change.Wall.Year == ruleFrom ? rules[(change.From, change.To)] : null);
        }

        text.Line("END", "VTIMEZONE");
    }

    private static void Observance(CalendarText text, bool isDaylight, DateTime wall, TimeSpan from, TimeSpan to, string? rule)
    {
        var name = isDaylight ? "DAYLIGHT" : "STANDARD";
        text.Line("BEGIN", name).Line("DTSTART", CalendarText.Local(wall)).Line("TZOFFSETFROM", Offset(from)).Line("TZOFFSETTO", Offset(to));
        if (rule is not null)
        {
            text.Line("RRULE", rule);
        }

        text.Line("END", name);
    }

    private static List<Change> Changes(TimeZoneInfo zone, DateTimeOffset begin, DateTimeOffset end)
    {
        var found = new List<Change>();
        var before = zone.GetUtcOffset(begin);
        for (var day = begin; day < end; day += TimeSpan.FromDays(1))
        {
            var after = zone.GetUtcOffset(day + TimeSpan.FromDays(1));
            if (after == before)
            {
                continue;
            }

            // Between two days: to the minute, which is as fine as clocks are changed.
            var (low, high) = (day, day + TimeSpan.FromDays(1));
            while (high - low > TimeSpan.FromMinutes(1))
            {
                var middle = low + TimeSpan.FromMinutes(Math.Floor((high - low).TotalMinutes / 2));
                (low, high) = zone.GetUtcOffset(middle) == before ? (middle, high) : (low, middle);
            }

            found.Add(new(DateTime.SpecifyKind(high.UtcDateTime + before, DateTimeKind.Unspecified), before, after, zone.IsDaylightSavingTime(high)));
            before = after;
        }

        return found;
    }

    /// <summary>The rule that a change of every year follows; <see langword="null"/> when none is seen.</summary>
    private static string? RuleOf(List<Change> changes, int year)
    {
        var first = changes[0].Wall;
        if (changes.Count != YearsOfRule || changes.Where((c, i) =>
            c.Wall.Year != year + i || c.Wall.Month != first.Month || c.Wall.DayOfWeek != first.DayOfWeek || c.Wall.TimeOfDay != first.TimeOfDay).Any())
        {
            return null;
        }

        var week = changes.TrueForAll(c => c.Wall.Day + 7 > DateTime.DaysInMonth(c.Wall.Year, c.Wall.Month)) ? -1
            : changes.Select(c => (c.Wall.Day - 1) / 7).Distinct().Count() == 1 ? ((first.Day - 1) / 7) + 1 : 0;
        return week == 0 ? null : new RecurrenceRule(RecurrenceFrequency.Yearly, 1) { ByMonth = [first.Month], ByDay = [new(week, first.DayOfWeek)] }.ToString();
    }

    private static string Offset(TimeSpan offset) => string.Create(
        CultureInfo.InvariantCulture, $"{(offset < TimeSpan.Zero ? '-' : '+')}{offset.Duration():hhmm}{(offset.Seconds == 0 ? "" : offset.Duration().ToString("ss", CultureInfo.InvariantCulture))}");

    private sealed record Change(DateTime Wall, TimeSpan From, TimeSpan To, bool IsDaylight);
}
