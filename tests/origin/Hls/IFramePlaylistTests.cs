using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Hls;

namespace Broadcast.Origin.Tests.Hls;

/// <summary>I-frame playlists (RFC 8216, 4.3.3.6 and 4.3.4.3), and scores of variants.</summary>
public class IFramePlaylistTests
{
    [Fact]
    public void I_frame_playlist_has_each_segments_first_frame_and_the_media_playlists_numbers_4_3_3_6() =>
        new FakePackager { KeyLength = 20_000 }.Video().Segment().Segment(3).Listen().Manifests.IFramePlaylist("source").Text().ShouldBe("""
            #EXTM3U
            #EXT-X-VERSION:8
            #EXT-X-TARGETDURATION:3
            #EXT-X-SERVER-CONTROL:HOLD-BACK=9.0
            #EXT-X-MEDIA-SEQUENCE:1
            #EXT-X-DISCONTINUITY-SEQUENCE:0
            #EXT-X-I-FRAMES-ONLY
            #EXT-X-INDEPENDENT-SEGMENTS
            #EXT-X-MAP:URI="init-1.mp4"
            #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:00.000Z
            #EXT-X-BYTERANGE:20000@0
            #EXTINF:2.000,
            1.m4s
            #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:02.000Z
            #EXT-X-BYTERANGE:20000@0
            #EXTINF:3.000,
            2.m4s

            """);

    [Fact]
    public void Segment_without_a_leading_keyframe_is_a_gap_and_discontinuities_stay()
    {
        var lines = new FakePackager { KeyLength = 20_000 }.Video().Segment().Segment(independent: false).Discontinuity().Segment()
            .Gap("source").Segment().End()
            .Listen().Manifests.IFramePlaylist("source").Text().Split('\n');

        string.Join(' ', lines.Where(l => l.EndsWith(".m4s", StringComparison.Ordinal) || l is "#EXT-X-GAP" or "#EXT-X-DISCONTINUITY"))
            .ShouldBe(
            "1.m4s #EXT-X-GAP 2.m4s #EXT-X-DISCONTINUITY 3.m4s #EXT-X-GAP 4.m4s 5.m4s");
        lines.Count(l => l == "#EXT-X-BYTERANGE:20000@0").ShouldBe(3);
        lines[^2].ShouldBe("#EXT-X-ENDLIST");
    }

    [Fact]
    public void Multivariant_playlist_has_the_I_frame_playlist_with_the_bitrate_of_its_frames_4_3_4_3()
    {
        var text = new FakePackager { KeyLength = 25_000 }.Video().Audio().Segments(2).Listen().Manifests.MultivariantPlaylist().Text();

        text.ShouldContain(
            "\n#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=100000,AVERAGE-BANDWIDTH=100000,CODECS=\"avc1.64001f\",RESOLUTION=1920x1080,URI=\"01JN8E0000000000000000000A/source/iframes.m3u8\"\n");
    }

    [Fact]
    public void Audio_and_video_with_unknown_keyframe_sizes_have_no_I_frame_playlist()
    {
        var session = new FakePackager().Video().Audio().Segments(2).Listen();

        session.Manifests.IFramePlaylist("source").ShouldBeNull();
        session.Manifests.IFramePlaylist("audio").ShouldBeNull();
        session.Manifests.IFramePlaylist("nothing").ShouldBeNull();
        session.Manifests.MultivariantPlaylist().Text().ShouldNotContain("I-FRAME");
    }

    [Fact]
    public void Low_latency_and_DVR_sessions_have_no_I_frame_playlist_6_2_4()
    {
        var low = new FakePackager(latency: LatencyProfile.Low) { KeyLength = 20_000 }.Video().Segments(2).Listen();

        low.Manifests.IFramePlaylist("source").ShouldBeNull();
        low.Manifests.MultivariantPlaylist().Text().ShouldNotContain("I-FRAME");
        IFramePlaylist.IsOffered(new FakePackager().Session with { DvrWindow = DvrWindow.All }).ShouldBeFalse();
        IFramePlaylist.IsOffered(new FakePackager().Session).ShouldBeTrue();
    }

    [Fact]
    public async Task I_frame_playlist_has_its_own_URL_and_byte_ranges_in_the_segments()
    {
        await using var server = await Broadcast.Origin.Tests.Delivery.OriginServer.StartAsync();
        server.Hear(new FakePackager { KeyLength = 300 }.Video().Segments(2));
        const string Folder = "/live/demo/01JN8E0000000000000000000A/source/";

        using var playlist = await server.SendAsync(Folder + "iframes.m3u8");
        playlist.Content.Headers.ContentType!.MediaType.ShouldBe("application/vnd.apple.mpegurl");
        using var request = new HttpRequestMessage(HttpMethod.Get, Folder + "1.m4s") { Headers = { Range = new(0, 299) } };
        using var range = await server.Client.SendAsync(request);
        range.StatusCode.ShouldBe(System.Net.HttpStatusCode.PartialContent);
        using var none = await server.SendAsync("/live/demo/01JN8E0000000000000000000A/other/iframes.m3u8");
        none.StatusCode.ShouldBe(System.Net.HttpStatusCode.NotFound);
    }

    [Fact]
    public void Variants_of_several_codecs_are_scored_by_resolution_frame_rate_and_codec_efficiency()
    {
        var text = new FakePackager()
            .Add("avc-720", Frame("avc1.64001f", 1280, 30)).Add("hevc-1080", Frame("hvc1.1.6.L120.90", 1920, 30))
            .Add("avc-1080", Frame("avc1.640028", 1920, 30)).Add("avc-1080-60", Frame("avc1.64002a", 1920, 60))
            .Segments(2).Listen().Manifests.MultivariantPlaylist().Text();

        text.Split('\n').Where(l => l.StartsWith("#EXT-X-STREAM-INF", StringComparison.Ordinal))
            .Select(l => l.Split("SCORE=")[1].Split(',')[0]).ShouldBe(["1", "3", "2", "4"]);
    }

    [Fact]
    public void Variants_of_one_codec_have_no_score() =>
        new FakePackager().Video().Add("360p", Frame("avc1.64001e", 640, 30)).Segments(2).Listen().Manifests.MultivariantPlaylist().Text()
        .ShouldNotContain("SCORE");

    private static RenditionFormat Frame(string codecs, int width, double rate) =>
        new(TrackKind.Video, codecs, 90_000, width, width * 9 / 16, rate, 0, 0, null);
}
