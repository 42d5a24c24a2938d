using System.Diagnostics;
using System.Text.Json;
using Microsoft.Playwright;

namespace Broadcast.Benchmarks;

/// <summary>State of a player page.</summary>
/// <param name="Time">Playback position in seconds of the presentation.</param>
/// <param name="Stalls">Stalls since the start of playback, without those of seeks.</param>
/// <param name="Frames">Shown frames.</param>
/// <param name="Dropped">Frames decoded too late to be shown.</param>
/// <param name="Rate">Playback rate.</param>
/// <param name="Said">The player's own latency in seconds; 0 if it does not report one.</param>
/// <param name="Errors">Fatal errors of the player.</param>
internal sealed record GlassReport(double Time, int Stalls, int Frames, int Dropped, double Rate, double Said, string[] Errors);

/// <summary>A player in Chromium that reads the numbers of the shown frames; see <see cref="NumberedFrame"/>.</summary>
internal sealed class GlassPage
{
    private const string Look =
        "() => JSON.stringify({ ...window.report(), rate: document.querySelector('video').playbackRate, said: (window.player?.latency ?? "
        + "window.player?.getCurrentLiveLatency?.()) || 0 })";

    private readonly IPage _page;

    private GlassPage(string name, IPage page) => (Name, _page) = (name, page);

    /// <summary>The player's name.</summary>
    public string Name { get; }

    /// <summary>
    /// Opens a page that plays an address. hls.js catches up at the playback rate of the watch page, the others at those of the MPD.
    /// </summary>
    /// <param name="browser">The browser.</param>
    /// <param name="pages">Server of the page.</param>
    /// <param name="name">The player's name.</param>
    /// <param name="kind">Player in the page's query: <c>hls</c>, <c>dash</c>, <c>shaka</c>.</param>
    /// <param name="media">Address of the manifest.</param>
    public static async Task<GlassPage> OpenAsync(IBrowser browser, PlayerFiles pages, string name, string kind, Uri media)
    {
        var context =
            await browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 640, Height = 480 } });
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(pages.Address,
            $"/player.html?kind={kind}&bits={NumberedFrame.Bits}&rate=1.05&url={Uri.EscapeDataString(media.ToString())}").ToString());
        return new GlassPage(name, page);
    }

    /// <summary>Reads the current state.</summary>
    public async Task<GlassReport> ReportAsync() =>
        JsonSerializer.Deserialize<GlassReport>(await _page.EvaluateAsync<string>(Look), JsonSerializerOptions.Web)!;

    /// <summary>Latest events of the page, for diagnosis.</summary>
    public Task<string> JournalAsync() => _page.EvaluateAsync<string>("() => window.journal()");

    /// <summary>Returns seconds from sending to showing for each frame sampled since the last call.</summary>
    public async Task<IReadOnlyList<double>> TakeLatenciesAsync(PacedPublisher publisher)
    {
        // Reads both clocks together: the page reports the system time, the publisher the stopwatch.
        var shown = JsonSerializer.Deserialize<Shown[]>(await _page.EvaluateAsync<string>("() => JSON.stringify(window.takeShown())"),
            JsonSerializerOptions.Web)!;
        var (now, ticks) = (TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), Stopwatch.GetTimestamp());
        var latencies = new List<double>();
        foreach (var frame in shown)
        {
            var at = ticks - (long)((now - frame.At) / 1000 * Stopwatch.Frequency);
            if (publisher.SentLast(frame.Code, at) is { } sent)
            {
                latencies.Add(Stopwatch.GetElapsedTime(sent, at).TotalSeconds);
            }
        }

        return latencies;
    }

    /// <summary>Closes the page.</summary>
    public Task CloseAsync() => _page.Context.CloseAsync();

    /// <summary>A frame on the screen.</summary>
    /// <param name="Code">Number of the frame in the file.</param>
    /// <param name="At">Milliseconds since 1970.</param>
    private sealed record Shown(int Code, double At);
}
