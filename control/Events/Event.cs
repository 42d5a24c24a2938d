using Broadcast.Control.Channels;

namespace Broadcast.Control.Events;

/// <summary>State of an event.</summary>
public enum EventState
{
    /// <summary>The event is in the future.</summary>
    Scheduled,

    /// <summary>The encoder may publish, hidden from viewers.</summary>
    Preview,

    /// <summary>The event is on air.</summary>
    Live,

    /// <summary>The event is over.</summary>
    Ended,

    /// <summary>The event was canceled.</summary>
    Cancelled,
}

/// <summary>Kind of an event.</summary>
public enum EventKind
{
    /// <summary>An event that takes place once.</summary>
    Single,

    /// <summary>A recurring event. Its occurrences are separate events, created ahead of time; a series itself is never on air.</summary>
    Series,

    /// <summary>One occurrence of a series.</summary>
    Occurrence,
}

/// <summary>Scheduled broadcast on a channel.</summary>
/// <param name="Id">ULID of the event.</param>
/// <param name="Kind">Kind of the event.</param>
/// <param name="Channel">Channel of the event.</param>
/// <param name="Title">Display title.</param>
/// <param name="State">State of the event. A series is scheduled as long as it can have further occurrences.</param>
/// <param name="StartsAt">Planned start; for a series, of the first occurrence.</param>
/// <param name="EndsAt">Planned end.</param>
/// <param name="TimeZone">IANA name of the time zone in which the event was planned.</param>
public sealed record EventInfo(string Id, EventKind Kind, string Channel, string Title, EventState State, DateTimeOffset StartsAt,
    DateTimeOffset EndsAt, string TimeZone)
{
    /// <summary>Description; may be empty.</summary>
    public string Description { get; init; } = "";

    /// <summary>URL of an image; may be empty.</summary>
    public string Poster { get; init; } = "";

    /// <summary>Recurrence rule of a series (<see cref="RecurrenceRule"/>).</summary>
    public string? Recurrence { get; init; }

    /// <summary>Series of an occurrence.</summary>
    public string? Series { get; init; }

    /// <summary>Local start time of an occurrence according to the rule; for a series, of the first occurrence.</summary>
    public DateTime? LocalStart { get; init; }

    /// <summary>Indicates whether an occurrence was changed individually and no longer follows its series.</summary>
    public bool IsChanged { get; init; }

    /// <summary>Ladder during the event; <see langword="null"/> for the channel's.</summary>
    public string? Ladder { get; init; }

    /// <summary>Latency profile during the event; <see langword="null"/> for the channel's.</summary>
    public string? Latency { get; init; }

    /// <summary>Indicates whether the event is recorded; <see langword="null"/> for the channel's setting.</summary>
    public bool? Record { get; init; }

    /// <summary>
    /// Access policy of the event and its recordings, one of <see cref="ChannelRules.Accesses"/>; <see langword="null"/> for the channel's.
    /// </summary>
    public string? Access { get; init; }

    /// <summary>Chat during the event: <c>on</c>, <c>off</c> or <c>members</c>; <see langword="null"/> for the channel's setting.</summary>
    public string? Chat { get; init; }

    /// <summary>Indicates whether title and start are announced to viewers of the channel.</summary>
    public bool IsAnnounced { get; init; } = true;

    /// <summary>Rules for start and end.</summary>
    public required EventLifecyclePolicy Policy { get; init; }

    /// <summary>Minutes before the start at which webhooks are reminded, largest first; empty for none.</summary>
    public IReadOnlyList<int> Reminders { get; init; } = [];

    /// <summary>Human-readable reason for the current state; empty before the first change.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Time of the last state change.</summary>
    public DateTimeOffset StateSince { get; init; }

    /// <summary>Time at which the event went live.</summary>
    public DateTimeOffset? WentLiveAt { get; init; }

    /// <summary>Time at which the event ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>
    /// Time since which the event is late: its start has passed without an encoder; <see langword="null"/> when the encoder was on time.
    /// </summary>
    public DateTimeOffset? LateSince { get; init; }

    /// <summary>Sessions of the event in order; each one's recording has the session's id.</summary>
    public IReadOnlyList<string> Sessions { get; init; } = [];

    /// <summary>Number of changes; <c>SEQUENCE</c> in iCalendar.</summary>
    public int Revision { get; init; }

    /// <summary>Creation time.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Time of the last change.</summary>
    public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>Rules for start and end of an event.</summary>
/// <param name="IsManual">Whether the event goes live only on request.</param>
/// <param name="Preview">Time before the start during which the encoder may publish, hidden from viewers.</param>
/// <param name="Grace">Time after the planned end during which the encoder may continue.</param>
/// <param name="Continues">Whether the event continues beyond the grace period as long as its encoder publishes; otherwise it is
/// ended.</param>
/// <param name="NoShow">Time after the start to wait for a missing encoder; <see langword="null"/> until the planned end.</param>
public sealed record EventLifecyclePolicy(bool IsManual, TimeSpan Preview, TimeSpan Grace, bool Continues, TimeSpan? NoShow);

/// <summary>Requested settings of an event; <see langword="null"/> keeps a value, or uses the default for a new event.</summary>
public sealed record EventSettings
{
    /// <summary>1 to 200 characters. Required for a new event.</summary>
    public string? Title { get; init; }

    /// <summary>Up to 5000 characters; default empty.</summary>
    public string? Description { get; init; }

    /// <summary>URL of an image, <c>https://…</c> or a path on this server; default none.</summary>
    public string? Poster { get; init; }

    /// <summary>Channel of the event. Required for a new event; it cannot be changed.</summary>
    public string? Channel { get; init; }

    /// <summary>Start of the event. Required for a new event.</summary>
    public EventTime? Start { get; init; }

    /// <summary>
    /// Planned end, 1 min to 7 days after the start. Required for a new event. If only the start changes, the end moves with it.
    /// </summary>
    public EventTime? End { get; init; }

    /// <summary>IANA name of the time zone in which the event is planned; default <c>UTC</c>.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Recurrence rule (<see cref="RecurrenceRule"/>); only for new events and series.</summary>
    public string? Recurrence { get; init; }

    /// <summary>Ladder during the event, or <see cref="EventRules.ChannelDefault"/>, the default.</summary>
    public string? Ladder { get; init; }

    /// <summary>Latency profile during the event, or <see cref="EventRules.ChannelDefault"/>, the default.</summary>
    public string? Latency { get; init; }

    /// <summary><c>on</c>, <c>off</c>, or <see cref="EventRules.ChannelDefault"/>, the default.</summary>
    public string? Record { get; init; }

    /// <summary>
    /// Access policy of the event and its recordings: one of <see cref="ChannelRules.Accesses"/>, or
    /// <see cref="EventRules.ChannelDefault"/>, the default. It cannot change from preview on.
    /// </summary>
    public string? Access { get; init; }

    /// <summary>Chat during the event: one of <see cref="EventRules.Chats"/>; default <see cref="EventRules.ChannelDefault"/>.</summary>
    public string? Chat { get; init; }

    /// <summary>One of <see cref="EventRules.Announcements"/>; default the channel's setting.</summary>
    public string? Announced { get; init; }

    /// <summary>One of <see cref="EventRules.Starts"/>; default <c>automatic</c>.</summary>
    public string? StartMode { get; init; }

    /// <summary>0 to 24 h, whole seconds; default 15 min.</summary>
    public TimeSpan? Preview { get; init; }

    /// <summary>0 to 24 h, whole seconds; default 5 min.</summary>
    public TimeSpan? Grace { get; init; }

    /// <summary>One of <see cref="EventRules.Overruns"/>; default <c>end</c>.</summary>
    public string? Overrun { get; init; }

    /// <summary>0 (until the planned end, the default) to 24 h, whole seconds.</summary>
    public TimeSpan? NoShow { get; init; }

    /// <summary>
    /// Minutes before the start at which webhooks are reminded: up to ten numbers, 1 to 10080 (a week); default the channel's setting.
    /// </summary>
    public IReadOnlyList<int>? Reminders { get; init; }
}

/// <summary>Filter of events; <see langword="null"/> for all.</summary>
/// <param name="From">Only events that end after this time.</param>
/// <param name="To">Only events that start before this time.</param>
/// <param name="Channel">Only events on this channel.</param>
/// <param name="State">Only events in this state, one of <see cref="EventRules.States"/>.</param>
/// <param name="Series">Only occurrences of this series. Otherwise series are not listed; their occurrences are.</param>
/// <param name="After">Only events after this one in the list, for paging.</param>
/// <param name="Limit">1 to <see cref="EventRules.MaxPage"/>.</param>
public sealed record EventFilter(
    DateTimeOffset? From = null, DateTimeOffset? To = null, string? Channel = null, string? State = null, string? Series = null,
    string? After = null, int Limit = 50)
{
    /// <summary>
    /// Start of the event <see cref="After"/> as previously listed, so that paging works when it was moved or deleted. Default: its current
    /// start.
    /// </summary>
    public DateTimeOffset? AfterStart { get; init; }
}
