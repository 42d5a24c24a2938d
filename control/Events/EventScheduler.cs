using Broadcast.Control.Identity;
using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Broadcast.Control.Events;

/// <summary>
/// Background service that moves events through their states. It asks the <see cref="EventStateMachine"/> and writes each transition with
/// one statement that applies only to the state that was decided on. Any number of processes therefore perform it once. It runs at the next
/// due time, when an event changes, and when an encoder connects or disconnects while an event is due or active. While the database is
/// unavailable nothing changes; missed transitions follow afterwards. A server without role <c>control</c> leaves transitions, occurrences
/// and reminders to others; it loads the events, and applies them to its sessions.
/// </summary>
internal sealed class EventScheduler(
    ServerDatabase database, SessionManager sessionManager, SessionWriter sessionWriter, ActiveEventCache activeEvents,
    EventSessions sessions, [FromKeyedServices(CalendarClock.Key)] TimeProvider time, ILogger<EventScheduler> logger,
    ServerIdentity? identity = null)
    : BackgroundService, INotificationHandler
{
    // Maximum time between passes. It covers changes without a notification, for example after a lost connection.
    private static readonly TimeSpan MaxInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AheadMargin = TimeSpan.FromDays(1);
    private const int MaxTransitionPasses = 100;

    private const string Due = """
        SELECT e.id, e.channel_id AS channelId, c.name AS channel, e.title, e.state, e.starts_at AS startsAt, e.ends_at AS endsAt,
            e.is_manual AS isManual, e.preview_seconds AS previewSeconds,
            e.grace_seconds AS graceSeconds, e.continues, e.no_show_seconds AS noShowSeconds, e.late_since IS NOT NULL AS isLate,
            e.revision, e.ladder, e.latency, e.record, e.access, e.went_live_at AS wentLiveAt,
            (SELECT max(s.id) FROM sessions s WHERE s.channel_id = e.channel_id AND s.ended_at IS NULL
                AND NOT EXISTS (SELECT 1 FROM events x WHERE x.channel_id = e.channel_id AND x.closes_session
                AND s.started_at < x.state_since)) AS session,
            EXISTS (SELECT 1 FROM sessions s WHERE s.channel_id = e.channel_id AND s.ended_at IS NULL AND s.owner IS NOT NULL
                AND s.owner IS DISTINCT FROM @me::uuid) AS isElsewhere,
            EXISTS (SELECT 1 FROM events o WHERE o.channel_id = e.channel_id AND o.id <> e.id AND o.state IN ('preview',
            'live')) AS isTaken,
            (SELECT min(n.starts_at) FROM events n WHERE n.channel_id = e.channel_id AND n.id <> e.id AND n.kind <> 'series'
            AND n.state = 'scheduled') AS nextStart
        FROM events e JOIN channels c ON c.id = e.channel_id
        WHERE c.deleted_at IS NULL AND e.kind <> 'series'
            AND (e.state IN ('preview', 'live') OR (e.state = 'scheduled'
            AND e.starts_at - make_interval(secs => e.preview_seconds) <= @now))
        ORDER BY e.state = 'live' DESC, e.starts_at
        """;

    private const string Next = """
        SELECT min(starts_at - make_interval(secs => preview_seconds)) FROM events
        WHERE kind <> 'series' AND state = 'scheduled' AND starts_at - make_interval(secs => preview_seconds) > @now
        """;

    private const string CooldownsSql = """
        SELECT DISTINCT ON (channel_id) channel_id AS channel, id, title, cooldown_until AS until FROM events WHERE cooldown_until > @now
            ORDER BY channel_id, cooldown_until DESC
        """;

    private const string Announced = """
        SELECT DISTINCT ON (e.channel_id) c.name AS channel, e.title, e.starts_at AS startsAt FROM events e JOIN channels c
            ON c.id = e.channel_id
        WHERE c.deleted_at IS NULL AND e.kind <> 'series' AND e.announced AND e.state IN ('scheduled', 'preview') AND e.starts_at < @until
        ORDER BY e.channel_id, e.starts_at
        """;

    private readonly bool _schedules = identity?.Roles.Control ?? true;
    private readonly WorkLoop _loop = new(time);
    private DateTimeOffset _lastSeriesPass = DateTimeOffset.MinValue;

    /// <summary>
    /// Indicates whether encoders matter: an event is due or active, or ended and its session has not. Otherwise the next event becomes due
    /// at a known time or by a notification, and thousands of encoders may connect without a pass.
    /// </summary>
    private volatile bool _concernsEncoders = true;

    /// <summary>Requests a pass.</summary>
    public void Wake() => _loop.Wake();

    /// <summary>Handles changes of events and, while they matter, starts and ends of sessions at other servers.</summary>
    public bool Handles(DatabaseNotification notification) => notification.Table == "events"
        || (notification.Table == "session_owners" && _concernsEncoders);

    /// <inheritdoc/>
    public Task HandleAsync(NpgsqlConnection connection, IReadOnlyCollection<DatabaseNotification> notifications,
        CancellationToken cancellationToken) => ReloadAsync(connection, cancellationToken);

    /// <inheritdoc/>
    public Task ReloadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        Wake();
        return Task.CompletedTask;
    }

    /// <summary>Performs all due transitions.</summary>
    /// <returns>Latest time of the next pass.</returns>
    public async Task<DateTimeOffset> RunOnceAsync(CancellationToken cancellationToken)
    {
        // Encoders that connect during the pass cause another one.
        _concernsEncoders = true;

        // Sessions that start or end now must be in the database before decisions use them.
        if (!await sessionWriter.FlushAsync(cancellationToken))
        {
            return time.GetUtcNow() + Retry;
        }

        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        for (var i = 0; ; i++)
        {
            // End sessions of ended events first, so that the next event on the channel does not start with them. Their cooldown is set
            // before their encoders are disconnected, so that they are not admitted again.
            var now = time.GetUtcNow();
            await LoadCooldownsAsync(connection, now, cancellationToken);
            var hasUnended = await sessions.EndAsync(connection, cancellationToken);
            var (rows, transitions, nextPass) = (await DueAsync(connection, now, cancellationToken), 0, now + MaxInterval);
            foreach (var row in rows)
            {
                if (!_schedules)
                {
                    break;
                }

                var decision = EventStateMachine.Decide(row.ToSchedule(), ConditionsOf(row, now));
                transitions += await ApplyAsync(connection, row, decision, now, cancellationToken) ? 1 : 0;
                nextPass = decision.DecideAgainAt < nextPass ? decision.DecideAgainAt.Value : nextPass;
            }

            if (transitions > 0 && i < MaxTransitionPasses)
            {
                continue;
            }

            activeEvents.SetActive(rows.Where(r => r.StateOf is EventState.Preview or EventState.Live)
                .Select(r => KeyValuePair.Create(r.ChannelId, r.ToActiveEvent())));
            activeEvents.SetTitles(rows.Where(r => r is { StateOf: EventState.Live, Session: not null })
                .Select(r => KeyValuePair.Create(SessionId.Parse(r.Session!), r.Title)));
            await sessions.ApplyAsync(connection, rows, now, cancellationToken);
            await LoadAnnouncementsAsync(connection, now, cancellationToken);
            nextPass = _schedules ? await PlanAsync(connection, now, nextPass, cancellationToken) : nextPass;
            var next = await connection.ExecuteScalarAsync<DateTime?>(
                new CommandDefinition(Next, new { now }, cancellationToken: cancellationToken));
            _concernsEncoders = rows.Count > 0 || hasUnended;
            return next is { } at && at < nextPass.UtcDateTime ? new(DateTime.SpecifyKind(at, DateTimeKind.Utc)) : nextPass;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _loop.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        sessionManager.Changed += WakeForEncoders;
        try
        {
            await _loop.RunAsync(PassAsync, Retry, e => ControlLog.EventProcessingFailed(logger, e), stoppingToken);
        }
        finally
        {
            sessionManager.Changed -= WakeForEncoders;
        }
    }

    private void WakeForEncoders()
    {
        if (_concernsEncoders)
        {
            Wake();
        }
    }

    /// <summary>
    /// Performs due transitions before publishers are admitted: an encoder that connects first must find the event that is due. Errors are
    /// logged, and the first regular pass retries.
    /// </summary>
    public async Task LoadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await RunOnceAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The caller observes the cancellation.
        }
        catch (Exception e) when (ServerDatabase.IsUnavailable(e))
        {
            // The notification listener logs database outages.
        }
        catch (Exception e)
        {
            ControlLog.EventProcessingFailed(logger, e);
        }
    }

    /// <returns>Delay until the next pass.</returns>
    private async Task<TimeSpan> PassAsync(CancellationToken stoppingToken)
    {
        // A timer can fire slightly early. The minimum delay prevents a busy loop.
        var wait = await RunOnceAsync(stoppingToken) - time.GetUtcNow();
        return wait > TimeSpan.FromMilliseconds(1) ? wait : TimeSpan.FromMilliseconds(1);
    }

    private async Task<List<EventDue>> DueAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellationToken) =>
        [.. await connection.QueryAsync<EventDue>(new CommandDefinition(Due, new { now, me = identity?.Id },
            cancellationToken: cancellationToken))];

    // A session on another server is assumed to have its encoder.
    private EventConditions ConditionsOf(EventDue row, DateTimeOffset now) =>
        new(now, row.Session is not null && (sessionManager.IsPublishing(row.ChannelId) ?? row.IsElsewhere), row.Session is not null,
            row.IsTaken, row.NextStart);

    private async Task<bool> ApplyAsync(NpgsqlConnection connection, EventDue row, EventTransition decision, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        if (decision.To is not { } to)
        {
            if (decision.IsLate && !row.IsLate && await MarkLateAsync(connection, row, now, cancellationToken))
            {
                ControlLog.EventLate(logger, row.Title, row.Channel, row.Id);
            }

            return false;
        }

        try
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var change = new EventStateChange(EventOperation.Schedule, row.Id, to, decision.Reason,
                decision.EndsSession) { From = row.StateOf, Revision = row.Revision };
            var hasChanged = await EventTransitions.ApplyAsync(connection, transaction, change, now, cancellationToken);
            if (hasChanged)
            {
                using var schedule = Actor.Use(EventDetail.Schedule);
                var detail = AuditLog.Detail(("title", row.Title), ("channel", row.Channel), ("from", row.State),
                    ("reason", decision.Reason));
                await AuditLog.RecordAsync(connection, transaction, now, EventDetail.AuditActionOf(to), $"event/{row.Id}", detail,
                    cancellationToken);
                await EventDetail.NotifyAsync(connection, transaction, now, to, row.Channel,
                    new(row.Id, row.Title, EventRules.Name(to), decision.Reason, row.StartsAt, row.EndsAt), cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
            if (hasChanged)
            {
                ControlLog.EventStateChanged(logger, row.Title, row.Channel, row.Id, to, decision.Reason);
            }
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // Another event got the channel between the decision and the transition.
            return false;
        }

        // Also true when another process made the transition: the change requires another decision.
        return true;
    }

    /// <summary>Marks an event as late and adds its webhook event; <see langword="false"/> when another process did.</summary>
    private static async Task<bool> MarkLateAsync(NpgsqlConnection connection, EventDue row, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var marked = await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE events SET late_since = @now WHERE id = @id AND state = @state AND late_since IS NULL",
            new { id = row.Id, state = row.State, now }, transaction, cancellationToken: cancellationToken)) > 0;
        if (marked)
        {
            var data = new EventData(row.Id, row.Title, row.State, "its start time was reached and no encoder is publishing", row.StartsAt,
                row.EndsAt);
            await Outbox.AddAsync(connection, transaction, now, WebhookEventTypes.EventLate, row.Channel, data, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return marked;
    }

    private async Task LoadCooldownsAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var cooldowns = await connection.QueryAsync<(long Channel, string Id, string Title, DateTime Until)>(
            new CommandDefinition(CooldownsSql, new { now }, cancellationToken: cancellationToken));
        activeEvents.SetCooldowns(cooldowns.Select(cooldown => KeyValuePair.Create(cooldown.Channel,
            new ChannelCooldown(cooldown.Id, cooldown.Title, new(DateTime.SpecifyKind(cooldown.Until, DateTimeKind.Utc))))));
    }

    /// <summary>Loads the announced events.</summary>
    private async Task LoadAnnouncementsAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var next = await connection.QueryAsync<(string Channel, string Title, DateTime StartsAt)>(new CommandDefinition(
            Announced, new { until = now + EventRules.AnnouncementHorizon }, cancellationToken: cancellationToken));
        activeEvents.SetNext(next.Select(row => KeyValuePair.Create(ChannelName.Parse(row.Channel),
            new UpcomingEvent(row.Title, new(DateTime.SpecifyKind(row.StartsAt, DateTimeKind.Utc))))));
    }

    /// <summary>Creates occurrences and sends due reminders.</summary>
    /// <returns>Latest time of the next pass.</returns>
    private async Task<DateTimeOffset> PlanAsync(NpgsqlConnection connection, DateTimeOffset now, DateTimeOffset nextPass,
        CancellationToken cancellationToken)
    {
        await CreateOccurrencesAsync(connection, now, cancellationToken);
        await EventReminders.SendDueAsync(connection, now, cancellationToken);
        return await EventReminders.NextAsync(connection, now, cancellationToken) is { } reminder && reminder < nextPass ? reminder
            : nextPass;
    }

    /// <summary>Creates occurrences of series that enter the horizon. New series get their first occurrences on creation.</summary>
    private async Task CreateOccurrencesAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (now - _lastSeriesPass < AheadMargin / 24)
        {
            return;
        }

        var ids = (await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT id FROM events WHERE kind = 'series' AND state = 'scheduled' AND (made_until IS NULL OR made_until < @until)",
            new { until = now + EventRules.Horizon - AheadMargin }, cancellationToken: cancellationToken))).ToList();
        foreach (var id in ids)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var series = await connection.QuerySingleOrDefaultAsync<EventRow>(new CommandDefinition(
                $"{EventRow.Select} AND e.id = @id AND e.state = 'scheduled' FOR UPDATE OF e", new { id }, transaction,
                cancellationToken: cancellationToken));
            if (series is null)
            {
                continue;
            }

            try
            {
                await EventSeries.CreateOccurrencesAsync(connection, transaction, series, now, isStrict: false, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
            }
            catch (Exception e) when (e is PostgresException { SqlState: PostgresErrorCodes.ExclusionViolation }
                or OperationException { Code: OperationErrorCode.Invalid })
            {
                ControlLog.OccurrencesNotCreated(logger, e, series.Title, series.Id);
            }
        }

        _lastSeriesPass = now;
    }
}
