using Dapper;
using Npgsql;

namespace Broadcast.Control;

/// <summary>The events there are. Works on the database, whether the server runs or not; a running server hears of every change.</summary>
public sealed class EventDirectory(Database database, TimeProvider time)
{
    private const string Insert = """
        INSERT INTO events (id, kind, channel_id, planned_wall, recurrence, title, description, poster, starts_at, ends_at, claims_from, time_zone, ladder, latency, record, access, announced, is_manual,
            preview_seconds, grace_seconds, continues, no_show_seconds, state, state_since, created_at, updated_at)
        VALUES (@Id, @Kind, @ChannelId, @PlannedWall::timestamp, @Recurrence, @Title, @Description, @Poster, @StartsAt, @EndsAt, @StartsAt, @TimeZone, @Ladder, @Latency, @Record, @Access, @Announced, @IsManual,
            @PreviewSeconds, @GraceSeconds, @Continues, @NoShowSeconds, 'scheduled', @CreatedAt, @CreatedAt, @CreatedAt)
        """;

    // Everything but times: what occurrences take over from their series.
    private const string Values = """
        title = @Title, description = @Description, poster = @Poster, ladder = @Ladder, latency = @Latency, record = @Record, access = @Access, announced = @Announced, is_manual = @IsManual, preview_seconds = @PreviewSeconds,
        grace_seconds = @GraceSeconds, continues = @Continues, no_show_seconds = @NoShowSeconds, revision = revision + 1, updated_at = @UpdatedAt
        """;

    private const string Update = $"""
        UPDATE events SET {Values}, starts_at = @StartsAt, ends_at = @EndsAt, claims_from = CASE WHEN state = 'live' THEN claims_from ELSE @StartsAt END, time_zone = @TimeZone,
            planned_wall = CASE WHEN kind = 'series' THEN @PlannedWall::timestamp ELSE planned_wall END, recurrence = @Recurrence, is_changed = kind = 'occurrence'
        WHERE id = @Id
        """;

    private const string UpdateOccurrences = $"UPDATE events SET {Values} WHERE series_id = @Id AND state = 'scheduled' AND NOT is_changed AND starts_at > @UpdatedAt";

    /// <summary>Plans an event; with a recurrence, a series with its occurrences of the next three months.</summary>
    /// <exception cref="ControlException">Bad values, no such channel, or another event has the channel at that time.</exception>
    public async Task<EventInfo> CreateAsync(EventSettings settings, CancellationToken cancellationToken = default)
    {
        EventRules.Refuse([.. EventRules.Missing(settings), .. EventRules.Mistakes(settings)]);
        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var channelId = await StreamKeys.ChannelIdAsync(connection, settings.Channel!, cancellationToken);
        var wanted = await OnChannelAsync(connection, settings, channelId, cancellationToken);
        var row = EventTimes.Apply(EventRow.New(Media.SessionId.New(now).Value, settings.Channel!, channelId, now).With(wanted), settings, isNew: true, now);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await GuardAsync(row, row.Id, async () =>
        {
            await connection.ExecuteAsync(new CommandDefinition(Insert, row, transaction, cancellationToken: cancellationToken));
            await EventReminders.PlanAsync(connection, transaction, row, wanted, cancellationToken);
            if (row.KindOf == EventKind.Series)
            {
                await EventSeries.MakeAsync(connection, transaction, row, now, isStrict: true, cancellationToken);
            }
        }, cancellationToken);
        var made = (await FindAsync(connection, transaction, row.Id, "", cancellationToken)).ToInfo();
        await AuditLog.AddAsync(connection, transaction, now, "event.create", Subject(made.Id), EventDetail.Of(settings), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return made;
    }

    /// <summary>One event.</summary>
    /// <exception cref="ControlException">There is none.</exception>
    public async Task<EventInfo> GetAsync(string id, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return (await FindAsync(connection, null, id, "", cancellationToken)).ToInfo();
    }

    /// <summary>Events by their start: single ones and occurrences.</summary>
    /// <exception cref="ControlException">No such channel or series, or a bad value.</exception>
    public async Task<IReadOnlyList<EventInfo>> ListAsync(EventFilter filter, CancellationToken cancellationToken = default)
    {
        EventRules.Refuse(EventRules.Mistakes(filter));
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var channel = filter.Channel is { } name ? await StreamKeys.ChannelIdAsync(connection, name, cancellationToken) : (long?)null;
        if (filter.Series is { } series && (await FindAsync(connection, null, series, "", cancellationToken)).KindOf != EventKind.Series)
        {
            throw new ControlException(ControlCode.NotFound, $"Event '{series}' does not recur, so it has no occurrences.");
        }

        var rows = await connection.QueryAsync<EventRow>(new CommandDefinition(
            $"""
            {EventRow.Select} AND e.kind <> 'series' AND (@series::text IS NULL OR e.series_id = @series) AND (@channel::bigint IS NULL OR e.channel_id = @channel)
                AND (@state::text IS NULL OR e.state = @state) AND (@from::timestamptz IS NULL OR e.ends_at > @from) AND (@to::timestamptz IS NULL OR e.starts_at < @to)
                AND (@after::text IS NULL OR (e.starts_at, e.id) > (coalesce(@afterStart::timestamptz, (SELECT a.starts_at FROM events a WHERE a.id = @after)), @after))
            ORDER BY e.starts_at, e.id LIMIT @limit
            """,
            new { series = filter.Series, channel, state = filter.State, from = filter.From, to = filter.To, after = filter.After, afterStart = filter.AfterStart, limit = filter.Limit },
            cancellationToken: cancellationToken));
        return [.. rows.Select(r => r.ToInfo())];
    }

    /// <summary>What an event went through, in order.</summary>
    /// <exception cref="ControlException">There is no such event.</exception>
    public async Task<IReadOnlyList<EventStep>> HistoryAsync(string id, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await FindAsync(connection, null, id, "", cancellationToken);
        var steps = await connection.QueryAsync<EventStep>(new CommandDefinition("SELECT at, state, reason FROM event_steps WHERE event_id = @id ORDER BY at", new { id }, cancellationToken: cancellationToken));
        return [.. steps];
    }

    /// <summary>
    /// Changes what <paramref name="settings"/> names and leaves the rest. An occurrence that is changed does not follow its series any more; a series hands on what is changed to those of its occurrences
    /// that are to come and were not changed by themselves.
    /// </summary>
    /// <exception cref="ControlException">Bad values, no such event, it is over, or another event has the channel at that time.</exception>
    public Task<EventInfo> SetAsync(string id, EventSettings settings, CancellationToken cancellationToken = default) => SetIfAsync(id, settings, null, cancellationToken);

    /// <summary>As <see cref="SetAsync"/>, unless the check throws, which sees the event as it is when nobody else can change it any more.</summary>
    internal async Task<EventInfo> SetIfAsync(string id, EventSettings settings, Action<EventInfo>? check, CancellationToken cancellationToken)
    {
        EventRules.Refuse(EventRules.Mistakes(settings));
        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var old = await FindAsync(connection, transaction, id, "FOR UPDATE OF e", cancellationToken);
        check?.Invoke(old.ToInfo());
        if (old.StateOf is EventState.Ended or EventState.Cancelled)
        {
            throw new ControlException(ControlCode.Conflict, $"Event '{old.Title}' is {(old.StateOf == EventState.Ended ? "over" : "cancelled")}; it cannot be changed any more.");
        }

        if (old.StateOf is EventState.Preview or EventState.Live && old.With(settings).Access != old.Access)
        {
            throw new ControlException(ControlCode.Conflict, $"Event '{old.Title}' is {(old.StateOf == EventState.Live ? "live" : "in preview")}: who may watch it stays as it is, because its sessions begin with that. Cancel or end it and plan another one.");
        }

        var row = EventTimes.Apply(old.With(settings) with { UpdatedAt = now }, settings, isNew: false, now);
        await GuardAsync(row, id, async () =>
        {
            await connection.ExecuteAsync(new CommandDefinition(Update, row, transaction, cancellationToken: cancellationToken));
            await EventReminders.PlanAsync(connection, transaction, row, settings, cancellationToken);
            if (row.KindOf == EventKind.Series)
            {
                await HandOnAsync(connection, transaction, old, row, cancellationToken);
            }
        }, cancellationToken);
        var changed = (await FindAsync(connection, transaction, id, "", cancellationToken)).ToInfo();
        await AuditLog.AddAsync(connection, transaction, now, "event.change", Subject(id), EventDetail.Of(settings), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return changed;
    }

    /// <summary>Calls an event off; a series with all of its occurrences that are to come.</summary>
    /// <param name="id">The event.</param>
    /// <param name="by">Who does it, for people; the current actor when not given.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException">There is no such event, it is live, or over.</exception>
    public Task<EventInfo> CancelAsync(string id, string? by = null, CancellationToken cancellationToken = default) => MoveAsync(
        id,
        "event.cancel",
        row => row.StateOf switch
        {
            EventState.Scheduled or EventState.Preview => null,
            EventState.Live => $"Event '{row.Title}' is live; end it instead.",
            EventState.Cancelled => $"Event '{row.Title}' is cancelled already.",
            _ => $"Event '{row.Title}' is over.",
        },
        """
        UPDATE events SET state = 'cancelled', reason = @reason, state_since = @now, closes_session = state = 'preview',
            rest_until = CASE WHEN state = 'preview' AND EXISTS (SELECT 1 FROM sessions s WHERE s.channel_id = events.channel_id AND s.ended_at IS NULL) THEN @rest END, revision = revision + 1, updated_at = @now
        WHERE (id = @id AND state IN ('scheduled', 'preview')) OR (series_id = @id AND state = 'scheduled')
        """,
        $"cancelled by {by ?? EventDetail.Who(Actor.Current)}",
        cancellationToken);

    /// <summary>Lets an event go live now, before its start or after; what its terms say of its end stays.</summary>
    /// <param name="id">The event.</param>
    /// <param name="by">Who does it, for people; the current actor when not given.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException">There is no such event, it is not to come, or another one has the channel.</exception>
    public Task<EventInfo> GoLiveAsync(string id, string? by = null, CancellationToken cancellationToken = default) => MoveAsync(
        id,
        "event.start",
        row => row.KindOf == EventKind.Series ? NotASeries(row)
            : row.StateOf is not (EventState.Scheduled or EventState.Preview) ? $"Event '{row.Title}' is {row.State}; only one that is scheduled or in preview can go live."
            : row.EndsAt <= time.GetUtcNow() ? $"The planned end of event '{row.Title}' is past. Give it a later one first." : null,
        """
        UPDATE events SET state = 'live', reason = @reason, state_since = @now, went_live_at = @now, late_since = NULL, claims_from = least(claims_from, @now), updated_at = @now
        WHERE id = @id AND state IN ('scheduled', 'preview')
        """,
        $"let live by {by ?? EventDetail.Who(Actor.Current)}",
        cancellationToken);

    /// <summary>Ends an event that is on, with its session; its encoder is sent away.</summary>
    /// <param name="id">The event.</param>
    /// <param name="by">Who does it, for people; the current actor when not given.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException">There is no such event, or it is not on.</exception>
    public Task<EventInfo> EndAsync(string id, string? by = null, CancellationToken cancellationToken = default) => MoveAsync(
        id,
        "event.end",
        row => row.KindOf == EventKind.Series ? NotASeries(row)
            : row.StateOf is EventState.Live or EventState.Preview ? null : $"Event '{row.Title}' is {row.State}; only one that is live or in preview can be ended.",
        """
        UPDATE events SET state = 'ended', reason = @reason, state_since = @now, ended_at = @now, closes_session = true, updated_at = @now,
            rest_until = CASE WHEN EXISTS (SELECT 1 FROM sessions s WHERE s.channel_id = events.channel_id AND s.ended_at IS NULL) THEN @rest END
        WHERE id = @id AND state IN ('preview', 'live')
        """,
        $"ended by {by ?? EventDetail.Who(Actor.Current)}",
        cancellationToken);

    /// <summary>Removes an event, a series with all of its occurrences, as if it had never been. Recordings stay.</summary>
    /// <exception cref="ControlException">There is no such event, it is on, or it is an occurrence, which its series would make again.</exception>
    public Task DeleteAsync(string id, CancellationToken cancellationToken = default) => DeleteIfAsync(id, null, cancellationToken);

    /// <summary>As <see cref="DeleteAsync"/>, unless the check throws.</summary>
    internal async Task DeleteIfAsync(string id, Action<EventInfo>? check, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var row = await FindAsync(connection, transaction, id, "FOR UPDATE OF e", cancellationToken);
        check?.Invoke(row.ToInfo());
        if (row.KindOf == EventKind.Occurrence)
        {
            throw new ControlException(ControlCode.Conflict, $"Event '{row.Title}' is an occurrence of {row.SeriesId}; cancel it instead, or delete the series.");
        }

        var deleted = await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM events WHERE id = @id AND NOT EXISTS (SELECT 1 FROM events o WHERE (o.id = @id OR o.series_id = @id) AND o.state IN ('preview', 'live'))",
            new { id }, transaction, cancellationToken: cancellationToken));
        if (deleted == 0)
        {
            throw new ControlException(ControlCode.Conflict, $"Event '{row.Title}' is on. End it first.");
        }

        await AuditLog.AddAsync(connection, transaction, time.GetUtcNow(), "event.delete", Subject(id), AuditLog.Detail(("title", row.Title), ("channel", row.Channel)), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>What is asked for, and of what is left open what the channel has for its events.</summary>
    private static async Task<EventSettings> OnChannelAsync(NpgsqlConnection connection, EventSettings settings, long channelId, CancellationToken cancellationToken)
    {
        var (reminders, announces) = await connection.QuerySingleAsync<(string Reminders, bool Announces)>(new CommandDefinition(
            "SELECT array_to_string(reminder_minutes, ','), announce_events FROM channels WHERE id = @channelId", new { channelId }, cancellationToken: cancellationToken));
        return settings with { Reminders = settings.Reminders ?? EventReminders.Minutes(reminders), Announced = settings.Announced ?? (announces ? "on" : "off") };
    }

    private static string Subject(string id) => $"event/{id}";

    private static string NotASeries(EventRow row) => $"Event '{row.Title}' recurs; name one of its occurrences instead.";

    // Where times are as they were, occurrences keep their identity; else those that nobody changed are made anew.
    private static async Task HandOnAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, EventRow old, EventRow row, CancellationToken cancellationToken)
    {
        if ((old.PlannedWall, old.StartsAt, old.EndsAt, old.TimeZone, old.Recurrence) == (row.PlannedWall, row.StartsAt, row.EndsAt, row.TimeZone, row.Recurrence))
        {
            await connection.ExecuteAsync(new CommandDefinition(UpdateOccurrences, row, transaction, cancellationToken: cancellationToken));
            return;
        }

        var before = await EventReminders.ToldAsync(connection, transaction, row.Id, row.UpdatedAt, cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM events WHERE series_id = @Id AND state = 'scheduled' AND NOT is_changed AND starts_at > @UpdatedAt", row, transaction, cancellationToken: cancellationToken));
        await EventSeries.MakeAsync(connection, transaction, row, row.UpdatedAt, isStrict: true, cancellationToken);
        await EventReminders.CarryAsync(connection, transaction, row.Id, before, row.UpdatedAt, cancellationToken);
    }

    private async Task<EventInfo> MoveAsync(string id, string action, Func<EventRow, string?> refusal, string sql, string reason, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var row = await FindAsync(connection, transaction, id, "FOR UPDATE OF e", cancellationToken);
        if (refusal(row) is { } why)
        {
            throw new ControlException(ControlCode.Conflict, why);
        }

        var now = time.GetUtcNow();
        await GuardAsync(
            row with { StartsAt = row.StartsAt < now ? row.StartsAt : now },
            id,
            () => connection.ExecuteAsync(new CommandDefinition(sql, new { id, now, rest = now + EventRules.Rest, reason = reason.Length > 500 ? reason[..500] : reason }, transaction, cancellationToken: cancellationToken)),
            cancellationToken);
        var moved = (await FindAsync(connection, transaction, id, "", cancellationToken)).ToInfo();
        await AuditLog.AddAsync(connection, transaction, now, action, Subject(id), AuditLog.Detail(("title", row.Title), ("channel", row.Channel), ("from", row.State)), cancellationToken);
        await EventDetail.TellAsync(
            connection, transaction, now, moved.State, moved.Channel, new(id, moved.Title, EventRules.Name(moved.State), moved.Reason, moved.StartsAt, moved.EndsAt), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return moved;
    }

    /// <summary>Does work that the database refuses when another event has the channel, and then says which.</summary>
    private async Task GuardAsync(EventRow row, string id, Func<Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await work();
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.ExclusionViolation || e.ConstraintName == "events_on_air")
        {
            // The transaction is void; who is in the way is seen from outside of it.
            await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
            throw new ControlException(ControlCode.Conflict, await EventTimes.ClashAsync(connection, row, id, time.GetUtcNow(), cancellationToken), e);
        }
    }

    private static async Task<EventRow> FindAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, string id, string locking, CancellationToken cancellationToken) =>
        Media.SessionId.TryParse(id, out _)
            && await connection.QuerySingleOrDefaultAsync<EventRow>(new CommandDefinition($"{EventRow.Select} AND e.id = @id {locking}", new { id }, transaction, cancellationToken: cancellationToken)) is { } row
            ? row : throw EventRules.NotFound(id);
}

/// <summary>A step that an event went.</summary>
/// <param name="At">When.</param>
/// <param name="State">The state that it went to.</param>
/// <param name="Reason">Why.</param>
public sealed record EventStep(DateTimeOffset At, string State, string Reason);
