using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.ControlToCluster;
using Broadcast.Media.IngestToControl;
using Broadcast.Testing;
using Shouldly;
using Xunit;
using static Broadcast.Control.Tests.SharedDatabase;

namespace Broadcast.Control.Tests;

/// <summary>Sessions that a server hands over while it runs.</summary>
public sealed class SessionHandoversTests(PostgresFixture postgres)
{
    // No server renews its lease unless a test asks for it.
    private static readonly (string, string)[] NoRenewal = [("Control:ServerLease", "00:10:00"), ("Control:TakeoverWait", "00:00:10")];

    [Fact]
    public async Task Session_moves_with_the_next_epoch_once_its_encoder_has_ended_its_publication()
    {
        await using var pair = await PairAsync();
        var (a, b, links) = (pair.A, pair.B, pair.Links);
        var (key, grant) = await OnAirAsync(a);

        var moving = pair.HandOverAsync();
        await Poll.UntilAsync(() => grant.Moved.IsCancellationRequested);
        grant.SessionEnded.IsCancellationRequested.ShouldBeTrue("no slate begins");
        grant.Revoked.IsCancellationRequested.ShouldBeFalse("the encoder stays connected");
        a.Lifecycle.Holds.ShouldBeEmpty("the publication has not ended");
        await EndAsync(a, grant);

        (await moving).ShouldBe(0);
        (await RowAsync(a, grant.Session.Id)).ShouldBe(new Row(2, null, b.Get<ServerIdentity>().Id));
        a.Lifecycle.Holds.ShouldBe(["held", "released"]);
        a.Lifecycle.Ended.ShouldBeEmpty();
        a.Get<SessionManager>().HasOpen(grant.Session.Id).ShouldBeFalse();
        var remote = links.Followed.ShouldHaveSingleItem();
        (remote.Session, remote.Epoch, remote.Owner.Id).ShouldBe((grant.Session.Id, 2, b.Get<ServerIdentity>().Id));
        var taken = b.Lifecycle.TakenOver.ShouldHaveSingleItem();
        (taken.Session.Id, taken.Session.Epoch, taken.Copy).ShouldBe((grant.Session.Id, 2, FakeCandidates.Copy));
        b.Get<SessionManager>().HasOpen(grant.Session.Id).ShouldBeTrue();

        // The encoder continues the session at its new owner, also through the former one.
        (await a.AskAsync(key)).ShouldBeOfType<PublishDecision.OnAirElsewhere>().Target!.Owner.Id.ShouldBe(b.Get<ServerIdentity>().Id);
        var next = (await b.AskAsync(key)).ShouldBeOfType<PublishDecision.Granted>().Grant;
        (next.Session.Id, next.Session.Epoch).ShouldBe((grant.Session.Id, 2));
        await pair.CheckAsync();
        next.Revoked.IsCancellationRequested.ShouldBeFalse();
        (await RowAsync(a, grant.Session.Id)).EndReason.ShouldBeNull();
    }

    [Fact]
    public async Task Encoder_that_connects_during_the_move_waits_for_it_and_is_forwarded()
    {
        await using var pair = await PairAsync();
        var (key, grant) = await OnAirAsync(pair.A);

        var moving = pair.HandOverAsync();
        await Poll.UntilAsync(() => grant.Moved.IsCancellationRequested);
        var asked = pair.A.AskAsync(key).AsTask();
        await EndAsync(pair.A, grant);

        await moving;
        (await asked).ShouldBeOfType<PublishDecision.OnAirElsewhere>().Target!.Session.ShouldBe(grant.Session.Id);
        (await OpenAsync(pair.A)).ShouldBe([grant.Session.Id.Value]);
    }

    [Fact]
    public async Task Session_continues_here_when_the_other_server_does_not_take_it()
    {
        await using var pair = await PairAsync();
        pair.Links.Offering = (_, _) => Task.FromResult(false);
        var (key, grant) = await OnAirAsync(pair.A);

        (await pair.HandOverAsync(grant)).ShouldBe(1);

        pair.A.Lifecycle.Holds.ShouldBe(["held", "continued"]);
        pair.Links.Followed.ShouldBeEmpty();
        var next = (await pair.A.AskAsync(key)).ShouldBeOfType<PublishDecision.Granted>().Grant;
        next.Session.Id.ShouldBe(grant.Session.Id);
        next.SessionEnded.IsCancellationRequested.ShouldBeFalse();
        next.Moved.IsCancellationRequested.ShouldBeFalse();
        await pair.A.Get<SessionWriter>().FlushAsync(default);
        await pair.CheckAsync();
        (next.Revoked.IsCancellationRequested, (await RowAsync(pair.A, grant.Session.Id)).EndReason).ShouldBe((false, null));
    }

    [Fact]
    public async Task Offer_that_arrives_after_it_was_withdrawn_has_no_effect()
    {
        await using var pair = await PairAsync();
        Func<Task<bool>>? late = null;
        pair.Links.Offering = (_, take) =>
        {
            late = take;
            throw new IOException("it does not respond");
        };
        var (_, grant) = await OnAirAsync(pair.A);
        (await pair.HandOverAsync(grant)).ShouldBe(1);

        (await late!()).ShouldBeFalse();

        (await RowAsync(pair.A, grant.Session.Id)).ShouldBe(new Row(2, null, pair.A.Get<ServerIdentity>().Id));
        pair.A.Get<SessionManager>().Sessions().ShouldHaveSingleItem().Epoch.ShouldBe(2);
        pair.B.Lifecycle.TakenOver.ShouldBeEmpty();
    }

    [Fact]
    public async Task Session_that_was_taken_without_a_reply_belongs_to_the_other_server()
    {
        await using var pair = await PairAsync();
        pair.Links.Offering = async (_, take) =>
        {
            (await take()).ShouldBeTrue();
            throw new IOException("it does not respond");
        };
        var (_, grant) = await OnAirAsync(pair.A);

        (await pair.HandOverAsync(grant)).ShouldBe(0);

        pair.A.Lifecycle.Holds.ShouldBe(["held", "released"]);
        pair.Links.Followed.ShouldHaveSingleItem().Epoch.ShouldBe(2);
    }

    [Fact]
    public async Task Session_whose_end_is_requested_does_not_move()
    {
        await using var pair = await PairAsync();
        var (_, grant) = await OnAirAsync(pair.A);
        await ExecuteAsync(pair.A, "UPDATE sessions SET end_request = 'an operator ended it'");

        (await pair.B.Get<ISessionReceiver>().TakeAsync(grant.Session.Id, 1, pair.A.Get<ServerIdentity>().Id, FakeCandidates.Copy, default))
            .ShouldBeFalse();
    }

    [Theory]
    [InlineData("another epoch", 2, true)]
    [InlineData("another owner", 1, false)]
    public async Task Session_is_only_taken_from_its_owner_in_the_epoch_that_it_offers(string what, long epoch, bool isOwner)
    {
        await using var pair = await PairAsync();
        var (_, grant) = await OnAirAsync(pair.A);

        (await pair.B.Get<ISessionReceiver>().TakeAsync(grant.Session.Id, epoch,
            isOwner ? pair.A.Get<ServerIdentity>().Id : Guid.NewGuid(), FakeCandidates.Copy, default)).ShouldBeFalse(what);

        (await RowAsync(pair.A, grant.Session.Id)).Epoch.ShouldBe(1);
    }

    [Fact]
    public async Task Session_ended_during_the_move_stays_ended()
    {
        await using var pair = await PairAsync();
        var (_, grant) = await OnAirAsync(pair.A);
        var moving = pair.HandOverAsync();
        await Poll.UntilAsync(() => grant.Moved.IsCancellationRequested);

        pair.A.Get<SessionManager>().End(grant.Session.Id, "an operator ended it").ShouldNotBeNull();
        await EndAsync(pair.A, grant);

        (await moving).ShouldBe(0);
        await pair.A.Get<SessionWriter>().FlushAsync(default);
        (await RowAsync(pair.A, grant.Session.Id)).ShouldBe(new Row(1, "an operator ended it", pair.A.Get<ServerIdentity>().Id));
        pair.Links.Calls.ShouldNotContain(call => call.StartsWith("offer", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Server_that_is_not_ready_is_passed_over()
    {
        await using var pair = await PairAsync();
        await using var c = await StartAsync(pair.Connection);
        await pair.AddAsync(c);
        pair.Links.Followers = [c.Get<ServerIdentity>().Id];
        pair.Links.IsReady = id => id != c.Get<ServerIdentity>().Id;
        var (_, grant) = await OnAirAsync(pair.A);

        (await pair.HandOverAsync(grant)).ShouldBe(0);

        pair.Links.Calls.ShouldBe([$"prepare {c.Get<ServerIdentity>().Id}", $"prepare {pair.B.Get<ServerIdentity>().Id}",
            $"offer {pair.B.Get<ServerIdentity>().Id}"]);
    }

    [Fact]
    public async Task Draining_is_known_with_the_next_renewal_and_ends_with_a_new_run()
    {
        await using var pair = await PairAsync();
        var (a, b) = (pair.A, pair.B);
        var number = (await b.Get<ServerRepository>().ListAsync(default)).Single(server => server.Address == Pair.AddressOf(b)).Number;
        var (_, grant) = await OnAirAsync(a);

        await a.Get<ServerRepository>().SetDrainingAsync(number, true, default);
        await b.Get<ServerLeaseService>().RunOnceAsync(default);

        b.Get<ServerDrain>().IsDraining.ShouldBeTrue();
        b.Get<ISessionReceiver>().TakesSessions.ShouldBeFalse();
        (await a.Get<MediaServers>().FindAsync(default)).ShouldBeEmpty();
        (await a.Get<ServerRepository>().ListAsync(default)).Single(server => server.Number == number).State.ShouldBe(ServerState.Draining);
        (await pair.HandOverAsync(grant, ends: false)).ShouldBe(1, "there is no other server");
        (await a.Get<AuditLog>().ListAsync(new AuditFilter(Action: "server.drain"))).ShouldHaveSingleItem().Subject
            .ShouldBe($"server/{number}");

        await a.Get<ServerRepository>().SetDrainingAsync(number, false, default);
        await b.Get<ServerLeaseService>().RunOnceAsync(default);
        b.Get<ServerDrain>().IsDraining.ShouldBeFalse();
    }

    [Fact]
    public async Task Server_that_is_drained_hands_over_by_itself()
    {
        await using var pair = await PairAsync();
        var (_, grant) = await OnAirAsync(pair.A);
        await ExecuteAsync(pair.A, $"UPDATE servers SET draining = true WHERE id = '{pair.A.Get<ServerIdentity>().Id}'");

        await pair.A.Get<ServerLeaseService>().RunOnceAsync(default);

        await Poll.UntilAsync(() => grant.Moved.IsCancellationRequested);
        await EndAsync(pair.A, grant);
        await Poll.UntilAsync(() => pair.B.Get<SessionManager>().HasOpen(grant.Session.Id));
    }

    [Fact]
    public async Task Server_hands_over_before_it_stops()
    {
        await using var pair = await PairAsync();
        var (_, grant) = await OnAirAsync(pair.A);
        var draining = pair.A.Get<ServerDrain>().DrainBeforeStopAsync();
        await Poll.UntilAsync(() => grant.Moved.IsCancellationRequested);
        await EndAsync(pair.A, grant);

        await draining;

        (await RowAsync(pair.A, grant.Session.Id)).Owner.ShouldBe(pair.B.Get<ServerIdentity>().Id);
        pair.A.Get<ISessionReceiver>().TakesSessions.ShouldBeFalse();
    }

    [Fact]
    public async Task Unknown_and_stopped_servers_are_not_drained()
    {
        await using var pair = await PairAsync();
        var repository = pair.A.Get<ServerRepository>();
        (await Should.ThrowAsync<OperationException>(() => repository.SetDrainingAsync(4711, true, default))).Code
            .ShouldBe(OperationErrorCode.NotFound);
        await ExecuteAsync(pair.A, $"UPDATE servers SET lease_until = clock_timestamp() WHERE id = '{pair.B.Get<ServerIdentity>().Id}'");
        var number = (await repository.ListAsync(default)).Single(server => server.State == ServerState.Lost).Number;

        (await Should.ThrowAsync<OperationException>(() => repository.SetDrainingAsync(number, true, default))).Code
            .ShouldBe(OperationErrorCode.Conflict);
    }

    [Fact]
    public async Task Session_that_cannot_move_does_not_keep_others_from_it()
    {
        await using var pair = await PairAsync();
        var (_, first) = await OnAirAsync(pair.A);
        var key = (await pair.A.Get<ChannelRepository>().CreateAsync("second", new())).Key.StreamKey;
        var second = (await pair.A.AskAsync(key)).ShouldBeOfType<PublishDecision.Granted>().Grant;
        await pair.A.Get<SessionWriter>().FlushAsync(default);
        var (offers, failed) = (0, new TaskCompletionSource());
        pair.Links.Offering = async (_, take) =>
        {
            if (Interlocked.Increment(ref offers) == 1)
            {
                failed.SetResult();
                throw new InvalidOperationException("simulated");
            }

            await failed.Task;
            return await take();
        };

        var moving = pair.HandOverAsync();
        foreach (var grant in (PublishGrant[])[first, second])
        {
            await Poll.UntilAsync(() => grant.Moved.IsCancellationRequested);
            await EndAsync(pair.A, grant);
        }

        (await moving).ShouldBe(1);
        offers.ShouldBe(2);
        pair.A.Get<SessionManager>().Sessions().ShouldHaveSingleItem();
        pair.B.Get<SessionManager>().Sessions().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Check_of_ownership_during_a_withdrawal_does_not_end_the_session()
    {
        var candidates = new FakeCandidates();
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, candidates: candidates,
            settings: NoRenewal);
        var (_, grant) = await OnAirAsync(server);
        var lost = await AddServerAsync(server);
        await InsertSessionAsync(server, "other", lost);
        await ExecuteAsync(server, "UPDATE servers SET unbroken_since = unbroken_since - interval '1 hour'");
        await ExecuteAsync(server, $"UPDATE servers SET lease_until = clock_timestamp() - interval '1 s' WHERE id = '{lost}'");
        var manager = server.Get<SessionManager>();
        manager.TryBeginMove(grant.Session.Id, out _).ShouldBeTrue();
        await ExecuteAsync(server, $"UPDATE sessions SET epoch = 2 WHERE id = '{grant.Session.Id}'");

        // The check has read the next epoch, and the local sessions before it.
        candidates.Finding = () =>
        {
            manager.CancelMove(grant.Session.Id, 2);
            return TakeoverSuitability.None;
        };
        await using var connection = await server.Get<ServerDatabase>().Source.OpenConnectionAsync();
        await server.Get<OwnershipCheck>().RunAsync(connection, default);

        candidates.Asked.ShouldNotBeEmpty();
        manager.FindEpoch(grant.Session.Id).ShouldBe(2);
        (await RowAsync(server, grant.Session.Id)).EndReason.ShouldBeNull();
    }

    [Fact]
    public async Task Server_that_stops_ends_no_session_that_it_may_have_left_to_another_one()
    {
        await using var pair = await PairAsync();
        var left = await InsertSessionAsync(pair.A, "left", pair.A.Get<ServerIdentity>().Id);
        pair.A.Get<ServerLeaseState>().BeginStop();

        await pair.CheckAsync();

        (await RowAsync(pair.A, left)).EndReason.ShouldBeNull();
    }

    private static Task EndAsync(Server server, PublishGrant grant) =>
        server.Get<IPublishAuthorizer>().ReportEndAsync(grant, "the session moves to another server", default).AsTask();

    private static Task<Server> StartAsync(string connection, FakeHandover? links = null) =>
        Server.StartAsync(connection, handover: links, settings: NoRenewal);

    private async Task<Pair> PairAsync()
    {
        var (connection, links) = ((await postgres.FreshAsync()).ConnectionString!, new FakeHandover());
        var pair = new Pair(await StartAsync(connection, links), await StartAsync(connection), links, connection);
        links.Self = pair.A.Get<ServerIdentity>().Id;
        await pair.AddAsync(pair.B);
        return pair;
    }

    /// <summary>Two servers on one database, of which A hands over.</summary>
    private sealed record Pair(Server A, Server B, FakeHandover Links, string Connection) : IAsyncDisposable
    {
        public static string AddressOf(Server server) => $"{server.Get<ServerIdentity>().Id}:8090";

        public async Task AddAsync(Server server)
        {
            Links.Servers[server.Get<ServerIdentity>().Id] = server;
            await ExecuteAsync(A, $"UPDATE servers SET address = '{AddressOf(server)}' WHERE id = '{server.Get<ServerIdentity>().Id}'");
        }

        public Task<int> HandOverAsync() => A.Get<SessionHandovers>().RunAsync(default);

        public async Task<int> HandOverAsync(PublishGrant grant, bool ends = true)
        {
            var moving = HandOverAsync();
            if (ends)
            {
                await Poll.UntilAsync(() => grant.Moved.IsCancellationRequested);
                await EndAsync(A, grant);
            }

            return await moving;
        }

        public async Task CheckAsync()
        {
            foreach (var server in (Server[])[A, B])
            {
                await using var connection = await server.Get<ServerDatabase>().Source.OpenConnectionAsync();
                await server.Get<OwnershipCheck>().RunAsync(connection, default);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await A.DisposeAsync();
            await B.DisposeAsync();
        }
    }
}
