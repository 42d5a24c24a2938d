using Broadcast.Media;
using Broadcast.Media.Timeline;

namespace Broadcast.Origin.Tests.Hls;

public class MediaPlaylistTests
{
    [Fact]
    public void Live_session_lists_its_complete_segments_and_not_the_open_one() =>
        new FakePackager().Video().Audio().Segments(2).Segment(2.0333).Open("source")
            .Listen().Manifests.MediaPlaylist("source").Text().ShouldBe("""
            #EXTM3U
            #EXT-X-VERSION:8
            #EXT-X-TARGETDURATION:3
            #EXT-X-SERVER-CONTROL:HOLD-BACK=9.0
            #EXT-X-MEDIA-SEQUENCE:1
            #EXT-X-DISCONTINUITY-SEQUENCE:0
            #EXT-X-INDEPENDENT-SEGMENTS
            #EXT-X-MAP:URI="source/init-1.mp4"
            #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:00.000Z
            #EXTINF:2.000,
            source/1.m4s
            #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:02.000Z
            #EXTINF:2.000,
            source/2.m4s
            #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:04.000Z
            #EXTINF:2.033289,
            source/3.m4s

            """);

    [Fact]
    public void Configuration_change_adds_a_discontinuity_and_a_map_even_for_an_identical_map() =>
        new FakePackager().Video().Audio().Segment().Discontinuity().Change("source", format => format with { Width = 1280, Height = 720 })
            .Silence(5).Segments(2).Listen().Manifests.MediaPlaylist("source").Text().ShouldBe("""
            #EXTM3U
            #EXT-X-VERSION:8
            #EXT-X-TARGETDURATION:3
            #EXT-X-SERVER-CONTROL:HOLD-BACK=9.0
            #EXT-X-MEDIA-SEQUENCE:1
            #EXT-X-DISCONTINUITY-SEQUENCE:0
            #EXT-X-INDEPENDENT-SEGMENTS
            #EXT-X-MAP:URI="source/init-1.mp4"
            #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:00.000Z
            #EXTINF:2.000,
            source/1.m4s
            #EXT-X-DISCONTINUITY
            #EXT-X-MAP:URI="source/init-2.mp4"
            #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:07.000Z
            #EXTINF:2.000,
            source/2.m4s
            #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:09.000Z
            #EXTINF:2.000,
            source/3.m4s

            """);

    [Fact]
    public void Gap_is_no_longer_than_the_target_duration() =>
        new FakePackager().Audio("audio").Segment().Gap("audio", 20).Segment().Listen().Manifests.MediaPlaylist("audio").Text().ShouldBe("""
            #EXTM3U
            #EXT-X-VERSION:8
            #EXT-X-TARGETDURATION:3
            #EXT-X-SERVER-CONTROL:HOLD-BACK=9.0
            #EXT-X-MEDIA-SEQUENCE:1
            #EXT-X-DISCONTINUITY-SEQUENCE:0
            #EXT-X-INDEPENDENT-SEGMENTS
            #EXT-X-MAP:URI="audio/init-1.mp4"
            #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:00.000Z
            #EXTINF:2.000,
            audio/1.m4s
            #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:02.000Z
            #EXT-X-GAP
            #EXTINF:3.000,
            audio/2.m4s
            #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:22.000Z
            #EXTINF:2.000,
            audio/3.m4s

            """);

    [Fact]
    public void Ended_session_with_a_moved_window_keeps_its_sequence_numbers_and_has_ENDLIST() =>
        new FakePackager(latency: LatencyProfile.Safe).Video().Audio().Segment(6).Discontinuity().Segments(2, 6).Discontinuity().Segment(6)
        .Window(4).End()
            .Listen().Manifests.MediaPlaylist("audio").Text().ShouldBe("""
            #EXTM3U
            #EXT-X-VERSION:8
            #EXT-X-TARGETDURATION:10
            #EXT-X-SERVER-CONTROL:HOLD-BACK=30.0
            #EXT-X-MEDIA-SEQUENCE:4
            #EXT-X-DISCONTINUITY-SEQUENCE:1
            #EXT-X-INDEPENDENT-SEGMENTS
            #EXT-X-DISCONTINUITY
            #EXT-X-MAP:URI="audio/init-1.mp4"
            #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:18.000Z
            #EXTINF:6.000,
            audio/4.m4s
            #EXT-X-ENDLIST

            """);

    [Fact]
    public void Independence_is_not_claimed_once_a_segment_started_without_a_sync_sample()
    {
        var broadcaster = new FakePackager().Video().Segment().Segment(independent: false);

        var session = broadcaster.Listen();
        session.Manifests.MediaPlaylist("source").Text().ShouldNotContain("INDEPENDENT");
        session.Manifests.MultivariantPlaylist().Text().ShouldNotContain("INDEPENDENT");

        broadcaster.Segments(3).Window(3).NotifyTo(session);
        session.Manifests.MediaPlaylist("source").Text().ShouldNotContain("INDEPENDENT");
    }

    [Fact]
    public void The_last_open_segment_is_listed_when_the_session_ends() =>
        new FakePackager().Video().Segment().Open("source", 1.5).End().Listen().Manifests.MediaPlaylist("source").Text()
            .ShouldEndWith("#EXTINF:1.500,\nsource/2.m4s\n#EXT-X-ENDLIST\n");

    [Fact]
    public void No_playlist_exists_before_the_first_complete_segment_or_for_an_unknown_rendition()
    {
        var session = new FakePackager().Video().Open("source").Listen();

        session.Manifests.MediaPlaylist("source").ShouldBeNull();
        session.Manifests.MediaPlaylist("other").ShouldBeNull();
    }

    [Fact]
    public void Rendition_that_joins_late_has_the_common_discontinuity_sequence()
    {
        var session = new FakePackager().Video().Segment().Discontinuity().Segment().Discontinuity().Segment().Listen();
        var format = new RenditionFormat(TrackKind.Audio, "mp4a.40.2", 48_000, 0, 0, 0, 48_000, 2, null);
        var name = ObjectName.Parse("live/demo/x/audio/3.m4s");
        session.Append(
        [
            new TimelineEvent.RenditionAdded("audio", TrackKind.Audio),
            new TimelineEvent.InitReady("audio", 1, format, name, 10),
            new TimelineEvent.PartReady("audio", 3, 0, 1, new MediaTime(4 * 48_000, 48_000), new MediaTime(96_000, 48_000), true,
                FakePackager.Start, name, 0, 10),
            new TimelineEvent.SegmentClosed("audio", 3),
        ], error => throw new InvalidOperationException(error));

        // Segment 3 of the video follows two discontinuities, the second of them its own.
        session.Manifests.MediaPlaylist("audio").Text()
            .ShouldContain("#EXT-X-MEDIA-SEQUENCE:3\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-DISCONTINUITY\n");
    }
}
