using System.Text.Json;
using Broadcast.Control.Identity;
using Broadcast.Control.Webhooks;
using Dapper;
using Npgsql;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Pending webhook deliveries.</summary>
public sealed class OutboxTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset At = new(2030, 1, 31, 18, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task No_event_is_written_without_a_subscribed_webhook()
    {
        await using var database = await postgres.OpenFreshAsync();
        await using var connection = await database.Source.OpenConnectionAsync();
        await AddWebhookAsync(connection, "offoffof", enabled: false);
        await AddWebhookAsync(connection, "othertyp", types: ["event.live"]);
        await AddWebhookAsync(connection, "otherone", channels: ["other"]);

        await Outbox.AddAsync(connection, null, At, WebhookEventTypes.PublishStarted, "demo", new { session = "s" }, default);

        (await connection.ExecuteScalarAsync<long>("SELECT count(*) FROM webhook_events")).ShouldBe(0);
    }

    [Fact]
    public async Task Event_is_queued_once_for_each_webhook_subscribed_to_its_type_and_channel()
    {
        await using var database = await postgres.OpenFreshAsync();
        await using var connection = await database.Source.OpenConnectionAsync();
        await AddWebhookAsync(connection, "allofitt");
        await AddWebhookAsync(connection, "thistype", types: ["publish.started", "event.live"]);
        await AddWebhookAsync(connection, "thischan", channels: ["demo"]);

        await Outbox.AddAsync(connection, null, At, WebhookEventTypes.PublishStarted, "demo",
            new { Session = "s", Input = StreamKeyRole.Backup }, default);
        await Outbox.AddAsync(connection, null, At, WebhookEventTypes.HealthIssue, null, new { }, default);

        (await connection.QueryAsync<string>(
            "SELECT d.webhook_id FROM webhook_deliveries d JOIN webhook_events e ON e.id = d.event_id WHERE e.type = 'publish.started' "
            + "ORDER BY 1"))
            .ShouldBe(["allofitt", "thischan", "thistype"]);
        (await connection.QueryAsync<string>(
            "SELECT d.webhook_id FROM webhook_deliveries d JOIN webhook_events e ON e.id = d.event_id WHERE e.channel IS NULL"))
            .ShouldBe(["allofitt"], "what belongs to no channel is not for those who want one channel's");
        var body = JsonDocument.Parse((await connection.QuerySingleAsync<string>("SELECT body FROM webhook_events WHERE channel = 'demo'")))
            .RootElement;
        body.GetProperty("type").GetString().ShouldBe("publish.started");
        body.GetProperty("timestamp").GetString().ShouldBe("2030-01-31T18:00:00.000Z");
        body.GetProperty("channel").GetString().ShouldBe("demo");
        body.GetProperty("id").GetString()
            .ShouldBe(await connection.QuerySingleAsync<string>("SELECT id FROM webhook_events WHERE channel = 'demo'"));
        (body.GetProperty("data").GetProperty("session").GetString(),
            body.GetProperty("data").GetProperty("input").GetString()).ShouldBe(("s", "backup"));
    }

    [Fact]
    public async Task Event_is_committed_or_rolled_back_with_its_change()
    {
        await using var database = await postgres.OpenFreshAsync();
        await using var connection = await database.Source.OpenConnectionAsync();
        await AddWebhookAsync(connection, "allofitt");

        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await Outbox.AddAsync(connection, transaction, At, WebhookEventTypes.EventLive, "demo", new { }, default);
            await transaction.RollbackAsync();
        }

        (await connection.ExecuteScalarAsync<long>("SELECT count(*) FROM webhook_events")).ShouldBe(0);
    }

    [Fact]
    public async Task Webhook_with_a_full_outbox_misses_new_events_and_others_do_not()
    {
        await using var database = await postgres.OpenFreshAsync();
        await using var connection = await database.Source.OpenConnectionAsync();
        await AddWebhookAsync(connection, "deaffull");
        await Outbox.AddAsync(connection, null, At, WebhookEventTypes.EventLive, "demo", new { }, default);
        await connection.ExecuteAsync(
            "INSERT INTO webhook_deliveries (webhook_id, event_id, state, next_attempt_at, created_at) SELECT webhook_id, event_id, "
            + "state, next_attempt_at, created_at FROM webhook_deliveries, generate_series(2, @most)",
            new { most = Outbox.MaxPending });
        await AddWebhookAsync(connection, "allofitt");

        await Outbox.AddAsync(connection, null, At, WebhookEventTypes.EventEnded, "demo", new { }, default);

        (await connection.QueryAsync<string>(
            "SELECT d.webhook_id FROM webhook_deliveries d JOIN webhook_events e ON e.id = d.event_id WHERE e.type = 'event.ended'")).ShouldBe(["allofitt"]);
        (await connection.QueryAsync<(string, long)>("SELECT id, dropped FROM webhooks ORDER BY id")).ShouldBe(
            [("allofitt", 0L), ("deaffull", 1L)]);
        (await connection.ExecuteScalarAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE webhook_id = 'deaffull'")).ShouldBe(
            Outbox.MaxPending);
    }

    [Fact]
    public async Task Oversized_event_data_is_rejected_before_it_is_written()
    {
        await using var database = await postgres.OpenFreshAsync();
        await using var connection = await database.Source.OpenConnectionAsync();
        await Should.ThrowAsync<ArgumentException>(() => Outbox.AddAsync(connection, null, At, WebhookEventTypes.EventLive, "demo",
            new { text = new string('x', Outbox.MaxBody) }, default));
    }

    internal static Task AddWebhookAsync(NpgsqlConnection connection, string id, string[]? types = null, string[]? channels = null,
        bool enabled = true) => connection.ExecuteAsync(
        "INSERT INTO webhooks (id, url, label, types, channels, secret, enabled, created_at) VALUES (@id, 'https://example.org/', '', "
        + "@types, @channels, @secret, @enabled, now())",
        new { id, types = types ?? [], channels = channels ?? [], secret = new string('s', 32), enabled });
}
