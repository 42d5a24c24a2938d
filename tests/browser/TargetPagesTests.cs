using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Testing;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>The targets of the dashboard in a real browser. The server itself is the other platform, with its channel 'there'.</summary>
[LongRunning]
public sealed class TargetPagesTests(Chromium chromium)
{
    private const string Password = "correct horse battery";
    private static readonly LocatorAssertionsToBeVisibleOptions Soon = new() { Timeout = 60_000 };
    private readonly List<string> _complaints = [];

    [Fact]
    public async Task Producer_adds_tests_switches_and_deletes_targets_and_a_viewer_sees_none()
    {
        await using var server = await StartAsync();
        var channel = await server.AddChannelAsync("main", new { title = "Main stage" });
        var there = await server.AddChannelAsync("there", new { reconnectWindowSeconds = 0 });
        var page = await SignInAsync(server, "paul");
        await GoAsync(page, server);
        var targets = page.GetByRole(AriaRole.Region, new() { Name = "Targets", Exact = true });
        await targets.GetByText("No targets yet").WaitForAsync();

        await AddPresetAsync(page, targets);
        await AddOwnAsync(page, targets, server, there);
        await SwitchAsync(page, targets, server, channel);
        await DeleteAsync(page, targets);
        await page.Context.CloseAsync();

        var viewer = await SignInAsync(server, "vera");
        await GoAsync(viewer, server);
        (await viewer.GetByText("Targets").CountAsync()).ShouldBe(0);
        (await Button(viewer, "Add target").CountAsync()).ShouldBe(0);
        _complaints.ShouldBeEmpty();
        (await viewer.EvaluateAsync<int>("async () => (await fetch('/api/v1/channels/main/targets')).status")).ShouldBe(403);
        await viewer.Context.CloseAsync();
    }

    [Fact]
    public async Task Target_of_an_event_is_managed_in_the_event_and_listed_at_the_channel()
    {
        await using var server = await StartAsync();
        await server.AddChannelAsync("main");
        var begin = TimeProvider.System.GetUtcNow().AddHours(2);
        using var planned = await server.Api.PostAsJsonAsync("/api/v1/events",
            new { title = "The gala", channel = "main", start = begin, end = begin.AddHours(1) });
        planned.EnsureSuccessStatusCode();
        var page = await SignInAsync(server, "paul");
        await page.GotoAsync(new Uri(server.Http, "/dashboard/schedule").ToString());
        await Button(page, "List").ClickAsync();
        await page.GetByText("The gala").First.ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByText("This event has no targets of its own.").WaitForAsync();

        await Button(dialog, "Add target").ClickAsync();
        await page.GetByText("only while the event is live").WaitForAsync();
        await Field(page, "Platform").SelectOptionAsync("other");
        await Field(page, "Name").FillAsync("Partner");
        await Field(page, "Address").FillAsync("rtmp://127.0.0.1:1/live");
        await Field(page, "Stream key").FillAsync("secret-of-the-partner");
        await SeriousAsync(page, "a target of an event");
        await Button(page.GetByRole(AriaRole.Dialog), "Add target").Last.ClickAsync();
        var row = page.Locator(".item-list li", new() { HasText = "Partner" });
        await Assertions.Expect(row.GetByText("only during its event")).ToBeVisibleAsync(Soon);
        await SeriousAsync(page, "an event with a target");

        await GoAsync(page, server);
        await Assertions.Expect(page.Locator(".item-list li", new() { HasText = "Partner" }).GetByText("only during its event"))
            .ToBeVisibleAsync(Soon);
        (await page.ContentAsync()).ShouldNotContain("secret-of-the-partner");
        _complaints.ShouldBeEmpty();
        await page.Context.CloseAsync();
    }

    /// <summary>A preset fills in the address. The channel is off air: nothing connects to the platform.</summary>
    private static async Task AddPresetAsync(IPage page, ILocator targets)
    {
        await Button(targets, "Add target").ClickAsync();
        await Field(page, "Platform").SelectOptionAsync(new SelectOptionValue { Label = "Twitch" });
        await Assertions.Expect(Field(page, "Name")).ToHaveValueAsync("Twitch");
        (await Field(page, "Address").InputValueAsync()).ShouldStartWith("rtmps://");
        await page.GetByText("Limits: 1080p").WaitForAsync();
        await SeriousAsync(page, "a new target");
        await Button(page.GetByRole(AriaRole.Dialog), "Add target").ClickAsync();
        await Assertions.Expect(Field(page, "Stream key")).ToBeFocusedAsync();
        await Field(page, "Stream key").FillAsync("live_123");
        await Button(page.GetByRole(AriaRole.Dialog), "Add target").ClickAsync();
        await Assertions.Expect(Row(targets, "Twitch").GetByText("The channel is not on air")).ToBeVisibleAsync(Soon);
        await Enabled(targets, "Twitch").ClickAsync();
        await Assertions.Expect(Enabled(targets, "Twitch")).Not.ToBeCheckedAsync();
    }

    /// <summary>An invalid address is explained at its field, and the form keeps what was entered.</summary>
    private static async Task AddOwnAsync(IPage page, ILocator targets, BroadcastServer server, CreatedChannel there)
    {
        await Button(targets, "Add target").ClickAsync();
        await Field(page, "Platform").SelectOptionAsync("other");
        await Field(page, "Name").FillAsync("Partner");
        await Field(page, "Address").FillAsync("http://127.0.0.1/live");
        await Field(page, "Stream key").FillAsync(there.StreamKey);
        await Button(page.GetByRole(AriaRole.Dialog), "Add target").ClickAsync();
        await Assertions.Expect(Field(page, "Address")).ToHaveAttributeAsync("aria-invalid", "true");
        await Assertions.Expect(Field(page, "Address")).ToBeFocusedAsync();
        await SeriousAsync(page, "an invalid address");
        await Field(page, "Address").FillAsync($"{server.Rtmp}/live");
        await Button(page.GetByRole(AriaRole.Dialog), "Add target").ClickAsync();

        await Assertions.Expect(Row(targets, "Partner").GetByText("The channel is not on air")).ToBeVisibleAsync(Soon);
        await Button(Row(targets, "Partner"), "Test").ClickAsync();
        await Assertions.Expect(Row(targets, "Partner").GetByText("The platform accepts the address and the key")).ToBeVisibleAsync(Soon);
    }

    private static async Task SwitchAsync(IPage page, ILocator targets, BroadcastServer server, CreatedChannel channel)
    {
        await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel), new TestSource());
        await ExpectStateAsync(targets, "Live");
        (await PublicationsAsync(server)).Count.ShouldBe(3, "the test has begun and ended one");
        await Assertions.Expect(Button(Row(targets, "Partner"), "Test")).ToBeDisabledAsync();
        await Assertions.Expect(Row(targets, "Partner").GetByText("bit/s")).ToBeVisibleAsync(Soon);
        await SeriousAsync(page, "a live target");

        await Enabled(targets, "Partner").ClickAsync();
        await Assertions.Expect(Enabled(targets, "Partner")).Not.ToBeCheckedAsync();
        await ExpectStateAsync(targets, "Off");
        await Poll.UntilAsync(async () => (await PublicationsAsync(server)).Count == 4, TimeSpan.FromSeconds(20), "the publication ends");
        await Enabled(targets, "Partner").ClickAsync();
        await ExpectStateAsync(targets, "Live");

        // A change of the address requires the key again.
        await Button(Row(targets, "Partner"), "Edit").ClickAsync();
        await Field(page, "Name").FillAsync("Partner 2");
        await Button(page.GetByRole(AriaRole.Dialog), "Save").ClickAsync();
        await Assertions.Expect(Row(targets, "Partner 2")).ToBeVisibleAsync(Soon);
    }

    private static async Task DeleteAsync(IPage page, ILocator targets)
    {
        await Button(Row(targets, "Partner 2"), "Delete").ClickAsync();
        await Button(page.GetByRole(AriaRole.Dialog), "Cancel").ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        await Assertions.Expect(Row(targets, "Partner 2")).ToBeVisibleAsync();
        foreach (var name in new[] { "Partner 2", "Twitch" })
        {
            await Button(Row(targets, name), "Delete").ClickAsync();
            await page.GetByText($"Delete target “{name}”?").WaitForAsync();
            await Button(page.GetByRole(AriaRole.Dialog), "Delete").ClickAsync();
            await Assertions.Expect(Row(targets, name)).ToHaveCountAsync(0);
        }

        await targets.GetByText("No targets yet").WaitForAsync();
    }

    private static async Task<BroadcastServer> StartAsync()
    {
        var server = await BroadcastServer.StartAsync(environment: new Dictionary<string, string?>
        {
            ["BROADCAST__Control__AllowedWebhookTargets"] = "127.0.0.1",
            ["BROADCAST__Slate__Enabled"] = "false",

            // Servers that share a database need the same.
            ["BROADCAST__Control__SecretKeys"] = Convert.ToBase64String(new byte[32]),
        });
        foreach (var (name, role) in new[] { ("paul", "producer"), ("vera", "viewer") })
        {
            using var added = await server.Api.PostAsJsonAsync("/api/v1/users", new { name, password = Password, role });
            added.EnsureSuccessStatusCode();
        }

        return server;
    }

    private async Task<IPage> SignInAsync(BroadcastServer server, string name)
    {
        var page = await chromium.OpenAsync(new Uri("about:blank"));
        page.PageError += (_, error) => _complaints.Add(error);
        page.Console += (_, message) =>
        {
            // Chromium logs the server's error responses: a missing poster, and the invalid address.
            if (message.Type == "error"
                && !new[] { "404", "400", "422" }.Any(status => message.Text.Contains(status, StringComparison.Ordinal)))
            {
                _complaints.Add($"{message.Text} {message.Location}");
            }
        };
        await page.GotoAsync(new Uri(server.Http, "/dashboard").ToString());
        await Field(page, "Name").FillAsync(name);
        await Field(page, "Password").FillAsync(Password);
        await Button(page, "Sign in").ClickAsync();
        await Button(page, "Sign out").WaitForAsync();
        return page;
    }

    private static async Task GoAsync(IPage page, BroadcastServer server)
    {
        await page.GotoAsync(new Uri(server.Http, "/dashboard/channels/main").ToString());
        await page.Locator("h1").WaitForAsync();
    }

    private static Task ExpectStateAsync(ILocator targets, string state) =>
        Assertions.Expect(Row(targets, "Partner").Locator(".pill", new() { HasText = state })).ToBeVisibleAsync(Soon);

    private static async Task<List<string>> PublicationsAsync(BroadcastServer platform) =>
        [.. (await platform.Api.GetFromJsonAsync<JsonElement>("/api/v1/channels/there/activity")).EnumerateArray()
            .Select(row => row.GetProperty("type").GetString()!).Where(type => type.StartsWith("publish.", StringComparison.Ordinal))];

    private static async Task SeriousAsync(IPage page, string where)
    {
        var serious = (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical")
            .Select(v => $"{v.Id}: {v.Help} {v.Nodes.FirstOrDefault()?.Html}");
        serious.ShouldBeEmpty(where);
    }

    private static ILocator Row(ILocator targets, string name) => targets.Locator(".item-list li", new() { HasText = name });

    private static ILocator Enabled(ILocator targets, string name) => Row(targets, name).GetByRole(AriaRole.Switch);

    private static ILocator Field(IPage page, string label) => page.GetByLabel(label, new() { Exact = true });

    private static ILocator Button(IPage page, string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    private static ILocator Button(ILocator within, string name) => within.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });
}
