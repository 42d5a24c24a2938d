using System.Globalization;

namespace Broadcast.Control.Recordings;

/// <summary>
/// A position in a recording in user notation. It is an instant with its offset from UTC (RFC 3339), seconds from the start (<c>90</c>,
/// <c>1:30</c>, <c>0:01:30.5</c>), negative seconds from the end (<c>-30</c>), <c>begin</c> or <c>end</c>.
/// </summary>
public readonly record struct RecordingPosition
{
    /// <summary>Maximum seconds in either direction: longer than any session.</summary>
    private const double MaxSeconds = 1e9;

    private readonly DateTimeOffset? _at;
    private readonly TimeSpan _offset;

    private RecordingPosition(DateTimeOffset? at, TimeSpan offset, bool isEnd) => (_at, _offset, IsEnd) = (at, offset, isEnd);

    /// <summary>The start.</summary>
    public static RecordingPosition Start => default;

    /// <summary>The end.</summary>
    public static RecordingPosition End { get; } = new(null, TimeSpan.Zero, isEnd: true);

    /// <summary>The instant, if the position is one.</summary>
    public DateTimeOffset? Instant => _at;

    /// <summary>Indicates whether the position is relative to the end.</summary>
    public bool IsEnd { get; }

    /// <summary>Error message with the valid notations.</summary>
    internal static string Rule(string member) =>
        $"'{member}' must be a time such as 2030-01-31T18:00:00Z, seconds from the start such as 90 or 1:30 or from the end such as -30, "
        + "'begin' or 'end'.";

    /// <summary>An instant.</summary>
    public static RecordingPosition At(DateTimeOffset instant) => new(instant.ToUniversalTime(), default, isEnd: false);

    /// <summary>Creates a position from seconds, relative to the end when negative; <see langword="false"/> when out of range.</summary>
    public static bool TryCreate(double seconds, out RecordingPosition moment)
    {
        var isTime = double.IsFinite(seconds) && Math.Abs(seconds) <= MaxSeconds;
        moment = isTime ? new(null, TimeSpan.FromMilliseconds(Math.Round(seconds * 1000)), double.IsNegative(seconds)) : Start;
        return isTime;
    }

    /// <summary>Parses a text; <see langword="false"/> when it is invalid.</summary>
    public static bool TryParse(string? text, out RecordingPosition moment)
    {
        moment = Start;
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

        if (double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
            out var seconds))
        {
            return TryCreate(seconds, out moment);
        }

        if (TryClock(text, out var clock))
        {
            return TryCreate(clock, out moment);
        }

        var isInstant = DateTimeOffset.TryParseExact(
            text, ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"], CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal, out var at)
            && at.Year is >= 1970 and < 9999;
        moment = isInstant ? At(at) : Start;
        return isInstant;
    }

    /// <summary>The instant of the position in a recording.</summary>
    internal DateTimeOffset Resolve(DateTimeOffset start, DateTimeOffset end) => _at ?? ((IsEnd ? end : start) + _offset);

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
