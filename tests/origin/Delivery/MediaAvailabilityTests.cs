using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Delivery;

namespace Broadcast.Origin.Tests.Delivery;

public class MediaAvailabilityTests
{
    /// <summary>Profile low: parts of 0.33 s, segments of up to 3 s, so half a segment holds up to five parts.</summary>
    [Theory]
    [InlineData("1.m4s", "Complete")]
    [InlineData("1.0.m4s", "Complete")]
    [InlineData("1.1.m4s", "Complete")]
    [InlineData("1.2.m4s", "Never")]        // segment 1 closed without it
    [InlineData("2.m4s", "Growing")]
    [InlineData("2.2.m4s", "Complete")]
    [InlineData("2.3.m4s", "Upcoming")]         // the part that a playlist hints at
    [InlineData("2.7.m4s", "Upcoming")]         // half a segment ahead
    [InlineData("2.8.m4s", "Never")]
    [InlineData("3.0.m4s", "Upcoming")]         // the segment may close at any moment
    [InlineData("3.4.m4s", "Upcoming")]
    [InlineData("3.5.m4s", "Never")]
    [InlineData("3.m4s", "Upcoming")]
    [InlineData("4.m4s", "Never")]
    [InlineData("4.0.m4s", "Never")]
    [InlineData("0.m4s", "Never")]
    [InlineData("i1-1.m4s", "Complete")]
    [InlineData("i1-2.m4s", "Growing")]
    [InlineData("i1-3.m4s", "Upcoming")]
    [InlineData("i1-7.m4s", "Upcoming")]         // clients that count by the clock continue while no media arrive
    [InlineData("i1-8.m4s", "Never")]
    [InlineData("i2-1.m4s", "Empty")]        // it needs another init segment
    [InlineData("i2-2.m4s", "Empty")]
    [InlineData("init-1.mp4", "Complete")]
    [InlineData("init-2.mp4", "Never")]
    public void Upcoming_media_is_distinguished_from_media_that_will_never_exist(string file, string expected)
    {
        var feed = new PartFeed().Parts(2).Close().Parts(3);
        Judge(feed, feed.Folder + file).Readiness.ToString().ShouldBe(expected);
    }

    [Theory]
    [InlineData("2.0.m4s", "Upcoming")]
    [InlineData("2.m4s", "Upcoming")]
    [InlineData("1.2.m4s", "Never")]
    [InlineData("3.0.m4s", "Never")]
    public void Next_segment_is_awaited_between_two_segments(string file, string expected)
    {
        var feed = new PartFeed().Parts(2).Close();
        Judge(feed, feed.Folder + file).Readiness.ToString().ShouldBe(expected);
    }

    [Theory]
    [InlineData("2.m4s", "Complete")]          // the available part of the last one is complete
    [InlineData("2.2.m4s", "Never")]
    [InlineData("3.m4s", "Never")]
    public void Nothing_is_awaited_in_an_ended_session(string file, string expected)
    {
        var feed = new PartFeed().Parts(2).Close().Parts(2).End();
        Judge(feed, feed.Folder + file).Readiness.ToString().ShouldBe(expected);
    }

    [Theory]
    [InlineData("1.m4s", "Upcoming")]
    [InlineData("1.0.m4s", "Upcoming")]
    [InlineData("2.m4s", "Never")]
    public void First_segment_is_awaited_from_the_start_of_the_session(string file, string expected)
    {
        var feed = new PartFeed();
        Judge(feed, feed.Folder + file).Readiness.ToString().ShouldBe(expected);
    }

    /// <summary>A counting player expects the first segment after a change of the init segment before it knows of the change.</summary>
    [Theory]
    [InlineData("i1-2.m4s", "avc1.42c01e", "Complete", "s2")]
    [InlineData("i1-3.m4s", "avc1.42c01e", "Complete", "i2s3i1")]
    [InlineData("i1-4.m4s", "avc1.42c01e", "Empty", null)]      // the MPD states where to continue
    [InlineData("i1-5.m4s", "avc1.42c01e", "Complete", "i1s5")]  // the earlier init segment again
    [InlineData("i1-6.m4s", "avc1.42c01e", "Complete", "s6")]
    [InlineData("i2-3.m4s", "avc1.42c01e", "Complete", "i2s3")]
    [InlineData("i2-4.m4s", "avc1.42c01e", "Complete", "s4")]
    [InlineData("i2-5.m4s", "avc1.42c01e", "Complete", "i1s5i2")]
    [InlineData("i2-2.m4s", "avc1.42c01e", "Empty", null)]
    [InlineData("3.m4s", "avc1.42c01e", "Complete", "s3")]
    [InlineData("5.m4s", "avc1.42c01e", "Complete", "s5")]
    [InlineData("i3-3.m4s", "avc1.42c01e", "Empty", null)]
    [InlineData("i1-3.m4s", "hvc1.1.6.L93.B0", "Empty", null)]   // its decoder cannot continue
    public void First_segment_after_a_change_carries_its_init_segment(string file, string codecs, string expected, string? bytes)
    {
        var packager = new FakePackager().Video().Segments(2).Change("source", format => format with { Width = 640, Codecs = codecs })
            .Discontinuity().Segments(2).Use("source", 1).Segments(2);
        var availability = Judge(packager, file);
        availability.Readiness.ToString().ShouldBe(expected);
        availability.Source?.Tag.ShouldBe(bytes);
        (availability.Source is { } source ? $"{source.Before?.Tag}{LocationOfSegment(source)}{source.After?.Tag}" : null).ShouldBe(bytes);
        static string LocationOfSegment(MediaLocation source) => $"s{Path.GetFileNameWithoutExtension(source.Object.Value)}";
    }

    [Fact]
    public void First_segment_after_a_change_is_awaited_until_it_is_complete()
    {
        var packager = new FakePackager(latency: LatencyProfile.Low).Video().Segment()
            .Change("source", format => format with { Width = 640 }).Parts("source", 2);
        Judge(packager, "i1-2.m4s").Readiness.ShouldBe(Readiness.Upcoming);
        var growing = Judge(packager, "i2-2.m4s");
        (growing.Readiness, growing.Source!.Before!.Tag, growing.Source.After).ShouldBe((Readiness.Growing, "i2", null));
        Judge(packager.Close("source"), "i1-2.m4s").Readiness.ShouldBe(Readiness.Complete);
    }

    [Fact]
    public void Gap_is_empty_for_a_counting_player()
    {
        var packager = new FakePackager().Video().Segment().Change("source", format => format with { Width = 640 })
            .Gap("source").Segment();
        Judge(packager, "i1-2.m4s").Readiness.ShouldBe(Readiness.Empty);
        Judge(packager, "i2-2.m4s").Readiness.ShouldBe(Readiness.Empty);
        Judge(packager, "i1-3.m4s").Readiness.ShouldBe(Readiness.Empty);
        Judge(packager, "i2-3.m4s").Readiness.ShouldBe(Readiness.Complete);
    }

    /// <summary>Numbers are common to all renditions: the rungs will have every segment of the source.</summary>
    [Theory]
    [InlineData("1.m4s", "Growing")]
    [InlineData("2.m4s", "Upcoming")]
    [InlineData("3.m4s", "Upcoming")]
    [InlineData("4.m4s", "Upcoming")]
    [InlineData("5.m4s", "Never")]
    [InlineData("2.0.m4s", "Upcoming")]
    public void Segment_of_a_lagging_rung_is_awaited(string file, string expected)
    {
        var source = new PartFeed().Parts(1).Close().Parts(1).Close().Parts(1);
        var timeline = source.Fold();
        var rung = new PartFeed(rendition: "720p").Parts(1);
        foreach (var @event in rung.Unsent)
        {
            timeline.Apply(@event);
        }

        LivePath.TryParse(rung.Folder + file, out var path).ShouldBeTrue();
        MediaAvailability.Of(timeline, path).Readiness.ToString().ShouldBe(expected);
    }

    [Theory]
    [InlineData("low", "1.0.m4s", 1.5)]
    [InlineData("standard", "1.m4s", 1.5)]
    [InlineData("safe", "1.m4s", 5)]
    [InlineData("low", "i1-1.m4s", 9)]       // it is not notified of missing media, and takes rejections as the end
    public void Hold_time_of_a_hinted_part_exceeds_the_part_target(string profile, string file, double seconds)
    {
        var latency = LatencyProfile.Find(profile)!;
        LivePath.TryParse(new PartFeed().Folder + file, out var path).ShouldBeTrue();
        MediaAvailability.HoldTime(latency, path).ShouldBe(TimeSpan.FromSeconds(seconds));
        MediaAvailability.HoldTime(latency, path).ShouldBeGreaterThan(latency.PartTarget);
    }

    [Fact]
    public void Nothing_is_awaited_for_an_unknown_rendition()
    {
        var feed = new PartFeed().Parts(2);
        Judge(feed, $"/live/demo/{feed.Session.Id}/other/1.m4s").Readiness.ShouldBe(Readiness.Never);
    }

    private static MediaAvailability Judge(FakePackager packager, string file)
    {
        LivePath.TryParse($"/live/demo/{packager.Session.Id}/source/{file}", out var path).ShouldBeTrue();
        var timeline = new SessionTimeline(packager.Session);
        packager.Events.ForEach(@event => timeline.Apply(@event));
        return MediaAvailability.Of(timeline, path);
    }

    private static MediaAvailability Judge(PartFeed feed, string address)
    {
        LivePath.TryParse(address, out var path).ShouldBeTrue();
        return MediaAvailability.Of(feed.Fold(), path);
    }
}
