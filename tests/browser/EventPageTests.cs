using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Testing;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>The page of an event, and the watch page after the end of a broadcast, in a real browser.</summary>
public sealed class EventPageTests(Chromium chromium, WatchedChannel live) : IClassFixture<WatchedChannel>
{
    private const string Moves = "() => { const video = document.querySelector('video'); return video === null ? 0 : video.currentTime; }";

    [Fact]
    public async Task Event_page_and_channel_page_go_from_countdown_to_live_to_recording()
    {
        await using var server = await BroadcastServer.StartAsync(
            environment: new Dictionary<string, string?> { ["BROADCAST__Slate__Enabled"] = "false" });
        var channel = await server.AddChannelAsync("evening", new { ladder = "passthrough", reconnectWindowSeconds = 0 });
        using var api = new HttpClient { BaseAddress = server.Http };
        api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.AdminToken);
        var now = TimeProvider.System.GetUtcNow();
        using var planned = await api.PostAsJsonAsync("/api/v1/events", new
        {
            title = "The <b>gala</b>", description = "All night long.", channel = "evening", start = now.AddMinutes(30),
            end = now.AddMinutes(60), startMode = "manual", graceSeconds = 0,
        });
        planned.EnsureSuccessStatusCode();
        var id = (await planned.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;

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
        await page.GotoAsync(new Uri(server.Http, $"/event/{id}").ToString());
        await PhaseIsAsync(page, "countdown");
        (await page.TextContentAsync("h1")).ShouldBe("The <b>gala</b>");
        (await page.TextContentAsync("[role=timer]"))!.ShouldMatch("^(29|30) minutes");
        (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical")
            .Select(v => $"{v.Id}: {v.Help} {v.Nodes.FirstOrDefault()?.Html}").ShouldBeEmpty();
        var watch = await chromium.OpenPlayerAsync(new Uri(server.Http, "/watch/evening"));

        await using (FfmpegTool.Publish(server.PublishUrl(channel), new TestSource { Frame = CountingFrame.Filter }))
        {
            using var pressed = await api.PostAsync($"/api/v1/events/{id}/go-live", null);
            pressed.EnsureSuccessStatusCode();
            await PhaseIsAsync(page, "live");
            await StateIsAsync(page, "live");
            await StateIsAsync(watch, "live");
            await Poll.UntilAsync(async () => await watch.TextContentAsync("h1") == "The <b>gala</b>", TimeSpan.FromSeconds(20),
                "the channel's page tells what is on");
            await AdvancesAsync(page);
            using var ended = await api.PostAsync($"/api/v1/events/{id}/end", null);
            ended.EnsureSuccessStatusCode();
        }

        await PhaseIsAsync(page, "replay");
        foreach (var one in new[] { page, watch })
        {
            await Poll.UntilAsync(
                async () => await one.EvaluateAsync<string?>("() => document.documentElement.dataset.showing ?? null") == "replay",
                TimeSpan.FromSeconds(60), "the replay is on the same page");
            await AdvancesAsync(one);
        }

        await ShareAsync(watch);
        complaints.ShouldBeEmpty();
        await page.Context.CloseAsync();
        await watch.Context.CloseAsync();
    }

    [Fact]
    public async Task Unknown_event_shows_a_not_found_message()
    {
        var page = await chromium.OpenPlayerAsync(new Uri(live.Server.Http, "/event/01JN8E0000000000000000000A"));
        await PhaseIsAsync(page, "notFound");
        await page.Context.CloseAsync();
    }

    private static async Task ShareAsync(IPage page)
    {
        await page.FocusAsync(".share-open");
        await page.Keyboard.PressAsync("Enter");
        await Poll.UntilAsync(async () => await page.EvaluateAsync<bool>("() => document.querySelector('dialog.share').open"),
            TimeSpan.FromSeconds(5), "the dialog opens by keyboard");
        (await page.InputValueAsync("#share-url")).ShouldEndWith("/watch/evening");
        (await page.InputValueAsync("#share-embed")).ShouldContain("/embed/evening\" width=");
        await page.CheckAsync("#share-time");
        (await page.InputValueAsync("#share-url")).ShouldContain("/watch/evening?t=");
        (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical")
            .Select(v => $"{v.Id}: {v.Help} {v.Nodes.FirstOrDefault()?.Html}").ShouldBeEmpty();
        await page.Keyboard.PressAsync("Escape");
        await Poll.UntilAsync(async () => !await page.EvaluateAsync<bool>("() => document.querySelector('dialog.share').open"),
            TimeSpan.FromSeconds(5), "and closes");
    }

    private static Task PhaseIsAsync(IPage page, string phase) => Poll.UntilAsync(
        async () => await page.EvaluateAsync<string?>("() => document.documentElement.dataset.event ?? null") == phase,
        TimeSpan.FromSeconds(60), $"the event is {phase}");

    private static Task StateIsAsync(IPage page, string state) => Poll.UntilAsync(
        async () => await page.EvaluateAsync<string>("() => document.documentElement.dataset.state") == state, TimeSpan.FromSeconds(40),
        $"the page is {state}");

    private static async Task AdvancesAsync(IPage page)
    {
        var from = await page.EvaluateAsync<double>(Moves);
        await Poll.UntilAsync(async () => await page.EvaluateAsync<double>(Moves) is var at && at > 0 && Math.Abs(at - from) > 2,
            TimeSpan.FromSeconds(40), "time advances");
    }
}
