using System.Globalization;
using System.Xml;

namespace Broadcast.Origin.Dvr;

/// <summary>A time range of a session by wall-clock time, in whole seconds.</summary>
/// <param name="Start">Its start.</param>
/// <param name="End">Its end; <see langword="null"/> when it grows with the session.</param>
internal sealed record TimeRange(DateTimeOffset Start, DateTimeOffset? End)
{
    private const int MaxTextLength = 64;

    /// <summary>The unlimited range.</summary>
    public static readonly TimeRange Everything = new(DateTimeOffset.MinValue, null);

    private static readonly string[] Formats =
    [
        "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyyMMdd'T'HHmmssK",
    ];

    /// <summary>Maximum distance from now.</summary>
    private static readonly TimeSpan MaxDistance = TimeSpan.FromDays(3660);

    /// <summary>The canonical form of the range as a URL query.</summary>
    public string Query => End is { } end ? $"?start={Text(Start)}&end={Text(end)}" : $"?start={Text(Start)}";

    /// <summary>
    /// Parses the query parameters of a URL: times in ISO 8601 (UTC without a zone), seconds since 1970, or offsets from now. An offset is
    /// a negative number of seconds or a negative ISO 8601 duration. Fractions of a second are rounded outward.
    /// </summary>
    /// <param name="start">The query parameter <c>start</c>, or <see langword="null"/>.</param>
    /// <param name="end">The query parameter <c>end</c>, or <see langword="null"/>.</param>
    /// <param name="now">The current time.</param>
    /// <param name="error">The error, for users; <see langword="null"/> when there is none.</param>
    /// <returns>The range, or <see langword="null"/> when there is an error.</returns>
    public static TimeRange? Parse(string? start, string? end, DateTimeOffset now, out string? error)
    {
        error = null;
        if (start is null)
        {
            error = "'end' requires a 'start'.";
            return null;
        }

        if (!TryParse(start, now, out var from) || (end is not null && !TryParse(end, now, out _)))
        {
            error = "Use times such as 2026-03-01T12:00:00Z, seconds since 1970, or offsets from now such as -90 or -PT1H30M.";
            return null;
        }

        var range = new TimeRange(Floor(from), end is not null
            && TryParse(end, now, out var to) ? Ceiling(to) : null);
        if (range.End <= range.Start)
        {
            error = "'end' must be after 'start'.";
            return null;
        }

        return range;
    }

    /// <summary>The range limited to an earliest start; a range that ends before that stays unchanged.</summary>
    /// <param name="earliest">The earliest start; <see langword="null"/> for none.</param>
    public TimeRange NotBefore(DateTimeOffset? earliest) => earliest is { } from && Floor(from) is var first && Start < first
        && !(End <= first) ? this with { Start = first } : this;

    /// <summary>Returns whether the query parameters are in canonical form.</summary>
    public bool IsCanonical(string? start, string? end) => start == Text(Start) && end == (End is { } value ? Text(value) : null);

    /// <summary>A time in canonical form.</summary>
    public static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>The whole second at or before a time.</summary>
    public static DateTimeOffset Floor(DateTimeOffset time) =>
        new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);

    /// <summary>The whole second at or after a time.</summary>
    public static DateTimeOffset Ceiling(DateTimeOffset time) => Floor(time.AddTicks(TimeSpan.TicksPerSecond - 1));

    private static bool TryParse(string text, DateTimeOffset now, out DateTimeOffset time)
    {
        time = default;
        if (text.Length is 0 or > MaxTextLength)
        {
            return false;
        }

        if (text[0] == '-')
        {
            return TryParseBack(text, out var back) && back <= MaxDistance && (time = now - back) < now;
        }

        if (text.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0)
        {
            var isNumber = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
                && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds();
            time = isNumber ? DateTimeOffset.FromUnixTimeSeconds(seconds) : default;
            return isNumber && IsNear(time, now);
        }

        // A plus in a query is decoded as a space.
        return DateTimeOffset.TryParseExact(
            text.Replace(' ', '+'), Formats, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time) && IsNear(time, now);
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
        catch (Exception exception) when (exception is FormatException or OverflowException)
        {
            return false;
        }
    }

    private static bool IsNear(DateTimeOffset time, DateTimeOffset now) => time > now - MaxDistance && time < now + MaxDistance;
}
