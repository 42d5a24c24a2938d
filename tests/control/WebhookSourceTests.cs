using System.Text.Json;
using Broadcast.Control.Channels;
using Broadcast.Control.Sessions;
using Broadcast.Control.Webhooks;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Testing;
using Dapper;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Events on channels, and the resulting webhook deliveries.</summary>
public sealed class WebhookSourceTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Input_loss_and_recovery_are_reported_once_across_a_restart()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres, new() { ReconnectWindow = TimeSpan.FromHours(1) });
        await HearAllAsync(bench);
        var grant = await bench.BeginAsync();
        var session = grant.Session.Id;
        var states = new Said { State = new(ChannelRunState.Live, session, null) };
        using var watch = Watch(bench, states);

        await LookAsync(watch, bench, 3);
        states.State = new(ChannelRunState.Waiting, session, null);
        await watch.CheckAsync(default);
        (await ReceivedAsync(bench)).ShouldNotContain(WebhookEventTypes.InputLost, "a second is nothing");
        await LookAsync(watch, bench, 5);
        (await ReceivedAsync(bench)).Count(t => t == WebhookEventTypes.InputLost).ShouldBe(1);

        using var restarted = Watch(bench, states);
        await LookAsync(restarted, bench, 5);
        states.State = new(ChannelRunState.Live, session, null);
        await LookAsync(restarted, bench, 3);
        (await ReceivedAsync(bench)).Where(t => t.StartsWith("input", StringComparison.Ordinal))
            .ShouldBe([WebhookEventTypes.InputLost, WebhookEventTypes.InputRestored]);
        var back = JsonDocument.Parse((await bench.ScalarAsync<string>("SELECT body FROM webhook_events WHERE type = 'input.back'"))!)
            .RootElement.GetProperty("data");
        back.GetProperty("session").GetString().ShouldBe(session.Value);
        back.GetProperty("seconds").GetDouble().ShouldBe(11, 0.001);
    }

    [Theory]
    [InlineData(-3600)]
    [InlineData(3600)]
    public async Task Input_loss_is_reported_with_its_duration_despite_a_step_of_the_system_clock(int seconds)
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres, new() { ReconnectWindow = TimeSpan.FromHours(2) });
        await HearAllAsync(bench);
        var session = (await bench.BeginAsync()).Session.Id;
        var states = new Said { State = new(ChannelRunState.Waiting, session, null) };
        using var watch = Watch(bench, states);
        await LookAsync(watch, bench, 1);
        bench.Rig.Clock.Step(TimeSpan.FromSeconds(seconds));

        await LookAsync(watch, bench, 1);
        (await ReceivedAsync(bench)).ShouldNotContain(WebhookEventTypes.InputLost, "it has lasted for one second");
        await LookAsync(watch, bench, 3);
        states.State = new(ChannelRunState.Live, session, null);
        await LookAsync(watch, bench, 2);

        (await ReceivedAsync(bench)).Where(t => t.StartsWith("input", StringComparison.Ordinal))
            .ShouldBe([WebhookEventTypes.InputLost, WebhookEventTypes.InputRestored]);
        JsonDocument.Parse((await bench.ScalarAsync<string>("SELECT body FROM webhook_events WHERE type = 'input.back'"))!)
            .RootElement.GetProperty("data").GetProperty("seconds").GetDouble().ShouldBe(5, 0.001);
    }

    [Fact]
    public async Task Step_of_the_system_clock_does_not_hide_or_repeat_a_health_issue()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        await HearAllAsync(bench);
        var session = (await bench.BeginAsync()).Session.Id;
        var media = new ManualTimeProvider(bench.Rig.Clock.GetUtcNow());
        var health = new Said { Session = session, Finding =
            new("keyframe_interval_long", IssueSeverity.Warning, "Set it to 2 s.", media.GetUtcNow()) };
        using var watch = Watch(bench, health, media);
        bench.Rig.Clock.Step(TimeSpan.FromHours(-1));
        media.Advance(ChannelMonitor.IssueThreshold);

        await LookAsync(watch, bench, 1);
        (await ReceivedAsync(bench)).Count(t => t == WebhookEventTypes.HealthIssue).ShouldBe(1);
        bench.Rig.Clock.Step(TimeSpan.FromHours(1));
        await LookAsync(watch, bench, 2);
        (await ReceivedAsync(bench)).Count(t => t == WebhookEventTypes.HealthIssue).ShouldBe(1);
    }

    [Fact]
    public async Task Brief_input_loss_is_not_reported()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        await HearAllAsync(bench);
        var session = (await bench.BeginAsync()).Session.Id;
        var states = new Said { State = new(ChannelRunState.Waiting, session, null) };
        using var watch = Watch(bench, states);
        await LookAsync(watch, bench, 2);
        states.State = new(ChannelRunState.Live, session, null);
        await LookAsync(watch, bench, 5);

        (await ReceivedAsync(bench)).ShouldBe([WebhookEventTypes.PublishStarted]);
    }

    [Fact]
    public async Task Health_issue_is_reported_once_while_it_lasts_and_again_when_it_returns_later()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        await HearAllAsync(bench);
        var session = (await bench.BeginAsync()).Session.Id;
        var health = new Said { Session = session };
        using var watch = Watch(bench, health);
        health.Finding = new("keyframe_interval_long", IssueSeverity.Warning, "Set it to 2 s.", bench.Rig.Clock.GetUtcNow());

        await LookAsync(watch, bench, 8);
        (await ReceivedAsync(bench)).ShouldNotContain(WebhookEventTypes.HealthIssue, "it may pass");
        await LookAsync(watch, bench, 20);
        (await ReceivedAsync(bench)).Count(t => t == WebhookEventTypes.HealthIssue).ShouldBe(1);

        var finding = health.Finding;
        health.Finding = null;
        await LookAsync(watch, bench, 60);
        health.Finding = finding;
        await LookAsync(watch, bench, 20);
        (await ReceivedAsync(bench)).Count(t => t == WebhookEventTypes.HealthIssue).ShouldBe(1, "it comes and goes");
        health.Finding = null;
        await LookAsync(watch, bench, 301);
        health.Finding = finding;
        await LookAsync(watch, bench, 2);
        (await ReceivedAsync(bench)).Count(t => t == WebhookEventTypes.HealthIssue).ShouldBe(2);
        health.Finding = finding with { Code = "information_only", Severity = IssueSeverity.Information };
        await LookAsync(watch, bench, 20);
        (await ReceivedAsync(bench)).Count(t => t == WebhookEventTypes.HealthIssue).ShouldBe(2);
    }

    [Fact]
    public async Task Restarted_process_does_not_repeat_a_reported_health_issue()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        await HearAllAsync(bench);
        var session = (await bench.BeginAsync()).Session.Id;
        var health = new Said { Session = session, Finding =
            new("keyframe_interval_long", IssueSeverity.Warning, "Set it to 2 s.", bench.Rig.Clock.GetUtcNow()) };
        using var watch = Watch(bench, health);
        await LookAsync(watch, bench, 600);

        using var restarted = Watch(bench, health);
        await LookAsync(restarted, bench, 20);
        (await ReceivedAsync(bench)).Count(t => t == WebhookEventTypes.HealthIssue).ShouldBe(1);
        bench.Rig.Clock.Advance(TimeSpan.FromMinutes(6));
        using var later = Watch(bench, health);
        await LookAsync(later, bench, 2);
        (await ReceivedAsync(bench)).Count(t => t == WebhookEventTypes.HealthIssue)
            .ShouldBe(2, "nobody looked for minutes: what it was between is not known");
    }

    [Fact]
    public async Task Recording_is_reported_once_when_it_is_playable_and_never_when_empty()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        await HearAllAsync(bench);
        var full = await bench.SessionAsync(TimeSpan.FromHours(1));
        bench.Media.Empty.Add(await bench.SessionAsync(TimeSpan.FromHours(1)));
        using var keeper = bench.Keeper();
        await keeper.RunOnceAsync(default);
        await keeper.RunOnceAsync(default);

        (await ReceivedAsync(bench)).Count(t => t == WebhookEventTypes.RecordingReady).ShouldBe(1);
        var data = JsonDocument.Parse((await bench.ScalarAsync<string>("SELECT body FROM webhook_events WHERE type = 'recording.ready'"))!)
            .RootElement.GetProperty("data");
        (data.GetProperty("recording").GetString(), data.GetProperty("hls").GetString()).ShouldBe((full.Value, $"/vod/{full}/index.m3u8"));
    }

    [Fact]
    public async Task Events_during_a_database_outage_are_delivered_later_up_to_a_limit()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        await HearAllAsync(bench);
        for (var i = 0; i < PendingWrites.MaxEvents + 5; i++)
        {
            bench.Rig.Ledger.Enqueue(new(bench.Rig.Clock.GetUtcNow(), WebhookEventTypes.PublishStarted, "demo", new { number = i }));
        }

        await bench.Rig.Ledger.FlushAsync(default);

        (await bench.ScalarAsync<string>(
            "SELECT body::json -> 'data' ->> 'number' FROM webhook_events e JOIN webhook_deliveries d ON d.event_id = e.id ORDER BY d.id "
            + "LIMIT 1")).ShouldBe("5", "the oldest go first");
        (await ReceivedAsync(bench)).Count.ShouldBe(PendingWrites.MaxEvents);
    }

    private static ChannelMonitor Watch(RecordingHarness bench, Said said, TimeProvider? mediaTime = null) =>
        new(bench.Rig.Database, bench.Rig.Book, bench.Rig.Clock, mediaTime ?? bench.Rig.Clock,
            bench.Rig.Log.For<ChannelMonitor>(), said, said);

    private static async Task LookAsync(ChannelMonitor watch, RecordingHarness bench, int times)
    {
        for (var i = 0; i < times; i++)
        {
            bench.Rig.Clock.Advance(TimeSpan.FromSeconds(1));
            await watch.CheckAsync(default);
        }
    }

    private static async Task HearAllAsync(RecordingHarness bench) =>
        await new WebhookRepository(bench.Rig.Database, bench.Rig.Clock).CreateAsync(new("https://example.org/"));

    private static async Task<IReadOnlyList<string>> ReceivedAsync(RecordingHarness bench)
    {
        await bench.Rig.Ledger.FlushAsync(default);
        await using var connection = await bench.Rig.Database.Source.OpenConnectionAsync();
        return [.. await connection.QueryAsync<string>(
            "SELECT e.type FROM webhook_deliveries d JOIN webhook_events e ON e.id = d.event_id ORDER BY d.id")];
    }

    private sealed class Said : IChannelRuntimeStates, ISourceHealth
    {
        public ChannelRuntimeState? State { get; set; }

        public SessionId Session { get; init; }

        public SourceIssue? Finding { get; set; }

        public ChannelRuntimeState? Find(ChannelName channel) => State;

        IReadOnlyList<SourceReport> ISourceHealth.Find(ChannelName channel) => Finding is null ? [] :
            [new(Session, Guid.Empty, "OBS", default, default, 0, 0, null, null, default, 0, 0, 0, 0, [Finding])];
    }
}
