using System.Globalization;
using Broadcast.Testing;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>Players in a browser across a time without media, as after the loss of a server.</summary>
public sealed class GapPlaybackTests(Chromium chromium, PlayerPages pages, ITestOutputHelper output)
{
    /// <summary>
    /// Players have requested segments for the earlier period when the encoder returns with another size. It may return to the earlier size
    /// after less than a segment, as after the slate of a server that has taken the session over.
    /// </summary>
    [Theory]
    [InlineData(9, false)]
    [InlineData(7, true)]
    public async Task Players_at_the_live_edge_continue_after_seconds_without_media(double gap, bool isBrief)
    {
        // BROADCAST_TEST_GAP_SECONDS sets another time without an encoder.
        gap = double.TryParse(Environment.GetEnvironmentVariable("BROADCAST_TEST_GAP_SECONDS"), CultureInfo.InvariantCulture,
            out var seconds) ? seconds : gap;
        await using var server = await BroadcastServer.StartAsync(
            environment: new Dictionary<string, string?> { ["BROADCAST__Slate__Enabled"] = "false" });
        var channel = await server.AddChannelAsync("show", new { latency = "low" });
        var source = new TestSource { Frame = CountingFrame.Filter };
        await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel), source);
        await Poll.UntilAsync(async () => (await server.Client.GetAsync("/live/show/index.m3u8")).IsSuccessStatusCode,
            TimeSpan.FromSeconds(30), "the channel is live");
        var players = new List<(string Kind, IPage Page)>();
        foreach (var kind in new[] { "hls", "dash", "dash", "shaka" })
        {
            players.Add((kind, await chromium.OpenPlayerAsync(pages.Page(kind,
                new Uri(server.Http, $"/live/show/{(kind == "hls" ? "index.m3u8" : "manifest.mpd")}")))));
        }

        await AllAsync(players, "plays", (report, _) => report is { Time: > 0, Frames: > 60 });
        encoder.Kill();
        await Task.Delay(TimeSpan.FromSeconds(gap));

        await using var other = FfmpegTool.Publish(server.PublishUrl(channel), source with { Frame = source.Frame + ",scale=480:270" });
        await using var again = isBrief ? await ReplaceAsync() : null;

        // Beyond the time without media, and on.
        await AllAsync(players, "continues", (report, before) => report.Time > before.Time + gap + 4 && report.Frames > before.Frames + 60);
        foreach (var (_, page) in players)
        {
            await page.Context.CloseAsync();
        }

        async Task<ChildProcess> ReplaceAsync()
        {
            await Task.Delay(TimeSpan.FromSeconds(2));
            other.Kill();
            return FfmpegTool.Publish(server.PublishUrl(channel), source);
        }
    }

    private async Task AllAsync(List<(string Kind, IPage Page)> players, string what, Func<PlayerReport, PlayerReport, bool> fits) =>
        await Task.WhenAll(players.Select(async player =>
        {
            var (kind, page) = player;
            var before = await PlayerReport.OfAsync(page);
            var began = TimeProvider.System.GetTimestamp();
            try
            {
                await Poll.UntilAsync(async () => fits(await PlayerReport.OfAsync(page), before), TimeSpan.FromSeconds(60),
                    $"{kind} {what}");
                output.WriteLine(FormattableString.Invariant(
                    $"{kind} {what} after {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0.0} s"));
            }
            catch (TimeoutException e)
            {
                throw new TimeoutException(
                    $"{e.Message}\n{await PlayerReport.OfAsync(page)}\n{await page.EvaluateAsync<string>("() => window.journal()")}", e);
            }
        }));
}
