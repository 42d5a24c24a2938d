using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.HostToControl;
using Broadcast.Testing;
using Dapper;
using Shouldly;
using Xunit;
using static Broadcast.Control.Tests.SharedDatabase;

namespace Broadcast.Control.Tests;

/// <summary>Servers and sessions of a cluster, as links between servers use them.</summary>
public sealed class ServerDirectoryTests(PostgresFixture postgres)
{
    private static readonly ChannelName Demo = ChannelName.Parse("demo");

    [Fact]
    public async Task Concurrent_servers_create_one_authority()
    {
        var options = await postgres.FreshAsync();
        await using var a = await Server.StartAsync(options.ConnectionString);
        await using var b = await Server.StartAsync(options.ConnectionString);
        using var start = new ManualResetEventSlim();
        var created = 0;
        var reads = Enumerable.Range(0, 12).Select(i => Task.Run(async () =>
        {
            start.Wait();
            return await (i % 2 == 0 ? a : b).Get<IServerDirectory>().GetAuthorityAsync(
                () => new ClusterAuthority($"certificate {Interlocked.Increment(ref created)}", $"key {i}"), CancellationToken.None);
        })).ToList();
        start.Set();
        var authorities = await Task.WhenAll(reads);
        authorities.Distinct().ShouldHaveSingleItem();
        created.ShouldBeGreaterThan(0);

        (await b.Get<IServerDirectory>().GetAuthorityAsync(() => throw new InvalidOperationException(), CancellationToken.None))
            .ShouldBe(authorities[0]);
        await using var connection = await a.Get<ServerDatabase>().Source.OpenConnectionAsync();
        (await connection.ExecuteScalarAsync<long>("SELECT count(*) FROM cluster_authority")).ShouldBe(1);
        (await Should.ThrowAsync<Npgsql.PostgresException>(ExecuteAsync(a,
            "INSERT INTO cluster_authority (only_row, certificate, private_key) VALUES (false, '', '')"))).SqlState.ShouldBe("23514");
    }

    [Fact]
    public async Task An_unavailable_database_is_an_IOException()
    {
        var directory = new ServerDirectory(null!, null!, new ServerDatabase(new DataFolder("/nonexistent"),
            new DatabaseOptions { ConnectionString = "Host=/nonexistent;Username=nobody;Database=none" }, TimeProvider.System),
            Microsoft.Extensions.Options.Options.Create(new ControlOptions()), TimeProvider.System, null!, null!, null!, null!);
        await Should.ThrowAsync<IOException>(directory.GetAuthorityAsync(() => throw new InvalidOperationException(),
            CancellationToken.None));
    }

    [Fact]
    public async Task A_session_whose_owner_is_gone_is_lost_until_it_has_ended()
    {
        var options = await postgres.FreshAsync();
        await using var b = await Server.StartAsync(options.ConnectionString);
        var a = await Server.StartAsync(options.ConnectionString);
        var (_, grant) = await OnAirAsync(a);
        var directory = b.Get<IServerDirectory>();
        await b.Get<ServerLeaseService>().RunOnceAsync(default);
        (directory.FindLost(Demo), directory.FindRemote(Demo)?.Session).ShouldBe((null, grant.Session.Id), "on air");
        await a.DisposeAsync();

        await KilledAsync(b, grant.Session.Id, secondsAgo: 21);
        await b.Get<ServerLeaseService>().RunOnceAsync(default);
        (directory.FindLost(Demo), directory.FindRemote(Demo)).ShouldBe((grant.Session.Id, null));

        await ExecuteAsync(b, "UPDATE sessions SET ended_at = clock_timestamp(), end_reason = 'over'");
        await b.Get<ServerLeaseService>().RunOnceAsync(default);
        directory.FindLost(Demo).ShouldBeNull();
    }

    [Fact]
    public async Task Lease_renewals_store_address_and_version()
    {
        var listener = new Listener();
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, listener: listener);
        (await RowAsync(server)).Address.ShouldBeNull("the listener has no address yet");

        listener.Address = "10.0.0.2:8090";
        await Poll.UntilAsync(async () => (await RowAsync(server)).Address == "10.0.0.2:8090");
        var row = await RowAsync(server);
        row.Version.ShouldBe(typeof(ServerDirectory).Assembly.GetName().Version!.ToString(3));
        row.Number.ShouldBeGreaterThan(0);

        listener.Address = null;
        await server.Get<ServerLeaseService>().RunOnceAsync(CancellationToken.None);
        (await RowAsync(server)).Address.ShouldBeNull();
    }

    [Fact]
    public async Task Channels_of_other_servers_are_found_with_owner_address_and_epoch()
    {
        var options = await postgres.FreshAsync();
        await using var a = await Server.StartAsync(options.ConnectionString, listener: new Listener { Address = "10.0.0.2:8090" });
        await using var b = await Server.StartAsync(options.ConnectionString);
        var (_, grant) = await OnAirAsync(a);
        var (atA, atB) = (a.Get<IServerDirectory>(), b.Get<IServerDirectory>());
        await Poll.UntilAsync(() => atB.FindRemote(Demo) is not null);

        atB.FindRemote(Demo).ShouldBe(new RemoteChannel(grant.Session.Id, 1,
            new ClusterServer(atA.Self, a.Get<ServerIdentity>().Name, "10.0.0.2:8090")));
        atA.FindRemote(Demo).ShouldBeNull("it is not on air at another server");
        atB.FindRemote(ChannelName.Parse("other")).ShouldBeNull();

        await a.StopAsync();
        await Poll.UntilAsync(() => atB.FindRemote(Demo) is null, description: "the lease was given back");
        await using var c = await Server.StartAsync(options.ConnectionString);
        await b.Get<ServerLeaseService>().RunOnceAsync(CancellationToken.None);
        atB.FindRemote(Demo).ShouldBe(new RemoteChannel(grant.Session.Id, 2,
            new ClusterServer(c.Get<IServerDirectory>().Self, c.Get<ServerIdentity>().Name, null)));
    }

    [Fact]
    public async Task The_last_session_of_a_channel_is_found_while_its_server_is_live()
    {
        var options = await postgres.FreshAsync();
        await using var a = await Server.StartAsync(options.ConnectionString, listener: new Listener { Address = "10.0.0.2:8090" });
        await using var b = await Server.StartAsync(options.ConnectionString);
        var (_, grant) = await OnAirAsync(a);
        a.Get<SessionManager>().End(grant.Session.Id, "over");
        await a.Get<SessionWriter>().FlushAsync(CancellationToken.None);

        var last = await b.Get<IServerDirectory>().FindLastAsync(Demo, CancellationToken.None);
        last.ShouldNotBeNull().Session.ShouldBe(grant.Session.Id);
        last.Owner.Address.ShouldBe("10.0.0.2:8090");
        (await a.Get<IServerDirectory>().FindLastAsync(Demo, CancellationToken.None)).ShouldBeNull("its own session");
        (await b.Get<IServerDirectory>().FindLastAsync(ChannelName.Parse("other"), CancellationToken.None)).ShouldBeNull();
    }

    private static async Task<Row> RowAsync(Server server)
    {
        await using var connection = await server.Get<ServerDatabase>().Source.OpenConnectionAsync();
        return await connection.QuerySingleAsync<Row>("SELECT number, address, version FROM servers WHERE id = @id",
            new { id = server.Get<ServerIdentity>().Id });
    }

    private sealed record Row(int Number, string? Address, string? Version);

    private sealed class Listener : IInternalListener
    {
        public string? Address { get; set; }
    }
}
