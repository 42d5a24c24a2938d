using Broadcast.Control.Access;
using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Shouldly;

namespace Broadcast.Control.Tests;

/// <summary>A database of the schema before migration 25, with rows in each place that the migration renames.</summary>
internal static class PreviousSchema
{
    private const int Version = 24;
    private const string Session = "01J00000000000000000000001";
    private const string Series = "01J00000000000000000000002";
    private const string Event = "01J00000000000000000000003";

    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    private const string Rows = """
        INSERT INTO channels (name, title, ladder, latency, reconnect_window_seconds, created_at, rewind) VALUES ('demo', '', 'auto', 'low',
            60, '2026-01-02T12:00Z', '12h');
        INSERT INTO sessions (id, channel_id, epoch, latency, started_at, audience_from, audience_segment)
        SELECT '01J00000000000000000000001', id, 1, 'low', '2026-01-02T12:00Z', '2026-01-02T12:00Z', 7 FROM channels;
        INSERT INTO events (id, kind, channel_id, planned_wall, recurrence, title, description, poster, starts_at, ends_at, claims_from,
            time_zone, is_manual, preview_seconds, grace_seconds, continues,
            state, state_since, created_at, updated_at, rest_until)
        SELECT v.id, v.kind, c.id, v.wall, v.rule, 'Concert', '', '', '2026-01-02T12:00Z', '2026-01-02T13:00Z', '2026-01-02T12:00Z',
            'Etc/UTC', false, 0, 0, false,
            'scheduled', '2026-01-02T12:00Z', '2026-01-02T12:00Z', '2026-01-02T12:00Z', v.rest
        FROM channels c, (VALUES
            ('01J00000000000000000000002', 'series', '2026-01-02T12:00'::timestamp, 'FREQ=WEEKLY;COUNT=3', NULL::timestamptz),
            ('01J00000000000000000000003', 'single', NULL, NULL, '2026-01-02T12:00Z')) v (id, kind, wall, rule, rest);
        UPDATE events SET state = 'cancelled', reason = 'by a test' WHERE kind = 'single';
        INSERT INTO viewer_keys (id, channel_id, secret, label, of_server, created_at)
        SELECT v.id, c.id, repeat('s', 32), '', v.is_server, '2026-01-02T12:00Z' FROM channels c, (VALUES ('serverky', true), ('otherkey',
            false)) v (id, is_server);
        INSERT INTO webhooks (id, url, label, types, channels, secret, enabled, created_at) VALUES ('webhook1', 'https://example.org/', '',
            '{}', '{}', repeat('s', 32), false, '2026-01-02T12:00Z');
        INSERT INTO webhook_events (id, type, body, created_at) VALUES ('evt_' || repeat('0', 32), 'channel.live', '{}',
            '2026-01-02T12:00Z');
        INSERT INTO webhook_deliveries (webhook_id, event_id, state, attempts, next_at, tried_at, fault, created_at)
        SELECT 'webhook1', id, 'waiting', 1, '2026-01-02T12:01Z'::timestamptz, '2026-01-02T12:00Z'::timestamptz, 'Unreachable',
            '2026-01-02T12:00Z'::timestamptz FROM webhook_events;
        """;

    /// <summary>Creates an empty database and fills it.</summary>
    public static async Task<DatabaseOptions> CreateAsync(PostgresFixture postgres, string name)
    {
        await postgres.ExecuteAsync($"CREATE DATABASE {name}");
        var options = await postgres.FreshAsync();
        options.ConnectionString = new NpgsqlConnectionStringBuilder(options.ConnectionString) { Database = name }.ConnectionString;
        await using var source = NpgsqlDataSource.Create(options.ConnectionString);
        var migrations = Migrations.All.Where(migration => migration.Number <= Version).ToList();
        await using var command = source.CreateCommand($"""
            CREATE TABLE schema_versions (version int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL);
            {string.Join('\n', migrations.Select(migration => $"{migration.Sql}\nINSERT INTO schema_versions VALUES ({migration.Number}, '{migration.Name}', now());"))}
            {Rows}
            """);
        await command.ExecuteNonQueryAsync();
        return options;
    }

    /// <summary>Reads the rows of each renamed place from a migrated database, and checks its triggers.</summary>
    public static async Task ShouldBeReadableAsync(ServerDatabase database)
    {
        (await new ChannelRepository(database, TimeProvider.System).GetAsync("demo")).DvrWindow.ShouldBe("12h");

        await using var connection = await database.Source.OpenConnectionAsync();
        using var visibility = new SessionVisibilityStore(database, NullLogger<SessionVisibilityStore>.Instance);
        await visibility.RefreshAsync(connection, default);
        visibility.Find(ChannelName.Parse("demo"), SessionId.Parse(Session)).ShouldBe(SessionVisibility.Since(Noon, 7));

        var events = new EventRepository(database, TimeProvider.System);
        (await events.GetAsync(Series)).LocalStart.ShouldBe(Noon.DateTime);
        var entry = (await events.HistoryAsync(Event)).ShouldHaveSingleItem();
        (entry.State, entry.Reason).ShouldBe((EventState.Cancelled, "by a test"));
        (await connection.ExecuteScalarAsync<DateTime>(
            "SELECT cooldown_until FROM events WHERE cooldown_until IS NOT NULL")).ToUniversalTime().ShouldBe(Noon.UtcDateTime);

        var keys = await new ViewerKeys(database, TimeProvider.System).ListAsync("demo");
        keys.ToDictionary(key => key.Id, key => key.IsServerManaged)
            .ShouldBe(new Dictionary<string, bool> { ["serverky"] = true, ["otherkey"] = false }, ignoreOrder: true);

        var deliveries = new WebhookDeliveryLog(database, Options.Create(new ControlOptions()), TimeProvider.System);
        var delivery = (await deliveries.ListAsync("webhook1")).ShouldHaveSingleItem();
        (delivery.LastAttemptAt, delivery.NextAttemptAt, delivery.Error).ShouldBe((Noon, Noon.AddMinutes(1), "Unreachable"));

        // The recreated functions: a change is notified, and a state of an event is recorded.
        await using var listening = await database.Source.OpenConnectionAsync();
        var notifications = new List<string>();
        listening.Notification += (_, e) => notifications.Add(e.Payload);
        await listening.ExecuteAsync("LISTEN broadcast_control");
        await connection.ExecuteAsync(
            "UPDATE channels SET dvr_window = 'off'; UPDATE events SET state = 'scheduled', reason = '' WHERE kind = 'single'");
        await listening.ExecuteAsync("SELECT 1");
        notifications.ShouldContain(payload => payload.StartsWith("channels:", StringComparison.Ordinal));
        notifications.ShouldContain($"events:{Event}");
        (await events.HistoryAsync(Event)).Count.ShouldBe(2);
    }
}
