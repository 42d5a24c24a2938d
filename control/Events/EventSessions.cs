using Broadcast.Control.Access;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Broadcast.Control.Events;

/// <summary>
/// Applies the states of events to the sessions of their channels: sessions of ended events end, sessions of live events get the event's
/// access policy and title and become visible. Repeating it has no effect.
/// </summary>
internal sealed class EventSessions(
    SessionManager sessionManager, SessionWriter sessionWriter, SessionVisibilityStore visibility, ViewerPolicyCache viewerPolicies,
    ILogger<EventSessions> logger, [FromKeyedServices(CalendarClock.Key)] TimeProvider? time = null, TimeProvider? mediaTime = null)
{
    // Two clocks are never read at the same instant.
    private static readonly TimeSpan ClockNoise = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Offset of the clock of events from that of sessions: other than zero after the system clock was set while a session was live.
    /// </summary>
    private TimeSpan ClockOffset => time is null || mediaTime is null
        || (time.GetUtcNow() - mediaTime.GetUtcNow()) is var offset && offset.Duration() < ClockNoise ? TimeSpan.Zero : offset;

    /// <summary>
    /// Ends sessions of ended events. The server with the encoder performs it; the mark stays until the session has ended.
    /// </summary>
    /// <returns>Whether any ended event was marked.</returns>
    public async Task<bool> EndAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var closing = (await connection.QueryAsync<Closing>(new CommandDefinition(
            "SELECT channel_id AS channelId, state_since AS since, reason FROM events WHERE closes_session",
            cancellationToken: cancellationToken))).ToList();
        if (closing.Count == 0)
        {
            return false;
        }

        var offset = ClockOffset;
        foreach (var (channel, since, reason) in closing)
        {
            sessionManager.End(channel, $"the event ended: {reason}", since - offset);
        }

        await sessionWriter.FlushAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE events e SET closes_session = false
            WHERE closes_session AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.channel_id = e.channel_id AND s.ended_at IS NULL
                AND s.started_at < e.state_since - @offset)
            """,
            new { offset },
            cancellationToken: cancellationToken));
        return true;
    }

    /// <summary>Restricts and shows the sessions of live events, and attaches them to their events.</summary>
    /// <param name="connection">Open connection.</param>
    /// <param name="events">Events in preview or live. The <see cref="ActiveEventCache"/> has them already, so that a session that starts
    /// meanwhile is not hidden.</param>
    /// <param name="now">Current time.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async Task ApplyAsync(NpgsqlConnection connection, IReadOnlyList<EventDue> events, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        EventDue[] live = [.. events.Where(e => e is { StateOf: EventState.Live, Session: not null })];
        await RestrictAsync(connection, live, cancellationToken);
        await ShowAsync(live, now, cancellationToken);
        await AttachAsync(connection, live, cancellationToken);
    }

    /// <summary>
    /// Restricts public sessions that were already on air when their event went live to the event's access policy, as a whole. Restricted
    /// sessions stay as they are, because the media before the event do not belong to it. A session can also be public because of a
    /// previous event. Sessions that start during the event have its access policy from the start.
    /// </summary>
    private async Task RestrictAsync(NpgsqlConnection connection, EventDue[] live, CancellationToken cancellationToken)
    {
        foreach (var row in live.Where(r => r.Access != "public"))
        {
            var restricted = await connection.ExecuteAsync(new CommandDefinition(
                """
                UPDATE sessions s SET access = coalesce(@access, c.access) FROM channels c
                WHERE s.id = @session AND c.id = s.channel_id AND coalesce(s.access, c.access) = 'public' AND coalesce(@access,
                    c.access) <> 'public'
                """,
                new { session = row.Session, access = row.Access }, cancellationToken: cancellationToken));
            if (restricted > 0)
            {
                // other processes are notified; this one applies it at once
                await viewerPolicies.RefreshAsync(connection, row.Channel, cancellationToken);
                ControlLog.SessionAccessChanged(logger, row.Session!, row.Channel, row.Access ?? EventRules.ChannelDefault, row.Title);
            }
        }
    }

    /// <summary>Makes sessions of live events visible from the time at which the event went live.</summary>
    private async Task ShowAsync(EventDue[] live, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var row in live)
        {
            await visibility.ShowAsync(SessionId.Parse(row.Session!), (row.WentLiveAt ?? now) - ClockOffset, cancellationToken);
        }
    }

    /// <summary>
    /// Attaches sessions that are open while their event is live to the event, and gives their recordings the event's title unless a user
    /// set one. The recording of a previously visible session then starts with the event; the part before it is trimmed and can be
    /// restored. For a hidden session, <see cref="SessionVisibilityStore"/> determines the start.
    /// </summary>
    private async Task AttachAsync(NpgsqlConnection connection, EventDue[] live, CancellationToken cancellationToken)
    {
        foreach (var row in live)
        {
            var added = await connection.ExecuteAsync(new CommandDefinition(
                "INSERT INTO event_sessions (event_id, session_id) VALUES (@id, @session) ON CONFLICT DO NOTHING",
                new { id = row.Id, session = row.Session }, cancellationToken: cancellationToken));
            if (added > 0)
            {
                await connection.ExecuteAsync(new CommandDefinition(
                    """
                    UPDATE recordings r SET title = @title,
                        starts_at = CASE WHEN r.starts_at IS NULL AND r.ends_at IS NULL AND s.visible_from IS NULL
                        AND s.started_at < @live - interval '1 second' THEN @live ELSE r.starts_at END
                    FROM channels c, sessions s
                    WHERE c.id = r.channel_id AND s.id = r.session_id AND r.id = @session AND r.kind = 'session' AND r.title = c.title
                    """,
                    new { title = row.Title, session = row.Session, live = row.WentLiveAt - ClockOffset },
                    cancellationToken: cancellationToken));
            }
        }
    }

    private sealed record Closing(long ChannelId, DateTimeOffset Since, string Reason);
}
