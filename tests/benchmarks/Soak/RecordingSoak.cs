using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Broadcast.Testing;
using Microsoft.Playwright;

namespace Broadcast.Benchmarks;

/// <summary>
/// <c>soak --recording MINUTES [--kills N] [--outage MINUTES] [--seed N]</c>: records a stream into a bucket, with kill -9 of the server at
/// random instants and an outage of the bucket, followed by strict players and the watch page in Chromium. Afterwards the recording must
/// contain every announced segment, ffmpeg must decode it, Chromium must play it across each discontinuity, and <c>fsck --deep</c> must
/// find no errors.
/// </summary>
internal static class RecordingSoak
{
    private static readonly TimeSpan Warm = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(5);

    /// <summary>Runs the soak test.</summary>
    /// <returns>0 if nothing was lost, went back, or failed to play.</returns>
    public static async Task<int> RunAsync(TimeSpan length, int kills, TimeSpan outage, int seed, Action<string> say)
    {
        await using var folder = TempFolder.Create();
        var file = folder.Sub("source.flv");
        say("making the source: 720p30 H.264 at 2.5 Mbit/s, keyframes every 2 s, AAC at 128 kbit/s");
        await FfmpegTool.MakeFileAsync(file, new TestSource { Width = 1280, Height = 720, VideoBitRate = 2_500_000, Seconds = 120 });
        await using var ceph = await CephServer.StartAsync();
        await using var server = await BroadcastServer.StartAsync(
            ["--http", $"127.0.0.1:{FreePort.Next()}", "--rtmp", $"127.0.0.1:{FreePort.Next()}", "--rtmps", "127.0.0.1:0"],
            StorageBenchmark.Environment(ceph, await ceph.CreateBucketAsync()));
        var channel = await server.CreateChannelAsync("soak", "--reconnect-window", "300");
        using var stop = new CancellationTokenSource();
        var encoder = SoakEncoder.RunAsync(file, server.PublishUrl(channel), stop.Token);
        var findings = new Findings(say);
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var hls = new HlsFollower(client, server.Hls(channel.Name), findings);
        var dash = new DashFollower(client, server.Dash(channel.Name), hls, findings);
        var following = Task.WhenAll(hls.RunAsync(stop.Token), dash.RunAsync(stop.Token));

        await using var files = await PlayerFiles.StartAsync();
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await Browsers.LaunchAsync(playwright);
        await Poll.UntilAsync(async () => (await server.Client.GetAsync(server.Hls(channel.Name))).IsSuccessStatusCode, Timeout,
            "the channel is live");
        var page = await (await browser.NewContextAsync(
            new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 640, Height = 480 } })).NewPageAsync();
        await page.GotoAsync(new Uri(server.Http, $"/watch/{channel.Name}").ToString());
        var viewer = new StandingWatch(page);
        await Poll.UntilAsync(async () => await viewer.TimeAsync() > 1, Timeout, "the watch page plays");

        var went = await RunAsync(server, ceph, hls, viewer, findings, length, kills, outage, seed, say);
        findings.IsStoreAway = false;
        await viewer.LookAsync();
        await page.CloseAsync();
        await stop.CancelAsync();
        await Task.WhenAll(following, encoder);

        say("ends the session and checks its recording");
        using var api = new HttpClient { BaseAddress = server.Http };
        api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await server.CreateTokenAsync());
        (await api.PostAsync($"/api/v1/channels/{channel.Name}/end", null)).EnsureSuccessStatusCode();
        var vod = new Uri(server.Http, $"/vod/{hls.Session}/index.m3u8");
        var recording = await RecordedAsync(client, vod, hls, findings);
        await Poll.UntilAsync(async () => (await MetricsPage.ReadAsync(server.Internal)).Sum("broadcast_upload_queue_objects") < 1, Timeout,
            "the bucket is up to date");
        var complaints = await FfmpegTool.DecodeAsync(vod.ToString(), length.TotalSeconds * 2, Timeout + length);
        if (complaints.Length > 0)
        {
            findings.AddWrong($"decoding the recording: {complaints[..Math.Min(400, complaints.Length)]}");
        }

        var across = await PlayAcrossAsync(browser, files, vod, recording, findings);
        await server.StopAsync();
        var fsck = await server.CommandAsync("fsck", "--deep");
        say($"fsck --deep: exit code {fsck.ExitCode}\n{fsck.Output.TrimEnd()}");
        if (fsck.ExitCode != 0)
        {
            findings.AddWrong($"fsck --deep exits with {fsck.ExitCode}");
        }

        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture,
            $"### {length.TotalMinutes:0.#} minutes into a bucket with an outage of {outage.TotalMinutes:0.#}, {went} kills (seed {seed})\n\n| what | figure |\n|---|---:|\n");
        text.Append(CultureInfo.InvariantCulture,
            $"| segments announced and fetched | {hls.Segments} |\n| announced and lost, or changed | {findings.Lost.Count} |\n| playlists and manifests that went back | {findings.Back.Count} |\n");
        text.Append(CultureInfo.InvariantCulture,
            $"| other errors | {findings.Wrong.Count} |\n| longest interruption of the watch page, s | {viewer.Longest.TotalSeconds:0.0} |\n| seconds it played, of {length.TotalSeconds:0} | {viewer.Played:0} |\n| times that a segment of the window was in the absent bucket alone | {hls.Renditions.Sum(r => r.Unreadable)} |\n");
        text.Append(CultureInfo.InvariantCulture,
            $"| longest time without a new segment, with a kill, s | {hls.Interruptions.DefaultIfEmpty().Max().TotalSeconds:0.0} |\n| the same without a kill, s | {hls.Undisturbed.TotalSeconds:0.0} |\n");
        text.Append(CultureInfo.InvariantCulture,
            $"| seconds in the recording | {recording.Segments.Where(s => !s.IsGap).Sum(s => s.Duration):0.0} |\n| gaps in it | {recording.Segments.Count(s => s.IsGap)} |\n");
        text.Append(CultureInfo.InvariantCulture,
            $"| discontinuities played across in Chromium | {across} |\n| exit code of fsck --deep | {fsck.ExitCode} |\n");
        Console.WriteLine(text);
        return findings.IsClean && hls.Segments > 0 ? 0 : 1;
    }

    private static async Task<int> RunAsync(
        BroadcastServer server, CephServer ceph, HlsFollower hls, StandingWatch viewer, Findings findings, TimeSpan length, int kills,
        TimeSpan outage, int seed, Action<string> say)
    {
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        var random = new Random(seed);
        var moments = new Queue<TimeSpan>(Enumerable.Range(0, kills)
            .Select(_ => Warm + ((length - (2 * Warm)) * random.NextDouble())).Order());
        var (away, back) = (length / 4, (length / 4) + outage);
        var (isAway, went) = (false, 0);
        while (time.GetElapsedTime(start) is var now && now < length)
        {
            if (outage > TimeSpan.Zero && isAway != (now >= away && now < back))
            {
                isAway = !isAway;
                say(isAway ? "the bucket is unavailable" : "the bucket is available again");
                await (isAway ? ceph.KillAsync() : ceph.StartGatewayAsync());
            }

            // Requests from the outage can fail shortly after its end.
            findings.IsStoreAway = now >= away && now < back + Warm && outage > TimeSpan.Zero;
            if (moments.TryPeek(out var next) && now >= next)
            {
                moments.Dequeue();
                went++;
                hls.Interrupted();
                await server.Kill();
                await server.RestartAsync();
                say($"killed and restarted; {moments.Count} kills to come");
                if (!isAway)
                {
                    await hls.CompareAgainAsync();
                }
            }

            if (await viewer.LookAsync())
            {
                say("the watch page plays again");
            }

            await Task.Delay(250, CancellationToken.None);
        }

        // No effect on a running gateway.
        await ceph.StartGatewayAsync();
        return went;
    }

    /// <summary>Reads the recording's playlists and compares them with all announced segments.</summary>
    /// <returns>Playlist of the first rendition.</returns>
    private static async Task<HlsPlaylist> RecordedAsync(HttpClient client, Uri vod, HlsFollower hls, Findings findings)
    {
        HlsPlaylist? first = null;
        foreach (var rendition in hls.Renditions)
        {
            var address = new Uri(vod, $"{rendition.Name}.m3u8");
            var list = HlsPlaylist.Parse(address, await client.GetStringAsync(address));
            for (var tries = 0; !list.IsEnded && tries < 20; tries++)
            {
                await Task.Delay(500, CancellationToken.None);
                list = HlsPlaylist.Parse(address, await client.GetStringAsync(address));
            }

            var media = list.Segments.Where(s => !s.IsGap).Select(s => s.Address).ToHashSet();
            if (!list.IsEnded)
            {
                findings.AddWrong($"the recording of {rendition.Name} has no end");
            }

            foreach (var announced in rendition.Known.Values.Where(s => !s.IsGap && !media.Contains(s.Address)))
            {
                findings.AddLost($"segment {announced.Number} of {rendition.Name} was announced but is not in the recording");
            }

            foreach (var (segment, hash) in rendition.Hashes.Where(h => media.Contains(h.Key)))
            {
                if (!SHA256.HashData(await client.GetByteArrayAsync(segment)).SequenceEqual(hash))
                {
                    findings.AddLost($"{segment.AbsolutePath} has other bytes in the recording");
                }
            }

            first ??= list;
        }

        return first ?? throw new InvalidDataException("Nothing was announced.");
    }

    /// <summary>Plays the recording in Chromium at its start, across each discontinuity, and to its end.</summary>
    private static async Task<int> PlayAcrossAsync(IBrowser browser, PlayerFiles files, Uri vod, HlsPlaylist recording, Findings findings)
    {
        var page = await (await browser.NewContextAsync(
            new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 640, Height = 480 } })).NewPageAsync();
        await page.GotoAsync(new Uri(files.Address, $"/player.html?kind=hls&url={Uri.EscapeDataString(vod.ToString())}").ToString());
        await page.WaitForFunctionAsync("() => document.querySelector('video').currentTime > 1", null,
            new PageWaitForFunctionOptions { Timeout = 60_000 });
        var (position, played, run) = (0.0, 0, recording.Segments[0].Discontinuity);
        var places = new List<double>();
        foreach (var segment in recording.Segments)
        {
            if (segment.Discontinuity != run)
            {
                run = segment.Discontinuity;
                places.Add(position);
            }

            position += segment.Duration;
        }

        var until = await page.EvaluateAsync<double>("() => document.querySelector('video').duration");
        foreach (var place in places.Where(p => p < until - 4).Append(until - 4))
        {
            await page.EvaluateAsync("at => { document.querySelector('video').currentTime = at; document.querySelector('video').play(); }",
                Math.Max(0, place - 1.5));
            try
            {
                await page.WaitForFunctionAsync(
                    "at => { const v = document.querySelector('video'); return v.ended || (v.currentTime > at && v.readyState > 2); }",
                    Math.Min(place + 1.5, until - 0.5), new PageWaitForFunctionOptions { Timeout = 30_000 });
                played++;
            }
            catch (TimeoutException)
            {
                var journal = await page.EvaluateAsync<string>("() => window.journal()");
                findings.AddWrong(string.Create(CultureInfo.InvariantCulture,
                    $"Chromium does not play the recording across {place:0.0} s: {journal}"));
            }
        }

        return played;
    }
}
