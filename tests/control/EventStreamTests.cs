using Broadcast.Control.Api;
using Broadcast.Control.Identity;
using Broadcast.Control.ServerSentEvents;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Broadcast.Testing;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Server-sent events of the API.</summary>
public sealed class EventStreamTests(PostgresFixture postgres)
{
    private static readonly Caller Admin = HolderOf(TokenRole.Admin);

    [Fact]
    public void Row_behind_a_gap_is_held_back_until_the_gap_is_filled()
    {
        var order = new CommitOrder(new ManualTimeProvider());
        order.CountReady(10, [11, 12, 14]).ShouldBe(2);
        order.CountReady(12, [14]).ShouldBe(0);
        order.CountReady(12, [13, 14, 15]).ShouldBe(3);
    }

    [Fact]
    public void Row_behind_unused_numbers_is_held_back_no_longer_than_one_timeout()
    {
        var clock = new ManualTimeProvider();
        var order = new CommitOrder(clock);
        order.CountReady(10, [12, 14, 16]).ShouldBe(0);
        clock.Advance(CommitOrder.MaxHoldBack - TimeSpan.FromMilliseconds(1));
        order.CountReady(10, [12, 14, 16, 18]).ShouldBe(0);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        order.CountReady(10, [12, 14, 16, 18]).ShouldBe(3, "the last one came later");
    }

    [Theory]
    [InlineData("channel.state", "demo", TokenRole.Viewer, null, null, null, true)]
    [InlineData("channel.state", "demo", TokenRole.Viewer, null, "demo", null, true)]
    [InlineData("channel.state", "demo", TokenRole.Viewer, "other", null, null, false)]
    [InlineData("channel.state", "demo", TokenRole.Viewer, null, "other", null, false)]
    [InlineData("channel.state", null, TokenRole.Viewer, null, "other", null, false)]
    [InlineData("channel.state", null, TokenRole.Viewer, null, null, null, true)]
    [InlineData("publish.started", "demo", TokenRole.Moderator, null, null, null, false)]
    [InlineData("publish.started", "demo", TokenRole.Producer, null, null, null, true)]
    [InlineData("publish.started", "demo", TokenRole.Producer, null, null, "channels:read", false)]
    [InlineData("publish.started", "demo", TokenRole.Producer, null, null, "keys:read", true)]
    [InlineData("event.live", "demo", TokenRole.Viewer, null, "demo", null, false)]
    [InlineData("event.live", "demo", TokenRole.Admin, null, null, "channels:read", false)]
    [InlineData("event.live", "demo", TokenRole.Admin, null, null, "events:write", true)]
    [InlineData("recording.ready", "demo", TokenRole.Admin, null, null, "channels:write", false)]
    [InlineData("health.issue", "demo", TokenRole.Viewer, null, null, "channels:read", true)]
    public void Event_stream_messages_are_filtered_by_role_channels_and_scopes(string type, string? channel, TokenRole role, string? only,
        string? limit, string? scope, bool shown) =>
        EventStreamRules.IsVisible(role, new(limit is null ? null : [limit], scope is null ? null : [scope]), IdOf(only),
            new(1, type, channel, "{}", IdOf(channel))).ShouldBe(shown);

    private static long? IdOf(string? channel) => channel is null ? null : channel == "demo" ? 1 : 2;

    [Fact]
    public async Task Channel_that_reuses_a_deleted_name_gets_no_messages_of_the_deleted_one()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var log = new EventStreamLog(bench.Rig.Database);
        using var stream = Stream(bench, log);
        var old = await ChannelIdAsync(bench);
        var grant = await bench.BeginAsync();
        await StateAsync(bench, "live");
        await HappensAsync(bench, WebhookEventTypes.EventLive);
        await bench.Rig.Channels.DeleteAsync("demo");
        await bench.Rig.Channels.CreateAsync("demo", new());
        var now = await ChannelIdAsync(bench);
        await StateAsync(bench, "waiting");
        await using (var connection = await bench.Rig.Database.Source.OpenConnectionAsync())
        {
            // The last message of the previous channel's session comes after the new channel is created.
            await Outbox.AddAsync(connection, null, bench.Rig.Clock.GetUtcNow(), WebhookEventTypes.InputLost, "demo",
                new { session = grant.Session.Id.Value }, default);
        }

        var back = await HearAsync(bench, stream, log, "1", t => t.Contains("waiting", StringComparison.Ordinal), now);
        var anew = await HearAsync(bench, stream, log, null, t => t.Contains("event: ready", StringComparison.Ordinal), now);

        now.ShouldNotBe(old);
        foreach (var heard in (string[])[back, anew])
        {
            heard.ShouldContain("waiting");
            heard.ShouldNotContain("reset");
            heard.ShouldNotContain("live");
            heard.ShouldNotContain(WebhookEventTypes.InputLost);
        }

        (await log.ReadAsync(0, long.MaxValue, 100, default)).Where(m => m.Type is WebhookEventTypes.InputLost
            or WebhookEventTypes.EventLive).ShouldAllBe(m => m.ChannelId == old);
    }

    [Fact]
    public async Task New_client_receives_the_current_state_and_a_resuming_client_missed_messages()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var log = new EventStreamLog(bench.Rig.Database);
        using var stream = Stream(bench, log);
        await StateAsync(bench, "starting");
        await StateAsync(bench, "live");
        await HappensAsync(bench, WebhookEventTypes.EventLive);

        var anew = await HearAsync(bench, stream, log, null, t => t.Contains("event: ready", StringComparison.Ordinal));
        anew.ShouldStartWith("retry: ");
        anew.ShouldContain("event: channel.state\ndata: {\"id\":\"evt_");
        anew.ShouldContain("\"data\":{\"state\":\"live\"}");
        anew.ShouldNotContain("starting");
        anew.ShouldNotContain("event.live");
        anew.ShouldEndWith("id: 3\nevent: ready\ndata: {}\n\n");

        var back = await HearAsync(bench, stream, log, "1", t => t.Contains("event.live", StringComparison.Ordinal));
        back.ShouldContain("id: 2\nevent: channel.state\n");
        back.ShouldContain("id: 3\nevent: event.live\n");
        back.ShouldNotContain("starting");
        back.ShouldNotContain("ready");
        back.ShouldNotContain("reset");

        foreach (var unknown in (string[])["999", "nonsense", "-1"])
        {
            var reset = await HearAsync(bench, stream, log, unknown, t => t.Contains("event: ready", StringComparison.Ordinal));
            reset.ShouldContain("id: \nevent: reset\n");
            reset.ShouldContain("event: channel.state\n");
        }
    }

    [Fact]
    public async Task Old_messages_are_deleted_except_for_channel_states_and_the_last_message()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var log = new EventStreamLog(bench.Rig.Database);
        await StateAsync(bench, "starting");
        await StateAsync(bench, "live");
        await HappensAsync(bench, WebhookEventTypes.EventLive);
        await HappensAsync(bench, WebhookEventTypes.EventEnded);
        (await log.CanResumeAsync(1, default)).ShouldBeTrue();
        await log.CleanUpAsync(default);
        (await log.ReadAsync(0, long.MaxValue, 10, default)).Count.ShouldBe(4);

        await using (var age = bench.Rig.Database.Source.CreateCommand("UPDATE stream_events SET written_at = now() - interval '2 hours'"))
        {
            await age.ExecuteNonQueryAsync();
        }

        (await log.CanResumeAsync(2, default)).ShouldBeFalse("what followed may be gone");
        (await log.CanResumeAsync(4, default)).ShouldBeTrue("nothing followed");
        await log.CleanUpAsync(default);
        (await log.ReadAsync(0, long.MaxValue, 10, default)).Select(m => m.Id).ShouldBe([2L, 4L]);
    }

    [Fact]
    public async Task Attached_client_receives_each_message_once_and_in_order()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var log = new EventStreamLog(bench.Rig.Database);
        using var stream = Stream(bench, log);
        var client = await stream.AttachAsync("token/1", isAdmin: true, default);
        await HappensAsync(bench, WebhookEventTypes.EventLive);
        await HappensAsync(bench, WebhookEventTypes.EventEnded);
        (await stream.ReadAsync(default)).ShouldBeFalse();
        (await stream.ReadAsync(default)).ShouldBeFalse();

        client.Dequeue()!.Type.ShouldBe(WebhookEventTypes.EventLive);
        client.Dequeue()!.Type.ShouldBe(WebhookEventTypes.EventEnded);
        client.Dequeue().ShouldBeNull();
        stream.Detach(client);
        await HappensAsync(bench, WebhookEventTypes.EventLive);
        await stream.ReadAsync(default);
        client.Dequeue().ShouldBeNull("it listens no more");
    }

    [Fact]
    public async Task Slow_client_gets_a_reset_and_is_disconnected()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var log = new EventStreamLog(bench.Rig.Database);
        using var stream = Stream(bench, log);
        var client = await stream.AttachAsync("token/1", isAdmin: true, default);
        for (var i = 1; i <= EventStreamClient.MaxQueued; i++)
        {
            client.Enqueue(new(i, WebhookEventTypes.EventLive, "demo", "{}"));
        }

        client.IsTooSlow.ShouldBeFalse();
        client.Enqueue(new(1000, WebhookEventTypes.EventLive, "demo", "{}"));
        client.IsTooSlow.ShouldBeTrue();

        var heard = new SentMessages();
        await Reply(bench, client, log, heard, () => Admin).RunAsync(null, default).WaitAsync(TimeSpan.FromSeconds(20));
        heard.Text.ShouldEndWith(SseFormat.Reset("the client was too slow"));
    }

    [Fact]
    public async Task Idle_stream_sends_heartbeats_and_ends_with_its_token()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var log = new EventStreamLog(bench.Rig.Database);
        using var stream = Stream(bench, log);
        var (heard, holder) = (new SentMessages(), (Caller?)Admin);
        var running = Reply(bench, await stream.AttachAsync("token/1", isAdmin: true, default), log, heard, () => Volatile.Read(ref holder))
            .RunAsync(null, default);

        await Poll.UntilAsync(() => Later(bench, () => heard.Text.Contains("id: 0\n:\n\n", StringComparison.Ordinal)));
        running.IsCompleted.ShouldBeFalse();
        Volatile.Write(ref holder, null);
        await Poll.UntilAsync(() => Later(bench, () => running.IsCompleted));
        await running;
    }

    [Fact]
    public async Task Places_are_reserved_for_admins_and_one_caller_gets_a_tenth()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        using var stream = Stream(bench, new EventStreamLog(bench.Rig.Database), maxClients: 40);
        for (var i = 0; i < 30; i++)
        {
            await stream.AttachAsync($"token/{i / 4}", isAdmin: false, default);
        }

        (await Should.ThrowAsync<OperationException>(() => stream.AttachAsync("token/99", isAdmin: false, default))).Message
            .ShouldContain("10 are reserved for admins");
        for (var i = 0; i < 4; i++)
        {
            await stream.AttachAsync("user/boss", isAdmin: true, default);
        }

        (await Should.ThrowAsync<OperationException>(() => stream.AttachAsync("user/boss", isAdmin: true, default))).Message
            .ShouldContain("already has 4");
        await stream.AttachAsync("user/deputy", isAdmin: true, default);
    }

    [Fact]
    public async Task Clients_that_connect_together_share_one_read_of_the_current_state()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var log = new EventStreamLog(bench.Rig.Database);
        using var states = new CurrentStateCache(log, bench.Rig.Clock);
        await StateAsync(bench, "live");
        var latest = await log.LatestIdAsync(default);

        var all = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => states.GetAsync(latest, default)));

        states.Reads.ShouldBe(1);
        all.ShouldAllBe(s => s.UpTo == latest && s.Messages.Count == 1);
        all[0].TextFor(TokenRole.Admin, new(), null).ShouldBeSameAs(all[^1].TextFor(TokenRole.Admin, new(), null));
        all[0].TextFor(TokenRole.Viewer, new() { Channels = ["other"] }, null).ShouldBe("");

        await StateAsync(bench, "offline");
        var later = await states.GetAsync(await log.LatestIdAsync(default), default);
        (later.UpTo > latest, states.Reads).ShouldBe((true, 2));
        later.Messages.ShouldHaveSingleItem().Body.ShouldContain("offline");
        (await states.GetAsync(latest, default)).ShouldBeSameAs(later, "a newer state is as good");
    }

    private static EventStream Stream(RecordingHarness bench, EventStreamLog log, int maxClients = 200) =>
        new(log, Options.Create(new ControlOptions { MaxEventStreamClients = maxClients }),
            bench.Rig.Clock, bench.Rig.Log.For<EventStream>());

    private static Caller HolderOf(TokenRole role) =>
        Caller.Of(new TokenInfo("aaaaaaaa", role, "", DateTimeOffset.UnixEpoch, null, null, null));

    private static async Task<long> ChannelIdAsync(RecordingHarness bench)
    {
        await using var connection = await bench.Rig.Database.Source.OpenConnectionAsync();
        return await StreamKeys.ChannelIdAsync(connection, "demo", default);
    }

    private static EventStreamReply Reply(RecordingHarness bench, EventStreamClient client, EventStreamLog log, SentMessages heard,
        Func<Caller?> verify, long? only = null) => new(
        client, Admin, only, log, new CurrentStateCache(log, bench.Rig.Clock), _ => Task.FromResult(verify()),
        (text, _) =>
        {
            heard.Add(text);
            return Task.CompletedTask;
        },
        TimeSpan.FromSeconds(15), bench.Rig.Clock);

    /// <summary>Reads events until a condition is met.</summary>
    private static async Task<string> HearAsync(RecordingHarness bench, EventStream stream, EventStreamLog log, string? lastId,
        Func<string, bool> isEnough, long? only = null)
    {
        var client = await stream.AttachAsync("token/1", isAdmin: true, default);
        var heard = new SentMessages();
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var running = Reply(bench, client, log, heard, () => Admin, only).RunAsync(lastId, enough.Token);
        await Poll.UntilAsync(() => isEnough(heard.Text) || running.IsCompleted);
        await enough.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stream.Detach(client);
        return heard.Text;
    }

    private static async Task StateAsync(RecordingHarness bench, string state)
    {
        await using var connection = await bench.Rig.Database.Source.OpenConnectionAsync();
        await EventStreamLog.AddAsync(connection, bench.Rig.Clock.GetUtcNow(), EventStreamTypes.ChannelState, "demo",
            new { state }, default);
    }

    private static async Task HappensAsync(RecordingHarness bench, string type)
    {
        await using var connection = await bench.Rig.Database.Source.OpenConnectionAsync();
        await Outbox.AddAsync(connection, null, bench.Rig.Clock.GetUtcNow(), type, "demo", new { }, default);
    }

    private static bool Later(RecordingHarness bench, Func<bool> condition)
    {
        bench.Rig.Clock.Advance(TimeSpan.FromSeconds(16));
        return condition();
    }
}
