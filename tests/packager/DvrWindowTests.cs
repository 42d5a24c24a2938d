using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using static Broadcast.Packager.Tests.Encoder;
using Broadcast.Testing;

namespace Broadcast.Packager.Tests;

public class DvrWindowTests
{
    private static readonly PackagerOptions Short = new() { IndexBlockDuration = TimeSpan.FromSeconds(10) };

    private static readonly TimelinePeriod FromTheBegin = new(1, MediaTime.Zero(1000));

    private static BroadcastSession Rewinding(TimeSpan rewind) => Session() with { DvrWindow = rewind };

    private static List<RenditionSample> Media(double seconds, double from = 0) =>
        Interleave(VideoFrames(seconds, 60, from), Frames(seconds, from));

    /// <summary>All announced segments, as if none had left the window.</summary>
    private static SessionTimeline Everything(PackagerHarness bench, BroadcastSession session)
    {
        var timeline = new SessionTimeline(session);
        foreach (var @event in bench.Sink.Events.Where(e =>
            e is not (TimelineEvent.IndexBlockReady or TimelineEvent.WindowMoved or TimelineEvent.DvrWindowMoved)))
        {
            timeline.Apply(@event);
        }

        return timeline;
    }

    private static IndexBlock Read(FakeSpool spool, TimelineIndexBlock indexBlock)
    {
        var bytes = spool.Bytes(indexBlock.Object).ShouldNotBeNull();
        bytes.Length.ShouldBe(indexBlock.Length);
        return IndexBlockFile.Read(bytes);
    }

    private static List<IndexedSegment> Listed(PackagerHarness bench, BroadcastSession session, string rendition)
    {
        var timeline = bench.Timeline(session);
        return
        [
            .. timeline.DvrIndexBlocks.SelectMany(indexBlock => Read(bench.Spool, indexBlock)
                .Renditions.Single(other => other.Name == rendition).Segments),
            .. timeline.Find(rendition)!.Closed.ToArray().Select(IndexedSegment.Of),
        ];
    }

    [Fact]
    public async Task Segments_behind_the_live_window_are_listed_in_index_blocks_and_keep_their_media()
    {
        using var bench = await new PackagerHarness(options: Short).StartAsync();
        var session = Rewinding(TimeSpan.FromMinutes(10));
        await bench.PublishAsync(session, Media(130));

        var timeline = bench.Timeline(session);
        (timeline.DvrFirstSegment, timeline.FirstSegment > 20).ShouldBe((1, true));
        timeline.DvrIndexBlocks[^1].Last.ShouldBe(timeline.FirstSegment - 1);
        foreach (var rendition in Everything(bench, session).Renditions)
        {
            Listed(bench, session, rendition.Name).ShouldBe(rendition.Segments.Select(IndexedSegment.Of));
            rendition.Segments.ShouldAllBe(segment => bench.Spool.Bytes(segment.Object) != null);
        }

        var window = timeline.Find("source")!.Closed.ToArray().Sum(segment => segment.Duration.TotalSeconds);
        window.ShouldBeInRange(60, 74);
        bench.Time.Advance(TimeSpan.FromHours(1));
        Listed(bench, session, "audio")
            .ShouldAllBe(segment => bench.Spool.Bytes(ObjectName.Parse($"live/main/{session.Id}/audio/{segment.Number}.m4s")) != null);
    }

    [Fact]
    public async Task Joined_index_blocks_stay_few_and_replaced_ones_are_deleted()
    {
        using var bench = await new PackagerHarness(options: Short).StartAsync();
        var session = Rewinding(DvrWindow.All);
        await bench.PublishAsync(session, Media(560));

        var timeline = bench.Timeline(session);
        timeline.DvrIndexBlocks[0].Last.ShouldBeGreaterThanOrEqualTo(100, "twenty chapters of ten seconds are one");
        timeline.Period.ShouldBe(FromTheBegin);
        bench.Sink.Events.OfType<TimelineEvent.IndexBlockReady>().Count().ShouldBeGreaterThan(45);
        timeline.DvrIndexBlocks.Count.ShouldBeLessThan(22);
        timeline.DvrIndexBlocks.ShouldAllBe(indexBlock => indexBlock.Period == FromTheBegin);
        Listed(bench, session, "source").Select(segment => segment.Number)
            .ShouldBe(Enumerable.Range(1, (int)timeline.LastSegment).Select(number => (long)number));
        bench.Time.Advance(TimeSpan.FromHours(1));
        bench.Spool.Files.Keys.Concat(bench.Spool.Store.Objects.Keys)
            .Where(name => name.Value.EndsWith(".chapter", StringComparison.Ordinal)).Select(name => name.Value).Order()
            .ShouldBe(timeline.DvrIndexBlocks.Select(indexBlock => indexBlock.Object.Value).Order());
    }

    [Fact]
    public async Task Segments_older_than_the_DVR_window_are_removed_from_the_timeline_and_later_deleted()
    {
        using var bench = await new PackagerHarness(options: Short).StartAsync();
        var session = Rewinding(TimeSpan.FromSeconds(120));
        await bench.PublishAsync(session, Media(300));

        var timeline = bench.Timeline(session);
        var listed = Listed(bench, session, "source");
        listed.Sum(segment => segment.Duration.TotalSeconds).ShouldBeInRange(120, 145);
        timeline.DvrFirstSegment.ShouldBe(listed[0].Number);
        timeline.DvrFirstSegment.ShouldBeGreaterThan(1);
        timeline.DvrIndexBlocks[0].Period.ShouldBe(FromTheBegin, "what is listed goes on with what is not");
        timeline.DvrIndexBlocks.Sum(indexBlock => indexBlock.Discontinuities).ShouldBe(0);
        var old = ObjectName.Parse($"live/main/{session.Id}/source/1.m4s");
        bench.Spool.Bytes(old).ShouldNotBeNull("a player may have a playlist that lists it (RFC 8216, 6.2.2)");
        bench.Time.Advance(TimeSpan.FromMinutes(10));
        bench.Spool.Bytes(old).ShouldBeNull();
        var names = bench.Spool.Files.Keys.Concat(bench.Spool.Store.Objects.Keys).Select(name => name.Value);
        names.Count(name => name.Contains("/source/", StringComparison.Ordinal) && name.EndsWith(".m4s", StringComparison.Ordinal))
            .ShouldBe((int)(timeline.LastSegment - timeline.DvrFirstSegment + 1));
    }

    [Fact]
    public async Task DVR_window_within_the_live_window_creates_no_index_blocks()
    {
        using var bench = await new PackagerHarness(options: Short).StartAsync();
        var session = Rewinding(TimeSpan.FromSeconds(60));
        await bench.PublishAsync(session, Media(130));
        bench.Timeline(session).DvrIndexBlocks.ShouldBeEmpty();
        bench.Timeline(session).DvrFirstSegment.ShouldBeGreaterThan(20);
    }

    [Fact]
    public async Task Kill_between_any_two_steps_neither_loses_nor_duplicates_a_segment()
    {
        var spool = new FakeSpool();
        var kills = new List<(FakeSpool Disk, long Announced)>();
        using var killed = await new PackagerHarness(spool, options: Short).StartAsync();
        var session = Rewinding(TimeSpan.FromMinutes(4));
        var after = 0;
        spool.Refuses = name =>
        {
            after = name.Value.Contains("/chapters/", StringComparison.Ordinal) ? 3 : after - 1;
            if (after > 0)
            {
                kills.Add((spool.AfterKill(), killed.Stage.Current[0].LastSegment));
            }

            return false;
        };
        killed.Begin(session).Send(Media(170));
        spool.Refuses = _ => false;
        kills.Count.ShouldBeGreaterThan(30);

        foreach (var (disk, announced) in kills)
        {
            using var bench = await new PackagerHarness(disk, options: Short).StartAsync();
            var last = bench.Timeline(session).LastSegment;
            last.ShouldBe(announced);
            foreach (var rendition in bench.Timeline(session).Renditions)
            {
                Listed(bench, session, rendition.Name).Select(segment => segment.Number)
                    .ShouldBe(Enumerable.Range(1, (int)last).Select(number => (long)number));
            }

            await bench.PublishAsync(session, Media(30, from: 200));
            var timeline = bench.Timeline(session);
            var listed = Listed(bench, session, "source");
            listed.Select(segment => segment.Number)
                .ShouldBe(Enumerable.Range(1, (int)timeline.LastSegment).Select(number => (long)number));
            var all = timeline.Renditions.Select(rendition => Listed(bench, session, rendition.Name)).ToList();
            var runs = TimelinePeriod.Of(1, null,
                all.SelectMany(segments => segments.Where(segment => segment.Discontinuity).Select(segment => segment.Number)), all);
            runs.Count.ShouldBeGreaterThan(1);
            timeline.DvrIndexBlocks.ShouldAllBe(indexBlock => indexBlock.Period == runs.Last(run => run.First <= indexBlock.First));
            timeline.Period.ShouldBe(runs.Last(run => run.First <= timeline.FirstSegment));
            listed.ShouldAllBe(segment => segment.IsGap || bench.Spool
                .Bytes(ObjectName.Parse($"live/main/{session.Id}/source/{segment.Number}.m4s"))!.Length == segment.Length);
            bench.Time.Advance(TimeSpan.FromHours(1));
            bench.Spool.Store.Objects.Keys.Concat(bench.Spool.Files.Keys)
                .Where(name => name.Value.EndsWith(".chapter", StringComparison.Ordinal)).Select(name => name.Value).Order()
                .ShouldBe(timeline.DvrIndexBlocks.Select(indexBlock => indexBlock.Object.Value).Order(),
                    "what was written and never announced, or replaced, goes");
        }
    }

    [Fact]
    public async Task Lost_machine_loses_only_its_own_time_and_not_earlier_segments()
    {
        using var killed = await new PackagerHarness(options: Short).StartAsync();
        var session = Rewinding(TimeSpan.FromHours(1));
        killed.Begin(session).Send(Media(200));
        var disk = killed.Spool.AfterKill();
        foreach (var name in disk.Files.Keys)
        {
            disk.Lose(name);
        }

        using var bench = await new PackagerHarness(disk, new ManualTimeProvider(Noon + TimeSpan.FromSeconds(500)), Short).StartAsync();
        bench.Timeline(session).DvrFirstSegment.ShouldBe(1);
        await bench.PublishAsync(session, Media(20, from: 500));
        Listed(bench, session, "source").Select(segment => segment.Number)
            .ShouldBe(Enumerable.Range(1, (int)bench.Timeline(session).LastSegment).Select(number => (long)number));
    }

    [Fact]
    public async Task Failed_index_block_write_loses_nothing()
    {
        var spool = new FakeSpool();
        using var bench = await new PackagerHarness(spool, options: Short).StartAsync();
        var session = Rewinding(TimeSpan.FromMinutes(10));
        var publishing = bench.Begin(session);
        spool.Refuses = name => name.Value.Contains("/chapters/", StringComparison.Ordinal);
        publishing.Send(Media(120));
        bench.Timeline(session).DvrIndexBlocks.ShouldBeEmpty();
        bench.Timeline(session).FirstSegment.ShouldBe(1);
        spool.Refuses = _ => false;
        publishing.Send(Media(20, from: 120));
        await publishing.EndAsync();

        bench.Timeline(session).DvrIndexBlocks.ShouldNotBeEmpty();
        Listed(bench, session, "source").Select(segment => segment.Number)
            .ShouldBe(Enumerable.Range(1, (int)bench.Timeline(session).LastSegment).Select(number => (long)number));
    }
}
