using System.Globalization;
using System.Xml;

namespace Broadcast.Origin.Rewinding;

/// <summary>A stretch of a broadcast by wall clock, in whole seconds.</summary>
/// <param name="Start">Where it begins.</param>
/// <param name="End">Where it ends; <see langword="null"/> when it goes on with the broadcast.</param>
internal sealed record TimeRange(DateTimeOffset Start, DateTimeOffset? End)
{
    private const int LongestText = 64;

    /// <summary>All that there is.</summary>
    public static readonly TimeRange Everything = new(DateTimeOffset.MinValue, null);

    private static readonly string[] Formats =
    [
        "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyyMMdd'T'HHmmssK",
    ];

    /// <summary>Furthest from now that is looked at.</summary>
    private static readonly TimeSpan Furthest = TimeSpan.FromDays(3660);

    /// <summary>The one spelling of it, as the query of an address.</summary>
    public string Query => End is { } end ? $"?start={Text(Start)}&end={Text(end)}" : $"?start={Text(Start)}";

    /// <summary>
    /// Reads what an address asks for: times in ISO 8601 (UTC where it says no zone), seconds since 1970, or seconds or an ISO 8601 duration back from now, with a minus before.
    /// The range takes in the seconds that it touches.
    /// </summary>
    /// <param name="start">As in the query, or <see langword="null"/>.</param>
    /// <param name="end">As in the query, or <see langword="null"/>.</param>
    /// <param name="now">The time.</param>
    /// <param name="mistake">What is wrong, for people; <see langword="null"/> when nothing is.</param>
    /// <returns>The range, or <see langword="null"/> when there is a mistake.</returns>
    public static TimeRange? Parse(string? start, string? end, DateTimeOffset now, out string? mistake)
    {
        mistake = null;
        if (start is null)
        {
            mistake = "'end' needs a 'start'.";
            return null;
        }

        if (!TryParse(start, now, out var from) || (end is not null && !TryParse(end, now, out _)))
        {
            mistake = "'start' and 'end' are times such as 2026-03-01T12:00:00Z, seconds since 1970, or seconds or a duration back from now, such as -90 or -PT1H30M.";
            return null;
        }

        var range = new TimeRange(Floor(from), end is not null && TryParse(end, now, out var to) ? Floor(to.AddTicks(TimeSpan.TicksPerSecond - 1)) : null);
        if (range.End <= range.Start)
        {
            mistake = "'end' has to be after 'start'.";
            return null;
        }

        return range;
    }

    /// <summary>The same from where there is something for who asks; one that is over before that stays as it is.</summary>
    /// <param name="begin">From when on there is something; <see langword="null"/> for always.</param>
    public TimeRange NotBefore(DateTimeOffset? begin) => begin is { } from && Floor(from) is var first && Start < first && !(End <= first) ? this with { Start = first } : this;

    /// <summary>Whether an address says it in its one spelling.</summary>
    public bool IsSpelt(string? start, string? end) => start == Text(Start) && end == (End is { } own ? Text(own) : null);

    /// <summary>A time in its one spelling.</summary>
    public static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static bool TryParse(string text, DateTimeOffset now, out DateTimeOffset time)
    {
        time = default;
        if (text.Length is 0 or > LongestText)
        {
            return false;
        }

        if (text[0] == '-')
        {
            return TryParseBack(text, out var back) && back <= Furthest && (time = now - back) < now;
        }

        if (text.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0)
        {
            var isNumber = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds();
            time = isNumber ? DateTimeOffset.FromUnixTimeSeconds(seconds) : default;
            return isNumber && IsNear(time, now);
        }

        // A plus in a query is a space once it is decoded.
        return DateTimeOffset.TryParseExact(
            text.Replace(' ', '+'), Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time) && IsNear(time, now);
    }

    private static bool TryParseBack(string text, out TimeSpan back)
    {
        back = default;
        if (text.AsSpan(1).IndexOfAnyExceptInRange('0', '9') < 0 && text.Length is > 1 and < 11)
        {
            back = TimeSpan.FromSeconds(long.Parse(text.AsSpan(1), CultureInfo.InvariantCulture));
            return true;
        }

        try
        {
            back = text.StartsWith("-P", StringComparison.Ordinal) ? XmlConvert.ToTimeSpan(text[1..]) : default;
            return back > TimeSpan.Zero;
        }
        catch (Exception mistake) when (mistake is FormatException or OverflowException)
        {
            return false;
        }
    }

    private static bool IsNear(DateTimeOffset time, DateTimeOffset now) => time > now - Furthest && time < now + Furthest;

    private static DateTimeOffset Floor(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
}
