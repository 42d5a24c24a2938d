using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.PackagerToControl;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using static Broadcast.Packager.Tests.Encoder;
using Broadcast.Testing;

namespace Broadcast.Packager.Tests;

/// <summary>Recorded sessions: media are deleted only by <see cref="ISessionLifecycle.ForgetAsync"/>.</summary>
public class RecordedSessionTests
{
    private static readonly PackagerOptions Short = new() { IndexBlockDuration = TimeSpan.FromSeconds(10) };

    private static BroadcastSession Recorded(TimeSpan rewind = default, DateTimeOffset? at = null) =>
        Session(at: at) with { DvrWindow = rewind, IsRecorded = true };

    private static List<RenditionSample> Media(double seconds, double from = 0) =>
        Interleave(VideoFrames(seconds, 60, from), Frames(seconds, from));

    private static SessionImage.SpriteSheet Sheet(double seconds) => new(MediaTime.From(TimeSpan.FromSeconds(seconds), 1000),
        new(10_000, 1000), new SpriteSheetLayout(5, 1, 320, 180), new byte[] { 0xff, 0xd8, (byte)seconds, 0xff, 0xd9 });

    /// <summary>A session loaded from its newest journal file alone, as for VOD.</summary>
    private static async Task<SessionTimeline> ReplayedAsync(FakeSpool spool, BroadcastSession session)
    {
        var newest = spool.Files.Keys.Concat(spool.Store.Objects.Keys)
            .Where(name => name.Value.StartsWith(ObjectNames.Of(session).JournalFolder, StringComparison.Ordinal))
            .OrderByDescending(name => name.Value, StringComparer.Ordinal).First();
        return (await JournalFile.Read(spool.Bytes(newest)).ShouldNotBeNull()
            .WithIndexBlocksAsync((name, _) => Task.FromResult(spool.Bytes(name)))).ShouldNotBeNull().BuildTimeline();
    }

    /// <summary>Returns all retained segments of a rendition, and checks that the objects of segments and index blocks exist.</summary>
    private static List<IndexedSegment> All(FakeSpool spool, SessionTimeline timeline, string rendition)
    {
        List<IndexedSegment> all =
        [
            .. timeline.RetainedIndexBlocks.SelectMany(indexBlock => IndexBlockFile.Read(spool.Bytes(indexBlock.Object))
                .Renditions.Single(other => other.Name == rendition).Segments),
            .. timeline.Find(rendition)!.Closed.ToArray().Select(IndexedSegment.Of),
        ];
        all.Select(segment => segment.Number).ShouldBe(Enumerable.Range(1, all.Count).Select(number => (long)number));
        all.ShouldAllBe(segment => segment.IsGap
            || spool.Bytes(ObjectName.Parse($"live/main/{timeline.Session.Id}/{rendition}/{segment.Number}.m4s"))!.Length
            == segment.Length);
        return all;
    }

    [Fact]
    public async Task Session_of_another_server_waits_for_an_unreachable_store_even_if_this_clock_was_behind()
    {
        var store = new FakeStore { Unreachable = true };
        var time = new ManualTimeProvider(Noon - TimeSpan.FromHours(1));
        using var bench = await new PackagerHarness(new FakeSpool { Store = store }, time).StartAsync();

        var publishing = bench.Begin(Recorded() with { Epoch = 2 });
        publishing.Send(Media(10, from: 20));

        await Poll.UntilAsync(() => bench.Log.Count(3035) == 1);
        bench.Sink.Timelines.ShouldBeEmpty();
    }

    [Fact]
    public async Task Unknown_session_of_another_server_uses_no_low_numbers_even_if_this_clock_was_behind()
    {
        var store = new FakeStore { Unreachable = true };
        var time = new ManualTimeProvider(Noon - TimeSpan.FromHours(1));
        using var bench = await new PackagerHarness(new FakeSpool { Store = store }, time).StartAsync();

        var session = Session() with { Epoch = 2 };
        await bench.PublishAsync(session, Media(10));

        bench.Timeline(session).FirstSegment.ShouldBeGreaterThan(500_000);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Earlier_session_waits_for_an_unreachable_store_that_may_have_its_earlier_part(bool isStored)
    {
        using var killed = await new PackagerHarness().StartAsync();
        var session = Recorded();
        if (isStored)
        {
            await killed.PublishAsync(session, Media(10));
        }

        // The data folder is lost, and the object store is not reachable during the start.
        var store = killed.Spool.Store.Copy();
        foreach (var (name, bytes) in killed.Spool.Files)
        {
            store.Objects[name] = bytes;
        }

        store.Unreachable = true;
        var time = new ManualTimeProvider(Noon + TimeSpan.FromSeconds(20));
        using var bench = await new PackagerHarness(new FakeSpool { Store = store }, time).StartAsync();
        var publishing = bench.Begin(session);
        publishing.Send(Media(10, from: 20));
        time.Advance(TimeSpan.FromSeconds(30));
        bench.Sink.Timelines.ShouldBeEmpty();
        bench.Log.Count(3035).ShouldBe(1);

        store.Unreachable = false;
        await Poll.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return bench.Sink.Timelines.ContainsKey(session.Id);
        });
        await publishing.EndAsync();
        await bench.Stage.EndAsync(session.Channel, session.Id, "over", CancellationToken.None);

        var recorded = (await ReplayedAsync(bench.Spool, session)).Find("source")!.Segments.Where(segment => !segment.IsGap);
        recorded.Sum(segment => segment.Duration.ToTimeSpan().TotalSeconds).ShouldBe(isStored ? 20 : 10, tolerance: 0.1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(120)]
    [InlineData(100_000)]
    public async Task Recorded_session_deletes_nothing_as_the_window_moves_with_any_DVR_window(int rewind)
    {
        using var bench = await new PackagerHarness(options: Short).StartAsync();
        var session = Recorded(TimeSpan.FromSeconds(rewind));
        var publishing = bench.Begin(session);
        for (var at = 0; at < 300; at += 10)
        {
            publishing.Send(Media(10, from: at));
            bench.Stage.Offer(session.Channel, session.Id, Sheet(at));
        }

        await publishing.EndAsync();
        await bench.Stage.EndAsync(session.Channel, session.Id, "over", CancellationToken.None);
        bench.Time.Advance(TimeSpan.FromHours(30));

        var timeline = await ReplayedAsync(bench.Spool, session);
        timeline.IsEnded.ShouldBeTrue();
        All(bench.Spool, timeline, "source").Sum(segment => segment.Duration.TotalSeconds).ShouldBe(300, tolerance: 0.1);
        All(bench.Spool, timeline, "audio").Sum(segment => segment.Duration.TotalSeconds).ShouldBe(300, tolerance: 0.1);
        var listed = timeline.DvrIndexBlocks.Sum(indexBlock => indexBlock.Duration.TotalSeconds) + timeline.Find("source")!.Closed.ToArray()
            .Sum(segment => segment.Duration.TotalSeconds);
        listed.ShouldBeInRange(rewind == 0 ? 60 : Math.Min(rewind, 299), rewind == 0 ? 74 : Math.Min(rewind + 25, 301));
        var sheets = timeline.RetainedIndexBlocks.SelectMany(indexBlock => IndexBlockFile.Read(bench.Spool.Bytes(indexBlock.Object))
            .SpriteSheets).Concat(timeline.SpriteSheets.Select(IndexedSpriteSheet.Of)).ToList();
        sheets.Select(sheet => sheet.Start.Ticks).ShouldBe(Enumerable.Range(0, 30).Select(i => i * 10_000L));
        sheets.ShouldAllBe(sheet => bench.Spool.Bytes(ObjectName.Parse($"live/main/{session.Id}/thumbnails/{sheet.Start.Ticks}.jpg"))
            != null);

        await bench.Stage.ForgetAsync(session.Channel, session.Id, CancellationToken.None);
        bench.Spool.Store.Objects.Keys.Concat(bench.Spool.Files.Keys).ShouldBeEmpty();
    }

    [Fact]
    public async Task Source_that_alternates_with_the_slate_needs_one_init_segment_for_each_even_after_a_restart()
    {
        var bench = await new PackagerHarness(options: Short).StartAsync();
        var session = Recorded();
        var sizes = new List<int>();
        for (var outage = 0; outage < 60; outage++)
        {
            if (outage == 40)
            {
                bench = await new PackagerHarness(bench.Spool.AfterKill(), options: Short).StartAsync();
            }

            foreach (var isSlate in (bool[])[false, true])
            {
                bench.IsSlate = isSlate;
                var from = (outage * 20.0) + (isSlate ? 10 : 0);
                await bench.PublishAsync(session, [.. VideoFrames(10, 60, from, track: isSlate ? OtherVideo : Video)], Source);
            }

            sizes.Add(bench.Timeline(session).Find("source")!.Inits.Count);
        }

        var timeline = await ReplayedAsync(bench.Spool, session);
        var source = timeline.Find("source")!;
        sizes.ShouldAllBe(count => count == 2);
        source.Inits.Select(init => init.Number).ShouldBe([1, 2]);
        bench.Spool.Store.Objects.Keys.Concat(bench.Spool.Files.Keys).Where(name => name.Value.Contains("/init-", StringComparison.Ordinal))
            .Count().ShouldBe(2);
        All(bench.Spool, timeline, "source").Select(segment => segment.Init)
            .ShouldBe(Enumerable.Range(0, 120).SelectMany(run => Enumerable.Repeat(1 + (run % 2), 5)));
        bench.Dispose();
    }

    [Fact]
    public async Task Init_segment_of_a_configuration_that_left_the_session_is_not_used_again()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        await bench.PublishAsync(session, [.. VideoFrames(10, 60)], Source);
        await bench.PublishAsync(session, [.. VideoFrames(100, 60, from: 10, track: OtherVideo)], Source);
        bench.Time.Advance(TimeSpan.FromMinutes(5));
        var first = ObjectName.Parse($"live/main/{session.Id}/source/init-1.mp4");
        await Poll.UntilAsync(() => bench.Spool.Deleted.Contains(first));

        await bench.PublishAsync(session, [.. VideoFrames(10, 60, from: 110)], Source);
        bench.Timeline(session).Find("source")!.Inits.Select(init => init.Number).ShouldBe([2, 3]);
    }

    [Fact]
    public async Task Newer_session_replaces_a_recorded_one_but_keeps_its_media_and_ends_its_journal()
    {
        using var bench = await new PackagerHarness(options: Short).StartAsync();
        var (older, newer) = (Recorded(), Recorded(at: Noon.AddHours(1)));
        await bench.PublishAsync(older, Media(100));
        bench.Time.Advance(TimeSpan.FromHours(1));
        await bench.PublishAsync(newer, Media(5));
        bench.Time.Advance(TimeSpan.FromMinutes(5));
        await Poll.UntilAsync(() => bench.Sink.Forgotten.Contains(older.Id));

        bench.Stage.IsKnown(older.Id).ShouldBeFalse("it takes no memory");
        bench.Log.Count(3006).ShouldBe(1);
        bench.Log.Count(3004).ShouldBe(0);
        var timeline = await ReplayedAsync(bench.Spool, older);
        timeline.IsEnded.ShouldBeTrue();
        All(bench.Spool, timeline, "source").Count.ShouldBe(50);
        await bench.Stage.ForgetAsync(older.Channel, older.Id, CancellationToken.None);
        bench.Spool.Store.Objects.Keys.ShouldNotContain(name => name.Value.Contains(older.Id.Value, StringComparison.Ordinal));
        bench.Spool.Store.Objects.Keys.ShouldContain(name => name.Value.Contains(newer.Id.Value, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Restart_deletes_nothing_of_a_recorded_session_and_uploads_its_waiting_files(bool isSuperseded)
    {
        var spool = new FakeSpool { Uploads = false };
        using var killed = await new PackagerHarness(spool, options: Short).StartAsync();
        var (session, newer) = (Recorded(), Session(at: Noon.AddHours(1)));
        var publishing = killed.Begin(session);
        for (var at = 0; at < 200; at += 10)
        {
            publishing.Send(Media(10, from: at));
            killed.Stage.Offer(session.Channel, session.Id, Sheet(at));
        }

        publishing.Send(Media(1, from: 200));
        if (isSuperseded)
        {
            await killed.PublishAsync(newer, Media(5));
        }

        var before = spool.Files;
        var disk = spool.AfterKill();
        disk.Uploads = true;
        using var bench = await new PackagerHarness(disk, new ManualTimeProvider(Noon.AddSeconds(202)), Short).StartAsync();
        await Poll.UntilAsync(() => !isSuperseded || bench.Log.Count(3006) > 0);
        bench.Time.Advance(TimeSpan.FromHours(1));

        bench.Stage.IsKnown(session.Id).ShouldBe(!isSuperseded);
        var timeline = await ReplayedAsync(disk, session);
        timeline.IsEnded.ShouldBe(isSuperseded);
        All(disk, timeline, "source").Count.ShouldBeGreaterThanOrEqualTo(100);
        var folder = $"live/main/{session.Id}/";
        var names = before.Keys.Where(name => name.Value.StartsWith(folder, StringComparison.Ordinal)).ToList();
        names.ShouldAllBe(name => disk.Bytes(name) != null);
        await Poll.UntilAsync(() => disk.List(folder).Count == 0, description: "all is in the store");

        // Once more: nothing remains to be done.
        using var again = await new PackagerHarness(disk.AfterKill(), new ManualTimeProvider(Noon.AddHours(2)), Short).StartAsync();
        again.Time.Advance(TimeSpan.FromHours(1));
        names.ShouldAllBe(name => again.Spool.Bytes(name) != null);
    }

    [Fact]
    public async Task Joining_keeps_the_number_of_index_blocks_of_a_long_session_small()
    {
        using var bench =
            await new PackagerHarness(options: new PackagerOptions { IndexBlockDuration = TimeSpan.FromSeconds(2) }).StartAsync();
        var session = Recorded();
        var publishing = bench.Begin(session);
        publishing.Send(Media(900));
        var (at, joined) = (900, 0L);
        await Poll.UntilAsync(() =>
        {
            // Merges in the background are announced with the next index block.
            publishing.Send(Media(10, from: at));
            at += 10;
            joined = bench.Timeline(session).RetainedIndexBlocks.Max(indexBlock => indexBlock.Last - indexBlock.First + 1);
            return joined >= 300;
        });
        await publishing.EndAsync();
        var timeline = bench.Timeline(session);
        timeline.RetainedIndexBlocks.Count.ShouldBeLessThan(60, "twenty times twenty are one");
        timeline.RetainedIndexBlocks.ShouldAllBe(indexBlock => indexBlock.Period == new TimelinePeriod(1, MediaTime.Zero(1000)));
        All(bench.Spool, timeline, "audio").Count.ShouldBe((int)timeline.LastSegment);
        bench.Time.Advance(TimeSpan.FromHours(1));
        bench.Spool.Store.Objects.Keys.Concat(bench.Spool.Files.Keys)
            .Where(name => name.Value.EndsWith(".chapter", StringComparison.Ordinal)).Select(name => name.Value).Order()
            .ShouldBe(timeline.RetainedIndexBlocks.Select(indexBlock => indexBlock.Object.Value).Order(),
                "what was joined is needed no more");
    }

    [Fact]
    public async Task Machine_lost_for_longer_than_the_window_leaves_a_gap_and_keeps_earlier_segments()
    {
        using var killed = await new PackagerHarness(options: Short).StartAsync();
        var session = Recorded();
        killed.Begin(session).Send(Media(200));
        var disk = killed.Spool.AfterKill();
        foreach (var name in disk.Files.Keys)
        {
            disk.Lose(name);
        }

        using var bench = await new PackagerHarness(disk, new ManualTimeProvider(Noon.AddHours(1)), Short).StartAsync();
        await bench.PublishAsync(session, Media(20, from: 3600));
        var all = All(bench.Spool, bench.Timeline(session), "source");
        all.Count(segment => segment.IsGap).ShouldBeGreaterThan(1000);
        all.Count(segment => !segment.IsGap).ShouldBeGreaterThan(100);
        bench.Timeline(session).OldestSegment.ShouldBe(1);
    }

    [Fact]
    public async Task Machine_lost_for_a_day_loses_only_the_segments_of_its_newest_journal()
    {
        using var killed = await new PackagerHarness(options: Short).StartAsync();
        var session = Recorded();
        killed.Begin(session).Send(Media(200));
        var known = (await ReplayedAsync(killed.Spool.AfterKill(), session)).LastSegment;
        var disk = killed.Spool.AfterKill();
        foreach (var name in disk.Files.Keys)
        {
            disk.Lose(name);
        }

        using var bench = await new PackagerHarness(disk, new ManualTimeProvider(Noon.AddDays(1)), Short).StartAsync();
        await bench.Stage.EndAsync(session.Channel, session.Id, "over", CancellationToken.None);
        var timeline = await ReplayedAsync(bench.Spool, session);
        (timeline.IsEnded, timeline.FirstSegment > 80_000).ShouldBe((true, true),
            "numbers that the machine may have used are not used again");
        timeline.DvrIndexBlocks.ShouldBeEmpty();
        var kept = timeline.RetainedIndexBlocks.SelectMany(indexBlock => IndexBlockFile.Read(bench.Spool.Bytes(indexBlock.Object))
            .Renditions.Single(rendition => rendition.Name == "source").Segments).ToList();
        kept.Select(segment => segment.Number).ShouldBe(Enumerable.Range(1, kept.Count).Select(number => (long)number));
        ((long)kept.Count).ShouldBeInRange(known - 6, known, "what the lost journal alone knew, a rotation's time, is gone");
        kept.ShouldAllBe(segment => segment.HasMedia && bench.Spool
            .Bytes(ObjectName.Parse($"live/main/{session.Id}/source/{segment.Number}.m4s")) != null);
    }
}
