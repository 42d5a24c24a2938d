using Broadcast.Database;

namespace Broadcast.Control.Events;

/// <summary>
/// Cursor into the list of events: <see cref="PageCursor"/> with the event's start. The id alone also works while the event exists and
/// keeps its start.
/// </summary>
internal static class EventCursor
{
    /// <summary>Creates the cursor of an event.</summary>
    public static string Of(EventInfo e) => PageCursor.Of(e.Id, e.StartsAt);

    /// <summary>Parses a cursor. Invalid text is returned whole, as an id that no event has.</summary>
    public static (string? Id, DateTimeOffset? Start) Parse(string? text) => PageCursor.Parse(text);
}
