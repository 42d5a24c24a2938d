using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Broadcast.Control.Events;

/// <summary>
/// Local times in a time zone. A local time that the clock skips (in spring) uses the offset before the change, so it falls later by the
/// skipped amount. A local time that occurs twice (in autumn) is the first of the two: RFC 5545, 3.3.5.
/// </summary>
public static partial class LocalDateTime
{
    /// <summary>Maximum length of time zone names, in characters.</summary>
    public const int MaxZone = 64;

    // Longer than any offset from UTC, shorter than the time between two offset changes.
    private static readonly TimeSpan Margin = TimeSpan.FromHours(24);

    /// <summary>
    /// Finds a time zone by its IANA name, such as <c>Europe/Berlin</c> or <c>UTC</c>; <see langword="false"/> when unknown.
    /// </summary>
    public static bool TryFind(string? name, [NotNullWhen(true)] out TimeZoneInfo? zone)
    {
        zone = null;
        return name is { Length: >= 2 and <= MaxZone } && ZoneName().IsMatch(name)
            && TimeZoneInfo.TryFindSystemTimeZoneById(name, out zone);
    }

    /// <summary>Converts a local time to UTC.</summary>
    /// <param name="local">Local time; its kind is ignored.</param>
    /// <param name="zone">Time zone.</param>
    public static DateTimeOffset ToInstant(DateTime local, TimeZoneInfo zone)
    {
        var asUtc = new DateTimeOffset(DateTime.SpecifyKind(local, DateTimeKind.Unspecified), TimeSpan.Zero);
        if (asUtc < DateTimeOffset.MinValue + Margin + Margin || asUtc > DateTimeOffset.MaxValue - Margin - Margin)
        {
            return asUtc;
        }

        var (offsetBefore, offsetAfter) = (zone.GetUtcOffset(asUtc - Margin), zone.GetUtcOffset(asUtc + Margin));
        var early = asUtc - offsetBefore;
        if (offsetBefore == offsetAfter || zone.GetUtcOffset(early) == offsetBefore)
        {
            return early;
        }

        var late = asUtc - offsetAfter;
        return zone.GetUtcOffset(late) == offsetAfter ? late : early;
    }

    /// <summary>Converts a time to local time.</summary>
    public static DateTime ToLocal(DateTimeOffset instant, TimeZoneInfo zone) =>
        DateTime.SpecifyKind(TimeZoneInfo.ConvertTime(instant, zone).DateTime, DateTimeKind.Unspecified);

    /// <summary>
    /// Parses a local time without offset, <c>2030-01-31T20:00</c>, with or without seconds; <see langword="false"/> when invalid.
    /// </summary>
    public static bool TryParse(string? text, out DateTime local) => DateTime.TryParseExact(
        text, ["yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm"], CultureInfo.InvariantCulture, DateTimeStyles.None, out local);

    /// <summary>Formats a local time without offset.</summary>
    public static string Format(DateTime local) => local.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);

    // No dots, so that a name cannot leave the time zone folder.
    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex ZoneName();
}

/// <summary>Requested time of an event: a time with its offset from UTC (RFC 3339), or a local time in the event's time zone.</summary>
public readonly record struct EventTime
{
    private readonly DateTimeOffset? _instant;
    private readonly DateTime _local;

    private EventTime(DateTimeOffset? instant, DateTime local) => (_instant, _local) = (instant, local);

    /// <summary>Error message that describes valid times.</summary>
    internal static string ErrorMessage(string member) =>
        $"'{member}' must be a time such as 2030-01-31T20:00:00 (local time in the event's time zone) or 2030-01-31T19:00:00Z.";

    /// <summary>Creates a time with an offset.</summary>
    public static EventTime At(DateTimeOffset instant) => new(instant.ToUniversalTime(), default);

    /// <summary>Creates a local time.</summary>
    public static EventTime At(DateTime local) => new(null, DateTime.SpecifyKind(local, DateTimeKind.Unspecified));

    /// <summary>Parses a text; <see langword="false"/> when it is neither.</summary>
    public static bool TryParse(string? text, out EventTime time)
    {
        time = default;
        if (text is not { Length: <= 40 })
        {
            return false;
        }

        if (LocalDateTime.TryParse(text, out var local))
        {
            time = At(local);
            return true;
        }

        if (text.Length < 20 || !(text[^1] == 'Z' || text[^6] is '+' or '-') || !DateTimeOffset.TryParseExact(
            text, ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"], CultureInfo.InvariantCulture, DateTimeStyles.None,
            out var instant))
        {
            return false;
        }

        time = At(instant);
        return true;
    }

    /// <summary>UTC time in a time zone.</summary>
    public DateTimeOffset ToInstant(TimeZoneInfo zone) => _instant ?? LocalDateTime.ToInstant(_local, zone);

    /// <summary>The time as entered.</summary>
    public override string ToString() => _instant is { } instant
        ? instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) : LocalDateTime.Format(_local);

    /// <summary>Local time in a time zone; a skipped local time stays as entered.</summary>
    public DateTime ToLocal(TimeZoneInfo zone) => _instant is { } instant ? LocalDateTime.ToLocal(instant, zone) : _local;
}
