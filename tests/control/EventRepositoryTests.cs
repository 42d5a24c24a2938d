using Broadcast.Control.Events;
using Broadcast.Database;
using Npgsql;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class EventRepositoryTests(PostgresFixture postgres)
{
    private static readonly EventSettings Show = new() { Title = "Show", Channel = "demo", Start = At("2030-01-02T20:00"),
        End = At("2030-01-02T21:00"), TimeZone = "Europe/Berlin" };

    private static readonly EventSettings Weekly = Show with { Title = "Weekly", Recurrence = "FREQ=WEEKLY;BYDAY=WE" };

    [Fact]
    public async Task Event_is_stored_as_planned_with_defaults_for_omitted_members()
    {
        await using var rig = await OpenAsync();

        var made = await rig.Events.CreateAsync(Show with { Description = "Two\nlines", Poster = "https://example.org/a.png",
            Ladder = "720p", Latency = "low", Record = "off", Overrun = "continue" });

        (await rig.Events.GetAsync(made.Id)).ShouldBeEquivalentTo(made);
        (made.Kind, made.State, made.Title, made.Description,
            made.TimeZone).ShouldBe((EventKind.Single, EventState.Scheduled, "Show", "Two\nlines", "Europe/Berlin"));
        (made.StartsAt, made.EndsAt).ShouldBe((Utc("2030-01-02T19:00:00Z"), Utc("2030-01-02T20:00:00Z")));
        (made.Ladder, made.Latency, made.Record).ShouldBe(("720p", "low", false));
        made.Policy.ShouldBe(new(IsManual: false, TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(5), Continues: true, NoShow: null));
        var changed = await rig.Events.SetAsync(made.Id,
            new() { Start = At("2030-01-03T20:00"), Latency = "channel", NoShow = TimeSpan.FromMinutes(1) });
        (changed.StartsAt, changed.EndsAt, changed.Latency, changed.Ladder,
            changed.Revision).ShouldBe((Utc("2030-01-03T19:00:00Z"), Utc("2030-01-03T20:00:00Z"), null, "720p", 1));
        changed.Policy.NoShow.ShouldBe(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Chat_setting_is_that_of_the_channel_unless_given_and_occurrences_take_it_from_their_series()
    {
        await using var rig = await OpenAsync();
        (await rig.Events.CreateAsync(Show)).Chat.ShouldBeNull();
        var series = await rig.Events.CreateAsync(Weekly with { Start = At("2030-01-02T10:00"), End = At("2030-01-02T11:00"),
            Chat = "members" });
        series.Chat.ShouldBe("members");
        (await ChatsAsync()).ShouldBe(["members"]);
        (await rig.Events.SetAsync(series.Id, new() { Chat = "off" })).Chat.ShouldBe("off");
        (await ChatsAsync()).ShouldBe(["off"]);
        (await rig.Events.SetAsync(series.Id, new() { Chat = "channel" })).Chat.ShouldBeNull();
        (await ChatsAsync()).ShouldBe([null]);
        (await Should.ThrowAsync<OperationException>(rig.Events.SetAsync(series.Id, new() { Chat = "quiet" }))).ValidationErrors
            .ShouldHaveSingleItem().Member.ShouldBe("chat");

        async Task<IEnumerable<string?>> ChatsAsync() => (await rig.Events.ListAsync(new(null, null, null, null, series.Id, null, 50)))
            .Select(occurrence => occurrence.Chat).Distinct();
    }

    [Fact]
    public async Task Conflict_is_described_on_the_connection_of_the_rejected_write()
    {
        await using var rig = await OpenAsync();
        var first = await rig.Events.CreateAsync(Show);
        var later = await rig.Events.CreateAsync(
            Show with { Title = "Later", Start = At("2030-01-02T21:00"), End = At("2030-01-02T22:00") });
        var settings = new NpgsqlConnectionStringBuilder(rig.Database.Settings.ConnectionString) { MaxPoolSize = 1, Timeout = 1 };
        await using var database = await postgres.OpenAsync(new() { ConnectionString = settings.ConnectionString });
        var events = new EventRepository(database, rig.Clock);

        foreach (var attempt in (Func<Task>[])[
            () => events.CreateAsync(Show with { Title = "Second" }),
            () => events.SetAsync(later.Id, new() { Start = At("2030-01-02T20:30") })])
        {
            var refusal = await Should.ThrowAsync<OperationException>(attempt);
            (refusal.Code, refusal.Message.Contains(first.Id)).ShouldBe((OperationErrorCode.Conflict, true));
        }
    }

    [Fact]
    public async Task Every_invalid_member_is_listed()
    {
        await using var rig = await OpenAsync();
        await ErrorsAsync(rig, new(), "title", "channel", "start", "end");
        await ErrorsAsync(
            rig, Show with { Title = " ", Description = new('x', 5001), Poster = "http://x", TimeZone = "Mars", Recurrence =
                "FREQ=SOMETIMES", Ladder = "8k", Latency = "none", Record = "yes", Announced = "loud", StartMode = "x", Overrun = "x" },
            "ladder", "latency", "title", "description", "poster", "timeZone", "recurrence", "record", "announced", "startMode", "overrun");
        await ErrorsAsync(rig, Show with { Preview = TimeSpan.FromHours(25), Grace = TimeSpan.FromSeconds(-1),
            NoShow = TimeSpan.FromSeconds(0.5) }, "previewSeconds", "graceSeconds", "noShowSeconds");
        await ErrorsAsync(rig, Show with { Reminders = [60, 0] }, "reminderMinutes");
        await ErrorsAsync(rig, Show with { Reminders = [10_081] }, "reminderMinutes");
        await ErrorsAsync(rig, Show with { Reminders = [.. Enumerable.Range(1, 11)] }, "reminderMinutes");
        await ErrorsAsync(rig, Show with { End = At("2030-01-02T19:00") }, "end");
        await ErrorsAsync(rig, Show with { Start = At("2029-12-31T20:00"), End = At("2029-12-31T21:00") }, "end");
        await ErrorsAsync(rig, Show with { Start = At("2045-01-01T20:00"), End = At("2045-01-01T21:00") }, "start");
        await ErrorsAsync(rig, Weekly with { Recurrence = "FREQ=WEEKLY;BYDAY=FR" }, "start");
        await ErrorsAsync(rig, Weekly with { Recurrence = "FREQ=WEEKLY;UNTIL=20290101", Start = At("2028-01-05T20:00"),
            End = At("2028-01-05T21:00") }, "recurrence");
        await ErrorsAsync(rig, Weekly with { Recurrence = "FREQ=DAILY", End = At("2030-01-03T20:00:01") }, "recurrence");
        (await Should.ThrowAsync<OperationException>(() => rig.Events.CreateAsync(Show with { Channel = "none" }))).Code
            .ShouldBe(OperationErrorCode.NotFound);
        (await Should.ThrowAsync<OperationException>(() => rig.Events.GetAsync("x"))).Code.ShouldBe(OperationErrorCode.NotFound);
        (await rig.Events.ListAsync(new())).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("19:30", "20:30", true)]
    [InlineData("20:59", "21:30", true)]
    [InlineData("20:15", "20:45", true)]
    [InlineData("19:00", "22:00", true)]
    [InlineData("21:00", "22:00", false)]
    [InlineData("19:00", "20:00", false)]
    public async Task Overlapping_events_on_one_channel_conflict_and_the_error_names_the_other_event(string start, string end, bool clashes)
    {
        await using var rig = await OpenAsync();
        var first = await rig.Events.CreateAsync(Show);
        var second = Show with { Title = "Second", Start = At("2030-01-02T" + start), End = At("2030-01-02T" + end) };

        if (clashes)
        {
            var refusal = await Should.ThrowAsync<OperationException>(() => rig.Events.CreateAsync(second));
            (refusal.Code, refusal.Message.Contains("'Show'"),
                refusal.Message.Contains(first.Id)).ShouldBe((OperationErrorCode.Conflict, true, true));
            await rig.Channels.CreateAsync("other", new());
            await rig.Events.CancelAsync((await rig.Events.CreateAsync(second with { Channel = "other" })).Id, "a test");
            await rig.Events.CancelAsync(first.Id, "a test");
        }

        (await rig.Events.CreateAsync(second)).State.ShouldBe(EventState.Scheduled);
    }

    [Fact]
    public async Task One_of_several_concurrent_conflicting_events_is_created()
    {
        await using var rig = await OpenAsync();

        var made = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            try
            {
                await rig.Events.CreateAsync(Show with { Title = $"Show {i}", Start = At($"2030-01-02T20:0{i}") });
                return true;
            }
            catch (OperationException e) when (e.Code == OperationErrorCode.Conflict)
            {
                return false;
            }
        }));

        made.Count(m => m).ShouldBe(1);
    }

    [Fact]
    public async Task Event_cannot_be_moved_to_overlap_another()
    {
        await using var rig = await OpenAsync();
        await rig.Events.CreateAsync(Show);
        var later = await rig.Events.CreateAsync(Show
            with { Title = "Later", Start = At("2030-01-02T22:00"), End = At("2030-01-02T23:00") });

        (await Should.ThrowAsync<OperationException>(() => rig.Events.SetAsync(later.Id, new() { Start = At("2030-01-02T20:30") }))).Message
            .ShouldContain("'Show'");

        (await rig.Events.GetAsync(later.Id)).ShouldBeEquivalentTo(later);
    }

    [Fact]
    public async Task Series_generates_its_occurrences_for_the_next_three_months()
    {
        await using var rig = await OpenAsync();

        var series = await rig.Events.CreateAsync(Weekly);

        (series.Kind, series.Recurrence, series.LocalStart).ShouldBe(
            (EventKind.Series, "FREQ=WEEKLY;BYDAY=WE", new DateTime(2030, 1, 2, 20, 0, 0)));
        var all = await rig.Events.ListAsync(new(Series: series.Id));
        all.Count.ShouldBe(13);
        all.ShouldAllBe(o => o.Kind == EventKind.Occurrence && o.Series == series.Id && o.EndsAt - o.StartsAt == TimeSpan.FromHours(1));
        all[0].StartsAt.ShouldBe(Utc("2030-01-02T19:00:00Z"));
        all[^1].StartsAt.ShouldBe(Utc("2030-03-27T19:00:00Z"), "winter time still");
        rig.Clock.Advance(TimeSpan.FromDays(2));
        await rig.Keeper.RunOnceAsync(default);
        rig.Clock.Advance(TimeSpan.FromDays(7));
        await rig.Keeper.RunOnceAsync(default);
        (await rig.Events.ListAsync(new(Series: series.Id)))[^1].StartsAt.ShouldBe(Utc("2030-04-03T18:00:00Z"), "summer time");
        (await rig.Events.ListAsync(new())).Count.ShouldBe(14, "a series is not an event that is on");
    }

    [Fact]
    public async Task Changed_or_cancelled_occurrences_are_not_overwritten_by_their_series()
    {
        await using var rig = await OpenAsync();
        var series = await rig.Events.CreateAsync(Weekly with { Recurrence = "FREQ=WEEKLY;COUNT=4" });
        var before = await rig.Events.ListAsync(new(Series: series.Id));
        await rig.Events.SetAsync(before[1].Id, new() { Title = "Special" });
        await rig.Events.CancelAsync(before[2].Id, "a test");

        await rig.Events.SetAsync(series.Id, new() { Title = "Renamed" });
        var renamed = await rig.Events.ListAsync(new(Series: series.Id));
        await rig.Events.SetAsync(series.Id, new() { Start = At("2030-01-02T18:00") });
        var moved = await rig.Events.ListAsync(new(Series: series.Id));

        renamed.Select(o => o.Id).ShouldBe(before.Select(o => o.Id), "they stay who they are");
        renamed.Select(o => o.Title).ShouldBe(["Renamed", "Special", "Weekly", "Renamed"]);
        renamed.Select(o => o.IsChanged).ShouldBe([false, true, false, false]);
        moved.Where(o => o.State == EventState.Scheduled && !o.IsChanged).Select(o => o.StartsAt)
            .ShouldBe([Utc("2030-01-02T17:00:00Z"), Utc("2030-01-23T17:00:00Z")]);
        moved.Single(o => o.IsChanged).StartsAt.ShouldBe(before[1].StartsAt);
        moved.Single(o => o.State == EventState.Cancelled).Reason.ShouldBe("cancelled by a test");

        await rig.Events.CancelAsync(series.Id, "a test");
        (await rig.Events.ListAsync(new(Series: series.Id))).ShouldAllBe(o => o.State == EventState.Cancelled);
        (await Should.ThrowAsync<OperationException>(() => rig.Events.SetAsync(series.Id, new() { Title = "x" }))).Code
            .ShouldBe(OperationErrorCode.Conflict);
    }

    [Fact]
    public async Task Conflicting_series_is_rejected_and_a_later_conflicting_occurrence_is_cancelled()
    {
        await using var rig = await OpenAsync();
        var single = await rig.Events.CreateAsync(Show
            with { Title = "Gala", Start = At("2030-02-06T19:30"), End = At("2030-02-06T23:00") });
        (await Should.ThrowAsync<OperationException>(() => rig.Events.CreateAsync(Weekly))).Message.ShouldContain("'Gala'");
        await rig.Events.CancelAsync(single.Id, "a test");
        var series = await rig.Events.CreateAsync(Weekly);
        await rig.Events.CreateAsync(Show with { Title = "Opera", Start = At("2030-04-10T19:30"), End = At("2030-04-10T23:00") });

        rig.Clock.Advance(TimeSpan.FromDays(14));
        await rig.Keeper.RunOnceAsync(default);

        var all = await rig.Events.ListAsync(new(Series: series.Id));
        var cancelled = all.Single(o => o.State == EventState.Cancelled);
        (cancelled.StartsAt, cancelled.Reason).ShouldBe((Utc("2030-04-10T18:00:00Z"), "the channel was taken by Opera"));
    }

    [Fact]
    public async Task Events_are_listed_in_pages_and_can_be_filtered()
    {
        await using var rig = await OpenAsync();
        await rig.Channels.CreateAsync("other", new());
        var series = await rig.Events.CreateAsync(Weekly with { Recurrence = "FREQ=WEEKLY;COUNT=5" });
        var other = await rig.Events.CreateAsync(Show with { Channel = "other", Title = "Other" });

        var found = new List<EventInfo>();
        for (string? after = null; await rig.Events.ListAsync(new(After: after, Limit: 2)) is { Count: > 0 } page; after = page[^1].Id)
        {
            found.AddRange(page);
        }

        found.Count.ShouldBe(6);
        found.Select(e => e.StartsAt).ShouldBeInOrder();
        (await rig.Events.ListAsync(new(Channel: "other"))).ShouldHaveSingleItem().Id.ShouldBe(other.Id);
        (await rig.Events.ListAsync(new(From: Utc("2030-01-09T19:30:00Z"), To: Utc("2030-01-16T19:00:01Z")))).Count.ShouldBe(2);
        (await rig.Events.ListAsync(new(State: "live"))).ShouldBeEmpty();
        await Should.ThrowAsync<OperationException>(() => rig.Events.ListAsync(new(Series: other.Id)));
        (await Should.ThrowAsync<OperationException>(() =>
            rig.Events.ListAsync(new(State: "x", After: "x", Limit: 0)))).ValidationErrors.Count.ShouldBe(3);
        (await Should.ThrowAsync<OperationException>(
            () => rig.Events.DeleteAsync(found[0].Series is null ? found[1].Id : found[0].Id))).Code.ShouldBe(OperationErrorCode.Conflict);
        await rig.Events.DeleteAsync(series.Id);
        (await rig.Events.ListAsync(new())).ShouldHaveSingleItem().Id.ShouldBe(other.Id);
    }

    private static async Task ErrorsAsync(EventHarness rig, EventSettings settings, params string[] members) =>
        (await Should.ThrowAsync<OperationException>(() => rig.Events.CreateAsync(settings))).ValidationErrors.Select(m => m.Member)
        .ShouldBe(members);

    private static EventTime At(string text) => EventTime.TryParse(text, out var time) ? time : throw new FormatException(text);

    private static DateTimeOffset Utc(string text) => At(text).ToInstant(TimeZoneInfo.Utc);

    private Task<EventHarness> OpenAsync() => EventHarness.OpenAsync(postgres);
}
