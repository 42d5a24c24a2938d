using Broadcast.Media.Timeline;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Timeline;

/// <summary>Slate at a session's end in the timeline, which determines the end of the recording.</summary>
public class SlateTimelineTests
{
    private static SessionTimeline Begun(params TimelineEvent[] events) =>
        RandomTimeline.Fold([new TimelineEvent.Started(RandomTimeline.Session()), new TimelineEvent.RenditionAdded("v", TrackKind.Video),
            RandomTimeline.Init("v", 1), .. events]);

    private static TimelineEvent Slate(long segment) => new TimelineEvent.Discontinuity(segment, IsSlate: true);

    [Fact]
    public void Slate_is_at_the_end_until_an_encoder_returns()
    {
        var timeline = Begun(RandomTimeline.Part("v", 1, 0), RandomTimeline.Part("v", 2, 0));
        timeline.Slate.ShouldBeNull();
        timeline.Apply(Slate(3)).ShouldBeTrue();
        timeline.Slate.ShouldBeNull("nothing of it is there");
        timeline.Apply(RandomTimeline.Part("v", 3, 0));
        var slate = new TimelineSlate(3, RandomTimeline.At(3), RandomTimeline.Start + RandomTimeline.At(3).ToTimeSpan());
        timeline.Slate.ShouldBe(slate);
        timeline.Apply(RandomTimeline.Part("v", 4, 0));
        timeline.Apply(Slate(5));
        timeline.Apply(RandomTimeline.Part("v", 5, 0));
        timeline.Slate.ShouldBe(slate, "a run of the slate that follows another is the same slate");

        timeline.Apply(new TimelineEvent.Discontinuity(6));
        timeline.Slate.ShouldBeNull();
        timeline.Apply(RandomTimeline.Part("v", 6, 0));
        timeline.Apply(Slate(7));
        timeline.Apply(RandomTimeline.Part("v", 7, 0));
        timeline.Apply(new TimelineEvent.Ended("nobody came back"));
        timeline.Slate!.First.ShouldBe(7);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Later_of_two_discontinuities_for_a_segment_without_media_applies(bool slateLast)
    {
        var timeline = Begun(RandomTimeline.Part("v", 1, 0), RandomTimeline.Part("v", 2, 0));
        var (first, second) = (new TimelineEvent.Discontinuity(3, IsSlate: !slateLast),
            new TimelineEvent.Discontinuity(3, IsSlate: slateLast));
        timeline.Apply(first).ShouldBeTrue();
        timeline.Apply(second).ShouldBeTrue("it says something else");
        timeline.Apply(second).ShouldBeFalse("it says nothing new");
        timeline.Apply(RandomTimeline.Part("v", 3, 0));

        (timeline.Slate is not null).ShouldBe(slateLast);
        timeline.Apply(first).ShouldBeFalse("its segment is there");
        RandomTimeline.Fold(timeline.Checkpoint()).Slate.ShouldBe(timeline.Slate);
    }

    [Fact]
    public void Checkpoint_preserves_the_slate_with_any_start_and_before_its_first_segment()
    {
        var timeline = Begun(RandomTimeline.Part("v", 1, 0), new TimelineEvent.Discontinuity(2), RandomTimeline.Part("v", 2, 0), Slate(3));
        var pending = RandomTimeline.Fold(timeline.Checkpoint());
        pending.Apply(RandomTimeline.Part("v", 3, 0));
        pending.Slate!.First.ShouldBe(3);

        timeline.Apply(RandomTimeline.Part("v", 3, 0));
        for (var number = 4L; number <= 9; number++)
        {
            timeline.Apply(number == 7 ? Slate(number) : new TimelineEvent.SegmentClosed("v", number - 1));
            timeline.Apply(RandomTimeline.Part("v", number, 0));
            RandomTimeline.Fold(timeline.Checkpoint()).Slate.ShouldBe(timeline.Slate);
        }

        timeline.Slate!.First.ShouldBe(3);
        timeline.Apply(new TimelineEvent.WindowMoved(5));
        var folded = RandomTimeline.Fold(timeline.Checkpoint());
        folded.Slate.ShouldBe(timeline.Slate, "it began before the live window");
        RandomTimeline.Notify(folded).ShouldBe(RandomTimeline.Notify(timeline));
        folded.Apply(new TimelineEvent.Discontinuity(10)).ShouldBeTrue();
        folded.Slate.ShouldBeNull();
        folded.Checkpoint().OfType<TimelineEvent.Discontinuity>().ShouldAllBe(run => !run.IsSlate);
    }

    [Fact]
    public void Replayed_checkpoint_does_not_restore_a_slate()
    {
        var timeline = Begun(RandomTimeline.Part("v", 1, 0), Slate(2), RandomTimeline.Part("v", 2, 0));
        var before = timeline.Checkpoint();
        timeline.Apply(new TimelineEvent.Discontinuity(3));
        timeline.Apply(RandomTimeline.Part("v", 3, 0));
        foreach (var @event in before)
        {
            timeline.Apply(@event).ShouldBeFalse(@event.ToString());
        }

        timeline.Slate.ShouldBeNull();
    }

    [Fact]
    public void Gaps_belong_to_the_slate_like_segments() =>
        Begun(RandomTimeline.Part("v", 1, 0), Slate(2), new TimelineEvent.SegmentGap("v", 2, 1, RandomTimeline.At(2), new(180_000, 90_000),
            RandomTimeline.Start)).Slate!.First.ShouldBe(2);
}
