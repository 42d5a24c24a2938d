using System.Globalization;
using Broadcast.Testing;
using Microsoft.Playwright;

namespace Broadcast.Benchmarks;

/// <summary>
/// Players in Chromium that watch a channel of a cluster through its edge: the watch page, hls.js, dash.js and Shaka. A viewer may wait
/// while a server fails, but plays on without touching anything.
/// </summary>
internal sealed class ClusterViewers : IAsyncDisposable
{
    /// <summary>Time in which a player has to play again.</summary>
    private static readonly TimeSpan MaxStanding = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<(string Name, IPage Page, StandingWatch Watch)> _players = [];
    private readonly PlayerFiles _files;
    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;
    private Task _watching = Task.CompletedTask;

    private ClusterViewers(PlayerFiles files, IPlaywright playwright, IBrowser browser) =>
        (_files, _playwright, _browser) = (files, playwright, browser);

    /// <summary>Seconds that each player has played.</summary>
    public IEnumerable<(string Name, double Seconds)> Played => _players.Select(player => (player.Name, player.Watch.Played));

    /// <summary>Starts the players and waits until all play.</summary>
    /// <param name="edge">Address of the edge.</param>
    /// <param name="channel">Name of the channel.</param>
    /// <param name="findings">Receives players that do not play on.</param>
    public static async Task<ClusterViewers> StartAsync(Uri edge, string channel, Findings findings)
    {
        var playwright = await Playwright.CreateAsync();
        var viewers = new ClusterViewers(await PlayerFiles.StartAsync(), playwright, await Browsers.LaunchAsync(playwright));
        var (hls, dash) = (new Uri(edge, $"/live/{channel}/index.m3u8"), new Uri(edge, $"/live/{channel}/manifest.mpd"));
        foreach (var (name, address) in new[]
        {
            ("watch page", new Uri(edge, $"/watch/{channel}")),
            ("hls.js", viewers.PageOf("hls", hls)),
            ("dash.js", viewers.PageOf("dash", dash)),
            ("Shaka, DASH", viewers.PageOf("shaka", dash)),
        })
        {
            var context = await viewers._browser.NewContextAsync(
                new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 640, Height = 360 } });
            var page = await context.NewPageAsync();
            await page.GotoAsync(address.ToString());
            viewers._players.Add((name, page, new StandingWatch(page)));
        }

        foreach (var (name, _, watch) in viewers._players)
        {
            await Poll.UntilAsync(async () => await watch.TimeAsync() > 1, StartTimeout, $"{name} plays");
        }

        viewers._watching = Task.WhenAll(viewers._players.Select(player => viewers.WatchAsync(player.Name, player.Watch, findings)));
        return viewers;
    }

    /// <summary>Returns the longest interruption of each player since the last call.</summary>
    public IReadOnlyList<(string Name, TimeSpan Longest)> TakeLongest() =>
        [.. _players.Select(player => (player.Name, player.Watch.TakeLongest()))];

    /// <summary>Stops the players.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        await _browser.DisposeAsync();
        _playwright.Dispose();
        await _files.DisposeAsync();
        _stop.Dispose();
    }

    private Uri PageOf(string kind, Uri media) =>
        new(_files.Address, $"/player.html?kind={kind}&url={Uri.EscapeDataString(media.ToString())}");

    private async Task WatchAsync(string name, StandingWatch watch, Findings findings)
    {
        var isReported = false;
        while (!_stop.IsCancellationRequested)
        {
            await watch.LookAsync();
            if (watch.Standing > MaxStanding && !isReported)
            {
                isReported = true;
                findings.AddWrong(string.Create(CultureInfo.InvariantCulture,
                    $"{name} in Chromium has not played on for {MaxStanding.TotalSeconds:0} s"));
            }

            isReported &= watch.Standing > TimeSpan.Zero;
            await Task.Delay(Interval, CancellationToken.None);
        }
    }
}
