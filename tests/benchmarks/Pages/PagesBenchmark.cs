using System.Globalization;
using Broadcast.Testing;
using Microsoft.Playwright;

namespace Broadcast.Benchmarks;

/// <summary>Load size and load time of pages; <see cref="PagesPlan"/> selects the pages.</summary>
internal static class PagesBenchmark
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(40);
    private static readonly Line[] Lines = [Line.Loopback, Line.Phone];

    /// <summary>Records when the first frame of a video is shown, in milliseconds since the navigation.</summary>
    private const string FirstFrame = """
        document.addEventListener('loadstart', e => {
          if (e.target instanceof HTMLVideoElement && !window.benchSeen) {
            window.benchSeen = true;
            e.target.requestVideoFrameCallback(now => { window.benchFirst = now; });
          }
        }, true);
        """;

    /// <summary>Runs the selected parts.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="shared">Folder on tmpfs.</param>
    /// <param name="reports">Receives each table when it is complete, so that a later failure does not lose it.</param>
    /// <param name="progress">Receives progress messages.</param>
    public static async Task RunAsync(PagesPlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await Browsers.LaunchAsync(playwright);
        foreach (var part in plan.Parts)
        {
            await (part == "dashboard" ? DashboardAsync(plan, browser, reports, progress)
                : WatchAsync(plan, browser, shared, reports, progress));
        }
    }

    private static async Task DashboardAsync(PagesPlan plan, IBrowser browser, List<Report> reports, Action<string> progress)
    {
        var report = new Report("Dashboard, empty cache", "see columns", ["requests", "KB transferred", "ms until usable"]);
        reports.Add(report);
        await using var server = await BroadcastServer.StartAsync();
        await server.CreateChannelAsync("show");
        var token = await server.CreateTokenAsync();
        var dashboard = new Uri(server.Http, "/dashboard").ToString();

        // Stores a token where the dashboard keeps it, so that the first page is the one after login.
        var storage = FormattableString.Invariant($$"""sessionStorage.setItem('broadcast.token', '{{token}}');""");
        foreach (var (who, script, seen) in new[] { ("login", (string?)null, "input[type=password]"),
            ("overview with a channel", storage, "h2") })
        {
            foreach (var line in Lines)
            {
                List<(double Requests, double Kilobytes, double Milliseconds)> rounds = [];
                for (var round = 0; round < plan.Rounds; round++)
                {
                    await using var page = await ColdPage.OpenAsync(browser, line, script);
                    await page.Page.GotoAsync(dashboard, new PageGotoOptions { WaitUntil = WaitUntilState.Commit });
                    await page.Page.Locator(seen).First.WaitForAsync();
                    var usable = await page.Page.EvaluateAsync<double>("() => performance.now()");

                    // Later automatic requests, for images and first playlists, count as part of the first load.
                    await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
                    rounds.Add((page.Requests, page.Bytes / 1000, usable));
                }

                var (requests, kilobytes, milliseconds) = (Sample.Median(rounds.Select(r => r.Requests)),
                    Sample.Median(rounds.Select(r => r.Kilobytes)), Sample.Median(rounds.Select(r => r.Milliseconds)));
                progress(string.Create(CultureInfo.InvariantCulture,
                    $"dashboard, {who}, {line.Name}: {requests:0} requests, {kilobytes:0} KB, {milliseconds:0} ms"));
                report.Add($"{who}; {line.Name}", requests, kilobytes, milliseconds);
            }
        }
    }

    private static async Task WatchAsync(PagesPlan plan, IBrowser browser, string shared, List<Report> reports, Action<string> progress)
    {
        var report = new Report("From opening a page to its first frame, empty cache", "milliseconds",
            ["p50", "p95", "maximum", "KB until then, p50"]);
        reports.Add(report);
        var source = await SourceFile.MakeAsync(shared, 1.5, progress);
        await using var server = await BroadcastServer.StartAsync();
        var channel = await server.CreateChannelAsync("show", "--ladder", "passthrough", "--record", "off");
        await using var publisher = await PacedPublisher.StartAsync(LatencyBenchmark.TargetOf(server, channel), source.Media);
        await using var bare = await BarePage.StartAsync();
        await Poll.UntilAsync(async () => (await server.Client.GetAsync(server.Hls(channel.Name))).IsSuccessStatusCode, Timeout,
            "the channel is live");

        // The time until a broadcast has three segments.
        await Task.Delay(TimeSpan.FromSeconds(15), TimeProvider.System);
        foreach (var line in Lines)
        {
            var pages = new (string Name, Uri Address, List<(double First, double Kilobytes)> Seen)[]
            {
                ("watch page", new Uri(server.Http, $"/watch/{channel.Name}"), []),
                ("bare hls.js", bare.For(server.Hls(channel.Name)), []),
            };
            for (var round = 0; round < plan.Rounds; round++)
            {
                // Alternates, so that interference affects both.
                foreach (var (_, address, seen) in pages)
                {
                    await using var page = await ColdPage.OpenAsync(browser, line, FirstFrame);
                    await page.Page.GotoAsync(address.ToString(), new PageGotoOptions { WaitUntil = WaitUntilState.Commit });
                    await Poll.UntilAsync(async () => await page.Page.EvaluateAsync<bool>("() => window.benchFirst !== undefined"), Timeout,
                        $"{address.AbsolutePath} shows a frame");
                    seen.Add((await page.Page.EvaluateAsync<double>("() => window.benchFirst"), page.Bytes / 1000));
                }
            }

            var limit = Sample.Median(pages[1].Seen.Select(s => s.First));
            foreach (var (name, _, seen) in pages)
            {
                var times = seen.ConvertAll(s => s.First);
                progress(string.Create(CultureInfo.InvariantCulture,
                    $"{name}, {line.Name}: p50 {Sample.Median(times):0} ms ({Sample.Median(times) / limit:0.00} of bare hls.js)"));
                report.Add($"{name}; {line.Name}", Sample.Median(times), Sample.Percentile(times, 0.95), times.Max(),
                    Sample.Median(seen.Select(s => s.Kilobytes)));
            }
        }
    }
}
