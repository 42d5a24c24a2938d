using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>
/// A real encoder and real players across origins: frames decode, time advances, nothing stalls, and the frames are the ones sent.
/// </summary>
public sealed class PlaybackTests(Chromium chromium, PlayerPages pages, WatchedChannel live) : IClassFixture<WatchedChannel>
{
    [Theory]
    [InlineData("hls", "", "index.m3u8")]
    [InlineData("dash", "/t/a-token", "manifest.mpd")]
    [InlineData("shaka", "/t/a-token", "manifest.mpd")]
    [InlineData("shaka", "", "index.m3u8")]
    public async Task Player_shows_the_published_frames_and_never_stalls(string kind, string prefix, string manifest)
    {
        // The thumbnail tests play DASH without a token.
        var page = await chromium.OpenPlayerAsync(
            pages.Page(kind, new Uri(live.Server.Http, $"{prefix}/live/{live.Channel.Name}/{manifest}")));
        await Poll.UntilAsync(async () => (await PlayerReport.OfAsync(page)) is { Time: > 0, Frames: > 30 }, TimeSpan.FromSeconds(30),
            $"{kind} plays");

        var before = await PlayerReport.OfAsync(page);
        await Poll.UntilAsync(async () => (await PlayerReport.OfAsync(page)).Time >= before.Time + 10, TimeSpan.FromSeconds(40),
            $"{kind} goes on for ten seconds");
        var after = await PlayerReport.OfAsync(page);

        after.Errors.ShouldBeEmpty();
        after.Stalls.ShouldBe(before.Stalls);
        (after.Width, after.Height).ShouldBe((640, 360));
        (after.Frames - before.Frames).ShouldBeGreaterThan(200);
        after.AudioBytes.ShouldBeGreaterThan(before.AudioBytes);
        var shown = (after.Code - before.Code + 256) % 256;
        Math.Abs(shown - (after.Time - before.Time)).ShouldBeLessThanOrEqualTo(1.5, "the clock in the video advances like the player's");
        after.Background[2].ShouldBeInRange(160, 220);
        after.Background[0].ShouldBeLessThan(70);
        await page.Context.CloseAsync();
    }
}
