using Broadcast.Control.Identity;
using Broadcast.Database;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Broadcast.Control.Events;

/// <summary>
/// Repository of events. Works on the database, with or without a running server; a running server is notified of changes.
/// </summary>
public sealed class EventRepository(ServerDatabase database, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    private const string Insert = """
        INSERT INTO events (id, kind, channel_id, local_start, recurrence, title, description, poster, starts_at, ends_at, claims_from,
            time_zone, ladder, latency, record, access, chat, announced, is_manual,
            preview_seconds, grace_seconds, continues, no_show_seconds, state, state_since, created_at, updated_at)
        VALUES (@Id, @Kind, @ChannelId, @LocalStart::timestamp, @Recurrence, @Title, @Description, @Poster, @StartsAt, @EndsAt, @StartsAt,
            @TimeZone, @Ladder, @Latency, @Record, @Access, @Chat, @Announced, @IsManual,
            @PreviewSeconds, @GraceSeconds, @Continues, @NoShowSeconds, 'scheduled', @CreatedAt, @CreatedAt, @CreatedAt)
        """;

    // All columns that occurrences take from their series, except times.
    private const string Values = """
        title = @Title, description = @Description, poster = @Poster, ladder = @Ladder, latency = @Latency, record = @Record, access = @Access, chat = @Chat, announced = @Announced, is_manual = @IsManual, preview_seconds = @PreviewSeconds,
        grace_seconds = @GraceSeconds, continues = @Continues, no_show_seconds = @NoShowSeconds, revision = revision + 1, updated_at = @UpdatedAt
        """;

    private const string Update = $"""
        UPDATE events SET {Values}, starts_at = @StartsAt, ends_at = @EndsAt, claims_from = CASE WHEN state = 'live' THEN claims_from
            ELSE @StartsAt END, time_zone = @TimeZone,
            local_start = CASE WHEN kind = 'series' THEN @LocalStart::timestamp ELSE local_start END, recurrence = @Recurrence,
            is_changed = kind = 'occurrence'
        WHERE id = @Id
        """;

    private const string UpdateOccurrences =
        $"UPDATE events SET {Values} WHERE series_id = @Id AND state = 'scheduled' AND NOT is_changed AND starts_at > @UpdatedAt";

    /// <summary>Creates an event; with a recurrence, a series with its occurrences of the next three months.</summary>
    /// <exception cref="OperationException">A value is invalid, the channel does not exist, or another event uses the channel at that
    /// time.</exception>
    public async Task<EventInfo> CreateAsync(EventSettings settings, CancellationToken cancellationToken = default)
    {
        EventRules.ThrowIfInvalid([.. EventRules.Missing(settings), .. EventRules.Validate(settings)]);
        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var channelId = await StreamKeys.ChannelIdAsync(connection, settings.Channel!, cancellationToken);
        var settingsWithDefaults = await WithChannelDefaultsAsync(connection, settings, channelId, cancellationToken);
        var row = EventTimeResolver.Apply(EventRow.New(EventId.New(now).Value, settings.Channel!, channelId, now)
            .With(settingsWithDefaults), settings, isNew: true, now);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await WithConflictErrorAsync(connection, transaction, row, row.Id, async () =>
        {
            await connection.ExecuteAsync(new CommandDefinition(Insert, row, transaction, cancellationToken: cancellationToken));
            await EventReminders.StoreAsync(connection, transaction, row, settingsWithDefaults, cancellationToken);
            if (row.KindOf == EventKind.Series)
            {
                await EventSeries.CreateOccurrencesAsync(connection, transaction, row, now, isStrict: true, cancellationToken);
            }
        }, cancellationToken);
        var created = (await FindAsync(connection, transaction, row.Id, "", cancellationToken)).ToInfo();
        await AuditLog.RecordAsync(connection, transaction, now, "event.create", Subject(created.Id), EventDetail.Of(settings),
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return created;
    }

    /// <summary>Gets an event.</summary>
    /// <exception cref="OperationException">The event does not exist.</exception>
    public async Task<EventInfo> GetAsync(string id, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return (await FindAsync(connection, null, id, "", cancellationToken)).ToInfo();
    }

    /// <summary>Lists single events and occurrences by start time.</summary>
    /// <exception cref="OperationException">The channel or series does not exist, or a value is invalid.</exception>
    public async Task<IReadOnlyList<EventInfo>> ListAsync(EventFilter filter, CancellationToken cancellationToken = default)
    {
        EventRules.ThrowIfInvalid(EventRules.Validate(filter));
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var channel = filter.Channel is { } name ? await StreamKeys.ChannelIdAsync(connection, name, cancellationToken) : (long?)null;
        if (filter.Series is { } series && (await FindAsync(connection, null, series, "", cancellationToken)).KindOf != EventKind.Series)
        {
            throw new OperationException(OperationErrorCode.NotFound, $"Event '{series}' is not a series, so it has no occurrences.");
        }

        var rows = await connection.QueryAsync<EventRow>(new CommandDefinition(
            $"""
            {EventRow.Select} AND e.kind <> 'series' AND (@series::text IS NULL OR e.series_id = @series) AND (@channel::bigint IS NULL OR e.channel_id = @channel)
                AND (@state::text IS NULL OR e.state = @state) AND (@from::timestamptz IS NULL OR e.ends_at > @from) AND (@to::timestamptz IS NULL OR e.starts_at < @to)
                AND (@after::text IS NULL OR (e.starts_at, e.id) > (coalesce(@afterStart::timestamptz, (SELECT a.starts_at FROM events a WHERE a.id = @after)), @after))
            ORDER BY e.starts_at, e.id LIMIT @limit
            """,
            new { series = filter.Series, channel, state = filter.State, from = filter.From, to = filter.To, after = filter.After,
                afterStart = filter.AfterStart, limit = filter.Limit },
            cancellationToken: cancellationToken));
        return [.. rows.Select(r => r.ToInfo())];
    }

    /// <summary>Lists the state changes of an event in order.</summary>
    /// <exception cref="OperationException">The event does not exist.</exception>
    public async Task<IReadOnlyList<EventHistoryEntry>> HistoryAsync(string id, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await FindAsync(connection, null, id, "", cancellationToken);
        var history = await connection.QueryAsync<(DateTime At, string State, string Reason)>(
            new CommandDefinition("SELECT at, state, reason FROM event_history WHERE event_id = @id ORDER BY at", new { id },
                cancellationToken: cancellationToken));
        return [.. history.Select(h => new EventHistoryEntry(new(DateTime.SpecifyKind(h.At, DateTimeKind.Utc)),
            EventRules.ParseState(h.State), h.Reason))];
    }

    /// <summary>
    /// Changes the values set in <paramref name="settings"/>. A changed occurrence no longer follows its series. Changes of a series apply
    /// to its future occurrences that were not changed individually.
    /// </summary>
    /// <exception cref="OperationException">A value is invalid, the event does not exist or is over, or another event uses the channel at
    /// that time.</exception>
    public Task<EventInfo> SetAsync(string id, EventSettings settings, CancellationToken cancellationToken = default) =>
        SetIfAsync(id, settings, null, cancellationToken);

    /// <summary>Changes an event like <see cref="SetAsync"/> unless the check throws. The check sees the event under a row lock.</summary>
    internal async Task<EventInfo> SetIfAsync(string id, EventSettings settings, Action<EventInfo>? check,
        CancellationToken cancellationToken)
    {
        EventRules.ThrowIfInvalid(EventRules.Validate(settings));
        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var old = await FindAsync(connection, transaction, id, "FOR UPDATE OF e", cancellationToken);
        check?.Invoke(old.ToInfo());
        if (old.StateOf is EventState.Ended or EventState.Cancelled)
        {
            throw new OperationException(OperationErrorCode.Conflict,
                $"Event '{old.Title}' is {(old.StateOf == EventState.Ended ? "over" : "cancelled")} and cannot be changed.");
        }

        if (old.StateOf is EventState.Preview or EventState.Live && old.With(settings).Access != old.Access)
        {
            throw new OperationException(OperationErrorCode.Conflict,
                $"Event '{old.Title}' is {(old.StateOf == EventState.Live ? "live" : "in preview")}: its access policy cannot change, "
                + "because its sessions started with it. Cancel or end it and create another event.");
        }

        var row = EventTimeResolver.Apply(old.With(settings) with { UpdatedAt = now }, settings, isNew: false, now);
        await WithConflictErrorAsync(connection, transaction, row, id, async () =>
        {
            await connection.ExecuteAsync(new CommandDefinition(Update, row, transaction, cancellationToken: cancellationToken));
            await EventReminders.StoreAsync(connection, transaction, row, settings, cancellationToken);
            if (row.KindOf == EventKind.Series)
            {
                await UpdateOccurrencesAsync(connection, transaction, old, row, cancellationToken);
            }
        }, cancellationToken);
        var changed = (await FindAsync(connection, transaction, id, "", cancellationToken)).ToInfo();
        await AuditLog.RecordAsync(connection, transaction, now, "event.change", Subject(id), EventDetail.Of(settings), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return changed;
    }

    /// <summary>Cancels an event, or a series with all future occurrences.</summary>
    /// <param name="id">Id of the event.</param>
    /// <param name="by">Display name of the originator; the current actor by default.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException">The event does not exist, is live or is over.</exception>
    public Task<EventInfo> CancelAsync(string id, string? by = null, CancellationToken cancellationToken = default) => TransitionAsync(
        id, EventOperation.Cancel, EventState.Cancelled, $"cancelled by {by ?? EventDetail.ActorName(Actor.Current)}", cancellationToken);

    /// <summary>Makes an event live now, before or after its start. The rules for its end stay.</summary>
    /// <param name="id">Id of the event.</param>
    /// <param name="by">Display name of the originator; the current actor by default.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException">The event does not exist, is not in the future, or another event uses the channel.</exception>
    public Task<EventInfo> GoLiveAsync(string id, string? by = null, CancellationToken cancellationToken = default) => TransitionAsync(
        id, EventOperation.GoLive, EventState.Live, $"made live by {by ?? EventDetail.ActorName(Actor.Current)}", cancellationToken);

    /// <summary>Ends an event that is live or in preview, ends its session and disconnects its encoder.</summary>
    /// <param name="id">Id of the event.</param>
    /// <param name="by">Display name of the originator; the current actor by default.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException">The event does not exist, or is neither live nor in preview.</exception>
    public Task<EventInfo> EndAsync(string id, string? by = null, CancellationToken cancellationToken = default) => TransitionAsync(
        id, EventOperation.End, EventState.Ended, $"ended by {by ?? EventDetail.ActorName(Actor.Current)}", cancellationToken);

    /// <summary>Deletes an event, or a series with all occurrences. Recordings stay.</summary>
    /// <exception cref="OperationException">The event does not exist, is live or in preview, or is an occurrence, which its series would
    /// create again.</exception>
    public Task DeleteAsync(string id, CancellationToken cancellationToken = default) => DeleteIfAsync(id, null, cancellationToken);

    /// <summary>Deletes an event like <see cref="DeleteAsync"/> unless the check throws.</summary>
    internal async Task DeleteIfAsync(string id, Action<EventInfo>? check, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var row = await FindAsync(connection, transaction, id, "FOR UPDATE OF e", cancellationToken);
        check?.Invoke(row.ToInfo());
        if (row.KindOf == EventKind.Occurrence)
        {
            throw new OperationException(OperationErrorCode.Conflict,
                $"Event '{row.Title}' is an occurrence of {row.SeriesId}; cancel it instead, or delete the series.");
        }

        var deleted = await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM events WHERE id = @id AND NOT EXISTS (SELECT 1 FROM events o WHERE (o.id = @id OR o.series_id = @id) AND o.state "
            + "IN ('preview', 'live'))",
            new { id }, transaction, cancellationToken: cancellationToken));
        if (deleted == 0)
        {
            throw new OperationException(OperationErrorCode.Conflict, $"Event '{row.Title}' is live or in preview. End it first.");
        }

        await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "event.delete", Subject(id),
            AuditLog.Detail(("title", row.Title), ("channel", row.Channel)), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Fills unset values with the channel's defaults for events.</summary>
    private static async Task<EventSettings> WithChannelDefaultsAsync(NpgsqlConnection connection, EventSettings settings, long channelId,
        CancellationToken cancellationToken)
    {
        var (reminders, announces) = await connection.QuerySingleAsync<(string Reminders, bool Announces)>(new CommandDefinition(
            "SELECT array_to_string(reminder_minutes, ','), announce_events FROM channels WHERE id = @channelId", new { channelId },
            cancellationToken: cancellationToken));
        return settings with { Reminders = settings.Reminders ?? EventReminders.Minutes(reminders), Announced = settings.Announced
            ?? (announces ? "on" : "off") };
    }

    private static string Subject(string id) => $"event/{id}";

    // If the times are unchanged, occurrences keep their identity. Otherwise unchanged occurrences are created anew.
    private static async Task UpdateOccurrencesAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, EventRow old, EventRow row,
        CancellationToken cancellationToken)
    {
        if ((old.LocalStart, old.StartsAt, old.EndsAt, old.TimeZone, old.Recurrence)
            == (row.LocalStart, row.StartsAt, row.EndsAt, row.TimeZone, row.Recurrence))
        {
            await connection.ExecuteAsync(new CommandDefinition(UpdateOccurrences, row, transaction, cancellationToken: cancellationToken));
            return;
        }

        var sentReminders = await EventReminders.ListSentAsync(connection, transaction, row.Id, row.UpdatedAt, cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM events WHERE series_id = @Id AND state = 'scheduled' AND NOT is_changed AND starts_at > @UpdatedAt", row,
            transaction, cancellationToken: cancellationToken));
        await EventSeries.CreateOccurrencesAsync(connection, transaction, row, row.UpdatedAt, isStrict: true, cancellationToken);
        await EventReminders.CarryOverAsync(connection, transaction, row.Id, sentReminders, row.UpdatedAt, cancellationToken);
    }

    private async Task<EventInfo> TransitionAsync(string id, EventOperation operation, EventState to, string reason,
        CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var row = await FindAsync(connection, transaction, id, "FOR UPDATE OF e", cancellationToken);
        var now = time.GetUtcNow();
        if (EventTransitions.ErrorOf(operation, row, now) is { } error)
        {
            throw new OperationException(OperationErrorCode.Conflict, error);
        }

        // An event that ends without having been live or in preview leaves the channel's session alone.
        var change = new EventStateChange(operation, id, to, reason, EndsSession: to != EventState.Live
            && row.StateOf is EventState.Preview or EventState.Live);
        await WithConflictErrorAsync(
            connection, transaction, row with { StartsAt = row.StartsAt < now ? row.StartsAt : now }, id,
            () => EventTransitions.ApplyAsync(connection, transaction, change, now, cancellationToken), cancellationToken);
        var changed = (await FindAsync(connection, transaction, id, "", cancellationToken)).ToInfo();
        await AuditLog.RecordAsync(connection, transaction, now, EventDetail.AuditActionOf(to), Subject(id),
            AuditLog.Detail(("title", row.Title), ("channel", row.Channel), ("from", row.State)), cancellationToken);
        await EventDetail.NotifyAsync(
            connection, transaction, now, changed.State, changed.Channel,
            new(id, changed.Title, EventRules.Name(changed.State), changed.Reason, changed.StartsAt, changed.EndsAt), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return changed;
    }

    /// <summary>Runs a write and, if the database rejects it because another event uses the channel, names that event.</summary>
    private async Task WithConflictErrorAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, EventRow row, string id,
        Func<Task> write, CancellationToken cancellationToken)
    {
        try
        {
            await write();
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.ExclusionViolation || e.ConstraintName == "events_on_air")
        {
            // The transaction is aborted; its connection is free for the conflicting event. A second connection could be one too many: as
            // many conflicting requests as the pool has connections would wait for each other.
            await transaction.RollbackAsync(cancellationToken);
            throw new OperationException(OperationErrorCode.Conflict,
                await EventTimeResolver.DescribeConflictAsync(connection, row, id, time.GetUtcNow(), cancellationToken), e);
        }
    }

    private static async Task<EventRow> FindAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, string id, string locking,
        CancellationToken cancellationToken) =>
        EventId.TryParse(id, out _)
            && await connection.QuerySingleOrDefaultAsync<EventRow>(new CommandDefinition($"{EventRow.Select} AND e.id = @id {locking}",
                new { id }, transaction, cancellationToken: cancellationToken)) is { } row
            ? row : throw EventRules.NotFound(id);
}

/// <summary>State change of an event.</summary>
/// <param name="At">Time of the change.</param>
/// <param name="State">New state.</param>
/// <param name="Reason">Reason of the change.</param>
public sealed record EventHistoryEntry(DateTimeOffset At, EventState State, string Reason);
