using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>An event as everybody may know it: one that is announced, or was live. A series has none; its occurrences are events of their own.</summary>
/// <param name="Id">Its ULID.</param>
/// <param name="Channel">The channel that it is on, whose viewers are its viewers.</param>
/// <param name="Title">What people read, 1 to 200 characters.</param>
/// <param name="State">How far it is.</param>
/// <param name="StartsAt">When it is to begin.</param>
/// <param name="EndsAt">When it is planned to end.</param>
/// <param name="TimeZone">The IANA name of the zone in which it was planned.</param>
public sealed record EventPage(string Id, ChannelName Channel, string Title, EventState State, DateTimeOffset StartsAt, DateTimeOffset EndsAt, string TimeZone)
{
    /// <summary>What it is about, up to 5000 characters; may be empty.</summary>
    public string Description { get; init; } = "";

    /// <summary>Address of a picture, <c>https://…</c> or a path on this server; may be empty.</summary>
    public string Poster { get; init; } = "";

    /// <summary>Who may watch it and its recordings; <see langword="null"/> for whom the channel lets in.</summary>
    public ViewerAccess? Access { get; init; }

    /// <summary>When it went live.</summary>
    public DateTimeOffset? WentLiveAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Its own recording, where it is over and that is public; the longest, where it had several sessions.</summary>
    public ChannelReplay? Replay { get; init; }

    /// <summary>How often it was changed.</summary>
    public int Revision { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was last changed.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The event alone as iCalendar (RFC 5545).</summary>
    /// <param name="address">Where its page is.</param>
    /// <param name="now">The time.</param>
    public string ToCalendar(string address, DateTimeOffset now) => EventCalendar.Write(
        Title,
        [
            new(Id, EventKind.Single, Channel.Value, Title, State, StartsAt, EndsAt, TimeZone)
            {
                Terms = EventRules.DefaultTerms, Description = Description, Poster = Poster, Revision = Revision, CreatedAt = CreatedAt, UpdatedAt = UpdatedAt,
            },
        ],
        now,
        _ => address);
}

/// <summary>It cannot be found out now whether there is an event; the same request may be answered later.</summary>
public sealed class EventsAwayException(Exception? inner = null) : IOException("What events there are cannot be found out now.", inner);
