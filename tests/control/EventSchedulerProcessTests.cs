using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.OriginToControl;
using Broadcast.Testing;
using Dapper;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Events across outages, restarts and several processes.</summary>
public sealed class EventSchedulerProcessTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Event_due_during_a_database_outage_goes_live_when_the_database_is_back()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        var show = await rig.PlanAsync(10, 90);
        (await rig.StateAsync(show)).ShouldBe(EventState.Preview);
        var session = (await rig.ComeAsync()).Session.Id;
        await rig.PassAsync(1);

        await rig.Database.DisposeAsync();
        rig.Clock.Advance(TimeSpan.FromMinutes(10));
        ServerDatabase.IsUnavailable(await Should.ThrowAsync<Exception>(() => rig.Keeper.RunOnceAsync(default))).ShouldBeTrue();
        rig.Audience.Find(ChannelName.Parse("demo"), session).ShouldBe(SessionVisibility.Hidden);

        await rig.Database.OpenAsync(default);
        (await rig.StateAsync(show)).ShouldBe(EventState.Live);
        rig.Audience.Find(ChannelName.Parse("demo"), session).ShouldNotBeNull().From.ShouldBe(rig.Clock.GetUtcNow());
    }

    [Fact]
    public async Task Missed_event_transitions_are_applied_later()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        var missed = await rig.PlanAsync(10, 20);
        var started = await rig.PlanAsync(30, 90);
        var encoder = await rig.ComeAsync();

        await rig.PassAsync(45);   // not observed for that long

        (await rig.Events.GetAsync(missed.Id)).Reason.ShouldBe("missed: its planned end passed before it could start");
        (await rig.Events.GetAsync(started.Id)).State.ShouldBe(EventState.Live);
        encoder.Revoked.IsCancellationRequested.ShouldBeFalse();
        await rig.PassAsync(200);
        (await rig.Events.GetAsync(started.Id)).State.ShouldBe(EventState.Ended);
        await Poll.UntilAsync(() => encoder.Revoked.IsCancellationRequested);
    }

    [Fact]
    public async Task Concurrent_processes_apply_each_transition_once()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        var names = Enumerable.Range(0, 20).Select(i => $"c{i}").ToList();
        foreach (var name in names)
        {
            await rig.Channels.CreateAsync(name, new());
            var now = rig.Clock.GetUtcNow();
            await rig.Events.CreateAsync(new() { Title = name, Channel = name, Start = EventTime.At(now.AddMinutes(10)),
                End = EventTime.At(now.AddMinutes(20)) });
        }

        var keepers = Enumerable.Range(0, 4).Select(_ => rig.NewKeeper()).ToList();
        foreach (var minutes in (double[])[0, 10, 10])
        {
            rig.Clock.Advance(TimeSpan.FromMinutes(minutes));
            await Task.WhenAll(keepers.Select(k => Task.Run(() => k.RunOnceAsync(default))));
        }

        await using var connection = await rig.Database.Source.OpenConnectionAsync();
        var steps = (await connection.QueryAsync<string>("SELECT state || count(*) FROM event_history GROUP BY event_id, state")).ToList();
        steps.Count(s => s == "preview1").ShouldBe(20);
        steps.Count(s => s == "ended1").ShouldBe(20);
        steps.Count.ShouldBe(40);
        keepers.ForEach(k => k.Dispose());
    }

    [Fact]
    public async Task Server_changes_event_states_on_time_and_applies_events_created_by_other_processes()
    {
        var options = await postgres.FreshAsync();
        await using var server = await Server.StartAsync(options.ConnectionString);
        var key = (await server.Get<ChannelRepository>().CreateAsync("demo", new())).Key.StreamKey;
        var grant = ((PublishDecision.Granted)await server.AskAsync(key)).Grant;
        await using var command = await postgres.OpenAsync(options);
        var beside = new EventRepository(command, TimeProvider.System);
        var now = TimeProvider.System.GetUtcNow();

        var show = await beside.CreateAsync(new() { Title = "Show", Channel = "demo", Start = EventTime.At(now.AddSeconds(1)),
            End = EventTime.At(now.AddMinutes(5)) });

        await Poll.UntilAsync(async () => (await beside.GetAsync(show.Id)).State == EventState.Live);
        (await beside.GetAsync(show.Id)).WentLiveAt!.Value.ShouldBeGreaterThanOrEqualTo(show.StartsAt);
        await beside.EndAsync(show.Id, "a command");
        await Poll.UntilAsync(() => grant.Revoked.IsCancellationRequested);
        await Poll.UntilAsync(() => server.Lifecycle.Ended.Any(e => e.Session == grant.Session.Id));
    }

    [Fact]
    public async Task First_encoder_after_startup_gets_the_settings_of_the_current_event()
    {
        var options = await postgres.FreshAsync();
        string key;
        await using (var database = await postgres.OpenAsync(options))
        {
            key = (await new ChannelRepository(database, TimeProvider.System).CreateAsync("demo", new())).Key.StreamKey;
            var now = TimeProvider.System.GetUtcNow();
            await new EventRepository(database, TimeProvider.System).CreateAsync(new()
            {
                Title = "Show", Channel = "demo", Start = EventTime.At(now.AddMinutes(5)), End = EventTime.At(now.AddMinutes(60)),
                Latency = "safe",
            });
        }

        await using var server = await Server.StartAsync(options.ConnectionString);

        ((PublishDecision.Granted)await server.AskAsync(key)).Grant.Session.Latency.ShouldBe(LatencyProfile.Safe);
    }
}
