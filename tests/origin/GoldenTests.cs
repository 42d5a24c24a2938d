using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Broadcast.Origin.BucketManifests;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Tests.BucketManifests;
using Broadcast.Origin.Tests.Delivery;
using Broadcast.Origin.Tests.Vod;
using Broadcast.Origin.ViewerCounting;
using Broadcast.Origin.Vod;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Tests;

/// <summary>Responses of the origin and manifests in buckets, with their headers, byte for byte as earlier versions wrote them.</summary>
public class GoldenTests
{
    private static readonly string Session = $"/live/demo/{FakePackager.First}";

    private static readonly string[] Manifests =
    [
        "/live/demo/index.m3u8", "/live/demo/manifest.mpd", "/live/demo/status.json", "/live/demo/thumbnails.vtt",
        $"{Session}/source.m3u8", $"{Session}/720p.m3u8",
        $"{Session}/audio.m3u8", $"{Session}/audio-de.m3u8", $"{Session}/source/iframes.m3u8", $"{Session}/720p/iframes.m3u8",
        $"{Session}/thumbnails.m3u8",
        $"{Session}/thumbnails.vtt", $"{Session}/manifest.mpd",
    ];

    [Fact]
    public async Task Manifests_of_a_live_session_with_a_gap_and_a_slate_are_golden()
    {
        await using var server = await ServerAsync(Eventful(LatencyProfile.Standard), 46);
        await MatchesAsync("live.http", server, [.. Manifests, $"{Session}/source.m3u8?_HLS_skip=YES", "/time"]);
    }

    [Fact]
    public async Task Manifests_of_an_ended_session_are_golden()
    {
        await using var server = await ServerAsync(Eventful(LatencyProfile.Standard).End(), 60);
        await MatchesAsync("ended.http", server, Manifests);
    }

    [Fact]
    public async Task Manifests_of_a_low_latency_session_list_parts_as_before()
    {
        var story = Eventful(LatencyProfile.Low).Parts("source", 6).Parts("720p", 6).Parts("audio", 6).Parts("audio-de", 6);
        foreach (var name in (string[])["source", "720p", "audio", "audio-de"])
        {
            story.Close(name);
        }

        story.Parts("source", 3).Parts("720p", 2).Parts("audio", 3).Parts("audio-de", 3);
        await using var server = await ServerAsync(story, 49);
        await MatchesAsync(
            "low-latency.http", server,
            [.. Manifests, $"{Session}/source.m3u8?_HLS_msn=24&_HLS_part=2", $"{Session}/source.m3u8?_HLS_msn=20&_HLS_skip=YES",
                $"{Session}/source.m3u8?_HLS_msn=99"]);
    }

    [Fact]
    public async Task Manifests_of_a_DVR_session_and_of_its_time_ranges_are_golden()
    {
        var story = Long(TimeSpan.FromHours(1));
        await using var server = await ServerAsync(story, 181);
        const string Range = "?start=2026-03-01T12:00:30Z&end=2026-03-01T12:01:30Z";
        string[] files = [$"/live/demo/index.m3u8", "/live/demo/manifest.mpd", $"{Session}/source.m3u8", $"{Session}/manifest.mpd",
            "/live/demo/thumbnails.vtt"];
        await MatchesAsync(
            "dvr.http", server,
            [
                .. files, .. files.Select(file => file + Range), $"{Session}/source.m3u8?start=2026-03-01T12:02:00Z",
                $"{Session}/source.m3u8?_HLS_skip=YES",
                "/live/demo/index.m3u8?start=-60", "/live/demo/index.m3u8?start=yesterday",
            ]);
    }

    [Fact]
    public async Task Patches_of_an_MPD_are_golden()
    {
        var story = new FakePackager(latency: LatencyProfile.Standard with { Window = TimeSpan.FromMinutes(5) }).Video().Audio()
            .Segments(4, bytes: 1000);
        await using var server = await ServerAsync(story, 9);
        var mpd = await server.Client.GetStringAsync($"{Session}/manifest.mpd");
        var patch = mpd.Split("<PatchLocation")[1].Split('>')[1].Split('<')[0];
        story.Segments(2, bytes: 1000);
        server.Hear(story);
        server.Time.AdvanceTo(FakePackager.Start.AddSeconds(13));
        await MatchesAsync("patch.http", server, [$"{Session}/{patch}", $"{Session}/manifest.mpd"]);
    }

    [Fact]
    public async Task Manifests_of_a_recording_and_of_a_clip_are_golden()
    {
        var catalog = new FakeRecordingCatalog();
        var story = Long(default, recorded: true).End().Journal();
        await using var server = (await OriginServer.StartAsync(null, catalog)).Find(story);
        server.Time.AdvanceTo(FakePackager.Start.AddSeconds(400));
        RecordingRange[] recordings =
        [
            catalog.Add(story.Session),
            catalog.Add(story.Session, FakePackager.Start.AddSeconds(55.5), FakePackager.Start.AddSeconds(121),
                RecordingId.Parse("01JN8H0000000000000000000C")),
        ];
        string[] files = ["index.m3u8", "source.m3u8", "audio.m3u8", "manifest.mpd", "thumbnails.vtt"];
        var addresses = recordings.SelectMany(recording => files.Select(file => $"/vod/{recording.Id}/{file}"));
        await MatchesAsync("vod.http", server, [.. addresses]);
    }

    [Theory]
    [InlineData("standard")]
    [InlineData("low")]
    public async Task Manifests_of_every_source_with_gaps_and_changed_formats_are_golden(string profile)
    {
        var catalog = new FakeRecordingCatalog();
        var latency = profile == "low" ? LatencyProfile.Low : LatencyProfile.Standard;
        var story = Changing(latency);
        await using var server = (await OriginServer.StartAsync(null, catalog)).Hear(story);
        server.Time.AdvanceTo(FakePackager.Start.AddSeconds(72));
        RecordingRange[] recordings =
        [
            catalog.Add(story.Session),
            catalog.Add(story.Session, FakePackager.Start.AddSeconds(7), FakePackager.Start.AddSeconds(31),
                RecordingId.Parse("01JN8H0000000000000000000C")),
        ];
        string[] files = ["/live/demo/index.m3u8", "/live/demo/manifest.mpd", $"{Session}/manifest.mpd", $"{Session}/source.m3u8",
            $"{Session}/720p.m3u8"];
        string[] addresses =
        [
            .. files, "/t/x/live/demo/manifest.mpd", $"{Session}/source.m3u8?_HLS_skip=YES", $"{Session}/thumbnails.m3u8",
            .. files.Select(file => $"{file}?start=2026-03-01T12:00:05Z&end=2026-03-01T12:00:33Z"),
            $"{Session}/manifest.mpd?start=2026-03-01T12:00:45Z", $"{Session}/720p.m3u8?start=2026-03-01T12:00:45Z",
            .. recordings.SelectMany(recording => ((string[])["index.m3u8", "manifest.mpd", "720p.m3u8"])
                .Select(file => $"/vod/{recording.Id}/{file}")),
        ];
        await MatchesAsync($"sources-{profile}.http", server, addresses);
        server.Hear(story.End());
        server.Time.AdvanceTo(FakePackager.Start.AddSeconds(90));
        await MatchesAsync($"sources-{profile}-ended.http", server, addresses);
    }

    [Fact]
    public async Task Status_documents_of_every_channel_state_are_golden()
    {
        await using var server = await OriginServer.StartAsync();
        var text = new StringBuilder();
        async Task AddAsync(string what) => text.Append(CultureInfo.InvariantCulture,
            $"=== {what}\n{await TranscriptAsync(server, "/live/demo/status.json")}");
        await AddAsync("offline");
        (server.Announced, server.Replayed) = (
            new UpcomingEvent("Evening \"show\" <1>", FakePackager.Start.AddHours(2)),
            new ChannelRecording(RecordingId.Parse("01JN8H0000000000000000000C"), "Yesterday", FakePackager.Start.AddDays(-1),
                TimeSpan.FromSeconds(5400.5)));
        await AddAsync("offline, with an upcoming event and a recording");
        var story = new FakePackager().Video().Audio();
        server.Hear(story);
        await AddAsync("starting");
        server.Hear(story.Segments(5, bytes: 1000));
        await AddAsync("live");
        server.Called = "Town hall";
        await AddAsync("live, with a title");
        server.Time.Advance(TimeSpan.FromSeconds(60));
        await AddAsync("interrupted");
        server.Hear(story.End());
        await AddAsync("ended");
        Golden.Matches("status.http", text.ToString());
    }

    [Fact]
    public async Task Media_responses_and_error_responses_are_golden()
    {
        await using var server = await ServerAsync(Eventful(LatencyProfile.Low).Poster(3), 46);
        await MatchesAsync(
            "media.http", server,
            [
                $"{Session}/source/init-1.mp4", $"{Session}/source/2.m4s", $"{Session}/source/2.1.m4s", $"{Session}/source/i1-2.m4s",
                $"{Session}/thumbnails/0.jpg", "/live/demo/poster.jpg",
                $"{Session}/source/999.m4s", $"{Session}/other.m3u8", "/live/other/index.m3u8", "/live/other/status.json",
                "/live/demo/nonsense", "/vod/01JN8H0000000000000000000C/index.m3u8",
                "/t/x/live/demo/index.m3u8", "/auth/live/demo/index.m3u8", "/auth/live/other/index.m3u8",
            ]);
    }

    [Fact]
    public async Task Manifests_in_a_bucket_are_golden()
    {
        var bucket = new Bucket();
        var story = Eventful(LatencyProfile.Standard);
        await bucket.HearAsync(story);
        var live = Objects(bucket.Store);
        await bucket.HearAsync(story.End());
        Golden.Matches("bucket.txt", $"##### live\n{live}##### ended\n{Objects(bucket.Store)}");
    }

    [Fact]
    public async Task Manifests_of_recordings_in_a_bucket_are_golden()
    {
        var (catalog, store) = (new FakeRecordingCatalog(), new ListStore());
        var story = Long(default, recorded: true).End().Journal();
        await using var server = (await OriginServer.StartAsync(null, catalog)).Find(story);
        server.Time.AdvanceTo(FakePackager.Start.AddSeconds(460));
        catalog.Add(story.Session);
        catalog.Add(story.Session, FakePackager.Start.AddSeconds(55.5), FakePackager.Start.AddSeconds(121),
            RecordingId.Parse("01JN8H0000000000000000000C"));
        var writer = new VodManifestPublisher(
            server.Get<RecordingTimelineCache>(), server.Directory, server.Get<VodPlaylists>(), server.Spool, store,
            Options.Create(new OriginOptions()), server.Time,
            NullLogger<VodManifestPublisher>.Instance, catalog, null);
        await writer.CheckAsync(CancellationToken.None);
        Golden.Matches("bucket-recordings.txt", Objects(store));
    }

    [Fact]
    public async Task Denials_of_every_kind_and_metrics_text_are_golden()
    {
        var text = new StringBuilder();
        foreach (var refusal in Enum.GetValues<ViewerDenialReason>())
        {
            await using var server = (await OriginServer.StartAsync(new Guard(new ViewerDecision(refusal, TimeSpan.FromSeconds(2)))))
                .Hear(new FakePackager().Video().Segments(2));
            foreach (var address in (string[])["/t/x/live/demo/index.m3u8", "/auth/t/x/live/demo/index.m3u8", "/live/demo/status.json"])
            {
                text.Append(await TranscriptAsync(server, address));
            }
        }

        text.Append("=== broadcast_origin_rejections\n").AppendJoin('\n', Enum.GetValues<OverloadReason>().Select(Overload.LabelOf));
        text.Append("\n=== broadcast_beacons\n").AppendJoin('\n', Enum.GetValues<BeaconOutcome>().Select(ViewerCounts.LabelOf));
        text.Append("\n=== broadcast_origin_requests\n").AppendJoin('\n', Enum.GetValues<LivePathKind>().Select(DocumentDelivery.LabelOf))
            .Append('\n').AppendJoin('\n', Enum.GetValues<VodPathKind>().Select(DocumentDelivery.LabelOf));
        Golden.Matches("denials.http", text.ToString());
    }

    /// <summary>
    /// 46 s of two video and two audio renditions: a gap, a reconnect with another size, a slate, the encoder once more, captions, and
    /// sprite sheets.
    /// </summary>
    private static FakePackager Eventful(LatencyProfile latency)
    {
        var story = new FakePackager(latency: latency) { KeyLength = 300 }.Video().Video("720p", 1280, 720).Audio(language: "en")
            .Audio("audio-de", "de");
        story.Segments(5, bytes: 1000).Sheet(0, 50).Segments(2, bytes: 1000);
        foreach (var (name, hasMedia) in ((string, bool)[])[("source", true), ("720p", false), ("audio", true), ("audio-de", false)])
        {
            _ = hasMedia ? story.Open(name).Close(name) : story.Gap(name);
        }

        story.Silence(2).Discontinuity().Change("source", format => format with { Width = 1600, Height = 900 }).Segments(4, bytes: 1000)
            .Sheet(10, 50);
        story.Discontinuity(slate: true).Segments(3, bytes: 1000).Discontinuity().Segments(4, bytes: 1000).Sheet(20, 50)
            .Caption("source", "CC1 CC3").Segments(3, bytes: 1000);
        return story;
    }

    /// <summary>
    /// 72 s with a DVR window and a recording, of which 42 s are in index blocks. Both have a gap, a reconnect with another size and a
    /// segment without a keyframe at its start; a slate and a missing sprite sheet are in between.
    /// </summary>
    private static FakePackager Changing(LatencyProfile latency)
    {
        var story = new FakePackager(latency: latency, rewind: DvrWindow.All, recorded: true) { KeyLength = 300 }.Video()
            .Video("720p", 1280, 720).Audio(language: "en").Audio("audio-de", "de");
        AddChanges(story, 1600);
        story.Sheet(0, 50).IndexBlock(6).Discontinuity(slate: true).Segments(3, bytes: 1000).Discontinuity().Segments(2, bytes: 1000)
            .Segment(2.1, 1000, independent: false).Sheet(30, 50).IndexBlock(15);
        AddChanges(story, 1280);
        return story.Sheet(50, 50).Caption("source", "CC1 SERVICE2").Segments(3, bytes: 1000);
    }

    private static void AddChanges(FakePackager story, int width)
    {
        story.Segments(4, bytes: 1000);
        foreach (var (name, hasMedia) in ((string, bool)[])[("source", true), ("720p", false), ("audio", true), ("audio-de", false)])
        {
            _ = hasMedia ? story.Open(name).Close(name) : story.Gap(name);
        }

        story.Silence(2).Discontinuity().Change("source", format => format with { Width = width }).Segments(4, bytes: 1000);
    }

    /// <summary>180 s, of which 100 s are in index blocks.</summary>
    private static FakePackager Long(TimeSpan rewind, bool recorded = false)
    {
        var story = new FakePackager(rewind: rewind, recorded: recorded).Video().Audio().Segments(25, bytes: 1000);
        story.Sheet(0, 50).Sheet(10, 50).IndexBlock(11).Discontinuity().Segments(35, bytes: 1000).Sheet(50, 50).IndexBlock(51);
        return story.Segments(30, bytes: 1000).Sheet(150, 50).Poster(170);
    }

    private static async Task<OriginServer> ServerAsync(FakePackager story, double seconds)
    {
        var server = await OriginServer.StartAsync();
        server.Time.Step(FakePackager.Start.AddSeconds(seconds) - server.Time.GetUtcNow());
        return server.Hear(story);
    }

    private static async Task MatchesAsync(string name, OriginServer server, string[] addresses)
    {
        var text = new StringBuilder();
        foreach (var address in addresses)
        {
            text.Append(await TranscriptAsync(server, address));
        }

        Golden.Matches(name, text.ToString());
    }

    /// <summary>A request and its response; media as their length and a hash.</summary>
    private static async Task<string> TranscriptAsync(OriginServer server, string address)
    {
        using var response = await server.SendAsync(address);
        var text = new StringBuilder($"--- GET {address}\n{(int)response.StatusCode}\n");
        var headers = response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
            .Where(header => header.Key is not ("Date" or "Server" or "X-Request-ID"));
        foreach (var (header, value) in headers.OrderBy(header => header.Key, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"{header}: {value}\n");
        }

        var body = await response.Content.ReadAsByteArrayAsync();
        var isMedia = response.Content.Headers.ContentType?.MediaType?.Split('/')[0] is "video" or "audio" or "image";
        var shown = isMedia ? Convert.ToHexStringLower(SHA256.HashData(body)) : Encoding.UTF8.GetString(body);
        return text.Append('\n').Append(shown).Append('\n').ToString();
    }

    private static string Objects(ListStore store) =>
        string.Concat(store.Names.Select(name => $"=== {name}\n{store.HeadersOf(name)}\n{store.RankOf(name)}\n\n{store.Text(name)}\n"));

    /// <summary>Gives every viewer the same decision.</summary>
    private sealed class Guard(ViewerDecision verdict) : IViewerAuthorizer
    {
        public ValueTask<ViewerDecision> AuthorizeAsync(ViewerRequest request, CancellationToken cancellationToken) => new(verdict);

        public ViewerAccess? AccessOf(ChannelName channel, SessionId? session = null, ViewerAccess? noted = null) => ViewerAccess.Token;
    }
}
