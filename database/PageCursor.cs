using System.Globalization;

namespace Broadcast.Database;

/// <summary>
/// Cursor into a list sorted by time, as text: <c>ID~TIME</c>, with the time in microseconds since 1970, the database's precision. The time
/// keeps the cursor valid when its row is deleted. An id alone is valid only while the row exists.
/// </summary>
public static class PageCursor
{
    private const char Separator = '~';

    private static readonly long MaxMicroseconds = (DateTimeOffset.MaxValue - DateTimeOffset.UnixEpoch).Ticks
        / TimeSpan.TicksPerMicrosecond;

    /// <summary>Creates the cursor of a row.</summary>
    /// <param name="id">Id of the row, without the separator.</param>
    /// <param name="at">Sort time of the row; not before 1970.</param>
    public static string Of(string id, DateTimeOffset at) =>
        string.Create(CultureInfo.InvariantCulture,
            $"{id}{Separator}{(at - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond}");

    /// <summary>Parses a cursor. Invalid text is returned whole, as an id that no row has.</summary>
    public static (string? Id, DateTimeOffset? At) Parse(string? text)
    {
        var separator = text?.IndexOf(Separator, StringComparison.Ordinal) ?? -1;
        return separator >= 0 && long.TryParse(text.AsSpan(separator + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            && at <= MaxMicroseconds
            ? (text![..separator], DateTimeOffset.UnixEpoch.AddTicks(at * TimeSpan.TicksPerMicrosecond))
            : (text, null);
    }
}
