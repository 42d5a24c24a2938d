using System.Globalization;
using System.Text.Json;
using Broadcast.Testing;
using Microsoft.Playwright;

namespace Broadcast.Benchmarks;

/// <summary>
/// Plays the watch page (HLS) and a dash.js page (DASH) in Chromium at the same time; counts stalls, dropped frames and latency.
/// </summary>
internal static class BrowserSoak
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Counts all waits after the first frame, with any player library.</summary>
    private const string Counter = """
        document.addEventListener('waiting', e => { if (window.soakStarted && !e.target.seeking) window.soakStalls.push(Math.round(performance.now())); }, true);
        document.addEventListener('playing', () => { window.soakStarted = true; }, true);
        window.soakStalls = [];
        """;

    private const string Look = """
        () => {
          const video = document.querySelector('video');
          const quality = video ? video.getVideoPlaybackQuality() : { totalVideoFrames: 0, droppedVideoFrames: 0 };
          let latency = document.documentElement.dataset.latency ?? '';
          if (window.player && window.player.getCurrentLiveLatency) latency = String(window.player.getCurrentLiveLatency());
          return JSON.stringify({ time: video ? video.currentTime : 0, frames: quality.totalVideoFrames, dropped: quality.droppedVideoFrames, stalls: window.soakStalls.length, latency });
        }
        """;

    public static async Task<int> RunAsync(BroadcastServer server, string channel, TimeSpan length, CancellationTokenSource stop,
        Task encoder, Action<string> say)
    {
        await Poll.UntilAsync(async () => (await server.Client.GetAsync(server.Hls(channel))).IsSuccessStatusCode, StartTimeout,
            "the channel is live");
        await using var pages = await PlayerFiles.StartAsync();
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await Browsers.LaunchAsync(playwright);
        var players = new (string Name, IPage Page)[]
        {
            ("HLS, watch page", await OpenAsync(browser, new Uri(server.Http, $"/watch/{channel}"))),
            ("DASH, dash.js", await OpenAsync(browser,
                new Uri(pages.Address, $"/player.html?kind=dash&url={Uri.EscapeDataString(server.Dash(channel).ToString())}"))),
        };
        foreach (var (name, page) in players)
        {
            await Poll.UntilAsync(async () => (await ReadAsync(page)).Time > 0, StartTimeout, $"{name} plays");
        }

        // The first seconds are startup: buffers fill and clocks synchronize.
        await Task.Delay(TimeSpan.FromSeconds(10));
        var begin = await Task.WhenAll(players.Select(p => ReadAsync(p.Page)));
        say($"both play; {length.TotalMinutes:0.#} min");
        var clock = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(clock) < length)
        {
            await Task.Delay(TimeSpan.FromSeconds(30) < length ? TimeSpan.FromSeconds(30) : length);
            var now = await Task.WhenAll(players.Select(p => ReadAsync(p.Page)));
            say(string.Join("; ", players.Zip(now, (p, n) => $"{p.Name}: {n}")));
        }

        var end = await Task.WhenAll(players.Select(p => ReadAsync(p.Page)));
        var seconds = TimeProvider.System.GetElapsedTime(clock).TotalSeconds;
        await stop.CancelAsync();
        await encoder;
        Console.WriteLine(Render(length, seconds, [.. players.Select(p => p.Name)], begin, end));
        return begin.Zip(end).All(p => p.First.Stalls == p.Second.Stalls && p.Second.Time - p.First.Time > seconds - 5) ? 0 : 1;
    }

    private static async Task<IPage> OpenAsync(IBrowser browser, Uri address)
    {
        var context =
            await browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 640, Height = 480 } });
        await context.AddInitScriptAsync(Counter);
        var page = await context.NewPageAsync();
        await page.GotoAsync(address.ToString());
        return page;
    }

    private static async Task<Played> ReadAsync(IPage page) =>
        JsonSerializer.Deserialize<Played>(await page.EvaluateAsync<string>(Look), JsonSerializerOptions.Web)!;

    private static string Render(TimeSpan length, double seconds, string[] names, Played[] begin, Played[] end)
    {
        var rows = new (string Name, Func<Played, Played, string> Figure)[]
        {
            ($"seconds played in {seconds.ToString("0", CultureInfo.InvariantCulture)} s", (a, b) => Text(b.Time - a.Time)),
            ("stalls", (a, b) => Text(b.Stalls - a.Stalls)),
            ("frames shown", (a, b) => Text(b.Frames - a.Frames)),
            ("frames dropped", (a, b) => Text(b.Dropped - a.Dropped)),
            ("latency at the start, s", (a, _) => a.Latency),
            ("latency at the end, s", (_, b) => b.Latency),
        };
        var table = rows.Select(r => $"| {r.Name} | {string.Join(" | ", begin.Zip(end, r.Figure))} |");
        return $"### {Text(length.TotalMinutes)} minutes in Chromium\n\n| | {string.Join(" | ", names)} "
            + $"|\n|---|{string.Concat(names.Select(_ => "---:|"))}\n{string.Join('\n', table)}\n";
    }

    private static string Text(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

    internal sealed record Played(double Time, int Frames, int Dropped, int Stalls, string Latency)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"at {Time:0} s, {Stalls} stalls, {Dropped} of {Frames} frames dropped, latency {Latency}");
    }
}
