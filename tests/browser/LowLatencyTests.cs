using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>
/// A channel of profile <c>low</c>: players that support parts play a second behind the playlist's end; others play whole segments from the
/// same address.
/// </summary>
public sealed class LowLatencyTests(Chromium chromium, PlayerPages pages, LowChannel live, ITestOutputHelper output)
    : IClassFixture<LowChannel>
{
    [Fact]
    public async Task Low_latency_player_plays_parts_and_never_stalls()
    {
        var page = await chromium.OpenPlayerAsync(pages.Page("hls", live.Server.Hls(live.Channel.Name)));
        await Poll.UntilAsync(async () => (await PlayerReport.OfAsync(page)) is { Time: > 0, Frames: > 30, Parts: > 3 },
            TimeSpan.FromSeconds(30), "hls.js plays parts");

        var before = await PlayerReport.OfAsync(page);
        await Poll.UntilAsync(async () => (await PlayerReport.OfAsync(page)).Time >= before.Time + 8, TimeSpan.FromSeconds(30),
            "hls.js goes on for eight seconds");
        var after = await PlayerReport.OfAsync(page);
        output.WriteLine($"{after.Latency:0.00} s behind (aim {after.Target:0.00} s from the end), {after.Parts} parts");

        after.Errors.ShouldBeEmpty();
        after.Stalls.ShouldBe(before.Stalls);
        // Three parts per second of video and of audio; a player without low latency would load none.
        (after.Parts - before.Parts).ShouldBeGreaterThan(20);
        after.Target.ShouldBeInRange(1, 4.1);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Player_without_low_latency_support_plays_the_same_URL() =>
        (await FfmpegTool.DecodeAsync(live.Server.Hls(live.Channel.Name).ToString(), 3, TimeSpan.FromSeconds(40))).ShouldBeEmpty();
}

/// <summary>The same with low latency.</summary>
public sealed class LowChannel : LiveChannel
{
    /// <inheritdoc/>
    protected override string Latency => "low";
}
