using Broadcast.Media.Timeline;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Timeline;

/// <summary>Journals whose index blocks are listed in an object of their own.</summary>
public class IndexBlockListTests
{
    private const int Segments = 200;

    private static readonly (bool IsRecorded, TimeSpan Window)[] Kinds =
    [
        (true, DvrWindow.Off), (true, TimeSpan.FromHours(1)), (true, DvrWindow.All),
        (false, TimeSpan.FromHours(1)), (false, DvrWindow.All),
    ];

    private static SessionTimeline Start(bool isRecorded, TimeSpan window)
    {
        var timeline = new SessionTimeline(RandomTimeline.Session() with { DvrWindow = window, IsRecorded = isRecorded });
        timeline.Apply(new TimelineEvent.RenditionAdded("source", TrackKind.Video));
        timeline.Apply(RandomTimeline.Init("source", 1));
        for (var number = 1L; number <= Segments; number++)
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

    private static ObjectName Name(long first, long last) => ObjectName.Parse($"live/main/s/chapters/{first}-{last}.chapter");

    /// <summary>Moves the window past index blocks of one segment each.</summary>
    private static List<IndexBlock> Leave(SessionTimeline timeline, int count)
    {
        var blocks = new List<IndexBlock>();
        for (; count > 0; count--)
        {
            var block = IndexBlock.Of(timeline, timeline.FirstSegment);
            timeline.Apply(block.Announce(Name(block.First, block.Last), 10)).ShouldBeTrue();
            blocks.Add(block);
        }

        return blocks;
    }

    private static byte[] List(SessionTimeline timeline)
    {
        var (bytes, reference) = IndexBlockListFile.Write(timeline);
        timeline.Apply(reference).ShouldBeTrue();
        timeline.UnlistedIndexBlocks.ShouldBe(0);
        return bytes;
    }

    private static string Notified(SessionTimeline timeline) => RandomTimeline.Notify(timeline)
        + string.Join('\n', timeline.RetainedIndexBlocks.Select(c => $"{c with { Renditions = [] }} {string.Join(' ', c.Renditions)}"))
        + $"{timeline.DvrFirstSegment} {timeline.DvrDiscontinuitySequence} {timeline.OldestSegment} {timeline.RetainedDiscontinuitySequence}";

    private static JournalFile Journal(SessionTimeline timeline) => JournalFile.Read(
        JournalFile.Preamble(timeline.Session.Channel, timeline.Session.Id, 1, 1, timeline.JournalCheckpoint())).ShouldNotBeNull();

    private static async Task<SessionTimeline> ReplayAsync(JournalFile file, byte[]? list) =>
        (await file.WithIndexBlocksAsync((_, _) => Task.FromResult(list))).ShouldNotBeNull().BuildTimeline();

    [Fact]
    public async Task Journal_contains_only_index_blocks_that_the_list_lacks()
    {
        foreach (var (isRecorded, window) in Kinds)
        {
            var timeline = Start(isRecorded, window);
            Leave(timeline, 50);
            var bytes = List(timeline);
            Leave(timeline, 3);
            var file = Journal(timeline);

            file.Events.OfType<TimelineEvent.IndexBlockReady>().Select(block => block.First).ShouldBe([51, 52, 53]);
            file.IndexBlockList.ShouldBe(timeline.StoredIndexBlockList);
            var replayed = await ReplayAsync(file, bytes);
            Notified(replayed).ShouldBe(Notified(timeline), $"{isRecorded} {window}");
            replayed.JournalCheckpoint().ShouldBe(timeline.JournalCheckpoint());
            timeline.Checkpoint().OfType<TimelineEvent.IndexBlocksListed>().ShouldBeEmpty();
            Notified(RandomTimeline.Fold(timeline.Checkpoint())).ShouldBe(Notified(timeline));
        }
    }

    [Fact]
    public async Task Joined_index_blocks_replace_listed_ones_and_others()
    {
        foreach (var (isRecorded, window) in Kinds)
        {
            var timeline = Start(isRecorded, window);
            var first = Leave(timeline, 50);
            var bytes = List(timeline);
            var next = Leave(timeline, 10);
            foreach (var joined in (IndexBlock[])[IndexBlock.Join(first[10..20]), IndexBlock.Join([.. first[40..], .. next[..5]])])
            {
                timeline.Apply(joined.Announce(Name(joined.First, joined.Last), 20)).ShouldBeTrue();
            }

            var file = Journal(timeline);
            file.Events.OfType<TimelineEvent.IndexBlockReady>().Select(block => (block.First, block.Last))
                .ShouldBe([(11, 20), (41, 55), (56, 56), (57, 57), (58, 58), (59, 59), (60, 60)]);
            Notified(await ReplayAsync(file, bytes)).ShouldBe(Notified(timeline), $"{isRecorded} {window}");
        }
    }

    [Fact]
    public async Task Listed_index_blocks_that_left_the_DVR_window_are_not_restored()
    {
        foreach (var (isRecorded, window) in Kinds.Where(kind => kind.Window == TimeSpan.FromHours(1)))
        {
            var timeline = Start(isRecorded, window);
            Leave(timeline, 50);
            var bytes = List(timeline);
            Leave(timeline, 10);
            timeline.Apply(new TimelineEvent.DvrWindowMoved(31)).ShouldBeTrue();
            var replayed = await ReplayAsync(Journal(timeline), bytes);
            Notified(replayed).ShouldBe(Notified(timeline));
            replayed.DvrFirstSegment.ShouldBe(31);
            replayed.OldestSegment.ShouldBe(isRecorded ? 1 : 31);

            timeline.Apply(new TimelineEvent.DvrWindowMoved(56)).ShouldBeTrue();
            var file = Journal(timeline);
            file.IndexBlockList.ShouldBe(isRecorded ? timeline.StoredIndexBlockList : null, "nothing of the list remains");
            Notified(await ReplayAsync(file, bytes)).ShouldBe(Notified(timeline));
        }
    }

    [Fact]
    public void Timeline_that_lost_a_listed_index_block_does_not_refer_to_the_list()
    {
        var timeline = Start(isRecorded: true, DvrWindow.Off);
        Leave(timeline, 50);
        List(timeline);
        var damaged = new SessionTimeline(timeline.Session);
        damaged.InheritStoredIndexBlockList(timeline);
        foreach (var @event in timeline.Checkpoint().Where(@event => @event is not TimelineEvent.IndexBlockReady { First: 20 }))
        {
            damaged.Apply(@event);
        }

        damaged.UnlistedIndexBlocks.ShouldBe(49);
        damaged.JournalCheckpoint().ShouldBe(damaged.Checkpoint());
        timeline.UnlistedIndexBlocks.ShouldBe(0);
    }

    [Fact]
    public async Task Journal_without_its_list_is_not_read()
    {
        var timeline = Start(isRecorded: true, DvrWindow.Off);
        Leave(timeline, 40);
        var bytes = List(timeline);
        var file = Journal(timeline);
        Should.Throw<InvalidDataException>(() => file.BuildTimeline());
        foreach (var damaged in (byte[]?[])[null, [], bytes[..^1], [.. bytes, (byte)'\n'], [(byte)'{', .. bytes[..^1]]])
        {
            (await file.WithIndexBlocksAsync((_, _) => Task.FromResult(damaged))).ShouldBeNull();
        }

        Notified(await ReplayAsync(file, bytes)).ShouldBe(Notified(timeline));
    }

    [Fact]
    public async Task Journal_cannot_refer_to_objects_of_other_sessions()
    {
        var timeline = Start(isRecorded: true, DvrWindow.Off);
        Leave(timeline, 40);
        var bytes = List(timeline);
        var file = Journal(timeline) with { Channel = ChannelName.Parse("other") };
        (await file.WithIndexBlocksAsync((_, _) => Task.FromResult<byte[]?>(bytes))).ShouldBeNull();
    }
}
