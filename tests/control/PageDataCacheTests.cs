using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Pages;
using Broadcast.Control.Recordings;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Broadcast.Testing;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Content of viewer pages about channels and events.</summary>
public sealed class PageDataCacheTests(PostgresFixture postgres)
{
    private static readonly ChannelName Demo = ChannelName.Parse("demo");

    [Fact]
    public async Task Replay_of_a_channel_is_its_newest_ended_public_broadcast()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres, new("Evening"));
        var rig = bench.Rig;
        using var pages = NewRegister(rig.Database, rig.Clock);
        pages.TitleOf(Demo).ShouldBeNull("nothing is known yet");
        var first = await bench.SessionAsync(TimeSpan.FromMinutes(10));
        rig.Clock.Advance(TimeSpan.FromMinutes(1));
        var began = rig.Clock.GetUtcNow();
        var second = await bench.SessionAsync(TimeSpan.FromMinutes(5));
        rig.Clock.Advance(TimeSpan.FromMinutes(1));
        await bench.Recordings.ClipAsync(second.Value, new(RecordingPosition.Start));
        await bench.BeginAsync();

        await LearnAsync(pages, rig.Database);
        (pages.TitleOf(Demo), pages.TitleOf(ChannelName.Parse("other"))).ShouldBe(("Evening", null));
        pages.Newest(Demo).ShouldBe(new ChannelRecording(RecordingId.Of(second), "Evening", began, TimeSpan.FromMinutes(5)));
        pages.Newest(ChannelName.Parse("other")).ShouldBeNull();

        await bench.Recordings.SetAsync(second.Value, new(Visibility: "unlisted"));
        await LearnAsync(pages, rig.Database, $"recordings:{second}");
        pages.Newest(Demo)!.Id.ShouldBe(RecordingId.Of(first), "an unlisted recording is hidden");
        await bench.Recordings.DeleteAsync(first.Value);
        await LearnAsync(pages, rig.Database, $"recordings:{first}");
        pages.Newest(Demo).ShouldBeNull();
    }

    [Fact]
    public async Task Event_page_has_data_before_during_and_after_the_event_and_its_own_replay()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        using var pages = NewRegister(rig.Database, rig.Clock);
        var show = await rig.PlanAsync(60, 90, new() { Title = "Gala", Description = "All night.", Poster = "/poster.png" });
        await LearnAsync(pages, rig.Database);
        var planned = (await pages.FindEventAsync(show.Id, default))!;
        (planned.Title, planned.Description, planned.Poster, planned.Channel, planned.State, planned.StartsAt, planned.Replay).ShouldBe(
            ("Gala", "All night.", "/poster.png", Demo, EventState.Scheduled, show.StartsAt, null));

        await rig.Events.SetAsync(show.Id, new() { Start = EventTime.At(show.StartsAt.AddMinutes(10)) });
        await LearnAsync(pages, rig.Database, $"events:{show.Id}");
        (await pages.FindEventAsync(show.Id, default))!.StartsAt.ShouldBe(show.StartsAt.AddMinutes(10), "it was moved");

        await rig.PassAsync(60);
        var grant = await rig.ComeAsync();
        await rig.PassAsync(11);
        await LearnAsync(pages, rig.Database, $"events:{show.Id}");
        (await pages.FindEventAsync(show.Id, default))!.State.ShouldBe(EventState.Live);

        await rig.PassAsync(5);
        await rig.Events.EndAsync(show.Id);
        await rig.Keeper.RunOnceAsync(default);
        await rig.GoAsync(grant);
        await rig.Ledger.FlushAsync(default);
        await LearnAsync(pages, rig.Database, $"events:{show.Id}", $"sessions:{grant.Session.Id}");
        var over = (await pages.FindEventAsync(show.Id, default))!;
        over.State.ShouldBe(EventState.Ended);
        over.Replay!.Id.ShouldBe(RecordingId.Of(grant.Session.Id));
        over.Replay.Title.ShouldBe("Gala");
    }

    [Fact]
    public async Task Page_of_a_restricted_event_is_public_once_its_recording_is_public()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        using var pages = NewRegister(rig.Database, rig.Clock);
        var show = await rig.PlanAsync(20, 60, new() { Access = "token" });
        await rig.PassAsync(10);
        var grant = await rig.ComeAsync();
        await rig.PassAsync(11);
        await rig.PassAsync(5);
        await rig.Events.EndAsync(show.Id);
        await rig.Keeper.RunOnceAsync(default);
        await rig.GoAsync(grant);
        await rig.Ledger.FlushAsync(default);
        await LearnAsync(pages, rig.Database);
        (await pages.FindEventAsync(show.Id, default))!.Access.ShouldBe(ViewerAccess.Token);
        pages.Newest(Demo).ShouldBeNull("the channel's viewers may not see it");

        var recordings = new RecordingRepository(rig.Database, rig.Clock);
        await recordings.SetAsync(grant.Session.Id.Value, new() { Access = "public" });
        await LearnAsync(pages, rig.Database, $"sessions:{grant.Session.Id}");
        var free = (await pages.FindEventAsync(show.Id, default))!;
        (free.Access, free.Replay?.Id).ShouldBe((ViewerAccess.Public, RecordingId.Of(grant.Session.Id)));
        pages.Newest(Demo)!.Id.ShouldBe(RecordingId.Of(grant.Session.Id));

        await recordings.SetAsync(grant.Session.Id.Value, new() { Access = "token" });
        await LearnAsync(pages, rig.Database, $"sessions:{grant.Session.Id}");
        (await pages.FindEventAsync(show.Id, default))!.Access.ShouldBe(ViewerAccess.Token);
        pages.Newest(Demo).ShouldBeNull();
    }

    [Fact]
    public async Task Page_of_a_public_event_gets_the_access_policy_of_its_restricted_recording()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        using var pages = NewRegister(rig.Database, rig.Clock);
        var show = await rig.PlanAsync(0, 60);
        var grant = await rig.ComeAsync();
        await rig.PassAsync(1);
        await rig.PassAsync(5);
        await rig.Events.EndAsync(show.Id);
        await rig.Keeper.RunOnceAsync(default);
        await rig.GoAsync(grant);
        await rig.Ledger.FlushAsync(default);
        await LearnAsync(pages, rig.Database);
        var open = (await pages.FindEventAsync(show.Id, default))!;
        (open.Access, open.Replay?.Id).ShouldBe((null, RecordingId.Of(grant.Session.Id)), "as the channel");

        await new RecordingRepository(rig.Database, rig.Clock).SetAsync(grant.Session.Id.Value, new() { Access = "token" });
        await LearnAsync(pages, rig.Database, $"sessions:{grant.Session.Id}");

        var closed = (await pages.FindEventAsync(show.Id, default))!;
        (closed.Access, closed.Replay?.Id).ShouldBe((ViewerAccess.Token, RecordingId.Of(grant.Session.Id)));
        pages.Newest(Demo).ShouldBeNull("the channel's viewers may not see it");
    }

    [Fact]
    public async Task Change_of_channel_access_updates_the_replays_of_its_events()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        using var pages = NewRegister(rig.Database, rig.Clock);
        await rig.Channels.SetAsync("demo", new() { Access = "token" });
        var show = await rig.PlanAsync(20, 60, new() { Access = "public" });
        var grant = await rig.ComeAsync();
        await rig.PassAsync(20);
        await rig.PassAsync(5);
        await rig.Events.EndAsync(show.Id);
        await rig.Keeper.RunOnceAsync(default);
        await rig.GoAsync(grant);
        await rig.Ledger.FlushAsync(default);
        await LearnAsync(pages, rig.Database);
        (await pages.FindEventAsync(show.Id, default))!.Replay.ShouldBeNull("it was on air before, for who has a token");

        await rig.Channels.SetAsync("demo", new() { Access = "public" });
        await LearnAsync(pages, rig.Database, "channels:1");

        (await pages.FindEventAsync(show.Id, default))!.Replay!.Id.ShouldBe(RecordingId.Of(grant.Session.Id));
    }

    [Fact]
    public async Task Unannounced_event_has_no_page_until_it_is_live_and_a_series_has_none()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        using var pages = NewRegister(rig.Database, rig.Clock);
        var rehearsal = await rig.PlanAsync(60, 90, new() { Announced = "off" });
        var weekly = await rig.PlanAsync(200, 230, new() { Recurrence = "FREQ=WEEKLY;COUNT=2" });
        var called = await rig.PlanAsync(300, 330);
        await rig.Events.CancelAsync(called.Id);
        await LearnAsync(pages, rig.Database);

        (await pages.FindEventAsync(rehearsal.Id, default)).ShouldBeNull();
        (await pages.FindEventAsync(weekly.Id, default)).ShouldBeNull();
        foreach (var occurrence in await rig.Events.ListAsync(new(Series: weekly.Id)))
        {
            (await pages.FindEventAsync(occurrence.Id, default))!.StartsAt.ShouldBe(occurrence.StartsAt);
        }

        (await pages.FindEventAsync(called.Id, default))!.State.ShouldBe(EventState.Cancelled);
        (await pages.FindEventAsync("01JN8E0000000000000000000A", default)).ShouldBeNull();
        (await pages.FindEventAsync("no id", default)).ShouldBeNull();

        await rig.Events.GoLiveAsync(rehearsal.Id);
        await LearnAsync(pages, rig.Database, $"events:{rehearsal.Id}");
        (await pages.FindEventAsync(rehearsal.Id, default))!.State.ShouldBe(EventState.Live);
    }

    [Fact]
    public async Task Unknown_event_is_looked_up_and_events_of_a_deleted_channel_are_removed()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        using var pages = NewRegister(rig.Database, rig.Clock);
        await LearnAsync(pages, rig.Database);
        var show = await rig.PlanAsync(60, 90);

        (await pages.FindEventAsync(show.Id, default))!.Title.ShouldBe("Show");

        await rig.Channels.DeleteAsync("demo");
        await LearnAsync(pages, rig.Database, "channels:1");
        (await pages.FindEventAsync(show.Id, default)).ShouldBeNull();
    }

    [Fact]
    public async Task End_of_a_session_is_notified()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var heard = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await using var connection = await bench.Rig.Database.Source.OpenConnectionAsync();
        connection.Notification += (_, notice) => heard.Enqueue(notice.Payload);
        await using (var listen = connection.CreateCommand())
        {
            listen.CommandText = "LISTEN broadcast_control";
            await listen.ExecuteNonQueryAsync();
        }

        var session = await bench.SessionAsync(TimeSpan.FromMinutes(1));

        while (await connection.WaitAsync(TimeSpan.FromSeconds(10)) && !heard.Contains($"sessions:{session}"))
        {
        }

        heard.ShouldContain($"sessions:{session}");
    }

    [Fact]
    public async Task Running_server_applies_changes_to_page_data()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var facts = server.Get<IPageData>();
        var channels = server.Get<ChannelRepository>();
        await channels.CreateAsync("demo", new(Title: "Demo"));
        await Poll.UntilAsync(() => facts.TitleOf(Demo) == "Demo", description: "the channel is known");
        var now = TimeProvider.System.GetUtcNow();
        var show = await server.Get<EventRepository>()
            .CreateAsync(new() { Title = "Gala", Channel = "demo", Start = EventTime.At(now.AddHours(2)),
                End = EventTime.At(now.AddHours(3)) });
        (await facts.FindEventAsync(show.Id, default))!.Title.ShouldBe("Gala");

        await server.Get<EventRepository>().SetAsync(show.Id, new() { Title = "The gala" });
        await Poll.UntilAsync(async () => (await facts.FindEventAsync(show.Id, default))!.Title == "The gala",
            description: "the change is known");
        await channels.SetAsync("demo", new(Title: ""));
        await Poll.UntilAsync(() => facts.TitleOf(Demo) == "demo", description: "a channel without a title is called by its name");
        server.Get<IChannelRecordings>().ShouldBeSameAs(facts);
    }

    [Fact]
    public void Single_event_calendar_contains_the_URL_of_its_page()
    {
        var at = new DateTimeOffset(2030, 6, 1, 18, 0, 0, TimeSpan.Zero);
        var page = new PublicEvent("01JN8E0000000000000000000A", Demo, "Gala; with, all", EventState.Scheduled, at, at.AddHours(1),
            "Europe/Berlin") { Revision = 3 };

        var text = page.ToCalendar("https://live.example.org/event/01JN8E0000000000000000000A", at);

        text.ShouldContain("SUMMARY:Gala\\; with\\, all\r\n");
        text.ShouldContain("UID:01JN8E0000000000000000000A@broadcast\r\n");
        text.ShouldContain("DTSTART;TZID=Europe/Berlin:20300601T200000\r\n");
        text.ShouldContain("SEQUENCE:3\r\n");
        text.Replace("\r\n ", "", StringComparison.Ordinal)
            .ShouldContain("URL:https://live.example.org/event/01JN8E0000000000000000000A\r\n");
    }

    private static PageDataCache NewRegister(ServerDatabase database, TimeProvider clock) =>
        new(database, Options.Create(new ControlOptions()), clock);

    private static async Task LearnAsync(PageDataCache pages, ServerDatabase database, params string[] notices)
    {
        await using var connection = await database.Source.OpenConnectionAsync();
        await (notices.Length == 0 ? pages.LoadAsync(connection, default)
            : pages.HandleAsync(connection, [.. notices.Select(DatabaseNotification.Parse)], default));
    }
}
