using System.Text.Json;
using Broadcast.Control.Channels;
using Broadcast.Control.Database;
using Broadcast.Control.Events;
using Broadcast.Control.Recordings;
using Broadcast.Control.Webhooks;
using Broadcast.Media;
using Broadcast.Media.Viewers;
using Broadcast.Testing;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class EventKeeperTests(PostgresFixture postgres)
{
    [Fact]
    public async Task An_event_goes_to_preview_and_live_and_ends_by_itself_with_its_encoders_session()
    {
        await using var rig = await EventRig.OpenAsync(postgres);
        var show = await rig.PlanAsync(30, 90, new() { Latency = "low", Ladder = "720p", Record = "off" });

        (await rig.StateAsync(show)).ShouldBe(EventState.Scheduled);
        await rig.PassAsync(15);
        (await rig.StateAsync(show)).ShouldBe(EventState.Preview);
        rig.Gate.Find(1).ShouldNotBeNull().IsLive.ShouldBeFalse();
        var encoder = await rig.ComeAsync();
        (encoder.Session.Latency, encoder.Ladder, encoder.Session.IsRecorded).ShouldBe((LatencyProfile.Low, "720p", false), "the session is the event's");
        (await rig.StateAsync(show)).ShouldBe(EventState.Preview, "early");
        rig.Gate.TitleOf(encoder.Session.Id).ShouldBeNull("nobody is told before it is live");
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
        (await rig.Events.HistoryAsync(show.Id)).Select(s => (s.State, s.At)).ShouldBe([("preview", show.StartsAt.AddMinutes(-15)), ("live", show.StartsAt), ("ended", show.EndsAt.AddMinutes(5))]);
    }

    [Fact]
    public async Task A_session_of_the_preview_is_hidden_and_shown_from_when_the_event_is_live_and_webhooks_hear_of_each_step()
    {
        await using var rig = await EventRig.OpenAsync(postgres);
        var hooks = new WebhookRepository(rig.Database, rig.Clock);
        await hooks.CreateAsync(new("https://example.org/hook") { Types = [WebhookEventTypes.EventPreview, WebhookEventTypes.EventLive, WebhookEventTypes.EventEnded] });
        var show = await rig.PlanAsync(30, 90);
        await rig.PassAsync(20);
        var encoder = await rig.ComeAsync();
        (encoder.Session.BeginsHidden, rig.Audience.Find(encoder.Session.Channel, encoder.Session.Id)).ShouldBe((true, SessionVisibility.Hidden));

        await rig.PassAsync(10);
        (await rig.StateAsync(show)).ShouldBe(EventState.Live);
        rig.Audience.Find(encoder.Session.Channel, encoder.Session.Id)!.Value.From.ShouldBe(show.StartsAt);
        await rig.Events.EndAsync(show.Id);
        await rig.Keeper.RunOnceAsync(default);

        await using var connection = await rig.Database.Source.OpenConnectionAsync();
        var told = (await connection.QueryAsync<string>("SELECT e.body FROM webhook_events e JOIN webhook_deliveries d ON d.event_id = e.id ORDER BY d.id")).Select(body => JsonDocument.Parse(body).RootElement).ToList();
        told.Select(e => (e.GetProperty("type").GetString(), e.GetProperty("data").GetProperty("state").GetString())).ShouldBe([("event.preview", "preview"), ("event.live", "live"), ("event.ended", "ended")]);
        told.ShouldAllBe(e => e.GetProperty("data").GetProperty("event").GetString() == show.Id && e.GetProperty("data").GetProperty("title").GetString() == show.Title);
    }

    [Fact]
    public async Task An_encoder_that_comes_again_by_itself_after_its_event_is_refused_until_the_rest_is_over_or_another_event_begins()
    {
        await using var rig = await EventRig.OpenAsync(postgres);
        var show = await rig.PlanAsync(0, 30, new() { Grace = TimeSpan.Zero });
        await rig.Keeper.RunOnceAsync(default);
        var encoder = await rig.ComeAsync();
        await rig.PassAsync(1);
        await rig.PassAsync(29);
        (await rig.StateAsync(show)).ShouldBe(EventState.Ended);
        await Poll.UntilAsync(() => encoder.Revoked.IsCancellationRequested);
        await rig.GoAsync(encoder);

        // Also while it is not known yet that the event has the channel no longer.
        rig.Gate.SetActive([KeyValuePair.Create(1L, new ActiveEvent(show.Id, "Show", IsLive: true, null, null, null))]);
        ((PublishDecision.Rejected)await rig.AskAsync()).Reason.ShouldBe(PublishRejectionReason.EventOver);
        await rig.Keeper.RunOnceAsync(default);

        var refused = (PublishDecision.Rejected)await rig.AskAsync();
        (refused.Reason, refused.Message).ShouldBe((PublishRejectionReason.EventOver, "'Show' on channel demo has ended. Stop the encoder; the channel accepts encoders again from 12:40:00 UTC, or in the preview of its next event."));
        var next = await rig.PlanAsync(20, 40);
        await rig.PassAsync(6);
        (await rig.StateAsync(next)).ShouldBe(EventState.Preview);
        await rig.GoAsync(await rig.ComeAsync());
        await rig.Events.CancelAsync(next.Id);
        await rig.PassAsync(3);
        ((PublishDecision.Rejected)await rig.AskAsync()).Reason.ShouldBe(PublishRejectionReason.EventOver, "the channel rests from the one that was cancelled, too");
        await rig.PassAsync(11);
        (await rig.AskAsync()).ShouldBeOfType<PublishDecision.Granted>();
    }

    [Fact]
    public async Task Viewers_are_told_of_the_next_event_unless_it_is_not_to_be_announced()
    {
        await using var rig = await EventRig.OpenAsync(postgres);
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
    public async Task An_event_to_which_no_encoder_came_leaves_no_rest()
    {
        await using var rig = await EventRig.OpenAsync(postgres);
        var show = await rig.PlanAsync(0, 30);
        await rig.PassAsync(36);
        (await rig.StateAsync(show)).ShouldBe(EventState.Ended);
        (await rig.AskAsync()).ShouldBeOfType<PublishDecision.Granted>();
    }

    [Fact]
    public async Task A_late_encoder_is_live_when_it_comes_and_its_recording_has_the_events_title()
    {
        await using var rig = await EventRig.OpenAsync(postgres);
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
    public async Task The_recording_of_a_broadcast_that_was_on_before_its_event_begins_with_the_event_and_can_have_back_what_was_before()
    {
        await using var rig = await EventRig.OpenAsync(postgres);
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
    public async Task An_encoder_that_never_comes_ends_the_event_at_its_limit_and_leaves_the_channel_free()
    {
        await using var rig = await EventRig.OpenAsync(postgres);
        var show = await rig.PlanAsync(0, 60, new() { NoShow = TimeSpan.FromMinutes(10) });
        await rig.PassAsync(9.9);
        (await rig.StateAsync(show)).ShouldBe(EventState.Preview);
        await rig.PassAsync(0.2);

        var over = await rig.Events.GetAsync(show.Id);
        (over.State, over.Reason).ShouldBe((EventState.Ended, "no encoder connected within 600 s of its start"));
        (await rig.PlanAsync(5, 10)).State.ShouldBe(EventState.Scheduled);
    }

    [Fact]
    public async Task One_that_waits_for_the_button_goes_live_by_it_and_ends_by_it()
    {
        await using var rig = await EventRig.OpenAsync(postgres);
        var show = await rig.PlanAsync(0, 60, new() { StartMode = "manual" });
        var encoder = await rig.ComeAsync();
        await rig.PassAsync(5);
        (await rig.StateAsync(show)).ShouldBe(EventState.Preview);

        (await rig.Events.GoLiveAsync(show.Id, "Ann")).Reason.ShouldBe("made live by Ann");
        (await rig.StateAsync(show)).ShouldBe(EventState.Live);
        (await Should.ThrowAsync<ControlException>(() => rig.Events.GoLiveAsync(show.Id, "Ann"))).Code.ShouldBe(ControlErrorCode.Conflict);
        (await Should.ThrowAsync<ControlException>(() => rig.Events.CancelAsync(show.Id, "Ann"))).Code.ShouldBe(ControlErrorCode.Conflict);
        (await Should.ThrowAsync<ControlException>(() => rig.Events.DeleteAsync(show.Id))).Code.ShouldBe(ControlErrorCode.Conflict);
        await rig.Events.EndAsync(show.Id, "Ann");
        await rig.Keeper.RunOnceAsync(default);

        await Poll.UntilAsync(() => encoder.Revoked.IsCancellationRequested);
        (await rig.Events.GetAsync(show.Id)).Reason.ShouldBe("ended by Ann");
    }

    [Fact]
    public async Task One_let_live_early_has_the_channel_from_then_on()
    {
        await using var rig = await EventRig.OpenAsync(postgres);
        var between = await rig.PlanAsync(60, 90, new() { Title = "Between" });
        var show = await rig.PlanAsync(120, 180);

        (await Should.ThrowAsync<ControlException>(() => rig.Events.GoLiveAsync(show.Id, "Ann"))).Message.ShouldContain("'Between'");
        await rig.Events.CancelAsync(between.Id, "Ann");
        await rig.Events.GoLiveAsync(show.Id, "Ann");

        (await Should.ThrowAsync<ControlException>(() => rig.PlanAsync(60, 90))).Message.ShouldContain("'Show'");
    }

    [Fact]
    public async Task Events_right_behind_one_another_follow_at_the_instant_and_grace_gives_way()
    {
        await using var rig = await EventRig.OpenAsync(postgres);
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
    public async Task One_that_may_go_on_does_so_until_its_encoder_is_gone_for_good()
    {
        await using var rig = await EventRig.OpenAsync(postgres);
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
    public async Task What_was_missed_is_made_up_for()
    {
        await using var rig = await EventRig.OpenAsync(postgres);
        var missed = await rig.PlanAsync(10, 20);
        var started = await rig.PlanAsync(30, 90);
        var encoder = await rig.ComeAsync();

        await rig.PassAsync(45);   // nobody looked for that long

        (await rig.Events.GetAsync(missed.Id)).Reason.ShouldBe("missed: its planned end passed before it could start");
        (await rig.Events.GetAsync(started.Id)).State.ShouldBe(EventState.Live);
        encoder.Revoked.IsCancellationRequested.ShouldBeFalse();
        await rig.PassAsync(200);
        (await rig.Events.GetAsync(started.Id)).State.ShouldBe(EventState.Ended);
        await Poll.UntilAsync(() => encoder.Revoked.IsCancellationRequested);
    }

    [Fact]
    public async Task Of_processes_that_look_at_once_each_step_is_gone_once()
    {
        await using var rig = await EventRig.OpenAsync(postgres);
        var names = Enumerable.Range(0, 20).Select(i => $"c{i}").ToList();
        foreach (var name in names)
        {
            await rig.Channels.CreateAsync(name, new());
            var now = rig.Clock.GetUtcNow();
            await rig.Events.CreateAsync(new() { Title = name, Channel = name, Start = EventTime.At(now.AddMinutes(10)), End = EventTime.At(now.AddMinutes(20)) });
        }

        var keepers = Enumerable.Range(0, 4).Select(_ => rig.NewKeeper()).ToList();
        foreach (var minutes in (double[])[0, 10, 10])
        {
            rig.Clock.Advance(TimeSpan.FromMinutes(minutes));
            await Task.WhenAll(keepers.Select(k => Task.Run(() => k.RunOnceAsync(default))));
        }

        await using var connection = await rig.Database.Source.OpenConnectionAsync();
        var steps = (await connection.QueryAsync<string>("SELECT state || count(*) FROM event_steps GROUP BY event_id, state")).ToList();
        steps.Count(s => s == "preview1").ShouldBe(20);
        steps.Count(s => s == "ended1").ShouldBe(20);
        steps.Count.ShouldBe(40);
        keepers.ForEach(k => k.Dispose());
    }

    [Fact]
    public async Task A_cancelled_preview_sends_its_encoder_away()
    {
        await using var rig = await EventRig.OpenAsync(postgres);
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

    [Fact]
    public async Task A_server_moves_events_at_their_times_and_hears_of_those_that_a_command_makes()
    {
        var options = await postgres.FreshAsync();
        await using var server = await Server.StartAsync(options.ConnectionString);
        var key = (await server.Get<ChannelRepository>().CreateAsync("demo", new())).Key.StreamKey;
        var grant = ((PublishDecision.Granted)await server.AskAsync(key)).Grant;
        await using var command = await postgres.OpenAsync(options);
        var beside = new EventRepository(command, TimeProvider.System);
        var now = TimeProvider.System.GetUtcNow();

        var show = await beside.CreateAsync(new() { Title = "Show", Channel = "demo", Start = EventTime.At(now.AddSeconds(1)), End = EventTime.At(now.AddMinutes(5)) });

        await Poll.UntilAsync(async () => (await beside.GetAsync(show.Id)).State == EventState.Live);
        (await beside.GetAsync(show.Id)).WentLiveAt!.Value.ShouldBeGreaterThanOrEqualTo(show.StartsAt);
        await beside.EndAsync(show.Id, "a command");
        await Poll.UntilAsync(() => grant.Revoked.IsCancellationRequested);
        await Poll.UntilAsync(() => server.Lifecycle.Ended.Any(e => e.Session == grant.Session.Id));
    }

    [Fact]
    public async Task The_first_encoder_after_a_start_meets_the_event_whose_time_it_is()
    {
        var options = await postgres.FreshAsync();
        string key;
        await using (var database = await postgres.OpenAsync(options))
        {
            key = (await new ChannelRepository(database, TimeProvider.System).CreateAsync("demo", new())).Key.StreamKey;
            var now = TimeProvider.System.GetUtcNow();
            await new EventRepository(database, TimeProvider.System).CreateAsync(new()
            {
                Title = "Show", Channel = "demo", Start = EventTime.At(now.AddMinutes(5)), End = EventTime.At(now.AddMinutes(60)), Latency = "safe",
            });
        }

        await using var server = await Server.StartAsync(options.ConnectionString);

        ((PublishDecision.Granted)await server.AskAsync(key)).Grant.Session.Latency.ShouldBe(LatencyProfile.Safe);
    }
}
