using System.Globalization;
using Dapper;

namespace Broadcast.Control;

/// <summary>Something that happened on a channel.</summary>
/// <param name="At">When.</param>
/// <param name="Key">Tells it from others of the same instant.</param>
/// <param name="Type"><c>session.started</c>, <c>session.ended</c>, <c>event.</c> with the state that an event went to, <c>audit</c> for what somebody changed, or one of <see cref="HookTypes"/>.</param>
/// <param name="Session">The session it belongs to; <see langword="null"/> for none.</param>
/// <param name="Actor">Who changed something, as <c>kind/id</c> with a name behind it; <see langword="null"/> where nobody did.</param>
/// <param name="Data">What else there is to know, as JSON: an object. Never a secret.</param>
internal sealed record TimelineEntry(DateTimeOffset At, string Key, string Type, string? Session, string? Actor, string Data);

/// <summary>What of a channel's timeline somebody is told.</summary>
/// <param name="Events">Planned broadcasts.</param>
/// <param name="Publishers">Encoders with their keys' ids.</param>
/// <param name="Recordings">Recordings.</param>
/// <param name="Changes">Who changed what.</param>
internal sealed record TimelineSight(bool Events, bool Publishers, bool Recordings, bool Changes)
{
    /// <summary>What a role with its limits is told: the same as on the event stream and of the audit log.</summary>
    public static TimelineSight Of(TokenRole role, TokenLimits limits, string channel)
    {
        bool Shows(string type) => EventStreamRules.Shows(role, limits, null, new(0, type, channel, ""));
        return new(
            Shows(HookTypes.EventLive), Shows(HookTypes.PublishStarted), Shows(HookTypes.RecordingReady),
            role >= TokenRole.Admin && limits.Channels is null && (limits.Scopes is not { } scopes || scopes.Any(s => s is "audit:read" or "audit:write")));
    }
}

/// <summary>All that happened on a channel, put together from what is kept: its sessions and events for good, changes as long as the audit log has them, what encoders did as long as <see cref="EventStreamLog.KeptForTimeline"/>.</summary>
internal sealed class ChannelTimeline(Database database)
{
    /// <summary>Most that one answer holds.</summary>
    public const int MaxPage = 200;

    // Between the instants that a new channel and its row in the audit log have.
    private static readonly TimeSpan Making = TimeSpan.FromSeconds(1);

    // Of two things of one instant the higher key is the later one: an encoder comes after its session began, and goes before that ends. Changes of events that are steps of theirs are told as such.
    private const string Read = $"""
        SELECT at, key, type, session, actor, data FROM (
            SELECT started_at AS at, '1:' || id AS key, 'session.started' AS type, id AS session, NULL::text AS actor, json_build_object('latency', latency)::text AS data
            FROM sessions WHERE channel_id = @id
            UNION ALL
            SELECT ended_at, '9:' || id, 'session.ended', id, NULL, json_build_object('reason', end_reason)::text
            FROM sessions WHERE channel_id = @id AND ended_at IS NOT NULL
            UNION ALL
            SELECT s.at, '5:' || s.event_id || ':' || s.state, 'event.' || s.state, NULL, NULL, json_build_object('event', e.id, 'title', e.title, 'reason', s.reason)::text
            FROM event_steps s JOIN events e ON e.id = s.event_id WHERE e.channel_id = @id AND @events
            UNION ALL
            SELECT (body::json ->> 'timestamp')::timestamptz, '3:' || lpad(id::text, 19, '0'), type, body::json -> 'data' ->> 'session', NULL, (body::json -> 'data')::text
            FROM stream_events WHERE channel_id = @id AND type {EventStreamLog.IsOfTimeline} AND type = ANY (@types) AND (body::json ->> 'timestamp')::timestamptz >= @since
            UNION ALL
            SELECT at, '2:' || lpad(id::text, 19, '0'), 'audit', NULL, actor_kind || '/' || actor_id || ' ' || actor_name, json_build_object('action', action, 'subject', subject, 'detail', detail)::text
            FROM audit_log WHERE @changes AND at >= @since AND (subject = 'channel/' || @channel OR detail ->> 'channel' = @channel)
                AND action NOT IN ('event.preview', 'event.start', 'event.end', 'event.cancel')
        ) t
        WHERE @at::timestamptz IS NULL OR (at, key COLLATE "C") < (@at, @key COLLATE "C")
        ORDER BY at DESC, key COLLATE "C" DESC LIMIT @limit
        """;

    /// <summary>What happened, newest first.</summary>
    /// <param name="channel">The channel: what one with its name had before it was made is not told.</param>
    /// <param name="sight">What is told.</param>
    /// <param name="limit">1 to <see cref="MaxPage"/>.</param>
    /// <param name="before">Only what is older than this place (<see cref="PlaceOf"/>), to read on.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException">A bad value, or no such channel any more.</exception>
    public async Task<IReadOnlyList<TimelineEntry>> ListAsync(ChannelInfo channel, TimelineSight sight, int limit, string? before, CancellationToken cancellationToken)
    {
        if (limit is < 1 or > MaxPage)
        {
            throw new ControlException([new("limit", $"A limit is 1 to {MaxPage}.")]);
        }

        var place = before is null ? ((DateTimeOffset At, string Key)?)null
            : TryParse(before, out var parsed) ? parsed : throw new ControlException([new("before", "'before' must be the id of a row.")]);
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var id = await StreamKeys.ChannelIdAsync(connection, channel.Name, cancellationToken);
        var rows = await connection.QueryAsync<TimelineEntry>(new CommandDefinition(
            Read,
            new
            {
                id, channel = channel.Name, since = channel.CreatedAt.ToUniversalTime() - Making, limit,
                events = sight.Events, changes = sight.Changes, types = EventStreamLog.OfTimeline.Where(t => Shows(sight, t)).ToArray(),
                at = place?.At, key = place?.Key,
            },
            cancellationToken: cancellationToken));
        return [.. rows];
    }

    /// <summary>A row's place among all: <c>MICROSECONDS~KEY</c>, counted from 1970.</summary>
    public static string PlaceOf(TimelineEntry entry) => FormattableString.Invariant($"{(entry.At - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond}~{entry.Key}");

    /// <summary>Takes a place apart.</summary>
    internal static bool TryParse(string text, out (DateTimeOffset At, string Key) place)
    {
        place = default;
        var mark = text.IndexOf('~', StringComparison.Ordinal);
        if (mark < 1 || text.Length > 100 || text.AsSpan(mark + 1).ContainsAnyExceptInRange('!', '~')
            || !long.TryParse(text.AsSpan(0, mark), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
            || microseconds > (DateTimeOffset.MaxValue - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond)
        {
            return false;
        }

        place = (DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond), text[(mark + 1)..]);
        return true;
    }

    private static bool Shows(TimelineSight sight, string type) =>
        type.StartsWith("publish.", StringComparison.Ordinal) ? sight.Publishers
        : type.StartsWith("recording.", StringComparison.Ordinal) ? sight.Recordings
        : !type.StartsWith("event.", StringComparison.Ordinal) || sight.Events;
}
