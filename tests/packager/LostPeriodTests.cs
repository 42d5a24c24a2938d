using System.Collections.Frozen;
using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Packager.Sessions;
using static Broadcast.Packager.Tests.Encoder;

namespace Broadcast.Packager.Tests;

/// <summary>Events that contradict the timeline, which only a defect or a damaged journal can cause.</summary>
public class LostPeriodTests
{
    [Fact]
    public async Task Event_that_contradicts_the_timeline_costs_the_rest_of_its_period_and_not_the_session()
    {
        using var packager = await new PackagerHarness().StartAsync();
        var session = Session();
        var timeline = new SessionTimeline(session);
        var writer = new SessionTimelineWriter(packager.Stage.Context, timeline, [], isNew: true, maxUsedNumber: 0,
            FrozenDictionary<ObjectName, byte[]>.Empty, new DeferredDeletions(packager.Stage.Context), () => { });
        writer.BeginPublication(session, [Source, AudioTrack], isSlate: false);
        var first = Story.Segmenter();
        Add(Story.Of(first, Interleave(VideoFrames(5, 60), Frames(5)), finish: false));
        writer.Commit();
        var before = timeline.LastSegment;

        writer.Add(new TimelineEvent.SegmentClosed("nothing", 1));
        Add(Story.Of(first, []));
        writer.Commit();
        writer.TakeLostPeriod().ShouldBeTrue();
        timeline.Renditions.Select(rendition => rendition.Open).ShouldAllBe(open => open == null);
        timeline.Renditions.Select(rendition => rendition.Segments[^1].Number).Distinct().ShouldHaveSingleItem().ShouldBe(before);

        Add(Story.Of(Story.Segmenter(null, writer.GetSegmenterStart()), Interleave(VideoFrames(4, 60, from: 6), Frames(4, from: 6))));
        writer.Commit();
        writer.TakeLostPeriod().ShouldBeFalse();
        timeline.LastSegment.ShouldBe(before + 2);
        packager.Timeline(session).Checkpoint().Count.ShouldBe(timeline.Checkpoint().Count, "everything is announced");
        packager.Timeline(session).LastSegment.ShouldBe(timeline.LastSegment);

        void Add(Story story)
        {
            foreach (var cut in story.Cuts)
            {
                writer.Add(cut);
            }
        }
    }
}
