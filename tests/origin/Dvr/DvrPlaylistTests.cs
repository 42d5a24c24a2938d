using System.Net;
using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Tests.Delivery;

namespace Broadcast.Origin.Tests.Dvr;

public class DvrPlaylistTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private static string Address(string rendition) => $"/live/demo/{FakePackager.First}/{rendition}.m3u8";

    private static async Task<string> PlaylistAsync(FakePackager broadcaster, string rendition, Action<OriginServer>? change = null)
    {
        broadcaster.Unsent.Clear();
        broadcaster.Unsent.AddRange(broadcaster.Events);
        await using var server = (await OriginServer.StartAsync()).Hear(broadcaster);
        change?.Invoke(server);
        return await server.Client.GetStringAsync(Address(rendition));
    }

    /// <summary>A session with all difficulties of playlists: gaps, discontinuities, changed configurations.</summary>
    private static FakePackager Story(int seed, bool indexBlocks)
    {
        var random = new Random(seed);
        var story = new FakePackager(rewind: Day).Video().Audio();
        var (last, first) = (0, 1L);
        for (var i = 0; i < 40; i++)
        {
            last++;
            switch (random.Next(8))
            {
                case 0:
                    story.Gap("source").Gap("audio");
                    break;
                case 1:
                    story.Discontinuity().Change("source", format => format with { Width = 640 + (2 * i) }).Silence(random.Next(3))
                        .Segment(bytes: 1000);
                    break;
                default:
                    story.Segment(1 + random.NextDouble(), 1000);
                    break;
            }

            if (random.Next(5) == 0 && last - 3 > first)
            {
                first = random.NextInt64(first + 1, last - 1);
                if (indexBlocks)
                {
                    story.IndexBlock(first);
                }
            }
        }

        return story;
    }

    [Fact]
    public async Task Playlist_of_index_blocks_and_live_window_equals_that_of_an_unlimited_window()
    {
        for (var seed = 0; seed < 4; seed++)
        {
            foreach (var rendition in new[] { "source", "audio" })
            {
                var whole = await PlaylistAsync(Story(seed, indexBlocks: false), rendition);
                (await PlaylistAsync(Story(seed, indexBlocks: true), rendition)).ShouldBe(whole, $"seed {seed}");
            }
        }
    }

    [Fact]
    public async Task Segments_and_discontinuities_outside_the_DVR_window_are_counted()
    {
        var story = new FakePackager(rewind: TimeSpan.FromMinutes(2)).Video().Audio().Segments(5, bytes: 1000).Discontinuity()
            .Segments(5, bytes: 1000).IndexBlock(11).Segments(5, bytes: 1000).Discontinuity().Segments(5, bytes: 1000).IndexBlock(21)
            .Segments(5, bytes: 1000);
        (await PlaylistAsync(story, "source")).ShouldContain("#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n");
        story.Say(new TimelineEvent.DvrWindowMoved(11));
        var playlist = await PlaylistAsync(story, "source");
        playlist.ShouldContain("#EXT-X-MEDIA-SEQUENCE:11\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n");
        playlist.ShouldNotContain("source/10.m4s");
        playlist.ShouldContain("source/11.m4s");
        playlist.ShouldNotContain("PLAYLIST-TYPE");
    }

    [Fact]
    public async Task Rendition_that_joined_late_starts_with_its_own_number_and_the_common_discontinuity_sequence()
    {
        var story = new FakePackager(rewind: Day).Video().Segments(5, bytes: 1000).Discontinuity().Segments(3, bytes: 1000);
        story.Add("late", new RenditionFormat(TrackKind.Video, "avc1.64001f", 90_000, 640, 360, 30, 0, 0, null));
        for (var number = 9; number <= 20; number++)
        {
            story.Open("source").Close("source");
            story.Say(new TimelineEvent.PartReady(
                "late", number, 0, 1, new((number - 1) * 180_000, 90_000), new(180_000, 90_000), true,
                FakePackager.Start.AddSeconds((number - 1) * 2),
                ObjectName.Parse($"live/demo/{FakePackager.First}/late/{number}.m4s"), 0, 10));
            story.Say(new TimelineEvent.SegmentClosed("late", number));
        }

        story.IndexBlock(13);
        (await PlaylistAsync(story, "late")).ShouldContain("#EXT-X-MEDIA-SEQUENCE:9\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n");
        (await PlaylistAsync(story, "source")).ShouldContain("#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n");
    }

    [Fact]
    public async Task Lost_index_block_and_everything_before_it_are_not_listed_and_the_rest_is()
    {
        var story = new FakePackager(rewind: Day).Video().Segments(3, bytes: 1000).Discontinuity().Segments(3, bytes: 1000).IndexBlock(4)
            .IndexBlock(6).Segments(6, bytes: 1000).IndexBlock(10);
        var playlist = await PlaylistAsync(story, "source",
            server => server.Spool.Objects.Remove($"live/demo/{FakePackager.First}/chapters/4-5.chapter"));
        playlist.ShouldContain("#EXT-X-MEDIA-SEQUENCE:6\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n");
        playlist.ShouldNotContain("source/5.m4s");
        playlist.ShouldContain("source/6.m4s");
        playlist.ShouldContain("#EXT-X-MAP:URI=\"source/init-1.mp4\"\n");
    }

    [Fact]
    public async Task Store_failure_gets_503_and_the_next_request_reads_again()
    {
        await using var server = (await OriginServer.StartAsync()).Hear(new FakePackager(rewind: Day).Video().Segments(9, bytes: 1000)
            .IndexBlock(5));
        server.Spool.Failure = new IOException("the test's store fails");
        using var refused = await server.SendAsync(Address("source"));
        refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        server.Spool.Failure = null;
        (await server.Client.GetStringAsync(Address("source"))).ShouldContain("source/1.m4s");
    }

    [Fact]
    public async Task Index_blocks_are_read_once_for_concurrent_requests_and_their_media_is_served()
    {
        await using var server = (await OriginServer.StartAsync()).Hear(new FakePackager(rewind: Day).Video().Audio()
            .Segments(9, bytes: 1000).IndexBlock(3).IndexBlock(5));
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => server.Client.GetStringAsync(Address(i % 2 == 0 ? "source" : "audio"))));
        server.Spool.Reads.ShouldBe(2);
        using var segment = await server.SendAsync($"/live/demo/{FakePackager.First}/source/1.m4s");
        segment.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Delta_update_counts_segments_of_index_blocks_without_reading_them()
    {
        var story = new FakePackager(latency: LatencyProfile.Low, rewind: Day).Video().Audio().Segments(100, bytes: 1000).IndexBlock(61)
            .Segments(40, bytes: 1000).IndexBlock(111);
        await using var server = (await OriginServer.StartAsync()).Hear(story);
        var delta = await server.Client.GetStringAsync(Address("source") + "?_HLS_skip=YES");
        server.Spool.Reads.ShouldBe(0);
        var skipped = int.Parse(delta.Split("SKIPPED-SEGMENTS=")[1].Split('\n')[0], System.Globalization.CultureInfo.InvariantCulture);
        delta.ShouldContain("#EXT-X-MEDIA-SEQUENCE:1\n");
        delta.ShouldContain($"source/{skipped + 1}.m4s");
        delta.ShouldNotContain($"source/{skipped}.m4s");

        // RFC 8216bis, 6.2.5.1: the skipped segments are the first ones of the full playlist.
        var whole = await server.Client.GetStringAsync(Address("source"));
        whole.Split('\n').Where(line => line.EndsWith(".m4s", StringComparison.Ordinal)).ElementAt(skipped)
            .ShouldBe($"source/{skipped + 1}.m4s");
        server.Spool.Reads.ShouldBe(2);
    }

    [Fact]
    public async Task Delta_update_is_consistent_with_the_whole_playlist_after_a_lost_index_block()
    {
        var story = new FakePackager(latency: LatencyProfile.Low, rewind: Day).Video().Audio().Segments(60, bytes: 1000).Discontinuity()
            .Segments(40, bytes: 1000).IndexBlock(61).Segments(40, bytes: 1000).IndexBlock(111);
        await using var server = (await OriginServer.StartAsync()).Hear(story);
        await server.Client.GetStringAsync(Address("source") + "?_HLS_skip=YES");
        server.Spool.Objects.Remove($"live/demo/{FakePackager.First}/chapters/1-60.chapter").ShouldBeTrue();
        foreach (var rendition in new[] { "source", "audio" })
        {
            // The first full playlist of any rendition detects the missing objects.
            var whole = rendition == "source" ? await server.Client.GetStringAsync(Address(rendition)) : null;
            var delta = await server.Client.GetStringAsync(Address(rendition) + "?_HLS_skip=YES");
            whole ??= await server.Client.GetStringAsync(Address(rendition));
            whole.ShouldContain("#EXT-X-MEDIA-SEQUENCE:61\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n");
            delta.ShouldContain("#EXT-X-MEDIA-SEQUENCE:61\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n");
            var skipped = int.Parse(delta.Split("SKIPPED-SEGMENTS=")[1].Split('\n')[0], System.Globalization.CultureInfo.InvariantCulture);
            Segments(whole)[skipped..].ShouldBe(Segments(delta));
        }

        static List<string> Segments(string playlist) =>
            [.. playlist.Split('\n').Where(line => line.EndsWith(".m4s", StringComparison.Ordinal))];
    }

    [Fact]
    public async Task Session_with_an_unlimited_DVR_window_is_an_event_playlist()
    {
        // RFC 8216bis, 4.4.3.5: "If the EXT-X-PLAYLIST-TYPE value is EVENT, Media Segments can only be added to the end of the Media
        // Playlist." So the tag is present from the first version on.
        var story = new FakePackager(rewind: DvrWindow.All).Video().Segment(bytes: 1000);
        (await PlaylistAsync(story, "source")).ShouldContain("#EXT-X-PLAYLIST-TYPE:EVENT\n");
        var ended = await PlaylistAsync(story.Segments(5, bytes: 1000).IndexBlock(4).End(), "source");
        ended.ShouldContain("#EXT-X-PLAYLIST-TYPE:EVENT\n");
        ended.ShouldContain("source/1.m4s");
        ended.ShouldEndWith("#EXT-X-ENDLIST\n");
    }
}
