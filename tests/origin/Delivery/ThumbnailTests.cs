using System.Net;
using System.Xml.Linq;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Origin.Tests.Dash;

namespace Broadcast.Origin.Tests.Delivery;

/// <summary>Thumbnails as WebVTT, in the MPD, and as an image playlist of HLS.</summary>
public class ThumbnailTests
{
    private const string Session = "01JN8E0000000000000000000A";

    [Fact]
    public async Task WebVTT_has_a_cue_per_tile_at_the_channels_and_the_sessions_URL()
    {
        await using var server = await OriginServer.StartAsync();
        server.Hear(new FakePackager().Video().Segments(11).Sheet(0).Sheet(10));
        using var response = await server.SendAsync($"/live/demo/{Session}/thumbnails.vtt");

        response.Content.Headers.ContentType!.ToString().ShouldBe("text/vtt; charset=utf-8");
        response.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("public, max-age=1, stale-if-error=3");
        var text = await response.Content.ReadAsStringAsync();
        text.ShouldStartWith("""
            WEBVTT

            00:00:00.000 --> 00:00:02.000
            thumbnails/0.jpg#xywh=0,0,320,180

            00:00:02.000 --> 00:00:04.000
            thumbnails/0.jpg#xywh=320,0,320,180

            """);
        text.ShouldEndWith("\n\n00:00:18.000 --> 00:00:20.000\nthumbnails/10000.jpg#xywh=1280,0,320,180\n");
        (await server.Client.GetStringAsync("/live/demo/thumbnails.vtt")).ShouldBe(
            text.Replace("\nthumbnails/", $"\n{Session}/thumbnails/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Last_sprite_sheet_of_an_ended_session_has_cues_up_to_its_end()
    {
        await using var server = await OriginServer.StartAsync();
        server.Hear(new FakePackager().Video().Segments(7).Sheet(0).End().Sheet(10));
        var cues = (await server.Client.GetStringAsync($"/live/demo/{Session}/thumbnails.vtt")).Split("\n\n");

        cues.Length.ShouldBe(1 + 5 + 2, "the media end at 14 s");
        cues[^1].ShouldStartWith("00:00:12.000 --> 00:00:14.000");
    }

    [Theory]
    [InlineData("")]
    [InlineData("/t/secret")]
    public async Task Sprite_sheet_is_served_as_media_even_after_it_left_the_window(string prefix)
    {
        await using var server = await OriginServer.StartAsync();
        server.Hear(new FakePackager().Video().Segments(16).Sheet(0).Sheet(10).Sheet(20).Window(7));
        foreach (var (start, status) in new[] { (10_000, HttpStatusCode.OK), (0, HttpStatusCode.OK), (30_000, HttpStatusCode.NotFound),
            (5_000, HttpStatusCode.NotFound) })
        {
            using var response = await server.SendAsync($"{prefix}/live/demo/{Session}/thumbnails/{start}.jpg");
            response.StatusCode.ShouldBe(status, $"{start}");
            if (status == HttpStatusCode.OK)
            {
                response.Content.Headers.ContentType!.ToString().ShouldBe("image/jpeg");
                response.Headers.NonValidated["Cache-Control"].ToString()
                    .ShouldBe("public, max-age=31536000, immutable, stale-if-error=86400");
                (await response.Content.ReadAsByteArrayAsync()).ShouldBe(
                    server.Spool.Objects[$"live/demo/{Session}/thumbnails/{start}.jpg"]);
            }
        }
    }

    [Fact]
    public void Multivariant_playlist_names_the_image_playlist_once_a_sprite_sheet_exists()
    {
        var broadcaster = new FakePackager().Video().Segments(6);
        broadcaster.Listen().Manifests.MultivariantPlaylist().Text().ShouldNotContain("IMAGE");
        broadcaster.Sheet(0, bytes: 20_000).Listen().Manifests.MultivariantPlaylist().Text()
            .ShouldContain(
                $"\n#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=16000,RESOLUTION=320x180,CODECS=\"jpeg\",URI=\"{Session}/thumbnails.m3u8\"\n");
    }

    [Fact]
    public void Image_playlist_numbers_sprite_sheets_by_time_and_marks_missing_ones_as_gaps()
    {
        new FakePackager().Video().Segments(25).Sheet(10).Sheet(30).End().Listen().Manifests.ImagePlaylist().Text().ShouldBe("""
            #EXTM3U
            #EXT-X-VERSION:8
            #EXT-X-TARGETDURATION:10
            #EXT-X-MEDIA-SEQUENCE:1
            #EXT-X-IMAGES-ONLY
            #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:10.000Z
            #EXTINF:10.000,
            #EXT-X-TILES:RESOLUTION=320x180,LAYOUT=5x1,DURATION=2.000
            thumbnails/10000.jpg
            #EXT-X-GAP
            #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:20.000Z
            #EXTINF:10.000,
            #EXT-X-TILES:RESOLUTION=320x180,LAYOUT=5x1,DURATION=2.000
            thumbnails/20000.jpg
            #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:30.000Z
            #EXTINF:10.000,
            #EXT-X-TILES:RESOLUTION=320x180,LAYOUT=5x1,DURATION=2.000
            thumbnails/30000.jpg
            #EXT-X-ENDLIST

            """);
    }

    [Fact]
    public async Task MPD_adds_sprite_sheets_to_every_overlapping_period_and_each_changes_its_publish_time()
    {
        var broadcaster = new FakePackager().Video().Audio().Segments(6).Silence(1).Discontinuity().Segments(6).Sheet(0).Sheet(10);
        var text = broadcaster.Listen().Manifests.SessionMpd().Text();
        (await Schema.ValidateAsync(text)).ShouldBeEmpty();

        var sets = XDocument.Parse(text).Descendants()
            .Where(e => e.Name.LocalName == "AdaptationSet" && (string?)e.Attribute("contentType") == "image").ToList();
        sets.Count.ShouldBe(2);
        sets.ShouldAllBe(set => (string?)set.Attribute("mimeType") == "image/jpeg");
        var second = sets[1].Elements().Single();
        ((string?)second.Attribute("width"), (string?)second.Attribute("height")).ShouldBe(("1600", "180"));
        second.Elements().First().ToString().ShouldContain("schemeIdUri=\"http://dashif.org/guidelines/thumbnail_tile\" value=\"5x1\"");
        var template = second.Elements().Last();
        ((string?)template.Attribute("media"), (string?)template.Attribute("timescale"),
            (string?)template.Attribute("presentationTimeOffset")).ShouldBe(("thumbnails/$Time$.jpg", "1000", "13000"));
        template.Descendants().Where(e => e.Name.LocalName == "S").Select(s => ((string?)s.Attribute("t"), (string?)s.Attribute("d")))
            .ShouldBe([("10000", "10000")]);
        sets[0].Descendants().Single(e => e.Name.LocalName == "S").ToString().ShouldContain("r=\"1\"");
    }

    [Fact]
    public void Sprite_sheets_of_an_earlier_configuration_are_in_no_track_but_have_cues()
    {
        var broadcaster = new FakePackager().Video().Segments(16).Sheet(0);
        broadcaster.Say(new Broadcast.Media.Timeline.TimelineEvent.SpriteSheetReady(new(20_000, 1000), new(8_000, 1000),
            new SpriteSheetLayout(2, 2, 320, 180), Broadcast.Media.ObjectName.Parse("a/b"), 1));
        var session = broadcaster.Listen();

        session.Manifests.ImagePlaylist().Text().ShouldNotContain("thumbnails/0.jpg");
        session.Manifests.ThumbnailVtt("").Text().Split("-->").Length.ShouldBe(1 + 5 + 4);
        session.Manifests.ThumbnailVtt("").Text()
            .ShouldEndWith("00:00:26.000 --> 00:00:28.000\nthumbnails/20000.jpg#xywh=320,180,320,180\n");
    }

    [Theory]
    [InlineData("/live/demo/thumbnails.vtt")]
    [InlineData($"/live/demo/{Session}/thumbnails.vtt")]
    [InlineData($"/live/demo/{Session}/thumbnails.m3u8")]
    [InlineData($"/live/demo/{Session}/thumbnails/0.jpg")]
    public async Task Thumbnail_manifests_are_404_without_thumbnails(string path)
    {
        await using var server = await OriginServer.StartAsync();
        server.Hear(new FakePackager().Video().Segments(3));
        using var response = await server.SendAsync(path);
        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        response.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("max-age=1");
    }
}
