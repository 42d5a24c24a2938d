using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Broadcast.Control;

/// <summary>
/// Times as clocks on the wall show them in a place. A time that clocks skip (in spring) counts with the offset from before the change, so that it comes later by what is skipped; a time that they show
/// twice (in autumn) is the first of the two: RFC 5545, 3.3.5.
/// </summary>
public static partial class WallClock
{
    /// <summary>Longest name of a time zone, in characters.</summary>
    public const int MaxZone = 64;

    // Longer than any offset from UTC, shorter than any time between two changes of clocks.
    private static readonly TimeSpan Around = TimeSpan.FromHours(24);

    /// <summary>Finds a time zone by its IANA name, such as <c>Europe/Berlin</c> or <c>UTC</c>; <see langword="false"/> when there is none.</summary>
    public static bool TryFind(string? name, [NotNullWhen(true)] out TimeZoneInfo? zone)
    {
        zone = null;
        return name is { Length: >= 2 and <= MaxZone } && ZoneName().IsMatch(name) && TimeZoneInfo.TryFindSystemTimeZoneById(name, out zone);
    }

    /// <summary>The instant at which clocks show a time.</summary>
    /// <param name="wall">What they show; its kind does not matter.</param>
    /// <param name="zone">Where.</param>
    public static DateTimeOffset ToInstant(DateTime wall, TimeZoneInfo zone)
    {
        var asUtc = new DateTimeOffset(DateTime.SpecifyKind(wall, DateTimeKind.Unspecified), TimeSpan.Zero);
        if (asUtc < DateTimeOffset.MinValue + Around + Around || asUtc > DateTimeOffset.MaxValue - Around - Around)
        {
            return asUtc;
        }

        var (before, after) = (zone.GetUtcOffset(asUtc - Around), zone.GetUtcOffset(asUtc + Around));
        var early = asUtc - before;
        if (before == after || zone.GetUtcOffset(early) == before)
        {
            return early;
        }

        var late = asUtc - after;
        return zone.GetUtcOffset(late) == after ? late : early;
    }

    /// <summary>What clocks show at an instant.</summary>
    public static DateTime ToWall(DateTimeOffset instant, TimeZoneInfo zone) => DateTime.SpecifyKind(TimeZoneInfo.ConvertTime(instant, zone).DateTime, DateTimeKind.Unspecified);

    /// <summary>Reads a time without offset, <c>2030-01-31T20:00</c>, with seconds or without; <see langword="false"/> when it is none.</summary>
    public static bool TryParse(string? text, out DateTime wall) => DateTime.TryParseExact(
        text, ["yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm"], CultureInfo.InvariantCulture, DateTimeStyles.None, out wall);

    /// <summary>The text of a time without offset.</summary>
    public static string Format(DateTime wall) => wall.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);

    // No dots, so that a name stays in the folder of time zones.
    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex ZoneName();
}

/// <summary>When something shall be, as people write it: an instant with its offset from UTC (RFC 3339), or what clocks show where the event has its time zone.</summary>
public readonly record struct EventTime
{
    private readonly DateTimeOffset? _instant;
    private readonly DateTime _wall;

    private EventTime(DateTimeOffset? instant, DateTime wall) => (_instant, _wall) = (instant, wall);

    /// <summary>What a time may be, for people.</summary>
    internal static string Rule(string member) => $"'{member}' must be a time such as 2030-01-31T20:00:00 (on clocks of the event's time zone) or 2030-01-31T19:00:00Z.";

    /// <summary>An instant.</summary>
    public static EventTime At(DateTimeOffset instant) => new(instant.ToUniversalTime(), default);

    /// <summary>What clocks show.</summary>
    public static EventTime At(DateTime wall) => new(null, DateTime.SpecifyKind(wall, DateTimeKind.Unspecified));

    /// <summary>Reads a text; <see langword="false"/> when it is neither.</summary>
    public static bool TryParse(string? text, out EventTime time)
    {
        time = default;
        if (text is not { Length: <= 40 })
        {
            return false;
        }

        if (WallClock.TryParse(text, out var wall))
        {
            time = At(wall);
            return true;
        }

        if (text.Length < 20 || !(text[^1] == 'Z' || text[^6] is '+' or '-') || !DateTimeOffset.TryParseExact(
            text, ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var instant))
        {
            return false;
        }

        time = At(instant);
        return true;
    }

    /// <summary>The instant that is meant.</summary>
    public DateTimeOffset In(TimeZoneInfo zone) => _instant ?? WallClock.ToInstant(_wall, zone);

    /// <summary>As it was written.</summary>
    public override string ToString() => _instant is { } instant ? instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) : WallClock.Format(_wall);

    /// <summary>What clocks show then; a time that they skip stays as it was written.</summary>
    public DateTime WallIn(TimeZoneInfo zone) => _instant is { } instant ? WallClock.ToWall(instant, zone) : _wall;
}
