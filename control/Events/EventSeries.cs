using Broadcast.Database;
using Dapper;
using Npgsql;

namespace Broadcast.Control.Events;

/// <summary>Creates the occurrences of series ahead of time; each is a separate event.</summary>
internal static class EventSeries
{
    // A day that has an occurrence keeps it, so a canceled one does not return when the time of the series changes. An occurrence whose
    // time another event uses is created as canceled, so that users see it.
    private const string Insert = """
        INSERT INTO events (id, kind, channel_id, series_id, local_start, title, description, poster, starts_at, ends_at, claims_from,
            time_zone, ladder, latency, record, access, chat, announced, is_manual,
            preview_seconds, grace_seconds, continues, no_show_seconds, state, reason, state_since, created_at, updated_at)
        SELECT o.id, 'occurrence', s.channel_id, s.id, o.local_start::timestamp, s.title, s.description, s.poster, o.starts_at::timestamptz,
            o.ends_at::timestamptz, o.starts_at::timestamptz, s.time_zone, s.ladder,
            s.latency, s.record, s.access, s.chat, s.announced, s.is_manual, s.preview_seconds, s.grace_seconds, s.continues, s.no_show_seconds,
            CASE WHEN taken.title IS NULL THEN 'scheduled' ELSE 'cancelled' END, CASE WHEN taken.title IS NULL THEN ''
            ELSE 'the channel was taken by ' || taken.title END, @now, @now, @now
        FROM events s CROSS JOIN unnest(@ids::text[], @localStarts::text[], @starts::text[], @ends::text[]) AS o (id, local_start,
            starts_at, ends_at)
            LEFT JOIN LATERAL (
                SELECT left(x.title, 100) AS title FROM events x
                WHERE NOT @strict AND x.channel_id = s.channel_id AND x.kind <> 'series' AND x.state IN ('scheduled', 'preview', 'live')
                    AND x.series_id IS DISTINCT FROM s.id
                    AND x.claims_from < o.ends_at::timestamptz AND x.ends_at > o.starts_at::timestamptz
                LIMIT 1) taken ON true
        WHERE s.id = @series AND NOT EXISTS (SELECT 1 FROM events p WHERE p.series_id = s.id
            AND p.local_start::date = o.local_start::timestamp::date)
        """;

    /// <summary>Lists occurrences of a rule that start within a time range.</summary>
    public static List<Recurrence> Plan(RecurrenceRule rule, DateTime localStart, TimeZoneInfo zone, DateTimeOffset from,
        DateTimeOffset until) =>
        [.. Recurrence.Expand(rule, localStart, zone).TakeWhile(r => r.At < until).Where(r => r.At >= from)];

    /// <summary>
    /// Creates missing occurrences from the current one to the horizon and records the horizon. A series ends when its rule has no later
    /// occurrence and none of its occurrences is pending.
    /// </summary>
    /// <param name="connection">Database connection.</param>
    /// <param name="transaction">Transaction that locks the series.</param>
    /// <param name="series">Series to expand.</param>
    /// <param name="now">Current time.</param>
    /// <param name="isStrict">Whether an occurrence that conflicts with another event is rejected by the database; otherwise it is created
    /// as canceled.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public static async Task CreateOccurrencesAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, EventRow series,
        DateTimeOffset now, bool isStrict, CancellationToken cancellationToken)
    {
        if (!RecurrenceRule.TryParse(series.Recurrence, out var rule, out var error)
            || !LocalDateTime.TryFind(series.TimeZone, out var zone))
        {
            throw new OperationException(
                [new("recurrence", error.Length > 0 ? error : $"The time zone '{series.TimeZone}' is unknown on this machine.")]);
        }

        var (length, until) = (series.EndsAt - series.StartsAt, now + EventRules.Horizon);
        // includes an occurrence in progress
        var occurrences = Plan(rule, series.LocalStartTime!.Value, zone, now - length + TimeSpan.FromTicks(1), until);
        await connection.ExecuteAsync(new CommandDefinition(
            Insert,
            new
            {
                series = series.Id,
                ids = occurrences.Select(r => NewId(now)).ToArray(),
                localStarts = occurrences.Select(r => LocalDateTime.Format(r.LocalTime)).ToArray(),
                starts = occurrences.Select(r => EventRow.Text(r.At)).ToArray(),
                ends = occurrences.Select(r => EventRow.Text(r.At + length)).ToArray(),
                strict = isStrict,
                now,
            },
            transaction,
            cancellationToken: cancellationToken));
        await EventReminders.CopyToOccurrencesAsync(connection, transaction, series.Id, cancellationToken);
        var isOver = occurrences.Count == 0 && !Recurrence.Expand(rule, series.LocalStartTime.Value, zone).Any(r => r.At >= until);
        await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE events SET made_until = @until WHERE id = @id AND state = 'scheduled'", new { id = series.Id, until }, transaction,
            cancellationToken: cancellationToken));
        if (isOver && !await HasPendingOccurrenceAsync(connection, transaction, series.Id, cancellationToken))
        {
            var change = new EventStateChange(EventOperation.EndSeries, series.Id, EventState.Ended, "its last occurrence is over",
                EndsSession: false);
            await EventTransitions.ApplyAsync(connection, transaction, change, now, cancellationToken);
        }
    }

    private static Task<bool> HasPendingOccurrenceAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string series,
        CancellationToken cancellationToken) =>
        connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            "SELECT EXISTS (SELECT 1 FROM events WHERE series_id = @series AND state IN ('scheduled', 'preview', 'live'))", new { series },
            transaction, cancellationToken: cancellationToken));

    private static string NewId(DateTimeOffset now) => EventId.New(now).Value;
}
