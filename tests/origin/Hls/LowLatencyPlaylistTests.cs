using Broadcast.Media;

namespace Broadcast.Origin.Tests.Hls;

/// <summary>Playlists of the <c>low</c> profile (draft-pantos-hls-rfc8216bis).</summary>
public class LowLatencyPlaylistTests
{
    [Fact]
    public void Parts_of_complete_and_open_segments_are_listed_and_the_next_part_is_hinted() =>
        Low().Parts("source", 3).Parts("audio", 3).Close("source").Close("audio").Parts("source", 2).Part("audio").Listen()
        .Manifests.MediaPlaylist("source").Text().ShouldBe("""
            #EXTM3U
            #EXT-X-VERSION:9
            #EXT-X-TARGETDURATION:3
            #EXT-X-SERVER-CONTROL:HOLD-BACK=9.0,PART-HOLD-BACK=1.05,CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=18.0
            #EXT-X-PART-INF:PART-TARGET=0.35
            #EXT-X-MEDIA-SEQUENCE:1
            #EXT-X-DISCONTINUITY-SEQUENCE:0
            #EXT-X-INDEPENDENT-SEGMENTS
            #EXT-X-MAP:URI="source/init-1.mp4"
            #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:00.000Z
            #EXT-X-PART:DURATION=0.33333,URI="source/1.0.m4s",INDEPENDENT=YES
            #EXT-X-PART:DURATION=0.33333,URI="source/1.1.m4s"
            #EXT-X-PART:DURATION=0.33333,URI="source/1.2.m4s"
            #EXTINF:1.000,
            source/1.m4s
            #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:01.000Z
            #EXT-X-PART:DURATION=0.33333,URI="source/2.0.m4s",INDEPENDENT=YES
            #EXT-X-PART:DURATION=0.33333,URI="source/2.1.m4s"
            #EXT-X-PRELOAD-HINT:TYPE=PART,URI="source/2.2.m4s"
            #EXT-X-RENDITION-REPORT:URI="audio.m3u8",LAST-MSN=2,LAST-PART=0

            """);

    [Fact]
    public void First_part_of_the_next_segment_is_hinted_between_two_segments()
    {
        var text = Low().Parts("source", 3).Parts("audio", 3).Close("source").Close("audio")
            .Listen().Manifests.MediaPlaylist("audio").Text();

        text.ShouldEndWith("""
            audio/1.m4s
            #EXT-X-PRELOAD-HINT:TYPE=PART,URI="audio/2.0.m4s"
            #EXT-X-RENDITION-REPORT:URI="source.m3u8",LAST-MSN=1,LAST-PART=2

            """);
    }

    [Fact]
    public void Segment_tags_precede_its_first_part_and_a_gap_has_gap_parts() =>
        new FakePackager(latency: LatencyProfile.Low).Audio().Parts("audio", 3).Close("audio").Discontinuity()
        .Change("audio", format => format with { Channels = 1 })
            .Gap("audio", 1).Part("audio").Listen().Manifests.MediaPlaylist("audio").Text().ShouldEndWith("""
            audio/1.m4s
            #EXT-X-DISCONTINUITY
            #EXT-X-MAP:URI="audio/init-2.mp4"
            #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:01.000Z
            #EXT-X-GAP
            #EXT-X-PART:DURATION=0.33333,URI="audio/2.0.m4s",GAP=YES
            #EXT-X-PART:DURATION=0.33333,URI="audio/2.1.m4s",GAP=YES
            #EXT-X-PART:DURATION=0.33333,URI="audio/2.2.m4s",GAP=YES
            #EXTINF:1.000,
            audio/2.m4s
            #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:02.000Z
            #EXT-X-PART:DURATION=0.33333,URI="audio/3.0.m4s",INDEPENDENT=YES
            #EXT-X-PRELOAD-HINT:TYPE=PART,URI="audio/3.1.m4s"

            """);

    [Fact]
    public void Part_longer_than_the_target_is_listed_with_the_target_duration()
    {
        // RFC 8216bis, 4.4.4.9: no part is longer than the target. The segment has its exact duration.
        var text = Low().Part("source", 0.3333).Part("source", 1.2).Close("source").Listen().Manifests.MediaPlaylist("source").Text();

        text.ShouldContain("#EXT-X-PART:DURATION=0.35,URI=\"source/1.1.m4s\"");
        text.ShouldContain("#EXTINF:1.5333");
    }

    [Fact]
    public void Parts_are_listed_for_three_target_durations_only()
    {
        var broadcaster = Low();
        for (var i = 0; i < 8; i++)
        {
            broadcaster.Parts("source", 6).Close("source");
        }

        // 9 s from the end of segment 8 reach into segment 4.
        var text = broadcaster.Listen().Manifests.MediaPlaylist("source").Text();
        text.ShouldNotContain("source/4.5.m4s");
        text.ShouldContain("source/5.0.m4s");
        text.Split('\n').Count(line => line.StartsWith("#EXT-X-PART:", StringComparison.Ordinal)).ShouldBe(24);
    }

    [Theory]
    [InlineData(9, null)]
    [InlineData(10, null)]
    [InlineData(11, 1)]
    [InlineData(20, 10)]
    public void Delta_update_skips_segments_older_than_six_target_durations(int segments, int? skipped)
    {
        var broadcaster = Low();
        for (var i = 0; i < segments; i++)
        {
            broadcaster.Parts("source", 6).Close("source");
        }

        var session = broadcaster.Part("source").Listen();
        var (whole, delta) = (session.Manifests.MediaPlaylist("source").Text(),
            session.Manifests.MediaPlaylist("source", isDelta: true).Text());
        if (skipped is not { } count)
        {
            delta.ShouldBe(whole);
            return;
        }

        delta.ShouldContain($"#EXT-X-SKIP:SKIPPED-SEGMENTS={count}\n#EXT-X-MAP:URI=\"source/init-1.mp4\"\n");
        delta.ShouldContain("#EXT-X-MEDIA-SEQUENCE:1\n");
        delta.ShouldNotContain($"source/{count}.m4s");
        delta.ShouldEndWith(whole[whole.IndexOf($"source/{count + 1}.m4s", StringComparison.Ordinal)..]);
    }

    [Fact]
    public void Delta_update_of_a_twelve_hour_window_is_a_few_kilobytes()
    {
        var broadcaster = new FakePackager(latency: LatencyProfile.Low).Video();
        for (var i = 0; i < 12 * 1800; i++)
        {
            broadcaster.Part("source", 2, bytes: 1).Close("source");
        }

        broadcaster.Listen().Manifests.MediaPlaylist("source", isDelta: true)!.Plain.Length.ShouldBeLessThan(8 * 1024);
    }

    [Fact]
    public void Ended_session_has_no_preload_hint_and_skips_nothing()
    {
        var broadcaster = Low();
        for (var i = 0; i < 20; i++)
        {
            broadcaster.Parts("source", 6).Parts("audio", 6).Close("source").Close("audio");
        }

        var session = broadcaster.Part("source").Listen();
        session.Manifests.MediaPlaylist("source", isDelta: true).Text().ShouldContain("SKIP");
        broadcaster.End().NotifyTo(session);
        var text = session.Manifests.MediaPlaylist("source").Text();
        text.ShouldEndWith("#EXTINF:0.333333,\nsource/21.m4s\n#EXT-X-ENDLIST\n");
        text.ShouldNotContain("PRELOAD-HINT");
        text.ShouldNotContain("RENDITION-REPORT");
        session.Manifests.MediaPlaylist("source", isDelta: true).Text().ShouldBe(text);
    }

    [Theory]
    [InlineData("standard")]
    [InlineData("safe")]
    public void Other_latency_profiles_list_only_complete_segments(string latency)
    {
        var session = new FakePackager(latency: LatencyProfile.Find(latency)).Video().Audio().Segments(20).Open("source").Listen();
        var text = session.Manifests.MediaPlaylist("source").Text();

        foreach (var tag in new[] { "PART", "SKIP", "PRELOAD", "REPORT", "BLOCK", "source/21" })
        {
            text.ShouldNotContain(tag);
        }

        session.Manifests.MediaPlaylist("source", isDelta: true).ShouldBeSameAs(session.Manifests.MediaPlaylist("source", isDelta: true));
        session.Manifests.MediaPlaylist("source", isDelta: true).Text().ShouldBe(text);
    }

    [Fact]
    public void New_part_changes_only_the_playlist_of_its_own_rendition()
    {
        var broadcaster = Low().Parts("source", 3).Parts("audio", 3).Close("source").Close("audio");
        var session = broadcaster.Listen();
        var (video, audio) = (session.Manifests.MediaPlaylist("source"), session.Manifests.MediaPlaylist("audio"));

        broadcaster.Part("source").NotifyTo(session);

        session.Manifests.MediaPlaylist("source").ShouldNotBeSameAs(video);
        session.Manifests.MediaPlaylist("audio").ShouldBeSameAs(audio);
    }

    private static FakePackager Low() => new FakePackager(latency: LatencyProfile.Low).Video().Audio();
}
