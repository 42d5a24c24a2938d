using Broadcast.Media.Timeline;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Timeline;

/// <summary>Recorded sessions: the timeline keeps all media after the live window, and lists the DVR window.</summary>
public class RecordedTimelineTests
{
    private static readonly TimeSpan[] Rewinds = [DvrWindow.Off, TimeSpan.FromHours(1), DvrWindow.All];

    /// <summary>Thirty segments of two seconds.</summary>
    private static SessionTimeline Thirty(TimeSpan rewind)
    {
        var session = RandomTimeline.Session() with { DvrWindow = rewind, IsRecorded = true };
        var timeline = new SessionTimeline(session);
        timeline.Apply(new TimelineEvent.RenditionAdded("source", TrackKind.Video));
        timeline.Apply(RandomTimeline.Init("source", 1));
        for (var number = 1L; number <= 30; number++)
        {
            if (number % 10 == 5)
            {
                timeline.Apply(new TimelineEvent.Discontinuity(number));
            }

            timeline.Apply(RandomTimeline.Part("source", number, 0));
            timeline.Apply(new TimelineEvent.SegmentClosed("source", number));
        }

        return timeline;
    }

    private static IndexBlock Leave(SessionTimeline timeline, long last)
    {
        var indexBlock = IndexBlock.Of(timeline, last);
        timeline.Apply(indexBlock.Announce(Name(indexBlock.First, last), 10)).ShouldBeTrue();
        return indexBlock;
    }

    private static ObjectName Name(long first, long last) => ObjectName.Parse($"live/main/s/chapters/{first}-{last}.chapter");

    private static string Notified(SessionTimeline timeline) => RandomTimeline.Notify(timeline)
        + string.Join('\n', timeline.RetainedIndexBlocks.Select(c => $"{c with { Renditions = [] }} {string.Join(' ', c.Renditions)}"))
        + $"{timeline.DvrFirstSegment} {timeline.DvrDiscontinuitySequence} {timeline.OldestSegment} {timeline.RetainedDiscontinuitySequence}";

    [Fact]
    public void All_segments_behind_the_window_are_retained_and_those_in_the_DVR_window_are_listed()
    {
        foreach (var rewind in Rewinds)
        {
            var timeline = Thirty(rewind);
            Leave(timeline, 6);
            Leave(timeline, 12);
            Leave(timeline, 18);
            timeline.RetainedIndexBlocks.Select(indexBlock => indexBlock.First).ShouldBe([1, 7, 13]);
            (timeline.OldestSegment, timeline.RetainedDiscontinuitySequence, timeline.DiscontinuitySequence).ShouldBe((1, 0, 2));
            timeline.DvrIndexBlocks.Count.ShouldBe(rewind == DvrWindow.Off ? 0 : 3);
            timeline.DvrFirstSegment.ShouldBe(rewind == DvrWindow.Off ? 19 : 1);
            timeline.DvrDiscontinuitySequence.ShouldBe(rewind == DvrWindow.Off ? 2 : 0);

            if (rewind == TimeSpan.FromHours(1))
            {
                timeline.Apply(new TimelineEvent.DvrWindowMoved(13)).ShouldBeTrue();
                timeline.Apply(new TimelineEvent.DvrWindowMoved(13)).ShouldBeFalse();
                (timeline.DvrFirstSegment, timeline.DvrDiscontinuitySequence, timeline.RetainedIndexBlocks.Count).ShouldBe((13, 1, 3));
            }

            timeline.Find("source")!.FindInit(1).ShouldNotBeNull("what is kept needs it");
            Notified(RandomTimeline.Fold(timeline.Checkpoint())).ShouldBe(Notified(timeline), $"{rewind}");
        }
    }

    [Fact]
    public void Joined_index_blocks_replace_their_sources_at_any_position()
    {
        var timeline = Thirty(DvrWindow.Off);
        List<IndexBlock> indexBlocks = [Leave(timeline, 3), Leave(timeline, 6), Leave(timeline, 9), Leave(timeline, 12),
            Leave(timeline, 15)];
        var ready = IndexBlock.Join([indexBlocks[1], indexBlocks[2], indexBlocks[3]]).Announce(Name(4, 12), 30);
        timeline.Apply(ready).ShouldBeTrue();
        timeline.RetainedIndexBlocks.Select(indexBlock => (indexBlock.First, indexBlock.Last)).ShouldBe([(1, 3), (4, 12), (13, 15)]);
        timeline.FirstSegment.ShouldBe(16);
        timeline.RetainedDiscontinuitySequence.ShouldBe(0);
        timeline.Apply(ready).ShouldBeFalse();
        timeline.Apply(indexBlocks[2].Announce(Name(7, 9), 10)).ShouldBeFalse("it is in another one");
        timeline.Apply(IndexBlock.Join([indexBlocks[0], indexBlocks[1]]).Announce(Name(1, 6), 10))
            .ShouldBeFalse("it ends inside another one");
        Notified(RandomTimeline.Fold(timeline.Checkpoint())).ShouldBe(Notified(timeline));
    }

    [Fact]
    public void Sprite_sheet_is_only_in_the_index_block_of_its_segments()
    {
        var timeline = Thirty(DvrWindow.Off);
        foreach (var start in new[] { 0, 10_000, 20_000, 30_000 })
        {
            timeline.Apply(RandomTimeline.Sheet(start)).ShouldBeTrue();
        }

        Leave(timeline, 4).SpriteSheets.ShouldBeEmpty("the first sheet ends at 10 s, and the window begins at 8");
        Leave(timeline, 10).SpriteSheets.Select(sheet => sheet.Start.Ticks).ShouldBe([0, 10_000]);
        Leave(timeline, 29).SpriteSheets.Select(sheet => sheet.Start.Ticks).ShouldBe([20_000], "the newest stays");
        timeline.SpriteSheets.Select(sheet => sheet.Start.Ticks).ShouldBe([30_000]);
        var unrecorded = new SessionTimeline(RandomTimeline.Session() with { DvrWindow = TimeSpan.FromHours(1) });
        foreach (var @event in timeline.Checkpoint().Skip(1).Where(e => e is not TimelineEvent.IndexBlockReady))
        {
            unrecorded.Apply(@event);
        }

        IndexBlock.Of(unrecorded, 30).SpriteSheets.ShouldBeEmpty();
    }

    [Fact]
    public void Window_that_skips_ahead_retains_earlier_segments_without_listing_them()
    {
        var timeline = Thirty(DvrWindow.All);
        Leave(timeline, 12);
        timeline.Apply(new TimelineEvent.WindowMoved(1000)).ShouldBeTrue();
        (timeline.RetainedIndexBlocks.Count, timeline.DvrIndexBlocks.Count, timeline.DvrFirstSegment).ShouldBe((1, 0, 1000));
        timeline.Apply(RandomTimeline.Part("source", 1000, 0)).ShouldBeTrue();
        timeline.Apply(new TimelineEvent.SegmentClosed("source", 1000));
        Leave(timeline, 1000);
        (timeline.RetainedIndexBlocks.Count, timeline.DvrFirstSegment).ShouldBe((2, 1000));
        Notified(RandomTimeline.Fold(timeline.Checkpoint())).ShouldBe(Notified(timeline));
    }

    [Fact]
    public void Open_segments_of_a_killed_process_are_closed_and_missing_rendition_segments_become_gaps()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var timeline = RandomTimeline.Fold(RandomTimeline.Random(seed));
            var before = timeline.LastSegment;
            TimelineNormalizer.Normalize(timeline);
            timeline.LastSegment.ShouldBe(before);
            foreach (var rendition in timeline.Renditions.Where(rendition => rendition.Segments.Count > 0 && !timeline.IsEnded))
            {
                rendition.Open.ShouldBeNull($"seed {seed}");
                rendition.Segments[^1].Number.ShouldBe(before, $"seed {seed}");
            }
        }
    }
}
