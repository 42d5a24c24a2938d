using System.Globalization;
using Broadcast.Testing;
using Microsoft.Playwright;

namespace Broadcast.Benchmarks;

/// <summary>
/// Plays a channel of profile <c>low</c> in Chromium with hls.js, dash.js and Shaka at the same time, and measures latency from the shown
/// frames. No player may stall, and the latency must not drift.
/// </summary>
internal static class LowLatencySoak
{
    /// <summary>
    /// Maximum difference between the median latencies of the last and the first tenth, in seconds: the range around its target in which
    /// Shaka does not adjust the playback rate.
    /// </summary>
    private const double MaxDrift = 0.5;

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    /// <summary>After a slow start, a player needs a minute to catch up at the rates that the MPD allows.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Step = TimeSpan.FromSeconds(30);

    /// <summary>Runs the players.</summary>
    /// <param name="length">Duration.</param>
    /// <param name="hold">
    /// Duration of a network interruption of the encoder in each half minute; zero for none. Players may stall then, but must recover.
    /// Their latency afterwards is not checked: half a minute is too short to catch up with 5 s, and after an interruption long enough for
    /// the slate the encoder sends old media.
    /// </param>
    /// <param name="say">Receives progress messages.</param>
    /// <returns>0 without unexpected stalls, drift or errors; else 1.</returns>
    public static async Task<int> RunAsync(TimeSpan length, TimeSpan hold, Action<string> say)
    {
        await using var folder = TempFolder.Create();
        var media = await NumberedFrame.MakeAsync(folder.Path, say);
        await using var server = await BroadcastServer.StartAsync();
        var channel = await server.CreateChannelAsync("soak", "--latency", "low", "--record", "off");
        await using var publisher = await PacedPublisher.StartAsync(LatencyBenchmark.TargetOf(server, channel), media);
        await Poll.UntilAsync(async () => (await server.Client.GetAsync(server.Dash(channel.Name))).IsSuccessStatusCode, StartTimeout,
            "the channel is live");
        await using var files = await PlayerFiles.StartAsync();
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await Browsers.LaunchAsync(playwright);
        var pages = new[]
        {
            await GlassPage.OpenAsync(browser, files, "hls.js", "hls", server.Hls(channel.Name)),
            await GlassPage.OpenAsync(browser, files, "dash.js", "dash", server.Dash(channel.Name)),
            await GlassPage.OpenAsync(browser, files, "Shaka, DASH", "shaka", server.Dash(channel.Name)),
        };
        foreach (var page in pages)
        {
            await Poll.UntilAsync(async () => await page.ReportAsync() is { Time: > 0, Frames: > 30 }, StartTimeout, $"{page.Name} plays");
        }

        await Task.Delay(Settling < length ? Settling : length, TimeProvider.System);
        var begin = await Task.WhenAll(pages.Select(p => p.ReportAsync()));
        await Task.WhenAll(pages.Select(p => p.TakeLatenciesAsync(publisher)));
        say($"all play; {length.TotalMinutes:0.#} min");
        var latencies = pages.Select(_ => new List<double>()).ToArray();
        var stalls = begin.Select(b => b.Stalls).ToArray();
        var clock = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(clock) < length && !publisher.Completion.IsCompleted)
        {
            publisher.Hold(hold);
            await Task.Delay(Step < length ? Step : length, TimeProvider.System);
            for (var i = 0; i < pages.Length; i++)
            {
                var (now, fresh) = (await pages[i].ReportAsync(), await pages[i].TakeLatenciesAsync(publisher));
                latencies[i].AddRange(fresh);
                say(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{pages[i].Name}: at {now.Time:0} s, {(fresh.Count > 0 ? Sample.Median(fresh) : double.NaN):0.00} s latency ({now.Said:0.00} reported), rate {now.Rate:0.00}, {now.Stalls - begin[i].Stalls} stalls, {now.Dropped} of {now.Frames} frames dropped"));
                if (now.Stalls > stalls[i] || fresh.Count == 0)
                {
                    stalls[i] = now.Stalls;
                    say(await pages[i].JournalAsync());
                }
            }
        }

        var end = await Task.WhenAll(pages.Select(p => p.ReportAsync()));
        var seconds = TimeProvider.System.GetElapsedTime(clock).TotalSeconds;
        Console.WriteLine(Render(length, seconds, pages, begin, end, latencies));
        var isClean = !publisher.Completion.IsCompleted;
        for (var i = 0; i < pages.Length; i++)
        {
            isClean &= (end[i].Stalls == begin[i].Stalls || hold > TimeSpan.Zero) && end[i].Errors.Length == 0
                && (hold > TimeSpan.Zero || Math.Abs(Late(latencies[i]) - Early(latencies[i])) <= MaxDrift)
                && end[i].Time - begin[i].Time > seconds - 5 - hold.TotalSeconds;
        }

        return isClean ? 0 : 1;
    }

    private static double Early(List<double> latencies) => Median(latencies.Take(Math.Max(latencies.Count / 10, 1)));

    private static double Late(List<double> latencies) => Median(latencies.TakeLast(Math.Max(latencies.Count / 10, 1)));

    /// <summary>A player that showed nothing has no latency and has failed.</summary>
    private static double Median(IEnumerable<double> latencies) => Sample.Median(latencies.DefaultIfEmpty(double.NaN));

    private static string Render(TimeSpan length, double seconds, GlassPage[] pages, GlassReport[] begin, GlassReport[] end,
        List<double>[] latencies)
    {
        var rows = new (string Name, Func<int, string> Figure)[]
        {
            ($"seconds played in {seconds.ToString("0", CultureInfo.InvariantCulture)} s", i => Text(end[i].Time - begin[i].Time)),
            ("stalls", i => Text(end[i].Stalls - begin[i].Stalls)),
            ("frames shown", i => Text(end[i].Frames - begin[i].Frames)),
            ("frames dropped", i => Text(end[i].Dropped - begin[i].Dropped)),
            ("seconds from sending to screen, p50", i => Fine(Median(latencies[i]))),
            ("the same, p95", i => Fine(Sample.Percentile(latencies[i].DefaultIfEmpty(double.NaN), 0.95))),
            ("the same, maximum", i => Fine(latencies[i].DefaultIfEmpty(double.NaN).Max())),
            ("p50 of the first tenth", i => Fine(Early(latencies[i]))),
            ("p50 of the last tenth", i => Fine(Late(latencies[i]))),
        };
        var table = rows.Select(r => $"| {r.Name} | {string.Join(" | ", Enumerable.Range(0, pages.Length).Select(r.Figure))} |");
        return $"### {Text(length.TotalMinutes)} minutes of low latency in Chromium\n\n| "
            + $"| {string.Join(" | ", pages.Select(p => p.Name))} "
                + $"|\n|---|{string.Concat(pages.Select(_ => "---:|"))}\n{string.Join('\n', table)}\n";
    }

    private static string Text(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

    private static string Fine(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
}
