using Broadcast.Media.Integrity;
using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Integrity;

public sealed class ObjectComparisonTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly ObjectName Name = ObjectName.Parse("live/main/01ARZ3NDEKTSV4RRFFQ69G5FAV/source/7.m4s");

    [Theory]
    [InlineData(true, true, false, 100, false, ObjectDifference.None)]
    [InlineData(true, false, false, 100, false, ObjectDifference.None)]
    [InlineData(true, true, false, 99, false, ObjectDifference.WrongLength)]
    [InlineData(true, true, false, 101, false, ObjectDifference.WrongLength)]
    [InlineData(false, true, false, 101, true, ObjectDifference.WrongLength)]
    [InlineData(false, false, true, 101, true, ObjectDifference.None)]
    [InlineData(false, false, true, 101, false, ObjectDifference.None)]
    [InlineData(false, false, false, 101, true, ObjectDifference.None)]
    [InlineData(false, false, false, 101, false, ObjectDifference.WrongLength)]
    [InlineData(true, false, true, 101, true, ObjectDifference.WrongLength)]
    [InlineData(false, false, true, 99, true, ObjectDifference.WrongLength)]
    public void Object_has_its_announced_length_unless_it_still_grows_in_the_spool(bool isOver, bool isStored, bool isOpen, long length,
        bool mayGrow, ObjectDifference difference)
    {
        var comparison = new ObjectComparison(new() { [Name] = new FoundObject(length, Now, isStored, isOpen) }, isOver);

        comparison.Compare(new ExpectedObject(Name, 100, ObjectKind.Segment, mayGrow), out var there).ShouldBe(difference);

        there.Length.ShouldBe(length);
        comparison.Unreferenced.ShouldBeEmpty();
    }

    [Fact]
    public void Announced_object_that_is_not_found_is_missing_and_an_unannounced_one_is_unreferenced()
    {
        var other = ObjectName.Parse("live/main/01ARZ3NDEKTSV4RRFFQ69G5FAV/source/8.m4s");
        var comparison = new ObjectComparison(new() { [other] = new FoundObject(5, Now, IsStored: true, IsOpen: false) }, isOver: true);

        comparison.Compare(new ExpectedObject(Name, 100, ObjectKind.Segment), out _).ShouldBe(ObjectDifference.Missing);

        comparison.Unreferenced.Keys.ShouldBe([other]);
    }

    [Theory]
    [InlineData(ObjectKind.SpriteSheet, ObjectDifference.None)]
    [InlineData(ObjectKind.Segment, ObjectDifference.Missing)]
    public void Only_a_sprite_sheet_may_be_referenced_twice(ObjectKind kind, ObjectDifference second)
    {
        var comparison = new ObjectComparison(new() { [Name] = new FoundObject(100, Now, IsStored: true, IsOpen: false) }, isOver: true);

        comparison.Compare(new ExpectedObject(Name, 100, kind), out _).ShouldBe(ObjectDifference.None);
        comparison.Compare(new ExpectedObject(Name, 100, kind), out _).ShouldBe(second);
    }

    [Theory]
    [InlineData("source/1.m4s", 0, false, false)]
    [InlineData("source/1.m4s", 2, false, true)]
    [InlineData("source/99.m4s", 48, false, false)]
    [InlineData("source/99.m4s", 48, true, true)]
    [InlineData("source/init-1.mp4", 48, true, false)]
    [InlineData("source/init-9.mp4", 48, true, true)]
    [InlineData("720p/3.m4s", 48, true, true)]
    [InlineData("posters/1000.jpg", 48, true, true)]
    [InlineData("stranger", 48, true, true)]
    public void Unreferenced_object_is_an_orphan_once_no_write_can_be_pending(string file, int hours, bool isOver, bool isOrphan)
    {
        var timeline = Timeline(isOver);
        var rules = new OrphanRules(timeline, Now);

        rules.IsOrphan(ObjectName.Parse(ObjectNames.Of(timeline.Session).MediaFolder + file), Now - TimeSpan.FromHours(hours))
            .ShouldBe(isOrphan);
    }

    [Theory]
    [InlineData("off", false, false, 1)]
    [InlineData("6h", false, false, 13)]
    [InlineData("6h", true, false, 1)]
    [InlineData("all", false, false, 49)]
    [InlineData("all", false, true, 1)]
    public void Minimum_orphan_age_includes_twice_the_DVR_window_unless_ended_or_recorded(string rewind, bool isRecorded,
        bool isOver, int hours)
    {
        DvrWindow.TryParse(rewind, out var length).ShouldBeTrue();
        var timeout = new OrphanRules(Timeline(isOver, session => session with { DvrWindow = length, IsRecorded = isRecorded }),
            Now).MinimumAge;

        timeout.ShouldBe(TimeSpan.FromHours(hours) + LatencyProfile.Standard.Window);
    }

    private static SessionTimeline Timeline(bool isOver, Func<BroadcastSession, BroadcastSession>? change = null)
    {
        var session = new BroadcastSession(ChannelName.Parse("main"), SessionId.Parse("01ARZ3NDEKTSV4RRFFQ69G5FAV"), 1,
            Now - TimeSpan.FromDays(1), LatencyProfile.Standard);
        var timeline = new SessionTimeline(change?.Invoke(session) ?? session);
        timeline.Apply(new TimelineEvent.RenditionAdded("source", TrackKind.Video));
        for (var init = 1; init <= 2; init++)
        {
            timeline.Apply(new TimelineEvent.InitReady(
                "source", init, new RenditionFormat(TrackKind.Video, "avc1.64001f", 90_000, 1280, 720, 25, 0, 0, null),
                ObjectName.Parse($"live/main/{session.Id}/source/init-{init}.mp4"), 700));
        }

        timeline.Apply(new TimelineEvent.PartReady("source", 1, 0, 2, new(0, 90_000), new(180_000, 90_000), true, Now,
            ObjectName.Parse($"live/main/{session.Id}/source/1.m4s"), 0, 100));
        if (isOver)
        {
            timeline.Apply(new TimelineEvent.Ended("over"));
        }

        return timeline;
    }
}
