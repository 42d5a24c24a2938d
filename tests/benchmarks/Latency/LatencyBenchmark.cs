using System.Diagnostics;
using System.Globalization;
using Broadcast.Publisher;
using Broadcast.Testing;
using Microsoft.Playwright;

namespace Broadcast.Benchmarks;

/// <summary>
/// Latency of frames through a channel of profile <c>low</c>, by part; <see cref="LatencyPlan"/> selects the parts and their sizes.
/// </summary>
internal static class LatencyBenchmark
{
    private const double PartAim = 50;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(40);
    private static readonly (string Name, string Kind, double Aim)[] Players =
        [("hls.js", "hls", 2.0), ("dash.js", "dash", 2.5), ("Shaka, DASH", "shaka", 2.5)];

    /// <summary>Runs the selected parts.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="shared">Folder on tmpfs.</param>
    /// <param name="reports">Receives each table when it is complete, so that a later failure does not lose it.</param>
    /// <param name="progress">Receives progress messages.</param>
    public static async Task RunAsync(LatencyPlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        var media = await NumberedFrame.MakeAsync(shared, progress);
        foreach (var part in plan.Parts)
        {
            await (part switch
            {
                "source" => AvailableAsync(plan, media, "passthrough", reports, progress),
                "ladder" => AvailableAsync(plan, media, "auto", reports, progress),
                _ => GlassAsync(plan, media, reports, progress),
            });
        }
    }

    /// <summary>
    /// Measures the time from sending a part's first frame to the availability of the part, minus the part's duration, which is
    /// unavoidable.
    /// </summary>
    private static async Task AvailableAsync(LatencyPlan plan, FlvFile media, string ladder, List<Report> reports, Action<string> progress)
    {
        var title = ladder == "auto" ? "Ladder encoded on this machine" : "Passthrough";
        var report = new Report($"{title}: from sending a frame to the availability of the part or segment that begins with it",
            "milliseconds beyond its duration", ["p50", "p95", "maximum"]);
        reports.Add(report);
        var rows = new Dictionary<string, List<List<double>>>();
        for (var round = 1; round <= plan.Rounds; round++)
        {
            foreach (var (row, values) in await AvailableRoundAsync(plan, media, ladder))
            {
                progress(string.Create(CultureInfo.InvariantCulture,
                    $"{ladder}, round {round} of {plan.Rounds}: {row}: {values.Count}, p50 {Sample.Median(values):0.0} ms, p95 {Sample.Percentile(values, 0.95):0.0} ms, maximum {values.Max():0.0} ms"));
                if (!rows.TryGetValue(row, out var rounds))
                {
                    rows[row] = rounds = [];
                }

                rounds.Add(values);
            }
        }

        foreach (var (row, rounds) in rows)
        {
            var p95 = Sample.Median(rounds.Select(r => Sample.Percentile(r, 0.95)));
            report.Add(
                row, ladder == "passthrough" && row.Contains("part", StringComparison.Ordinal) ? Aim.AtMost(PartAim, p95)
                .For("p95") : Aim.None,
                Sample.Median(rounds.Select(r => Sample.Median(r))), p95, Sample.Median(rounds.Select(r => r.Max())));
        }
    }

    private static async Task<List<(string Row, List<double> Values)>> AvailableRoundAsync(LatencyPlan plan, FlvFile media, string ladder)
    {
        await using var server = await BroadcastServer.StartAsync();
        var channel = await server.CreateChannelAsync("show", "--latency", "low", "--ladder", ladder, "--record", "off");
        await using var publisher = await PacedPublisher.StartAsync(TargetOf(server, channel), media);
        using var client = new HttpClient { Timeout = Timeout };
        var renditions = await RenditionsAsync(client, server.Hls(channel.Name), expected: ladder == "auto" ? 2 : 1);
        using var stop = new CancellationTokenSource();
        var followers =
            renditions.ConvertAll(r => (Name: Path.GetFileNameWithoutExtension(r.AbsolutePath), Follower: new PartFollower(client, r)));
        var running = Task.WhenAll(followers.Select(f => f.Follower.RunAsync(stop.Token)));
        await Task.WhenAny(running, publisher.Completion, Task.Delay(TimeSpan.FromSeconds(5) + plan.Measured, TimeProvider.System));
        await stop.CancelAsync();
        await running;

        // All renditions share one timeline, which begins with the first frame of the source.
        var first = followers.Find(f => f.Name == "source").Follower.First ?? throw new InvalidDataException("The source has no parts.");
        List<(string Row, List<double> Values)> rows = [];
        foreach (var (name, follower) in followers)
        {
            foreach (var (what, seen) in new[] { ("part, its last byte", follower.Loaded), ("part, listed", follower.Listed),
                ("segment, listed", follower.Segments) })
            {
                // The first seconds cover the startup of code, players and workers and are skipped.
                var values = seen.Where(a => a.Begin - first >= 5 && publisher.SentAt(a.Begin - first) is not null)
                    .Select(a => Stopwatch.GetElapsedTime(publisher.SentAt(a.Begin - first)!.Value, a.At)
                        .TotalMilliseconds - (a.Length * 1000)).ToList();
                if (values.Count == 0)
                {
                    throw new InvalidDataException($"{name}: none of {seen.Count} times belongs to a sent frame.");
                }

                rows.Add(($"{name}: {what}", values));
            }
        }

        return rows;
    }

    private static async Task GlassAsync(LatencyPlan plan, FlvFile media, List<Report> reports, Action<string> progress)
    {
        var report = new Report("Glass to glass, from sending a frame to its display in Chromium", "seconds",
            ["p50", "p95", "maximum", "stalls"]);
        reports.Add(report);
        await using var pages = await PlayerFiles.StartAsync();
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await Browsers.LaunchAsync(playwright);
        foreach (var (name, kind, aim) in Players)
        {
            List<(List<double> Latencies, int Stalls)> rounds = [];
            for (var round = 1; round <= plan.Rounds; round++)
            {
                await using var server = await BroadcastServer.StartAsync();
                var channel = await server.CreateChannelAsync("show", "--latency", "low", "--record", "off");
                await using var publisher = await PacedPublisher.StartAsync(TargetOf(server, channel), media);
                var address = kind == "hls" ? server.Hls(channel.Name) : server.Dash(channel.Name);
                await Poll.UntilAsync(async () => (await server.Client.GetAsync(address)).IsSuccessStatusCode, Timeout,
                    "the channel is live");
                rounds.Add(await WatchAsync(await GlassPage.OpenAsync(browser, pages, name, kind, address), publisher, plan.Measured));
                var (latencies, stalls) = rounds[^1];
                progress(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name}, round {round} of {plan.Rounds}: p50 {Sample.Median(latencies):0.00} s, p95 {Sample.Percentile(latencies, 0.95):0.00} s, maximum {latencies.Max():0.00} s, {stalls} stalls"));
            }

            var median = Sample.Median(rounds.Select(r => Sample.Median(r.Latencies)));
            report.Add(
                name, Aim.AtMost(aim, median).For("p50"), median, Sample.Median(rounds.Select(r => Sample.Percentile(r.Latencies, 0.95))),
                Sample.Median(rounds.Select(r => r.Latencies.Max())), Sample.Median(rounds.Select(r => (double)r.Stalls)));
        }
    }

    /// <summary>Lets a page settle for fifteen seconds, the time to catch up half a second at 4 %, and then measures.</summary>
    private static async Task<(List<double> Latencies, int Stalls)> WatchAsync(GlassPage page, PacedPublisher publisher, TimeSpan measured)
    {
        await Poll.UntilAsync(async () => await page.ReportAsync() is { Time: > 0, Frames: > 30 }, Timeout, $"{page.Name} plays");
        await Task.Delay(TimeSpan.FromSeconds(15), TimeProvider.System);
        var before = await page.ReportAsync();
        await page.TakeLatenciesAsync(publisher);
        await Task.Delay(measured, TimeProvider.System);
        var latencies = await page.TakeLatenciesAsync(publisher);
        var after = await page.ReportAsync();
        await page.CloseAsync();
        return after.Errors.Length == 0 && latencies.Count > 0
            ? ([.. latencies], after.Stalls - before.Stalls)
            : throw new InvalidDataException($"{page.Name}: {latencies.Count} frames were measured; {string.Join("; ", after.Errors)}");
    }

    internal static RtmpTarget TargetOf(BroadcastServer server, CreatedChannel channel)
    {
        var rtmp = new Uri(server.Rtmp);
        return new RtmpTarget(rtmp.Host, rtmp.Port, "live", channel.StreamKey);
    }

    /// <summary>Returns the video renditions once the minimum number of the ladder exists.</summary>
    private static async Task<List<Uri>> RenditionsAsync(HttpClient client, Uri multivariant, int expected)
    {
        List<Uri> found = [];
        await Poll.UntilAsync(
            async () =>
            {
                using var answer = await client.GetAsync(multivariant);
                var text = answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync() : "";
                found = [.. text.Split('\n').Zip(text.Split('\n').Skip(1))
                    .Where(p => p.First.StartsWith("#EXT-X-STREAM-INF:", StringComparison.Ordinal)
                        && p.First.Contains("RESOLUTION=", StringComparison.Ordinal))
                    .Select(p => new Uri(multivariant, p.Second)).Distinct()];
                return found.Count >= expected;
            },
            Timeout, "the channel is live in all renditions");
        return found;
    }
}
