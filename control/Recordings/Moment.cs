using System.Globalization;

namespace Broadcast.Control;

/// <summary>
/// A time in a recording as people write it: an instant with its offset from UTC (RFC 3339), seconds from the begin (<c>90</c>, <c>1:30</c>, <c>0:01:30.5</c>) or, negative, back from the end
/// (<c>-30</c>), <c>begin</c> or <c>end</c>.
/// </summary>
public readonly record struct Moment
{
    /// <summary>Most seconds either way: longer than any session.</summary>
    private const double MaxSeconds = 1e9;

    private readonly DateTimeOffset? _at;
    private readonly TimeSpan _offset;

    private Moment(DateTimeOffset? at, TimeSpan offset, bool isEnd) => (_at, _offset, IsEnd) = (at, offset, isEnd);

    /// <summary>The begin.</summary>
    public static Moment Begin => default;

    /// <summary>The end.</summary>
    public static Moment End { get; } = new(null, TimeSpan.Zero, isEnd: true);

    /// <summary>The instant, when it is one.</summary>
    public DateTimeOffset? Instant => _at;

    /// <summary>Whether it counts from the end.</summary>
    public bool IsEnd { get; }

    /// <summary>What a time may be, for people.</summary>
    internal static string Rule(string member) =>
        $"'{member}' must be a time such as 2030-01-31T18:00:00Z, seconds from the begin such as 90 or 1:30, seconds back from the end such as -30, 'begin' or 'end'.";

    /// <summary>An instant.</summary>
    public static Moment At(DateTimeOffset instant) => new(instant.ToUniversalTime(), default, isEnd: false);

    /// <summary>Seconds from the begin, or from the end when negative; <see langword="false"/> when they are no time.</summary>
    public static bool TryMake(double seconds, out Moment moment)
    {
        var isTime = double.IsFinite(seconds) && Math.Abs(seconds) <= MaxSeconds;
        moment = isTime ? new(null, TimeSpan.FromMilliseconds(Math.Round(seconds * 1000)), double.IsNegative(seconds)) : Begin;
        return isTime;
    }

    /// <summary>Reads a text; <see langword="false"/> when it is none of these.</summary>
    public static bool TryParse(string? text, out Moment moment)
    {
        moment = Begin;
        switch (text)
        {
            case "begin":
                return true;
            case "end":
                moment = End;
                return true;
            case null or { Length: 0 or > 40 }:
                return false;
        }

        if (double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds))
        {
            return TryMake(seconds, out moment);
        }

        if (TryClock(text, out var clock))
        {
            return TryMake(clock, out moment);
        }

        var isInstant = DateTimeOffset.TryParseExact(
            text, ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            && at.Year is >= 1970 and < 9999;
        moment = isInstant ? At(at) : Begin;
        return isInstant;
    }

    /// <summary>The instant that it is, where the recording has this begin and end.</summary>
    internal DateTimeOffset On(DateTimeOffset begin, DateTimeOffset end) => _at ?? ((IsEnd ? end : begin) + _offset);

    // Minutes and seconds, or hours, minutes and seconds.
    private static bool TryClock(string text, out double seconds)
    {
        seconds = 0;
        var parts = text.Split(':');
        if (parts.Length is not (2 or 3)
            || !double.TryParse(parts[^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out seconds)
            || !int.TryParse(parts[^2], NumberStyles.None, CultureInfo.InvariantCulture, out var minutes))
        {
            return false;
        }

        var hours = 0;
        if (parts.Length == 3 && !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out hours))
        {
            return false;
        }

        seconds += (minutes * 60.0) + (hours * 3600.0);
        return true;
    }
}
