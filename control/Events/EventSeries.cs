using Dapper;
using Npgsql;

namespace Broadcast.Control;

/// <summary>Makes the occurrences of series, ahead of time: each is an event of its own.</summary>
internal static class EventSeries
{
    // A day that has one keeps it, whatever became of that: one that was cancelled does not come back when the series is moved by an hour. One whose time another event has by now is told of rather than left out.
    private const string Insert = """
        INSERT INTO events (id, kind, channel_id, series_id, planned_wall, title, description, poster, starts_at, ends_at, claims_from, time_zone, ladder, latency, record, access, announced, is_manual,
            preview_seconds, grace_seconds, continues, no_show_seconds, state, reason, state_since, created_at, updated_at)
        SELECT o.id, 'occurrence', s.channel_id, s.id, o.wall::timestamp, s.title, s.description, s.poster, o.starts_at::timestamptz, o.ends_at::timestamptz, o.starts_at::timestamptz, s.time_zone, s.ladder,
            s.latency, s.record, s.access, s.announced, s.is_manual, s.preview_seconds, s.grace_seconds, s.continues, s.no_show_seconds,
            CASE WHEN taken.title IS NULL THEN 'scheduled' ELSE 'cancelled' END, CASE WHEN taken.title IS NULL THEN '' ELSE 'the channel was taken by ' || taken.title END, @now, @now, @now
        FROM events s CROSS JOIN unnest(@ids::text[], @walls::text[], @starts::text[], @ends::text[]) AS o (id, wall, starts_at, ends_at)
            LEFT JOIN LATERAL (
                SELECT left(x.title, 100) AS title FROM events x
                WHERE NOT @strict AND x.channel_id = s.channel_id AND x.kind <> 'series' AND x.state IN ('scheduled', 'preview', 'live') AND x.series_id IS DISTINCT FROM s.id
                    AND x.claims_from < o.ends_at::timestamptz AND x.ends_at > o.starts_at::timestamptz
                LIMIT 1) taken ON true
        WHERE s.id = @series AND NOT EXISTS (SELECT 1 FROM events p WHERE p.series_id = s.id AND p.planned_wall::date = o.wall::timestamp::date)
        """;

    /// <summary>Occurrences of a series that begin in a time.</summary>
    public static List<Recurrence> Plan(RecurrenceRule rule, DateTime begin, TimeZoneInfo zone, DateTimeOffset from, DateTimeOffset until) =>
        [.. Recurrence.Expand(rule, begin, zone).TakeWhile(r => r.At < until).Where(r => r.At >= from)];

    /// <summary>Makes those that are not there yet, from what is not over now to the horizon, and notes how far they are made; a series whose rule has no more after that, and of which nothing is to come, is over.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="transaction">The transaction, in which the series is locked.</param>
    /// <param name="series">The series.</param>
    /// <param name="now">The time.</param>
    /// <param name="isStrict">Whether one whose time another event has is refused by the database; else it is made as cancelled.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task MakeAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, EventRow series, DateTimeOffset now, bool isStrict, CancellationToken cancellationToken)
    {
        if (!RecurrenceRule.TryParse(series.Recurrence, out var rule, out var mistake) || !WallClock.TryFind(series.TimeZone, out var zone))
        {
            throw new ControlException([new("recurrence", mistake.Length > 0 ? mistake : $"The time zone '{series.TimeZone}' is not known on this machine.")]);
        }

        var (length, until) = (series.EndsAt - series.StartsAt, now + EventRules.Horizon);
        var planned = Plan(rule, series.WallOf!.Value, zone, now - length + TimeSpan.FromTicks(1), until);   // also the one that has begun and is not over
        await connection.ExecuteAsync(new CommandDefinition(
            Insert,
            new
            {
                series = series.Id,
                ids = planned.Select(r => NewId(now)).ToArray(),
                walls = planned.Select(r => WallClock.Format(r.Wall)).ToArray(),
                starts = planned.Select(r => EventRow.Text(r.At)).ToArray(),
                ends = planned.Select(r => EventRow.Text(r.At + length)).ToArray(),
                strict = isStrict,
                now,
            },
            transaction,
            cancellationToken: cancellationToken));
        await EventReminders.HandOnAsync(connection, transaction, series.Id, cancellationToken);
        var isOver = planned.Count == 0 && !Recurrence.Expand(rule, series.WallOf.Value, zone).Any(r => r.At >= until);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE events s SET made_until = @until, state = CASE WHEN @isOver THEN 'ended' ELSE state END, reason = CASE WHEN @isOver THEN 'its last occurrence is over' ELSE reason END,
                state_since = CASE WHEN @isOver THEN @now ELSE state_since END, ended_at = CASE WHEN @isOver THEN @now ELSE ended_at END
            WHERE id = @id AND state = 'scheduled'
            """,
            new
            {
                id = series.Id, until, now,
                isOver = isOver && !await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
                    "SELECT EXISTS (SELECT 1 FROM events WHERE series_id = @id AND state IN ('scheduled', 'preview', 'live'))", new { id = series.Id }, transaction, cancellationToken: cancellationToken)),
            },
            transaction,
            cancellationToken: cancellationToken));
    }

    private static string NewId(DateTimeOffset now) => Media.SessionId.New(now).Value;
}
