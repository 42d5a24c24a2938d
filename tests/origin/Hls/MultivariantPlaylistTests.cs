using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Live;

namespace Broadcast.Origin.Tests.Hls;

public class MultivariantPlaylistTests
{
    [Fact]
    public void Video_variant_refers_to_its_audio_and_its_bandwidth_includes_both() =>
        new FakePackager().Video(frameRate: 30000 / 1001d).Audio(language: "en").Segments(3)
            .Listen().Manifests.MultivariantPlaylist().Text()
        .ShouldBe("""
            #EXTM3U
            #EXT-X-VERSION:8
            #EXT-X-INDEPENDENT-SEGMENTS
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="en",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="01JN8E0000000000000000000A/audio.m3u8"
            #EXT-X-STREAM-INF:BANDWIDTH=4200000,AVERAGE-BANDWIDTH=4160000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1920x1080,FRAME-RATE=29.970,AUDIO="audio"
            01JN8E0000000000000000000A/source.m3u8

            """);

    [Fact]
    public void Audio_only_session_has_an_audio_variant() =>
        new FakePackager().Audio().Segments(2).Listen().Manifests.MultivariantPlaylist().Text().ShouldBe("""
            #EXTM3U
            #EXT-X-VERSION:8
            #EXT-X-INDEPENDENT-SEGMENTS
            #EXT-X-STREAM-INF:BANDWIDTH=160000,AVERAGE-BANDWIDTH=160000,CODECS="mp4a.40.2"
            01JN8E0000000000000000000A/audio.m3u8

            """);

    [Fact]
    public void Video_only_session_has_no_audio_group_and_omits_an_unknown_frame_rate() =>
        new FakePackager().Video(frameRate: 0).Segments(2).Listen().Manifests.MultivariantPlaylist().Text().ShouldBe("""
            #EXTM3U
            #EXT-X-VERSION:8
            #EXT-X-INDEPENDENT-SEGMENTS
            #EXT-X-STREAM-INF:BANDWIDTH=4000000,AVERAGE-BANDWIDTH=4000000,CODECS="avc1.64001f",RESOLUTION=1920x1080
            01JN8E0000000000000000000A/source.m3u8

            """);

    [Fact]
    public void Names_of_audio_renditions_in_one_language_differ()
    {
        var text = new FakePackager().Video().Audio("main", "de").Audio("commentary", "de").Audio("english", "en").Segment().Listen()
            .Manifests.MultivariantPlaylist().Text();

        text.ShouldContain("NAME=\"main\",LANGUAGE=\"de\",DEFAULT=YES");
        text.ShouldContain("NAME=\"commentary\",LANGUAGE=\"de\",DEFAULT=NO");
        text.ShouldContain("NAME=\"en\",LANGUAGE=\"en\",DEFAULT=NO");
    }

    [Fact]
    public void Audio_rendition_has_the_encoders_name_if_it_is_unique()
    {
        var text = new FakePackager().Video()
            .Add("audio", Audio("de") with { Name = "Stadion" }).Add("audio-2", Audio("de") with { Name = "Re\"porter\u202E\r\n#EXT" })
            .Add("audio-3", Audio("en") with { Name = "Twin" }).Add("audio-4", Audio("fr") with { Name = "Twin" })
            .Add("audio-5", Audio(null) with { Name = "fr" })
            .Segment().Listen().Manifests.MultivariantPlaylist().Text();

        text.Split('\n').Where(line => line.StartsWith("#EXT-X-MEDIA:", StringComparison.Ordinal))
            .Select(line => line.Split("NAME=")[1].Split(",DEFAULT")[0]).ShouldBe(
        [
            "\"Stadion\",LANGUAGE=\"de\"", "\"Re'porter#EXT\",LANGUAGE=\"de\"", "\"en\",LANGUAGE=\"en\"", "\"fr\",LANGUAGE=\"fr\"",
            "\"audio-5\"",
        ]);

        static RenditionFormat Audio(string? language) => new(TrackKind.Audio, "mp4a.40.2", 48_000, 0, 0, 0, 48_000, 2, language);
    }

    [Theory]
    [InlineData(1, ",VIDEO-RANGE=SDR,")]
    [InlineData(14, ",VIDEO-RANGE=SDR,")]
    [InlineData(16, ",VIDEO-RANGE=PQ,")]
    [InlineData(18, ",VIDEO-RANGE=HLG,")]
    [InlineData(2, "FRAME-RATE=30.000,AUDIO")]
    public void Variant_declares_its_video_range(byte transfer, string attribute)
    {
        var text = new FakePackager().Video().Audio()
            .Change("source", format => format with { Color = new ColorDescription(9, transfer, 9, FullRange: false) })
            .Segments(2).Listen().Manifests.MultivariantPlaylist().Text();
        text.ShouldContain(attribute);
    }

    [Fact]
    public void Audio_of_another_codec_has_its_own_group_and_its_own_variants() =>
        new FakePackager().Video().Video("180p", 320, 180).Audio(language: "en").Audio("audio-2", "de")
            .Add("audio-3", new RenditionFormat(TrackKind.Audio, "ec-3", 48_000, 0, 0, 0, 48_000, 6, "en")).Segments(2).Listen()
            .Manifests.MultivariantPlaylist().Text().ShouldBe("""
            #EXTM3U
            #EXT-X-VERSION:8
            #EXT-X-INDEPENDENT-SEGMENTS
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="en",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="01JN8E0000000000000000000A/audio.m3u8"
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="de",LANGUAGE="de",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2",URI="01JN8E0000000000000000000A/audio-2.m3u8"
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio-ec-3",NAME="en",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="6",URI="01JN8E0000000000000000000A/audio-3.m3u8"
            #EXT-X-STREAM-INF:BANDWIDTH=4200000,AVERAGE-BANDWIDTH=4160000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1920x1080,FRAME-RATE=30.000,AUDIO="audio"
            01JN8E0000000000000000000A/source.m3u8
            #EXT-X-STREAM-INF:BANDWIDTH=4200000,AVERAGE-BANDWIDTH=4160000,CODECS="avc1.64001f,ec-3",RESOLUTION=1920x1080,FRAME-RATE=30.000,AUDIO="audio-ec-3"
            01JN8E0000000000000000000A/source.m3u8
            #EXT-X-STREAM-INF:BANDWIDTH=4200000,AVERAGE-BANDWIDTH=4160000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=320x180,FRAME-RATE=30.000,AUDIO="audio"
            01JN8E0000000000000000000A/180p.m3u8
            #EXT-X-STREAM-INF:BANDWIDTH=4200000,AVERAGE-BANDWIDTH=4160000,CODECS="avc1.64001f,ec-3",RESOLUTION=320x180,FRAME-RATE=30.000,AUDIO="audio-ec-3"
            01JN8E0000000000000000000A/180p.m3u8

            """);

    [Fact]
    public void Embedded_captions_are_a_group_referenced_by_the_variants_that_have_them()
    {
        var text = new FakePackager().Video().Change("source", format => format with { Captions = "CC1 CC3 SERVICE12" })
            .Video("180p", 320, 180).Change("180p", format => format with { Captions = "CC1", Language = "en" }).Video("90p", 160, 90)
            .Audio().Segments(2).Listen().Manifests.MultivariantPlaylist().Text();

        text.Split('\n').Where(line => line.Contains("TYPE=CLOSED-CAPTIONS", StringComparison.Ordinal)).ShouldBe(
        [
            "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",NAME=\"CC1\",DEFAULT=NO,AUTOSELECT=YES,INSTREAM-ID=\"CC1\"",
            "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",NAME=\"CC3\",DEFAULT=NO,AUTOSELECT=YES,INSTREAM-ID=\"CC3\"",
            "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",NAME=\"SERVICE12\",DEFAULT=NO,AUTOSELECT=YES,INSTREAM-ID=\"SERVICE12\"",
        ]);
        text.Split('\n').Where(line => line.StartsWith("#EXT-X-STREAM-INF", StringComparison.Ordinal))
            .Select(line => line.EndsWith(",AUDIO=\"audio\",CLOSED-CAPTIONS=\"cc\"", StringComparison.Ordinal))
            .ShouldBe([true, true, false]);
    }

    [Theory]
    [InlineData("CC5")]
    [InlineData("SERVICE0")]
    [InlineData("SERVICE64")]
    [InlineData("SERVICE01")]
    [InlineData("CC1\",URI=\"x")]
    public void Invalid_caption_names_are_omitted(string name) =>
        new FakePackager().Video().Change("source", format => format with { Captions = name }).Segments(2)
            .Listen().Manifests.MultivariantPlaylist()
        .Text().ShouldNotContain("CAPTIONS");

    [Fact]
    public void Audio_in_two_languages_is_one_variant_with_the_first_language() =>
        new FakePackager().Audio(language: "en").Audio("audio-2", "de").Segments(2)
            .Listen().Manifests.MultivariantPlaylist().Text().ShouldBe("""
            #EXTM3U
            #EXT-X-VERSION:8
            #EXT-X-INDEPENDENT-SEGMENTS
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="en",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2"
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="de",LANGUAGE="de",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2",URI="01JN8E0000000000000000000A/audio-2.m3u8"
            #EXT-X-STREAM-INF:BANDWIDTH=160000,AVERAGE-BANDWIDTH=160000,CODECS="mp4a.40.2",AUDIO="audio"
            01JN8E0000000000000000000A/audio.m3u8

            """);

    [Fact]
    public void Invalid_language_is_omitted_from_the_playlist() =>
        new FakePackager().Video().Audio(language: "en\",URI=\"http://evil").Segment().Listen().Manifests.MultivariantPlaylist().Text()
        .ShouldNotContain("evil");

    [Fact]
    public void Small_bitrate_changes_keep_the_playlist_and_a_higher_peak_raises_it_permanently()
    {
        var broadcaster = new FakePackager().Video();
        var before = broadcaster.Segment(bytes: 1_010_000).Listen().Manifests.MultivariantPlaylist().Text();
        var wobbled = broadcaster.Segment(bytes: 1_030_000).Segment(bytes: 1_000_000).Segment(bytes: 1_040_000).Listen()
            .Manifests.MultivariantPlaylist().Text();
        var raised = broadcaster.Segment(bytes: 1_200_000).Segment(bytes: 900_000).Listen().Manifests.MultivariantPlaylist().Text();

        wobbled.ShouldBe(before);
        before.ShouldContain("BANDWIDTH=4200000,");
        raised.ShouldContain(":BANDWIDTH=4800000,");
    }

    [Fact]
    public void Multivariant_playlist_exists_once_every_rendition_has_a_complete_segment()
    {
        var broadcaster = new FakePackager().Video().Audio().Open("source").Close("source").Open("audio");

        broadcaster.Listen().Manifests.MultivariantPlaylist().ShouldBeNull();
        broadcaster.Close("audio").Listen().Manifests.MultivariantPlaylist().ShouldNotBeNull();
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(999, 1000)]
    [InlineData(1_000_000, 1_000_000)]
    [InlineData(1_000_001, 1_100_000)]
    [InlineData(4_010_000, 4_200_000)]
    [InlineData(9_600_000, 10_000_000)]
    [InlineData(5_000_001, 5_500_000)]
    public void Bitrates_are_rounded_up_in_steps(long measured, long said) => BitrateMeter.Step(measured).ShouldBe(said);
}
