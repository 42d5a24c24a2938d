namespace Broadcast.Control;

/// <summary>One time at which something recurs.</summary>
/// <param name="Wall">What clocks in its time zone show, as the rule names it; its identity within the series (<c>RECURRENCE-ID</c>).</param>
/// <param name="At">The instant.</param>
public readonly record struct Recurrence(DateTime Wall, DateTimeOffset At)
{
    // A rule whose days never come, the 30th of February, say, is given up on. The longest that one has to wait is a leap day on a given weekday: 40 years of days, every day looked at.
    private const int MaxIdle = 15_000;

    private static readonly DateTime LastDay = new(9990, 1, 1);

    /// <summary>
    /// The times of a rule from its begin on, in order. The clock on the wall shows the same at each, whatever is done to clocks in between (<see cref="WallClock"/>). The begin counts only where the
    /// rule names it.
    /// </summary>
    /// <param name="rule">The rule.</param>
    /// <param name="begin">What clocks show at the first, and on which day it is at the earliest.</param>
    /// <param name="zone">Where.</param>
    /// <param name="without">Times that are left out; they count where the rule counts (<c>EXDATE</c>).</param>
    public static IEnumerable<Recurrence> Expand(RecurrenceRule rule, DateTime begin, TimeZoneInfo zone, IReadOnlySet<DateTime>? without = null)
    {
        var (count, idle) = (0, 0);
        for (var period = 0; idle < MaxIdle; period++)
        {
            idle++;
            if (DaysOf(rule, begin.Date, period) is not { } days)
            {
                yield break;
            }

            foreach (var day in Chosen(rule, days))
            {
                var wall = day + begin.TimeOfDay;
                if (wall < begin)
                {
                    continue;
                }

                var at = WallClock.ToInstant(wall, zone);
                if (count == rule.Count || (rule.Until is { } until && (until.Kind == DateTimeKind.Utc ? at.UtcDateTime > until : wall > until)))
                {
                    yield break;
                }

                (count, idle) = (count + 1, 0);
                if (without?.Contains(wall) != true)
                {
                    yield return new(wall, at);
                }
            }
        }
    }

    /// <summary>The days of one period, in order; <see langword="null"/> when it is beyond what a calendar has.</summary>
    private static List<DateTime>? DaysOf(RecurrenceRule rule, DateTime first, int period)
    {
        var step = (long)period * rule.Interval;
        switch (rule.Frequency)
        {
            case RecurrenceFrequency.Daily:
                return (LastDay - first).Days < step ? null : [.. Limited(rule, [first.AddDays(step)])];

            case RecurrenceFrequency.Weekly:
                var back = ((int)first.DayOfWeek - (int)rule.WeekStart + 7) % 7;
                if ((LastDay - first).Days < step * 7 || (first - DateTime.MinValue).Days < back)
                {
                    return null;
                }

                var week = first.AddDays(-back).AddDays(step * 7);
                var named = rule.ByDay.Count == 0 ? [first.DayOfWeek] : rule.ByDay.Select(d => d.Day).ToHashSet();
                return [.. Enumerable.Range(0, 7).Select(d => week.AddDays(d)).Where(d => named.Contains(d.DayOfWeek) && InMonth(rule, d))];

            case RecurrenceFrequency.Monthly:
                var months = (first.Year * 12L) + first.Month - 1 + step;
                if (months / 12 >= LastDay.Year)
                {
                    return null;
                }

                var month = new DateTime((int)(months / 12), (int)(months % 12) + 1, 1);
                return InMonth(rule, month) ? OfMonth(rule, month, first.Day) : [];

            default:
                return first.Year + step >= LastDay.Year ? null : OfYear(rule, (int)(first.Year + step), first);
        }
    }

    private static List<DateTime> OfMonth(RecurrenceRule rule, DateTime month, int day)
    {
        var all = Enumerable.Range(0, DateTime.DaysInMonth(month.Year, month.Month)).Select(d => month.AddDays(d)).ToList();
        return rule.ByMonthDay.Count > 0 ? [.. Limited(rule, all)]
            : rule.ByDay.Count > 0 ? Weekdays(rule, all)
            : all.Count >= day ? [all[day - 1]] : [];
    }

    private static List<DateTime> OfYear(RecurrenceRule rule, int year, DateTime first)
    {
        if (rule.ByMonth.Count == 0 && rule.ByMonthDay.Count == 0 && rule.ByDay.Count > 0)
        {
            return Weekdays(rule, [.. Enumerable.Range(0, DateTime.IsLeapYear(year) ? 366 : 365).Select(d => new DateTime(year, 1, 1).AddDays(d))]);
        }

        var months = rule.ByMonth.Count > 0 ? rule.ByMonth : rule.ByMonthDay.Count > 0 ? [.. Enumerable.Range(1, 12)] : [first.Month];
        return [.. months.SelectMany(m => OfMonth(rule, new DateTime(year, m, 1), first.Day))];
    }

    // Each weekday that is named, of the days of a month or year: all, or the one that the ordinal says.
    private static List<DateTime> Weekdays(RecurrenceRule rule, List<DateTime> days)
    {
        var found = new SortedSet<DateTime>();
        foreach (var (ordinal, name) in rule.ByDay)
        {
            var same = days.Where(d => d.DayOfWeek == name).ToList();
            var index = ordinal > 0 ? ordinal - 1 : same.Count + ordinal;
            found.UnionWith(ordinal == 0 ? same : index >= 0 && index < same.Count ? [same[index]] : []);
        }

        return [.. found];
    }

    private static IEnumerable<DateTime> Limited(RecurrenceRule rule, IEnumerable<DateTime> days) => days.Where(d =>
        InMonth(rule, d)
        && (rule.ByDay.Count == 0 || rule.ByDay.Any(b => b.Day == d.DayOfWeek))
        && (rule.ByMonthDay.Count == 0 || rule.ByMonthDay.Any(m => m == d.Day || m == d.Day - DateTime.DaysInMonth(d.Year, d.Month) - 1)));

    private static bool InMonth(RecurrenceRule rule, DateTime day) => rule.ByMonth.Count == 0 || rule.ByMonth.Contains(day.Month);

    private static IEnumerable<DateTime> Chosen(RecurrenceRule rule, List<DateTime> days) => rule.BySetPosition.Count == 0 ? days
        : days.Where((_, i) => rule.BySetPosition.Contains(i + 1) || rule.BySetPosition.Contains(i - days.Count));
}
