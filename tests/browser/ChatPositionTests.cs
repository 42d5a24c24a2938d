using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Testing;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>The chat of the watch page at positions of the past, and in a replay.</summary>
[LongRunning]
public sealed class ChatPositionTests(Chromium chromium)
{
    private const string Texts = "() => [...document.querySelectorAll('.chat-text')].map((text) => text.textContent)";

    [Fact]
    public async Task Messages_follow_the_position_of_the_player()
    {
        await using var server = await BroadcastServer.StartAsync();
        var channel = await server.AddChannelAsync("show", new { dvrWindow = "1h", record = true });
        (await server.Api.PatchAsJsonAsync("/api/v1/channels/show/chat", new { enabled = true })).EnsureSuccessStatusCode();
        await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel), new TestSource { Frame = CountingFrame.Filter });
        await Poll.UntilAsync(async () => (await server.Client.GetAsync("/live/show/index.m3u8")).IsSuccessStatusCode,
            TimeSpan.FromSeconds(20), "the channel is live");
        var joined = await (await server.Client.PostAsJsonAsync("/chat/show/join", new { name = "Ada" })).Content
            .ReadFromJsonAsync<JsonElement>();
        var token = joined.GetProperty("token").GetString()!;
        var started = (await StatusAsync(server)).GetProperty("startedAt").GetDateTimeOffset();
        await SendAsync(server, token, "at the start");
        await Poll.UntilAsync(async () => (await StatusAsync(server)).GetProperty("liveEdge").GetDateTimeOffset() > started.AddSeconds(50),
            TimeSpan.FromSeconds(90), "there is a past");
        await SendAsync(server, token, "later");

        var page = await chromium.OpenPlayerAsync(new Uri(server.Http, "/watch/show"));
        await ShowsAsync(page, "at the start", "later");
        await page.GetByLabel("Your name").WaitForAsync();

        // Back, and back to live.
        await page.FocusAsync("[role=slider]");
        await page.Keyboard.PressAsync("Home");
        await ShowsAsync(page, "at the start");
        (await page.GetByLabel("Your name").IsVisibleAsync()).ShouldBeTrue();
        await page.ClickAsync("[data-control=live]");
        await ShowsAsync(page, "at the start", "later");

        // The recording, which is still in progress.
        var session = (await StatusAsync(server)).GetProperty("session").GetString();
        await page.EvaluateAsync("address => window.broadcastPlayer.playReplay(address, { startAt: 0 })", $"/vod/{session}/index.m3u8");
        await ShowsAsync(page, "at the start");
        (await page.GetByLabel("Your name").IsVisibleAsync()).ShouldBeFalse();
        await page.FocusAsync("[role=slider]");
        await page.Keyboard.PressAsync("End");
        await ShowsAsync(page, "at the start", "later");
        await page.EvaluateAsync("() => window.broadcastPlayer.playLive()");
        await page.GetByLabel("Your name").WaitForAsync();
        await ShowsAsync(page, "at the start", "later");
        await page.Context.CloseAsync();
    }

    private static async Task<JsonElement> StatusAsync(BroadcastServer server) =>
        await server.Client.GetFromJsonAsync<JsonElement>("/live/show/status.json");

    private static async Task SendAsync(BroadcastServer server, string token, string text)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/chat/show/messages") { Content = JsonContent.Create(new { text }) };
        request.Headers.Authorization = new("Bearer", token);
        (await server.Client.SendAsync(request)).EnsureSuccessStatusCode();
    }

    private static async Task ShowsAsync(IPage page, params string[] texts)
    {
        string[] shown = [];
        try
        {
            await Poll.UntilAsync(async () => (shown = await page.EvaluateAsync<string[]>(Texts)).SequenceEqual(texts),
                TimeSpan.FromSeconds(20), $"the page shows: {string.Join(", ", texts)}");
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message}, but it shows: {string.Join(", ", shown)}", late);
        }
    }
}
