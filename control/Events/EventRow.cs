using System.Globalization;
using Broadcast.Control.Channels;

namespace Broadcast.Control.Events;

/// <summary>Database row of an event.</summary>
internal sealed record EventRow(
    string Id, string Kind, string Channel, long ChannelId, string? SeriesId, string? LocalStart, string? Recurrence, string Title,
    string Description, string Poster,
    DateTimeOffset StartsAt, DateTimeOffset EndsAt, string TimeZone, string? Ladder, string? Latency, bool? Record, bool Announced,
    bool IsManual, int PreviewSeconds, int GraceSeconds, bool Continues,
    int? NoShowSeconds, string State, string Reason, DateTimeOffset StateSince, DateTimeOffset? WentLiveAt, DateTimeOffset? EndedAt,
    DateTimeOffset? LateSince, bool IsChanged, int Revision,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, string? Sessions, string Reminders = "", string? Access = null,
    string? Chat = null)
{
    /// <summary>Selects events of existing channels.</summary>
    public const string Select = """
        SELECT e.id, e.kind, c.name AS channel, e.channel_id AS channelId, e.series_id AS seriesId, to_char(e.local_start,
            'YYYY-MM-DD"T"HH24:MI:SS') AS localStart, e.recurrence,
            e.title, e.description, e.poster, e.starts_at AS startsAt, e.ends_at AS endsAt, e.time_zone AS timeZone, e.ladder, e.latency,
            e.record, e.announced, e.is_manual AS isManual,
            e.preview_seconds AS previewSeconds, e.grace_seconds AS graceSeconds, e.continues, e.no_show_seconds AS noShowSeconds, e.state,
            e.reason, e.state_since AS stateSince,
            e.went_live_at AS wentLiveAt, e.ended_at AS endedAt, e.late_since AS lateSince, e.is_changed AS isChanged, e.revision,
            e.created_at AS createdAt, e.updated_at AS updatedAt,
            (SELECT string_agg(s.session_id, ',' ORDER BY s.session_id) FROM event_sessions s WHERE s.event_id = e.id) AS sessions,
            array_to_string(e.reminder_minutes, ',') AS reminders, e.access, e.chat
        FROM events e JOIN channels c ON c.id = e.channel_id
        WHERE c.deleted_at IS NULL
        """;

    public EventKind KindOf => EventRules.ParseKind(Kind);

    public EventState StateOf => EventRules.ParseState(State);

    public DateTime? LocalStartTime => LocalStart is { } text
        ? LocalDateTime.TryParse(text, out var time) ? time : throw new FormatException($"'{text}' is not a time.") : null;

    public EventLifecyclePolicy PolicyOf => new(
        IsManual, TimeSpan.FromSeconds(PreviewSeconds), TimeSpan.FromSeconds(GraceSeconds), Continues,
        NoShowSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null);

    public EventInfo ToInfo() => new(Id, KindOf, Channel, Title, StateOf, StartsAt, EndsAt, TimeZone)
    {
        Reminders = EventReminders.Minutes(Reminders),
        Description = Description, Poster = Poster, Recurrence = Recurrence, Series = SeriesId, LocalStart = LocalStartTime,
        IsChanged = IsChanged, Ladder = Ladder, Latency = Latency, Record = Record, Access = Access, Chat = Chat,
        IsAnnounced = Announced, Policy = PolicyOf, Reason = Reason, StateSince = StateSince, WentLiveAt = WentLiveAt, EndedAt = EndedAt,
        LateSince = LateSince,
        Sessions = Sessions?.Split(',') ?? [], Revision = Revision, CreatedAt = CreatedAt, UpdatedAt = UpdatedAt,
    };

    /// <summary>Combines stored and requested values.</summary>
    public EventRow With(EventSettings s) => this with
    {
        Title = s.Title ?? Title,
        Description = s.Description ?? Description,
        Poster = s.Poster ?? Poster,
        TimeZone = s.TimeZone ?? TimeZone,
        Ladder = s.Ladder is null ? Ladder : s.Ladder == EventRules.ChannelDefault ? null : ChannelRules.NormalizeLadder(s.Ladder),
        Latency = s.Latency is null ? Latency : s.Latency == EventRules.ChannelDefault ? null : s.Latency,
        Record = s.Record is null ? Record : s.Record == EventRules.ChannelDefault ? null : s.Record == "on",
        Access = s.Access is null ? Access : s.Access == EventRules.ChannelDefault ? null : s.Access,
        Chat = s.Chat is null ? Chat : s.Chat == EventRules.ChannelDefault ? null : s.Chat,
        Announced = s.Announced is null ? Announced : s.Announced == "on",
        IsManual = s.StartMode is null ? IsManual : s.StartMode == "manual",
        PreviewSeconds = SecondsOf(s.Preview) ?? PreviewSeconds,
        GraceSeconds = SecondsOf(s.Grace) ?? GraceSeconds,
        Continues = s.Overrun is null ? Continues : s.Overrun == "continue",
        NoShowSeconds = s.NoShow is null ? NoShowSeconds : s.NoShow == TimeSpan.Zero ? null : SecondsOf(s.NoShow),
        Reminders = s.Reminders is null ? Reminders : EventReminders.Text(s.Reminders),
    };

    /// <summary>Creates a new row with default values.</summary>
    public static EventRow New(string id, string channel, long channelId, DateTimeOffset now)
    {
        var terms = EventRules.DefaultPolicy;
        return new(
            id, EventRules.Name(EventKind.Single), channel, channelId, null, null, null, "", "", "", now, now, "UTC", null, null, null,
            true, terms.IsManual, (int)terms.Preview.TotalSeconds, (int)terms.Grace.TotalSeconds,
            terms.Continues, (int?)terms.NoShow?.TotalSeconds, EventRules.Name(EventState.Scheduled), "", now, null, null, null, false, 0,
            now, now, null);
    }

    /// <summary>Formats a time that is sent to the database as text.</summary>
    public static string Text(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);

    private static int? SecondsOf(TimeSpan? length) => (int?)length?.TotalSeconds;
}
