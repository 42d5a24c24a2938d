using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Secrets;
using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Control.Targets;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ControlToTargets;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.OriginToControl;
using Broadcast.Testing;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Shouldly;
using Xunit;
using static Broadcast.Control.Tests.SharedDatabase;

namespace Broadcast.Control.Tests;

/// <summary>Targets of the sessions of a server.</summary>
public sealed class TargetServiceTests(PostgresFixture postgres)
{
    private const string Url = "rtmp://example.org/live";
    private static readonly string Key = Convert.ToBase64String(new byte[32]);

    [Fact]
    public async Task Target_is_published_while_its_channel_is_on_air_and_it_is_enabled()
    {
        await using var bench = await StartAsync();
        await bench.Targets.AddAsync("demo", new("A", Url, "key-a"));
        (await bench.Targets.GetAsync("demo", "A")).Status.Reason.ShouldBe("The channel is not on air.");
        await bench.RunAsync();
        bench.Legs.Targets.ShouldBeEmpty();

        await bench.GoOnAirAsync();
        await bench.RunAsync();
        bench.Legs.Applied.Keys.ShouldHaveSingleItem().ShouldBe(bench.Session);
        var target = bench.Legs.Targets.ShouldHaveSingleItem();
        (target.Channel.Value, target.Name, target.Url, target.StreamKey, target.Rendition).ShouldBe(("demo", "A", Url, "key-a", "source"));
        (await bench.StateAsync()).ShouldBe(TargetState.Connecting);

        await bench.Targets.ChangeAsync("demo", "a", new(Enabled: false));
        await bench.RunAsync(isChanged: true);
        bench.Legs.Targets.ShouldBeEmpty();
        (await bench.StateAsync()).ShouldBe(TargetState.Off);

        await bench.Targets.ChangeAsync("demo", "a", new(Enabled: true, StreamKey: "key-b", Rendition: "720p"));
        await bench.RunAsync(isChanged: true);
        bench.Legs.Targets.Select(now => (now.StreamKey, now.Rendition, now.Mode)).ShouldBe([("key-b", "720p", TargetMode.Copy)]);
        await bench.Targets.ChangeAsync("demo", "a", new(Mode: "steady"));
        await bench.RunAsync(isChanged: true);
        bench.Legs.Targets.Single().Mode.ShouldBe(TargetMode.Steady);

        await bench.Targets.DeleteAsync("demo", "A");
        await bench.RunAsync(isChanged: true);
        bench.Legs.Targets.ShouldBeEmpty();
    }

    [Fact]
    public async Task States_are_written_and_reported_once_per_session()
    {
        await using var bench = await StartAsync();
        await bench.Targets.AddAsync("demo", new("A", Url, "key"));
        await bench.GoOnAirAsync();
        await bench.RunAsync();

        bench.Legs.Set(TargetState.Connecting, "connects");
        await bench.RunAsync();
        (await bench.StateAsync(), (await bench.EventsAsync()).Count).ShouldBe((TargetState.Connecting, 0));
        bench.Legs.Set(TargetState.Live);
        await bench.RunAsync();
        (await bench.StateAsync()).ShouldBe(TargetState.Live);
        (await bench.EventsAsync()).ShouldBe(["target.live"]);

        // A short loss is none.
        bench.Legs.Set(TargetState.Retrying, "reset");
        (await bench.RunAsync()).ShouldBe(TargetService.LossThreshold);
        bench.Time.Advance(TimeSpan.FromSeconds(9));
        await bench.RunAsync();
        bench.Legs.Set(TargetState.Live);
        await bench.RunAsync();
        (await bench.EventsAsync()).ShouldBe(["target.live"]);

        bench.Legs.Set(TargetState.Retrying, "reset");
        await bench.RunAsync();
        var status = (await bench.Targets.GetAsync("demo", "A")).Status;
        (status.State, status.Reason).ShouldBe((TargetState.Retrying, "reset"));
        bench.Time.Advance(TimeSpan.FromSeconds(6));
        bench.Legs.Set(TargetState.Connecting, "connects");
        await bench.RunAsync();
        bench.Time.Advance(TimeSpan.FromSeconds(4));
        await bench.RunAsync();
        await bench.RunAsync();
        (await bench.EventsAsync()).ShouldBe(["target.live", "target.lost"]);

        bench.Legs.Set(TargetState.Rejected, "wrong key");
        await bench.RunAsync();
        bench.Legs.Set(TargetState.Connecting, "connects");
        await bench.RunAsync();
        bench.Legs.Set(TargetState.Rejected, "wrong key");
        await bench.RunAsync();
        bench.Legs.Set(TargetState.Live);
        await bench.RunAsync();
        (await bench.EventsAsync()).ShouldBe(["target.live", "target.lost", "target.rejected", "target.live"]);
    }

    [Fact]
    public async Task Next_process_reports_nothing_that_was_reported_before()
    {
        await using var bench = await StartAsync();
        await bench.Targets.AddAsync("demo", new("A", Url, "key"));
        await bench.GoOnAirAsync();
        await bench.RunAsync();
        bench.Legs.Set(TargetState.Live);
        await bench.RunAsync();

        bench.Restart();
        bench.Legs.Set(TargetState.Connecting, "connects");
        await bench.RunAsync();
        bench.Legs.Set(TargetState.Live);
        await bench.RunAsync();
        (await bench.EventsAsync()).ShouldBe(["target.live"]);
    }

    [Fact]
    public async Task Target_is_off_after_the_session_and_its_next_session_is_reported()
    {
        await using var bench = await StartAsync();
        await bench.Targets.AddAsync("demo", new("A", Url, "key"));
        await bench.GoOnAirAsync();
        await bench.RunAsync();
        bench.Legs.Set(TargetState.Live);
        await bench.RunAsync();

        await bench.EndAsync();
        await bench.RunAsync();
        bench.Legs.Targets.ShouldBeEmpty();
        var status = (await bench.Targets.GetAsync("demo", "A")).Status;
        (status.State, status.Reason).ShouldBe((TargetState.Off, "The channel is not on air."));

        await bench.GoOnAirAsync();
        await bench.RunAsync();
        bench.Legs.Set(TargetState.Live);
        await bench.RunAsync();
        (await bench.EventsAsync()).ShouldBe(["target.live", "target.live"]);
    }

    [Fact]
    public async Task Server_that_has_lost_the_session_does_not_overwrite_the_state_of_its_new_owner()
    {
        await using var bench = await StartAsync();
        await bench.Targets.AddAsync("demo", new("A", Url, "key"));
        await bench.GoOnAirAsync();
        await bench.RunAsync();
        bench.Legs.Set(TargetState.Live);
        await bench.RunAsync();

        await ExecuteAsync(bench.Server, $"UPDATE sessions SET owner = '{await AddServerAsync(bench.Server)}', epoch = epoch + 1");
        bench.Legs.Set(TargetState.Retrying, "stale");
        await bench.RunAsync();
        (await bench.StateAsync()).ShouldBe(TargetState.Live);
        bench.Server.Get<SessionManager>().End(bench.Session, "lost");
        await bench.RunAsync();
        (await bench.StateAsync()).ShouldBe(TargetState.Live);
    }

    [Fact]
    public async Task Preview_is_not_published_and_targets_of_an_event_only_while_it_is_live()
    {
        await using var bench = await StartAsync();
        var now = TimeProvider.System.GetUtcNow();
        await ExecuteAsync(bench.Server, $"""
            INSERT INTO events (id, kind, channel_id, title, description, poster, starts_at, ends_at, claims_from, time_zone, is_manual,
                preview_seconds, grace_seconds, continues, state, state_since, created_at, updated_at)
            SELECT '{EventA}', 'single', id, 'A', '', '', now(), now() + interval '1 hour', now(), 'UTC', true, 0, 0, false,
                'preview', now(), now(), now() FROM channels
            """);
        await bench.Targets.AddAsync("demo", new("Of the event", Url, "key", Event: EventA));
        await bench.Targets.AddAsync("demo", new("Of the channel", Url, "key"));
        await bench.GoOnAirAsync();
        bench.Visibility.Current = SessionVisibility.Hidden;
        await ExecuteAsync(bench.Server, "UPDATE sessions SET preview = true");
        await bench.RunAsync();
        bench.Legs.Targets.ShouldBeEmpty();
        (await bench.Targets.ListAsync("demo")).ShouldAllBe(target => target.Status.Reason == "The session is in preview.");

        bench.Visibility.Current = SessionVisibility.Since(now);
        await ExecuteAsync(bench.Server, "UPDATE sessions SET preview = false; UPDATE events SET state = 'live'");
        await bench.RunAsync(isChanged: true);
        bench.Legs.Targets.Select(target => target.Name).ShouldBe(["Of the event", "Of the channel"]);

        await ExecuteAsync(bench.Server, "UPDATE events SET state = 'ended'");
        await bench.RunAsync(isChanged: true);
        bench.Legs.Targets.Select(target => target.Name).ShouldBe(["Of the channel"]);
        (await bench.Targets.GetAsync("demo", "Of the event")).Status.Reason.ShouldBe("The event is not live.");
    }

    [Fact]
    public async Task Last_known_targets_stay_while_the_database_is_unavailable()
    {
        var settings = new NpgsqlConnectionStringBuilder((await postgres.FreshAsync()).ConnectionString);
        await using var relay = new StallingRelay(Path.Combine(settings.Host!, ".s.PGSQL.5432"));
        (settings.Host, settings.Port) = ("127.0.0.1", relay.Port);
        await using var bench = await StartAsync(settings.ConnectionString);
        await bench.Targets.AddAsync("demo", new("A", Url, "key"));
        await bench.GoOnAirAsync();
        await bench.RunAsync();
        var before = bench.Legs.Targets.Single();

        await relay.DisposeAsync();
        (await bench.RunAsync(isChanged: true)).ShouldBe(TimeSpan.FromSeconds(1));
        bench.Legs.Targets.Single().ShouldBe(before);
        bench.Server.Get<SessionManager>().End(bench.Session, "over");
        await bench.RunAsync();
        bench.Legs.Targets.ShouldBeEmpty();
    }

    [Fact]
    public async Task Target_that_never_becomes_live_is_reported_as_lost()
    {
        await using var bench = await StartAsync();
        await bench.Targets.AddAsync("demo", new("A", Url, "key"));
        await bench.GoOnAirAsync();
        await bench.RunAsync();
        bench.Legs.Set(TargetState.Retrying, "refused");
        (await bench.RunAsync()).ShouldBe(TargetService.StartThreshold);
        bench.Time.Advance(TargetService.StartThreshold);
        await bench.RunAsync();
        await bench.RunAsync();
        (await bench.EventsAsync()).ShouldBe(["target.lost"]);
    }

    [Fact]
    public async Task Lost_key_file_ends_no_connection()
    {
        using var folder = TempFolder.Create();
        var secrets = new SecretProtector(new DataFolder(folder.Path), () => []);
        await using var bench = await StartAsync();
        await new TargetRepository(bench.Server.Get<ServerDatabase>(), secrets, TimeProvider.System)
            .AddAsync("demo", new("A", Url, "key"));
        await bench.GoOnAirAsync();
        bench.Restart(secrets: secrets);
        await bench.RunAsync();
        var before = bench.Legs.Targets.Single();

        File.Delete(folder.Sub(SecretProtector.FileName));
        await bench.RunAsync(isChanged: true);
        bench.Legs.Targets.Single().ShouldBe(before);
    }

    [Fact]
    public async Task Target_whose_key_this_server_does_not_have_is_rejected_with_the_remedy()
    {
        await using var bench = await StartAsync();
        await bench.Targets.AddAsync("demo", new("A", Url, "key"));
        await bench.GoOnAirAsync();
        bench.Restart(secrets: new SecretProtector(new DataFolder("/nonexistent"), () => [Convert.ToBase64String(new byte[31]) + "AA"]));
        await bench.RunAsync();
        var status = (await bench.Targets.GetAsync("demo", "A")).Status;
        status.State.ShouldBe(TargetState.Rejected);
        status.Reason!.ShouldNotContain("key-a");
        (await bench.EventsAsync()).ShouldBe(["target.rejected"]);
    }

    private const string EventA = "01KAS2M8Y1N4P7R0S3T6V9W2XZ";

    private async Task<Bench> StartAsync(string? connection = null)
    {
        var server = await Server.StartAsync(connection ?? (await postgres.FreshAsync()).ConnectionString,
            settings: ("Control:SecretKeys", Key));
        var key = (await server.Get<ChannelRepository>().CreateAsync("demo", new(ReconnectWindow: TimeSpan.FromMinutes(5)))).Key.StreamKey;
        return new Bench(server, key);
    }

    private sealed class Bench : IAsyncDisposable
    {
        private readonly string _key;
        private TargetService _service;
        private PublishGrant? _grant;

        public Bench(Server server, string key)
        {
            (Server, _key) = (server, key);
            _service = Create(null, null);
        }

        public Server Server { get; }

        public FakeLegs Legs { get; } = new();

        public FakeVisibility Visibility { get; } = new();

        public ManualTimeProvider Time { get; } = new(TimeProvider.System.GetUtcNow());

        public TargetRepository Targets => Server.Get<TargetRepository>();

        public SessionId Session { get; private set; }

        public void Restart(ServerDatabase? database = null, SecretProtector? secrets = null)
        {
            _service.Dispose();
            _service = Create(database, secrets);
        }

        public async Task<TimeSpan> RunAsync(bool isChanged = false)
        {
            if (isChanged)
            {
                await _service.ReloadAsync(null!, default);
            }

            return await _service.RunOnceAsync(default);
        }

        public async Task GoOnAirAsync()
        {
            _grant = (await Server.AskAsync(_key)).ShouldBeOfType<PublishDecision.Granted>().Grant;
            Session = _grant.Session.Id;
            await Server.Get<SessionWriter>().FlushAsync(default);
        }

        public async Task EndAsync()
        {
            await Server.Get<IPublishAuthorizer>().ReportEndAsync(_grant!, "over", default);
            Server.Get<SessionManager>().End(Session, "over");
            await Server.Get<SessionWriter>().FlushAsync(default);
        }

        public async Task<TargetState> StateAsync() => (await Targets.ListAsync("demo")).Single().Status.State;

        public async Task<List<string>> EventsAsync()
        {
            await using var connection = await Server.Get<ServerDatabase>().Source.OpenConnectionAsync();
            return [.. await connection.QueryAsync<string>("SELECT type FROM stream_events WHERE type LIKE 'target.%' ORDER BY id")];
        }

        public async ValueTask DisposeAsync()
        {
            _service.Dispose();
            await Server.DisposeAsync();
        }

        private TargetService Create(ServerDatabase? database, SecretProtector? secrets) => new(
            database ?? Server.Get<ServerDatabase>(), Server.Get<SessionManager>(), Visibility, secrets ?? Server.Get<SecretProtector>(),
            Server.Get<ServerIdentity>(), Time, NullLogger<TargetService>.Instance, Legs);
    }

    private sealed class FakeVisibility : ISessionVisibility
    {
        public SessionVisibility? Current { get; set; }

        public SessionVisibility? Find(ChannelName channel, SessionId session) => Current;

        public void FixFirstSegment(ChannelName channel, SessionId session, DateTimeOffset from, long segment)
        {
        }
    }
}
