using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ControlToCluster;
using Broadcast.Media.IngestToControl;
using Broadcast.Testing;
using Dapper;
using Shouldly;
using Xunit;
using static Broadcast.Control.Tests.SharedDatabase;

namespace Broadcast.Control.Tests;

/// <summary>Sessions of lost servers without a copy, which are continued or ended from their journals in the object store.</summary>
public sealed class StoredTakeoversTests(PostgresFixture postgres)
{
    // No server renews its lease, and so checks sessions, unless a test asks for it.
    private static readonly (string, string)[] NoRenewal = [("Control:ServerLease", "00:10:00")];
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task Encoder_that_returns_to_another_server_continues_the_session()
    {
        await using var set = await StartAsync(servers: 1);
        var b = set.Servers[0];
        b.Lifecycle.IsStored = _ => Task.FromResult(true);
        await set.LoseAsync(expired: 10);

        var grant = (await b.AskAsync(set.Key)).ShouldBeOfType<PublishDecision.Granted>().Grant;

        (grant.Session.Id, grant.Session.Epoch).ShouldBe((set.Session, 2));
        b.Lifecycle.TakenOverStored.ShouldHaveSingleItem().Epoch.ShouldBe(2);
        b.Lifecycle.Ended.ShouldBeEmpty();
        await CheckAsync(b);
        (await RowAsync(b, set.Session)).ShouldBe(new Row(2, null, b.Get<ServerIdentity>().Id));
        grant.Revoked.IsCancellationRequested.ShouldBeFalse();
    }

    [Theory]
    [InlineData("no journal")]
    [InlineData("no store")]
    [InlineData("owner stopped regularly")]
    public async Task Encoder_begins_a_new_session_when_the_lost_one_cannot_be_continued(string why)
    {
        await using var set = await StartAsync(servers: 1);
        var b = set.Servers[0];
        b.Lifecycle.IsStored = _ => why == "no store" ? throw new IOException("away") : Task.FromResult(why != "no journal");
        await set.LoseAsync(expired: 10, isReleased: why == "owner stopped regularly");

        var grant = (await b.AskAsync(set.Key)).ShouldBeOfType<PublishDecision.Granted>().Grant;

        grant.Session.Id.ShouldNotBe(set.Session);
        b.Lifecycle.TakenOverStored.ShouldBeEmpty();
        await Poll.UntilAsync(async () => (await RowAsync(b, set.Session)).EndReason == SessionClaims.ServerLostReason);
    }

    [Fact]
    public async Task Session_whose_server_does_not_return_is_ended_with_its_media_by_one_server()
    {
        await using var set = await StartAsync(servers: 3);
        foreach (var server in set.Servers)
        {
            server.Lifecycle.IsStored = _ => Task.FromResult(true);
        }

        await set.LoseAsync(expired: Window.TotalSeconds - 1);
        await Task.WhenAll(set.Servers.Select(CheckAsync));
        (await RowAsync(set.Servers[0], set.Session)).ShouldBe(new Row(1, null, set.Owner), "its server may return");

        await set.LoseAsync(expired: Window.TotalSeconds + 1);
        await Task.WhenAll(set.Servers.Select(CheckAsync));

        await Poll.UntilAsync(async () => (await RowAsync(set.Servers[0], set.Session)).EndReason is not null);
        var closing = set.Servers.Where(server => server.Lifecycle.TakenOverStored.Count > 0).ShouldHaveSingleItem();
        (await RowAsync(closing, set.Session)).ShouldBe(new Row(2, SessionClaims.ServerLostReason, closing.Get<ServerIdentity>().Id));
        await Poll.UntilAsync(() => closing.Lifecycle.Ended.Count > 0);
        closing.Lifecycle.Ended.ShouldBe([("demo", set.Session, SessionClaims.ServerLostReason)]);
        set.Servers.Sum(server => server.Lifecycle.Ended.Count).ShouldBe(1);
        await Poll.UntilAsync(async () => await CountAsync(closing, "SELECT count(*) FROM stream_events WHERE type = 'channel.state'") == 1,
            description: "the end is reported");
        await Task.WhenAll(set.Servers.Select(CheckAsync));
        (await CountAsync(closing, "SELECT count(*) FROM stream_events WHERE type = 'channel.state'")).ShouldBe(1);
        (await closing.AskAsync(set.Key)).ShouldBeOfType<PublishDecision.Granted>().Grant.Session.Id.ShouldNotBe(set.Session);
    }

    [Fact]
    public async Task End_waits_for_the_object_store_and_on_request_comes_at_once()
    {
        await using var set = await StartAsync(servers: 1);
        var b = set.Servers[0];
        var isAway = true;
        b.Lifecycle.IsStored = _ => isAway ? throw new IOException("away") : Task.FromResult(true);
        await set.LoseAsync(expired: 10);
        await ExecuteAsync(b, "UPDATE sessions SET end_request = 'ended by an operator'");
        await CheckAsync(b);
        await CheckAsync(b);
        (await RowAsync(b, set.Session)).EndReason.ShouldBeNull();

        isAway = false;
        await CheckAsync(b);

        await Poll.UntilAsync(async () => (await RowAsync(b, set.Session)).EndReason == "ended by an operator");
        await Poll.UntilAsync(() => b.Lifecycle.Ended.Count == 1);
        b.Lifecycle.TakenOverStored.ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData(10)]
    [InlineData(1000)]
    public async Task Owner_that_returns_before_the_claim_keeps_the_session(double expired)
    {
        await using var set = await StartAsync(servers: 1);
        var b = set.Servers[0];
        b.Lifecycle.IsStored = async _ =>
        {
            await ExecuteAsync(b, $"UPDATE servers SET lease_until = clock_timestamp() + interval '6 s' WHERE id = '{set.Owner}'");
            return true;
        };
        await set.LoseAsync(expired);

        if (expired < 100)
        {
            (await b.AskAsync(set.Key)).ShouldBeOfType<PublishDecision.OnAirElsewhere>().Otherwise.Reason
                .ShouldBe(PublishRejectionReason.ChannelBusy);
        }

        await CheckAsync(b);

        (await RowAsync(b, set.Session)).ShouldBe(new Row(1, null, set.Owner));
        b.Lifecycle.TakenOverStored.ShouldBeEmpty();
    }

    [Fact]
    public async Task Session_continues_even_if_its_stored_media_cannot_be_read()
    {
        await using var set = await StartAsync(servers: 1);
        var b = set.Servers[0];
        b.Lifecycle.IsStored = _ => Task.FromResult(true);
        b.Lifecycle.TakingOver = _ => throw new IOException("away");
        await set.LoseAsync(expired: 10);

        (await b.AskAsync(set.Key)).ShouldBeOfType<PublishDecision.Granted>().Grant.Session.Id.ShouldBe(set.Session);
    }

    private async Task<Set> StartAsync(int servers)
    {
        var connection = (await postgres.FreshAsync()).ConnectionString!;
        var set = new Set();
        var owner = await Server.StartAsync(connection, settings: NoRenewal);
        (set.Key, var grant) = await OnAirAsync(owner, Window);
        (set.Session, set.Owner) = (grant.Session.Id, owner.Get<ServerIdentity>().Id);
        for (var i = 0; i < servers; i++)
        {
            set.Servers.Add(await Server.StartAsync(connection, candidates: new FakeCandidates { Suitability = TakeoverSuitability.None },
                settings: NoRenewal));
        }

        await owner.DisposeAsync();
        return set;
    }

    private static async Task CheckAsync(Server server)
    {
        await using var connection = await server.Get<ServerDatabase>().Source.OpenConnectionAsync();
        await server.Get<OwnershipCheck>().RunAsync(connection, default);
    }

    private static async Task<long> CountAsync(Server server, string sql)
    {
        await using var connection = await server.Get<ServerDatabase>().Source.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<long>(sql);
    }

    /// <summary>A session on air at a server that was killed, and other servers.</summary>
    private sealed class Set : IAsyncDisposable
    {
        public List<Server> Servers { get; } = [];

        public SessionId Session { get; set; }

        public Guid Owner { get; set; }

        public string Key { get; set; } = "";

        /// <summary>Makes the lease of the owner expired, and the other servers senior, and lets them learn of it.</summary>
        public async Task LoseAsync(double expired, bool isReleased = false)
        {
            await ExecuteAsync(Servers[0], "UPDATE servers SET unbroken_since = unbroken_since - interval '1 hour'");
            await ExecuteAsync(Servers[0], string.Create(System.Globalization.CultureInfo.InvariantCulture, $"""
                UPDATE servers SET released = {isReleased}, lease_until = clock_timestamp() - make_interval(secs => {expired})
                WHERE id = '{Owner}'
                """));
            if (expired < 100)
            {
                await Task.WhenAll(Servers.Select(CheckAsync));
            }
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var server in Servers)
            {
                await server.DisposeAsync();
            }
        }
    }
}
