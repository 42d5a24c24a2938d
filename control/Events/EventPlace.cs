namespace Broadcast.Control;

/// <summary>A place in the list of events: <see cref="RowPlace"/> with the event's start. The id alone is one too, as long as there is that event and it begins when it did.</summary>
internal static class EventPlace
{
    /// <summary>The place of an event.</summary>
    public static string Of(EventInfo e) => RowPlace.Of(e.Id, e.StartsAt);

    /// <summary>Takes a place apart. What is none comes back whole, as an id that no event has.</summary>
    public static (string? Id, DateTimeOffset? Start) Parse(string? text) => RowPlace.Parse(text);
}
