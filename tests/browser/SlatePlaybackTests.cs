using Broadcast.Testing;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>Players in a browser through the slate and back: video and parameter sets change twice, playback does not stop.</summary>
public sealed class SlatePlaybackTests(Chromium chromium, PlayerPages pages)
{
    [Fact]
    public async Task Players_show_the_slate_while_the_encoder_is_gone_and_its_video_after_reconnecting()
    {
        await using var server = await BroadcastServer.StartAsync();
        var channel = await server.AddChannelAsync("show");
        var source = new TestSource { Frame = CountingFrame.Filter };
        await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel), source);
        await Poll.UntilAsync(async () => (await server.Client.GetAsync("/live/show/index.m3u8")).IsSuccessStatusCode,
            TimeSpan.FromSeconds(30), "the channel is live");
        var players = new List<(string Kind, IPage Page)>();
        foreach (var (kind, manifest) in new[] { ("hls", "index.m3u8"), ("dash", "manifest.mpd"), ("shaka", "manifest.mpd") })
        {
            players.Add((kind, await chromium.OpenPlayerAsync(pages.Page(kind, new Uri(server.Http, $"/live/show/{manifest}")))));
        }

        await AllAsync(server, players, "plays", report => report is { Time: > 0, Frames: > 30 } && IsBlue(report));
        encoder.Kill();
        await AllAsync(server, players, "shows the slate", IsDark);
        await AllAsync(server, players, "goes on with it", IsDark, seconds: 4);
        await using var again = FfmpegTool.Publish(server.PublishUrl(channel), source);
        await AllAsync(server, players, "shows the encoder's video again", IsBlue);
        await AllAsync(server, players, "goes on with them", IsBlue, seconds: 4);
        foreach (var (kind, page) in players)
        {
            var report = await PlayerReport.OfAsync(page);
            report.Errors.ShouldBeEmpty(kind);
            (report.Width, report.Height).ShouldBe((640, 360), kind);
            await page.Context.CloseAsync();
        }
    }

    private static async Task AllAsync(BroadcastServer server, List<(string Kind, IPage Page)> players, string what,
        Func<PlayerReport, bool> fits, double seconds = 0)
    {
        await Task.WhenAll(players.Select(async player =>
        {
            var (kind, page) = player;
            var from = (await PlayerReport.OfAsync(page)).Time;
            try
            {
                await Poll.UntilAsync(
                    async () => await PlayerReport.OfAsync(page) is var report && report.Time >= from + seconds && fits(report),
                    TimeSpan.FromSeconds(60), $"{kind} {what}");
            }
            catch (TimeoutException e)
            {
                throw new TimeoutException(
                    $"{e.Message}\n{await PlayerReport.OfAsync(page)}\n{await page.EvaluateAsync<string>("() => window.journal()")}\n{await MediaPlaylistAsync(server)}", e);
            }
        }));
    }

    /// <summary>Current end of the first rendition's media playlist.</summary>
    private static async Task<string> MediaPlaylistAsync(BroadcastServer server)
    {
        var master = await server.Client.GetStringAsync("/live/show/index.m3u8");
        var media = new Uri(server.Hls("show"), master.Split('\n').First(line => line.Length > 0 && line[0] != '#'));
        return string.Join('\n', (await server.Client.GetStringAsync(media)).Split('\n')
            .Where(line => !line.StartsWith("#EXT-X-PART", StringComparison.Ordinal)).TakeLast(60));
    }

    private static bool IsBlue(PlayerReport report) => report.Background is [_, _, > 120];

    private static bool IsDark(PlayerReport report) => report.Background is [< 60, < 60, < 60];
}
