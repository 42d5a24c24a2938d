using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Broadcast.Control.Recordings;

/// <summary>
/// Retention of recordings after the end of their session, in user notation: <c>forever</c>, or 1 hour to 3650 days in whole hours or days,
/// <c>12h</c>, <c>30d</c>. The database stores hours.
/// </summary>
public static class Retention
{
    /// <summary>Unlimited retention.</summary>
    public const string Forever = "forever";

    /// <summary>For a recording: the channel's retention.</summary>
    public const string OfChannel = "channel";

    /// <summary>Maximum retention, in hours.</summary>
    public const int MaxHours = 3650 * 24;

    /// <summary>Error message with the valid notations.</summary>
    internal const string Rule = "A retention must be 'forever', or 1 hour to 3650 days such as 12h or 30d.";

    /// <summary>Parses a text; <see langword="false"/> when it is invalid.</summary>
    /// <param name="text">The text.</param>
    /// <param name="hours">Hours; <see langword="null"/> for forever.</param>
    public static bool TryParse([NotNullWhen(true)] string? text, out int? hours)
    {
        hours = null;
        if (text == Forever)
        {
            return true;
        }

        if (text is not { Length: >= 2 and <= 6 } || text[^1] is not ('h' or 'd')
            || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return false;
        }

        hours = text[^1] == 'd' ? count * 24 : count;
        return hours is >= 1 and <= MaxHours;
    }

    /// <summary>Formats a retention, in days if it is whole days.</summary>
    /// <param name="hours">Hours; <see langword="null"/> for forever.</param>
    public static string Format(int? hours) =>
        hours is not { } count ? Forever : count % 24 == 0 ? string.Create(CultureInfo.InvariantCulture, $"{count / 24}d")
        : string.Create(CultureInfo.InvariantCulture, $"{count}h");
}
