using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Broadcast.Media;

/// <summary>
/// How far back viewers of a channel can go, as people write it: <c>off</c> (the latency profile's window), <c>all</c> (the whole session, an event), or whole seconds, minutes,
/// hours or days: <c>90s</c>, <c>30m</c>, <c>12h</c>, <c>7d</c>.
/// </summary>
public static class Rewind
{
    /// <summary>Only the latency profile's window.</summary>
    public static readonly TimeSpan Off = TimeSpan.Zero;

    /// <summary>Everything since the session began.</summary>
    public static readonly TimeSpan All = TimeSpan.MaxValue;

    /// <summary>Shortest length.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromMinutes(1);

    /// <summary>Longest length.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(14);

    private static readonly (char Unit, long Seconds)[] Units = [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

    /// <summary>Reads a text; <see langword="false"/> when it is none, or its length is not <see cref="Shortest"/> to <see cref="Longest"/>.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out TimeSpan rewind)
    {
        rewind = Off;
        switch (text)
        {
            case "off" or "0":
                return true;
            case "all":
                rewind = All;
                return true;
            case null or { Length: < 2 or > 9 }:
                return false;
        }

        foreach (var (unit, seconds) in Units)
        {
            if (text[^1] == unit)
            {
                return long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                    && count <= (long)Longest.TotalSeconds / seconds
                    && (rewind = TimeSpan.FromSeconds(count * seconds)) >= Shortest;
            }
        }

        return false;
    }

    /// <summary>The text of a length, in the largest unit that it is a whole number of.</summary>
    public static string Format(TimeSpan rewind)
    {
        if (rewind == Off || rewind == All)
        {
            return rewind == Off ? "off" : "all";
        }

        var total = (long)rewind.TotalSeconds;
        var (letter, length) = Array.Find(Units, unit => total % unit.Seconds == 0);
        return string.Create(CultureInfo.InvariantCulture, $"{total / length}{letter}");
    }
}
