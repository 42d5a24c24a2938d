using System.Diagnostics;
using System.Text.Json;
using Microsoft.Playwright;

namespace Broadcast.Benchmarks;

/// <summary>How a player page does.</summary>
/// <param name="Time">Where it plays, in seconds of the presentation.</param>
/// <param name="Stalls">Waits since it began to play, those of seeking aside.</param>
/// <param name="Frames">Pictures shown.</param>
/// <param name="Dropped">Pictures that were decoded too late to be shown.</param>
/// <param name="Rate">How fast it plays.</param>
/// <param name="Said">How far behind live it takes itself to be, in seconds; 0 when it does not say.</param>
/// <param name="Errors">What it could not get over.</param>
internal sealed record GlassReport(double Time, int Stalls, int Frames, int Dropped, double Rate, double Said, string[] Errors);

/// <summary>A player in Chromium that reads from the pictures it shows which ones they are; see <see cref="NumberedPicture"/>.</summary>
internal sealed class GlassPage
{
    private const string Look = "() => JSON.stringify({ ...window.report(), rate: document.querySelector('video').playbackRate, said: (window.player?.latency ?? window.player?.getCurrentLiveLatency?.()) || 0 })";

    private readonly IPage _page;

    private GlassPage(string name, IPage page) => (Name, _page) = (name, page);

    /// <summary>The player's name.</summary>
    public string Name { get; }

    /// <summary>Opens a page that plays an address; hls.js catches up at the rate that the watch page gives it, the others at those of the MPD.</summary>
    /// <param name="browser">In which.</param>
    /// <param name="pages">Serves the page.</param>
    /// <param name="name">The player's name.</param>
    /// <param name="kind">As the page takes it: <c>hls</c>, <c>dash</c>, <c>shaka</c>.</param>
    /// <param name="media">The address.</param>
    public static async Task<GlassPage> OpenAsync(IBrowser browser, PlayerFiles pages, string name, string kind, Uri media)
    {
        var context = await browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 640, Height = 480 } });
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(pages.Address, $"/player.html?kind={kind}&bits={NumberedPicture.Bits}&rate=1.05&url={Uri.EscapeDataString(media.ToString())}").ToString());
        return new GlassPage(name, page);
    }

    /// <summary>How it does now.</summary>
    public async Task<GlassReport> ReportAsync() => JsonSerializer.Deserialize<GlassReport>(await _page.EvaluateAsync<string>(Look), JsonSerializerOptions.Web)!;

    /// <summary>What happened last, for who looks for a fault.</summary>
    public Task<string> JournalAsync() => _page.EvaluateAsync<string>("() => window.journal()");

    /// <summary>Seconds from the sending of pictures to their being shown, of those that were looked at since the last call.</summary>
    public async Task<IReadOnlyList<double>> TakeLatenciesAsync(PacedPublisher publisher)
    {
        // Both clocks in one breath: the page's pictures are told by the machine's time of day, what was sent by the stopwatch.
        var shown = JsonSerializer.Deserialize<Shown[]>(await _page.EvaluateAsync<string>("() => JSON.stringify(window.takeShown())"), JsonSerializerOptions.Web)!;
        var (now, ticks) = (TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), Stopwatch.GetTimestamp());
        var latencies = new List<double>();
        foreach (var picture in shown)
        {
            var at = ticks - (long)((now - picture.At) / 1000 * Stopwatch.Frequency);
            if (publisher.SentLast(picture.Code, at) is { } sent)
            {
                latencies.Add(Stopwatch.GetElapsedTime(sent, at).TotalSeconds);
            }
        }

        return latencies;
    }

    /// <summary>Closes the page.</summary>
    public Task CloseAsync() => _page.Context.CloseAsync();

    /// <summary>A picture on the screen.</summary>
    /// <param name="Code">Its number in the file.</param>
    /// <param name="At">Milliseconds since 1970.</param>
    private sealed record Shown(int Code, double At);
}
