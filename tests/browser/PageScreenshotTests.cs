using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Testing;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>
/// All pages in dark and light mode and at phone width: accessible to assistive technology, without horizontal overflow. <c>./broadcast
/// test --screenshots DIR</c> stores a screenshot of each.
/// </summary>
[LongRunning]
public sealed class PageScreenshotTests(Chromium chromium, FullServer full) : IClassFixture<FullServer>
{
    private static readonly string? Folder = Environment.GetEnvironmentVariable("BROADCAST_SCREENSHOTS") is { Length: > 0 } folder
        ? folder : null;
    private readonly List<string> _complaints = [];

    /// <summary>Both color schemes and both widths; the fourth combination adds nothing. With screenshots there are more.</summary>
    public static TheoryData<string, int, int, ColorScheme> Looks { get; } = Folder is null
        ? new() { { "dark", 1280, 800, ColorScheme.Dark }, { "phone", 360, 740, ColorScheme.Light } }
        : new() { { "dark", 1280, 800, ColorScheme.Dark }, { "phone", 360, 740, ColorScheme.Light },
            { "light", 1280, 800, ColorScheme.Light }, { "wall", 2560, 1440, ColorScheme.Dark } };

    [Theory]
    [MemberData(nameof(Looks))]
    public async Task Every_page_is_accessible_and_none_overflows_horizontally(string look, int width, int height, ColorScheme scheme)
    {
        var page = await chromium.OpenAsync(full.Server.Http, width, height);
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
        await GoAsync(page, look, "01 set-up", "/dashboard/setup", "input[type=password]");
        await GoAsync(page, look, "02 log-in", "/dashboard", "input[type=password]");
        await GoAsync(page, look, "30 watch live", "/watch/main", "html[data-state=live]",
            () => HoldColorsAsync(page, "30 watch live", look, scheme));
        await GoAsync(page, look, "31 watch countdown", "/watch/evening", "[role=timer]");
        await GoAsync(page, look, "32 watch unknown", "/watch/nobody", "html[data-state=offline]");
        await GoAsync(page, look, "33 watch replay", "/watch/past", "html[data-state=replay]");
        await GoAsync(page, look, "34 event", $"/event/{full.Event}", "[role=timer]",
            () => HoldColorsAsync(page, "34 event", look, scheme));
        await GoAsync(page, look, "35 embed", "/embed/main", "html[data-state=live]");
        await page.SetViewportSizeAsync(480, 270);
        await GoAsync(page, look, "36 embed small", "/embed/main", "html[data-state=live]", async () =>
        {
            if (await page.EvaluateAsync<bool>(
                "() => document.querySelector('[data-control=fullscreen]').getBoundingClientRect().right > window.innerWidth"))
            {
                _complaints.Add($"36 embed small, {look}: full screen is cut off");
            }
        });
        await page.SetViewportSizeAsync(width, height);

        (await page.EvaluateAsync<int>(
            "async password => (await fetch('/api/v1/login', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: "
            + "JSON.stringify({ name: 'jane', password }) })).status", FullServer.Password)).ShouldBe(200);
        await GoAsync(page, look, "03 overview", "/dashboard", "text=Main stage");
        await GoAsync(page, look, "04 channel", "/dashboard/channels/main", "text=Wrong key");
        await GoAsync(page, look, "05 channel off", "/dashboard/channels/evening", "h1");
        foreach (var view in new[] { "List", "Week", "Month" })
        {
            await GoAsync(page, look, $"06 schedule {view}", "/dashboard/schedule", "text=Morning prayer",
                async () => await Button(page, view).ClickAsync());
        }

        await GoAsync(page, look, "07 new event", "/dashboard/schedule", "text=Morning prayer",
            async () => await Button(page, "New event").ClickAsync());
        await GoAsync(page, look, "08 recordings", "/dashboard/recordings", ":text('Yesterday'):visible");
        foreach (var section in new[] { "account", "users", "tokens", "webhooks", "storage", "encoders", "servers", "appearance", "about", "audit" })
        {
            await GoAsync(page, look, $"09 settings {section}", $"/dashboard/settings/{section}", "h2");
        }

        _complaints.ShouldBeEmpty();
        await page.Context.CloseAsync();
    }

    private async Task GoAsync(IPage page, string look, string name, string path, string seen, Func<Task>? then = null)
    {
        await page.GotoAsync(new Uri(full.Server.Http, path).ToString());
        await page.Locator(seen).First.WaitForAsync();
        await Poll.UntilAsync(async () => await page.GetByText("Loading…", new() { Exact = true }).CountAsync() == 0,
            TimeSpan.FromSeconds(20), $"{name} has loaded");
        if (then is not null)
        {
            await then();
        }

        if (Folder is not null)
        {
            // Waits for resources loaded after the page itself, such as posters.
            await page.WaitForTimeoutAsync(500);
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Folder, $"{name} {look}.png".Replace(' ', '-')),
                FullPage = true });
        }

        if (await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - window.innerWidth") is > 0 and var over)
        {
            _complaints.Add($"{name}, {look}: sticks out by {over} pixels");
        }

        foreach (var broken in (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical"))
        {
            _complaints.Add($"{name}, {look}: {broken.Id}: {broken.Help} {broken.Nodes.FirstOrDefault()?.Html}");
        }
    }

    /// <summary>The page uses the viewer's colors around the video; controls over the video are always dark.</summary>
    private async Task HoldColorsAsync(IPage page, string name, string look, ColorScheme scheme)
    {
        var lightness = await page.EvaluateAsync<double[]>(
            "() => [document.body, document.querySelector('.stage')].map(e => "
            + "getComputedStyle(e).backgroundColor.match(/[0-9]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 765)");
        if (lightness[0] > 0.5 != (scheme == ColorScheme.Light))
        {
            _complaints.Add($"{name}, {look}: is not in the viewer's colors");
        }

        if (lightness[1] > 0.2)
        {
            _complaints.Add($"{name}, {look}: is light around the video");
        }
    }

    private static ILocator Button(IPage page, string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });
}

/// <summary>A server with content on every page: a live broadcast, an ended one, upcoming events, a user, a webhook.</summary>
public sealed class FullServer : IAsyncLifetime
{
    internal const string Password = "correct horse battery";
    private ChildProcess? _encoder;

    public BroadcastServer Server { get; private set; } = null!;

    /// <summary>The next event.</summary>
    public string Event { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        Server = await BroadcastServer.StartAsync(environment: new Dictionary<string, string?>
        {
            ["BROADCAST__Control__AllowedWebhookTargets"] = "127.0.0.1",

            // Servers that share a database need the same.
            ["BROADCAST__Control__SecretKeys"] = Convert.ToBase64String(new byte[32]),
        });
        var live = await Server.AddChannelAsync("main", new { title = "Main stage", ladder = "passthrough" });
        var over = await Server.AddChannelAsync("past", new { title = "Yesterday", ladder = "passthrough", reconnectWindowSeconds = 1 });
        var relay = await Server.AddChannelAsync("relay", new { title = "Relay" });
        await Server.AddChannelAsync("evening", new { title = "Evening talks" });
        _encoder = FfmpegTool.Publish(Server.PublishUrl(live), new TestSource { Frame = CountingFrame.Filter });
        await using (var once = FfmpegTool.Publish(Server.PublishUrl(over), new TestSource { Frame = CountingFrame.Filter, Seconds = 6 }))
        {
            await once.WaitForExitAsync(TimeSpan.FromSeconds(40));
        }

        using var api = new HttpClient { BaseAddress = Server.Http };
        api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Server.AdminToken);
        using var jane = await api.PostAsJsonAsync("/api/v1/users",
            new { name = "jane", displayName = "Jane", password = Password, role = "admin" });
        jane.EnsureSuccessStatusCode();
        foreach (var (name, url, key) in new[]
        {
            ("Live partner", $"{Server.Rtmp}/live", relay.StreamKey), ("Wrong key", $"{Server.Rtmp}/live", "none-of-this-name"),
            ("Server that is down", "rtmp://127.0.0.1:1/a-long-application-name/of-a-platform/with-many-parts", "any"),
        })
        {
            using var target = await api.PostAsJsonAsync("/api/v1/channels/main/targets", new { name, url, streamKey = key });
            target.EnsureSuccessStatusCode();
        }

        await Poll.UntilAsync(
            async () => (await api.GetFromJsonAsync<JsonElement>("/api/v1/channels/main/targets")).EnumerateArray()
            .Select(target => target.GetProperty("state").GetString()).Distinct().Count() == 3, TimeSpan.FromSeconds(60),
            "targets are live, rejected and retrying");
        var begin = TimeProvider.System.GetUtcNow().AddHours(26);
        using var planned = await api.PostAsJsonAsync("/api/v1/events", new
        {
            title = "Morning prayer", description = "With the choir.", channel = "evening", start = begin, end = begin.AddHours(1),
            recurrence = "FREQ=DAILY;COUNT=20", timeZone = "Europe/Berlin",
        });
        planned.EnsureSuccessStatusCode();
        var series = (await planned.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString();
        Event = (await api.GetFromJsonAsync<JsonElement>($"/api/v1/events/{series}/occurrences"))[0].GetProperty("id").GetString()!;
        using var webhook = await api.PostAsJsonAsync("/api/v1/webhooks",
            new { url = "https://hooks.example.org/broadcast", label = "Sign at the door" });
        webhook.EnsureSuccessStatusCode();
        await Poll.UntilAsync(
            async () => (await api.GetFromJsonAsync<JsonElement>("/api/v1/recordings")).EnumerateArray()
            .Any(r => r.GetProperty("state").GetString() == "ready"), TimeSpan.FromSeconds(90), "a recording is there");
        await Poll.UntilAsync(async () => (await Server.Client.GetAsync("/live/main/poster.jpg")).IsSuccessStatusCode,
            TimeSpan.FromSeconds(40), "a poster of the channel");
    }

    public async ValueTask DisposeAsync()
    {
        if (_encoder is not null)
        {
            await _encoder.DisposeAsync();
        }

        await Server.DisposeAsync();
    }
}
