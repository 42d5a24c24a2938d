using System.Globalization;

namespace Broadcast.Control;

/// <summary>
/// A place in the list of events, as text: <c>ID~START</c>, the start in microseconds since 1970. The id alone is one too, as long as there is that event and it begins when it did.
/// </summary>
internal static class EventPlace
{
    private const char Mark = '~';

    private static readonly long Furthest = (DateTimeOffset.MaxValue - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    /// <summary>The place of an event.</summary>
    public static string Of(EventInfo e) =>
        string.Create(CultureInfo.InvariantCulture, $"{e.Id}{Mark}{(e.StartsAt - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond}");

    /// <summary>Takes a place apart. What is none comes back whole, as an id that no event has.</summary>
    public static (string? Id, DateTimeOffset? Start) Parse(string? text)
    {
        var mark = text?.IndexOf(Mark, StringComparison.Ordinal) ?? -1;
        return mark >= 0 && long.TryParse(text.AsSpan(mark + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var start) && start <= Furthest
            ? (text![..mark], DateTimeOffset.UnixEpoch.AddTicks(start * TimeSpan.TicksPerMicrosecond))
            : (text, null);
    }
}
