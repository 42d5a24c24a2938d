using System.Net;
using Broadcast.Media;
using Broadcast.Media.Bmff;
using Broadcast.Media.OriginToControl;
using Broadcast.Origin.Tests.Delivery;
using Broadcast.Testing;

namespace Broadcast.Origin.Tests.Vod;

/// <summary>Recordings as one file, <c>/vod/{recording}/download.mp4</c>.</summary>
public class DownloadTests
{
    private static async Task<(OriginServer Server, FakeRecordingCatalog Catalog)> ServerAsync(FakePackager story, bool isLive = false,
        params (string, string)[] settings)
    {
        var catalog = new FakeRecordingCatalog();
        var server = await OriginServer.StartAsync(null, catalog, settings);
        server.Time.AdvanceTo(FakePackager.Start.AddSeconds(301));
        _ = isLive ? server.Hear(story) : server.Find(story);
        return (server, catalog);
    }

    /// <summary>A minute in segments of 2 s with random samples, two thirds of it in index blocks.</summary>
    private static FakePackager Minute()
    {
        var session = new CmafSession();
        var story = new FakePackager(recorded: true).Video().Video("720p", 1280, 720).Audio();
        foreach (var (name, kind) in ((string, TrackKind)[])[("source", TrackKind.Video), ("720p", TrackKind.Video),
            ("audio", TrackKind.Audio)])
        {
            session.Add(name, kind, 30);
            story.Objects[CmafSession.Path(name, "init-1.mp4")] = session.Objects[CmafSession.Path(name, "init-1.mp4")];
        }

        for (var number = 1; number <= 30; number++)
        {
            foreach (var name in (string[])["source", "720p", "audio"])
            {
                story.Whole(name, session.Objects[CmafSession.Path(name, $"{number}.m4s")], 2);
            }

            _ = number % 10 == 0 && number > 10 ? story.IndexBlock(number - 9) : story;
        }

        return story;
    }

    private static string Address(RecordingRange recording, string query = "") => $"/vod/{recording.Id}/download.mp4{query}";

    [Fact]
    public async Task Download_contains_exactly_the_published_video_and_audio_frames()
    {
        var (video, audio) = (await CodedTrack.MakeAsync("avc1", seconds: 6), await CodedTrack.MakeAsync("mp4a", seconds: 6, id: 2));
        var story = new FakePackager(recorded: true).Video(frameRate: 25).Audio();
        foreach (var (name, track, samples) in ((string, CodedTrack, int)[])[("source", video, 50), ("audio", audio, 94)])
        {
            story.Objects[CmafSession.Path(name, "init-1.mp4")] = InitSegmentWriter.Write(track.Track);
            foreach (var segment in track.Samples.Chunk(samples))
            {
                story.Whole(name, [.. segment.Chunk(17).SelectMany(Chunk)],
                    segment.Sum(sample => sample.Said.Duration) / (double)track.Track.Timescale);
            }
        }

        var (server, catalog) = await ServerAsync(story.End().Journal());
        await using var _ = server;
        var recording = catalog.Add(story.Session);
        using var response = await server.SendAsync(Address(recording));
        response.Content.Headers.ContentDisposition!.ToString()
            .ShouldBe("attachment; filename=\"demo 2026-03-01 12.00.mp4\"; filename*=UTF-8''demo%202026-03-01%2012.00.mp4");
        var movie = await response.Content.ReadAsByteArrayAsync();
        response.Content.Headers.ContentLength.ShouldBe(movie.Length);

        // Resumes an interrupted download.
        using var rest = await server.SendAsync(Address(recording), null, ("Range", $"bytes={movie.Length / 3}-"),
            ("If-Range", response.Headers.ETag!.ToString()));
        (await rest.Content.ReadAsByteArrayAsync()).ShouldBe(movie[(movie.Length / 3)..]);

        using var folder = TempFolder.Create();
        await File.WriteAllBytesAsync(folder.Sub("movie.mp4"), movie);
        var probed = await FfmpegTool.ProbeAsync(folder.Sub("movie.mp4"), null, "-count_frames");
        var streams = probed.GetProperty("streams");
        (streams[0].GetProperty("codec_name").GetString(), streams[0].GetProperty("nb_read_frames").GetString()).ShouldBe(("h264", "150"));
        (streams[1].GetProperty("codec_name").GetString(),
            streams[1].GetProperty("nb_frames").GetString()).ShouldBe(("aac", $"{audio.Samples.Count}"));
        (await FfmpegTool.DecodeAsync(folder.Sub("movie.mp4"), 10)).ShouldBeEmpty();
        foreach (var (kind, name, track) in ((string, string, CodedTrack)[])[("v", "source", video), ("a", "audio", audio)])
        {
            await File.WriteAllBytesAsync(folder.Sub(name),
                [.. InitSegmentWriter.Write(track.Track), .. track.Samples.Chunk(50).SelectMany(Chunk)]);
            (await HashesAsync(folder.Sub("movie.mp4"), kind)).ShouldBe(await HashesAsync(folder.Sub(name), kind));
        }
    }

    private static byte[] Chunk(CodedSample[] samples) =>
        [.. new FragmentWriter().Write(new FragmentHeader(1, samples[0].Decode), [.. samples.Select(sample => sample.Said)]),
            .. samples.SelectMany(sample => sample.Payload.ToArray())];

    private static async Task<string> HashesAsync(string file, string kind)
    {
        var result =
            (await ChildProcess.RunAsync("ffmpeg", ["-nostdin", "-v", "error", "-i", file, "-map", $"0:{kind}:0", "-vsync", "passthrough",
                "-f", "framemd5", "-"])).EnsureSuccess();
        return string.Join('\n', result.Output.Split('\n').Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split(',')[^1]));
    }

    [Fact]
    public async Task Live_recording_has_no_download_and_a_finished_clips_bytes_never_change()
    {
        var story = Minute();
        var (server, catalog) = await ServerAsync(story, isLive: true);
        await using var _ = server;
        var (recording, clip) = (catalog.Add(story.Session), catalog.Clip(story.Session, 11, 40));
        using var refused = await server.SendAsync(Address(recording));
        refused.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await refused.Content.ReadAsStringAsync()).ShouldContain("Still in progress");
        refused.Headers.CacheControl!.MaxAge.ShouldBe(TimeSpan.FromSeconds(1));
        var early = await server.Client.GetByteArrayAsync(Address(clip));

        // Another origin, after the end.
        var (later, known) = await ServerAsync(story.IndexBlock(22).End().Journal());
        await using var __ = later;
        known.Add(story.Session, clip.Start, clip.End, clip.Id);
        using var again = await later.SendAsync(Address(clip));
        (await again.Content.ReadAsByteArrayAsync()).ShouldBe(early);
        using var whole = await later.SendAsync(Address(known.Add(story.Session)));
        var (part, all) = (again.Content.Headers.ContentLength!.Value, whole.Content.Headers.ContentLength!.Value);
        ((double)part / all).ShouldBe(15 / 30.0, 0.02, "from 10 to 40 s: whole segments");
        (await later.Client
            .GetByteArrayAsync(Address(known.Add(story.Session), "?start=2026-03-01T12:00:11Z&end=2026-03-01T12:00:40Z"))).ShouldBe(early);
    }

    [Fact]
    public async Task Another_rendition_or_audio_alone_can_be_downloaded()
    {
        var (server, catalog) = await ServerAsync(Minute().End().Journal());
        await using var _ = server;
        var recording = catalog.Add(new FakePackager(recorded: true).Session);
        using var best = await server.SendAsync(Address(recording));
        using var other = await server.SendAsync(Address(recording, "?rendition=720p"));
        using var source = await server.SendAsync(Address(recording, "?rendition=source"));
        (await source.Content.ReadAsByteArrayAsync()).ShouldBe(await best.Content.ReadAsByteArrayAsync());
        other.Headers.ETag.ShouldNotBe(best.Headers.ETag);
        other.Content.Headers.ContentDisposition!.FileName.ShouldBe("demo 2026-03-01 12.00 720p.mp4");
        using var audio = await server.SendAsync(Address(recording, "?rendition=audio"));
        (audio.StatusCode, audio.Content.Headers.ContentType!.MediaType).ShouldBe((HttpStatusCode.OK, "audio/mp4"));
        audio.Content.Headers.ContentLength!.Value.ShouldBeLessThan(best.Content.Headers.ContentLength!.Value * 2 / 3);
        using var none = await server.SendAsync(Address(recording, "?rendition=8k"));
        (none.StatusCode, (await none.Content.ReadAsStringAsync()).Contains("Rendition not found", StringComparison.Ordinal)).ShouldBe(
            (HttpStatusCode.NotFound, true));
    }

    [Fact]
    public async Task Time_range_has_one_canonical_URL_and_invalid_or_empty_ranges_are_reported()
    {
        var (server, catalog) = await ServerAsync(Minute().End().Journal());
        await using var _ = server;
        var recording = catalog.Add(new FakePackager(recorded: true).Session);
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = server.Address };
        using var sent = await client.GetAsync("/t/secret" + Address(recording, "?rendition=720p&start=1772366411&end=1772366440"));
        (sent.StatusCode, sent.Headers.Location!.OriginalString).ShouldBe(
            (HttpStatusCode.Found, "download.mp4?start=2026-03-01T12:00:11Z&end=2026-03-01T12:00:40Z&rendition=720p"));
        using var bad = await server.SendAsync(Address(recording, "?start=yesterday"));
        bad.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using var nothing = await server.SendAsync(Address(recording, "?start=2026-03-01T11:00:00Z&end=2026-03-01T11:30:00Z"));
        nothing.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var unknown = await server.SendAsync($"/vod/{RecordingId.New(FakePackager.Start)}/download.mp4");
        unknown.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Download_beyond_the_concurrency_limit_gets_503_with_Retry_After()
    {
        var story = Minute().End().Journal();
        var (server, catalog) = await ServerAsync(story, false, ("Origin:MaxConcurrentDownloadBuilds", "1"));
        await using var _ = server;
        var recording = catalog.Add(story.Session);
        (await server.Client.GetAsync(Address(recording, "?rendition=audio"))).EnsureSuccessStatusCode().Dispose();
        var gate = new TaskCompletionSource();
        server.Spool.Gate = gate.Task;
        var waiting = server.SendAsync(Address(recording));
        await Poll.UntilAsync(() => server.Get<Broadcast.Origin.Vod.DownloadCache>().UsedSlots == 1,
            description: "the first is being laid out");
        var before = OverloadCounts.Of(OverloadReason.Downloads);
        using (var busy = await server.SendAsync(Address(recording, "?rendition=720p")))
        {
            (busy.StatusCode, busy.Headers.RetryAfter!.Delta).ShouldBe((HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(1)));
        }

        OverloadCounts.Of(OverloadReason.Downloads).ShouldBeGreaterThan(before);
        gate.SetResult();
        using var done = await waiting;
        done.StatusCode.ShouldBe(HttpStatusCode.OK);
    }
}
