using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>Viewers with access to the bucket of a real S3 service alone: playback never uses the server's HTTP.</summary>
[LongRunning]
public sealed class BucketDeliveryTests(BucketStorageTests.Service service) : IClassFixture<BucketStorageTests.Service>
{
    private const int FrameRate = 15;
    private readonly CephServer _ceph = service.Ceph;

    [Fact]
    public async Task Bucket_alone_serves_every_frame_across_its_own_outage_and_a_server_kill()
    {
        var bucket = await _ceph.CreateBucketAsync();
        await _ceph.OpenAsync(bucket);
        await using var way = new Relay(new Uri(_ceph.Endpoint));
        await using var server = await BroadcastServer.StartAsync(environment: Environment(bucket, way));
        var channel = await server.AddChannelAsync("main", new { reconnectWindowSeconds = 15 });
        var live = new Uri($"{_ceph.Endpoint}/{bucket}/tests/live/live/main/");
        var encoder = FfmpegTool.Publish(server.PublishUrl(channel), Signals.Small);
        await using var viewer = new BucketViewer(live);
        try
        {
            await viewer.UntilAsync(v => v.Last >= 3, "three segments");
            var hls = FfmpegTool.DecodeAsync(new Uri(live, "index.m3u8").ToString(), 24, TimeSpan.FromMinutes(2));

            // ffmpeg's DASH reader requests unlisted segments when new ones are late, and loses its position. It is used while none are
            // late.
            (await FfmpegTool.DecodeAsync(new Uri(live, "manifest.mpd").ToString(), 2)).ShouldBeEmpty("DASH");

            // The server cannot upload some segments to the bucket; viewers can access it and wait.
            var before = viewer.Last;
            way.Cut();
            await Poll.UntilAsync(() => server.Logged(6002).Count > 0);
            await Task.Delay(TimeSpan.FromSeconds(5));
            viewer.Last.ShouldBeLessThanOrEqualTo(before + 2, "all listed objects exist");
            way.Mend();
            await viewer.UntilAsync(v => v.Last >= before + 5, "the playlist advances");
            WithoutRetries(await hls).ShouldBeEmpty("HLS");

            before = viewer.Last;
            await server.Kill();
            await encoder.DisposeAsync();
            await server.RestartAsync();
            encoder = FfmpegTool.Publish(server.PublishUrl(channel), Signals.Small);
            await viewer.UntilAsync(v => v.Last >= before + 4, "the playlist advances after the kill");
            WithoutRetries(await FfmpegTool.DecodeAsync(new Uri(live, "index.m3u8").ToString(), 4)).ShouldBeEmpty("HLS");
            (await FfmpegTool.DecodeAsync(new Uri(live, "manifest.mpd").ToString(), 4)).ShouldBeEmpty("DASH");
        }
        finally
        {
            await encoder.DisposeAsync();
        }

        using var api = new HttpClient { BaseAddress = server.Http };
        api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.AdminToken);
        (await api.PostAsync("/api/v1/channels/main/end", null)).EnsureSuccessStatusCode();
        await viewer.UntilAsync(v => v.IsEnded, "the playlist ends");
        viewer.Complaints.ShouldBeEmpty();
        viewer.Numbers.ShouldBe(Enumerable.Range(1, viewer.Numbers.Count).Select(number => (long)number));
        await viewer.ShouldHaveAllFramesAsync(FrameRate);

        // The bucket also contains the recording, once everything is uploaded.
        using var cdn = new HttpClient();
        var session = (await cdn.GetStringAsync(new Uri(live, "index.m3u8"))).Split('\n')
            .First(line => line.EndsWith("/source.m3u8", StringComparison.Ordinal)).Split('/')[0];
        var replay = new Uri(live, $"../../vod/{session}/index.m3u8");
        await Poll.UntilAsync(async () => (await cdn.GetAsync(replay)).IsSuccessStatusCode, TimeSpan.FromSeconds(40),
            "the recording can be played from the bucket");
        WithoutRetries(await FfmpegTool.DecodeAsync(replay.ToString(), 4)).ShouldBeEmpty("replay");

        // The comparison of store and journals finds no missing or superfluous manifest.
        (await server.StopAsync()).ShouldBe(0);
        (await server.CommandAsync("fsck", "--json")).EnsureSuccess();
    }

    [Fact]
    public async Task Shipped_edge_configuration_serves_only_the_listed_channels_from_the_bucket()
    {
        var bucket = await _ceph.CreateBucketAsync();
        await _ceph.OpenAsync(bucket);
        await using var way = new Relay(new Uri(_ceph.Endpoint));
        await using var server = await BroadcastServer.StartAsync(environment: Environment(bucket, way));
        await using var encoder = FfmpegTool.Publish(server.PublishUrl(await server.AddChannelAsync("main")), Signals.Small);
        await using var other = FfmpegTool.Publish(server.PublishUrl(await server.AddChannelAsync("inner")), Signals.Small);
        await using var folder = TempFolder.Create();
        var port = FreePort.Next();
        await using var nginx = await StartEdgeAsync(folder, new Uri(_ceph.Endpoint), $"/{bucket}/tests/live", port);
        using var edge = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await Poll.UntilAsync(async () => await _ceph.HasAsync(bucket, "tests/live/live/main/index.m3u8")
            && await _ceph.HasAsync(bucket, "tests/live/live/inner/index.m3u8"), TimeSpan.FromSeconds(40));

        await Poll.UntilAsync(async () => (await edge.GetAsync("/live/main/index.m3u8")).StatusCode == HttpStatusCode.OK,
            description: nginx.Tail());
        (await FfmpegTool.DecodeAsync(new Uri(edge.BaseAddress!, "/live/main/index.m3u8").ToString(), 4)).ShouldBeEmpty();
        (await FfmpegTool.DecodeAsync(new Uri(edge.BaseAddress!, "/live/main/manifest.mpd").ToString(), 4)).ShouldBeEmpty();
        using var list = await edge.GetAsync("/live/main/manifest.mpd");
        list.Content.Headers.ContentType!.MediaType.ShouldBe("application/dash+xml");
        list.Headers.CacheControl!.MaxAge.ShouldBe(TimeSpan.FromSeconds(1));
        list.Headers.GetValues("Access-Control-Expose-Headers").Single().ShouldContain("Date");
        list.Headers.Date.ShouldNotBeNull();
        var session = (await edge.GetStringAsync("/live/main/index.m3u8")).Split('\n')
            .First(line => line.EndsWith("/source.m3u8", StringComparison.Ordinal)).Split('/')[0];
        using var media = await edge.GetAsync($"/live/main/{session}/source/1.m4s");
        media.Headers.CacheControl!.MaxAge.ShouldBe(TimeSpan.FromDays(365));
        media.Content.Headers.ContentType!.MediaType.ShouldBe("video/mp4");

        foreach (var hidden in (string[])["/live/inner/index.m3u8", $"/live/main/{session}/chapters/1-2.chapter",
            $"/journal/main/{session}/00000001.jsonl", "/live/main/../inner/index.m3u8", "/"])
        {
            (await edge.GetAsync(hidden)).StatusCode.ShouldBe(HttpStatusCode.NotFound, hidden);
        }

        // Outage of the bucket: viewers receive everything they have requested.
        await _ceph.KillAsync();
        (await edge.GetAsync($"/live/main/{session}/source/1.m4s")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await edge.GetAsync("/live/main/index.m3u8")).StatusCode.ShouldBe(HttpStatusCode.OK);
        await _ceph.StartGatewayAsync();
    }

    [Fact]
    public async Task Token_channel_has_no_manifests_in_the_bucket_and_the_log_gives_the_reason()
    {
        var bucket = await _ceph.CreateBucketAsync();
        await _ceph.OpenAsync(bucket);
        await using var way = new Relay(new Uri(_ceph.Endpoint));
        await using var server = await BroadcastServer.StartAsync(environment: Environment(bucket, way));
        var channel = await server.AddChannelAsync("main", new { access = "token" });
        await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel), Signals.Small);
        await Poll.UntilAsync(async () => await server.MetricAsync("broadcast_uploads_total") >= 4, TimeSpan.FromSeconds(40),
            "media are in the bucket");
        await Poll.UntilAsync(() => server.Logged(4204).Count > 0);
        server.Logged(4204).ShouldHaveSingleItem().ShouldContain("docs/bucket-delivery.md");
        (await _ceph.HasAsync(bucket, "tests/live/live/main/index.m3u8")).ShouldBeFalse();
    }

    /// <summary>
    /// ffmpeg's log of the stream. Ceph's gateway occasionally answers 500 to a read of a playlist at the instant of its replacement;
    /// ffmpeg logs that and retries on a new connection.
    /// </summary>
    private static string WithoutRetries(string said) => string.Join('\n', said.Split('\n').Where(line =>
        !line.Contains("HTTP error 500 Internal Server Error", StringComparison.Ordinal)
        && !(line.Contains("keepalive request failed", StringComparison.Ordinal)
            && line.Contains("Server returned 5XX", StringComparison.Ordinal))));

    private Dictionary<string, string?> Environment(string bucket, Relay way) => new()
    {
        ["BROADCAST__Storage__Bucket"] = bucket,
        ["BROADCAST__Storage__Endpoint"] = $"http://127.0.0.1:{way.Port}",
        ["BROADCAST__Storage__Region"] = _ceph.Region,
        ["BROADCAST__Storage__AccessKey"] = _ceph.AccessKey,
        ["BROADCAST__Storage__SecretKey"] = _ceph.SecretKey,
        ["BROADCAST__Storage__Prefix"] = "tests/live",
        ["BROADCAST__Storage__TimeoutSeconds"] = "3",
        ["BROADCAST__Origin__PublishManifests"] = "true",
        ["BROADCAST__Slate__Enabled"] = "false",
    };

    private static async Task<ChildProcess> StartEdgeAsync(TempFolder folder, Uri service, string path, int port)
    {
        var config = await File.ReadAllTextAsync(Repository.PathOf("infra", "edge", "bucket.conf"));
        foreach (var (delivered, own) in new[]
        {
            ("server s3:9000 ", $"server 127.0.0.1:{service.Port} "),
            ("\"s3:9000\"", $"\"127.0.0.1:{service.Port}\""),
            ("\"/media\"", $"\"{path}\""),
            ("listen 8080;", $"listen 127.0.0.1:{port};"),
            ("/var/cache/nginx/bucket", folder.Sub("cache")),
            ("pid /tmp/nginx.pid;", $"pid {folder.Sub("nginx.pid")};{(System.Environment.IsPrivilegedProcess ? " user root;" : "")}"),
            ("/tmp/nginx-", folder.Sub("nginx-")),
        })
        {
            config.ShouldContain(delivered);
            config = config.Replace(delivered, own, StringComparison.Ordinal);
        }

        var file = folder.Sub("nginx.conf");
        await File.WriteAllTextAsync(file, config);
        var program = new[] { "/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx" }.FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException("nginx is not installed: apt-get install nginx-light.");
        return ChildProcess.Start(program, ["-e", "stderr", "-p", folder.Path, "-c", file, "-g", "daemon off;"]);
    }

    /// <summary>Polls a channel's playlist as a player does, and fetches new segments immediately.</summary>
    private sealed class BucketViewer : IAsyncDisposable
    {
        private readonly HttpClient _http = new();
        private readonly CancellationTokenSource _stop = new();
        private readonly SortedDictionary<long, byte[]> _segments = [];
        private readonly Lock _gate = new();
        private readonly Uri _channel;
        private readonly Task _reading;
        private byte[] _init = [];

        public BucketViewer(Uri channel)
        {
            _channel = channel;
            _reading = Task.Run(ReadAsync);
        }

        public long Last { get; private set; }

        public bool IsEnded { get; private set; }

        /// <summary>Errors.</summary>
        public List<string> Complaints { get; } = [];

        public IReadOnlyList<long> Numbers
        {
            get
            {
                lock (_gate)
                {
                    return [.. _segments.Keys];
                }
            }
        }

        public Task UntilAsync(Func<BucketViewer, bool> fits, string description) =>
            Poll.UntilAsync(() => fits(this), TimeSpan.FromSeconds(100), $"{description}; {string.Join("; ", Complaints)}");

        /// <summary>Decodes all segments in sequence and counts the frames.</summary>
        public async Task ShouldHaveAllFramesAsync(int frameRate)
        {
            await using var folder = TempFolder.Create();
            await File.WriteAllBytesAsync(folder.Sub("all.mp4"), [.. _init, .. _segments.Values.SelectMany(bytes => bytes)]);
            var frames = (await FfmpegTool.ProbeAsync(folder.Sub("all.mp4"), null, "-select_streams", "v", "-show_entries",
                "frame=pts_time")).GetProperty("frames");
            var times = frames.EnumerateArray()
                .Select(frame => double.Parse(frame.GetProperty("pts_time").GetString()!, CultureInfo.InvariantCulture)).ToList();
            times.Count.ShouldBeGreaterThan(15 * frameRate);

            // One discontinuity, at the kill of the server and the return of the encoder.
            times.Zip(times.Skip(1)).Count(pair => pair.Second - pair.First > 1.5 / frameRate).ShouldBe(1);
            times.Zip(times.Skip(1)).ShouldAllBe(pair => pair.Second > pair.First);
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _reading;
            _http.Dispose();
            _stop.Dispose();
        }

        private async Task ReadAsync()
        {
            var first = 0L;
            while (!_stop.IsCancellationRequested && !IsEnded)
            {
                try
                {
                    if (await GetAsync(new Uri(_channel, "index.m3u8")) is { } index)
                    {
                        var address = index.Split('\n').First(line => line.EndsWith("/source.m3u8", StringComparison.Ordinal));
                        var text = await GetAsync(new Uri(_channel, address))
                            ?? throw new InvalidDataException($"{address} is listed but missing");
                        first = await TakeAsync(new Uri(_channel, address), text, first);
                    }

                    await Task.Delay(300, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
                catch (Exception e) when (e is HttpRequestException or InvalidDataException)
                {
                    Complaints.Add(e.Message);
                }
            }
        }

        private async Task<long> TakeAsync(Uri playlist, string text, long first)
        {
            var lines = text.Split('\n');
            var number = long.Parse(lines.First(line => line.StartsWith("#EXT-X-MEDIA-SEQUENCE:", StringComparison.Ordinal)).Split(':')[1],
                CultureInfo.InvariantCulture);
            if (number < first)
            {
                throw new InvalidDataException($"the playlist went back from {first} to {number}");
            }

            first = number--;
            foreach (var line in lines)
            {
                if (line.StartsWith("#EXT-X-MAP", StringComparison.Ordinal) && _init.Length == 0)
                {
                    _init = await _http.GetByteArrayAsync(new Uri(playlist, line.Split('"')[1]));
                }

                if (line.Length == 0 || line[0] == '#')
                {
                    continue;
                }

                number++;
                if (number > Last)
                {
                    var bytes = await _http.GetByteArrayAsync(new Uri(playlist, line));
                    lock (_gate)
                    {
                        _segments[number] = bytes;
                    }

                    Last = number;
                }
            }

            IsEnded = text.Contains("#EXT-X-ENDLIST", StringComparison.Ordinal);
            return number < Last ? throw new InvalidDataException($"the playlist went back from {Last} to {number} at its end") : first;
        }

        private async Task<string?> GetAsync(Uri address, bool again = true)
        {
            using var answer = await _http.GetAsync(address);
            if (answer.StatusCode == HttpStatusCode.InternalServerError && again)
            {
                // Occasional response of Ceph's gateway for a playlist during its replacement; players retry.
                return await GetAsync(address, again: false);
            }

            return answer.StatusCode == HttpStatusCode.NotFound || answer.StatusCode == HttpStatusCode.Forbidden ? null
                : await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
        }
    }
}
