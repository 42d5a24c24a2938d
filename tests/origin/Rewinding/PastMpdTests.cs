using System.Xml.Linq;
using Broadcast.Media;
using Broadcast.Origin.Tests.Dash;
using Broadcast.Origin.Tests.Delivery;

namespace Broadcast.Origin.Tests.Rewinding;

public class PastMpdTests
{
    private static readonly XNamespace Dash = "urn:mpeg:dash:schema:mpd:2011";

    private static async Task<XElement> MpdAsync(Broadcaster story, string address = "/live/demo/01JN8E0000000000000000000A/manifest.mpd")
    {
        story.Unsent.Clear();
        story.Unsent.AddRange(story.Events);
        await using var server = (await OriginServer.StartAsync()).Hear(story);
        server.Time.Now = Broadcaster.Start.AddSeconds(301);
        var text = await server.Client.GetStringAsync(address);
        return XElement.Parse(text);
    }

    /// <summary>What the periods have: id, start, and for each rendition its offset, first number and times.</summary>
    private static List<string> Listed(XElement mpd) =>
    [
        .. mpd.Elements(Dash + "Period").Select(period => $"{period.Attribute("id")!.Value} {period.Attribute("start")!.Value} {period.Attribute("duration")?.Value}: "
            + string.Join("; ", period.Descendants(Dash + "Representation").OrderBy(r => r.Attribute("id")!.Value, StringComparer.Ordinal).Select(r => $"{r.Attribute("id")!.Value} "
                + string.Join(" ", r.Descendants(Dash + "SegmentTemplate").Attributes().Select(a => a.Value)) + " " + string.Concat(r.Descendants(Dash + "S").Select(s => string.Join(",", s.Attributes())))))),
    ];

    [Fact]
    public async Task An_mpd_of_chapters_and_live_window_lists_what_one_of_a_window_that_keeps_everything_would()
    {
        Broadcaster Story(bool keeps)
        {
            var story = new Broadcaster(rewind: keeps ? TimeSpan.FromHours(1) : default).Video().Audio().Segments(5, bytes: 1000).Discontinuity()
                .Change("source", format => format with { Width = 640 }).Silence(3).Segments(5, bytes: 1000).Gap("audio").Open("source").Close("source").Segments(6, bytes: 1000);
            if (keeps)
            {
                story.Chapter(4);
                story.Chapter(9);
            }

            return story.Segments(4, 2.1, 1000);
        }

        Listed(await MpdAsync(Story(keeps: true))).ShouldBe(Listed(await MpdAsync(Story(keeps: false))));
    }

    [Fact]
    public async Task Players_may_go_back_as_far_as_the_channel_lets_them_and_the_channels_address_sends_them_to_the_sessions()
    {
        var story = new Broadcaster(rewind: TimeSpan.FromHours(1)).Video().Segments(60, bytes: 1000).Chapter(30);
        var guarded = await MpdAsync(story, "/t/secret/live/demo/manifest.mpd");
        (guarded.Element(Dash + "Location"), guarded.Element(Dash + "BaseURL")!.Value).ShouldBe((null, "01JN8E0000000000000000000A/"), "no answer holds the token");
        var mpd = await MpdAsync(story, "/live/demo/manifest.mpd");
        mpd.Attribute("type")!.Value.ShouldBe("dynamic");
        mpd.Attribute("timeShiftBufferDepth")!.Value.ShouldBe("PT3600S");
        mpd.Element(Dash + "Location")!.Value.ShouldBe("01JN8E0000000000000000000A/manifest.mpd");
        mpd.Element(Dash + "BaseURL")!.Value.ShouldBe("/live/demo/01JN8E0000000000000000000A/");
        mpd.Descendants(Dash + "S").Sum(s => 1 + (int?)s.Attribute("r") ?? 1).ShouldBe(60);
    }

    [Fact]
    public async Task A_range_of_the_past_is_a_static_mpd_from_zero_on()
    {
        var story = new Broadcaster(rewind: TimeSpan.FromHours(1)).Video().Audio().Segments(60, bytes: 1000).Chapter(30).Segments(90, bytes: 1000);
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
    public async Task They_are_valid_against_the_schema(string address)
    {
        var story = new Broadcaster(rewind: TimeSpan.FromHours(1)).Video().Audio().Segments(5, bytes: 1000).Discontinuity().Segments(40, bytes: 1000).Chapter(30).Segments(105, bytes: 1000);
        await using var server = (await OriginServer.StartAsync()).Hear(story);
        server.Time.Now = Broadcaster.Start.AddSeconds(301);
        (await Schema.ValidateAsync(await server.Client.GetStringAsync("/live/demo/" + address))).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_range_that_grows_tells_players_to_come_back_to_it()
    {
        var story = new Broadcaster(rewind: Rewind.All).Video().Audio().Segments(150, bytes: 1000);
        var mpd = await MpdAsync(story, "/live/demo/manifest.mpd?start=2026-03-01T12:04:00Z");
        mpd.Attribute("type")!.Value.ShouldBe("dynamic");
        mpd.Element(Dash + "Location")!.Value.ShouldBe("01JN8E0000000000000000000A/manifest.mpd?start=2026-03-01T12:04:00Z");
        mpd.Attribute("availabilityStartTime")!.Value.ShouldBe("2026-03-01T12:04:00.000Z");
        mpd.Element(Dash + "Period")!.Attribute("start")!.Value.ShouldBe("PT0S");
        mpd.Attribute("timeShiftBufferDepth")!.Value.ShouldBe("PT120S");
    }
}
