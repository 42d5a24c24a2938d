using System.Globalization;
using System.Text;
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
    private readonly Action<string> _say;
    private readonly List<(string Cause, string Player, double Seconds)> _interruptions = [];
    private long _start;
    private TimeSpan _length;
    private Task _watching = Task.CompletedTask;

    private ClusterViewers(PlayerFiles files, IPlaywright playwright, IBrowser browser, Action<string> say) =>
        (_files, _playwright, _browser, _say) = (files, playwright, browser, say);

    /// <summary>Starts the players and waits until all play.</summary>
    /// <param name="edge">Address of the edge.</param>
    /// <param name="channel">Name of the channel.</param>
    /// <param name="findings">Receives players that do not play on.</param>
    /// <param name="say">Receives progress messages.</param>
    public static async Task<ClusterViewers> StartAsync(Uri edge, string channel, Findings findings, Action<string> say)
    {
        var playwright = await Playwright.CreateAsync();
        var viewers = new ClusterViewers(await PlayerFiles.StartAsync(), playwright, await Browsers.LaunchAsync(playwright), say);
        var (hls, dash) = (new Uri(edge, $"/live/{channel}/index.m3u8"), new Uri(edge, $"/live/{channel}/manifest.mpd"));
        using (var http = new HttpClient())
        {
            // hls.js does not repeat a first request that is answered with 404.
            foreach (var manifest in new[] { hls, dash })
            {
                await Poll.UntilAsync(async () =>
                {
                    using var response = await http.GetAsync(manifest);
                    return response.IsSuccessStatusCode;
                }, StartTimeout, $"{manifest} is served");
            }
        }

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

        for (var i = 0; i < viewers._players.Count; i++)
        {
            var (name, page, watch) = viewers._players[i];
            await Poll.UntilAsync(async () => await watch.TimeAsync() > 1, StartTimeout, $"{name} plays");
            say($"{name} plays");
            viewers._players[i] = (name, page, new StandingWatch(page));
        }

        viewers._start = TimeProvider.System.GetTimestamp();
        viewers._watching = Task.WhenAll(viewers._players.Select(player => viewers.WatchAsync(player, findings)));
        return viewers;
    }

    /// <summary>Records the longest interruption of each player since the last call.</summary>
    /// <param name="cause">Cause of the interruption; <see langword="null"/> for a time without a known one.</param>
    public void TakeLongest(string? cause)
    {
        var longest = _players.ConvertAll(player => (Cause: cause ?? "nothing", player.Name, player.Watch.TakeLongest().TotalSeconds));
        _interruptions.AddRange(longest);
        _say($"Chromium, {longest[0].Cause}: " + string.Join(", ", longest.Select(player =>
            string.Create(CultureInfo.InvariantCulture, $"{player.Name} {player.TotalSeconds:0.0} s"))));
    }

    /// <summary>Adds the figures as a table: the longest interruption of each player by cause, and the seconds played.</summary>
    public void AppendTo(StringBuilder text)
    {
        var names = _players.Select(player => player.Name).ToList();
        text.Append("\n| Longest interruption in Chromium, median (longest), s | ").AppendJoin(" | ", names);
        text.Append(" |\n|---|").Append(string.Concat(names.Select(_ => "---:|")));
        foreach (var cause in _interruptions.GroupBy(interruption => interruption.Cause).OrderBy(group => group.Key))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n| {cause.Key} |");
            foreach (var name in names)
            {
                var seconds = cause.Where(interruption => interruption.Player == name).Select(interruption => interruption.Seconds)
                    .ToList();
                text.Append(CultureInfo.InvariantCulture, $" {Sample.Median(seconds):0.0} ({seconds.Max():0.0}) |");
            }
        }

        text.Append(CultureInfo.InvariantCulture, $"\n| seconds played, of {_length.TotalSeconds:0} |");
        foreach (var (_, _, watch) in _players)
        {
            text.Append(CultureInfo.InvariantCulture, $" {watch.Played:0} |");
        }

        text.Append('\n');
    }

    /// <summary>Stops watching; the figures remain.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        _length = TimeProvider.System.GetElapsedTime(_start);
    }

    /// <summary>Closes the players.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _browser.DisposeAsync();
        _playwright.Dispose();
        await _files.DisposeAsync();
        _stop.Dispose();
    }

    private Uri PageOf(string kind, Uri media) =>
        new(_files.Address, $"/player.html?kind={kind}&url={Uri.EscapeDataString(media.ToString())}");

    private async Task WatchAsync((string Name, IPage Page, StandingWatch Watch) player, Findings findings)
    {
        var (name, page, watch) = player;
        var isReported = false;
        while (!_stop.IsCancellationRequested)
        {
            await watch.LookAsync();
            if (watch.Standing > MaxStanding && !isReported)
            {
                isReported = true;
                findings.AddWrong(string.Create(CultureInfo.InvariantCulture,
                    $"{name} in Chromium has not played on for {MaxStanding.TotalSeconds:0} s"));
                _say(await page.EvaluateAsync<string>("() => window.journal ? window.journal() : document.body.innerText"));
            }

            isReported &= watch.Standing > TimeSpan.Zero;
            await Task.Delay(Interval, CancellationToken.None);
        }
    }
}
