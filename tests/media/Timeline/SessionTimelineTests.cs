using System.Text;
using Broadcast.Media.Timeline;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Timeline;

public sealed class SessionTimelineTests
{
    private const int Stories = 1500;

    [Fact]
    public void Checkpoint_folded_from_scratch_yields_an_equal_timeline_at_every_moment()
    {
        for (var seed = 0; seed < Stories; seed++)
        {
            var timeline = new SessionTimeline(RandomTimeline.Session());
            foreach (var @event in RandomTimeline.Random(seed))
            {
                timeline.Apply(@event);
                if (@event is TimelineEvent.WindowMoved or TimelineEvent.Ended or TimelineEvent.InitReady or TimelineEvent.Started)
                {
                    RandomTimeline.Notify(RandomTimeline.Fold(timeline.Checkpoint()))
                        .ShouldBe(RandomTimeline.Notify(timeline), $"seed {seed}, after {@event}");
                }
            }

            RandomTimeline.Notify(RandomTimeline.Fold(timeline.Checkpoint())).ShouldBe(RandomTimeline.Notify(timeline), $"seed {seed}");
        }
    }

    [Fact]
    public void Events_after_a_checkpoint_have_the_same_effect_as_without_it()
    {
        for (var seed = 0; seed < Stories; seed++)
        {
            var events = RandomTimeline.Random(seed);
            var cut = new Random(seed).Next(1, events.Count + 1);
            var resumed = RandomTimeline.Fold(RandomTimeline.Fold(events.Take(cut)).Checkpoint());
            events.Skip(cut).ToList().ForEach(@event => resumed.Apply(@event));
            RandomTimeline.Notify(resumed).ShouldBe(RandomTimeline.Notify(RandomTimeline.Fold(events)), $"seed {seed}, cut at {cut}");
        }
    }

    [Fact]
    public void Replaying_any_past_events_changes_nothing()
    {
        for (var seed = 0; seed < Stories; seed++)
        {
            var random = new Random(seed);
            var events = RandomTimeline.Random(seed);
            var cut = random.Next(1, events.Count + 1);
            var timeline = RandomTimeline.Fold(events.Take(cut));
            var (told, version) = (RandomTimeline.Notify(timeline), timeline.Version);
            foreach (var @event in events.Take(cut).Skip(random.Next(cut)).Concat(timeline.Checkpoint()))
            {
                timeline.Apply(@event).ShouldBeFalse($"seed {seed}: {@event}");
            }

            RandomTimeline.Notify(timeline).ShouldBe(told, $"seed {seed}");
            timeline.Version.ShouldBe(version);
        }
    }

    [Fact]
    public void Discontinuities_are_marked_inside_the_window_and_counted_behind_it()
    {
        for (var seed = 0; seed < Stories; seed++)
        {
            var events = RandomTimeline.Random(seed);
            var timeline = RandomTimeline.Fold(events);
            var said = events.OfType<TimelineEvent.Discontinuity>().Select(d => d.Segment).ToHashSet();
            timeline.DiscontinuitySequence.ShouldBe(said.Count(number => number < timeline.FirstSegment), $"seed {seed}");
            timeline.Discontinuities.ToList().ShouldBe([.. said.Where(number => number >= timeline.FirstSegment).Order()], $"seed {seed}");
            foreach (var segment in timeline.Renditions.SelectMany(rendition => rendition.Segments))
            {
                segment.Discontinuity.ShouldBe(said.Contains(segment.Number), $"seed {seed}");
            }
        }
    }

    [Fact]
    public void Every_segment_in_the_window_has_its_init_and_is_found_by_its_number()
    {
        for (var seed = 0; seed < Stories; seed++)
        {
            foreach (var rendition in RandomTimeline.Fold(RandomTimeline.Random(seed)).Renditions)
            {
                foreach (var segment in rendition.Segments)
                {
                    rendition.FindInit(segment.Init).ShouldNotBeNull($"seed {seed}");
                    rendition.Find(segment.Number).ShouldBeSameAs(segment);
                }
            }
        }
    }

    [Fact]
    public void Late_captions_are_added_to_the_newest_init_and_never_removed()
    {
        var timeline = Begun();
        var (plain, captioned) = (Captioned(null), Captioned("CC1"));
        timeline.Apply(plain).ShouldBeFalse();
        timeline.Apply(captioned).ShouldBeTrue();
        timeline.Apply(Captioned("SERVICE1")).ShouldBeTrue();
        timeline.Find("v")!.Init!.Format.Captions.ShouldBe("CC1 SERVICE1");

        timeline.Apply(plain).ShouldBeFalse();
        timeline.Apply(captioned).ShouldBeFalse();
        RandomTimeline.Notify(RandomTimeline.Fold(timeline.Checkpoint())).ShouldBe(RandomTimeline.Notify(timeline));
        timeline.Find("v")!.Inits.ShouldHaveSingleItem().Format.Captions.ShouldBe("CC1 SERVICE1");

        static TimelineEvent.InitReady Captioned(string? captions) =>
            RandomTimeline.Init("v", 1) is var init ? init with { Format = init.Format with { Captions = captions } } : init;
    }

    [Fact]
    public void Part_opens_its_segment_and_the_next_segment_closes_it()
    {
        var timeline = Begun();
        timeline.Apply(RandomTimeline.Part("v", 1, 0));
        var first = timeline.Find("v")!.Open.ShouldNotBeNull();
        timeline.Apply(RandomTimeline.Part("v", 1, 1, independent: false));
        (first.Duration, first.Length, first.Independent, first.Parts.Count).ShouldBe((new MediaTime(90_000, 90_000), 2000L, true, 2));
        timeline.Find("v")!.Closed.Length.ShouldBe(0);

        timeline.Apply(RandomTimeline.Part("v", 2, 0));

        first.IsClosed.ShouldBeTrue();
        timeline.Find("v")!.Open!.Number.ShouldBe(2);
        timeline.Find("v")!.Closed.ToArray().ShouldBe([first]);
        timeline.LastSegment.ShouldBe(2);
        timeline.Apply(RandomTimeline.Part("v", 1, 2)).ShouldBeFalse("segment 1 is closed");
    }

    [Fact]
    public void Gap_is_a_closed_segment_of_known_duration_without_bytes()
    {
        var timeline = Begun();
        timeline.Apply(new TimelineEvent.SegmentGap("v", 1, 1, RandomTimeline.At(1), new(180_000, 90_000), RandomTimeline.Start))
            .ShouldBeTrue();
        var gap = timeline.Find("v")!.Segments[0];
        (gap.IsGap, gap.IsClosed, gap.Object, gap.Length, gap.Parts.Count, gap.Independent).ShouldBe((true, true, default, 0L, 0, false));
        gap.End.ShouldBe(new MediaTime(180_000, 90_000));
        timeline.Find("v")!.Open.ShouldBeNull();
        timeline.Apply(RandomTimeline.Part("v", 1, 0)).ShouldBeFalse("nothing comes into a gap");
        timeline.Apply(RandomTimeline.Part("v", 2, 0)).ShouldBeTrue();
    }

    [Fact]
    public void Window_removes_old_segments_and_inits_but_keeps_the_newest_init()
    {
        var timeline = Begun();
        timeline.Apply(RandomTimeline.Part("v", 1, 0));
        timeline.Apply(RandomTimeline.Init("v", 2));
        timeline.Apply(RandomTimeline.Part("v", 2, 0, init: 2));
        timeline.Apply(new TimelineEvent.WindowMoved(2)).ShouldBeTrue();
        timeline.Find("v")!.Inits.Select(init => init.Number).ShouldBe([2]);
        timeline.Find("v")!.Find(1).ShouldBeNull();
        timeline.Apply(new TimelineEvent.WindowMoved(2)).ShouldBeFalse();
        timeline.Apply(new TimelineEvent.WindowMoved(1)).ShouldBeFalse("a window never goes back");
        timeline.Apply(new TimelineEvent.WindowMoved(9)).ShouldBeTrue();
        timeline.Find("v")!.Segments.ShouldBeEmpty();
        timeline.Find("v")!.Init!.Number.ShouldBe(2);
        timeline.LastSegment.ShouldBe(8);
        timeline.Apply(RandomTimeline.Part("v", 8, 0, init: 2)).ShouldBeFalse();
        timeline.Apply(RandomTimeline.Part("v", 9, 0, init: 2)).ShouldBeTrue();
    }

    [Fact]
    public void Old_init_needed_by_the_window_survives_a_checkpoint()
    {
        var timeline = Begun();
        timeline.Apply(RandomTimeline.Part("v", 1, 0));
        timeline.Apply(RandomTimeline.Part("v", 2, 0));
        timeline.Apply(RandomTimeline.Init("v", 2));
        timeline.Apply(new TimelineEvent.WindowMoved(2));
        RandomTimeline.Fold(timeline.Checkpoint()).Find("v")!.Inits.Select(init => init.Number).ShouldBe([1, 2]);
    }

    [Fact]
    public void Earlier_init_used_again_is_the_current_one_and_stays_as_long_as_the_window_needs_it()
    {
        var timeline = Begun();
        timeline.Apply(RandomTimeline.Part("v", 1, 0));
        timeline.Apply(RandomTimeline.Init("v", 2));
        timeline.Apply(RandomTimeline.Part("v", 2, 0, init: 2));
        timeline.Apply(RandomTimeline.Part("v", 3, 0, init: 1)).ShouldBeTrue();
        timeline.Find("v")!.Init!.Number.ShouldBe(1);
        timeline.Apply(RandomTimeline.Init("v", 3));
        timeline.Apply(RandomTimeline.Part("v", 4, 0, init: 3));

        timeline.Apply(new TimelineEvent.WindowMoved(3));
        timeline.Find("v")!.Inits.Select(init => init.Number).ShouldBe([1, 3], "no segment of init 2 is in the window");
        RandomTimeline.Notify(RandomTimeline.Fold(timeline.Checkpoint())).ShouldBe(RandomTimeline.Notify(timeline));
        timeline.Apply(new TimelineEvent.WindowMoved(4));
        timeline.Find("v")!.Inits.Select(init => init.Number).ShouldBe([3]);
        timeline.Find("v")!.FindInit(1).ShouldBeNull();
    }

    [Fact]
    public void Removed_init_returns_with_the_segment_that_uses_it_and_not_by_its_announcement_alone()
    {
        var timeline = Begun();
        timeline.Apply(RandomTimeline.Part("v", 1, 0));
        timeline.Apply(RandomTimeline.Init("v", 2));
        timeline.Apply(RandomTimeline.Part("v", 2, 0, init: 2));
        timeline.Apply(new TimelineEvent.WindowMoved(2));
        Should.Throw<InvalidDataException>(() => timeline.Apply(RandomTimeline.Part("v", 3, 0, init: 1)));

        timeline.Apply(RandomTimeline.Init("v", 1)).ShouldBeFalse();
        timeline.Find("v")!.Inits.Select(init => init.Number).ShouldBe([2]);
        timeline.Apply(RandomTimeline.Part("v", 3, 0, init: 1)).ShouldBeTrue();
        timeline.Find("v")!.Inits.Select(init => init.Number).ShouldBe([1, 2]);
    }

    [Fact]
    public void Discontinuity_is_accepted_only_for_a_segment_that_has_not_started()
    {
        var timeline = Begun();
        timeline.Apply(RandomTimeline.Part("v", 1, 0));
        timeline.Apply(new TimelineEvent.Discontinuity(1)).ShouldBeFalse();
        timeline.Apply(new TimelineEvent.Discontinuity(2)).ShouldBeTrue();
        timeline.Apply(new TimelineEvent.Discontinuity(2)).ShouldBeFalse();
    }

    [Fact]
    public void Checkpoint_does_not_grow_with_discontinuities_that_left_the_window()
    {
        var timeline = Begun();
        var early = (Events: 0, Bytes: 0);
        for (var segment = 1; segment <= 90_000; segment++)
        {
            timeline.Apply(new TimelineEvent.Discontinuity(segment)).ShouldBeTrue();
            timeline.Apply(RandomTimeline.Part("v", segment, 0));
            timeline.Apply(new TimelineEvent.WindowMoved(Math.Max(1, segment - 9)));
            if (segment == 20_000)
            {
                early = Size();
            }
        }

        timeline.DiscontinuitySequence.ShouldBe(89_990);
        Size().ShouldBe(early, "segment numbers have five digits at both times");
        RandomTimeline.Notify(RandomTimeline.Fold(timeline.Checkpoint())).ShouldBe(RandomTimeline.Notify(timeline));

        // The times of parts get more digits.
        (int Events, int Bytes) Size() => (timeline.Checkpoint().Count,
            timeline.Checkpoint().Where(@event => @event is not TimelineEvent.PartReady)
                .Sum(@event => TimelineJson.Serialize(@event).Length));
    }

    [Fact]
    public void Checkpoint_of_an_older_version_with_a_line_for_each_past_discontinuity_is_read()
    {
        const string text = """
            {"journal":1,"channel":"main","session":"01ARZ3NDEKTSV4RRFFQ69G5FAV","epoch":1,"number":7,"checkpoint":10}
            {"type":"started","session":{"channel":"main","id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","epoch":1,"startedAt":"2026-03-01T12:00:00+00:00","latency":{"name":"standard","segmentMinimum":"00:00:02","targetDuration":"00:00:03","partTarget":"00:00:01","window":"00:01:00"}}}
            {"type":"discontinuity","segment":17}
            {"type":"discontinuity","segment":18}
            {"type":"discontinuity","segment":19}
            {"type":"window","firstSegment":20}
            {"type":"rendition","rendition":"v","kind":"Video","place":0}
            {"type":"init","rendition":"v","init":1,"format":{"kind":"Video","codecs":"avc1.640028","timescale":90000,"width":1920,"height":1080,"frameRate":30,"sampleRate":0,"channels":0,"language":null},"object":"live/main/s/v/init1.mp4","length":701}
            {"type":"discontinuity","segment":20}
            {"type":"part","rendition":"v","segment":20,"part":0,"init":1,"start":"3420000/90000","duration":"45000/90000","independent":true,"wallClock":"2026-03-01T12:00:38+00:00","object":"live/main/s/v/20.mp4","offset":0,"length":1000}
            {"type":"segment","rendition":"v","segment":20}
            {"type":"discontinuity","segment":21}
            {"type":"window","firstSegment":21}

            """;
        var timeline = JournalFile.Read(Encoding.UTF8.GetBytes(text)).ShouldNotBeNull().BuildTimeline();
        (timeline.DiscontinuitySequence, timeline.FirstSegment).ShouldBe((4, 21));
        timeline.Discontinuities.ShouldBe([21]);

        var written = JournalFile.Preamble(timeline.Session.Channel, timeline.Session.Id, 1, 8, timeline.Checkpoint());
        var again = JournalFile.Read(written).ShouldNotBeNull();
        again.Events.OfType<TimelineEvent.Discontinuity>().Count().ShouldBe(1);
        RandomTimeline.Notify(again.BuildTimeline()).ShouldBe(RandomTimeline.Notify(timeline));
    }

    [Fact]
    public void Only_a_takeover_is_accepted_after_the_end()
    {
        var timeline = Begun();
        timeline.Apply(RandomTimeline.Part("v", 1, 0));
        timeline.Apply(new TimelineEvent.Ended("by its event")).ShouldBeTrue();
        (timeline.IsEnded, timeline.EndReason).ShouldBe((true, "by its event"));
        timeline.Find("v")!.Segments[0].IsClosed.ShouldBeTrue();
        var told = RandomTimeline.Notify(timeline);
        foreach (var @event in new TimelineEvent[]
        {
            RandomTimeline.Part("v", 2, 0), new TimelineEvent.Discontinuity(2), new TimelineEvent.WindowMoved(2),
            RandomTimeline.Init("v", 2), new TimelineEvent.RenditionAdded("x", TrackKind.Audio),
            new TimelineEvent.Ended("again"),
            new TimelineEvent.SegmentGap("v", 2, 1, RandomTimeline.At(2), new(1, 1), RandomTimeline.Start),
        })
        {
            timeline.Apply(@event).ShouldBeFalse(@event.ToString());
        }

        RandomTimeline.Notify(timeline).ShouldBe(told);
        timeline.Apply(new TimelineEvent.Started(RandomTimeline.Session(epoch: 2))).ShouldBeTrue();
        timeline.IsEnded.ShouldBeTrue();
    }

    [Fact]
    public void Stale_epoch_changes_nothing()
    {
        var timeline = new SessionTimeline(RandomTimeline.Session(epoch: 5));
        timeline.Apply(new TimelineEvent.Started(RandomTimeline.Session(epoch: 4))).ShouldBeFalse();
        timeline.Apply(new TimelineEvent.Started(RandomTimeline.Session(epoch: 6))).ShouldBeTrue();
        timeline.Session.Epoch.ShouldBe(6);
    }

    [Fact]
    public void Contradictory_events_are_rejected_without_changing_the_timeline()
    {
        var timeline = Begun();
        timeline.Apply(RandomTimeline.Part("v", 1, 0));
        var (told, version) = (RandomTimeline.Notify(timeline), timeline.Version);
        var other = RandomTimeline.Session(2) with { Id = SessionId.New(RandomTimeline.Start) };
        foreach (var @event in new TimelineEvent[]
        {
            RandomTimeline.Part("unknown", 1, 0), RandomTimeline.Part("v", 3, 0), RandomTimeline.Part("v", 2, 1),
            RandomTimeline.Part("v", 1, 2), RandomTimeline.Part("v", 2, 0, init: 7),
            new TimelineEvent.SegmentGap("v", 3, 1, RandomTimeline.At(3), new(1, 1), RandomTimeline.Start),
            new TimelineEvent.Started(other),
        })
        {
            Should.Throw<InvalidDataException>(() => timeline.Apply(@event), @event.ToString());
        }

        RandomTimeline.Notify(timeline).ShouldBe(told);
        timeline.Version.ShouldBe(version);
    }

    [Fact]
    public void Renditions_are_sorted_by_position_even_if_late_and_a_checkpoint_keeps_the_order()
    {
        var timeline = new SessionTimeline(RandomTimeline.Session());
        foreach (var (name, place) in new[] { ("audio-3", 3), ("source", 0), ("late", 4), ("audio-2", 2), ("later", 4), ("audio", 1) })
        {
            timeline.Apply(new TimelineEvent.RenditionAdded(name, TrackKind.Audio, place));
        }

        string[] expected = ["source", "audio", "audio-2", "audio-3", "late", "later"];
        timeline.Renditions.Select(r => r.Name).ShouldBe(expected);
        RandomTimeline.Fold(timeline.Checkpoint()).Renditions.Select(r => (r.Name, r.Position))
            .ShouldBe(timeline.Renditions.Select(r => (r.Name, r.Position)));
    }

    private static SessionTimeline Begun()
    {
        var timeline = new SessionTimeline(RandomTimeline.Session());
        timeline.Apply(new TimelineEvent.RenditionAdded("v", TrackKind.Video));
        timeline.Apply(RandomTimeline.Init("v", 1));
        return timeline;
    }

    [Fact]
    public void Sprite_sheets_are_removed_with_segments_of_their_time_and_the_newest_poster_stays()
    {
        var timeline = RandomTimeline.Fold(
        [
            new TimelineEvent.Started(RandomTimeline.Session()),
            new TimelineEvent.RenditionAdded("source", TrackKind.Video),
            RandomTimeline.Init("source", 1),
            .. Enumerable.Range(1, 10).Select(segment => RandomTimeline.Part("source", segment, 0)),
            RandomTimeline.Sheet(0), RandomTimeline.Poster(2000), RandomTimeline.Sheet(10_000), RandomTimeline.Poster(12_000),
        ]);
        timeline.Apply(new TimelineEvent.WindowMoved(5)).ShouldBeTrue();
        timeline.SpriteSheets.Select(sheet => sheet.Start.Ticks).ShouldBe([0, 10_000], "segment 5 begins at 8 s");
        timeline.Apply(new TimelineEvent.WindowMoved(6)).ShouldBeTrue();
        timeline.SpriteSheets.Select(sheet => sheet.Start.Ticks).ShouldBe([10_000]);
        timeline.Poster!.Time.Ticks.ShouldBe(12_000);

        timeline.Apply(RandomTimeline.Poster(12_000)).ShouldBeFalse();
        timeline.Apply(RandomTimeline.Sheet(15_000)).ShouldBeFalse("it overlaps the one before");
        timeline.Apply(new TimelineEvent.Ended("over"));
        timeline.Apply(RandomTimeline.Sheet(20_000)).ShouldBeTrue("the last sprite sheet arrives after the end");
        RandomTimeline.Notify(RandomTimeline.Fold(timeline.Checkpoint())).ShouldBe(RandomTimeline.Notify(timeline));
    }
}
