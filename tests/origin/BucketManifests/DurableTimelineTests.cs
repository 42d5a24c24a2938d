using Broadcast.Media.Timeline;
using Broadcast.Origin.BucketManifests;

namespace Broadcast.Origin.Tests.BucketManifests;

/// <summary>Media of a session that manifests in a bucket can list.</summary>
public class DurableTimelineTests
{
    [Fact]
    public void Captions_detected_late_are_reported_once_for_the_listed_init_segment()
    {
        var show = new FakePackager().Video().Audio().Segments(3);
        var (announced, listed) = (new SessionTimeline(show.Session), new SessionTimeline(show.Session));
        Hear(announced, show);
        Advance(announced, listed).ShouldNotBeEmpty();
        Advance(announced, listed).ShouldBeEmpty();

        foreach (var captions in (string[])["CC1", "CC1 SERVICE1"])
        {
            Hear(announced, show.Caption("source", captions));
            var told = Advance(announced, listed).ShouldHaveSingleItem().ShouldBeOfType<TimelineEvent.InitReady>();
            (told.Rendition, told.Init, told.Format.Captions).ShouldBe(("source", 1, captions));
            listed.Find("source")!.Inits.ShouldHaveSingleItem().Format.Captions.ShouldBe(captions);
            Advance(announced, listed).ShouldBeEmpty();
        }
    }

    [Fact]
    public void Captions_are_reported_for_the_listed_init_segment_while_a_newer_one_is_uploading()
    {
        var show = new FakePackager().Video().Segments(3);
        var (announced, listed) = (new SessionTimeline(show.Session), new SessionTimeline(show.Session));
        Hear(announced, show);
        Advance(announced, listed);

        Hear(announced, show.Caption("source", "CC1").Change("source", format => format with { Width = 640, Height = 360 }).Segments(1));
        Advance(announced, listed, waiting: "init-2.mp4").ShouldHaveSingleItem().ShouldBeOfType<TimelineEvent.InitReady>().Init.ShouldBe(1);
        Advance(announced, listed).OfType<TimelineEvent.InitReady>().ShouldHaveSingleItem().Init.ShouldBe(2);
        listed.Find("source")!.Inits.Select(init => (init.Number, init.Format.Captions)).ShouldBe([(1, "CC1"), (2, "CC1")]);
        listed.LastSegment.ShouldBe(4);
    }

    [Fact]
    public void Init_segment_that_left_the_listed_window_is_listed_again_when_its_configuration_returns()
    {
        var show = new FakePackager(recorded: true).Video().Segments(3);
        var (announced, listed) = (new SessionTimeline(show.Session), new SessionTimeline(show.Session));
        Hear(announced, show);
        Advance(announced, listed);
        Hear(announced, show.Discontinuity(slate: true).Change("source", format => format with { Width = 640, Height = 360 }).Segments(12)
            .IndexBlock(before: 8));
        Advance(announced, listed);
        Hear(announced, show.Segments(2).IndexBlock(before: 9));
        Advance(announced, listed);
        listed.Find("source")!.Inits.Select(init => init.Number).ShouldBe([2]);
        announced.Find("source")!.Inits.Select(init => init.Number).ShouldBe([1, 2]);

        Hear(announced, show.Discontinuity().Use("source", 1).Segments(2));
        foreach (var @event in DurableTimeline.Next(announced, listed, before: 0, _ => true))
        {
            listed.Apply(@event);
        }

        listed.LastSegment.ShouldBe(announced.LastSegment);
        listed.Find("source")!.Segments.Select(segment => segment.Init).ShouldBe([.. Enumerable.Repeat(2, 9), 1, 1]);
        listed.Find("source")!.Inits.Select(init => init.Number).ShouldBe([1, 2]);
    }

    [Fact]
    public void Skipped_discontinuities_are_one_event_however_many_there_are()
    {
        var show = new FakePackager(recorded: true).Video().Segments(3);
        var (announced, listed) = (new SessionTimeline(show.Session), new SessionTimeline(show.Session));
        Hear(announced, show);
        Advance(announced, listed);

        // The store is unavailable while the encoder flaps, and the window moves on.
        const int Outages = 500;
        for (var outage = 0; outage < Outages; outage++)
        {
            Hear(announced, show.Discontinuity().Segments(2));
        }

        Hear(announced, show.IndexBlock(before: announced.LastSegment - 5));
        var events = DurableTimeline.Next(announced, listed, before: 0, _ => true);
        foreach (var @event in events)
        {
            listed.Apply(@event);
        }

        events.OfType<TimelineEvent.WindowMoved>().ShouldHaveSingleItem();
        events.OfType<TimelineEvent.Discontinuity>().Count().ShouldBeLessThan(5, "only those that are listed");
        events.Count.ShouldBeLessThan(40);
        listed.LastSegment.ShouldBe(announced.LastSegment);
        (listed.DiscontinuitySequence + listed.Discontinuities.Count).ShouldBe(Outages);
        (announced.DiscontinuitySequence + announced.Discontinuities.Count).ShouldBe(Outages);

        // Afterwards, discontinuities are counted as before.
        Hear(announced, show.Discontinuity().Segments(2));
        Advance(announced, listed);
        (listed.DiscontinuitySequence + listed.Discontinuities.Count).ShouldBe(Outages + 1);
    }

    private static void Hear(SessionTimeline timeline, FakePackager show)
    {
        show.Unsent.ForEach(@event => timeline.Apply(@event));
        show.Unsent.Clear();
    }

    private static IReadOnlyList<TimelineEvent> Advance(SessionTimeline announced, SessionTimeline listed, string waiting = "nothing")
    {
        var events = DurableTimeline.Next(announced, listed, before: 0, name => !name.Value.EndsWith(waiting, StringComparison.Ordinal));
        foreach (var @event in events)
        {
            listed.Apply(@event).ShouldBeTrue();
        }

        return events;
    }
}
