namespace Broadcast.Control.Events;

/// <summary>One occurrence of a recurrence rule.</summary>
/// <param name="LocalTime">Local time as computed by the rule; identifies the occurrence within the series (<c>RECURRENCE-ID</c>).</param>
/// <param name="At">UTC time.</param>
public readonly record struct Recurrence(DateTime LocalTime, DateTimeOffset At)
{
    // Expansion stops for a rule whose days never occur, such as February 30. The longest real gap is a leap day on a given weekday: 40
    // years of days when every day is a period.
    private const int MaxEmptyPeriods = 15_000;

    /// <summary>
    /// Maximum number of days examined between two occurrences. The longest real gap, 40 years with every day examined, takes 15,000. A
    /// rule such as <c>FREQ=YEARLY;BYDAY=1MO,1TU;BYSETPOS=366</c> has no occurrence and would examine all years of the calendar.
    /// </summary>
    internal const int MaxSteps = 100_000;

    private static readonly DateTime LastDay = new(9990, 1, 1);

    /// <summary>
    /// Lists the occurrences of a rule from its start on, in order. The local time is the same at each, across offset changes
    /// (<see cref="LocalDateTime"/>). The start itself is included only if the rule produces it.
    /// </summary>
    /// <param name="rule">Recurrence rule.</param>
    /// <param name="start">Local time of the first occurrence, and its earliest day.</param>
    /// <param name="zone">Time zone.</param>
    /// <param name="excluded">Excluded local times; they count toward COUNT (<c>EXDATE</c>).</param>
    /// <param name="steps">Receives the number of days examined; default none.</param>
    /// <returns>The occurrences; they end early where the next one is not found within <see cref="MaxSteps"/>.</returns>
    public static IEnumerable<Recurrence> Expand(RecurrenceRule rule, DateTime start, TimeZoneInfo zone,
        IReadOnlySet<DateTime>? excluded = null, RecurrenceSteps? steps = null)
    {
        steps ??= new();
        var positions = rule.BySetPosition.ToHashSet();
        var (count, emptyPeriods, lastFound) = (0, 0, 0L);
        for (var period = 0; emptyPeriods < MaxEmptyPeriods && steps.Count - lastFound < MaxSteps; period++)
        {
            emptyPeriods++;
            if (DaysOf(rule, start.Date, period, steps) is not { } days)
            {
                yield break;
            }

            foreach (var day in ApplySetPositions(positions, days))
            {
                var localTime = day + start.TimeOfDay;
                if (localTime < start)
                {
                    continue;
                }

                var at = LocalDateTime.ToInstant(localTime, zone);
                if (count == rule.Count
                    || (rule.Until is { } until && (until.Kind == DateTimeKind.Utc ? at.UtcDateTime > until : localTime > until)))
                {
                    yield break;
                }

                (count, emptyPeriods, lastFound) = (count + 1, 0, steps.Count);
                if (excluded?.Contains(localTime) != true)
                {
                    yield return new(localTime, at);
                }
            }
        }
    }

    /// <summary>Lists the days of one period in order; <see langword="null"/> beyond the calendar's range.</summary>
    private static List<DateTime>? DaysOf(RecurrenceRule rule, DateTime first, int period, RecurrenceSteps steps)
    {
        steps.Count++;
        var step = (long)period * rule.Interval;
        switch (rule.Frequency)
        {
            case RecurrenceFrequency.Daily:
                return (LastDay - first).Days < step ? null : [.. Filter(rule, [first.AddDays(step)])];

            case RecurrenceFrequency.Weekly:
                var back = ((int)first.DayOfWeek - (int)rule.WeekStart + 7) % 7;
                if ((LastDay - first).Days < step * 7 || (first - DateTime.MinValue).Days < back)
                {
                    return null;
                }

                steps.Count += 7;
                var week = first.AddDays(-back).AddDays(step * 7);
                var weekdays = rule.ByDay.Count == 0 ? [first.DayOfWeek] : rule.ByDay.Select(d => d.Day).ToHashSet();
                return [.. Enumerable.Range(0, 7).Select(d => week.AddDays(d))
                    .Where(d => weekdays.Contains(d.DayOfWeek) && InMonth(rule, d))];

            case RecurrenceFrequency.Monthly:
                var months = (first.Year * 12L) + first.Month - 1 + step;
                if (months / 12 >= LastDay.Year)
                {
                    return null;
                }

                var month = new DateTime((int)(months / 12), (int)(months % 12) + 1, 1);
                return InMonth(rule, month) ? OfMonth(rule, month, first.Day, steps) : [];

            default:
                return first.Year + step >= LastDay.Year ? null : OfYear(rule, (int)(first.Year + step), first, steps);
        }
    }

    private static List<DateTime> OfMonth(RecurrenceRule rule, DateTime month, int day, RecurrenceSteps steps)
    {
        steps.Count += DateTime.DaysInMonth(month.Year, month.Month);
        var all = Enumerable.Range(0, DateTime.DaysInMonth(month.Year, month.Month)).Select(d => month.AddDays(d)).ToList();
        return rule.ByMonthDay.Count > 0 ? [.. Filter(rule, all)]
            : rule.ByDay.Count > 0 ? Weekdays(rule, all)
            : all.Count >= day ? [all[day - 1]] : [];
    }

    private static List<DateTime> OfYear(RecurrenceRule rule, int year, DateTime first, RecurrenceSteps steps)
    {
        if (rule.ByMonth.Count == 0 && rule.ByMonthDay.Count == 0 && rule.ByDay.Count > 0)
        {
            steps.Count += 366;
            return Weekdays(rule,
                [.. Enumerable.Range(0, DateTime.IsLeapYear(year) ? 366 : 365).Select(d => new DateTime(year, 1, 1).AddDays(d))]);
        }

        var months = rule.ByMonth.Count > 0 ? rule.ByMonth : rule.ByMonthDay.Count > 0 ? [.. Enumerable.Range(1, 12)] : [first.Month];
        return [.. months.SelectMany(m => OfMonth(rule, new DateTime(year, m, 1), first.Day, steps))];
    }

    // Selects each named weekday among the days of a month or year: all of them, or the one with the ordinal.
    private static List<DateTime> Weekdays(RecurrenceRule rule, List<DateTime> days)
    {
        var selected = new SortedSet<DateTime>();
        var byName = days.GroupBy(d => d.DayOfWeek).ToDictionary(g => g.Key, g => g.ToList());
        foreach (var (ordinal, name) in rule.ByDay)
        {
            var same = byName[name];
            var index = ordinal > 0 ? ordinal - 1 : same.Count + ordinal;
            selected.UnionWith(ordinal == 0 ? same : index >= 0 && index < same.Count ? [same[index]] : []);
        }

        return [.. selected];
    }

    private static IEnumerable<DateTime> Filter(RecurrenceRule rule, IEnumerable<DateTime> days) => days.Where(d =>
        InMonth(rule, d)
        && (rule.ByDay.Count == 0 || rule.ByDay.Any(b => b.Day == d.DayOfWeek))
        && (rule.ByMonthDay.Count == 0 || rule.ByMonthDay.Any(m => m == d.Day || m == d.Day - DateTime.DaysInMonth(d.Year, d.Month) - 1)));

    private static bool InMonth(RecurrenceRule rule, DateTime day) => rule.ByMonth.Count == 0 || rule.ByMonth.Contains(day.Month);

    private static IEnumerable<DateTime> ApplySetPositions(HashSet<int> positions, List<DateTime> days) => positions.Count == 0 ? days
        : days.Where((_, i) => positions.Contains(i + 1) || positions.Contains(i - days.Count));
}

/// <summary>Work of an expansion of a recurrence rule.</summary>
public sealed class RecurrenceSteps
{
    /// <summary>Number of days examined.</summary>
    public long Count { get; set; }
}
