using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>A recording of a session with a short input loss, in real players, across origins.</summary>
public sealed class RecordingPlaybackTests(Chromium chromium, PlayerPages pages)
{
    [Fact]
    public async Task Recording_plays_from_start_to_end_with_all_its_frames()
    {
        await using var server = await BroadcastServer.StartAsync(
            environment: new Dictionary<string, string?> { ["BROADCAST__Slate__Enabled"] = "false" });
        var channel = await server.AddChannelAsync("show", new { ladder = "passthrough", reconnectWindowSeconds = 4, record = true });
        foreach (var seconds in new[] { 4, 3 })
        {
            await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel),
                new TestSource { Frame = CountingFrame.Filter, Seconds = seconds });
            (await encoder.WaitForExitAsync(TimeSpan.FromSeconds(40))).ShouldBe(0, encoder.Tail());
        }

        string? session = null;
        await Poll.UntilAsync(
            async () =>
            {
                var mpd = await server.Client.GetStringAsync("/live/show/manifest.mpd");
                session = mpd.Split("<Location>").ElementAtOrDefault(1)?.Split('/')[0];
                return mpd.Contains("type=\"static\"", StringComparison.Ordinal);
            },
            description: "the session is over");

        var recording = $"/vod/{session}/";
        var played = new[] { ("hls", "", "index.m3u8"), ("dash", "/t/a-token", "manifest.mpd"), ("shaka", "", "manifest.mpd") }
            .Select(async player =>
                (Player: player, Report: await PlayAsync(player.Item1, new Uri(server.Http, player.Item2 + recording + player.Item3))));
        foreach (var (player, report) in await Task.WhenAll(played))
        {
            report.Errors.ShouldBeEmpty($"{player}");
            report.Frames.ShouldBeInRange(200, 225, $"{player}: 210 were sent, and what is before a hole may be decoded twice");
            report.Code.ShouldBe(2, $"{player}: the last second of what came last");
        }
    }

    private async Task<PlayerReport> PlayAsync(string kind, Uri address)
    {
        var page = await chromium.OpenPlayerAsync(pages.Page(kind, address));
        try
        {
            await Poll.UntilAsync(
                async () => await page.EvaluateAsync<bool>("() => document.getElementById('video').ended"), TimeSpan.FromSeconds(60),
                $"{kind} plays to the end");
            return await PlayerReport.OfAsync(page);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException(
                $"{late.Message}\n{await page.EvaluateAsync<string>("() => window.journal()")}\n{string.Join('\n', (await PlayerReport.OfAsync(page)).Errors)}", late);
        }
        finally
        {
            await page.Context.CloseAsync();
        }
    }
}
