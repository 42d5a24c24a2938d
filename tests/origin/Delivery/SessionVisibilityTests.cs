using System.Net;
using System.Xml.Linq;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Tests.Vod;

namespace Broadcast.Origin.Tests.Delivery;

/// <summary>Delivery of a session in preview, and after it goes live.</summary>
public class SessionVisibilityTests
{
    private const string Backstage = "/t/backstage";
    private static readonly XNamespace Mpd = "urn:mpeg:dash:schema:mpd:2011";
    private static readonly string Session = FakePackager.First.Value;

    /// <summary>All resources of a channel.</summary>
    private static readonly string[] Things =
    [
        "index.m3u8", "manifest.mpd", "poster.jpg", "thumbnails.vtt", $"{Session}/manifest.mpd", $"{Session}/source.m3u8",
        $"{Session}/thumbnails.vtt", $"{Session}/thumbnails.m3u8",
        $"{Session}/thumbnails/0.jpg", $"{Session}/source/init-1.mp4", $"{Session}/source/1.m4s", $"{Session}/source/1.0.m4s",
    ];

    [Fact]
    public async Task Hidden_session_is_404_except_for_previewers_and_their_responses_are_not_cached()
    {
        var (server, audience) = await ServerAsync(new FakePackager().Video().Segments(6).Poster(1).Sheet(0));
        await using var _ = server;
        audience.Views[FakePackager.First] = SessionVisibility.Hidden;
        foreach (var thing in Things)
        {
            using var refused = await server.SendAsync($"/live/demo/{thing}");
            (refused.StatusCode, refused.Headers.NonValidated["Cache-Control"]
                .ToString()).ShouldBe((HttpStatusCode.NotFound, "max-age=1"), thing);
            using var other = await server.SendAsync($"/t/anything/live/demo/{thing}");
            other.StatusCode.ShouldBe(HttpStatusCode.NotFound, thing);
            using var seen = await server.SendAsync($"{Backstage}/live/demo/{thing}");
            (seen.StatusCode, seen.Headers.NonValidated["Cache-Control"]
                .ToString()).ShouldBe((HttpStatusCode.OK, "private, no-store"), thing);
        }

        (await server.Client.GetStringAsync("/live/demo/status.json")).ShouldContain("\"offline\"");
        (await server.Client.GetStringAsync($"{Backstage}/live/demo/status.json")).ShouldContain("\"live\"");
    }

    [Fact]
    public async Task Session_that_starts_hidden_is_never_visible_even_without_a_visibility_update()
    {
        var story = new FakePackager(hidden: true).Video();
        await using var server = (await OriginServer.StartAsync()).Hear(story);
        story.Segment();
        server.Hear(story);

        (await StatusOfAsync(server, "/live/demo/index.m3u8")).ShouldBe(HttpStatusCode.NotFound);
        (await StatusOfAsync(server, $"/live/demo/{Session}/source/1.m4s")).ShouldBe(HttpStatusCode.NotFound);
        (await server.Client.GetStringAsync("/live/demo/status.json")).ShouldContain("\"offline\"");
    }

    [Fact]
    public async Task Previous_session_stays_at_the_channels_addresses_until_the_next_is_shown_and_playable()
    {
        var (server, audience) = await ServerAsync(new FakePackager().Video().Segments(3).End());
        await using var _ = server;
        var next = new FakePackager(FakePackager.Second, hidden: true).Video().Segments(4, bytes: 1000);
        audience.Views[FakePackager.Second] = SessionVisibility.Hidden;
        server.Hear(next);

        (await server.Client.GetStringAsync("/live/demo/index.m3u8")).ShouldContain(Session);
        (await server.Client.GetStringAsync("/live/demo/status.json")).ShouldContain("\"ended\"");

        audience.Show(FakePackager.Second, seconds: 7);
        (await server.Client.GetStringAsync("/live/demo/index.m3u8")).ShouldContain(Session,
            customMessage: "nothing of the next begins at 7 s or later yet");
        server.Hear(next.Open("source"));
        (await server.Client.GetStringAsync("/live/demo/index.m3u8")).ShouldContain(Session,
            customMessage: "its first segment is not whole yet");
        server.Hear(next.Close("source"));
        (await server.Client.GetStringAsync("/live/demo/index.m3u8")).ShouldContain(FakePackager.Second.Value);
        (await server.Client.GetStringAsync("/live/demo/status.json")).ShouldContain("\"startedAt\":\"2026-03-01T12:00:07.000Z\"");
    }

    [Fact]
    public async Task Shown_session_lists_and_serves_nothing_older_and_previewers_are_not_affected()
    {
        var story = new FakePackager(hidden: true).Video().Audio().Segments(4, bytes: 1000).Poster(3).Sheet(0);
        var (server, audience) = await ServerAsync(story);
        await using var _ = server;
        audience.Show(FakePackager.First, seconds: 9);
        server.Hear(story.Segments(3, bytes: 1000).Sheet(10));

        // The fifth segment was open at 9 s; the sixth, which begins at 10 s, is the first.
        var playlist = await server.Client.GetStringAsync($"/live/demo/{Session}/source.m3u8");
        playlist.ShouldContain("#EXT-X-MEDIA-SEQUENCE:6\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n");
        Segments(playlist).ShouldBe(["source/6.m4s", "source/7.m4s"]);
        Segments(await server.Client.GetStringAsync($"/live/demo/{Session}/audio.m3u8")).ShouldBe(["audio/6.m4s", "audio/7.m4s"]);
        Starts(await MpdAsync(server, "/live/demo/manifest.mpd")).ShouldBe([10 * 90_000, 12 * 90_000]);
        Starts(await MpdAsync(server, $"/live/demo/{Session}/manifest.mpd")).ShouldBe([10 * 90_000, 12 * 90_000]);
        foreach (var hidden in (string[])["source/5.m4s", "source/5.0.m4s", "source/1.m4s", "audio/5.m4s", "source/i1-5.m4s",
            "thumbnails/0.jpg"])
        {
            using var answer = await server.SendAsync($"/live/demo/{Session}/{hidden}");
            (answer.StatusCode, answer.Headers.NonValidated["Cache-Control"]
                .ToString()).ShouldBe((HttpStatusCode.NotFound, "max-age=1"), hidden);
            (await StatusOfAsync(server, $"{Backstage}/live/demo/{Session}/{hidden}")).ShouldBe(HttpStatusCode.OK, hidden);
        }

        (await StatusOfAsync(server, $"/live/demo/{Session}/source/6.m4s")).ShouldBe(HttpStatusCode.OK);
        (await StatusOfAsync(server, $"/live/demo/{Session}/thumbnails/10000.jpg")).ShouldBe(HttpStatusCode.OK);
        (await server.Client.GetStringAsync($"/live/demo/{Session}/thumbnails.vtt")).ShouldNotContain("thumbnails/0.jpg");
        (await StatusOfAsync(server, "/live/demo/poster.jpg")).ShouldBe(HttpStatusCode.NotFound, "the newest is of before");
        Segments(await server.Client.GetStringAsync($"{Backstage}/live/demo/{Session}/source.m3u8")).Count.ShouldBe(7);
        audience.Settled.ShouldBe([(FakePackager.First, 6)]);
    }

    [Fact]
    public async Task Low_latency_session_is_shown_part_by_part_and_blocking_reloads_continue()
    {
        var story = new FakePackager(latency: LatencyProfile.Low, hidden: true).Video().Segments(4, bytes: 1000);
        var (server, audience) = await ServerAsync(story);
        await using var _ = server;
        audience.Show(FakePackager.First, seconds: 8);
        server.Hear(story.Segment(bytes: 1000).Part("source"));
        var address = $"/live/demo/{Session}/source.m3u8";

        var playlist = await server.Client.GetStringAsync($"{address}?_HLS_msn=6&_HLS_part=0");
        playlist.ShouldContain("#EXT-X-MEDIA-SEQUENCE:5\n");
        playlist.ShouldContain("source/5.0.m4s");
        playlist.ShouldContain("source/6.0.m4s");
        playlist.ShouldNotContain("source/4.");
        var reload = server.Client.GetStringAsync($"{address}?_HLS_msn=6&_HLS_part=1");
        await server.HeldAsync(1);
        server.Hear(story.Part("source"));
        (await reload).ShouldContain("source/6.1.m4s");
        (await server.Client.GetStringAsync($"{address}?_HLS_skip=YES")).ShouldContain("#EXT-X-MEDIA-SEQUENCE:5\n");
    }

    [Fact]
    public async Task DVR_window_starts_at_the_shown_segment_even_inside_an_index_block()
    {
        var story = new FakePackager(rewind: DvrWindow.All, hidden: true).Video().Segments(3, bytes: 1000).Discontinuity()
            .Segments(3, bytes: 1000);
        var (server, audience) = await ServerAsync(story);
        await using var _ = server;
        audience.Show(FakePackager.First, seconds: 11);
        server.Hear(story.Segments(4, bytes: 1000).Discontinuity().Segments(30, bytes: 1000));
        var before = await server.Client.GetStringAsync($"/live/demo/{Session}/source.m3u8");
        before.ShouldContain("#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n");

        server.Hear(story.IndexBlock(13));
        (await server.Client.GetStringAsync($"/live/demo/{Session}/source.m3u8")).ShouldBe(before);
        Starts(await MpdAsync(server, $"/live/demo/{Session}/manifest.mpd"))[0].ShouldBe(12 * 90_000);
        (await StatusOfAsync(server, $"/live/demo/{Session}/source/6.m4s")).ShouldBe(HttpStatusCode.NotFound);
        (await StatusOfAsync(server, $"/live/demo/{Session}/source/7.m4s")).ShouldBe(HttpStatusCode.OK);

        // A time range beyond the available media returns the available part.
        server.Time.AdvanceTo(FakePackager.Start.AddSeconds(80));
        (await server.Client.GetStringAsync($"/live/demo/{Session}/source.m3u8?start=2026-03-01T12:00:02Z")).ShouldContain(
            "#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n");
        (await StatusOfAsync(server, $"/live/demo/{Session}/source.m3u8?start=2026-03-01T12:00:02Z&end=2026-03-01T12:00:06Z")).ShouldBe(
            HttpStatusCode.NotFound);
        Segments(await server.Client.GetStringAsync($"{Backstage}/live/demo/{Session}/source.m3u8?start=2026-03-01T12:00:02Z"))[0]
            .ShouldBe("source/2.m4s");
    }

    [Fact]
    public async Task Index_blocks_merged_with_hidden_ones_are_still_trimmed()
    {
        var story = new FakePackager(rewind: DvrWindow.All, hidden: true).Video().Segments(10, bytes: 1000).IndexBlock(6);
        var (server, audience) = await ServerAsync(story);
        await using var _ = server;
        audience.Show(FakePackager.First, seconds: 15);
        server.Hear(story.Segments(40, bytes: 1000));
        server.Hear(story.IndexBlock(20).IndexBlock(30));
        var before = await server.Client.GetStringAsync($"/live/demo/{Session}/source.m3u8");
        before.Split('\n')[4..6].ShouldBe(["#EXT-X-MEDIA-SEQUENCE:9", "#EXT-X-DISCONTINUITY-SEQUENCE:0"]);

        var parts = story.Objects.Where(o => o.Key.Contains("/chapters/", StringComparison.Ordinal)).ToList();
        var joined =
            IndexBlock.Join([.. parts.Select(part => IndexBlockFile.Read(part.Value, static _ => true)).OrderBy(part => part.First)]);
        var name = ObjectName.Parse($"live/demo/{Session}/chapters/joined.chapter");
        story.Objects[name.Value] = IndexBlockFile.Write(joined);
        story.Say(joined.Announce(name, story.Objects[name.Value].Length));
        server.Hear(story);
        parts.ForEach(part => server.Spool.Objects.Remove(part.Key));

        (await server.Client.GetStringAsync($"/live/demo/{Session}/source.m3u8")).ShouldBe(before);
        Starts(await MpdAsync(server, $"/live/demo/{Session}/manifest.mpd"))[0].ShouldBe(16 * 90_000);
    }

    [Fact]
    public async Task Restart_with_the_known_first_segment_serves_the_same_playlists()
    {
        var story = new FakePackager(rewind: DvrWindow.All, hidden: true).Video().Segments(3, bytes: 1000).Discontinuity()
            .Segments(3, bytes: 1000).Segments(40, bytes: 1000);
        var (server, audience) = await ServerAsync(story);
        await using var _ = server;
        audience.Show(FakePackager.First, seconds: 11);
        var before = await server.Client.GetStringAsync($"/live/demo/{Session}/source.m3u8");
        server.Hear(story.IndexBlock(20));

        var timeline = new SessionTimeline(story.Session);
        story.Events.ForEach(@event => timeline.Apply(@event));
        audience.Views[FakePackager.First] = SessionVisibility.Since(FakePackager.Start.AddSeconds(11), audience.Settled.Single().Segment);
        await using var next = (await OriginServer.StartAsync(null, null, audience)).Find(story);
        next.Get<ITimelineSink>().Append(story.Session.Channel, story.Session.Id, timeline.Checkpoint());

        (await next.Client.GetStringAsync($"/live/demo/{Session}/source.m3u8")).ShouldBe(before);
        (await StatusOfAsync(next, $"/live/demo/{Session}/source/6.m4s")).ShouldBe(HttpStatusCode.NotFound);
        Starts(await MpdAsync(next, $"/live/demo/{Session}/manifest.mpd"))[0].ShouldBe(12 * 90_000);
    }

    [Fact]
    public async Task Recording_starts_at_the_shown_segment_and_is_404_while_hidden()
    {
        var story = new FakePackager(recorded: true, hidden: true).Video().Segments(5, bytes: 1000).Sheet(0).Segments(35, bytes: 1000)
            .Sheet(10).IndexBlock(15).End().Journal();
        var catalog = new FakeRecordingCatalog();
        var audience = new StubSessionVisibility();
        await using var server = (await OriginServer.StartAsync(null, catalog, audience)).Find(story);
        server.Time.AdvanceTo(FakePackager.Start.AddSeconds(200));
        var recording = catalog.Add(story.Session);
        audience.Views[FakePackager.First] = SessionVisibility.Hidden;
        foreach (var file in (string[])["index.m3u8", "source.m3u8", "manifest.mpd", "thumbnails.vtt", "poster.jpg", "download.mp4"])
        {
            (await StatusOfAsync(server, $"/vod/{recording.Id}/{file}")).ShouldBe(HttpStatusCode.NotFound, file);
        }

        (await StatusOfAsync(server, $"/live/demo/{Session}/source/1.m4s")).ShouldBe(HttpStatusCode.NotFound);

        audience.Views[FakePackager.First] = SessionVisibility.Since(FakePackager.Start.AddSeconds(9), 6);
        var playlist = await server.Client.GetStringAsync($"/vod/{recording.Id}/source.m3u8");
        playlist.ShouldContain("#EXT-X-MEDIA-SEQUENCE:6\n");
        Segments(playlist).Count.ShouldBe(35);
        Starts(await MpdAsync(server, $"/vod/{recording.Id}/manifest.mpd"))[0].ShouldBe(10 * 90_000);
        (await server.Client.GetStringAsync($"/vod/{recording.Id}/thumbnails.vtt")).ShouldNotContain("thumbnails/0.jpg");
        (await StatusOfAsync(server, $"/live/demo/{Session}/source/5.m4s")).ShouldBe(HttpStatusCode.NotFound);
        (await StatusOfAsync(server, $"/live/demo/{Session}/source/6.m4s")).ShouldBe(HttpStatusCode.OK);
    }

    private static async Task<(OriginServer Server, StubSessionVisibility Audience)> ServerAsync(FakePackager story)
    {
        var audience = new StubSessionVisibility();
        return ((await OriginServer.StartAsync(new Guard(), null, audience)).Hear(story), audience);
    }

    private static async Task<HttpStatusCode> StatusOfAsync(OriginServer server, string path)
    {
        using var answer = await server.SendAsync(path);
        return answer.StatusCode;
    }

    private static async Task<XElement> MpdAsync(OriginServer server, string path) =>
        XElement.Parse(await server.Client.GetStringAsync(path));

    private static List<string> Segments(string playlist) =>
        [.. playlist.Split('\n').Where(line => line.EndsWith(".m4s", StringComparison.Ordinal))];

    /// <summary>Start times of the video segments listed in an MPD.</summary>
    private static List<long> Starts(XElement mpd)
    {
        var starts = new List<long>();
        var template = mpd.Descendants(Mpd + "Representation").Where(r => (string?)r.Attribute("id") == "source")
            .Select(r => r.Element(Mpd + "SegmentTemplate") ?? r.Parent!.Element(Mpd + "SegmentTemplate")!);
        foreach (var s in template.SelectMany(t => t.Descendants(Mpd + "S")))
        {
            var (start, length) = ((long?)s.Attribute("t") ?? (starts[^1] + starts[^1] - starts[^2]), (long)s.Attribute("d")!);
            starts.AddRange(Enumerable.Range(0, 1 + ((int?)s.Attribute("r") ?? 0)).Select(i => start + (i * length)));
        }

        return starts;
    }

    /// <summary>Accepts all viewers, and shows hidden media to those from backstage.</summary>
    private sealed class Guard : IViewerAuthorizer
    {
        public ValueTask<ViewerDecision> AuthorizeAsync(ViewerRequest request, CancellationToken cancellationToken) =>
            new(new ViewerDecision(null, TimeSpan.FromSeconds(5)) { AllowsPreview = request.Token == "backstage" });

        public ViewerAccess? AccessOf(ChannelName channel, SessionId? session = null, ViewerAccess? noted = null) => ViewerAccess.Public;
    }
}
