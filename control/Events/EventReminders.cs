using System.Globalization;
using Broadcast.Control.Webhooks;
using Dapper;
using Npgsql;

namespace Broadcast.Control.Events;

/// <summary>
/// Sends webhook reminders of upcoming events. Each reminder is a unique row, written in one transaction with its webhook event, so that
/// any number of processes send it once. Of several missed reminders only the last is sent, if the start is still in the future.
/// </summary>
internal static class EventReminders
{
    private const string Due = """
        SELECT d.id, d.channel, d.title, d.state, d.startsAt, d.endsAt, d.minutes FROM (
            SELECT DISTINCT ON (e.id) e.id, c.name AS channel, e.title, e.state, e.starts_at AS startsAt, e.ends_at AS endsAt, m.minutes
            FROM events e JOIN channels c ON c.id = e.channel_id CROSS JOIN LATERAL unnest(e.reminder_minutes) AS m (minutes)
            WHERE c.deleted_at IS NULL AND e.kind <> 'series' AND e.state IN ('scheduled', 'preview') AND e.starts_at > @now
                AND e.starts_at <= @furthest
                AND e.starts_at - make_interval(mins => m.minutes) <= @now
            ORDER BY e.id, m.minutes) d
        WHERE NOT EXISTS (SELECT 1 FROM event_reminders r WHERE r.event_id = d.id AND r.starts_at = d.startsAt AND r.minutes = d.minutes)
        """;

    private const string RecordSent = """
        INSERT INTO event_reminders (event_id, starts_at, minutes, told_at)
        SELECT e.id, e.starts_at, @minutes, @now FROM events e WHERE e.id = @id AND e.starts_at = @startsAt AND e.state IN ('scheduled',
            'preview')
        ON CONFLICT DO NOTHING
        """;

    private const string Next = """
        SELECT min(e.starts_at - make_interval(mins => m.minutes)) FROM events e CROSS
            JOIN LATERAL unnest(e.reminder_minutes) AS m (minutes)
        WHERE e.kind <> 'series' AND e.state IN ('scheduled', 'preview') AND e.starts_at > @now AND e.starts_at <= @furthest
            AND e.starts_at - make_interval(mins => m.minutes) > @now
        """;

    // Also for existing occurrences that follow their series.
    private const string StoreMinutes = """
        UPDATE events SET reminder_minutes = string_to_array(@reminders, ',')::int[]
        WHERE id = @id OR (series_id = @id AND state = 'scheduled' AND NOT is_changed AND starts_at > @now)
        """;

    private const string CopyToOccurrences = """
        UPDATE events o SET reminder_minutes = s.reminder_minutes FROM events s
        WHERE s.id = @id AND o.series_id = s.id AND o.state = 'scheduled' AND NOT o.is_changed AND o.reminder_minutes <> s.reminder_minutes
        """;

    private const string SentSql = """
        SELECT o.id, to_char(o.local_start, 'YYYY-MM-DD') AS day, o.starts_at AS startsAt,
            coalesce((SELECT string_agg(r.minutes::text, ',') FROM event_reminders r WHERE r.event_id = o.id AND r.starts_at = o.starts_at),
            '') AS sent
        FROM events o WHERE o.series_id = @series AND o.state = 'scheduled' AND NOT o.is_changed AND o.starts_at > @now ORDER BY o.starts_at
        """;

    private const string CarryOver = """
        INSERT INTO event_reminders (event_id, starts_at, minutes, told_at)
        SELECT e.id, e.starts_at, t.minutes, @now FROM unnest(@ids::text[], @minutes::int[]) AS t (id, minutes) JOIN events e ON e.id = t.id
        ON CONFLICT DO NOTHING
        """;

    // Events that start later have no reminder before the next pass.
    private static readonly TimeSpan Lookahead = EventRules.MaxReminder + TimeSpan.FromHours(1);

    /// <summary>Formats minutes for the database: distinct, largest first.</summary>
    public static string Text(IEnumerable<int> minutes) => string.Join(',', minutes.Distinct().OrderDescending());

    /// <summary>Parses minutes from the database.</summary>
    public static IReadOnlyList<int> Minutes(string text) =>
        text.Length == 0 ? [] : [.. text.Split(',').Select(m => int.Parse(m, CultureInfo.InvariantCulture))];

    /// <summary>Stores the reminders of an event, if given.</summary>
    /// <param name="connection">Database connection.</param>
    /// <param name="transaction">Transaction that writes the event.</param>
    /// <param name="row">Event to write.</param>
    /// <param name="settings">Requested settings.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public static async Task StoreAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, EventRow row, EventSettings settings,
        CancellationToken cancellationToken)
    {
        if (settings.Reminders is not null)
        {
            await connection.ExecuteAsync(new CommandDefinition(StoreMinutes,
                new { id = row.Id, reminders = row.Reminders, now = row.UpdatedAt }, transaction, cancellationToken: cancellationToken));
        }
    }

    /// <summary>Copies the reminders of a series to its new occurrences.</summary>
    public static async Task CopyToOccurrencesAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string series,
        CancellationToken cancellationToken) =>
        await connection.ExecuteAsync(new CommandDefinition(CopyToOccurrences, new { id = series }, transaction,
            cancellationToken: cancellationToken));

    /// <summary>Lists reminders already sent for future occurrences that follow their series.</summary>
    public static async Task<IReadOnlyList<OccurrenceReminders>> ListSentAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string series, DateTimeOffset now,
        CancellationToken cancellationToken) =>
        [.. (await connection.QueryAsync<SentReminderRow>(new CommandDefinition(SentSql, new { series, now }, transaction,
            cancellationToken: cancellationToken))).Select(row => row.ToOccurrence())];

    /// <summary>
    /// Marks reminders of recreated occurrences as sent if they were sent for the previous occurrences and are due for the new ones.
    /// </summary>
    /// <param name="connection">Database connection.</param>
    /// <param name="transaction">Transaction that recreates the occurrences.</param>
    /// <param name="series">Id of the series.</param>
    /// <param name="sentBefore">Result of <see cref="ListSentAsync"/> before the change.</param>
    /// <param name="now">Same time as before the change.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public static async Task CarryOverAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string series, IReadOnlyList<OccurrenceReminders> sentBefore,
        DateTimeOffset now, CancellationToken cancellationToken)
    {
        var carried = ReminderCarryOver.Carry(sentBefore,
            await ListSentAsync(connection, transaction, series, now, cancellationToken), now);
        if (carried.Count > 0)
        {
            var rows = new { ids = carried.Select(c => c.Id).ToArray(), minutes = carried.Select(c => c.Minutes).ToArray(), now };
            await connection.ExecuteAsync(new CommandDefinition(CarryOver, rows, transaction, cancellationToken: cancellationToken));
        }
    }

    /// <summary>Sends due reminders.</summary>
    public static async Task SendDueAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var due = (await connection.QueryAsync<Reminder>(
            new CommandDefinition(Due, new { now, furthest = now + Lookahead }, cancellationToken: cancellationToken))).ToList();
        foreach (var reminder in due)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var inserted = await connection.ExecuteAsync(new CommandDefinition(
                RecordSent, new { id = reminder.Id, startsAt = reminder.StartsAt, minutes = reminder.Minutes, now }, transaction,
                cancellationToken: cancellationToken));
            if (inserted == 1)
            {
                var data = new EventReminderData(reminder.Id, reminder.Title, reminder.State, reminder.Minutes, reminder.StartsAt,
                    reminder.EndsAt);
                await Outbox.AddAsync(connection, transaction, now, WebhookEventTypes.EventReminder, reminder.Channel, data,
                    cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
        }
    }

    /// <summary>Time of the next reminder; <see langword="null"/> when none is near.</summary>
    public static async Task<DateTimeOffset?> NextAsync(NpgsqlConnection connection, DateTimeOffset now,
        CancellationToken cancellationToken) =>
        await connection.ExecuteScalarAsync<DateTime?>(
            new CommandDefinition(Next, new { now, furthest = now + Lookahead }, cancellationToken: cancellationToken)) is { } next
            ? new DateTimeOffset(next, TimeSpan.Zero) : null;

    private sealed record SentReminderRow(string Id, string Day, DateTimeOffset StartsAt, string Sent)
    {
        public OccurrenceReminders ToOccurrence() => new(Id, DateOnly.ParseExact(Day, "yyyy-MM-dd", CultureInfo.InvariantCulture), StartsAt,
            Minutes(Sent));
    }

    private sealed record Reminder(string Id, string Channel, string Title, string State, DateTimeOffset StartsAt, DateTimeOffset EndsAt,
        int Minutes);
}
