using Broadcast.Control.Servers;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Testing;
using Npgsql;
using Shouldly;
using Xunit;
using static Broadcast.Control.Tests.SharedDatabase;

namespace Broadcast.Control.Tests;

/// <summary>A server that was cut off from the database and other servers.</summary>
public sealed class CutOffServerTests(PostgresFixture postgres)
{
    private static readonly ChannelName Demo = ChannelName.Parse("demo");

    [Theory]
    [InlineData("nothing", "SELECT 1", false)]
    [InlineData("taken over", "UPDATE sessions SET owner = '{0}', epoch = epoch + 1", true)]
    [InlineData("moved with an older copy of the database", "UPDATE sessions SET owner = '{0}'", true)]
    [InlineData("ended", "UPDATE sessions SET ended_at = clock_timestamp(), end_reason = 'over'", true)]
    [InlineData("continued by this server's next start", "UPDATE sessions SET epoch = epoch + 1", true)]
    public async Task Session_is_taken_over(string what, string change, bool isTakenOver)
    {
        await using var relay = Relay(await postgres.FreshAsync(), out var direct, out var relayed);
        await using var server = await StartAsync(relayed);
        await OnAirAsync(server);
        var other = await AddServerAsync(server);
        relay.StallOpen();   // the check of ownership does not learn of the change
        await ChangeAsync(direct, string.Format(System.Globalization.CultureInfo.InvariantCulture, change, other));

        (await AskAsync(server, Demo)).ShouldBe(isTakenOver, what);
        (await AskAsync(server, ChannelName.Parse("other"))).ShouldBeFalse("it has no session here");
    }

    [Fact]
    public async Task Answer_comes_on_a_new_connection_while_the_check_of_ownership_hangs()
    {
        await using var relay = Relay(await postgres.FreshAsync(), out var direct, out var relayed);
        await using var server = await StartAsync(relayed);
        await OnAirAsync(server);
        var other = await AddServerAsync(server);
        using var stop = new CancellationTokenSource();
        await server.Get<ServerLeaseService>().RunOnceAsync(default);

        relay.StallOpen();
        var check = server.Get<ServerLeaseService>().RunOnceAsync(stop.Token);
        await ChangeAsync(direct, $"UPDATE sessions SET owner = '{other}', epoch = epoch + 1");

        (await AskAsync(server, Demo)).ShouldBeTrue();
        check.IsCompleted.ShouldBeFalse();

        await stop.CancelAsync();
        await check.ShouldThrowAsync<Exception>();
    }

    [Fact]
    public async Task Expired_lease_counts_as_renewed_after_the_check_of_ownership()
    {
        var candidates = new FakeCandidates();
        await using var server = await StartAsync((await postgres.FreshAsync()).ConnectionString!, candidates);
        var lost = await AddServerAsync(server);
        await InsertSessionAsync(server, "demo", lost);
        await ExecuteAsync(server, "UPDATE servers SET unbroken_since = unbroken_since - interval '1 hour'");
        await ExecuteAsync(server, $"UPDATE servers SET lease_until = clock_timestamp() - interval '1 s' WHERE id = '{lost}'");
        var (service, lease) = (server.Get<ServerLeaseService>(), server.Get<ServerLeaseState>());
        lease.Renewed(began: 1);
        lease.HasExpired.ShouldBeTrue();

        candidates.Finding = () => throw new NpgsqlException("simulated");
        await Should.ThrowAsync<NpgsqlException>(() => service.RunOnceAsync(default));
        (await CountLeasesAsync(server)).ShouldBe(1, "the database has the renewal");
        lease.HasExpired.ShouldBeTrue("another server may have taken sessions over before");

        candidates.Finding = null;
        await service.RunOnceAsync(default);
        lease.HasExpired.ShouldBeFalse();
    }

    [Fact]
    public async Task Requests_share_attempts_and_are_served_while_the_database_does_not_answer()
    {
        await using var relay = Relay(await postgres.FreshAsync(), out _, out var relayed);
        await using var server = await StartAsync(relayed);
        await OnAirAsync(server);
        relay.Stall();
        var before = relay.Connections;

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => AskAsync(server, Demo)));

        answers.ShouldAllBe(isTakenOver => !isTakenOver);
        (relay.Connections - before).ShouldBeInRange(1, 2, "one attempt at a time, and another for those that came during the first");
    }

    [Fact]
    public async Task Requests_that_arrive_while_attempts_end_are_answered()
    {
        await using var relay = Relay(await postgres.FreshAsync(), out var direct, out var relayed);
        await using var server = await StartAsync(relayed);
        await OnAirAsync(server);
        var other = await AddServerAsync(server);
        relay.StallOpen();
        await ChangeAsync(direct, $"UPDATE sessions SET owner = '{other}', epoch = epoch + 1");

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            var taken = 0;
            for (var i = 0; i < 25; i++)
            {
                taken += await AskAsync(server, Demo) ? 1 : 0;
            }

            return taken;
        })));

        // An attempt may take longer than its limit on a busy machine; then the answer is no.
        answers.Sum().ShouldBeGreaterThan(0);
        (await AskAsync(server, Demo)).ShouldBeTrue();
    }

    private static Task<bool> AskAsync(Server server, ChannelName channel) =>
        server.Get<IServerDirectory>().IsTakenOverAsync(channel, CancellationToken.None).AsTask();

    private static async Task ChangeAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    // No renewal changes what the tests have written.
    private static Task<Server> StartAsync(string connection, FakeCandidates? candidates = null) =>
        Server.StartAsync(connection, candidates: candidates, settings: ("Control:ServerLease", "00:10:00"));

    private static StallingRelay Relay(DatabaseOptions options, out string direct, out string relayed)
    {
        var settings = new NpgsqlConnectionStringBuilder(options.ConnectionString);
        direct = settings.ConnectionString;
        var relay = new StallingRelay(Path.Combine(settings.Host!, ".s.PGSQL.5432"));
        (settings.Host, settings.Port) = ("127.0.0.1", relay.Port);
        relayed = settings.ConnectionString;
        return relay;
    }
}
