using System.Globalization;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.ServerSentEvents;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Dapper;

namespace Broadcast.Control.Sessions;

/// <summary>Activity entry of a channel.</summary>
/// <param name="At">Time of the activity.</param>
/// <param name="Key">Key that distinguishes entries of the same time.</param>
/// <param name="Type"><c>session.started</c>, <c>session.ended</c>, <c>event.</c> with the new state, <c>audit</c> for an administrative
/// change, or one of <see cref="WebhookEventTypes"/>.</param>
/// <param name="Session">Session of the entry; <see langword="null"/> for none.</param>
/// <param name="Actor">Actor of a change, as <c>kind/id</c> followed by a name; <see langword="null"/> without an actor.</param>
/// <param name="Data">Further details as a JSON object. Never a secret.</param>
internal sealed record ActivityEntry(DateTimeOffset At, string Key, string Type, string? Session, string? Actor, string Data);

/// <summary>Kinds of activity that a caller may see.</summary>
/// <param name="Events">Scheduled events.</param>
/// <param name="Publishers">Encoder connections with key ids.</param>
/// <param name="Recordings">Recordings.</param>
/// <param name="Targets">Targets.</param>
/// <param name="Changes">Administrative changes.</param>
internal sealed record ActivityVisibility(bool Events, bool Publishers, bool Recordings, bool Targets, bool Changes)
{
    /// <summary>Determines what a role with its restrictions may see: the same as on the event stream and in the audit log.</summary>
    public static ActivityVisibility Of(TokenRole role, TokenLimits limits, string channel)
    {
        bool IsVisible(string type) => EventStreamRules.IsVisible(role, limits, null, new(0, type, channel, ""));
        return new(
            IsVisible(WebhookEventTypes.EventLive), IsVisible(WebhookEventTypes.PublishStarted),
            IsVisible(WebhookEventTypes.RecordingReady), IsVisible(WebhookEventTypes.TargetLive),
            role >= TokenRole.Admin && limits.Channels is null
            && (limits.Scopes is not { } scopes || scopes.Any(s => s is "audit:read" or "audit:write")));
    }
}

/// <summary>
/// Activity log of a channel, combined from stored data. Sessions and events are permanent, changes are kept as long as the audit log, and
/// encoder activity for <see cref="EventStreamLog.ActivityRetention"/>.
/// </summary>
internal sealed class ChannelActivityLog(ServerDatabase database)
{
    /// <summary>Maximum number of entries per page.</summary>
    public const int MaxPage = 200;

    // Margin between the creation times of a channel and of its audit log row.
    private static readonly TimeSpan CreationMargin = TimeSpan.FromSeconds(1);

    // At equal times the higher key is later: an encoder starts after its session and stops before the session ends. Audit rows of event
    // transitions are omitted, because the transitions are listed themselves.
    private const string Read = $"""
        SELECT at, key, type, session, actor, data FROM (
            SELECT started_at AS at, '1:' || id AS key, 'session.started' AS type, id AS session, NULL::text AS actor,
                json_build_object('latency', latency)::text AS data
            FROM sessions WHERE channel_id = @id
            UNION ALL
            SELECT ended_at, '9:' || id, 'session.ended', id, NULL, json_build_object('reason', end_reason)::text
            FROM sessions WHERE channel_id = @id AND ended_at IS NOT NULL
            UNION ALL
            SELECT s.at, '5:' || s.event_id || ':' || s.state, 'event.' || s.state, NULL, NULL, json_build_object('event', e.id, 'title',
                e.title, 'reason', s.reason)::text
            FROM event_history s JOIN events e ON e.id = s.event_id WHERE e.channel_id = @id AND @events
            UNION ALL
            SELECT (body::json ->> 'timestamp')::timestamptz, '3:' || lpad(id::text, 19, '0'), type, body::json -> 'data' ->> 'session',
                NULL, (body::json -> 'data')::text
            FROM stream_events WHERE channel_id = @id AND type {EventStreamLog.IsActivitySql} AND type = ANY (@types)
                AND (body::json ->> 'timestamp')::timestamptz >= @since
            UNION ALL
            SELECT at, '2:' || lpad(id::text, 19, '0'), 'audit', NULL, actor_kind || '/' || actor_id || ' ' || actor_name,
                json_build_object('action', action, 'subject', subject, 'detail', detail)::text
            FROM audit_log WHERE @changes AND at >= @since AND (subject = 'channel/' || @channel OR detail ->> 'channel' = @channel)
                AND action NOT IN ('event.preview', 'event.start', 'event.end', 'event.cancel')
        ) t
        WHERE @at::timestamptz IS NULL OR (at, key COLLATE "C") < (@at, @key COLLATE "C")
        ORDER BY at DESC, key COLLATE "C" DESC LIMIT @limit
        """;

    /// <summary>Lists activity, newest first.</summary>
    /// <param name="channel">Channel. Activity of an earlier channel with the same name is omitted.</param>
    /// <param name="visibility">Kinds of activity to list.</param>
    /// <param name="limit">1 to <see cref="MaxPage"/>.</param>
    /// <param name="before">Only entries older than this position (<see cref="CursorOf"/>), for paging.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException">A value is invalid, or the channel no longer exists.</exception>
    public async Task<IReadOnlyList<ActivityEntry>> ListAsync(ChannelInfo channel, ActivityVisibility visibility, int limit, string? before,
        CancellationToken cancellationToken)
    {
        if (limit is < 1 or > MaxPage)
        {
            throw new OperationException([new("limit", $"A limit must be 1 to {MaxPage}.")]);
        }

        var cursor = before is null ? ((DateTimeOffset At, string Key)?)null
            : TryParse(before, out var parsed) ? parsed
            : throw new OperationException([new("before", "'before' must be the id of a row.")]);
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var id = await StreamKeys.ChannelIdAsync(connection, channel.Name, cancellationToken);
        var rows = await connection.QueryAsync<ActivityEntry>(new CommandDefinition(
            Read,
            new
            {
                id, channel = channel.Name, since = channel.CreatedAt.ToUniversalTime() - CreationMargin, limit,
                events = visibility.Events, changes = visibility.Changes,
                types = EventStreamLog.ActivityTypes.Where(t => IsVisible(visibility, t)).ToArray(),
                at = cursor?.At, key = cursor?.Key,
            },
            cancellationToken: cancellationToken));
        return [.. rows];
    }

    /// <summary>Position of an entry: <c>MICROSECONDS~KEY</c>, counted from 1970.</summary>
    public static string CursorOf(ActivityEntry entry) =>
        FormattableString.Invariant($"{(entry.At - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond}~{entry.Key}");

    /// <summary>Parses a position.</summary>
    internal static bool TryParse(string text, out (DateTimeOffset At, string Key) cursor)
    {
        cursor = default;
        var separator = text.IndexOf('~', StringComparison.Ordinal);
        if (separator < 1 || text.Length > 100 || text.AsSpan(separator + 1).ContainsAnyExceptInRange('!', '~')
            || !long.TryParse(text.AsSpan(0, separator), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
            || microseconds > (DateTimeOffset.MaxValue - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond)
        {
            return false;
        }

        cursor = (DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond), text[(separator + 1)..]);
        return true;
    }

    private static bool IsVisible(ActivityVisibility visibility, string type) =>
        type.StartsWith("publish.", StringComparison.Ordinal) ? visibility.Publishers
        : type.StartsWith("recording.", StringComparison.Ordinal) ? visibility.Recordings
        : type.StartsWith("target.", StringComparison.Ordinal) ? visibility.Targets
        : !type.StartsWith("event.", StringComparison.Ordinal) || visibility.Events;
}
