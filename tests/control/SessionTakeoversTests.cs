using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ControlToCluster;
using Broadcast.Media.IngestToControl;
using Broadcast.Testing;
using Dapper;
using Npgsql;
using Shouldly;
using Xunit;
using static Broadcast.Control.Tests.SharedDatabase;

namespace Broadcast.Control.Tests;

/// <summary>Sessions of lost servers that running servers with a copy continue.</summary>
public sealed class SessionTakeoversTests(PostgresFixture postgres)
{
    // No server renews its lease, and so takes sessions over, unless a test asks for it.
    private static readonly (string, string)[] NoRenewal = [("Control:ServerLease", "00:10:00")];

    [Theory]
    [InlineData("the server of the encoder, at once", TakeoverSuitability.Encoder, 0.1, true)]
    [InlineData("a server with a copy, not at once", TakeoverSuitability.Mirror, 0.1, false)]
    [InlineData("a server with a copy, after half a second", TakeoverSuitability.Mirror, 0.6, true)]
    [InlineData("a server without a copy, or that hears the owner", TakeoverSuitability.None, 400, false)]
    public async Task Expired_session_is_taken_over_by(string who, TakeoverSuitability suitability, double expired, bool isTaken)
    {
        var candidates = new FakeCandidates();
        await using var b = await StartAsync(await FreshAsync(), candidates);
        var session = await LostAsync(b, expired);
        candidates.Suitability = suitability;

        await CheckAsync(b);

        (await RowAsync(b, session)).Epoch.ShouldBe(isTaken ? 2 : 1, who);
        b.Lifecycle.TakenOver.Select(taken => (taken.Session.Id, taken.Session.Epoch, taken.Copy))
            .ShouldBe(isTaken ? [(session, 2L, FakeCandidates.Copy)] : []);
        b.Get<SessionManager>().HasOpen(session).ShouldBe(isTaken);
        candidates.Asked.ShouldContain(session);
    }

    [Theory]
    [InlineData(TakeoverSuitability.Mirror, -2.0, 2.0, "when the lease expires")]
    [InlineData(TakeoverSuitability.Encoder, -2.0, 2.0, "when the lease expires")]
    [InlineData(TakeoverSuitability.None, -2.0, null, "the owner is heard")]
    [InlineData(TakeoverSuitability.Mirror, 1.0, 0.25, "an encoder may connect meanwhile")]
    [InlineData(TakeoverSuitability.Mirror, 6, null, "too late for a short interval")]
    [InlineData(TakeoverSuitability.None, 1, null, "no copy")]
    public async Task Sessions_are_read_again(TakeoverSuitability suitability, double expiredFor, double? seconds, string why)
    {
        await using var b = await StartAsync(await FreshAsync(), new FakeCandidates { Suitability = suitability });
        var session = new ClaimedSession(SessionId.New(DateTimeOffset.UnixEpoch), 1, "show", 1, null,
            expiredFor < 0 ? OwnershipStatus.OwnedByLiveServer : OwnershipStatus.LeaseExpired)
        {
            ExpiredFor = TimeSpan.FromSeconds(expiredFor), ExpiresIn = TimeSpan.FromSeconds(Math.Max(0, -expiredFor)),
        };

        var expected = seconds is { } some ? TimeSpan.FromSeconds(some) : TimeSpan.MaxValue;
        b.Get<SessionTakeovers>().TimeToNext([session]).ShouldBe(expected, why);
        b.Get<SessionTakeovers>().TimeToNext([session with { EndRequest = "stop" }]).ShouldBe(TimeSpan.MaxValue);
        b.Get<SessionTakeovers>().TimeToNext([session with { Standing = OwnershipStatus.OwnedHere }]).ShouldBe(TimeSpan.MaxValue);
    }

    [Fact]
    public async Task Session_without_a_copy_is_left_to_its_owner()
    {
        var candidates = new FakeCandidates { HasCopy = false };
        await using var b = await StartAsync(await FreshAsync(), candidates);
        var session = await LostAsync(b, expired: 100);
        candidates.Suitability = TakeoverSuitability.Encoder;

        await CheckAsync(b);

        (await RowAsync(b, session)).Epoch.ShouldBe(1);
    }

    [Theory]
    [InlineData(true, null)]
    [InlineData(false, "its server does not know it")]
    public async Task Session_of_a_former_owner_that_mirrors_it_is_not_ended(bool isMirrored, string? reason)
    {
        var candidates = new FakeCandidates { HasCopy = isMirrored };
        await using var b = await StartAsync(await FreshAsync(), candidates);
        var session = await LostAsync(b, expired: 100);

        // The database has lost that another server took the session over.
        await ExecuteAsync(b, $"UPDATE sessions SET owner = '{b.Get<ServerIdentity>().Id}'");
        await CheckAsync(b);

        (await RowAsync(b, session)).EndReason.ShouldBe(reason);
    }

    [Fact]
    public async Task Session_is_not_taken_over_while_its_owner_renews()
    {
        var candidates = new FakeCandidates { Suitability = TakeoverSuitability.Encoder };
        var connection = await FreshAsync();
        await using var b = await StartAsync(connection, candidates);
        await using var a = await StartAsync(connection);
        var (_, grant) = await OnAirAsync(a);
        await SeniorAsync(b);

        await CheckAsync(b);

        b.Lifecycle.TakenOver.ShouldBeEmpty();
        (await RowAsync(b, grant.Session.Id)).Epoch.ShouldBe(1);
        grant.Revoked.IsCancellationRequested.ShouldBeFalse();
    }

    [Fact]
    public async Task Session_whose_owner_renews_between_the_check_and_the_claim_is_not_taken_over()
    {
        var candidates = new FakeCandidates { Suitability = TakeoverSuitability.None };
        await using var b = await StartAsync(await FreshAsync(), candidates);
        var session = await LostAsync(b, expired: 100);
        await using var connection = await b.Get<ServerDatabase>().Source.OpenConnectionAsync();
        var claims = b.Get<SessionClaims>();
        var seen = (await claims.ReadAsync(connection, default)).Single();
        seen.Standing.ShouldBe(OwnershipStatus.LeaseExpired);

        await ExecuteAsync(b, "UPDATE servers SET lease_until = clock_timestamp() + interval '6 s'");

        (await claims.TakeOverAsync(connection, seen, default)).ShouldBeNull();
        (await RowAsync(b, session)).Epoch.ShouldBe(1);
    }

    [Fact]
    public async Task Session_continues_when_the_reply_to_its_takeover_is_lost()
    {
        var candidates = new FakeCandidates();
        var shared = await FreshAsync();
        await using var b = await StartAsync(shared, candidates);
        var session = await LostAsync(b, expired: 10);

        // Checks of the server's own services take nothing over.
        var isTest = new AsyncLocal<bool> { Value = true };
        candidates.Finding = () => isTest.Value ? TakeoverSuitability.Encoder : TakeoverSuitability.None;
        var settings = new NpgsqlConnectionStringBuilder(b.Get<ServerDatabase>().Source.ConnectionString) { Pooling = false };
        await using var relay = new StallingRelay(Path.Combine(settings.Host!, ".s.PGSQL.5432"));
        (settings.Host, settings.Port) = ("127.0.0.1", relay.Port);
        await using (var connection = new NpgsqlConnection(settings.ConnectionString))
        {
            await connection.OpenAsync();
            relay.LostReply = "COMMIT";
            await Should.ThrowAsync<NpgsqlException>(() => b.Get<OwnershipCheck>().RunAsync(connection, default));
        }

        // The server's own check may have found it already.
        await CheckAsync(b);

        b.Lifecycle.TakenOver.ShouldHaveSingleItem();
        b.Get<SessionManager>().HasOpen(session).ShouldBeTrue();
        (await RowAsync(b, session)).ShouldBe(new Row(3, null, b.Get<ServerIdentity>().Id), "the second takeover has the next epoch");
    }

    [Fact]
    public async Task Session_whose_end_is_requested_is_not_taken_over()
    {
        var candidates = new FakeCandidates { Suitability = TakeoverSuitability.None };
        await using var b = await StartAsync(await FreshAsync(), candidates);
        var session = await LostAsync(b, expired: 10);
        await using var connection = await b.Get<ServerDatabase>().Source.OpenConnectionAsync();
        var claims = b.Get<SessionClaims>();
        var seen = (await claims.ReadAsync(connection, default)).Single();

        await ExecuteAsync(b, "UPDATE sessions SET end_request = 'an operator ended it'");

        (await claims.TakeOverAsync(connection, seen, default)).ShouldBeNull("the end was requested after the check");
        candidates.Suitability = TakeoverSuitability.Encoder;
        await CheckAsync(b);
        var row = await RowAsync(b, session);
        (row.Epoch, row.EndReason).ShouldBe((1, "an operator ended it"));
        b.Lifecycle.TakenOver.ShouldBeEmpty();
    }

    [Fact]
    public async Task Only_one_of_several_servers_takes_a_session_over()
    {
        var connection = await FreshAsync();
        var candidates = Enumerable.Range(0, 4).Select(_ => new FakeCandidates()).ToArray();
        var servers = await Task.WhenAll(candidates.Select(own => StartAsync(connection, own)));
        try
        {
            var session = await LostAsync(servers[0], expired: 10);
            Array.ForEach(candidates, own => own.Suitability = TakeoverSuitability.Encoder);

            await Task.WhenAll(servers.Select(CheckAsync));

            var owner = servers.Where(server => server.Lifecycle.TakenOver.Count > 0).ShouldHaveSingleItem();
            (await RowAsync(owner, session)).ShouldBe(new Row(2, null, owner.Get<ServerIdentity>().Id));
            servers.Count(server => server.Get<SessionManager>().HasOpen(session)).ShouldBe(1);
        }
        finally
        {
            foreach (var server in servers)
            {
                await server.DisposeAsync();
            }
        }
    }

    [Theory]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(InvalidDataException))]
    [InlineData(typeof(ArgumentException))]
    public async Task Session_continues_from_the_object_store_when_the_copy_cannot_be_used(Type error)
    {
        var candidates = new FakeCandidates();
        await using var b = await StartAsync(await FreshAsync(), candidates);
        var session = await LostAsync(b, expired: 10);
        candidates.Suitability = TakeoverSuitability.Encoder;
        b.Lifecycle.TakingOver = _ => throw (Exception)Activator.CreateInstance(error, "simulated")!;

        await CheckAsync(b);

        b.Lifecycle.Resumed.ShouldBe([session]);
        b.Get<SessionManager>().HasOpen(session).ShouldBeTrue();
        (await RowAsync(b, session)).ShouldBe(new Row(2, null, b.Get<ServerIdentity>().Id));
    }

    [Fact]
    public async Task Session_continues_when_neither_the_copy_nor_the_object_store_can_be_used()
    {
        var candidates = new FakeCandidates();
        await using var b = await StartAsync(await FreshAsync(), candidates);
        var session = await LostAsync(b, expired: 10);
        candidates.Suitability = TakeoverSuitability.Encoder;
        b.Lifecycle.TakingOver = _ => throw new IOException("simulated: the disk is full");
        var isLimited = false;
        b.Lifecycle.Resuming = cancellation =>
        {
            isLimited = cancellation.CanBeCanceled;
            throw new OperationCanceledException("simulated: the object store does not respond");
        };

        await CheckAsync(b);

        b.Get<SessionManager>().HasOpen(session).ShouldBeTrue();
        isLimited.ShouldBeTrue("the lease is not renewed meanwhile");
        b.Lifecycle.Resuming = null;
        await CheckAsync(b);
        (await RowAsync(b, session)).ShouldBe(new Row(2, null, b.Get<ServerIdentity>().Id));
    }

    [Fact]
    public async Task Decision_about_sessions_blocks_the_leases_of_others_only_while_its_server_responds()
    {
        await using var b = await StartAsync(await FreshAsync(), new FakeCandidates());
        await using var connection = await b.Get<ServerDatabase>().Source.OpenConnectionAsync();

        await using (await b.Get<SessionClaims>().BeginDecisionAsync(connection, default))
        {
            // Without it, PostgreSQL notices a server that has lost its power after two hours.
            (await connection.ExecuteScalarAsync<string>("SHOW idle_in_transaction_session_timeout")).ShouldBe("5s");
        }

        (await connection.ExecuteScalarAsync<string>("SHOW idle_in_transaction_session_timeout")).ShouldBe("0");
        ServerDatabase.IsUnavailable(new PostgresException("simulated", "FATAL", "FATAL", "25P03")).ShouldBeTrue();
    }

    [Fact]
    public async Task Session_given_to_this_server_continues_even_if_the_check_is_canceled()
    {
        // A check before an encoder is admitted has little time.
        var candidates = new FakeCandidates();
        await using var b = await StartAsync(await FreshAsync(), candidates);
        var session = await LostAsync(b, expired: 10);
        candidates.Suitability = TakeoverSuitability.Encoder;
        using var canceled = new CancellationTokenSource();
        b.Lifecycle.TakingOver = cancellation =>
        {
            canceled.Cancel();
            cancellation.ThrowIfCancellationRequested();
        };

        await using (var connection = await b.Get<ServerDatabase>().Source.OpenConnectionAsync())
        {
            await Should.ThrowAsync<OperationCanceledException>(() =>
                b.Get<OwnershipCheck>().RunAsync(connection, canceled.Token));
        }

        b.Lifecycle.TakenOver.ShouldHaveSingleItem();
        b.Get<SessionManager>().HasOpen(session).ShouldBeTrue();
        await CheckAsync(b);
        (await RowAsync(b, session)).EndReason.ShouldBeNull();
    }

    [Fact]
    public async Task Encoder_continues_the_session_at_the_server_that_took_it_over()
    {
        var candidates = new FakeCandidates();
        var connection = await FreshAsync();
        await using var b = await StartAsync(connection, candidates);
        var a = await StartAsync(connection);
        var (key, grant) = await OnAirAsync(a);
        await a.DisposeAsync();
        await ExpiredAsync(b, grant.Session.Id, expired: 1);
        candidates.Suitability = TakeoverSuitability.Encoder;
        await CheckAsync(b);

        var next = (await b.AskAsync(key)).ShouldBeOfType<PublishDecision.Granted>().Grant;

        (next.Session.Id, next.Session.Epoch).ShouldBe((grant.Session.Id, 2));
        next.Session.StartedAt.ShouldBe(grant.Session.StartedAt, TimeSpan.FromMilliseconds(1));
        b.Lifecycle.Ended.ShouldBeEmpty();
        await CheckAsync(b);
        next.Revoked.IsCancellationRequested.ShouldBeFalse();
    }

    [Fact]
    public async Task Owner_that_returns_ends_its_copy_of_the_session()
    {
        var candidates = new FakeCandidates();
        var connection = await FreshAsync();
        await using var b = await StartAsync(connection, candidates);
        await using var a = await StartAsync(connection);
        var (_, grant) = await OnAirAsync(a);
        await ExpiredAsync(b, grant.Session.Id, expired: 10);
        candidates.Suitability = TakeoverSuitability.Encoder;
        await CheckAsync(b);

        await a.Get<ServerLeaseService>().RunOnceAsync(default);

        grant.Revoked.IsCancellationRequested.ShouldBeTrue();
        a.Lifecycle.Release.ShouldContain(grant.Session.Id);
        (await RowAsync(b, grant.Session.Id)).ShouldBe(new Row(2, null, b.Get<ServerIdentity>().Id));
    }

    [Fact]
    public async Task Encoder_of_a_channel_on_air_elsewhere_is_forwarded_to_the_owner()
    {
        var connection = await FreshAsync();
        await using var b = await StartAsync(connection);
        await using var a = await StartAsync(connection);
        var (key, grant) = await OnAirAsync(a);
        await ExecuteAsync(a, $"UPDATE servers SET address = '10.0.0.7:8090' WHERE id = '{a.Get<ServerIdentity>().Id}'");
        await CheckAsync(b);

        var elsewhere = (await b.AskAsync(key)).ShouldBeOfType<PublishDecision.OnAirElsewhere>();

        elsewhere.Channel.Value.ShouldBe("demo");
        (elsewhere.Target.ShouldNotBeNull().Session, elsewhere.Target.Epoch).ShouldBe((grant.Session.Id, 1));
        elsewhere.Target.Owner.ShouldBe(new(a.Get<ServerIdentity>().Id, a.Get<ServerIdentity>().Name, "10.0.0.7:8090"));
        elsewhere.Otherwise.Reason.ShouldBe(PublishRejectionReason.ChannelBusy);
        elsewhere.Otherwise.Message.ShouldStartWith("Channel demo is on air at server");
        (await b.AskAsync("wrong")).ShouldBeOfType<PublishDecision.Rejected>().Reason.ShouldBe(PublishRejectionReason.UnknownKey);
        b.Get<SessionManager>().Sessions().ShouldBeEmpty();
    }

    [Fact]
    public async Task Encoder_of_a_channel_whose_owner_has_no_address_yet_is_left_to_it()
    {
        var connection = await FreshAsync();
        await using var b = await StartAsync(connection);
        await using var a = await StartAsync(connection);
        var (key, grant) = await OnAirAsync(a);
        await CheckAsync(b);

        // A restarted server has its sessions before its listener has an address. The encoder waits, and is then forwarded.
        var starting = (await b.AskAsync(key)).ShouldBeOfType<PublishDecision.OnAirElsewhere>();
        (starting.Target.ShouldNotBeNull().Session, starting.Target.Owner.Address).ShouldBe((grant.Session.Id, null));
        starting.Otherwise.Reason.ShouldBe(PublishRejectionReason.ChannelBusy);

        await ExecuteAsync(a, $"UPDATE servers SET address = '10.0.0.7:8090' WHERE id = '{a.Get<ServerIdentity>().Id}'");
        await CheckAsync(b);
        (await b.AskAsync(key)).ShouldBeOfType<PublishDecision.OnAirElsewhere>().Target.ShouldNotBeNull()
            .Owner.Address.ShouldBe("10.0.0.7:8090");
    }

    [Fact]
    public async Task Auth_callback_is_left_to_the_server_that_has_the_channel()
    {
        await using var callback = await FakeAuthCallback.StartAsync();
        callback.Answer = FakeAuthCallback.Says("""{"allow":true}""");
        var connection = await FreshAsync();
        await using var b = await StartAsync(connection, null, ("Authorization:Policy", "both"), ("Authorization:Url", callback.Address),
            ("Authorization:Secret", "0123456789abcdef0123456789abcdef"));
        var a = await StartAsync(connection);
        var (key, grant) = await OnAirAsync(a);
        await ExecuteAsync(a, $"UPDATE servers SET address = '10.0.0.7:8090' WHERE id = '{a.Get<ServerIdentity>().Id}'");
        await CheckAsync(b);

        (await b.AskAsync(key)).ShouldBeOfType<PublishDecision.OnAirElsewhere>();
        callback.Asked.ShouldBeEmpty();

        // The next check finds that the other server has lost the channel.
        await a.DisposeAsync();
        await ExecuteAsync(b, $"UPDATE sessions SET ended_at = clock_timestamp(), end_reason = 'over' WHERE id = '{grant.Session.Id}'");
        await CheckAsync(b);
        (await b.AskAsync(key)).ShouldBeOfType<PublishDecision.Granted>().Grant.Session.Id.ShouldNotBe(grant.Session.Id);
        callback.Asked.Count.ShouldBe(1);
    }

    private static Task<Server> StartAsync(string connection, ITakeoverCandidates? candidates = null,
        params (string, string)[] settings) => Server.StartAsync(connection, candidates: candidates, settings: [.. NoRenewal, .. settings]);

    private static async Task CheckAsync(Server server)
    {
        await using var connection = await server.Get<ServerDatabase>().Source.OpenConnectionAsync();
        await server.Get<OwnershipCheck>().RunAsync(connection, default);
    }

    /// <summary>A session on air whose server was killed.</summary>
    private static async Task<SessionId> LostAsync(Server server, double expired)
    {
        var (other, session) = (await AddServerAsync(server), SessionId.New(TimeProvider.System.GetUtcNow()));
        await server.Get<ChannelRepository>().CreateAsync("demo", new(ReconnectWindow: TimeSpan.FromMinutes(10)));
        await ExecuteAsync(server, $"""
            INSERT INTO sessions (id, channel_id, owner, epoch, latency, started_at)
            SELECT '{session}', id, '{other}', 1, 'standard', clock_timestamp() FROM channels
            """);
        await ExpiredAsync(server, session, expired);
        return session;
    }

    /// <summary>Makes the lease of a session's owner expired, and the other servers senior.</summary>
    private static async Task ExpiredAsync(Server server, SessionId session, double expired)
    {
        await SeniorAsync(server);
        await ExecuteAsync(server, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"""
            UPDATE servers SET released = false, lease_until = clock_timestamp() - make_interval(secs => {expired})
            WHERE id = (SELECT owner FROM sessions WHERE id = '{session}')
            """));
    }

    private static Task SeniorAsync(Server server) =>
        ExecuteAsync(server, "UPDATE servers SET unbroken_since = unbroken_since - interval '1 hour'");

    private async Task<string> FreshAsync() => (await postgres.FreshAsync()).ConnectionString!;
}
