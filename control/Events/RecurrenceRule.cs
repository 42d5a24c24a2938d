using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Broadcast.Control;

/// <summary>How often something recurs.</summary>
public enum RecurrenceFrequency
{
    /// <summary>Every so many days.</summary>
    Daily,

    /// <summary>Every so many weeks.</summary>
    Weekly,

    /// <summary>Every so many months.</summary>
    Monthly,

    /// <summary>Every so many years.</summary>
    Yearly,
}

/// <summary>A weekday, or one of those in a month or year.</summary>
/// <param name="Ordinal">0 for every one; 1 for the first, -1 for the last.</param>
/// <param name="Day">The weekday.</param>
public readonly record struct RecurrenceDay(int Ordinal, DayOfWeek Day);

/// <summary>
/// A recurrence rule as calendars write it (RFC 5545, 3.3.10): <c>FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10</c>. All of DAILY to YEARLY is taken but BYWEEKNO, BYYEARDAY and times within a day; weekdays with an
/// ordinal do not go with BYMONTHDAY.
/// </summary>
/// <param name="Frequency">How often.</param>
/// <param name="Interval">Every so many days, weeks, months or years; 1 to <see cref="MaxInterval"/>.</param>
public sealed record RecurrenceRule(RecurrenceFrequency Frequency, int Interval)
{
    /// <summary>Longest text, in characters.</summary>
    public const int MaxText = 300;

    /// <summary>Longest interval.</summary>
    public const int MaxInterval = 1000;

    /// <summary>Most occurrences that a rule may count.</summary>
    public const int MaxCount = 10_000;

    private static readonly string[] DayNames = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];
    private static readonly string[] FrequencyNames = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"];

    /// <summary>How many occurrences there are; <see langword="null"/> for no such end.</summary>
    public int? Count { get; init; }

    /// <summary>
    /// The last time at which one may be, inclusive: an instant where its kind is <see cref="DateTimeKind.Utc"/>, else what clocks show in the event's time zone. <see langword="null"/> for no such end.
    /// </summary>
    public DateTime? Until { get; init; }

    /// <summary>On which weekdays.</summary>
    public IReadOnlyList<RecurrenceDay> ByDay { get; init; } = [];

    /// <summary>On which days of the month: 1 to 31, or -1 for the last to -31.</summary>
    public IReadOnlyList<int> ByMonthDay { get; init; } = [];

    /// <summary>In which months, 1 to 12.</summary>
    public IReadOnlyList<int> ByMonth { get; init; } = [];

    /// <summary>Which of those that a day, week, month or year has: 1 for the first, -1 for the last.</summary>
    public IReadOnlyList<int> BySetPosition { get; init; } = [];

    /// <summary>The day that weeks begin on.</summary>
    public DayOfWeek WeekStart { get; init; } = DayOfWeek.Monday;

    /// <summary>Reads a rule; <see langword="false"/> with what is wrong when it is none that is known here.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out RecurrenceRule? rule, out string mistake)
    {
        rule = null;
        if (text is not { Length: > 0 and <= MaxText })
        {
            mistake = $"A recurrence is a rule such as FREQ=WEEKLY;BYDAY=MO,WE of at most {MaxText} characters (RFC 5545, 3.3.10).";
            return false;
        }

        var parts = new Dictionary<string, string>(StringComparer.Ordinal);
        var rest = text.StartsWith("RRULE:", StringComparison.OrdinalIgnoreCase) ? text["RRULE:".Length..] : text;
        foreach (var part in rest.ToUpperInvariant().Split(';'))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || equals == part.Length - 1 || !parts.TryAdd(part[..equals], part[(equals + 1)..]))
            {
                mistake = "A recurrence is NAME=VALUE parts joined by ';', each name once, such as FREQ=WEEKLY;BYDAY=MO,WE.";
                return false;
            }
        }

        var reader = new Reader(parts);
        rule = reader.Read();
        mistake = reader.Mistake ?? "";
        if (reader.Mistake is not null)
        {
            rule = null;
        }

        return rule is not null;
    }

    /// <summary>The rule as calendars write it, in the one form in which it is stored.</summary>
    public override string ToString()
    {
        var parts = new List<string> { $"FREQ={FrequencyNames[(int)Frequency]}" };
        Add("INTERVAL", Interval == 1 ? [] : [Interval]);
        Add("COUNT", Count is { } count ? [count] : []);
        if (Until is { } until)
        {
            parts.Add("UNTIL=" + until.ToString(until.Kind == DateTimeKind.Utc ? "yyyyMMdd'T'HHmmss'Z'" : "yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture));
        }

        Add("BYMONTH", ByMonth);
        Add("BYMONTHDAY", ByMonthDay);
        if (ByDay.Count > 0)
        {
            parts.Add("BYDAY=" + string.Join(',', ByDay.Select(d => (d.Ordinal == 0 ? "" : d.Ordinal.ToString(CultureInfo.InvariantCulture)) + DayNames[(int)d.Day])));
        }

        Add("BYSETPOS", BySetPosition);
        if (WeekStart != DayOfWeek.Monday)
        {
            parts.Add("WKST=" + DayNames[(int)WeekStart]);
        }

        return string.Join(';', parts);

        void Add(string name, IReadOnlyList<int> values)
        {
            if (values.Count > 0)
            {
                parts.Add($"{name}={string.Join(',', values.Select(v => v.ToString(CultureInfo.InvariantCulture)))}");
            }
        }
    }

    // Reads part after part; the first mistake stays.
    private sealed class Reader(Dictionary<string, string> parts)
    {
        private static readonly string[] Known = ["FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST"];

        public string? Mistake { get; private set; }

        public RecurrenceRule? Read()
        {
            if (parts.Keys.FirstOrDefault(k => !Known.Contains(k, StringComparer.Ordinal)) is { } unknown)
            {
                return Wrong($"The part {Shown(unknown)} is not known here; known are {string.Join(", ", Known)}.");
            }

            var frequency = parts.TryGetValue("FREQ", out var name) ? Array.IndexOf(FrequencyNames, name) : -1;
            if (frequency < 0)
            {
                return Wrong($"FREQ must be one of {string.Join(", ", FrequencyNames)}.");
            }

            var rule = new RecurrenceRule((RecurrenceFrequency)frequency, One("INTERVAL", 1, MaxInterval) ?? 1)
            {
                Count = One("COUNT", 1, MaxCount),
                Until = ReadUntil(),
                ByDay = ReadDays("BYDAY", ordinals: true),
                ByMonthDay = Many("BYMONTHDAY", 31, negative: true),
                ByMonth = Many("BYMONTH", 12, negative: false),
                BySetPosition = Many("BYSETPOS", 366, negative: true),
                WeekStart = ReadDays("WKST", ordinals: false) is [var start, ..] ? start.Day : DayOfWeek.Monday,
            };
            return Mistake is not null ? null : Check(rule);
        }

        // What RFC 5545, 3.3.10 forbids, and what is not known here.
        private RecurrenceRule? Check(RecurrenceRule rule)
        {
            var hasOrdinals = rule.ByDay.Any(d => d.Ordinal != 0);
            return rule switch
            {
                { Count: not null, Until: not null } => Wrong("A recurrence ends by COUNT or by UNTIL, not by both."),
                { Frequency: RecurrenceFrequency.Weekly, ByMonthDay.Count: > 0 } => Wrong("BYMONTHDAY does not go with FREQ=WEEKLY."),
                { Frequency: RecurrenceFrequency.Daily or RecurrenceFrequency.Weekly } when hasOrdinals => Wrong("A weekday with a number, such as 1MO, goes with FREQ=MONTHLY and YEARLY only."),
                { ByMonthDay.Count: > 0 } when hasOrdinals => Wrong("A weekday with a number, such as 1MO, does not go with BYMONTHDAY here."),
                { BySetPosition.Count: > 0, ByDay.Count: 0, ByMonthDay.Count: 0, ByMonth.Count: 0 } => Wrong("BYSETPOS chooses among days that BYDAY, BYMONTHDAY or BYMONTH names."),
                _ => rule,
            };
        }

        private DateTime? ReadUntil()
        {
            if (!parts.TryGetValue("UNTIL", out var text))
            {
                return null;
            }

            if (DateTime.TryParseExact(text, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
            {
                return date.AddDays(1).AddSeconds(-1);   // the whole day
            }

            if (DateTime.TryParseExact(text, "yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture, DateTimeStyles.None, out var wall))
            {
                return wall;
            }

            if (DateTime.TryParseExact(text, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var utc))
            {
                return utc;
            }

            Wrong("UNTIL must be a date or time such as 20301231 or 20301231T225959Z.");
            return null;
        }

        private int? One(string name, int least, int most)
        {
            if (!parts.TryGetValue(name, out var text))
            {
                return null;
            }

            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            {
                return number;
            }

            Wrong($"{name} must be {least} to {most}.");
            return null;
        }

        private List<int> Many(string name, int most, bool negative)
        {
            var all = new SortedSet<int>();
            foreach (var text in parts.TryGetValue(name, out var list) ? list.Split(',') : [])
            {
                if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) || number == 0 || Math.Abs((long)number) > most || (number < 0 && !negative))
                {
                    Wrong($"{name} must be numbers from 1 to {most}{(negative ? $", or -1 to -{most}" : "")}, joined by ','.");
                    return [];
                }

                all.Add(number);
            }

            return [.. all];
        }

        private List<RecurrenceDay> ReadDays(string name, bool ordinals)
        {
            var all = new List<RecurrenceDay>();
            foreach (var text in parts.TryGetValue(name, out var list) ? list.Split(',') : [])
            {
                var day = text.Length >= 2 ? Array.IndexOf(DayNames, text[^2..]) : -1;
                var ordinal = 0;
                if (day < 0 || (text.Length > 2 && (!ordinals
                    || !int.TryParse(text.AsSpan(0, text.Length - 2), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out ordinal) || ordinal is 0 or < -53 or > 53)))
                {
                    Wrong($"{name} must be weekdays such as {(ordinals ? "MO,WE or 1MO or -1FR" : "MO")}.");
                    return [];
                }

                var one = new RecurrenceDay(ordinal, (DayOfWeek)day);
                if (!all.Contains(one))
                {
                    all.Add(one);
                }
            }

            return all;
        }

        private RecurrenceRule? Wrong(string mistake)
        {
            Mistake ??= mistake;
            return null;
        }

        private static string Shown(string name) => new([.. name.Take(20).Where(char.IsAsciiLetterOrDigit)]);
    }
}
