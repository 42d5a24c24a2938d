using System.Xml.Linq;
using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Tests.Dash;
using Broadcast.Origin.Tests.Delivery;

namespace Broadcast.Origin.Tests.Dvr;

public class SnapshotMpdTests
{
    private static readonly XNamespace Dash = "urn:mpeg:dash:schema:mpd:2011";

    private static async Task<XElement> MpdAsync(FakePackager story, string address = "/live/demo/01JN8E0000000000000000000A/manifest.mpd")
    {
        story.Unsent.Clear();
        story.Unsent.AddRange(story.Events);
        await using var server = (await OriginServer.StartAsync()).Hear(story);
        server.Time.AdvanceTo(FakePackager.Start.AddSeconds(301));
        var text = await server.Client.GetStringAsync(address);
        return XElement.Parse(text);
    }

    /// <summary>Content of the periods: start, and for each rendition its offset, first number and times.</summary>
    private static List<string> Listed(XElement mpd) =>
    [
        .. mpd.Elements(Dash + "Period").Select(period => $"{period.Attribute("start")!.Value} {period.Attribute("duration")?.Value}: "
            + string.Join("; ", period.Descendants(Dash + "Representation").OrderBy(r => r.Attribute("id")!.Value, StringComparer.Ordinal)
                .Select(r => $"{r.Attribute("id")!.Value} "
                + string.Join(" ", r.Descendants(Dash + "SegmentTemplate").Attributes().Select(a => a.Value)) + " "
                + string.Concat(r.Descendants(Dash + "S").Select(s => string.Join(",", s.Attributes())))))),
    ];

    [Fact]
    public async Task MPD_of_index_blocks_and_live_window_equals_the_MPD_of_an_unlimited_window()
    {
        FakePackager Story(bool keeps)
        {
            var story = new FakePackager(rewind: keeps ? TimeSpan.FromHours(1) : default).Video().Audio().Segments(5, bytes: 1000)
                .Discontinuity()
                .Change("source", format => format with { Width = 640 }).Silence(3).Segments(5, bytes: 1000).Gap("audio").Open("source")
                .Close("source").Segments(6, bytes: 1000);
            if (keeps)
            {
                story.IndexBlock(4);
                story.IndexBlock(9);
            }

            return story.Segments(4, 2.1, 1000);
        }

        Listed(await MpdAsync(Story(keeps: true))).ShouldBe(Listed(await MpdAsync(Story(keeps: false))));
    }

    /// <summary>A session with all causes of new periods, in index blocks of which the oldest can be deleted.</summary>
    private static FakePackager Eventful(TimeSpan rewind)
    {
        var story = new FakePackager(rewind: rewind).Video().Audio().Segments(8, bytes: 1000);
        story.Open("source").Close("source").Gap("audio").Segments(11, bytes: 1000).IndexBlock(16).Discontinuity().Silence(3.3)
            .Change("source", format => format with { Codecs = "hvc1.1.6.L93.B0" }).Segments(20, 2.0333, 1000).IndexBlock(26)
            .IndexBlock(31);
        return story.Gap("source").Gap("audio").Change("audio", format => format with { Language = "en" }).Segments(30, bytes: 1000)
            .IndexBlock(44).Segments(35, bytes: 1000).IndexBlock(76);
    }

    /// <summary>Properties of a period that must not change while it is listed.</summary>
    private static Dictionary<string, string> Said(XElement mpd) => mpd.Elements(Dash + "Period").ToDictionary(
        period => period.Attribute("id")!.Value,
        period => $"{period.Attribute("start")!.Value} "
        + string.Join("; ", period.Elements(Dash + "AdaptationSet").Select(set => $"{set.Attribute("id")!.Value} "
            + string.Join(", ", set.Elements(Dash + "Representation")
                .Select(r =>
                    $"{r.Attribute("id")!.Value} {r.Descendants(Dash + "SegmentTemplate").Single().Attribute("presentationTimeOffset")!.Value}")))));

    [Theory]
    [InlineData("manifest.mpd")]
    [InlineData("manifest.mpd?start=2026-03-01T12:00:04Z")]
    [InlineData("manifest.mpd?start=2026-03-01T12:00:04Z&end=2026-03-01T12:10:00Z")]
    public async Task Period_attributes_stay_when_the_period_start_leaves_the_DVR_window(string address)
    {
        var story = Eventful(TimeSpan.FromMinutes(2));
        await using var server = (await OriginServer.StartAsync()).Hear(story);
        server.Time.AdvanceTo(FakePackager.Start.AddSeconds(301));
        address = $"/live/demo/{FakePackager.First}/{address}";
        var mpd = XElement.Parse(await server.Client.GetStringAsync(address));
        var (said, begin, published) = (Said(mpd), mpd.Attribute("availabilityStartTime")!.Value, mpd.Attribute("publishTime")!.Value);
        said.Keys.ShouldBe(["1", "10", "21", "42"]);
        string? oldest = null;
        foreach (var first in new long[] { 16, 26, 31, 44, 76 })
        {
            server.Hear(Then(story, new TimelineEvent.DvrWindowMoved(first)));
            await using var restarted = (await OriginServer.StartAsync()).Hear(Checkpoint(story));
            restarted.Time.AdvanceTo(server.Time.GetUtcNow());
            foreach (var origin in new[] { server, restarted })
            {
                mpd = XElement.Parse(await origin.Client.GetStringAsync(address));
                Said(mpd).ShouldBeSubsetOf(said, $"from {first} on");
                mpd.Attribute("availabilityStartTime")!.Value.ShouldBe(begin);
                mpd.Descendants(Dash + "SegmentTemplate").First().Attribute("startNumber")!.Value.ShouldNotBe(oldest);
            }

            oldest = mpd.Descendants(Dash + "SegmentTemplate").First().Attribute("startNumber")!.Value;
            mpd = XElement.Parse(await server.Client.GetStringAsync(address));
            string.CompareOrdinal(mpd.Attribute("publishTime")!.Value, published).ShouldBeGreaterThan(0, "other content at another time");
            published = mpd.Attribute("publishTime")!.Value;
        }

        server.Hear(story.End());
        mpd = XElement.Parse(await server.Client.GetStringAsync(address));
        mpd.Attribute("type")!.Value.ShouldBe("static");
        Said(mpd).ShouldBeSubsetOf(said);
        mpd.Attribute("availabilityStartTime")!.Value.ShouldBe(begin);
    }

    private static FakePackager Then(FakePackager story, TimelineEvent @event)
    {
        story.Say(@event);
        return story;
    }

    /// <summary>Creates the events that a restarted origin receives: the session from a checkpoint.</summary>
    private static FakePackager Checkpoint(FakePackager story)
    {
        var timeline = new SessionTimeline(story.Session);
        story.Events.ForEach(@event => timeline.Apply(@event));
        var told = new FakePackager(rewind: story.Session.DvrWindow);
        told.Unsent.Clear();
        told.Unsent.AddRange(timeline.Checkpoint());
        foreach (var (name, bytes) in story.Objects)
        {
            told.Objects[name] = bytes;
        }

        return told;
    }

    [Fact]
    public async Task MPD_of_an_ended_channel_starts_with_the_remaining_DVR_window()
    {
        var story = Then(Eventful(TimeSpan.FromMinutes(2)), new TimelineEvent.DvrWindowMoved(26)).End();
        var mpd = await MpdAsync(story, "/live/demo/manifest.mpd");
        foreach (var template in mpd.Elements(Dash + "Period").First().Descendants(Dash + "SegmentTemplate"))
        {
            var late = (long)template.Descendants(Dash + "S").First().Attribute("t")! - (long)template.Attribute("presentationTimeOffset")!;
            late.ShouldBeInRange(0, (long)template.Attribute("timescale")! / 1000);
        }
    }

    [Fact]
    public async Task Ended_time_range_has_the_same_MPD_at_every_request()
    {
        const string Address = "/live/demo/manifest.mpd?start=2026-03-01T12:00:04Z&end=2026-03-01T12:01:40Z";
        var story = Eventful(TimeSpan.FromHours(1));
        await using var server = (await OriginServer.StartAsync()).Hear(story);
        server.Time.AdvanceTo(FakePackager.Start.AddSeconds(301));
        var first = await server.Client.GetStringAsync(Address);
        server.Time.AdvanceTo(FakePackager.Start.AddSeconds(331));
        server.Hear(story.Segments(15, bytes: 1000).IndexBlock(91));
        (await server.Client.GetStringAsync(Address)).ShouldBe(first);
        server.Hear(story.End());
        (await server.Client.GetStringAsync(Address)).ShouldBe(first);
    }

    [Fact]
    public async Task Different_content_has_a_different_publish_time_even_with_the_same_end()
    {
        var story = new FakePackager(rewind: TimeSpan.FromHours(1)).Video().Audio().Segments(60, bytes: 1000).IndexBlock(30);
        await using var server = (await OriginServer.StartAsync()).Hear(story);
        foreach (var address in new[] { $"/live/demo/{FakePackager.First}/manifest.mpd",
            $"/live/demo/{FakePackager.First}/manifest.mpd?start=2026-03-01T12:00:10Z" })
        {
            server.Time.AdvanceTo(FakePackager.Start.AddSeconds(130));
            var published = new List<string>();
            var texts = new List<string>();
            foreach (var @event in story.Open("source").Close("source").Open("audio").Close("audio").Unsent.ToList())
            {
                story.Unsent.Clear();
                story.Unsent.Add(@event);
                server.Hear(story);
                texts.Add(await server.Client.GetStringAsync(address));
                published.Add(XElement.Parse(texts[^1]).Attribute("publishTime")!.Value);
            }

            published.Distinct().Count().ShouldBeGreaterThanOrEqualTo(texts.Distinct().Count());
            published.ShouldBe(published.Order());
            texts.Distinct().Count().ShouldBeGreaterThan(1);
        }
    }

    [Fact]
    public async Task MPD_has_the_channels_DVR_window_and_the_channel_MPD_refers_to_the_sessions()
    {
        var story = new FakePackager(rewind: TimeSpan.FromHours(1)).Video().Segments(60, bytes: 1000).IndexBlock(30);
        var guarded = await MpdAsync(story, "/t/secret/live/demo/manifest.mpd");
        (guarded.Element(Dash + "Location"), guarded.Element(Dash + "BaseURL")!.Value).ShouldBe((null, "01JN8E0000000000000000000A/"),
            "no answer holds the token");
        var mpd = await MpdAsync(story, "/live/demo/manifest.mpd");
        mpd.Attribute("type")!.Value.ShouldBe("dynamic");
        mpd.Attribute("timeShiftBufferDepth")!.Value.ShouldBe("PT3600S");
        mpd.Element(Dash + "Location")!.Value.ShouldBe("01JN8E0000000000000000000A/manifest.mpd");
        mpd.Element(Dash + "BaseURL")!.Value.ShouldBe("/live/demo/01JN8E0000000000000000000A/");
        mpd.Descendants(Dash + "S").Sum(s => 1 + (int?)s.Attribute("r") ?? 1).ShouldBe(60);
    }

    [Fact]
    public async Task Past_time_range_is_a_static_MPD_starting_at_zero()
    {
        var story = new FakePackager(rewind: TimeSpan.FromHours(1)).Video().Audio().Segments(60, bytes: 1000).IndexBlock(30)
            .Segments(90, bytes: 1000);
        var mpd = await MpdAsync(story, "/live/demo/manifest.mpd?start=2026-03-01T12:00:50Z&end=2026-03-01T12:01:20Z");
        (mpd.Attribute("type")!.Value, mpd.Attribute("mediaPresentationDuration")!.Value).ShouldBe(("static", "PT30S"));
        mpd.Element(Dash + "Location").ShouldBeNull();
        var period = mpd.Elements(Dash + "Period").ShouldHaveSingleItem();
        (period.Attribute("start")!.Value, period.Attribute("duration")!.Value).ShouldBe(("PT0S", "PT30S"));
        foreach (var template in mpd.Descendants(Dash + "SegmentTemplate"))
        {
            template.Attribute("startNumber")!.Value.ShouldBe("26");
            template.Descendants(Dash + "S").Sum(s => 1 + (int?)s.Attribute("r") ?? 1).ShouldBe(15);
            template.Attribute("presentationTimeOffset")!.Value.ShouldBe(template.Descendants(Dash + "S").First().Attribute("t")!.Value);
        }
    }

    [Theory]
    [InlineData("manifest.mpd")]
    [InlineData("manifest.mpd?start=2026-03-01T12:04:00Z")]
    [InlineData("manifest.mpd?start=2026-03-01T12:00:09Z&end=2026-03-01T12:01:00Z")]
    public async Task MPDs_of_DVR_windows_and_time_ranges_are_schema_valid(string address)
    {
        var story = new FakePackager(rewind: TimeSpan.FromHours(1)).Video().Audio().Segments(5, bytes: 1000).Discontinuity()
            .Segments(40, bytes: 1000).IndexBlock(30).Segments(105, bytes: 1000);
        await using var server = (await OriginServer.StartAsync()).Hear(story);
        server.Time.AdvanceTo(FakePackager.Start.AddSeconds(301));
        (await Schema.ValidateAsync(await server.Client.GetStringAsync("/live/demo/" + address))).ShouldBeEmpty();
    }

    [Fact]
    public async Task MPD_of_a_growing_time_range_has_its_own_location()
    {
        var story = new FakePackager(rewind: DvrWindow.All).Video().Audio().Segments(150, bytes: 1000);
        var mpd = await MpdAsync(story, "/live/demo/manifest.mpd?start=2026-03-01T12:04:00Z");
        mpd.Attribute("type")!.Value.ShouldBe("dynamic");
        mpd.Element(Dash + "Location")!.Value.ShouldBe("01JN8E0000000000000000000A/manifest.mpd?start=2026-03-01T12:04:00Z");
        mpd.Attribute("availabilityStartTime")!.Value.ShouldBe("2026-03-01T12:04:00.000Z");
        mpd.Element(Dash + "Period")!.Attribute("start")!.Value.ShouldBe("PT0S");
        mpd.Attribute("timeShiftBufferDepth")!.Value.ShouldBe("PT120S");
    }
}
