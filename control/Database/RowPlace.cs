using System.Globalization;

namespace Broadcast.Control;

/// <summary>
/// A place in a list that is sorted by an instant, as text: <c>ID~INSTANT</c>, the instant in microseconds since 1970, as precise as the database has it. With its instant a place stays one when its row is gone; the id alone is one
/// only as long as there is that row.
/// </summary>
internal static class RowPlace
{
    private const char Mark = '~';

    private static readonly long Furthest = (DateTimeOffset.MaxValue - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    /// <summary>The place of a row.</summary>
    /// <param name="id">Its id, without the mark.</param>
    /// <param name="at">What it is sorted by; not before 1970.</param>
    public static string Of(string id, DateTimeOffset at) =>
        string.Create(CultureInfo.InvariantCulture, $"{id}{Mark}{(at - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond}");

    /// <summary>Takes a place apart. What is none comes back whole, as an id that no row has.</summary>
    public static (string? Id, DateTimeOffset? At) Parse(string? text)
    {
        var mark = text?.IndexOf(Mark, StringComparison.Ordinal) ?? -1;
        return mark >= 0 && long.TryParse(text.AsSpan(mark + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at <= Furthest
            ? (text![..mark], DateTimeOffset.UnixEpoch.AddTicks(at * TimeSpan.TicksPerMicrosecond))
            : (text, null);
    }
}
