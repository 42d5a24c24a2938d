using System.Text.Json;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Sessions;
using Broadcast.Control.ViewerCounting;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Broadcast.Testing;
using Dapper;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Viewer counts across any number of processes.</summary>
public sealed class ViewerCountTests(PostgresFixture postgres)
{
    private static readonly ChannelName Demo = ChannelName.Parse("demo");
    private static readonly ChannelName Other = ChannelName.Parse("other");

    [Fact]
    public void Viewer_seen_by_two_processes_is_counted_once()
    {
        ViewerSketch.Total([]).ShouldBe(0);
        ViewerSketch.Total([Seen(Demo, 1, 2, 3)]).ShouldBe(3);
        ViewerSketch.Total([Seen(Demo, 1, 2, 3), Seen(Demo, 4)]).ShouldBe(4);
        ViewerSketch.Total([Seen(Demo, 1, 2, 3), Seen(Demo, 2, 3, 4), Seen(Demo, 3)]).ShouldBe(4);
        ViewerSketch.Total([Seen(Demo), Seen(Demo, 9)]).ShouldBe(1);
    }

    [Theory]
    [InlineData(1_000_000, 0.0)]
    [InlineData(1_000_000, 0.4)]
    [InlineData(1_000_000, 1.0)]
    public void Overlap_of_large_audiences_is_estimated_from_samples(int viewers, double shared)
    {
        var random = new Random(11);
        var ids = Enumerable.Range(0, viewers).Select(_ => (ulong)random.NextInt64() << 1).ToList();
        var cut = (int)(viewers * (1 - shared) / 2);
        var (first, second) = (ids[..^cut], ids[cut..]);   // each lacks viewers that only the other has seen
        var together = ViewerSketch.Total([Sampled(first, 9), Sampled(second, 10)]);
        together.ShouldBeInRange((long)(viewers * 0.93), (long)(viewers * 1.07));

        static ViewerSketch Sampled(List<ulong> ids, int depth) =>
            new(Demo, ids.Count, 0, depth, [.. ids.Where(id => BeaconSampling.Contains(id, depth))]);
    }

    [Fact]
    public async Task Viewer_counts_of_other_processes_are_valid_for_30_seconds()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        await bench.Rig.Channels.CreateAsync("other", new());
        var (one, two) = (new ViewerTable(bench.Rig.Database), new ViewerTable(bench.Rig.Database));
        (await one.ExchangeAsync([Seen(Demo, 1, 2, ulong.MaxValue), Seen(Other, 5), Seen(ChannelName.Parse("nobody"), 5)],
            default)).ShouldBeEmpty();
        var heard = await two.ExchangeAsync([Seen(Demo, 2, 7) with { Level = 3 }], default);
        heard.Count.ShouldBe(2);
        var demo = heard.Single(s => s.Channel == Demo);
        (demo.Viewers, demo.Level, demo.Depth).ShouldBe((3, 0, 0));
        demo.Ids.ShouldBe([1UL, 2UL, ulong.MaxValue]);

        var totals = new ViewerTotals(bench.Rig.Clock, new Counter(Seen(Demo, 2, 7)));
        totals.Update(heard);
        totals.Find(Demo).ShouldBe(new ViewerTotal(4, 0));
        totals.Find(Other).ShouldBe(new ViewerTotal(1, 0));
        bench.Rig.Clock.Advance(ViewerTotals.Validity);
        totals.Find(Demo).ShouldBe(new ViewerTotal(2, 0), "nobody has said anything since, and our own are here");
        totals.Find(Other).ShouldBe(default);

        (await one.ExchangeAsync([Seen(Demo, 1)], default)).ShouldHaveSingleItem().Level.ShouldBe(3);
        (await two.ExchangeAsync([], default)).ShouldHaveSingleItem().Viewers.ShouldBe(1);
        (await one.ExchangeAsync([], default)).ShouldBeEmpty("the other one sees nobody any more");

        await one.ExchangeAsync([Seen(Demo, 1)], default);
        await using (var age = bench.Rig.Database.Source.CreateCommand("UPDATE viewer_counts SET at = at - interval '31 seconds'"))
        {
            await age.ExecuteNonQueryAsync();
        }

        (await two.ExchangeAsync([], default)).ShouldBeEmpty("it has died");
    }

    [Fact]
    public async Task Non_counting_process_reads_the_combined_count_and_the_newest_sessions_peak()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var audiences = new ChannelViewerCounts(bench.Rig.Database);
        (await audiences.ReadAsync()).GetValueOrDefault("demo").ShouldBe(default);

        var grant = await bench.BeginAsync();
        using (var keeper = Keeper(bench, new Counter(Seen(Demo, 1, 2, 3))))
        {
            await keeper.CheckAsync(default);
        }

        await new ViewerTable(bench.Rig.Database).ExchangeAsync([Seen(Demo, 3, 4)], default);
        await bench.Rig.Ledger.FlushAsync(default);
        (await audiences.ReadAsync())["demo"].ShouldBe(new ChannelViewerCount(4, 3), "one of them was seen by both");

        await using (var age = bench.Rig.Database.Source.CreateCommand("UPDATE viewer_counts SET at = at - interval '31 seconds'"))
        {
            await age.ExecuteNonQueryAsync();
        }

        (await audiences.ReadAsync())["demo"].ShouldBe(new ChannelViewerCount(0, 3), "what was said has been over for a second");
        await bench.EndAsync(grant);
    }

    [Fact]
    public async Task Peak_viewers_are_stored_with_the_session_and_count_changes_are_published()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var counter = new Counter(Seen(Demo));
        var keeper = Keeper(bench, counter);
        var grant = await bench.BeginAsync();
        foreach (var watching in (int[])[0, 2, 5, 5, 3])
        {
            counter.Sample = Seen(Demo, [.. Enumerable.Range(1, watching).Select(id => (ulong)id)]);
            await keeper.CheckAsync(default);
            bench.Rig.Clock.Advance(ViewerCountService.PublishInterval);
        }

        (await bench.Rig.HistoryAsync("demo")).ShouldHaveSingleItem().PeakViewers.ShouldBe(5);
        await bench.EndAsync(grant);
        (await bench.Rig.HistoryAsync("demo")).ShouldHaveSingleItem().PeakViewers.ShouldBe(5);
        await keeper.CheckAsync(default);
        counter.Sample = Seen(Demo);
        await keeper.CheckAsync(default);
        await keeper.CheckAsync(default);
        (await NotifiedAsync(bench)).ShouldBe([2L, 5L, 3L, 0L]);
        keeper.Dispose();
    }

    [Fact]
    public async Task Constantly_changing_viewer_count_is_published_every_15_seconds()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var counter = new Counter(Seen(Demo));
        using var keeper = Keeper(bench, counter);
        var grant = await bench.BeginAsync();
        for (var watching = 1; watching <= 8; watching++)
        {
            counter.Sample = Seen(Demo, [.. Enumerable.Range(1, watching).Select(id => (ulong)id)]);
            await keeper.CheckAsync(default);
            bench.Rig.Clock.Advance(ViewerCountService.CheckInterval);
        }

        (await NotifiedAsync(bench)).ShouldBe([1L, 4L, 7L]);
        await bench.EndAsync(grant);
        counter.Sample = Seen(Demo);
        await keeper.CheckAsync(default);
        (await NotifiedAsync(bench)).ShouldBe([1L, 4L, 7L]);
        bench.Rig.Clock.Advance(ViewerCountService.CheckInterval);
        await keeper.CheckAsync(default);
        (await NotifiedAsync(bench)).ShouldBe([1L, 4L, 7L, 0L], "what it was not yet told of is not forgotten");
    }

    [Fact]
    public async Task Peak_recorded_by_a_previous_process_is_kept()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var grant = await bench.BeginAsync();
        await using (var before = bench.Rig.Database.Source.CreateCommand("UPDATE sessions SET peak_viewers = 40"))
        {
            await before.ExecuteNonQueryAsync();
        }

        bench.Rig.Book.RecordViewers(grant.Session.Id, 7);
        await bench.EndAsync(grant);
        (await bench.Rig.HistoryAsync("demo")).ShouldHaveSingleItem().PeakViewers.ShouldBe(40);
    }

    [Fact]
    public async Task Own_viewer_count_continues_during_a_database_outage()
    {
        var clock = new ManualTimeProvider();
        await using var database = new ServerDatabase(new DataFolder("/nonexistent"), new DatabaseOptions(), clock);   // never opened
        var book = new SessionManager(new SessionWriter(database, clock, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance),
            null, clock, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        var (totals, log) = (new ViewerTotals(clock, new Counter(Seen(Demo, 1, 2))), new CapturingLogger());
        using var keeper = new ViewerCountService(new(database), totals, book, database, clock, log.For<ViewerCountService>(),
            new Counter(Seen(Demo, 1, 2)));
        await keeper.CheckAsync(default);
        totals.Find(Demo).Viewers.ShouldBe(2);
        log.Lines.ShouldBeEmpty("the control module logs it");
    }

    [Fact]
    public async Task API_returns_current_and_peak_viewers()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, states: new OnAir(),
            viewers: new Counter(Seen(Demo, 1, 2, 3)));
        var key = (await server.Get<ChannelRepository>().CreateAsync("demo", new())).Key;
        var token = await server.TokenAsync(TokenRole.Viewer);
        await server.AskAsync(key.StreamKey);
        (await server.SendAsync("GET", "/api/v1/channels/demo", token)).Body.GetProperty("live").GetProperty("viewers").GetInt64()
            .ShouldBe(3);
        (await server.SendAsync("GET", "/api/v1/channels", token)).Body[0].GetProperty("live").GetProperty("viewers").GetInt64()
            .ShouldBe(3);
        await Poll.UntilAsync(async () => (await server.SendAsync("GET", "/api/v1/channels/demo/sessions", token)).Body.EnumerateArray()
            .ToList() is [var session]
            && session.GetProperty("peakViewers").GetInt64() == 3);
    }

    private static ViewerSketch Seen(ChannelName channel, params ulong[] ids) => new(channel, ids.Length, 0, 0, ids);

    private static ViewerCountService Keeper(RecordingHarness bench, Counter counter)
    {
        var rig = bench.Rig;
        return new(new(rig.Database), new(rig.Clock, counter), rig.Book, rig.Database, rig.Clock,
            rig.Log.For<ViewerCountService>(), counter);
    }

    private static async Task<IReadOnlyList<long>> NotifiedAsync(RecordingHarness bench)
    {
        await using var connection = await bench.Rig.Database.Source.OpenConnectionAsync();
        var bodies = await connection.QueryAsync<string>("SELECT body FROM stream_events WHERE type = 'channel.viewers' ORDER BY id");
        return [.. bodies.Select(body => JsonDocument.Parse(body).RootElement.GetProperty("data").GetProperty("viewers").GetInt64())];
    }

    private sealed class Counter(ViewerSketch sample) : IViewerCounter
    {
        public ViewerSketch Sample { get; set; } = sample;

        public ViewerSketch? Find(ChannelName channel) => channel == Sample.Channel ? Sample : null;

        public IReadOnlyList<ViewerSketch> Read() => [Sample];
    }

    private sealed class OnAir : IChannelRuntimeStates
    {
        public ChannelRuntimeState? Find(ChannelName channel) => new(ChannelRunState.Live, null, null);
    }
}
