using System.Globalization;
using Dapper;
using Npgsql;

namespace Broadcast.Control;

/// <summary>
/// Has webhooks reminded of events that are to begin. Each reminder is a row that can be written once, with the notice in one transaction: by however many processes, it is told once. Of those that were missed while nobody
/// looked the last one is told, as long as the start is still to come.
/// </summary>
internal static class EventReminders
{
    private const string Due = """
        SELECT d.id, d.channel, d.title, d.state, d.startsAt, d.endsAt, d.minutes FROM (
            SELECT DISTINCT ON (e.id) e.id, c.name AS channel, e.title, e.state, e.starts_at AS startsAt, e.ends_at AS endsAt, m.minutes
            FROM events e JOIN channels c ON c.id = e.channel_id CROSS JOIN LATERAL unnest(e.reminder_minutes) AS m (minutes)
            WHERE c.deleted_at IS NULL AND e.kind <> 'series' AND e.state IN ('scheduled', 'preview') AND e.starts_at > @now AND e.starts_at <= @furthest
                AND e.starts_at - make_interval(mins => m.minutes) <= @now
            ORDER BY e.id, m.minutes) d
        WHERE NOT EXISTS (SELECT 1 FROM event_reminders r WHERE r.event_id = d.id AND r.starts_at = d.startsAt AND r.minutes = d.minutes)
        """;

    private const string Note = """
        INSERT INTO event_reminders (event_id, starts_at, minutes, told_at)
        SELECT e.id, e.starts_at, @minutes, @now FROM events e WHERE e.id = @id AND e.starts_at = @startsAt AND e.state IN ('scheduled', 'preview')
        ON CONFLICT DO NOTHING
        """;

    private const string Next = """
        SELECT min(e.starts_at - make_interval(mins => m.minutes)) FROM events e CROSS JOIN LATERAL unnest(e.reminder_minutes) AS m (minutes)
        WHERE e.kind <> 'series' AND e.state IN ('scheduled', 'preview') AND e.starts_at > @now AND e.starts_at <= @furthest AND e.starts_at - make_interval(mins => m.minutes) > @now
        """;

    // Also for occurrences that are there already and follow their series.
    private const string Plan = """
        UPDATE events SET reminder_minutes = string_to_array(@reminders, ',')::int[]
        WHERE id = @id OR (series_id = @id AND state = 'scheduled' AND NOT is_changed AND starts_at > @now)
        """;

    private const string HandOn = """
        UPDATE events o SET reminder_minutes = s.reminder_minutes FROM events s
        WHERE s.id = @id AND o.series_id = s.id AND o.state = 'scheduled' AND NOT o.is_changed AND o.reminder_minutes <> s.reminder_minutes
        """;

    private const string Told = """
        SELECT o.id, to_char(o.planned_wall, 'YYYY-MM-DD') AS day, o.starts_at AS startsAt,
            coalesce((SELECT string_agg(r.minutes::text, ',') FROM event_reminders r WHERE r.event_id = o.id AND r.starts_at = o.starts_at), '') AS told
        FROM events o WHERE o.series_id = @series AND o.state = 'scheduled' AND NOT o.is_changed AND o.starts_at > @now ORDER BY o.starts_at
        """;

    private const string Carried = """
        INSERT INTO event_reminders (event_id, starts_at, minutes, told_at)
        SELECT e.id, e.starts_at, t.minutes, @now FROM unnest(@ids::text[], @minutes::int[]) AS t (id, minutes) JOIN events e ON e.id = t.id
        ON CONFLICT DO NOTHING
        """;

    // An event that begins later has no reminder that matters before the next look.
    private static readonly TimeSpan Sight = EventRules.MaxReminder + TimeSpan.FromHours(1);

    /// <summary>Minutes as they stand in the database's texts: each once, the most first.</summary>
    public static string Text(IEnumerable<int> minutes) => string.Join(',', minutes.Distinct().OrderDescending());

    /// <summary>Minutes out of such a text.</summary>
    public static IReadOnlyList<int> Minutes(string text) => text.Length == 0 ? [] : [.. text.Split(',').Select(m => int.Parse(m, CultureInfo.InvariantCulture))];

    /// <summary>Writes down when an event is to be reminded of, where that is asked for.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="transaction">The transaction in which the event is written.</param>
    /// <param name="row">The event as it is to be.</param>
    /// <param name="settings">What is asked for.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task PlanAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, EventRow row, EventSettings settings, CancellationToken cancellationToken)
    {
        if (settings.Reminders is not null)
        {
            await connection.ExecuteAsync(new CommandDefinition(Plan, new { id = row.Id, reminders = row.Reminders, now = row.UpdatedAt }, transaction, cancellationToken: cancellationToken));
        }
    }

    /// <summary>Occurrences that were made have the reminders of their series.</summary>
    public static async Task HandOnAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string series, CancellationToken cancellationToken) =>
        await connection.ExecuteAsync(new CommandDefinition(HandOn, new { id = series }, transaction, cancellationToken: cancellationToken));

    /// <summary>What was told of the occurrences of a series that are to come and follow it.</summary>
    public static async Task<IReadOnlyList<RemindedOccurrence>> ToldAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string series, DateTimeOffset now, CancellationToken cancellationToken) =>
        [.. (await connection.QueryAsync<ToldRow>(new CommandDefinition(Told, new { series, now }, transaction, cancellationToken: cancellationToken))).Select(row => row.ToOccurrence())];

    /// <summary>Occurrences were made anew: what was told of those before and holds for them, too, is not told again.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="transaction">The transaction in which they were made.</param>
    /// <param name="series">The series.</param>
    /// <param name="before">What <see cref="ToldAsync"/> said before.</param>
    /// <param name="now">The time, the same as then.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task CarryAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string series, IReadOnlyList<RemindedOccurrence> before, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var carried = MovedReminders.Carry(before, await ToldAsync(connection, transaction, series, now, cancellationToken), now);
        if (carried.Count > 0)
        {
            var rows = new { ids = carried.Select(c => c.Id).ToArray(), minutes = carried.Select(c => c.Minutes).ToArray(), now };
            await connection.ExecuteAsync(new CommandDefinition(Carried, rows, transaction, cancellationToken: cancellationToken));
        }
    }

    /// <summary>Tells those that are due and were not told.</summary>
    public static async Task TellAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var due = (await connection.QueryAsync<Reminder>(new CommandDefinition(Due, new { now, furthest = now + Sight }, cancellationToken: cancellationToken))).ToList();
        foreach (var reminder in due)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var noted = await connection.ExecuteAsync(new CommandDefinition(
                Note, new { id = reminder.Id, startsAt = reminder.StartsAt, minutes = reminder.Minutes, now }, transaction, cancellationToken: cancellationToken));
            if (noted == 1)
            {
                var data = new EventReminderData(reminder.Id, reminder.Title, reminder.State, reminder.Minutes, reminder.StartsAt, reminder.EndsAt);
                await Outbox.AddAsync(connection, transaction, now, HookTypes.EventReminder, reminder.Channel, data, cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
        }
    }

    /// <summary>When the next one is due; <see langword="null"/> when none is in sight.</summary>
    public static async Task<DateTimeOffset?> NextAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellationToken) =>
        await connection.ExecuteScalarAsync<DateTime?>(new CommandDefinition(Next, new { now, furthest = now + Sight }, cancellationToken: cancellationToken)) is { } next
            ? new DateTimeOffset(next, TimeSpan.Zero) : null;

    private sealed record ToldRow(string Id, string Day, DateTimeOffset StartsAt, string Told)
    {
        public RemindedOccurrence ToOccurrence() => new(Id, DateOnly.ParseExact(Day, "yyyy-MM-dd", CultureInfo.InvariantCulture), StartsAt, Minutes(Told));
    }

    private sealed record Reminder(string Id, string Channel, string Title, string State, DateTimeOffset StartsAt, DateTimeOffset EndsAt, int Minutes);
}
