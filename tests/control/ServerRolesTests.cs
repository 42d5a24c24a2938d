using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.ControlToCluster;
using Broadcast.Media.IngestToControl;
using Broadcast.Testing;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;
using static Broadcast.Control.Tests.SharedDatabase;

namespace Broadcast.Control.Tests;

/// <summary>Servers of one database with some of the roles each.</summary>
public sealed class ServerRolesTests(PostgresFixture postgres)
{
    // No server renews its lease, and so takes sessions over, unless a test asks for it.
    private static readonly (string, string)[] NoRenewal = [("Control:ServerLease", "00:10:00")];

    [Fact]
    public async Task Roles_are_stored_with_the_lease_and_listed()
    {
        var connection = await FreshAsync();
        await using var all = await StartAsync(connection, "all");
        await using var some = await StartAsync(connection, "origin,ingest");

        var servers = await all.Get<ServerRepository>().ListAsync(CancellationToken.None);

        servers.Select(server => server.Roles).ShouldBe(["all", "ingest,origin"]);
    }

    [Fact]
    public async Task Encoder_at_a_server_without_media_is_left_to_a_server_with_it()
    {
        await using var ingest = await StartAsync(await FreshAsync(), "ingest");
        var key = (await ingest.Get<ChannelRepository>().CreateAsync("demo", new())).Key.StreamKey;

        var elsewhere = (await ingest.AskAsync(key)).ShouldBeOfType<PublishDecision.OnAirElsewhere>();

        elsewhere.Channel.Value.ShouldBe("demo");
        elsewhere.Target.ShouldBeNull();
        elsewhere.Otherwise.Reason.ShouldBe(PublishRejectionReason.AuthorityUnavailable);
        elsewhere.Otherwise.Message.ShouldContain("role 'media'");
        ingest.Get<SessionManager>().Sessions().ShouldBeEmpty();
        (await OpenAsync(ingest)).ShouldBeEmpty();
        (await ingest.AskAsync("wrong")).ShouldBeOfType<PublishDecision.Rejected>().Reason.ShouldBe(PublishRejectionReason.UnknownKey);
    }

    [Fact]
    public async Task Encoder_of_a_channel_on_air_is_left_to_its_owner()
    {
        var connection = await FreshAsync();
        await using var ingest = await StartAsync(connection, "ingest");
        await using var media = await StartAsync(connection, "media");
        var (key, grant) = await OnAirAsync(media);
        await ExecuteAsync(media, $"UPDATE servers SET address = '10.0.0.7:8090' WHERE id = '{media.Get<ServerIdentity>().Id}'");
        await CheckAsync(ingest);

        (await ingest.AskAsync(key)).ShouldBeOfType<PublishDecision.OnAirElsewhere>().Target.ShouldNotBeNull()
            .Session.ShouldBe(grant.Session.Id);
    }

    [Fact]
    public async Task Media_servers_are_found_the_least_loaded_first()
    {
        await using var ingest = await StartAsync(await FreshAsync(), "ingest");
        await AddAsync(ingest, "busy", "{media}", load: 0.9);
        await AddAsync(ingest, "some", "{media}", load: 0.1, sessions: 3);
        await AddAsync(ingest, "few", "{control,media}", load: 0.2, sessions: 1);
        await AddAsync(ingest, "origin", "{origin}", load: 0);
        await AddAsync(ingest, "lost", "{media}", load: 0, lease: "-1 s");
        await AddAsync(ingest, "unreachable", "{media}", load: 0, address: null);

        (await FindAsync(ingest)).ShouldBe(["few", "some", "busy"]);
    }

    [Fact]
    public async Task Encoders_of_one_moment_are_spread()
    {
        await using var ingest = await StartAsync(await FreshAsync(), "ingest");
        await AddAsync(ingest, "a", "{media}", load: 0);
        await AddAsync(ingest, "b", "{media}", load: 0);

        var first = new List<string>();
        for (var i = 0; i < 6; i++)
        {
            first.Add((await FindAsync(ingest))[0]);
        }

        first.Distinct().Order().ShouldBe(["a", "b"]);
    }

    [Fact]
    public async Task Session_of_a_server_with_some_roles_is_copied_by_one_other_media_server()
    {
        var connection = await FreshAsync();
        await using var owner = await StartAsync(connection, "media");
        await using var origin = await StartAsync(connection, "origin");
        var (_, _) = await OnAirAsync(owner);
        await CheckAsync(origin);
        origin.Get<IServerDirectory>().Spared.ShouldBeEmpty("it has not the role media");

        await using var first = await StartAsync(connection, "media");
        await using var second = await StartAsync(connection, "all");
        Server[] servers = [owner, first, second];
        foreach (var server in servers)
        {
            await CheckAsync(server);
        }

        servers.SelectMany(server => server.Get<IServerDirectory>().Spared).ShouldHaveSingleItem().Value.ShouldBe("demo");
        owner.Get<IServerDirectory>().Spared.ShouldBeEmpty();
    }

    [Fact]
    public async Task Session_of_a_server_with_all_roles_has_no_spare()
    {
        var connection = await FreshAsync();
        await using var owner = await StartAsync(connection, "all");
        await using var other = await StartAsync(connection, "media");
        await OnAirAsync(owner);

        await CheckAsync(other);

        other.Get<IServerDirectory>().FindRemote(ChannelName.Parse("demo")).ShouldNotBeNull();
        other.Get<IServerDirectory>().Spared.ShouldBeEmpty();
    }

    [Fact]
    public void Spares_are_spread_and_stay_when_another_server_goes()
    {
        Guid[] servers = [.. Enumerable.Range(1, 4).Select(i => new Guid(i, 0, 0, new byte[8]))];
        var start = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
        SessionId[] sessions = [.. Enumerable.Range(0, 400).Select(i => SessionId.New(start.AddSeconds(i)))];

        var before = sessions.ToDictionary(session => session, session => SpareSessions.Choose(session, servers));
        before.Values.GroupBy(server => server).Select(group => group.Count()).ShouldAllBe(count => count > 50);

        foreach (var (session, server) in before.Where(entry => entry.Value != servers[0]))
        {
            SpareSessions.Choose(session, servers[1..]).ShouldBe(server);
        }

        SpareSessions.Choose(sessions[0], []).ShouldBeNull();
    }

    [Fact]
    public async Task Server_without_media_takes_no_session_over_while_it_runs()
    {
        var candidates = new FakeCandidates();
        await using var origin = await StartAsync(await FreshAsync(), "origin", candidates);
        var session = await LostAsync(origin);
        candidates.Suitability = TakeoverSuitability.Encoder;

        await CheckAsync(origin);

        (await RowAsync(origin, session)).Epoch.ShouldBe(1);
        origin.Lifecycle.TakenOver.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("origin", false)]
    [InlineData("control,ingest", false)]
    [InlineData("media", true)]
    public async Task Server_that_starts_continues_open_sessions_if_it_has_media(string roles, bool isContinued)
    {
        var connection = await FreshAsync();
        var earlier = await StartAsync(connection, "all");
        var (_, grant) = await OnAirAsync(earlier);
        await earlier.StopAsync();

        await using var server = await StartAsync(connection, roles);

        (await RowAsync(server, grant.Session.Id)).Epoch.ShouldBe(isContinued ? 2 : 1);
        server.Get<SessionManager>().HasOpen(grant.Session.Id).ShouldBe(isContinued);
        (await OpenAsync(server)).ShouldBe([grant.Session.Id.Value]);
        await earlier.DisposeAsync();
    }

    [Fact]
    public async Task Scheduler_of_a_server_without_control_loads_events_and_leaves_their_states_to_others()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        var show = await rig.PlanAsync(10, 90, new() { Title = "Show", Ladder = "auto" });
        RoleParsed("media", out var roles);
        using var media = rig.NewKeeper(new ServerIdentity(new DataFolder("/nonexistent"), NullLogger<ServerIdentity>.Instance, roles));

        rig.Clock.Advance(TimeSpan.FromMinutes(11));
        await media.RunOnceAsync(default);
        (await rig.Events.GetAsync(show.Id)).State.ShouldBe(EventState.Scheduled);

        (await rig.StateAsync(show)).ShouldBe(EventState.Preview, "it waits for an encoder");
        rig.Gate.SetActive([]);
        await media.RunOnceAsync(default);
        (await rig.ComeAsync()).Ladder.ShouldBe("auto", "the event's settings apply at the media server");
    }

    [Fact]
    public async Task Scheduler_hears_of_sessions_elsewhere_while_an_event_waits_for_an_encoder()
    {
        var session = new DatabaseNotification("session_owners", "");
        await using var rig = await EventHarness.OpenAsync(postgres);
        await rig.Keeper.RunOnceAsync(default);
        rig.Keeper.Handles(session).ShouldBeFalse("no event is due");

        await rig.PlanAsync(0, 90);
        await rig.PassAsync(1);

        rig.Keeper.Handles(session).ShouldBeTrue();
    }

    [Fact]
    public async Task Event_of_a_control_server_is_applied_to_the_session_of_a_media_server()
    {
        var connection = await FreshAsync();
        await using var control = await StartAsync(connection, "control");
        await using var media = await StartAsync(connection, "media");
        var (_, grant) = await OnAirAsync(media);
        var events = control.Get<EventRepository>();
        var now = TimeProvider.System.GetUtcNow();
        var show = await events.CreateAsync(new()
        {
            Title = "Show", Channel = "demo", Start = EventTime.At(now.AddSeconds(1)), End = EventTime.At(now.AddMinutes(5)),
        });
        await Poll.UntilAsync(async () => (await events.GetAsync(show.Id)).State == EventState.Live);

        await events.EndAsync(show.Id, "a command");

        await Poll.UntilAsync(() => grant.Revoked.IsCancellationRequested);
        await Poll.UntilAsync(async () => (await OpenAsync(control)).Count == 0);
    }

    private static void RoleParsed(string list, out ServerRoles roles)
    {
        roles = ServerRoles.Parse(list, out var unknown);
        unknown.ShouldBeEmpty();
    }

    private static Task<Server> StartAsync(string connection, string list, ITakeoverCandidates? candidates = null)
    {
        RoleParsed(list, out var roles);
        return Server.StartAsync(connection, candidates: candidates, roles: roles, settings: NoRenewal);
    }

    private static async Task<List<string>> FindAsync(Server server) =>
        [.. (await server.Get<IServerDirectory>().FindMediaServersAsync(CancellationToken.None)).Select(found => found.Name)];

    private static async Task CheckAsync(Server server)
    {
        await using var connection = await server.Get<ServerDatabase>().Source.OpenConnectionAsync();
        await server.Get<OwnershipCheck>().RunAsync(connection, default);
    }

    /// <summary>Adds a server with open sessions.</summary>
    private static async Task AddAsync(Server server, string name, string roles, double load, int sessions = 0,
        string? address = "10.0.0.9:8090", string lease = "1 hour")
    {
        var id = Guid.NewGuid();
        await using var connection = await server.Get<ServerDatabase>().Source.OpenConnectionAsync();
        await connection.ExecuteAsync($"""
            INSERT INTO servers (id, run, name, place, started_at, last_seen_at, unbroken_since, lease_until, released, address, load, roles)
            VALUES (@id, @id, @name, '', now(), now(), now(), now() + interval '{lease}', false, @address, @load, @roles::text[])
            """, new { id, name, address, load, roles });
        for (var i = 0; i < sessions; i++)
        {
            await server.Get<ChannelRepository>().CreateAsync($"{name}-{i}", new());
            await connection.ExecuteAsync("""
                INSERT INTO sessions (id, channel_id, owner, epoch, latency, started_at)
                SELECT @session, id, @id, 1, 'standard', clock_timestamp() FROM channels WHERE name = @channel
                """, new { session = SessionId.New(TimeProvider.System.GetUtcNow()).Value, id, channel = $"{name}-{i}" });
        }
    }

    /// <summary>A session of a server that is lost.</summary>
    private static async Task<SessionId> LostAsync(Server server)
    {
        var (other, session) = (await AddServerAsync(server), SessionId.New(TimeProvider.System.GetUtcNow()));
        await server.Get<ChannelRepository>().CreateAsync("demo", new(ReconnectWindow: TimeSpan.FromMinutes(10)));
        await ExecuteAsync(server, $"""
            INSERT INTO sessions (id, channel_id, owner, epoch, latency, started_at)
            SELECT '{session}', id, '{other}', 1, 'standard', clock_timestamp() FROM channels;
            UPDATE servers SET unbroken_since = unbroken_since - interval '1 hour';
            UPDATE servers SET lease_until = clock_timestamp() - interval '10 s' WHERE id = '{other}'
            """);
        return session;
    }

    private async Task<string> FreshAsync() => (await postgres.FreshAsync()).ConnectionString!;
}
