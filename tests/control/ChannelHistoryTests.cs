using System.Globalization;
using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Identity;
using Broadcast.Control.ServerSentEvents;
using Broadcast.Control.Sessions;
using Broadcast.Control.Webhooks;
using Broadcast.Media;
using Broadcast.Media.HostToControl;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>History and health of a channel over the API.</summary>
public sealed class ChannelHistoryTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Timeline_lists_session_publisher_and_event_changes_newest_first()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        await StepAsync(bench, await PlanAsync(bench));
        var grant = await bench.BeginAsync();
        bench.Rig.Clock.Advance(TimeSpan.FromMinutes(5));
        await HappensAsync(bench, WebhookEventTypes.HealthIssue, new HealthIssueData(grant.Session.Id.Value, Guid.Empty,
            "keyframe_interval_long", "warning", "Set it to 2 s.", bench.Rig.Clock.GetUtcNow()));
        await bench.EndAsync(grant);

        var rows = await ListAsync(bench, new(Events: true, Publishers: true, Recordings: true, Targets: true, Changes: false));

        rows.Select(r => r.Type)
            .ShouldBe(["session.ended", "publish.stopped", "health.issue", "publish.started", "session.started", "event.cancelled"]);
        rows.Take(5).ShouldAllBe(r => r.Session == grant.Session.Id.Value);
        rows[2].Data.ShouldContain("Set it to 2 s.");
        rows[^1].Data.ShouldContain("Show");
    }

    [Fact]
    public async Task Timeline_omits_rows_that_the_callers_permissions_exclude()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        await StepAsync(bench, await PlanAsync(bench));
        await HappensAsync(bench, WebhookEventTypes.PublishStarted, new { });
        await HappensAsync(bench, WebhookEventTypes.RecordingReady, new { });
        await HappensAsync(bench, WebhookEventTypes.TargetLost, new { });
        await HappensAsync(bench, WebhookEventTypes.InputLost, new { });
        await bench.Rig.Channels.SetAsync("demo", new(Title: "Better"));

        var none = new ActivityVisibility(Events: false, Publishers: false, Recordings: false, Targets: false, Changes: false);
        (await ListAsync(bench, none)).Select(r => r.Type).ShouldBe(["input.lost"]);
        var changes = (await ListAsync(bench, none with { Changes = true })).Where(r => r.Type == "audit").ToList();
        changes[0].Data.ShouldContain("channel.change");
        changes[0].Actor!.ShouldStartWith("server/");
    }

    [Theory]
    [InlineData(TokenRole.Producer, null, null, true, true, false)]
    [InlineData(TokenRole.Admin, null, null, true, true, true)]
    [InlineData(TokenRole.Admin, "demo", null, false, true, false)]
    [InlineData(TokenRole.Admin, null, "channels:read", false, false, false)]
    [InlineData(TokenRole.Admin, null, "audit:read", false, false, true)]
    public void Timeline_visibility_follows_the_event_stream_and_the_audit_log(TokenRole role, string? channel, string? scope, bool events,
        bool publishers, bool changes)
    {
        var sight = ActivityVisibility.Of(role, new(channel is null ? null : [channel], scope is null ? null : [scope]), "demo");
        (sight.Events, sight.Publishers, sight.Changes).ShouldBe((events, publishers, changes));
    }

    [Fact]
    public async Task Timeline_pages_repeat_no_row_even_if_rows_have_the_same_time()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        for (var i = 0; i < 5; i++)
        {
            await HappensAsync(bench, WebhookEventTypes.InputLost, new { i });
        }

        var channel = await bench.Rig.Channels.GetAsync("demo");
        var timeline = new ChannelActivityLog(bench.Rig.Database);
        var (all, before) = (new List<string>(), (string?)null);
        for (var page = 0; page < 3; page++)
        {
            var rows = await timeline.ListAsync(channel, new(true, true, true, true, false), 2, before, default);
            all.AddRange(rows.Select(r => r.Key));
            before = ChannelActivityLog.CursorOf(rows[^1]);
        }

        all.Count.ShouldBe(5);
        all.ShouldBeUnique();
        all.ShouldBe(all.OrderDescending(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("~")]
    [InlineData("12")]
    [InlineData("-1~3:a")]
    [InlineData("9223372036854775807~3:a")]
    [InlineData("12~3:\0")]
    [InlineData("12~3: a")]
    public void Invalid_timeline_cursor_is_rejected(string text) => ChannelActivityLog.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public async Task Timeline_rows_are_retained_for_days_after_other_stream_events_expire()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        await HappensAsync(bench, WebhookEventTypes.PublishStarted, new { });
        await HappensAsync(bench, WebhookEventTypes.EventReminder, new { });
        await HappensAsync(bench, WebhookEventTypes.EventLive, new { });
        var log = new EventStreamLog(bench.Rig.Database);

        await AgeAsync(bench, "2 hours");
        await log.CleanUpAsync(default);
        (await log.ReadAsync(0, long.MaxValue, 10, default)).Select(m => m.Type)
            .ShouldBe([WebhookEventTypes.PublishStarted, WebhookEventTypes.EventLive], "the last of all stays in any case");

        await AgeAsync(bench, "8 days");
        await log.CleanUpAsync(default);
        (await log.ReadAsync(0, long.MaxValue, 10, default)).Select(m => m.Type).ShouldBe([WebhookEventTypes.EventLive]);
    }

    [Fact]
    public async Task New_channel_with_a_reused_name_has_its_own_timeline()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        await HappensAsync(bench, WebhookEventTypes.InputLost, new { });
        await bench.Rig.Channels.DeleteAsync("demo");
        await bench.Rig.Channels.CreateAsync("demo", new());
        await HappensAsync(bench, WebhookEventTypes.InputRestored, new { });
        (await ListAsync(bench, new(Events: true, Publishers: true, Recordings: true, Targets: true, Changes: false))).Select(r => r.Type)
            .ShouldBe([WebhookEventTypes.InputRestored], "at the same moment");
    }

    [Fact]
    public async Task Cleanup_keeps_the_newest_rows_of_each_channel_and_the_last_hour()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        await bench.Rig.Channels.CreateAsync("other", new());
        await using (var fill = bench.Rig.Database.Source.CreateCommand($$"""
            INSERT INTO stream_events (type, channel, channel_id, body)
            SELECT '{{WebhookEventTypes.PublishStarted}}', c.name, c.id, '{}' FROM generate_series(1,
                {{EventStreamLog.MaxActivityPerChannel + 7}}) n, channels c WHERE c.name = 'demo' OR n <= 2 ORDER BY n, c.id
            """))
        {
            await fill.ExecuteNonQueryAsync();
        }

        var log = new EventStreamLog(bench.Rig.Database);
        await log.CleanUpAsync(default);
        (await CountAsync("demo")).ShouldBe(EventStreamLog.MaxActivityPerChannel + 7, "the last hour is there for who comes back");

        await AgeAsync(bench, "2 hours");
        (await log.CleanUpAsync(default)).ShouldBeFalse();
        (await CountAsync("demo")).ShouldBe(EventStreamLog.MaxActivityPerChannel);
        (await CountAsync("other")).ShouldBe(2);
        (await log.ReadAsync(0, long.MaxValue, 10, default)).Where(m => m.Channel == "demo").Min(m => m.Id)
            .ShouldBeGreaterThan(7, "the oldest went");

        async Task<long> CountAsync(string channel)
        {
            await using var count = bench.Rig.Database.Source.CreateCommand("SELECT count(*) FROM stream_events WHERE channel = $1");
            count.Parameters.Add(new() { Value = channel });
            return (long)(await count.ExecuteScalarAsync())!;
        }
    }

    [Fact]
    public async Task Timeline_index_covers_exactly_the_timeline_types()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        await using var read = bench.Rig.Database.Source
            .CreateCommand("SELECT indexdef FROM pg_indexes WHERE indexname = 'stream_events_timeline'");
        var definition = (string)(await read.ExecuteScalarAsync())!;
        definition.Split('\'').Where((_, i) => i % 2 == 1).Order().ShouldBe(EventStreamLog.ActivityTypes.Order());
        EventStreamLog.IsActivitySql.Split('\'').Where((_, i) => i % 2 == 1).ShouldBe(EventStreamLog.ActivityTypes);
    }

    [Fact]
    public async Task Requested_measurements_are_returned_with_their_interval()
    {
        var measured = new TwoMeasurements();
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, measurements: measured);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var viewer = await server.TokenAsync(TokenRole.Viewer);

        var all = (await server.SendAsync("GET", "/api/v1/channels/demo/measurements", viewer)).Body;
        all.GetProperty("intervalSeconds").GetDouble().ShouldBe(5);
        var first = all.GetProperty("measurements")[0];
        first.GetProperty("bitsPerSecond").GetInt64().ShouldBe(4_000_000);
        first.GetProperty("avSkewSeconds").GetDouble().ShouldBe(-0.25);
        first.GetProperty("encodingSpeed").GetDouble().ShouldBe(1.013);
        first.GetProperty("latencySeconds").GetDouble().ShouldBe(0.412);
        first.GetProperty("keyframeIntervalSeconds").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);

        var after = Uri.EscapeDataString(TwoMeasurements.First.ToString("O", CultureInfo.InvariantCulture));
        (await server.SendAsync("GET", $"/api/v1/channels/demo/measurements?after={after}", viewer)).Body.GetProperty("measurements")
            .GetArrayLength().ShouldBe(1);
        (await server.SendAsync("GET", "/api/v1/channels/demo/measurements?after=yesterday", viewer)).Status.ShouldBe(400);
        (await server.SendAsync("GET", "/api/v1/channels/demo/measurements?range=week", viewer)).Status.ShouldBe(400);
        var day = (await server.SendAsync("GET", "/api/v1/channels/demo/measurements?range=day", viewer)).Body;
        day.GetProperty("intervalSeconds").GetDouble().ShouldBe(120);
        day.GetProperty("measurements")[0].GetProperty("viewers").GetInt64().ShouldBe(7);
        (await server.SendAsync("GET", "/api/v1/channels/none/measurements", viewer)).Status.ShouldBe(404);
        (await server.SendAsync("GET", "/api/v1/channels/demo/activity?before=x", await server.TokenAsync(TokenRole.Producer))).Status
            .ShouldBe(400);
        (await server.SendAsync("GET", "/api/v1/channels/demo/activity?limit=0", await server.TokenAsync(TokenRole.Producer))).Status
            .ShouldBe(400);
    }

    private static async Task<IReadOnlyList<ActivityEntry>> ListAsync(RecordingHarness bench, ActivityVisibility sight) =>
        await new ChannelActivityLog(bench.Rig.Database).ListAsync(await bench.Rig.Channels.GetAsync("demo"), sight, 50, null, default);

    private static async Task HappensAsync(RecordingHarness bench, string type, object data)
    {
        await using var connection = await bench.Rig.Database.Source.OpenConnectionAsync();
        await Outbox.AddAsync(connection, null, bench.Rig.Clock.GetUtcNow(), type, "demo", data, default);
    }

    private static Task<EventInfo> PlanAsync(RecordingHarness bench)
    {
        var now = bench.Rig.Clock.GetUtcNow();
        return new EventRepository(bench.Rig.Database, bench.Rig.Clock).CreateAsync(
            new() { Title = "Show", Channel = "demo", Start = EventTime.At(now.AddHours(1)), End = EventTime.At(now.AddHours(2)) });
    }

    private static async Task StepAsync(RecordingHarness bench, EventInfo planned)
    {
        await using var step = bench.Rig.Database.Source
            .CreateCommand("INSERT INTO event_history (event_id, at, state, reason) VALUES ($1, $2, 'cancelled', 'by a test')");
        step.Parameters.Add(new() { Value = planned.Id });
        step.Parameters.Add(new() { Value = bench.Rig.Clock.GetUtcNow().UtcDateTime.AddSeconds(-1) });
        await step.ExecuteNonQueryAsync();
    }

    private static async Task AgeAsync(RecordingHarness bench, string by)
    {
        await using var age = bench.Rig.Database.Source.CreateCommand($"UPDATE stream_events SET written_at = now() - interval '{by}'");
        await age.ExecuteNonQueryAsync();
    }

    private sealed class TwoMeasurements : IChannelMeasurements
    {
        public static readonly DateTimeOffset First = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

        private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

        public TimeSpan IntervalOf(MeasurementRange range) => range == MeasurementRange.Day ? TimeSpan.FromMinutes(2) : Interval;

        public IReadOnlyList<Measurement> Find(ChannelName channel, MeasurementRange range, DateTimeOffset after) =>
            range == MeasurementRange.Day ? [new(First) { Viewers = 7 }] :
        [
            .. ((Measurement[])
            [
                new(First) { BitsPerSecond = 4_000_000, AvSkew = TimeSpan.FromMilliseconds(-250), EncodingSpeed = 1.0131,
                    Latency = TimeSpan.FromMilliseconds(412) },
                new(First + Interval) { Viewers = 3 },
            ]).Where(m => m.At > after),
        ];
    }
}
