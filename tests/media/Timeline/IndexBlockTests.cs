using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Timeline;

public class IndexBlockTests
{
    /// <summary>Returns a random session, all of it closed.</summary>
    private static SessionTimeline Closed(int seed)
    {
        var timeline = RandomTimeline.Fold(RandomTimeline.Random(seed).Where(e => e is not TimelineEvent.WindowMoved));
        timeline.Apply(new TimelineEvent.Ended("over"));
        return timeline;
    }

    private static string Text(IndexBlock indexBlock) =>
        $"{indexBlock.First}-{indexBlock.Last} {string.Join(' ', indexBlock.Discontinuities)}\n{string.Join('\n', indexBlock.Renditions.Select(r => $"{r.Name}: {string.Join("; ", r.Segments)}"))}\n{string.Join("; ", indexBlock.SpriteSheets)}";

    /// <summary>An index block with some sprite sheets.</summary>
    private static IndexBlock WithSheets(IndexBlock indexBlock, int seed) => indexBlock with
    {
        SpriteSheets = [.. Enumerable.Range(0, seed % 4)
            .Select(i => new IndexedSpriteSheet(new(i * 10_000L, 1000), new(10_000 + seed, 1000),
                new SpriteSheetLayout(5, 1 + (seed % 3), 320, 180), 20_000 + i))],
    };

    [Fact]
    public void Index_block_round_trips()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var timeline = Closed(seed);
            var indexBlock = WithSheets(IndexBlock.Of(timeline, timeline.LastSegment), seed);
            var bytes = IndexBlockFile.Write(indexBlock);
            bytes[3].ShouldBe(indexBlock.SpriteSheets.Count > 0 ? (byte)'2' : (byte)'1',
                "what has no sheets can be read by versions of before");
            Text(IndexBlockFile.Read(bytes)).ShouldBe(Text(indexBlock), $"seed {seed}");
            bytes.Length.ShouldBeLessThan(60 + (20 * indexBlock.SpriteSheets.Count)
                + (indexBlock.Renditions.Sum(r => r.Segments.Count) * 40));
        }
    }

    [Fact]
    public void Index_block_of_many_renditions_is_readable_and_one_that_would_not_be_is_not_written()
    {
        IndexBlockFile.Read(IndexBlockFile.Write(Block(506))).Renditions.Count.ShouldBe(506);
        Should.Throw<InvalidDataException>(() => IndexBlockFile.Write(Block(1025)));

        static IndexBlock Block(int renditions) =>
            new(1, 2, [], [.. Enumerable.Range(0, renditions).Select(i => new IndexedRendition($"{i}p", []))]);
    }

    [Fact]
    public void Only_the_requested_renditions_of_an_index_block_are_read()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var timeline = Closed(seed);
            var indexBlock = WithSheets(IndexBlock.Of(timeline, timeline.LastSegment), seed);
            var bytes = IndexBlockFile.Write(indexBlock);
            foreach (var rendition in indexBlock.Renditions)
            {
                var only = IndexBlockFile.Read(bytes, name => name == rendition.Name);
                Text(only).ShouldBe(Text(indexBlock with { Renditions = [rendition] }), $"seed {seed}");
            }

            IndexBlockFile.Read(bytes, _ => false).Renditions.ShouldBeEmpty();
        }
    }

    [Fact]
    public void Malformed_index_blocks_are_rejected_with_the_expected_exception()
    {
        var timeline = Closed(7);
        var good = IndexBlockFile.Write(WithSheets(IndexBlock.Of(timeline, timeline.LastSegment), 7));
        var random = new Random(1);
        for (var i = 0; i < 5000; i++)
        {
            var bytes = good[..random.Next(good.Length + 1)];
            for (var j = random.Next(4); j > 0 && bytes.Length > 0; j--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                IndexBlockFile.Read(bytes);
            }
            catch (InvalidDataException)
            {
            }
        }

        Should.Throw<InvalidDataException>(() => IndexBlockFile.Read("#EXTM3U\n"u8));
    }

    [Fact]
    public void Consecutive_index_blocks_are_joined_and_missing_rendition_segments_become_gaps()
    {
        var clock = new MediaTime(180_000, 90_000);
        IndexedSegment At(long number) => new(number, 1, RandomTimeline.At(number), clock,
            RandomTimeline.Start + RandomTimeline.At(number).ToTimeSpan(), false, false, true, 100);
        var joined = IndexBlock.Join(
        [
            new(1, 10, [4],
                [new("a", [.. Enumerable.Range(1, 10).Select(n => At(n))]), new("b", [.. Enumerable.Range(1, 4).Select(n => At(n))])]),
            new(11, 20, [11],
                [new("a", [.. Enumerable.Range(11, 10).Select(n => At(n))]), new("b", [.. Enumerable.Range(15, 6).Select(n => At(n))])]),
        ]);
        (joined.First, joined.Last).ShouldBe((1, 20));
        joined.Discontinuities.ShouldBe([4, 11]);
        foreach (var rendition in joined.Renditions)
        {
            rendition.Segments.Select(segment => segment.Number).ShouldBe(Enumerable.Range(1, 20).Select(n => (long)n));
        }

        var gaps = joined.Renditions[1].Segments.Where(segment => segment.IsGap).ToList();
        gaps.Select(segment => segment.Number).ShouldBe(Enumerable.Range(5, 10).Select(n => (long)n));
        (gaps[0].Start, gaps[^1].End).ShouldBe((RandomTimeline.At(5), RandomTimeline.At(15)));
    }

    /// <summary>A recorded session whose segments 1 to 8 have the given init segments, and are in index blocks of two.</summary>
    private static SessionTimeline WithInits(bool isRecorded, params int[] inits)
    {
        var session = RandomTimeline.Session() with { IsRecorded = isRecorded, DvrWindow = TimeSpan.FromMinutes(1) };
        var timeline = RandomTimeline.Fold([new TimelineEvent.Started(session), new TimelineEvent.RenditionAdded("v", TrackKind.Video)]);
        for (var number = 1; number <= inits.Length; number++)
        {
            timeline.Apply(RandomTimeline.Init("v", inits[number - 1]));
            timeline.Apply(RandomTimeline.Part("v", number, 0, inits[number - 1])).ShouldBeTrue();
            timeline.Apply(new TimelineEvent.SegmentClosed("v", number));
            if (number % 2 == 0)
            {
                var block = IndexBlock.Of(timeline, number);
                timeline.Apply(block.Announce(ObjectName.Parse($"live/main/s/chapters/{number}.chapter"), 10)).ShouldBeTrue();
            }
        }

        return timeline;
    }

    [Fact]
    public void Only_init_segments_that_the_window_or_an_index_block_needs_are_kept()
    {
        var timeline = WithInits(isRecorded: false, 1, 2, 1, 3, 1, 4, 1, 5);
        timeline.Find("v")!.Inits.Select(init => init.Number).ShouldBe([1, 2, 3, 4, 5]);
        timeline.Apply(new TimelineEvent.DvrWindowMoved(5));
        timeline.Find("v")!.Inits.Select(init => init.Number).ShouldBe([1, 4, 5], "the first blocks needed 2 and 3");
        RandomTimeline.Notify(RandomTimeline.Fold(timeline.Checkpoint())).ShouldBe(RandomTimeline.Notify(timeline));
    }

    [Fact]
    public void Checkpoint_of_a_session_with_a_window_stays_the_same_size_over_thousands_of_configurations()
    {
        var session = RandomTimeline.Session() with { IsRecorded = false, DvrWindow = TimeSpan.FromMinutes(1) };
        var timeline = RandomTimeline.Fold([new TimelineEvent.Started(session), new TimelineEvent.RenditionAdded("v", TrackKind.Video)]);
        var sizes = new HashSet<int>();
        for (var number = 1; number <= 3000; number++)
        {
            timeline.Apply(RandomTimeline.Init("v", number));
            timeline.Apply(RandomTimeline.Part("v", number, 0, number)).ShouldBeTrue();
            timeline.Apply(new TimelineEvent.SegmentClosed("v", number));
            if (number % 2 == 0)
            {
                timeline.Apply(IndexBlock.Of(timeline, number).Announce(ObjectName.Parse($"live/main/s/chapters/{number}.chapter"), 10));
                timeline.Apply(new TimelineEvent.DvrWindowMoved(number - 9));
                sizes.Add(number < 100 ? 0 : timeline.Checkpoint().Count);
            }
        }

        sizes.Count.ShouldBe(2, string.Join(' ', sizes));
    }

    [Fact]
    public void Index_block_of_an_older_version_keeps_all_later_init_segments()
    {
        var timeline = WithInits(isRecorded: true, 1, 2, 1, 3, 1, 4, 1, 5);
        var older = RandomTimeline.Fold(timeline.Checkpoint().Select(@event => @event is TimelineEvent.IndexBlockReady block
            ? TimelineJson.Parse(System.Text.Encoding.UTF8.GetBytes(System.Text.RegularExpressions.Regex.Replace(
                System.Text.Encoding.UTF8.GetString(TimelineJson.Serialize(block)), @",""inits"":\[[^]]*\]", "")))
            : @event));
        older.RetainedIndexBlocks.ShouldAllBe(block => block.Renditions[0].Inits == null);
        timeline.RetainedIndexBlocks.ShouldAllBe(block => block.Renditions[0].Inits != null);
        older.Apply(new TimelineEvent.DvrWindowMoved(5));
        older.Find("v")!.Inits.Select(init => init.Number).ShouldBe([1, 2, 3, 4, 5]);
    }

    [Fact]
    public void Index_block_with_many_init_segments_does_not_list_them()
    {
        var timeline = RandomTimeline.Fold([new TimelineEvent.Started(RandomTimeline.Session() with { IsRecorded = true }),
            new TimelineEvent.RenditionAdded("v", TrackKind.Video)]);
        for (var number = 1; number <= IndexBlockRange.MaxInits + 1; number++)
        {
            timeline.Apply(RandomTimeline.Init("v", number));
            timeline.Apply(RandomTimeline.Part("v", number, 0, number));
            timeline.Apply(new TimelineEvent.SegmentClosed("v", number));
        }

        var name = ObjectName.Parse("live/main/s/chapters/1.chapter");
        IndexBlock.Of(timeline, IndexBlockRange.MaxInits).Announce(name, 10).Renditions[0].Inits!.Count.ShouldBe(IndexBlockRange.MaxInits);
        var all = IndexBlock.Of(timeline, IndexBlockRange.MaxInits + 1).Announce(name, 10);
        all.Renditions[0].Inits.ShouldBeNull();
        timeline.Apply(all);
        timeline.Find("v")!.Inits.Count.ShouldBe(IndexBlockRange.MaxInits + 1);
    }

    [Fact]
    public void Checkpoint_contains_the_index_blocks_and_a_replay_changes_nothing()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var timeline = RandomTimeline.Fold(RandomTimeline.Random(seed)
                .Where(e => e is not (TimelineEvent.WindowMoved or TimelineEvent.Ended)));
            var closed = timeline.Renditions.Where(r => r.Segments.Count > 0)
                .Select(r => r.Open is { } open ? open.Number - 1 : r.Segments[^1].Number).DefaultIfEmpty(0).Min();
            var said = new List<TimelineEvent>();
            var before = RandomTimeline.Notify(timeline);
            while (timeline.FirstSegment <= closed)
            {
                var indexBlock = IndexBlock.Of(timeline, Math.Min(closed, timeline.FirstSegment + 3));
                if (indexBlock.Renditions.Count == 0)
                {
                    break;
                }

                var ready = indexBlock.Announce(ObjectName.Parse($"live/main/s/chapters/{indexBlock.First}-{indexBlock.Last}.chapter"),
                    100);
                said.Add(ready);
                timeline.Apply(ready).ShouldBeTrue();
                timeline.FirstSegment.ShouldBe(indexBlock.Last + 1);
            }

            timeline.DvrFirstSegment.ShouldBe(1);
            timeline.DvrDiscontinuitySequence.ShouldBe(0);
            var folded = RandomTimeline.Fold(timeline.Checkpoint());
            Notified(folded).ShouldBe(Notified(timeline), $"seed {seed}: {before}");
            said.ShouldAllBe(ready => !folded.Apply(ready));
            foreach (var @event in timeline.Checkpoint().OfType<TimelineEvent.IndexBlockReady>())
            {
                var read = (TimelineEvent.IndexBlockReady)TimelineJson.Parse(TimelineJson.Serialize(@event));
                (read with { Renditions = [] }).ShouldBe(@event with { Renditions = [] });
                read.Renditions.ShouldBe(@event.Renditions);
            }

            if (timeline.DvrIndexBlocks.Count > 1)
            {
                timeline.Apply(new TimelineEvent.DvrWindowMoved(timeline.DvrIndexBlocks[1].First)).ShouldBeTrue();
                timeline.DvrFirstSegment.ShouldBe(timeline.DvrIndexBlocks[0].First);
                Notified(RandomTimeline.Fold(timeline.Checkpoint())).ShouldBe(Notified(timeline));
            }
        }

        static string Notified(SessionTimeline timeline) => RandomTimeline.Notify(timeline)
            + string.Join('\n', timeline.DvrIndexBlocks.Select(c => $"{c with { Renditions = [] }} {string.Join(' ', c.Renditions)}"))
            + timeline.DvrDiscontinuitySequence;
    }

    [Fact]
    public void Index_block_names_the_period_it_starts_in_even_if_that_started_long_before()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var whole = Closed(seed);
            var runs = TimelinePeriod.Of(1, null, whole.Discontinuities,
                [.. whole.Renditions.Select(r => r.Segments.Select(IndexedSegment.Of).ToList())]);
            runs.Select(run => run.First).ShouldBeInOrder(SortDirection.Ascending);
            var (timeline, random, indexBlocks) = (Closed(seed), new Random(seed), new List<IndexBlock>());
            while (timeline.FirstSegment < timeline.LastSegment)
            {
                var indexBlock = IndexBlock.Of(timeline, Math.Min(timeline.LastSegment, timeline.FirstSegment + random.Next(4)));
                if (indexBlock.Renditions.Count == 0)
                {
                    break;
                }

                indexBlocks.Add(indexBlock);
                var numbers = indexBlock.Renditions.SelectMany(r => r.Segments).Where(segment => segment.HasMedia)
                    .Select(segment => segment.Number).ToList();
                if (numbers.Count > 0)
                {
                    indexBlock.Period.ShouldBe(runs.Last(run => run.First <= numbers.Min()), $"seed {seed}, chapter {indexBlock.First}");
                }

                // An ended timeline accepts no index blocks; a timeline that has not ended has the same segments.
                var events = timeline.Checkpoint().Where(e => e is not TimelineEvent.Ended).ToList();
                var open = RandomTimeline.Fold(events);
                open.Apply(indexBlock.Announce(ObjectName.Parse($"live/main/s/chapters/{indexBlock.First}-{indexBlock.Last}.chapter"), 100))
                    .ShouldBeTrue();
                timeline = RandomTimeline.Fold(open.Checkpoint());
                timeline.DvrIndexBlocks[^1].Period.ShouldBe(indexBlock.Period);
                timeline.Period.ShouldBe(indexBlock.NextPeriod);
                open.Apply(new TimelineEvent.DvrWindowMoved(indexBlock.Last + 1)).ShouldBeTrue();
                (open.Period, RandomTimeline.Fold(open.Checkpoint()).Period).ShouldBe((indexBlock.NextPeriod, indexBlock.NextPeriod),
                    "the window is left alone when all chapters go");
            }

            if (indexBlocks.Count > 1)
            {
                var joined = IndexBlock.Join(indexBlocks).Announce(ObjectName.Parse("live/main/s/chapters/1-9.chapter"), 100);
                (joined.Run, joined.Next).ShouldBe((indexBlocks[0].Period, indexBlocks[^1].NextPeriod));
            }
        }
    }

    [Fact]
    public void Index_block_replaces_those_from_its_first_number_and_a_gap_between_blocks_is_rejected()
    {
        var timeline = RandomTimeline.Fold([new TimelineEvent.Started(RandomTimeline.Session()),
            new TimelineEvent.RenditionAdded("source", TrackKind.Video), RandomTimeline.Init("source", 1)]);
        for (var number = 1L; number <= 12; number++)
        {
            timeline.Apply(RandomTimeline.Part("source", number, 0));
        }

        TimelineEvent.IndexBlockReady Of(long first, long last) => new(
            first, last, RandomTimeline.At(first), new((last - first + 1) * 180_000, 90_000), RandomTimeline.Start, 0,
            [new IndexBlockRange("source", first, last, 1)],
            ObjectName.Parse($"live/main/s/chapters/{first}-{last}.chapter"), 10);
        timeline.Apply(Of(1, 3)).ShouldBeTrue();
        timeline.Apply(Of(4, 6)).ShouldBeTrue();
        Should.Throw<InvalidDataException>(() => timeline.Apply(Of(8, 9)));
        Should.Throw<InvalidDataException>(() => timeline.Apply(Of(5, 9)));
        timeline.Apply(Of(1, 9)).ShouldBeTrue();
        timeline.DvrIndexBlocks.Select(indexBlock => (indexBlock.First, indexBlock.Last)).ShouldBe([(1, 9)]);
        (timeline.DvrFirstSegment, timeline.FirstSegment).ShouldBe((1, 10));
        timeline.Apply(new TimelineEvent.WindowMoved(12)).ShouldBeTrue();
        timeline.DvrIndexBlocks.ShouldBeEmpty("numbers between them and the window would be missing");
    }

    [Theory]
    [InlineData("off", 0)]
    [InlineData("0", 0)]
    [InlineData("90s", 90)]
    [InlineData("30m", 1800)]
    [InlineData("720m", 43_200)]
    [InlineData("12h", 43_200)]
    [InlineData("7d", 604_800)]
    [InlineData("all", -1)]
    public void DVR_window_is_parsed_and_formatted(string text, long seconds)
    {
        DvrWindow.TryParse(text, out var rewind).ShouldBeTrue();
        rewind.ShouldBe(seconds < 0 ? DvrWindow.All : TimeSpan.FromSeconds(seconds));
        DvrWindow.TryParse(DvrWindow.Format(rewind), out var again).ShouldBeTrue();
        again.ShouldBe(rewind);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("59s")]
    [InlineData("15d")]
    [InlineData("-1h")]
    [InlineData("1.5h")]
    [InlineData("99999999d")]
    [InlineData("1w")]
    [InlineData("h")]
    public void Invalid_DVR_window_is_rejected(string? text) => DvrWindow.TryParse(text, out _).ShouldBeFalse();
}
