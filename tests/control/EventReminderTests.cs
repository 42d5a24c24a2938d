using System.Text.Json;
using Broadcast.Control.Events;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Dapper;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Webhook deliveries about upcoming events.</summary>
public sealed class EventReminderTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Each_reminder_is_sent_once_even_with_several_event_services()
    {
        await using var rig = await OpenAsync(WebhookEventTypes.EventReminder);
        var show = await rig.PlanAsync(120, 180, new() { Reminders = [10, 60, 60] });
        show.Reminders.ShouldBe([60, 10]);
        using var second = rig.NewKeeper();
        rig.Clock.Advance(TimeSpan.FromSeconds(3594));
        (await rig.Keeper.RunOnceAsync(default)).ShouldBe(show.StartsAt.AddMinutes(-60), "it wakes for it");
        (await NotifiedAsync(rig)).ShouldBeEmpty();

        rig.Clock.Advance(TimeSpan.FromSeconds(6));
        await Task.WhenAll(rig.Keeper.RunOnceAsync(default), second.RunOnceAsync(default));
        await rig.Keeper.RunOnceAsync(default);
        (await NotifiedAsync(rig)).ShouldBe([60]);
        await rig.PassAsync(50);
        await second.RunOnceAsync(default);
        await rig.PassAsync(10);
        (await NotifiedAsync(rig)).ShouldBe([60, 10]);

        var told = JsonDocument.Parse((await BodiesAsync(rig))[^1]).RootElement;
        (told.GetProperty("type").GetString(), told.GetProperty("channel").GetString()).ShouldBe(("event.reminder", "demo"));
        var data = told.GetProperty("data");
        (data.GetProperty("event").GetString(), data.GetProperty("title").GetString(),
            data.GetProperty("state").GetString()).ShouldBe((show.Id, "Show", "preview"));
        data.GetProperty("startsAt").GetDateTimeOffset().ShouldBe(show.StartsAt);
    }

    [Fact]
    public async Task Only_the_last_of_several_missed_reminders_is_sent_and_none_after_the_start()
    {
        await using var rig = await OpenAsync(WebhookEventTypes.EventReminder);
        await rig.PlanAsync(120, 180, new() { Reminders = [60, 30, 10] });
        await rig.PassAsync(100);
        (await NotifiedAsync(rig)).ShouldBe([30]);
        await rig.PassAsync(20);
        (await NotifiedAsync(rig)).ShouldBe([30], "it begins");
    }

    [Fact]
    public async Task Moved_event_gets_new_reminders_and_a_cancelled_event_gets_none()
    {
        await using var rig = await OpenAsync(WebhookEventTypes.EventReminder);
        var show = await rig.PlanAsync(60, 120, new() { Reminders = [30] });
        await rig.PassAsync(30);
        await rig.Events.SetAsync(show.Id, new() { Start = EventTime.At(show.StartsAt.AddHours(2)) });
        await rig.PassAsync(30);
        (await NotifiedAsync(rig)).ShouldBe([30]);
        await rig.PassAsync(90);
        (await NotifiedAsync(rig)).ShouldBe([30, 30]);

        var off = await rig.PlanAsync(600, 660, new() { Reminders = [5] });
        await rig.Events.CancelAsync(off.Id);
        await rig.PassAsync(596);
        (await NotifiedAsync(rig)).ShouldBe([30, 30]);
    }

    [Fact]
    public async Task Occurrences_use_the_reminders_of_their_series()
    {
        await using var rig = await OpenAsync(WebhookEventTypes.EventReminder);
        var series = await rig.PlanAsync(120, 180, new() { Recurrence = "FREQ=DAILY;COUNT=2", Reminders = [15] });
        (await rig.Events.ListAsync(new(Series: series.Id))).Select(o => string.Join(',', o.Reminders)).ShouldBe(["15", "15"]);
        await rig.Events.SetAsync(series.Id, new() { Reminders = [] });
        (await rig.Events.ListAsync(new(Series: series.Id))).ShouldAllBe(o => o.Reminders.Count == 0);
        await rig.Events.SetAsync(series.Id, new() { Reminders = [20] });
        await rig.PassAsync(105);
        (await NotifiedAsync(rig)).ShouldBe([20]);
    }

    [Fact]
    public async Task Moved_series_repeats_a_sent_reminder_only_if_it_becomes_due_again()
    {
        await using var rig = await OpenAsync(WebhookEventTypes.EventReminder);
        var series = await rig.PlanAsync(120, 180, new() { Recurrence = "FREQ=DAILY;COUNT=2", Reminders = [60, 10] });
        await rig.PassAsync(70);
        (await NotifiedAsync(rig)).ShouldBe([60]);

        await rig.Events.SetAsync(series.Id, new() { Recurrence = "FREQ=DAILY;COUNT=3" });
        await rig.Events.SetAsync(series.Id, new() { Start = EventTime.At(series.StartsAt.AddMinutes(-5)) });
        await rig.Keeper.RunOnceAsync(default);
        (await NotifiedAsync(rig)).ShouldBe([60], "who has heard of it has heard of it");

        await rig.Events.SetAsync(series.Id, new() { Start = EventTime.At(series.StartsAt.AddMinutes(30)) });
        await rig.PassAsync(19);
        (await NotifiedAsync(rig)).ShouldBe([60]);
        await rig.PassAsync(1);
        (await NotifiedAsync(rig)).ShouldBe([60, 60], "it is an hour away once more");
        await rig.PassAsync(50);
        (await NotifiedAsync(rig)).ShouldBe([60, 60, 10]);
    }

    [Fact]
    public async Task New_events_inherit_reminders_and_announcement_from_their_channel_unless_set()
    {
        await using var rig = await OpenAsync(WebhookEventTypes.EventReminder);
        var old = await rig.PlanAsync(600, 660);
        var channel = await rig.Channels.SetAsync("demo", new() { Reminders = [10, 60, 60], AnnouncesEvents = false });
        (string.Join(',', channel.Reminders), channel.AnnouncesEvents).ShouldBe(("60,10", false));
        (string.Join(',', (await rig.Channels.SetAsync("demo", new(Title: "Demo"))).Reminders),
            (await rig.Events.GetAsync(old.Id)).Reminders.Count).ShouldBe(("60,10", 0), "those that there are stay as they are");

        var plain = await rig.PlanAsync(120, 180);
        (string.Join(',', plain.Reminders), plain.IsAnnounced).ShouldBe(("60,10", false));
        var own = await rig.PlanAsync(240, 300, new() { Reminders = [], Announced = "on" });
        (own.Reminders.Count, own.IsAnnounced).ShouldBe((0, true));
        var series = await rig.PlanAsync(720, 780, new() { Recurrence = "FREQ=DAILY;COUNT=2" });
        (await rig.Events.ListAsync(new(Series: series.Id))).ShouldAllBe(o => o.Reminders.Count == 2 && !o.IsAnnounced);
        await rig.PassAsync(60);
        (await NotifiedAsync(rig)).ShouldBe([60]);

        var refused = await Should.ThrowAsync<OperationException>(() => rig.Channels.SetAsync("demo", new() { Reminders = [0] }));
        refused.Message.ShouldContain("Reminders must be at most 10");
        (await rig.Channels.SetAsync("demo", new() { Reminders = [] })).Reminders.ShouldBeEmpty();
    }

    [Fact]
    public async Task Event_without_an_encoder_is_reported_late_once()
    {
        await using var rig = await OpenAsync(WebhookEventTypes.EventLate);
        var show = await rig.PlanAsync(20, 60);
        await rig.PassAsync(19);
        (await BodiesAsync(rig)).ShouldBeEmpty();
        await rig.PassAsync(1);
        await rig.PassAsync(5);

        var data = JsonDocument.Parse((await BodiesAsync(rig)).ShouldHaveSingleItem()).RootElement.GetProperty("data");
        (data.GetProperty("event").GetString(), data.GetProperty("state").GetString()).ShouldBe((show.Id, "preview"));
    }

    private async Task<EventHarness> OpenAsync(string type)
    {
        var rig = await EventHarness.OpenAsync(postgres);
        await new WebhookRepository(rig.Database, rig.Clock).CreateAsync(new("https://example.org/hook") { Types = [type] });
        return rig;
    }

    private static async Task<IReadOnlyList<int>> NotifiedAsync(EventHarness rig) =>
        [.. (await BodiesAsync(rig)).Select(body => JsonDocument.Parse(body).RootElement.GetProperty("data").GetProperty("minutes")
            .GetInt32())];

    private static async Task<IReadOnlyList<string>> BodiesAsync(EventHarness rig)
    {
        await using var connection = await rig.Database.Source.OpenConnectionAsync();
        return [.. await connection.QueryAsync<string>(
            "SELECT e.body FROM webhook_events e JOIN webhook_deliveries d ON d.event_id = e.id ORDER BY d.id")];
    }
}
