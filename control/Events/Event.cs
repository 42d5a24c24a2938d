namespace Broadcast.Control;

/// <summary>How far an event is.</summary>
public enum EventState
{
    /// <summary>It is to come.</summary>
    Scheduled,

    /// <summary>Its encoder may publish; the audience waits.</summary>
    Preview,

    /// <summary>It is on.</summary>
    Live,

    /// <summary>It is over.</summary>
    Ended,

    /// <summary>It will not be.</summary>
    Cancelled,
}

/// <summary>What an event stands for.</summary>
public enum EventKind
{
    /// <summary>It is once.</summary>
    Single,

    /// <summary>It recurs: its occurrences are events of their own, made ahead; it is never on itself.</summary>
    Series,

    /// <summary>One time of a series.</summary>
    Occurrence,
}

/// <summary>A scheduled broadcast on a channel.</summary>
/// <param name="Id">Its ULID.</param>
/// <param name="Kind">What it stands for.</param>
/// <param name="Channel">The channel that it is on.</param>
/// <param name="Title">What people read.</param>
/// <param name="State">How far it is. A series is scheduled as long as it may have further occurrences.</param>
/// <param name="StartsAt">When it is to begin; of a series, the first occurrence.</param>
/// <param name="EndsAt">When it is planned to end.</param>
/// <param name="TimeZone">The IANA name of the zone in which it was planned.</param>
public sealed record EventInfo(string Id, EventKind Kind, string Channel, string Title, EventState State, DateTimeOffset StartsAt, DateTimeOffset EndsAt, string TimeZone)
{
    /// <summary>What it is about; may be empty.</summary>
    public string Description { get; init; } = "";

    /// <summary>Address of a picture; may be empty.</summary>
    public string Poster { get; init; } = "";

    /// <summary>Of a series: its rule (<see cref="RecurrenceRule"/>).</summary>
    public string? Recurrence { get; init; }

    /// <summary>Of an occurrence: its series.</summary>
    public string? Series { get; init; }

    /// <summary>Of an occurrence, what clocks show when the rule has it; of a series, the first.</summary>
    public DateTime? PlannedWall { get; init; }

    /// <summary>Of an occurrence: whether it was changed by itself, so that it does not follow its series any more.</summary>
    public bool IsChanged { get; init; }

    /// <summary>The channel's ladder for its time; <see langword="null"/> for the channel's own.</summary>
    public string? Ladder { get; init; }

    /// <summary>The latency profile for its time; <see langword="null"/> for the channel's own.</summary>
    public string? Latency { get; init; }

    /// <summary>Whether it is recorded; <see langword="null"/> for what the channel says.</summary>
    public bool? Record { get; init; }

    /// <summary>Who may watch it and its recordings, one of <see cref="ChannelRules.Accesses"/>; <see langword="null"/> for whom the channel lets in.</summary>
    public string? Access { get; init; }

    /// <summary>Whether viewers of the channel are told its title and start before it is on.</summary>
    public bool IsAnnounced { get; init; } = true;

    /// <summary>When and how it begins and ends.</summary>
    public required EventTerms Terms { get; init; }

    /// <summary>How many minutes before its start webhooks are reminded of it, the most first; empty for never.</summary>
    public IReadOnlyList<int> Reminders { get; init; } = [];

    /// <summary>Why it is in its state, for people; empty while nothing has happened.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Since when it is in its state.</summary>
    public DateTimeOffset StateSince { get; init; }

    /// <summary>When it went live.</summary>
    public DateTimeOffset? WentLiveAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Since when it has been missed that an encoder comes: its start is past, and none is there; <see langword="null"/> when there was one in time.</summary>
    public DateTimeOffset? LateSince { get; init; }

    /// <summary>The sessions that it had, in order; a recording of each has the session's id.</summary>
    public IReadOnlyList<string> Sessions { get; init; } = [];

    /// <summary>How often it was changed; calendars call it <c>SEQUENCE</c>.</summary>
    public int Revision { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was last changed.</summary>
    public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>When and how an event begins and ends.</summary>
/// <param name="IsManual">Whether it goes live only when somebody says so.</param>
/// <param name="Preview">How long before its start its encoder may publish without the audience seeing it.</param>
/// <param name="Grace">How long after its planned end the encoder may go on.</param>
/// <param name="Continues">Whether it goes on beyond that for as long as its encoder does; else it is ended then.</param>
/// <param name="NoShow">How long after its start it waits for an encoder that has not come; <see langword="null"/> until its planned end.</param>
public sealed record EventTerms(bool IsManual, TimeSpan Preview, TimeSpan Grace, bool Continues, TimeSpan? NoShow);

/// <summary>What is asked of an event; <see langword="null"/> leaves a value as it is, or at its default when the event is new.</summary>
public sealed record EventSettings
{
    /// <summary>1 to 200 characters. A new event must have one.</summary>
    public string? Title { get; init; }

    /// <summary>Up to 5000 characters; default empty.</summary>
    public string? Description { get; init; }

    /// <summary>Address of a picture, <c>https://…</c> or a path on this server; default none.</summary>
    public string? Poster { get; init; }

    /// <summary>The channel that it is on. A new event must have one; it stays.</summary>
    public string? Channel { get; init; }

    /// <summary>When it begins. A new event must have it.</summary>
    public EventTime? Start { get; init; }

    /// <summary>When it is planned to end, 1 min to 7 days later. A new event must have it. Where only the start is changed, it moves with it.</summary>
    public EventTime? End { get; init; }

    /// <summary>IANA name of the time zone that it is planned in; default <c>UTC</c>.</summary>
    public string? TimeZone { get; init; }

    /// <summary>A rule by which it recurs (<see cref="RecurrenceRule"/>); of new events and series only.</summary>
    public string? Recurrence { get; init; }

    /// <summary>The ladder for its time, or <see cref="EventRules.OfChannel"/>, the default.</summary>
    public string? Ladder { get; init; }

    /// <summary>The latency profile for its time, or <see cref="EventRules.OfChannel"/>, the default.</summary>
    public string? Latency { get; init; }

    /// <summary><c>on</c>, <c>off</c>, or <see cref="EventRules.OfChannel"/>, the default.</summary>
    public string? Record { get; init; }

    /// <summary>Who may watch it and its recordings: one of <see cref="ChannelRules.Accesses"/>, or <see cref="EventRules.OfChannel"/>, the default. It stays once the event is in preview.</summary>
    public string? Access { get; init; }

    /// <summary>One of <see cref="EventRules.Announcements"/>; default what the channel has for its events.</summary>
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

    /// <summary>How many minutes before its start webhooks are reminded of it: up to ten numbers, 1 to 10080 (a week); default what the channel has for its events.</summary>
    public IReadOnlyList<int>? Reminders { get; init; }
}

/// <summary>Which events to list; <see langword="null"/> for all.</summary>
/// <param name="From">Only those that end after it.</param>
/// <param name="To">Only those that begin before it.</param>
/// <param name="Channel">Those on a channel.</param>
/// <param name="State">Those in a state, one of <see cref="EventRules.States"/>.</param>
/// <param name="Series">The occurrences of a series. Without it, series themselves are not listed, their occurrences are.</param>
/// <param name="After">Only those behind this one in the list, to read on.</param>
/// <param name="Limit">1 to <see cref="EventRules.MaxPage"/>.</param>
public sealed record EventFilter(
    DateTimeOffset? From = null, DateTimeOffset? To = null, string? Channel = null, string? State = null, string? Series = null, string? After = null, int Limit = 50)
{
    /// <summary>When the event <see cref="After"/> began, as the list said: so one reads on also where it was moved or deleted meanwhile. Not given: as it begins now.</summary>
    public DateTimeOffset? AfterStart { get; init; }
}
