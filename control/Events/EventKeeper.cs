using Broadcast.Media;
using Dapper;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Broadcast.Control;

/// <summary>
/// Moves events through their states at their times: asks the <see cref="EventDecider"/>, and writes what it says in one statement that works only on the state that was decided on. So however many
/// processes do this at once, a step is gone once. It wakes at the next time that matters, when an event is changed and when an encoder comes or goes; while the database is away nothing that
/// runs is touched, and what was missed is made up for afterwards.
/// </summary>
internal sealed class EventKeeper(
    Database database, SessionBook book, SessionLedger ledger, EventGate gate, AudienceRegister audience, ViewingRegister viewing, TimeProvider time, ILogger<EventKeeper> logger) : BackgroundService
{
    // Longest without a look: for what nobody tells, such as a notice that was lost with its connection.
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Ahead = TimeSpan.FromDays(1);
    private const int MaxSteps = 100;

    private const string Due = """
        SELECT e.id, e.channel_id AS channelId, c.name AS channel, e.title, e.state, e.starts_at AS startsAt, e.ends_at AS endsAt, e.is_manual AS isManual, e.preview_seconds AS previewSeconds,
            e.grace_seconds AS graceSeconds, e.continues, e.no_show_seconds AS noShowSeconds, e.late_since IS NOT NULL AS isLate, e.revision, e.ladder, e.latency, e.record, e.access, e.went_live_at AS wentLiveAt,
            (SELECT max(s.id) FROM sessions s WHERE s.channel_id = e.channel_id AND s.ended_at IS NULL
                AND NOT EXISTS (SELECT 1 FROM events x WHERE x.channel_id = e.channel_id AND x.closes_session AND s.started_at < x.state_since)) AS session,
            EXISTS (SELECT 1 FROM events o WHERE o.channel_id = e.channel_id AND o.id <> e.id AND o.state IN ('preview', 'live')) AS isTaken,
            (SELECT min(n.starts_at) FROM events n WHERE n.channel_id = e.channel_id AND n.id <> e.id AND n.kind <> 'series' AND n.state = 'scheduled') AS nextStart
        FROM events e JOIN channels c ON c.id = e.channel_id
        WHERE c.deleted_at IS NULL AND e.kind <> 'series'
            AND (e.state IN ('preview', 'live') OR (e.state = 'scheduled' AND e.starts_at - make_interval(secs => e.preview_seconds) <= @now))
        ORDER BY e.state = 'live' DESC, e.starts_at
        """;

    private const string Next = """
        SELECT min(starts_at - make_interval(secs => preview_seconds)) FROM events
        WHERE kind <> 'series' AND state = 'scheduled' AND starts_at - make_interval(secs => preview_seconds) > @now
        """;

    private const string Step = """
        UPDATE events SET state = @to, reason = @reason, state_since = @now, closes_session = closes_session OR @ends,
            rest_until = CASE WHEN @ends AND EXISTS (SELECT 1 FROM sessions s WHERE s.channel_id = events.channel_id AND s.ended_at IS NULL) THEN @rest ELSE rest_until END,
            went_live_at = CASE WHEN @to = 'live' THEN @now ELSE went_live_at END, ended_at = CASE WHEN @to = 'ended' THEN @now ELSE ended_at END
        WHERE id = @id AND state = @from AND revision = @revision
        """;

    private const string Rests = """
        SELECT DISTINCT ON (channel_id) channel_id AS channel, id, title, rest_until AS until FROM events WHERE rest_until > @now ORDER BY channel_id, rest_until DESC
        """;

    private const string Announced = """
        SELECT DISTINCT ON (e.channel_id) c.name AS channel, e.title, e.starts_at AS startsAt FROM events e JOIN channels c ON c.id = e.channel_id
        WHERE c.deleted_at IS NULL AND e.kind <> 'series' AND e.announced AND e.state IN ('scheduled', 'preview') AND e.starts_at < @until
        ORDER BY e.channel_id, e.starts_at
        """;

    private readonly WorkLoop _loop = new(time);
    private DateTimeOffset _seriesLooked = DateTimeOffset.MinValue;

    /// <summary>Whether a notice on <c>broadcast_control</c> is about events.</summary>
    public static bool IsAbout(string notice) => notice.StartsWith("events:", StringComparison.Ordinal);

    /// <summary>Something has changed: look now.</summary>
    public void Wake() => _loop.Wake();

    /// <summary>Goes all steps that are due.</summary>
    /// <returns>When to look again at the latest.</returns>
    public async Task<DateTimeOffset> RunOnceAsync(CancellationToken cancellationToken)
    {
        // Sessions that begin or end now are in the database before anything is decided on them.
        if (!await ledger.FlushAsync(cancellationToken))
        {
            return time.GetUtcNow() + Retry;
        }

        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        for (var i = 0; ; i++)
        {
            // Sessions of events that are over are nothing that the next ones on their channels could begin with. Their encoders are not let in again at once, which is known before they are sent away.
            var now = time.GetUtcNow();
            await RestAsync(connection, now, cancellationToken);
            await CloseAsync(connection, cancellationToken);
            var (rows, stepped, again) = (await DueAsync(connection, now, cancellationToken), 0, now + Round);
            foreach (var row in rows)
            {
                var decision = EventDecider.Decide(row.ToPlan(), FactsOf(row, now));
                stepped += await ApplyAsync(connection, row, decision, now, cancellationToken) ? 1 : 0;
                again = decision.LookAgain < again ? decision.LookAgain.Value : again;
            }

            if (stepped > 0 && i < MaxSteps)
            {
                continue;
            }

            gate.Set(rows.Where(r => r.State is "preview" or "live").Select(r => KeyValuePair.Create(r.ChannelId, r.ToClaim())));
            gate.SetTitles(rows.Where(r => r is { State: "live", Session: not null }).Select(r => KeyValuePair.Create(SessionId.Parse(r.Session!), r.Title)));
            await CloseToOthersAsync(connection, rows, cancellationToken);
            await ShowAsync(rows, now, cancellationToken);
            await AnnounceAsync(connection, now, cancellationToken);
            await AttachAsync(connection, rows, cancellationToken);
            await MakeAheadAsync(connection, now, cancellationToken);
            await EventReminders.TellAsync(connection, now, cancellationToken);
            again = await EventReminders.NextAsync(connection, now, cancellationToken) is { } reminder && reminder < again ? reminder : again;
            var next = await connection.ExecuteScalarAsync<DateTime?>(new CommandDefinition(Next, new { now }, cancellationToken: cancellationToken));
            return next is { } at && at < again.UtcDateTime ? new(DateTime.SpecifyKind(at, DateTimeKind.Utc)) : again;
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
        book.Changed += Wake;
        try
        {
            await _loop.RunAsync(RoundAsync, Retry, e => ControlLog.EventsNotKept(logger, e), stoppingToken);
        }
        finally
        {
            book.Changed -= Wake;
        }
    }

    /// <summary>Goes the steps that are due before anybody is let in; what goes wrong is told in the log, and done again with the first round.</summary>
    public async Task LookAsync(CancellationToken stoppingToken)
    {
        try
        {
            await RunOnceAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Whoever called sees it.
        }
        catch (Exception e) when (Database.IsAway(e))
        {
            // The control room tells of it.
        }
        catch (Exception e)
        {
            ControlLog.EventsNotKept(logger, e);
        }
    }

    /// <returns>How long to wait for the next round.</returns>
    private async Task<TimeSpan> RoundAsync(CancellationToken stoppingToken)
    {
        // A timer may be early by less than its clock can tell; never so early that this turns around without end.
        var wait = await RunOnceAsync(stoppingToken) - time.GetUtcNow();
        return wait > TimeSpan.FromMilliseconds(1) ? wait : TimeSpan.FromMilliseconds(1);
    }

    private static async Task<List<EventDue>> DueAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellationToken) =>
        [.. await connection.QueryAsync<EventDue>(new CommandDefinition(Due, new { now }, cancellationToken: cancellationToken))];

    // A session that another process serves has its encoder, as far as can be told from here.
    private EventFacts FactsOf(EventDue row, DateTimeOffset now) =>
        new(now, row.Session is not null && (book.IsPublishing(row.ChannelId) ?? true), row.Session is not null, row.IsTaken, row.NextStart);

    private async Task<bool> ApplyAsync(NpgsqlConnection connection, EventDue row, EventDecision decision, DateTimeOffset now, CancellationToken cancellationToken)
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
            var moved = await connection.ExecuteAsync(new CommandDefinition(
                Step,
                new { id = row.Id, from = row.State, revision = row.Revision, to = EventRules.Name(to), reason = decision.Reason, ends = decision.EndsSession, now, rest = now + EventRules.Rest },
                transaction,
                cancellationToken: cancellationToken));
            if (moved > 0)
            {
                using var schedule = Actor.Be(EventDetail.Schedule);
                var detail = AuditLog.Detail(("title", row.Title), ("channel", row.Channel), ("from", row.State), ("reason", decision.Reason));
                await AuditLog.AddAsync(connection, transaction, now, $"event.{(to == EventState.Ended ? "end" : to == EventState.Live ? "start" : "preview")}", $"event/{row.Id}", detail, cancellationToken);
                await EventDetail.TellAsync(connection, transaction, now, to, row.Channel, new(row.Id, row.Title, EventRules.Name(to), decision.Reason, row.StartsAt, row.EndsAt), cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
            if (moved > 0)
            {
                ControlLog.EventMoved(logger, row.Title, row.Channel, row.Id, to, decision.Reason);
            }
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // Another event got the channel between the look and the step.
            return false;
        }

        // Also where another process was first: what has changed is looked at.
        return true;
    }

    /// <summary>Writes down that an event should have begun, and has webhooks told; <see langword="false"/> where another process did.</summary>
    private static async Task<bool> MarkLateAsync(NpgsqlConnection connection, EventDue row, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var marked = await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE events SET late_since = @now WHERE id = @id AND state = @state AND late_since IS NULL", new { id = row.Id, state = row.State, now }, transaction, cancellationToken: cancellationToken)) > 0;
        if (marked)
        {
            var data = new EventData(row.Id, row.Title, row.State, "its start has come, and no encoder is there", row.StartsAt, row.EndsAt);
            await Outbox.AddAsync(connection, transaction, now, HookTypes.EventLate, row.Channel, data, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return marked;
    }

    /// <summary>
    /// A session that everybody may watch and that was on air before its event went live is from now on for whom the event lets in, all of it. One that is not for everybody stays as it is: what lies before the event is not the event's to show.
    /// One may be for everybody because the event before said so, of which it was. Sessions that begin meanwhile have the event's access from their first moment on.
    /// </summary>
    private async Task CloseToOthersAsync(NpgsqlConnection connection, List<EventDue> rows, CancellationToken cancellationToken)
    {
        foreach (var row in rows.Where(r => r is { State: "live", Session: not null, Access: not "public" }))
        {
            var closed = await connection.ExecuteAsync(new CommandDefinition(
                """
                UPDATE sessions s SET access = coalesce(@access, c.access) FROM channels c
                WHERE s.id = @session AND c.id = s.channel_id AND coalesce(s.access, c.access) = 'public' AND coalesce(@access, c.access) <> 'public'
                """,
                new { session = row.Session, access = row.Access }, cancellationToken: cancellationToken));
            if (closed > 0)
            {
                await viewing.LearnAsync(connection, cancellationToken);   // others hear of it; here it counts at once
                ControlLog.SessionClosedToOthers(logger, row.Session!, row.Channel, row.Access ?? EventRules.OfChannel, row.Title);
            }
        }
    }

    /// <summary>Sessions of events that are live are for their audience, from the instant on at which the event went live. The gate says so before: a session that begins meanwhile is not hidden.</summary>
    private async Task ShowAsync(List<EventDue> rows, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var row in rows.Where(r => r is { State: "live", Session: not null }))
        {
            await audience.ShowAsync(SessionId.Parse(row.Session!), row.WentLiveAt ?? now, cancellationToken);
        }
    }

    /// <summary>
    /// A session that is open while its event is live belongs to it, and its recording has the event's title, unless somebody gave it one. Of a session that everybody saw before, that begins with the event then; what lies before it is
    /// cut off and can be had back. Of one that was hidden, <see cref="AudienceRegister"/> says from when on it is.
    /// </summary>
    private static async Task AttachAsync(NpgsqlConnection connection, List<EventDue> rows, CancellationToken cancellationToken)
    {
        foreach (var row in rows.Where(r => r is { State: "live", Session: not null }))
        {
            var added = await connection.ExecuteAsync(new CommandDefinition(
                "INSERT INTO event_sessions (event_id, session_id) VALUES (@id, @session) ON CONFLICT DO NOTHING", new { id = row.Id, session = row.Session }, cancellationToken: cancellationToken));
            if (added > 0)
            {
                await connection.ExecuteAsync(new CommandDefinition(
                    """
                    UPDATE recordings r SET title = @title,
                        starts_at = CASE WHEN r.starts_at IS NULL AND r.ends_at IS NULL AND s.audience_from IS NULL AND s.started_at < @live - interval '1 second' THEN @live ELSE r.starts_at END
                    FROM channels c, sessions s
                    WHERE c.id = r.channel_id AND s.id = r.session_id AND r.id = @session AND r.kind = 'session' AND r.title = c.title
                    """,
                    new { title = row.Title, session = row.Session, live = row.WentLiveAt }, cancellationToken: cancellationToken));
            }
        }
    }

    private async Task RestAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var rests = await connection.QueryAsync<(long Channel, string Id, string Title, DateTime Until)>(new CommandDefinition(Rests, new { now }, cancellationToken: cancellationToken));
        gate.SetRests(rests.Select(rest => KeyValuePair.Create(rest.Channel, new EventRest(rest.Id, rest.Title, new(DateTime.SpecifyKind(rest.Until, DateTimeKind.Utc))))));
    }

    /// <summary>Learns what viewers are told of what comes.</summary>
    private async Task AnnounceAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var next = await connection.QueryAsync<(string Channel, string Title, DateTime StartsAt)>(new CommandDefinition(
            Announced, new { until = now + EventRules.Sight }, cancellationToken: cancellationToken));
        gate.SetNext(next.Select(row => KeyValuePair.Create(ChannelName.Parse(row.Channel), new PlannedBroadcast(row.Title, new(DateTime.SpecifyKind(row.StartsAt, DateTimeKind.Utc))))));
    }

    /// <summary>Ends the sessions of events that are over. Who has the encoder does it; the mark stays until the session is over.</summary>
    private async Task CloseAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var closing = (await connection.QueryAsync<Closing>(new CommandDefinition(
            "SELECT channel_id AS channelId, state_since AS since, reason FROM events WHERE closes_session", cancellationToken: cancellationToken))).ToList();
        if (closing.Count == 0)
        {
            return;
        }

        foreach (var (channel, since, reason) in closing)
        {
            book.End(channel, $"the event is over: {reason}", since);
        }

        await ledger.FlushAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE events e SET closes_session = false
            WHERE closes_session AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.channel_id = e.channel_id AND s.ended_at IS NULL AND s.started_at < e.state_since)
            """,
            cancellationToken: cancellationToken));
    }

    /// <summary>Makes the occurrences of series that come into sight; series that came while nobody looked have theirs from whoever made them.</summary>
    private async Task MakeAheadAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (now - _seriesLooked < Ahead / 24)
        {
            return;
        }

        var ids = (await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT id FROM events WHERE kind = 'series' AND state = 'scheduled' AND (made_until IS NULL OR made_until < @until)",
            new { until = now + EventRules.Horizon - Ahead }, cancellationToken: cancellationToken))).ToList();
        foreach (var id in ids)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var series = await connection.QuerySingleOrDefaultAsync<EventRow>(new CommandDefinition(
                $"{EventRow.Select} AND e.id = @id AND e.state = 'scheduled' FOR UPDATE OF e", new { id }, transaction, cancellationToken: cancellationToken));
            if (series is null)
            {
                continue;
            }

            try
            {
                await EventSeries.MakeAsync(connection, transaction, series, now, isStrict: false, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
            }
            catch (Exception e) when (e is PostgresException { SqlState: PostgresErrorCodes.ExclusionViolation } or ControlException { Code: ControlCode.Invalid })
            {
                ControlLog.SeriesNotMade(logger, e, series.Title, series.Id);
            }
        }

        _seriesLooked = now;
    }

    private sealed record Closing(long ChannelId, DateTimeOffset Since, string Reason);

    private sealed record EventDue(
        string Id, long ChannelId, string Channel, string Title, string State, DateTimeOffset StartsAt, DateTimeOffset EndsAt, bool IsManual, int PreviewSeconds, int GraceSeconds, bool Continues,
        int? NoShowSeconds, bool IsLate, int Revision, string? Ladder, string? Latency, bool? Record, string? Access, DateTimeOffset? WentLiveAt, string? Session, bool IsTaken, DateTimeOffset? NextStart)
    {
        public EventPlan ToPlan() => new(
            State switch { "preview" => EventState.Preview, "live" => EventState.Live, _ => EventState.Scheduled },
            StartsAt,
            EndsAt,
            new(IsManual, TimeSpan.FromSeconds(PreviewSeconds), TimeSpan.FromSeconds(GraceSeconds), Continues, NoShowSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null));

        public EventClaim ToClaim() => new(Id, Title, State == "live", Ladder, Latency, Record)
        {
            Access = Access is null ? null : ViewingRegister.AccessOf(Access),
        };
    }
}
