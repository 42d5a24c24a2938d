using System.Net.Http.Json;
using Broadcast.Testing;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>The watch and embed pages in a real browser, in all their states.</summary>
[LongRunning]
public sealed class WatchPageTests(Chromium chromium, WatchedChannel live) : IClassFixture<WatchedChannel>
{
    private const string VideoTime = "() => document.querySelector('video').currentTime";

    /// <summary>
    /// Reads the clock five times per second and stores the longest interruption in <c>longestSleep</c>, in milliseconds.
    /// </summary>
    private const string LookAtTheClock = """
        () => {
          window.longestSleep = 0;
          let last = Date.now();
          setInterval(() => {
            const now = Date.now();
            window.longestSleep = Math.max(window.longestSleep, now - last);
            last = now;
          }, 200);
        }
        """;

    [Fact]
    public async Task Live_channel_plays_with_badge_and_latency_and_without_page_errors()
    {
        var (page, complaints) = await OpenAsync($"/watch/{live.Channel.Name}");
        await StateIsAsync(page, "live");
        await AdvancesAsync(page);

        var latency = double.Parse((await page.EvaluateAsync<string>("() => document.documentElement.dataset.latency"))!,
            System.Globalization.CultureInfo.InvariantCulture);
        latency.ShouldBeInRange(1, 20);
        complaints.ShouldBeEmpty();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Page_of_an_unknown_channel_shows_a_message_and_nothing_to_share()
    {
        var (page, _) = await OpenAsync("/watch/nobody-is-here");
        await StateIsAsync(page, "offline");
        await page.GetByText("Channel not found").WaitForAsync();
        (await page.GetByRole(AriaRole.Button, new() { Name = "Share", Exact = true }).IsVisibleAsync()).ShouldBeFalse();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Embedded_player_plays_the_live_channel()
    {
        var (page, complaints) = await OpenAsync($"/embed/{live.Channel.Name}");
        await StateIsAsync(page, "live");
        await AdvancesAsync(page);
        complaints.ShouldBeEmpty();
        await page.Context.CloseAsync();
    }

    [Theory]
    [InlineData(1280, 800)]
    [InlineData(390, 844)]
    public async Task Page_shows_the_latest_poster_before_playback_starts(int width, int height)
    {
        await Poll.UntilAsync(async () => (await live.Server.Client.GetAsync($"/live/{live.Channel.Name}/poster.jpg")).IsSuccessStatusCode,
            TimeSpan.FromSeconds(30), "a poster");
        var page = await chromium.OpenAsync(new Uri(live.Server.Http, $"/embed/{live.Channel.Name}?autoplay=0"), width, height);
        const string place =
            "() => { const { x, y, width, height } = document.querySelector('video').getBoundingClientRect(); return [x, y, width, "
            + "height]; }";
        var before = await page.EvaluateAsync<double[]>(place);
        await Poll.UntilAsync(
            async () => await page.EvaluateAsync<string>("() => document.querySelector('video').poster") == new Uri(live.Server.Http,
                $"/live/{live.Channel.Name}/poster.jpg?optional").ToString(), TimeSpan.FromSeconds(20), "the poster is there");

        (await page.EvaluateAsync<double[]>(place)).ShouldBe(before, "nothing moves for it");
        (await page.EvaluateAsync<double>(VideoTime)).ShouldBe(0);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Page_opened_before_the_broadcast_follows_its_start_encoder_loss_and_end()
    {
        await using var server = await BroadcastServer.StartAsync();
        var channel = await server.AddChannelAsync("evening");
        var page = await chromium.OpenPlayerAsync(new Uri(server.Http, "/watch/evening"));
        await StateIsAsync(page, "offline");
        var begin = TimeProvider.System.GetUtcNow().AddHours(2);
        using var planned = await server.Api.PostAsJsonAsync("/api/v1/events",
            new { title = "The evening show", channel = "evening", start = begin, end = begin.AddHours(1) });
        planned.EnsureSuccessStatusCode();
        await Poll.UntilAsync(async () => await page.TextContentAsync(".message-title") == "The evening show", TimeSpan.FromSeconds(20),
            "the next event is shown");
        (await page.TextContentAsync("[role=timer]"))!.ShouldStartWith("1 hour 59 minutes");
        var announced = (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical")
            .Select(v => $"{v.Id}: {v.Help} {v.Nodes.FirstOrDefault()?.Html}");
        announced.ShouldBeEmpty();

        await using (var encoder = FfmpegTool.Publish(server.PublishUrl(channel), new TestSource { Frame = CountingFrame.Filter }))
        {
            await StateIsAsync(page, "live");
            await AdvancesAsync(page);
            encoder.Kill();
        }

        var stopped = await page.EvaluateAsync<double>(VideoTime);
        await using (FfmpegTool.Publish(server.PublishUrl(channel), new TestSource { Frame = CountingFrame.Filter }))
        {
            await Poll.UntilAsync(
                async () => await page.EvaluateAsync<double>(VideoTime) > stopped + 12, TimeSpan.FromSeconds(60),
                "the same page plays what the returned encoder sends");
            await StateIsAsync(page, "live");
        }

        using var deleted = await server.Api.DeleteAsync("/api/v1/channels/evening");
        deleted.EnsureSuccessStatusCode();
        await Poll.UntilAsync(
            async () => await page.EvaluateAsync<string>("() => document.documentElement.dataset.state") is "ended" or "offline",
            TimeSpan.FromSeconds(40), "the page says that it is over");
        await page.Context.CloseAsync();
    }

    [Theory]
    [InlineData(1280, 800)]
    [InlineData(390, 844)]
    public async Task Watch_page_has_no_serious_accessibility_violation(int width, int height)
    {
        var page = await chromium.OpenAsync(new Uri(live.Server.Http, $"/watch/{live.Channel.Name}"), width, height);
        await StateIsAsync(page, "live");

        var serious = (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical")
            .Select(v => $"{v.Id}: {v.Help} {v.Nodes.FirstOrDefault()?.Html}");

        serious.ShouldBeEmpty();
        (await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= window.innerWidth")).ShouldBeTrue(
            "nothing sticks out at the side");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Keyboard_mutes_and_pauses_the_player()
    {
        var page = await chromium.OpenPlayerAsync(new Uri(live.Server.Http, $"/watch/{live.Channel.Name}"));
        await StateIsAsync(page, "live");
        await AdvancesAsync(page);

        var muted = await page.EvaluateAsync<bool>("() => document.querySelector('video').muted");
        await page.Keyboard.PressAsync("m");
        (await page.EvaluateAsync<bool>("() => document.querySelector('video').muted")).ShouldBe(!muted);
        await page.Keyboard.PressAsync("k");
        await Poll.UntilAsync(async () => await page.EvaluateAsync<bool>("() => document.querySelector('video').paused"),
            TimeSpan.FromSeconds(5), "k pauses");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Viewers_return_to_live_without_a_reload_after_sleep_or_connection_loss()
    {
        var (slept, _) = await OpenAsync($"/watch/{live.Channel.Name}");
        var (lost, _) = await OpenAsync($"/watch/{live.Channel.Name}");
        var sleeper = await slept.Context.NewCDPSessionAsync(slept);
        foreach (var page in new[] { slept, lost })
        {
            await StateIsAsync(page, "live");
            await Poll.UntilAsync(
                async () =>
                await page.EvaluateAsync<bool>(
                    "() => { window.sameAsBefore = true; window.latencyBefore = window.broadcastPlayer.latency; return "
                    + "window.latencyBefore !== null; }"),
                TimeSpan.FromSeconds(20), "the latency is known");
            await page.EvaluateAsync(LookAtTheClock);
        }

        // Suspends the page like a sleeping machine. (Chromium does not freeze a playing page.)
        await sleeper.SendAsync("Debugger.enable");
        await sleeper.SendAsync("Debugger.pause");
        await lost.Context.SetOfflineAsync(true);

        // Longer than the buffered media, at a latency of nine seconds.
        await Task.Delay(TimeSpan.FromSeconds(11), TimeProvider.System, TestContext.Current.CancellationToken);

        // Otherwise there was no interruption to recover from.
        await Poll.UntilAsync(
            async () => await lost.EvaluateAsync<bool>("() => !navigator.onLine && document.querySelector('video').readyState < 3"),
            TimeSpan.FromSeconds(40), "who has no line has nothing left to play");
        await sleeper.SendAsync("Debugger.resume");
        await sleeper.SendAsync("Debugger.disable");
        await lost.Context.SetOfflineAsync(false);
        await Poll.UntilAsync(async () => await slept.EvaluateAsync<double>("() => window.longestSleep") > 8000, TimeSpan.FromSeconds(20),
            "the page was asleep, and knows it by the clock");

        // A player that starts together with the broadcast has a lower latency than usual.
        const string isBack =
            "() => window.broadcastPlayer.state === 'live' && !document.querySelector('video').paused && "
            + "document.querySelector('.pill').dataset.pill === 'live' "
            + "&& window.broadcastPlayer.latency < Math.max(window.latencyBefore, 10) + 4";
        foreach (var (page, what) in new[] { (slept, "who slept"), (lost, "who had no line") })
        {
            await Poll.UntilAsync(async () => await page.EvaluateAsync<bool>(isBack), TimeSpan.FromSeconds(30), $"{what} is back at live");
            await AdvancesAsync(page);
            (await page.EvaluateAsync<bool>("() => window.sameAsBefore === true")).ShouldBeTrue("the page is the same");
            await page.Context.CloseAsync();
        }
    }

    private async Task<(IPage Page, List<string> Complaints)> OpenAsync(string path)
    {
        var complaints = new List<string>();
        var page = await chromium.OpenPlayerAsync(new Uri("about:blank"));
        page.Console += (_, message) =>
        {
            if (message.Type == "error" && !message.Text.Contains("404", StringComparison.Ordinal))
            {
                complaints.Add(message.Text);
            }
        };
        page.PageError += (_, error) => complaints.Add(error);
        await page.GotoAsync(new Uri(live.Server.Http, path).ToString());
        return (page, complaints);
    }

    private static Task StateIsAsync(IPage page, string state) => Poll.UntilAsync(
        async () => await page.EvaluateAsync<string>("() => document.documentElement.dataset.state") == state, TimeSpan.FromSeconds(40),
        $"the page is {state}");

    private static async Task AdvancesAsync(IPage page)
    {
        await Poll.UntilAsync(async () => await page.EvaluateAsync<double>(VideoTime) > 0, TimeSpan.FromSeconds(30), "playback begins");
        var from = await page.EvaluateAsync<double>(VideoTime);
        await Poll.UntilAsync(async () => await page.EvaluateAsync<double>(VideoTime) > from + 3, TimeSpan.FromSeconds(20),
            "time advances");
    }
}
