using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Broadcast.Control.Events;

/// <summary>Frequency of a recurrence rule.</summary>
public enum RecurrenceFrequency
{
    /// <summary>Days.</summary>
    Daily,

    /// <summary>Weeks.</summary>
    Weekly,

    /// <summary>Months.</summary>
    Monthly,

    /// <summary>Years.</summary>
    Yearly,
}

/// <summary>Weekday, or one specific weekday of a month or year.</summary>
/// <param name="Ordinal">0 for every one; 1 for the first, -1 for the last.</param>
/// <param name="Day">Weekday.</param>
public readonly record struct RecurrenceDay(int Ordinal, DayOfWeek Day);

/// <summary>
/// Recurrence rule of RFC 5545, 3.3.10: <c>FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10</c>. DAILY to YEARLY are supported, without BYWEEKNO, BYYEARDAY
/// and times within a day. Weekdays with an ordinal cannot be combined with BYMONTHDAY.
/// </summary>
/// <param name="Frequency">Frequency.</param>
/// <param name="Interval">Number of days, weeks, months or years between periods; 1 to <see cref="MaxInterval"/>.</param>
public sealed record RecurrenceRule(RecurrenceFrequency Frequency, int Interval)
{
    /// <summary>Maximum length of the text, in characters.</summary>
    public const int MaxText = 300;

    /// <summary>Maximum interval.</summary>
    public const int MaxInterval = 1000;

    /// <summary>Maximum count of occurrences.</summary>
    public const int MaxCount = 10_000;

    private static readonly string[] DayNames = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];
    private static readonly string[] FrequencyNames = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"];

    /// <summary>Number of occurrences; <see langword="null"/> for no limit.</summary>
    public int? Count { get; init; }

    /// <summary>
    /// Latest time of an occurrence, inclusive: UTC if its kind is <see cref="DateTimeKind.Utc"/>, otherwise local time in the event's time
    /// zone. <see langword="null"/> for no limit.
    /// </summary>
    public DateTime? Until { get; init; }

    /// <summary>Weekdays.</summary>
    public IReadOnlyList<RecurrenceDay> ByDay { get; init; } = [];

    /// <summary>Days of the month: 1 to 31, or -1 (last) to -31.</summary>
    public IReadOnlyList<int> ByMonthDay { get; init; } = [];

    /// <summary>Months, 1 to 12.</summary>
    public IReadOnlyList<int> ByMonth { get; init; } = [];

    /// <summary>Positions within the days of a period: 1 for the first, -1 for the last.</summary>
    public IReadOnlyList<int> BySetPosition { get; init; } = [];

    /// <summary>First day of the week.</summary>
    public DayOfWeek WeekStart { get; init; } = DayOfWeek.Monday;

    /// <summary>Parses a rule; <see langword="false"/> with an error when it is invalid or unsupported.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out RecurrenceRule? rule, out string error)
    {
        rule = null;
        if (text is not { Length: > 0 and <= MaxText })
        {
            error = $"A recurrence must be a rule such as FREQ=WEEKLY;BYDAY=MO,WE of at most {MaxText} characters (RFC 5545, 3.3.10).";
            return false;
        }

        var parts = new Dictionary<string, string>(StringComparer.Ordinal);
        var rest = text.StartsWith("RRULE:", StringComparison.OrdinalIgnoreCase) ? text["RRULE:".Length..] : text;
        foreach (var part in rest.ToUpperInvariant().Split(';'))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || equals == part.Length - 1 || !parts.TryAdd(part[..equals], part[(equals + 1)..]))
            {
                error = "A recurrence must consist of NAME=VALUE parts separated by ';', each name once, such as FREQ=WEEKLY;BYDAY=MO,WE.";
                return false;
            }
        }

        var reader = new Reader(parts);
        rule = reader.Read();
        error = reader.Error ?? "";
        if (reader.Error is not null)
        {
            rule = null;
        }

        return rule is not null;
    }

    /// <summary>Formats the rule in its normalized form, as stored.</summary>
    public override string ToString()
    {
        var parts = new List<string> { $"FREQ={FrequencyNames[(int)Frequency]}" };
        Add("INTERVAL", Interval == 1 ? [] : [Interval]);
        Add("COUNT", Count is { } count ? [count] : []);
        if (Until is { } until)
        {
            parts.Add("UNTIL=" + until.ToString(until.Kind == DateTimeKind.Utc ? "yyyyMMdd'T'HHmmss'Z'" : "yyyyMMdd'T'HHmmss",
                CultureInfo.InvariantCulture));
        }

        Add("BYMONTH", ByMonth);
        Add("BYMONTHDAY", ByMonthDay);
        if (ByDay.Count > 0)
        {
            parts.Add("BYDAY=" + string.Join(',',
                ByDay.Select(d => (d.Ordinal == 0 ? "" : d.Ordinal.ToString(CultureInfo.InvariantCulture)) + DayNames[(int)d.Day])));
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

    // Reads the parts in turn and keeps the first error.
    private sealed class Reader(Dictionary<string, string> parts)
    {
        private static readonly string[] Known = ["FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH",
            "BYSETPOS", "WKST"];

        public string? Error { get; private set; }

        public RecurrenceRule? Read()
        {
            if (parts.Keys.FirstOrDefault(k => !Known.Contains(k, StringComparer.Ordinal)) is { } unknown)
            {
                return Fail($"Unknown part {Sanitize(unknown)}; supported parts are {string.Join(", ", Known)}.");
            }

            var frequency = parts.TryGetValue("FREQ", out var name) ? Array.IndexOf(FrequencyNames, name) : -1;
            if (frequency < 0)
            {
                return Fail($"FREQ must be one of {string.Join(", ", FrequencyNames)}.");
            }

            var rule = new RecurrenceRule((RecurrenceFrequency)frequency, ReadNumber("INTERVAL", 1, MaxInterval) ?? 1)
            {
                Count = ReadNumber("COUNT", 1, MaxCount),
                Until = ReadUntil(),
                ByDay = ReadDays("BYDAY", ordinals: true),
                ByMonthDay = ReadNumbers("BYMONTHDAY", 31, negative: true),
                ByMonth = ReadNumbers("BYMONTH", 12, negative: false),
                BySetPosition = ReadNumbers("BYSETPOS", 366, negative: true),
                WeekStart = ReadDays("WKST", ordinals: false) is [var start, ..] ? start.Day : DayOfWeek.Monday,
            };
            return Error is not null ? null : RejectUnsupported(rule);
        }

        // Rejects combinations that RFC 5545, 3.3.10 forbids or that are not supported.
        private RecurrenceRule? RejectUnsupported(RecurrenceRule rule)
        {
            var hasOrdinals = rule.ByDay.Any(d => d.Ordinal != 0);
            return rule switch
            {
                { Count: not null, Until: not null } => Fail("A recurrence can end by COUNT or by UNTIL, not by both."),
                { Frequency: RecurrenceFrequency.Weekly, ByMonthDay.Count: > 0 } => Fail("BYMONTHDAY cannot be combined with FREQ=WEEKLY."),
                { Frequency: RecurrenceFrequency.Daily or RecurrenceFrequency.Weekly } when hasOrdinals =>
                    Fail("A weekday with a number, such as 1MO, requires FREQ=MONTHLY or YEARLY."),
                { ByMonthDay.Count: > 0 } when hasOrdinals =>
                    Fail("A weekday with a number, such as 1MO, cannot be combined with BYMONTHDAY."),
                { BySetPosition.Count: > 0, ByDay.Count: 0, ByMonthDay.Count: 0, ByMonth.Count: 0 } =>
                    Fail("BYSETPOS requires BYDAY, BYMONTHDAY or BYMONTH."),
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
                return date.AddDays(1).AddSeconds(-1);   // end of the day
            }

            if (DateTime.TryParseExact(text, "yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture, DateTimeStyles.None, out var localTime))
            {
                return localTime;
            }

            if (DateTime.TryParseExact(text, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var utc))
            {
                return utc;
            }

            Fail("UNTIL must be a date or time such as 20301231 or 20301231T225959Z.");
            return null;
        }

        private int? ReadNumber(string name, int min, int max)
        {
            if (!parts.TryGetValue(name, out var text))
            {
                return null;
            }

            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
            {
                return number;
            }

            Fail($"{name} must be {min} to {max}.");
            return null;
        }

        private List<int> ReadNumbers(string name, int max, bool negative)
        {
            var all = new SortedSet<int>();
            foreach (var text in parts.TryGetValue(name, out var list) ? list.Split(',') : [])
            {
                if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) || number == 0
                    || Math.Abs((long)number) > max || (number < 0 && !negative))
                {
                    Fail($"{name} must be numbers from 1 to {max}{(negative ? $", or -1 to -{max}" : "")}, separated by ','.");
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
                    || !int.TryParse(text.AsSpan(0, text.Length - 2), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
                        out ordinal) || ordinal is 0 or < -53 or > 53)))
                {
                    Fail($"{name} must be weekdays such as {(ordinals ? "MO,WE or 1MO or -1FR" : "MO")}.");
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

        private RecurrenceRule? Fail(string error)
        {
            Error ??= error;
            return null;
        }

        private static string Sanitize(string name) => new([.. name.Take(20).Where(char.IsAsciiLetterOrDigit)]);
    }
}
