using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Broadcast.Media;

/// <summary>
/// Text form of a DVR window: <c>off</c> (the latency profile's live window), <c>all</c> (the whole session), or whole seconds, minutes,
/// hours or days: <c>90s</c>, <c>30m</c>, <c>12h</c>, <c>7d</c>.
/// </summary>
public static class DvrWindow
{
    /// <summary>Only the latency profile's live window.</summary>
    public static readonly TimeSpan Off = TimeSpan.Zero;

    /// <summary>The whole session.</summary>
    public static readonly TimeSpan All = TimeSpan.MaxValue;

    /// <summary>Minimum length: 1 minute.</summary>
    public static readonly TimeSpan Min = TimeSpan.FromMinutes(1);

    /// <summary>Maximum length: 14 days.</summary>
    public static readonly TimeSpan Max = TimeSpan.FromDays(14);

    private static readonly (char Unit, long Seconds)[] Units = [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

    /// <summary>
    /// Parses a DVR window; <see langword="false"/> when it is invalid, or not between <see cref="Min"/> and <see cref="Max"/>.
    /// </summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out TimeSpan window)
    {
        window = Off;
        switch (text)
        {
            case "off" or "0":
                return true;
            case "all":
                window = All;
                return true;
            case null or { Length: < 2 or > 9 }:
                return false;
        }

        foreach (var (unit, seconds) in Units)
        {
            if (text[^1] == unit)
            {
                return long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                    && count <= (long)Max.TotalSeconds / seconds
                    && (window = TimeSpan.FromSeconds(count * seconds)) >= Min;
            }
        }

        return false;
    }

    /// <summary>Formats a DVR window in the largest unit that gives a whole number.</summary>
    public static string Format(TimeSpan window)
    {
        if (window == Off || window == All)
        {
            return window == Off ? "off" : "all";
        }

        var total = (long)window.TotalSeconds;
        var (letter, length) = Array.Find(Units, unit => total % unit.Seconds == 0);
        return string.Create(CultureInfo.InvariantCulture, $"{total / length}{letter}");
    }
}
