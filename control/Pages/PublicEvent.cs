using Broadcast.Control.Calendars;
using Broadcast.Control.Events;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;

namespace Broadcast.Control.Pages;

/// <summary>Public data of an event that is announced or was live. A series has none; its occurrences are separate events.</summary>
/// <param name="Id">ULID of the event.</param>
/// <param name="Channel">Its channel, whose viewers can watch it.</param>
/// <param name="Title">Title, 1 to 200 characters.</param>
/// <param name="State">Its state.</param>
/// <param name="StartsAt">Scheduled start.</param>
/// <param name="EndsAt">Scheduled end.</param>
/// <param name="TimeZone">IANA name of the time zone in which it was scheduled.</param>
public sealed record PublicEvent(string Id, ChannelName Channel, string Title, EventState State, DateTimeOffset StartsAt,
    DateTimeOffset EndsAt, string TimeZone)
{
    /// <summary>Description, up to 5000 characters; may be empty.</summary>
    public string Description { get; init; } = "";

    /// <summary>URL of an image, <c>https://…</c> or a path on this server; may be empty.</summary>
    public string Poster { get; init; } = "";

    /// <summary>Access policy of the event and its recordings; <see langword="null"/> for the channel's policy.</summary>
    public ViewerAccess? Access { get; init; }

    /// <summary>Time at which it went live.</summary>
    public DateTimeOffset? WentLiveAt { get; init; }

    /// <summary>Time at which it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Its public recording, once it has ended; the longest one if it had several sessions.</summary>
    public ChannelRecording? Replay { get; init; }

    /// <summary>Number of changes.</summary>
    public int Revision { get; init; }

    /// <summary>Time of creation.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Time of the last change.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The event as iCalendar (RFC 5545).</summary>
    /// <param name="url">URL of its page.</param>
    /// <param name="now">The current time.</param>
    public string ToCalendar(string url, DateTimeOffset now) => EventCalendar.Write(
        Title,
        [
            new(Id, EventKind.Single, Channel.Value, Title, State, StartsAt, EndsAt, TimeZone)
            {
                Policy = EventRules.DefaultPolicy, Description = Description, Poster = Poster, Revision = Revision, CreatedAt = CreatedAt,
                UpdatedAt = UpdatedAt,
            },
        ],
        now,
        _ => url);
}

/// <summary>Events are currently unavailable; a later request may succeed.</summary>
public sealed class EventsUnavailableException(Exception? inner = null) : IOException("Events are currently unavailable.", inner);
