using System.Globalization;
using System.Text.Json;
using Broadcast.Testing;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>
/// A real encoder's stream with a ladder in Chromium: every quality is selected manually, then by the player when bandwidth drops and
/// recovers. Playback never seeks, audio continues, and the buffer has no gap. On a machine too slow for real-time encoding, frames are
/// dropped by design; then only the switches are checked. The duration of stops depends on the machine and is checked only with the large
/// ladder, on an idle machine.
/// </summary>
[LongRunning]
public sealed class QualitySwitchTests(Chromium chromium, PlayerPages pages, LadderChannel live) : IClassFixture<LadderChannel>
{
    /// <summary>Milliseconds; playback is sampled every 50 ms by a script that other work can delay.</summary>
    private const double LongestStop = 1000;

    /// <summary>
    /// The same right after a drop of bandwidth: media in flight arrive late, and the player needs a moment to detect that.
    /// </summary>
    private const double LongestStopOnSlowLine = 2500;

    /// <summary>
    /// Milliseconds between two samples from which the machine is too busy for the browser itself; a stall then says nothing about the
    /// stream.
    /// </summary>
    private const double HeldUp = 250;

    /// <summary>
    /// Bytes per second that suffice for the smallest rung and the audio only: 240p with audio takes 550 kbit/s, 360p takes 900 kbit/s.
    /// </summary>
    private const int SlowLine = 700_000 / 8;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>Watches any playing video from its first frame.</summary>
    private const string Watcher = """
        window.watched = { waits: 0, seeks: 0, longestStop: 0, longestHole: 0, heldUp: 0, stoodAt: '', heights: [] };
        document.addEventListener('playing', first => {
          if (window.watched.video) return;
          const video = window.watched.video = first.target;
          let time = video.currentTime, at = performance.now(), looked = at;
          video.addEventListener('waiting', () => window.watched.waits++);
          video.addEventListener('seeking', () => window.watched.seeks++);
          setInterval(() => {
            const now = performance.now();
            if (video.currentTime !== time) { time = video.currentTime; at = now; }
            window.watched.heldUp = Math.max(window.watched.heldUp, now - looked);
            looked = now;
            if (now - at > window.watched.longestStop) {
              window.watched.longestStop = now - at;
              const ahead = video.buffered.length === 0 ? 0 : video.buffered.end(video.buffered.length - 1) - time;
              window.watched.stoodAt = `${time.toFixed(2)} s, ${video.videoHeight} lines, ${ahead.toFixed(2)} s ahead`;
            }
            for (let i = 0; i + 1 < video.buffered.length; i++) {
              // Media further ahead are still being replaced by the selected quality.
              const ahead = video.buffered.end(i) - video.currentTime;
              if (ahead >= 0 && ahead < 0.5) {
                window.watched.longestHole = Math.max(window.watched.longestHole, video.buffered.start(i + 1) - video.buffered.end(i));
              }
            }
            if (window.watched.heights.at(-1) !== video.videoHeight) window.watched.heights.push(video.videoHeight);
          }, 50);
        }, true);
        window.look = () => {
          const { video, ...seen } = window.watched;
          return JSON.stringify({ ...seen, time: video?.currentTime ?? 0, height: video?.videoHeight ?? 0, audioBytes: video?.webkitAudioDecodedByteCount ?? 0, error: video?.error?.message ?? null });
        };
        window.forget = () => Object.assign(window.watched, { waits: 0, seeks: 0, longestStop: 0, longestHole: 0, heldUp: 0, stoodAt: '' });
        """;

    /// <summary>Selects a quality in the watch page's menu.</summary>
    private const string ChooseOnWatchPage = """
        height => {
          document.querySelector('.menu-anchor > button').click();
          document.querySelector('.menu-anchor [data-section=quality]').click();
          const wanted = height === 0 ? 'Auto' : `${height}p`;
          [...document.querySelectorAll('.menu-anchor .menu-item')].find(item => item.textContent.trim().startsWith(wanted)).click();
        }
        """;

    private const string ChooseInDashPlayer = """
        height => {
          const { player } = window;
          player.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video: height === 0 } } } });
          if (height !== 0) player.setRepresentationForTypeById('video', player.getRepresentationsByType('video').find(r => r.height === height).id);
        }
        """;

    [Theory]
    [InlineData("the watch page")]
    [InlineData("dash.js")]
    public async Task Every_quality_can_be_chosen_and_the_player_adapts_to_bandwidth_without_a_seek_or_gap(string player)
    {
        var isDash = player == "dash.js";
        var page = await chromium.OpenPlayerAsync(new Uri("about:blank"));
        await page.AddInitScriptAsync(Watcher);
        await page.GotoAsync((isDash ? pages.Page("dash", live.Server.Dash(live.Channel.Name))
            : new Uri(live.Server.Http, $"/watch/{live.Channel.Name}")).ToString());
        await Poll.UntilAsync(async () => (await LookAsync(page)).Time > 0, Timeout, $"{player} plays");

        // Startup can wait for frames; from here on nothing may stall.
        var begin = await LookAsync(page);
        await Poll.UntilAsync(async () => (await LookAsync(page)).Time > begin.Time + 2, Timeout, $"{player} goes on");
        await page.EvaluateAsync("() => window.forget()");
        begin = await LookAsync(page);

        foreach (var height in LadderChannel.Switches)
        {
            await page.EvaluateAsync(isDash ? ChooseInDashPlayer : ChooseOnWatchPage, height);
            await ShowsAsync(page, h => h == height, $"{player} shows {height} lines");
        }

        var byHand = await LookAsync(page);
        await page.EvaluateAsync("() => window.forget()");

        // Automatically: down with low bandwidth, and up again.
        await page.EvaluateAsync(isDash ? ChooseInDashPlayer : ChooseOnWatchPage, 0);
        var network = await page.Context.NewCDPSessionAsync(page);
        await network.SendAsync("Network.enable");
        await LineAsync(network, SlowLine);
        var smallest = LadderChannel.Heights.Min();
        await ShowsAsync(page, h => h == smallest, $"{player} takes the smallest quality on a slow line");
        await LineAsync(network, -1);
        await ShowsAsync(page, h => h > smallest, $"{player} takes a larger one when the line is fast again");

        var end = await LookAsync(page);
        end.Error.ShouldBeNull();
        end.Heights.Distinct().ShouldBe(LadderChannel.Heights, ignoreOrder: true);
        end.AudioBytes.ShouldBeGreaterThan(begin.AudioBytes);
        await page.Context.CloseAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"by hand: {byHand}; with the line: {end}");
        if (await live.WasSlowerThanLiveAsync())
        {
            return;
        }

        ShouldGoOn(byHand, LongestStop);
        ShouldGoOn(end, LongestStopOnSlowLine);
    }

    [Fact]
    public async Task Slow_connection_starts_with_a_quality_that_fits_it()
    {
        var heights = await HeightsOfPlaylistsAsync();
        var page = await chromium.OpenPlayerAsync(new Uri("about:blank"));
        List<string> asked = [];
        page.Request += (_, request) => asked.Add(request.Url.Split('?')[0]);
        await page.AddInitScriptAsync(Watcher);
        var network = await page.Context.NewCDPSessionAsync(page);
        await network.SendAsync("Network.enable");
        await LineAsync(network, SlowLine);
        await page.GotoAsync(new Uri(live.Server.Http, $"/watch/{live.Channel.Name}").ToString());
        await Poll.UntilAsync(async () => await LookAsync(page) is { Time: > 0, Heights.Length: > 0 }, Timeout, "the page plays");

        var seen = await LookAsync(page);
        await page.Context.CloseAsync();
        var first = asked.Select(address => heights.GetValueOrDefault(address)).FirstOrDefault(height => height > 0);
        TestContext.Current.TestOutputHelper?.WriteLine($"first: {first} lines asked for; {seen}");

        // The first selection does not depend on encoding speed, as long as a rung besides the source exists.
        Assert.SkipWhen((await HeightsOfPlaylistsAsync()).Values.All(height => height == LadderChannel.Heights.Max()),
            "the machine was too busy to encode any quality: only the source was left to ask for");
        first.ShouldBeInRange(1, LadderChannel.Heights.Max() - 1, $"lines of the quality that is asked for first; {seen}");
        if (!await live.WasSlowerThanLiveAsync())
        {
            seen.Heights[0].ShouldBeLessThan(LadderChannel.Heights.Max(), $"lines of the first frame; {seen}");
        }
    }

    /// <summary>Video height by address of the playlist.</summary>
    private async Task<Dictionary<string, int>> HeightsOfPlaylistsAsync()
    {
        var address = new Uri(live.Server.Http, $"/live/{live.Channel.Name}/index.m3u8");
        var heights = new Dictionary<string, int>(StringComparer.Ordinal);
        var height = 0;
        foreach (var line in (await live.Server.Client.GetStringAsync(address)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("#EXT-X-STREAM-INF:", StringComparison.Ordinal))
            {
                height = line.Split("RESOLUTION=") is [_, var size] ? int.Parse(size.Split('x', ',')[1], CultureInfo.InvariantCulture) : 0;
            }
            else if (!line.StartsWith('#'))
            {
                heights[new Uri(address, line).GetLeftPart(UriPartial.Path)] = height;
            }
        }

        return heights;
    }

    private static void ShouldGoOn(Seen seen, double longestStop)
    {
        seen.Seeks.ShouldBe(0, $"jumps; {seen}");
        seen.LongestHole.ShouldBeLessThan(0.1, $"seconds missing in what is buffered, when playback got there; {seen}");
        if (LadderChannel.IsLarge && seen.HeldUp < HeldUp)
        {
            seen.LongestStop.ShouldBeLessThan(longestStop, $"milliseconds without a new frame; {seen}");
        }
    }

    private static Task ShowsAsync(IPage page, Func<int, bool> height, string what) =>
        Poll.UntilAsync(async () => height((await LookAsync(page)).Height), Timeout, what);

    private static Task LineAsync(ICDPSession network, int bytesPerSecond) =>
        network.SendAsync("Network.emulateNetworkConditions", new Dictionary<string, object>
    {
        ["offline"] = false, ["latency"] = 0, ["downloadThroughput"] = bytesPerSecond, ["uploadThroughput"] = -1,
    });

    private static async Task<Seen> LookAsync(IPage page) =>
        JsonSerializer.Deserialize<Seen>(await page.EvaluateAsync<string>("() => window.look()"), JsonSerializerOptions.Web)!;

    private sealed record Seen(double Time, int Height, int[] Heights, int Waits, int Seeks, double LongestStop, double LongestHole,
        double HeldUp, string StoodAt, long AudioBytes, string? Error)
    {
        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"{Waits} waits, {Seeks} seeks, longest stop {LongestStop:0} ms at {StoodAt}, script held up for {HeldUp:0} ms, longest hole {LongestHole:0.00} s, heights {string.Join(' ', Heights)}");
    }
}

/// <summary>
/// A server with one channel with a ladder, to which ffmpeg publishes while the tests of a class run: 480p25 with two rungs, or, with
/// <c>BROADCAST_TEST_LADDER=1080</c> in the environment, 1080p30 at 6 Mbit/s with four rungs, which needs two idle cores.
/// </summary>
public sealed class LadderChannel : IAsyncLifetime
{
    private readonly TempFolder _folder = TempFolder.Create();
    private ChildProcess? _encoder;

    /// <summary><see langword="true"/> for the 1080p ladder.</summary>
    public static bool IsLarge { get; } = Environment.GetEnvironmentVariable("BROADCAST_TEST_LADDER") == "1080";

    /// <summary>Heights of the resulting qualities.</summary>
    public static IReadOnlyList<int> Heights { get; } = IsLarge ? [1080, 720, 480, 360, 240] : [480, 360, 240];

    /// <summary>Order of manual selections: up and down, by one and by several, each quality at least once.</summary>
    public static IReadOnlyList<int> Switches { get; } = IsLarge ? [240, 1080, 480, 360, 720, 1080] : [240, 480, 360, 240, 480];

    public BroadcastServer Server { get; private set; } = null!;

    public CreatedChannel Channel { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        // Encoded in advance, to leave the CPU to the server.
        var source = IsLarge
            ? new TestSource { Seconds = 60, Frame = "testsrc2=s=1920x1080:r=30" + CountingFrame.Blocks(1920), FrameRate = 30,
                VideoBitRate = 6_000_000 }
            : new TestSource { Seconds = 60, Frame = "testsrc2=s=854x480:r=25" + CountingFrame.Blocks(854), FrameRate = 25,
                VideoBitRate = 1_500_000 };
        var file = Path.Combine(_folder.Path, "source.flv");
        await FfmpegTool.MakeFileAsync(file, source);
        Server = await BroadcastServer.StartAsync();
        Channel = await Server.AddChannelAsync("ladder", new { ladder = "auto" });
        _encoder = FfmpegTool.PublishFile(file, Server.PublishUrl(Channel), loop: true);
        await Poll.UntilAsync(
            async () => await Server.Client.GetStringAsync($"/live/{Channel.Name}/index.m3u8") is var playlist
            && Heights.All(h => playlist.Contains($"x{h}", StringComparison.Ordinal)),
            TimeSpan.FromSeconds(40), "all qualities are listed");
    }

    /// <summary>Returns whether the quality of encoding was reduced at any time.</summary>
    public async Task<bool> WasSlowerThanLiveAsync() =>
        (await Server.Client.GetStringAsync(new Uri(Server.Internal, "/metrics"))).Split('\n')
        .Any(l => l.StartsWith("broadcast_encoding_degradation_changes_total", StringComparison.Ordinal)
            && !l.EndsWith(" 0", StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        if (_encoder is not null)
        {
            await _encoder.DisposeAsync();
        }

        await Server.DisposeAsync();
        await _folder.DisposeAsync();
    }
}
