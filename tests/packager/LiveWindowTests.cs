using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Packager.Sessions;

namespace Broadcast.Packager.Tests;

public class LiveWindowTests
{
    /// <summary>
    /// Creates a session of one rendition with complete segments of these durations in seconds, and optionally an open one.
    /// </summary>
    private static SessionTimeline Timeline(LatencyProfile latency, double[] seconds, bool hasOpen = false)
    {
        var timeline = new SessionTimeline(Encoder.Session() with { Latency = latency });
        timeline.Apply(new TimelineEvent.RenditionAdded("source", TrackKind.Video));
        timeline.Apply(new TimelineEvent.InitReady("source", 1, new(TrackKind.Video, "avc1.640028", 90_000, 1920, 1080, 30, 0, 0, null),
            ObjectName.Parse("live/main/s/source/init1.mp4"), 700));
        var (number, start) = (0L, 0L);
        foreach (var length in hasOpen ? [.. seconds, 2] : seconds)
        {
            var duration = (long)(length * 90_000);
            timeline.Apply(new TimelineEvent.PartReady(
                "source", ++number, 0, 1, new(start, 90_000), new(duration, 90_000), true, timeline.Session.StartedAt,
                ObjectName.Parse($"live/main/s/source/{number}.m4s"), 0, 1000));
            start += duration;
            if (number <= seconds.Length)
            {
                timeline.Apply(new TimelineEvent.SegmentClosed("source", number));
            }
        }

        return timeline;
    }

    private static long FirstNeeded(SessionTimeline timeline) => LiveWindow.GetFirstNeeded(timeline, timeline.Find("source")!);

    [Fact]
    public void Window_that_is_not_full_needs_all_its_segments()
    {
        FirstNeeded(Timeline(LatencyProfile.Standard, [])).ShouldBe(1);
        FirstNeeded(Timeline(LatencyProfile.Standard, [.. Enumerable.Repeat(2.0, 30)])).ShouldBe(1);
    }

    [Fact]
    public void Segment_is_not_needed_when_later_segments_fill_the_window()
    {
        FirstNeeded(Timeline(LatencyProfile.Standard, [.. Enumerable.Repeat(2.0, 31)])).ShouldBe(2);
        FirstNeeded(Timeline(LatencyProfile.Standard, [59, 2, 58])).ShouldBe(2, "2 s and 58 s fill it");
        FirstNeeded(Timeline(LatencyProfile.Standard, [59, 2, 57.9])).ShouldBe(1);
    }

    [Fact]
    public void Open_segment_does_not_count_towards_the_window() =>
        FirstNeeded(Timeline(LatencyProfile.Standard, [.. Enumerable.Repeat(2.0, 30)], hasOpen: true)).ShouldBe(1);

    [Fact]
    public void Short_window_still_has_three_target_durations()
    {
        var hasty = LatencyProfile.Standard with { Window = TimeSpan.FromSeconds(1) };

        FirstNeeded(Timeline(hasty, [3, 3, 3])).ShouldBe(1);
        FirstNeeded(Timeline(hasty, [3, 3, 3, 3])).ShouldBe(2);
    }

    [Fact]
    public void Window_continues_from_its_current_position()
    {
        var timeline = Timeline(LatencyProfile.Standard, [.. Enumerable.Repeat(2.0, 33)]);
        timeline.Apply(new TimelineEvent.WindowMoved(3));
        FirstNeeded(timeline).ShouldBe(4);
    }
}
