using System.Net;
using System.Xml.Linq;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Broadcast.Origin.Tests.Conformance;
using Broadcast.Origin.Tests.Dash;
using Broadcast.Origin.Tests.Delivery;
using Broadcast.Testing;

namespace Broadcast.Origin.Tests.Vod;

public class VodTests
{
    private static readonly XNamespace Mpd = "urn:mpeg:dash:schema:mpd:2011";

    /// <summary>
    /// Five minutes in segments of two seconds, with a discontinuity in the first, four of them in index blocks, and a sprite sheet every
    /// ten seconds.
    /// </summary>
    private static FakePackager FiveMinutes(TimeSpan rewind = default, LatencyProfile? latency = null)
    {
        var story = new FakePackager(rewind: rewind, latency: latency, recorded: true).Video().Audio();
        for (var minute = 0; minute < 5; minute++)
        {
            if (minute == 1)
            {
                story.Discontinuity();
            }

            story.Segments(30, bytes: 1000);
            for (var sheet = 0; sheet < 6; sheet++)
            {
                story.Sheet((minute * 60) + (sheet * 10), 50);
            }

            if (minute > 0)
            {
                story.IndexBlock((minute * 30) + 1);
            }
        }

        return story.Poster(299);
    }

    private static async Task<(OriginServer Server, FakeRecordingCatalog Catalog)> ServerAsync(FakePackager story, bool isLive,
        params (string, string)[] settings)
    {
        var catalog = new FakeRecordingCatalog();
        var server = await OriginServer.StartAsync(null, catalog, settings);
        server.Time.AdvanceTo(FakePackager.Start.AddSeconds(301));
        _ = isLive ? server.Hear(story) : server.Find(story);
        return (server, catalog);
    }

    private static List<string> Segments(string playlist) =>
        [.. playlist.Split('\n').Where(line => line.EndsWith(".m4s", StringComparison.Ordinal))];

    private static string Address(RecordingRange recording, string file) => $"/vod/{recording.Id}/{file}";

    [Fact]
    public async Task Ended_session_is_played_from_its_journal_and_all_listed_media_is_available()
    {
        var story = FiveMinutes().End().Journal();
        var (server, catalog) = await ServerAsync(story, isLive: false);
        await using var _ = server;
        var recording = catalog.Add(story.Session);
        var multivariant = await server.Client.GetStringAsync(Address(recording, "index.m3u8"));
        multivariant.ShouldContain("\nsource.m3u8\n");
        multivariant.ShouldContain("URI=\"audio.m3u8\"");
        HlsRules.Multivariant.Broken(new HlsPlaylist(multivariant)).ShouldBeEmpty(multivariant);
        foreach (var rendition in new[] { "source", "audio" })
        {
            using var response = await server.SendAsync(Address(recording, rendition + ".m3u8"));
            response.Headers.CacheControl!.ToString().ShouldBe("public, max-age=60, stale-if-error=3");
            response.Content.Headers.ContentType!.MediaType.ShouldBe("application/vnd.apple.mpegurl");
            response.Headers.GetValues("Access-Control-Allow-Origin").ShouldBe(["*"]);
            var playlist = await response.Content.ReadAsStringAsync();
            HlsRules.Media.Broken(new HlsPlaylist(playlist)).ShouldBeEmpty(playlist);
            playlist.ShouldContain("#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:EVENT\n");
            playlist.ShouldEndWith("150.m4s\n#EXT-X-ENDLIST\n");
            Segments(playlist)
                .ShouldBe(Enumerable.Range(1, 150).Select(number => $"../../live/demo/{FakePackager.First}/{rendition}/{number}.m4s"));
            foreach (var address in new[] { $"init-1.mp4", "1.m4s", "100.m4s", "150.m4s" })
            {
                var name = $"live/demo/{FakePackager.First}/{rendition}/{address}";
                using var media = await server.SendAsync("/" + name);
                media.Headers.CacheControl!.ToString().ShouldStartWith("public, max-age=31536000, immutable");
                (await media.Content.ReadAsByteArrayAsync()).ShouldBe(story.Objects[name]);
            }
        }

        using var sheet = await server.SendAsync($"/live/demo/{FakePackager.First}/thumbnails/20000.jpg");
        sheet.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var poster = await server.SendAsync(Address(recording, "poster.jpg"));
        (await poster.Content.ReadAsByteArrayAsync()).ShouldBe(story.Objects[$"live/demo/{FakePackager.First}/posters/299000.jpg"]);
        poster.Headers.CacheControl!.ToString().ShouldBe("public, max-age=60");
    }

    [Theory]
    [InlineData("low")]
    [InlineData("standard")]
    [InlineData("safe")]
    public async Task MPD_of_an_ended_session_lists_all_of_it_starting_at_zero(string profile)
    {
        var story = FiveMinutes(latency: LatencyProfile.Find(profile)).End().Journal();
        var (server, catalog) = await ServerAsync(story, isLive: false);
        await using var _ = server;
        using var response = await server.SendAsync(Address(catalog.Add(story.Session), "manifest.mpd"));
        var text = await response.Content.ReadAsStringAsync();
        MpdRules.Alone.Broken(new MpdVersion(text)).ShouldBeEmpty(text);
        var mpd = XElement.Parse(text);
        (mpd.Attribute("type")!.Value, mpd.Attribute("mediaPresentationDuration")!.Value,
            mpd.Element(Mpd + "BaseURL")!.Value).ShouldBe(("static", "PT300S", $"../../live/demo/{FakePackager.First}/"));
        mpd.Elements(Mpd + "Period").Select(period => period.Attribute("start")!.Value).ShouldBe(["PT0S", "PT60S"]);
        mpd.Descendants(Mpd + "S").Where(s => s.Ancestors(Mpd + "Representation").First().Attribute("id")!.Value == "source")
            .Sum(s => 1 + ((int?)s.Attribute("r") ?? 0)).ShouldBe(150);
        mpd.Descendants(Mpd + "S").Where(s => s.Ancestors(Mpd + "Representation").First().Attribute("id")!.Value == "thumbnails")
            .Sum(s => 1 + ((int?)s.Attribute("r") ?? 0)).ShouldBe(30);
        (await Schema.ValidateAsync(text)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Manifests_from_the_journal_equal_those_of_the_session_still_in_memory()
    {
        var story = FiveMinutes(TimeSpan.FromMinutes(2)).End().Journal();
        var (server, catalog) = await ServerAsync(story, isLive: true);
        await using var _ = server;
        RecordingRange[] recordings = [catalog.Add(story.Session), catalog.Clip(story.Session, 55.5, 121)];
        var addresses = recordings.SelectMany(recording => new[] { "index.m3u8", "source.m3u8", "audio.m3u8", "manifest.mpd",
            "thumbnails.vtt" }.Select(file => Address(recording, file))).ToList();
        var live = new List<string>();
        foreach (var address in addresses)
        {
            live.Add(await server.Client.GetStringAsync(address));
        }

        // As after a restart, with an empty cache.
        var (other, same) = await ServerAsync(story, isLive: false);
        await using var __ = other;
        foreach (var recording in recordings)
        {
            same.Add(story.Session, recording.Start, recording.End, recording.Id);
        }

        foreach (var (address, text) in addresses.Zip(live))
        {
            (await other.Client.GetStringAsync(address)).ShouldBe(text, address);
        }
    }

    [Theory]
    [InlineData("low", 0)]
    [InlineData("standard", 0)]
    [InlineData("standard", 120)]
    public async Task Recording_of_a_live_session_grows_from_its_start_regardless_of_the_DVR_window(string profile, int rewind)
    {
        var story = FiveMinutes(TimeSpan.FromSeconds(rewind), LatencyProfile.Find(profile));
        var (server, catalog) = await ServerAsync(story, isLive: true);
        await using var _ = server;
        var recording = catalog.Add(story.Session);
        using (var response = await server.SendAsync(Address(recording, "source.m3u8")))
        {
            response.Headers.CacheControl!.ToString().ShouldBe("public, max-age=1, stale-if-error=3");
        }

        var growing = await server.Client.GetStringAsync(Address(recording, "source.m3u8"));
        Segments(growing).Count.ShouldBe(150);
        growing.ShouldNotContain("ENDLIST");
        var mpd = await server.Client.GetStringAsync(Address(recording, "manifest.mpd"));
        MpdRules.Alone.Broken(new MpdVersion(mpd)).ShouldBeEmpty(mpd);
        Segments(await server.Client.GetStringAsync($"/live/demo/{FakePackager.First}/source.m3u8"))
            .Count.ShouldBe(rewind == 0 ? 30 : 150, "what is live lists what it did");

        server.Time.Advance(TimeSpan.FromSeconds(10));
        server.Hear(story.Segments(5, bytes: 1000));
        var more = await server.Client.GetStringAsync(Address(recording, "source.m3u8"));
        more.ShouldStartWith(growing);
        HlsChangeRules.Changes.Broken(new HlsChange(new HlsPlaylist(growing), new HlsPlaylist(more))).ShouldBeEmpty(more);
        var next = await server.Client.GetStringAsync(Address(recording, "manifest.mpd"));
        MpdRules.Changes.Broken(new MpdChange(new(mpd), new(next))).ShouldBeEmpty($"{mpd}\nthen\n{next}");

        server.Hear(story.End());
        (await server.Client.GetStringAsync(Address(recording, "source.m3u8"))).ShouldBe(more + "#EXT-X-ENDLIST\n");
        XElement.Parse(await server.Client.GetStringAsync(Address(recording, "manifest.mpd"))).Attribute("type")!.Value.ShouldBe("static");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Clip_has_every_complete_segment_it_overlaps_even_while_the_session_is_live(bool isLive)
    {
        var story = isLive ? FiveMinutes() : FiveMinutes().End().Journal();
        var (server, catalog) = await ServerAsync(story, isLive);
        await using var _ = server;
        var clip = catalog.Clip(story.Session, 55.5, 121);
        foreach (var rendition in new[] { "source", "audio" })
        {
            var playlist = await server.Client.GetStringAsync(Address(clip, rendition + ".m3u8"));
            HlsRules.Media.Broken(new HlsPlaylist(playlist)).ShouldBeEmpty(playlist);
            playlist.ShouldContain("#EXT-X-MEDIA-SEQUENCE:28\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n");
            Segments(playlist)
                .ShouldBe(Enumerable.Range(28, 34).Select(number => $"../../live/demo/{FakePackager.First}/{rendition}/{number}.m4s"));
            playlist.ShouldEndWith("#EXT-X-ENDLIST\n");
        }

        var text = await server.Client.GetStringAsync(Address(clip, "manifest.mpd"));
        MpdRules.Alone.Broken(new MpdVersion(text)).ShouldBeEmpty(text);
        var mpd = XElement.Parse(text);
        mpd.Attribute("type")!.Value.ShouldBe("static");
        mpd.Elements(Mpd + "Period").Select(period => period.Attribute("start")!.Value)
            .ShouldBe(["PT0S", "PT4.5S"], "it begins at 55.5 s, and the second run at 60");
        (await Schema.ValidateAsync(text)).ShouldBeEmpty();

        var cues = await server.Client.GetStringAsync(Address(clip, "thumbnails.vtt"));
        cues.ShouldStartWith(
            $"WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n../../live/demo/{FakePackager.First}/thumbnails/50000.jpg#xywh=640,0,320,180\n",
            Case.Sensitive, "its playlist begins at 54 s");
        cues.ShouldContain("/thumbnails/120000.jpg#xywh=0,0,320,180\n");
        cues.ShouldNotContain("/130000.jpg");

        using var nothing = await server.SendAsync(Address(catalog.Clip(story.Session, 1000, 1010), "source.m3u8"));
        nothing.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Trim_takes_effect_at_once_for_uncached_manifests()
    {
        var story = FiveMinutes().End().Journal();
        var (server, catalog) = await ServerAsync(story, isLive: false);
        await using var _ = server;
        var recording = catalog.Add(story.Session);
        Segments(await server.Client.GetStringAsync(Address(recording, "source.m3u8"))).Count.ShouldBe(150);
        catalog.Add(story.Session, start: FakePackager.Start.AddSeconds(100));
        Segments(await server.Client.GetStringAsync(Address(recording, "source.m3u8"))).Count.ShouldBe(100);
        catalog.Remove(recording);
        foreach (var file in new[] { "index.m3u8", "source.m3u8", "manifest.mpd", "thumbnails.vtt", "poster.jpg" })
        {
            using var gone = await server.SendAsync(Address(recording, file));
            gone.StatusCode.ShouldBe(HttpStatusCode.NotFound);
            gone.Headers.CacheControl!.MaxAge.ShouldBe(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public async Task Recording_responses_are_compressed_and_have_ETags()
    {
        var story = FiveMinutes().End().Journal();
        var (server, catalog) = await ServerAsync(story, isLive: false);
        await using var _ = server;
        var address = Address(catalog.Add(story.Session), "source.m3u8");
        using var first = await server.SendAsync(address, null, ("Accept-Encoding", "gzip"));
        first.Content.Headers.ContentEncoding.ShouldBe(["gzip"]);
        using var again = await server.SendAsync(address, null, ("Accept-Encoding", "gzip"), ("If-None-Match", first.Headers.ETag!.Tag));
        again.StatusCode.ShouldBe(HttpStatusCode.NotModified);
        using var head = await server.SendAsync(address, HttpMethod.Head);
        (head.StatusCode, head.Content.Headers.ContentLength > 1000).ShouldBe((HttpStatusCode.OK, true));
        using var post = await server.SendAsync(address, HttpMethod.Post);
        post.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        using var preflight = await server.SendAsync(address, HttpMethod.Options);
        preflight.StatusCode.ShouldBe(HttpStatusCode.NoContent);
    }

    [Theory]
    [InlineData("index.mpd")]
    [InlineData("source.m3u8/")]
    [InlineData("Source.m3u8")]
    [InlineData("nothing.m3u8")]
    [InlineData("thumbnails.m3u8")]
    [InlineData("source/1.m4s")]
    [InlineData("")]
    public async Task Unknown_recording_or_file_is_404(string file)
    {
        var story = FiveMinutes().End().Journal();
        var (server, catalog) = await ServerAsync(story, isLive: false);
        await using var _ = server;
        using var response = await server.SendAsync(Address(catalog.Add(story.Session), file));
        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var other = await server.SendAsync($"/vod/{FakePackager.Second}/index.m3u8");
        other.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var none = await server.SendAsync("/vod/demo/index.m3u8");
        none.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task No_recording_exists_without_a_catalog()
    {
        await using var server = (await OriginServer.StartAsync()).Find(FiveMinutes().End().Journal());
        foreach (var address in new[] { $"/vod/{FakePackager.First}/index.m3u8", $"/live/demo/{FakePackager.First}/source/1.m4s" })
        {
            using var response = await server.SendAsync(address);
            response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }
    }

    [Fact]
    public async Task Gaps_stay_gaps_and_a_recording_never_ends_with_one()
    {
        var story = new FakePackager(recorded: true).Video().Audio().Segments(5, bytes: 1000).Gap("source").Gap("audio").Gap("source")
            .Open("audio").Close("audio").Segments(3, bytes: 1000);
        for (var lost = 0; lost < 50; lost++)
        {
            story.Gap("source", 1).Gap("audio", 1);
        }

        var (server, catalog) = await ServerAsync(story.IndexBlock(8).End().Journal(), isLive: false);
        await using var _ = server;
        var recording = catalog.Add(story.Session);
        foreach (var (rendition, gaps) in new[] { ("source", 2), ("audio", 1) })
        {
            var playlist = await server.Client.GetStringAsync(Address(recording, rendition + ".m3u8"));
            HlsRules.Media.Broken(new HlsPlaylist(playlist)).ShouldBeEmpty(playlist);
            playlist.ShouldEndWith("/10.m4s\n#EXT-X-ENDLIST\n");
            playlist.Split("#EXT-X-GAP").Length.ShouldBe(gaps + 1);
        }

        var mpd = await server.Client.GetStringAsync(Address(recording, "manifest.mpd"));
        MpdRules.Alone.Broken(new MpdVersion(mpd)).ShouldBeEmpty(mpd);
        XElement.Parse(mpd).Attribute("mediaPresentationDuration")!.Value.ShouldBe("PT20S");
    }
}
