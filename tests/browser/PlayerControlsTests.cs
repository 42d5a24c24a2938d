using System.Text.Json;
using Broadcast.Testing;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>Controls of the watch page: the seek bar with its thumbnails, the settings, and a recording in the same player.</summary>
[LongRunning]
public sealed class PlayerControlsTests(Chromium chromium, WatchedChannel live) : IClassFixture<WatchedChannel>
{
    private const string ValueText = "() => document.querySelector('[role=slider]').getAttribute('aria-valuetext') ?? ''";

    [Fact]
    public async Task Seek_bar_works_by_keyboard_shows_thumbnails_and_returns_to_live()
    {
        await Poll.UntilAsync(
            async () => (await live.Server.Client.GetAsync($"/live/{live.Channel.Name}/thumbnails.vtt")).IsSuccessStatusCode,
            TimeSpan.FromSeconds(40), "the first sheet");
        var page = await OpenAsync($"/watch/{live.Channel.Name}");
        await Poll.UntilAsync(async () =>
            await page.EvaluateAsync<double>("() => Number(document.querySelector('[role=slider]').getAttribute('aria-valuemax'))") > 20,
            TimeSpan.FromSeconds(60), "there is something to go back to");
        (await page.EvaluateAsync<string>(ValueText)).ShouldEndWith(", live");
        const string place =
            "() => { const { x, y, width, height } = document.querySelector('video').getBoundingClientRect(); return [x, y, width, "
            + "height]; }";
        var before = await page.EvaluateAsync<double[]>(place);

        await page.FocusAsync("[role=slider]");
        await page.Keyboard.PressAsync("Home");
        await Poll.UntilAsync(async () => (await page.EvaluateAsync<string>(ValueText)).EndsWith("behind live", StringComparison.Ordinal),
            TimeSpan.FromSeconds(10), "the bar says how far back it is");
        await Poll.UntilAsync(
            async () =>
            {
                await page.Keyboard.PressAsync("ArrowRight");
                await page.WaitForTimeoutAsync(500);
                await page.Keyboard.PressAsync("ArrowLeft");
                await page.WaitForTimeoutAsync(1000);
                return await page.EvaluateAsync<bool>(
                    "() => { const image = document.querySelector('.thumbnail[data-thumbnail=shown] img'); return image !== null && "
                    + "image.naturalWidth > 0; }");
            },
            TimeSpan.FromSeconds(40), "the thumbnail of that time is shown");
        (await page.EvaluateAsync<bool>(
            "() => document.querySelector('.seek-preview').getBoundingClientRect().left >= "
            + "document.querySelector('.stage').getBoundingClientRect().left")).ShouldBeTrue("it stays on the video");
        (await page.EvaluateAsync<double[]>(place)).ShouldBe(before, "nothing moves for it");
        (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical")
            .Select(v => $"{v.Id}: {v.Help} {v.Nodes.FirstOrDefault()?.Html}").ShouldBeEmpty();
        await AdvancesAsync(page);
        (await page.GetAttributeAsync("[data-control=live]", "data-behind")).ShouldBe("true");

        await page.Keyboard.PressAsync("End");
        await Poll.UntilAsync(async () => (await page.EvaluateAsync<string>(ValueText)).EndsWith(", live", StringComparison.Ordinal),
            TimeSpan.FromSeconds(20), "it is back at live");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Settings_menu_works_by_keyboard_and_restores_the_focus()
    {
        var page = await OpenAsync($"/watch/{live.Channel.Name}");
        await page.EvaluateAsync("() => document.querySelector('video').addTextTrack('captions', 'CC1', 'en')");
        await Poll.UntilAsync(async () =>
            await page.EvaluateAsync<double>("() => Number(document.querySelector('[role=slider]').getAttribute('aria-valuemax'))") > 15,
            TimeSpan.FromSeconds(60), "there is something to go back to");

        await page.FocusAsync("[data-control=settings]");
        await page.Keyboard.PressAsync("Enter");
        await Poll.UntilAsync(async () => (await SectionsAsync(page)).SequenceEqual(["quality", "captions"]), TimeSpan.FromSeconds(10),
            "at live there are quality and captions, and one speed");
        (await FocusAsync(page)).ShouldStartWith("Quality");
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("ArrowRight");
        (await FocusAsync(page)).ShouldBe("Off", "captions are off until somebody wants them");
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("Enter");
        (await page.EvaluateAsync<string>("() => document.activeElement.dataset.control")).ShouldBe("settings");
        await Poll.UntilAsync(async () => await page.EvaluateAsync<string>("() => document.querySelector('video').textTracks[0].mode")
            == "showing", TimeSpan.FromSeconds(5), "captions are shown");
        (await page.EvaluateAsync<string>("() => JSON.parse(localStorage.getItem('broadcast.player')).captions")).ShouldBe("en");

        await page.FocusAsync("[role=slider]");
        await page.Keyboard.PressAsync("Home");
        await Poll.UntilAsync(async () => await page.GetAttributeAsync("[data-control=live]", "data-behind") == "true",
            TimeSpan.FromSeconds(10), "it is behind live");
        await page.FocusAsync("[data-control=settings]");
        await page.Keyboard.PressAsync("Enter");
        await Poll.UntilAsync(async () => (await SectionsAsync(page)).SequenceEqual(["quality", "speed", "captions"]),
            TimeSpan.FromSeconds(10), "behind live there is speed, too");
        await page.Keyboard.PressAsync("Escape");
        (await page.EvaluateAsync<string>("() => document.activeElement.dataset.control")).ShouldBe("settings");
        (await page.IsVisibleAsync("[role=menu]")).ShouldBeFalse();

        (await page.Locator("[data-control=pip]").IsVisibleAsync()).ShouldBe(
            await page.EvaluateAsync<bool>("() => document.pictureInPictureEnabled"));
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Recording_plays_in_the_same_player_at_the_chosen_speed_and_live_resumes_afterwards()
    {
        var page = await OpenAsync($"/watch/{live.Channel.Name}");
        var status = JsonDocument.Parse(await live.Server.Client.GetStringAsync($"/live/{live.Channel.Name}/status.json")).RootElement;
        await page.EvaluateAsync("address => window.broadcastPlayer.playReplay(address, { startAt: 3 })",
            $"/vod/{status.GetProperty("session").GetString()}/index.m3u8");
        await StateIsAsync(page, "replay");
        await AdvancesAsync(page);
        await Poll.UntilAsync(async () => (await page.EvaluateAsync<string>(ValueText)).Contains(" of ", StringComparison.Ordinal),
            TimeSpan.FromSeconds(40), "a replay tells offsets");
        (await page.IsVisibleAsync("[data-control=live]")).ShouldBeFalse();
        (await page.EvaluateAsync<string?>("() => document.documentElement.dataset.latency ?? null")).ShouldBeNull();

        await page.FocusAsync("[role=slider]");
        await page.Keyboard.PressAsync("Home");
        await page.FocusAsync("[data-control=settings]");
        await page.Keyboard.PressAsync("Enter");
        await page.ClickAsync("[data-section=speed]");
        await page.ClickAsync("[role=menuitemradio]:has-text('2×')");
        await AdvancesAsync(page);
        (await page.EvaluateAsync<double>("() => document.querySelector('video').playbackRate")).ShouldBe(2);

        const string gone = "/vod/01JN8E0000000000000000000A/index.m3u8";
        var asked = 0;
        page.Request += (_, request) => asked += request.Url.EndsWith(gone, StringComparison.Ordinal) ? 1 : 0;
        await page.EvaluateAsync("address => window.broadcastPlayer.playReplay(address)", gone);
        await StateIsAsync(page, "error");
        asked.ShouldBeInRange(4, 10, "what is gone is asked for less and less often");
        (await page.TextContentAsync(".message-title")).ShouldBe("The recording cannot be played");

        await page.EvaluateAsync("() => window.broadcastPlayer.playLive()");
        await StateIsAsync(page, "live");
        await AdvancesAsync(page);
        (await page.EvaluateAsync<double>("() => document.querySelector('video').playbackRate")).ShouldBeInRange(1, 1.05);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task URL_with_a_time_starts_playback_there()
    {
        await Poll.UntilAsync(async () => StartedAt(await live.Server.Client.GetStringAsync($"/live/{live.Channel.Name}/status.json"))
            < TimeProvider.System.GetUtcNow().AddSeconds(-32), TimeSpan.FromSeconds(60), "it has gone on for a while");
        var moment = TimeProvider.System.GetUtcNow().AddSeconds(-26);
        var page = await OpenAsync($"/watch/{live.Channel.Name}?t={moment.ToUnixTimeSeconds()}");

        var behind = await page.EvaluateAsync<double>("() => (Date.now() - window.broadcastPlayer.hls.playingDate.getTime()) / 1000");
        var asked = (TimeProvider.System.GetUtcNow() - moment).TotalSeconds;
        (await page.EvaluateAsync<string>(ValueText)).ShouldEndWith("behind live");
        behind.ShouldBeInRange(24, asked + 1, "it plays from there on, less what it took to begin");
        await page.Context.CloseAsync();
    }

    private static DateTimeOffset StartedAt(string status) => JsonDocument.Parse(status).RootElement.GetProperty("startedAt")
        .GetDateTimeOffset();

    private static Task<string[]> SectionsAsync(IPage page) =>
        page.EvaluateAsync<string[]>("() => [...document.querySelectorAll('[data-section]')].map(item => item.dataset.section)");

    private static Task<string> FocusAsync(IPage page) => page.EvaluateAsync<string>("() => document.activeElement.textContent");

    private async Task<IPage> OpenAsync(string path)
    {
        var page = await chromium.OpenPlayerAsync(new Uri(live.Server.Http, path));
        await StateIsAsync(page, "live");
        await AdvancesAsync(page);
        return page;
    }

    private static Task StateIsAsync(IPage page, string state) => Poll.UntilAsync(
        async () => await page.EvaluateAsync<string>("() => document.documentElement.dataset.state") == state, TimeSpan.FromSeconds(40),
        $"the page is {state}");

    private static async Task AdvancesAsync(IPage page)
    {
        const string time = "() => document.querySelector('video').currentTime";
        await Poll.UntilAsync(async () =>
            await page.EvaluateAsync<bool>(
                "() => { const video = document.querySelector('video'); return video.readyState >= 3 && !video.seeking; }"),
                TimeSpan.FromSeconds(30), "a frame is decoded");
        var from = await page.EvaluateAsync<double>(time);
        await Poll.UntilAsync(async () => await page.EvaluateAsync<double>(time) > from + 1, TimeSpan.FromSeconds(30), "time advances");
    }
}
