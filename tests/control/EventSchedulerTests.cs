using System.Text.Json;
using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Recordings;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.OriginToControl;
using Broadcast.Testing;
using Dapper;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class EventSchedulerTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Event_changes_to_preview_and_live_and_ends_with_its_session()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        var show = await rig.PlanAsync(30, 90, new() { Latency = "low", Ladder = "720p", Record = "off" });

        (await rig.StateAsync(show)).ShouldBe(EventState.Scheduled);
        await rig.PassAsync(15);
        (await rig.StateAsync(show)).ShouldBe(EventState.Preview);
        rig.Gate.Find(1).ShouldNotBeNull().IsLive.ShouldBeFalse();
        var encoder = await rig.ComeAsync();
        (encoder.Session.Latency, encoder.Ladder, encoder.Session.IsRecorded).ShouldBe((LatencyProfile.Low, "720p", false),
            "the session is the event's");
        (await rig.StateAsync(show)).ShouldBe(EventState.Preview, "early");
        rig.Gate.TitleOf(encoder.Session.Id).ShouldBeNull("the title is hidden before it is live");
        await rig.PassAsync(15);
        (await rig.StateAsync(show)).ShouldBe(EventState.Live);
        rig.Gate.Find(1).ShouldNotBeNull().IsLive.ShouldBeTrue();
        rig.Gate.TitleOf(encoder.Session.Id).ShouldBe(show.Title);
        await rig.PassAsync(60);
        (await rig.StateAsync(show)).ShouldBe(EventState.Live, "its grace");
        encoder.Revoked.IsCancellationRequested.ShouldBeFalse();
        await rig.PassAsync(5);

        var over = await rig.Events.GetAsync(show.Id);
        over.State.ShouldBe(EventState.Ended);
        over.Sessions.ShouldBe([encoder.Session.Id.Value]);
        (over.WentLiveAt, over.EndedAt).ShouldBe((show.StartsAt, show.EndsAt.AddMinutes(5)));
        await Poll.UntilAsync(() => encoder.Revoked.IsCancellationRequested);
        await Poll.UntilAsync(() => rig.Lifecycle.Ended.Any(e => e.Session == encoder.Session.Id));
        rig.Lifecycle.Ended.ShouldHaveSingleItem().Reason.ShouldContain("grace");
        rig.Gate.Find(1).ShouldBeNull();
        (await rig.Events.HistoryAsync(show.Id)).Select(s => (s.State, s.At))
            .ShouldBe([
                (EventState.Preview, show.StartsAt.AddMinutes(-15)), (EventState.Live, show.StartsAt),
                (EventState.Ended, show.EndsAt.AddMinutes(5)),
            ]);
    }

    [Fact]
    public async Task Preview_session_is_visible_once_the_event_is_live_and_webhooks_report_each_change()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        var webhooks = new WebhookRepository(rig.Database, rig.Clock);
        await webhooks.CreateAsync(new("https://example.org/hook") { Types =
            [WebhookEventTypes.EventPreview, WebhookEventTypes.EventLive, WebhookEventTypes.EventEnded] });
        var show = await rig.PlanAsync(30, 90);
        await rig.PassAsync(20);
        var encoder = await rig.ComeAsync();
        (encoder.Session.BeginsHidden, rig.Audience.Find(encoder.Session.Channel, encoder.Session.Id)).ShouldBe(
            (true, SessionVisibility.Hidden));

        await rig.PassAsync(10);
        (await rig.StateAsync(show)).ShouldBe(EventState.Live);
        rig.Audience.Find(encoder.Session.Channel, encoder.Session.Id)!.Value.From.ShouldBe(show.StartsAt);
        await rig.Events.EndAsync(show.Id);
        await rig.Keeper.RunOnceAsync(default);

        await using var connection = await rig.Database.Source.OpenConnectionAsync();
        var told =
            (await connection.QueryAsync<string>(
                "SELECT e.body FROM webhook_events e JOIN webhook_deliveries d ON d.event_id = e.id ORDER BY d.id")).Select(body =>
                JsonDocument.Parse(body).RootElement).ToList();
        told.Select(e => (e.GetProperty("type").GetString(), e.GetProperty("data").GetProperty("state").GetString()))
            .ShouldBe([("event.preview", "preview"), ("event.live", "live"), ("event.ended", "ended")]);
        told.ShouldAllBe(e => e.GetProperty("data").GetProperty("event").GetString() == show.Id
            && e.GetProperty("data").GetProperty("title").GetString() == show.Title);
    }

    [Fact]
    public async Task Encoder_reconnecting_after_its_event_is_rejected_during_the_cooldown_until_the_next_preview()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        var show = await rig.PlanAsync(0, 30, new() { Grace = TimeSpan.Zero });
        await rig.Keeper.RunOnceAsync(default);
        var encoder = await rig.ComeAsync();
        await rig.PassAsync(1);
        await rig.PassAsync(29);
        (await rig.StateAsync(show)).ShouldBe(EventState.Ended);
        await Poll.UntilAsync(() => encoder.Revoked.IsCancellationRequested);
        await rig.GoAsync(encoder);

        // Also while it is unknown that the event no longer has the channel.
        rig.Gate.SetActive([KeyValuePair.Create(1L, new ActiveEvent(show.Id, "Show", IsLive: true, null, null, null))]);
        ((PublishDecision.Rejected)await rig.AskAsync()).Reason.ShouldBe(PublishRejectionReason.EventOver);
        await rig.Keeper.RunOnceAsync(default);

        var refused = (PublishDecision.Rejected)await rig.AskAsync();
        (refused.Reason,
            refused.Message).ShouldBe((PublishRejectionReason.EventOver,
                "'Show' on channel demo has ended. Stop the encoder; the channel accepts encoders again from 12:40:00 UTC, or in the "
                + "preview of its next event."));
        var next = await rig.PlanAsync(20, 40);
        await rig.PassAsync(6);
        (await rig.StateAsync(next)).ShouldBe(EventState.Preview);
        await rig.GoAsync(await rig.ComeAsync());
        await rig.Events.CancelAsync(next.Id);
        await rig.PassAsync(3);
        ((PublishDecision.Rejected)await rig.AskAsync()).Reason
            .ShouldBe(PublishRejectionReason.EventOver, "the channel rests from the one that was cancelled, too");
        await rig.PassAsync(11);
        (await rig.AskAsync()).ShouldBeOfType<PublishDecision.Granted>();
    }

    [Fact]
    public async Task Next_event_is_announced_to_viewers_unless_announcements_are_off()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        var demo = ChannelName.Parse("demo");
        await rig.PlanAsync(30, 40, new() { Title = "Rehearsal", Announced = "off" });
        var far = await rig.PlanAsync(60 * 24 * 30, (60 * 24 * 30) + 60, new() { Title = "In a month" });
        await rig.Keeper.RunOnceAsync(default);
        rig.Gate.Next(demo).ShouldBeNull();

        await rig.PassAsync(1);
        rig.Gate.Next(demo).ShouldBe(new UpcomingEvent("In a month", far.StartsAt));
        var show = await rig.PlanAsync(60, 90, new() { Title = "Gala" });
        await rig.Keeper.RunOnceAsync(default);
        rig.Gate.Next(demo).ShouldBe(new UpcomingEvent("Gala", show.StartsAt));
        rig.Gate.Next(ChannelName.Parse("other")).ShouldBeNull();

        await rig.PassAsync(61);
        (await rig.StateAsync(show)).ShouldBe(EventState.Preview, "it is late");
        rig.Gate.Next(demo)!.Title.ShouldBe("Gala");
        await rig.Events.SetAsync(show.Id, new() { Announced = "off" });
        await rig.Keeper.RunOnceAsync(default);
        rig.Gate.Next(demo)!.Title.ShouldBe("In a month");
    }

    [Fact]
    public async Task Event_without_an_encoder_has_no_cooldown()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        var show = await rig.PlanAsync(0, 30);
        await rig.PassAsync(36);
        (await rig.StateAsync(show)).ShouldBe(EventState.Ended);
        (await rig.AskAsync()).ShouldBeOfType<PublishDecision.Granted>();
    }

    [Fact]
    public async Task Event_goes_live_when_its_late_encoder_connects_and_names_the_recording()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        var show = await rig.PlanAsync(0, 60, new() { Title = "The gala" });
        (await rig.StateAsync(show)).ShouldBe(EventState.Preview);
        await rig.PassAsync(10);
        (await rig.Events.GetAsync(show.Id)).LateSince.ShouldBe(show.StartsAt);

        var encoder = await rig.ComeAsync();

        (await rig.StateAsync(show)).ShouldBe(EventState.Live);
        (await rig.Events.GetAsync(show.Id)).WentLiveAt.ShouldBe(show.StartsAt.AddMinutes(10));
        (await new RecordingRepository(rig.Database, rig.Clock).GetAsync(encoder.Session.Id.Value)).Title.ShouldBe("The gala");
    }

    [Fact]
    public async Task Running_scheduler_makes_a_late_event_live_when_its_encoder_connects()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        using var scheduler = rig.NewKeeper();
        await scheduler.StartAsync(CancellationToken.None);
        await Poll.UntilAsync(() => rig.Clock.ArmedTimers > 0, description: "the pass that finds no event");
        var show = await rig.PlanAsync(5, 60);
        scheduler.Wake();
        await Poll.UntilAsync(async () => (await rig.Events.GetAsync(show.Id)).State == EventState.Preview);
        rig.Clock.Advance(TimeSpan.FromMinutes(10));

        // The pass of the preview may set its timer only now.
        scheduler.Wake();
        await Poll.UntilAsync(async () => (await rig.Events.GetAsync(show.Id)).LateSince is not null);

        await rig.ComeAsync();
        await Poll.UntilAsync(async () => (await rig.Events.GetAsync(show.Id)).State == EventState.Live);
        await scheduler.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Recording_of_an_earlier_broadcast_is_trimmed_once_to_its_event_and_can_be_restored()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        var encoder = await rig.ComeAsync();
        var show = await rig.PlanAsync(20, 60, new() { Title = "The gala" });
        await rig.PassAsync(10);
        await rig.PassAsync(10);
        (await rig.StateAsync(show)).ShouldBe(EventState.Live);

        var recordings = new RecordingRepository(rig.Database, rig.Clock);
        var recording = await recordings.GetAsync(encoder.Session.Id.Value);
        (recording.Title, recording.Start).ShouldBe(("The gala", show.StartsAt));
        await rig.PassAsync(1);
        (await recordings.SetAsync(recording.Id, new() { Start = RecordingPosition.Start })).Start.ShouldBe(encoder.Session.StartedAt);
        await rig.Keeper.RunOnceAsync(default);
        (await recordings.GetAsync(recording.Id)).Start.ShouldBe(encoder.Session.StartedAt, "it is cut once");
    }

    [Fact]
    public async Task Event_without_an_encoder_ends_at_its_no_show_limit_and_frees_the_channel()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        var show = await rig.PlanAsync(0, 60, new() { NoShow = TimeSpan.FromMinutes(10) });
        await rig.PassAsync(9.9);
        (await rig.StateAsync(show)).ShouldBe(EventState.Preview);
        await rig.PassAsync(0.2);

        var over = await rig.Events.GetAsync(show.Id);
        (over.State, over.Reason).ShouldBe((EventState.Ended, "no encoder connected within 600 s of its start"));
        (await rig.PlanAsync(5, 10)).State.ShouldBe(EventState.Scheduled);
    }

    [Fact]
    public async Task Manual_event_goes_live_and_ends_on_request()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        var show = await rig.PlanAsync(0, 60, new() { StartMode = "manual" });
        var encoder = await rig.ComeAsync();
        await rig.PassAsync(5);
        (await rig.StateAsync(show)).ShouldBe(EventState.Preview);

        (await rig.Events.GoLiveAsync(show.Id, "Ann")).Reason.ShouldBe("made live by Ann");
        (await rig.StateAsync(show)).ShouldBe(EventState.Live);
        (await Should.ThrowAsync<OperationException>(() => rig.Events.GoLiveAsync(show.Id, "Ann"))).Code
            .ShouldBe(OperationErrorCode.Conflict);
        (await Should.ThrowAsync<OperationException>(() => rig.Events.CancelAsync(show.Id, "Ann"))).Code
            .ShouldBe(OperationErrorCode.Conflict);
        (await Should.ThrowAsync<OperationException>(() => rig.Events.DeleteAsync(show.Id))).Code.ShouldBe(OperationErrorCode.Conflict);
        await rig.Events.EndAsync(show.Id, "Ann");
        await rig.Keeper.RunOnceAsync(default);

        await Poll.UntilAsync(() => encoder.Revoked.IsCancellationRequested);
        (await rig.Events.GetAsync(show.Id)).Reason.ShouldBe("ended by Ann");
    }

    [Fact]
    public async Task Event_taken_live_early_reserves_its_channel_from_then_on()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        var between = await rig.PlanAsync(60, 90, new() { Title = "Between" });
        var show = await rig.PlanAsync(120, 180);

        (await Should.ThrowAsync<OperationException>(() => rig.Events.GoLiveAsync(show.Id, "Ann"))).Message.ShouldContain("'Between'");
        await rig.Events.CancelAsync(between.Id, "Ann");
        await rig.Events.GoLiveAsync(show.Id, "Ann");

        (await Should.ThrowAsync<OperationException>(() => rig.PlanAsync(60, 90))).Message.ShouldContain("'Show'");
    }

    [Fact]
    public async Task Adjacent_events_follow_at_once_and_skip_the_grace_period()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        var first = await rig.PlanAsync(0, 60, new() { Title = "First" });
        var second = await rig.PlanAsync(60, 120, new() { Title = "Second" });
        var encoder = await rig.ComeAsync();
        (await rig.StateAsync(first)).ShouldBe(EventState.Live);
        await rig.PassAsync(50);
        (await rig.StateAsync(second)).ShouldBe(EventState.Scheduled, "the first one has the channel");

        await rig.PassAsync(10);

        (await rig.Events.GetAsync(first.Id)).Reason.ShouldBe("the next event on its channel starts");
        await Poll.UntilAsync(() => encoder.Revoked.IsCancellationRequested);
        await rig.GoAsync(encoder);
        var next = await rig.ComeAsync();
        next.Session.Id.ShouldNotBe(encoder.Session.Id);
        (await rig.StateAsync(second)).ShouldBe(EventState.Live);
    }

    [Fact]
    public async Task Event_with_overrun_continues_until_its_encoder_has_left_for_good()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        var show = await rig.PlanAsync(0, 60, new() { Overrun = "continue" });
        var encoder = await rig.ComeAsync();
        await rig.PassAsync(0);
        await rig.PassAsync(200);
        (await rig.StateAsync(show)).ShouldBe(EventState.Live);
        await rig.GoAsync(encoder);
        (await rig.StateAsync(show)).ShouldBe(EventState.Live, "it may come back");
        await rig.PassAsync(1.1);
        (await rig.StateAsync(show)).ShouldBe(EventState.Ended);
    }

    [Fact]
    public async Task Cancelling_a_preview_disconnects_its_encoder()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        var show = await rig.PlanAsync(10, 60);
        await rig.PassAsync(0);
        var encoder = await rig.ComeAsync();
        await rig.PassAsync(1);

        await rig.Events.CancelAsync(show.Id, "Ann");
        await rig.Keeper.RunOnceAsync(default);

        await Poll.UntilAsync(() => encoder.Revoked.IsCancellationRequested);
        await rig.GoAsync(encoder);
        await rig.PassAsync(10);
        var later = await rig.ComeAsync();
        await rig.Keeper.RunOnceAsync(default);
        later.Revoked.IsCancellationRequested.ShouldBeFalse("a session that began after the event is nobody's");
    }
}
