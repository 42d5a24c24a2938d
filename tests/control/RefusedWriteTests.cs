using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Identity;
using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Broadcast.Media;
using Dapper;
using Shouldly;
using Xunit;
using static Broadcast.Control.Tests.SharedDatabase;

namespace Broadcast.Control.Tests;

/// <summary>A database that answers and refuses writes for a while, for example after a failover.</summary>
public sealed class RefusedWriteTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData("25006")]
    [InlineData("40001")]
    [InlineData("40P01")]
    [InlineData("55P03")]
    [InlineData("57014")]
    [InlineData("58030")]
    [InlineData("XX000")]
    [InlineData("42501")]
    public async Task Session_that_starts_and_ends_meanwhile_is_recorded_afterwards_with_its_webhook_events(string state)
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        await RefuseAllAsync(rig.Database, state, "sessions", "stream_events");

        var grant = await rig.GrantedAsync(key);
        (await rig.Ledger.FlushAsync(default)).ShouldBeFalse();
        await rig.LeaveAsync(grant);
        rig.Clock.Advance(TimeSpan.FromMinutes(2));
        (await rig.Ledger.FlushAsync(default)).ShouldBeFalse();
        await AcceptAsync(rig.Database, "sessions");
        (await rig.Ledger.FlushAsync(default)).ShouldBeFalse("webhook events wait");
        await AcceptAsync(rig.Database, "stream_events");

        (await rig.Ledger.FlushAsync(default)).ShouldBeTrue();
        var session = (await rig.HistoryAsync("demo")).ShouldHaveSingleItem();
        (session.Id, session.EndedAt).ShouldBe((grant.Session.Id.Value, rig.Clock.GetUtcNow() - TimeSpan.FromMinutes(1)));
        (await ListAsync(rig.Database, "SELECT DISTINCT type FROM stream_events ORDER BY type")).ShouldBe(
            [WebhookEventTypes.PublishStarted, WebhookEventTypes.PublishStopped]);
    }

    [Theory]
    [InlineData("22001")]
    [InlineData("23514")]
    public async Task Record_that_the_database_rejects_for_its_values_does_not_delay_others(string state)
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var bad = await rig.GrantedAsync((await rig.Channels.CreateAsync("bad", new())).Key.StreamKey);
        var good = await rig.GrantedAsync((await rig.Channels.CreateAsync("good", new())).Key.StreamKey);
        await RefuseAsync(rig.Database, state, "sessions", $"NEW.id = '{bad.Session.Id}'");

        (await rig.Ledger.FlushAsync(default)).ShouldBeTrue();

        (await ListAsync(rig.Database, "SELECT id FROM sessions")).ShouldBe([good.Session.Id.Value]);
    }

    [Fact]
    public async Task Api_answers_503_and_names_a_time_to_retry()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var token = await server.TokenAsync(TokenRole.Admin);
        await RefuseAllAsync(server.Get<ServerDatabase>(), "25006", "channels");

        var (status, _, response) = await server.SendAsync("PATCH", "/api/v1/channels/demo", token, new { title = "New" });

        (status, response.Headers.RetryAfter?.ToString()).ShouldBe((503, "2"));
    }

    [Fact]
    public async Task Open_row_of_this_server_without_a_session_is_ended()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var (_, grant) = await OnAirAsync(server);
        var lost = await InsertSessionAsync(server, "lost", server.Get<ServerIdentity>().Id);
        var other = await InsertSessionAsync(server, "other", await AddServerAsync(server));

        await server.Get<ServerLeaseService>().RunOnceAsync(default);

        (await OpenAsync(server)).ShouldBe([grant.Session.Id.Value, other.Value], ignoreOrder: true);
        (await RowAsync(server, lost)).EndReason.ShouldBe("its server does not know it");
        grant.Revoked.IsCancellationRequested.ShouldBeFalse();
    }

    [Theory]
    [InlineData(false, EventState.Preview)]
    [InlineData(true, EventState.Live)]
    public async Task Event_waits_for_its_encoder_unless_another_server_has_the_session(bool isElsewhere, EventState expected)
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        var planned = await rig.PlanAsync(1, 60);
        await ExecuteAsync(rig.Database, $"""
            INSERT INTO sessions (id, channel_id, epoch, latency, started_at, owner)
            SELECT '{SessionId.New(rig.Clock.GetUtcNow())}', id, 1, 'low', now(), {(isElsewhere ? "gen_random_uuid()" : "NULL")}
            FROM channels
            """);

        await rig.PassAsync(2);

        (await rig.Events.GetAsync(planned.Id)).State.ShouldBe(expected);
    }

    private static Task RefuseAllAsync(ServerDatabase database, string state, params string[] tables) =>
        Task.WhenAll(tables.Select(table => RefuseAsync(database, state, table, "true")));

    private static Task RefuseAsync(ServerDatabase database, string state, string table, string condition) => ExecuteAsync(database, $"""
        CREATE FUNCTION refuse_{table}() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{state}'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION refuse_{table}()
        """);

    private static Task AcceptAsync(ServerDatabase database, string table) =>
        ExecuteAsync(database, $"DROP TRIGGER refuse ON {table}");

    private static async Task ExecuteAsync(ServerDatabase database, string sql)
    {
        await using var command = database.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<List<string>> ListAsync(ServerDatabase database, string sql)
    {
        await using var connection = await database.Source.OpenConnectionAsync();
        return [.. await connection.QueryAsync<string>(sql)];
    }
}
