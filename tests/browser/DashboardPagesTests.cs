using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Broadcast.Testing;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>The dashboard's schedule, recordings and settings in a real browser, operated by keyboard and checked with axe.</summary>
[LongRunning]
public sealed class DashboardPagesTests(Chromium chromium)
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task Admin_moves_events_by_keyboard_plays_recordings_and_changes_settings()
    {
        await using var server = await BroadcastServer.StartAsync();
        var channel = await server.AddChannelAsync("sport",
            new { title = "Sport", ladder = "passthrough", reconnectWindowSeconds = 0, record = true });
        await using (var encoder = FfmpegTool.Publish(server.PublishUrl(channel), new TestSource { Seconds = 4 }))
        {
            (await encoder.WaitForExitAsync(TimeSpan.FromSeconds(40))).ShouldBe(0, encoder.Tail());
        }

        using var api = new HttpClient { BaseAddress = server.Http };
        api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.AdminToken);
        (await api.PostAsJsonAsync("/api/v1/users", new { name = "jane", password = Password, role = "admin" })).EnsureSuccessStatusCode();
        (await api.PatchAsJsonAsync("/api/v1/channels/sport", new { access = "token" })).EnsureSuccessStatusCode();

        var complaints = new List<string>();
        var page = await chromium.OpenAsync(new Uri("about:blank"));
        page.PageError += (_, error) => complaints.Add(error);
        page.Console += (_, message) =>
        {
            // Chromium logs the server's error responses: a missing or restricted poster, and a scheduling conflict.
            if (message.Type == "error"
                && !new[] { "404", "409" }.Any(status => message.Text.Contains(status, StringComparison.Ordinal))
                && !(message.Text.Contains("403", StringComparison.Ordinal)
                    && message.Location.Contains("/live/sport/poster.jpg", StringComparison.Ordinal)))
            {
                complaints.Add($"{message.Text} {message.Location}");
            }
        };

        await page.GotoAsync(new Uri(server.Http, "/dashboard").ToString());
        await Field(page, "Name").FillAsync("jane");
        await Field(page, "Password").FillAsync(Password);
        await Button(page, "Sign in").ClickAsync();

        await ScheduleAsync(page, server.Http);
        await RecordingsAsync(page);
        await SettingsAsync(page);

        complaints.ShouldBeEmpty();
        await page.Context.CloseAsync();
    }

    private static async Task ScheduleAsync(IPage page, Uri server)
    {
        var month = TimeProvider.System.GetLocalNow().AddMonths(1);
        string Day(int day) => new DateTime(month.Year, month.Month, day).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        ILocator Chip(string title, int day) => page.Locator($"td[data-day='{Day(day)}'] .event-chip", new() { HasText = title });

        await Link(page, "Schedule").ClickAsync();
        await PlanAsync(page, "The gala", $"{Day(14)}T20:00");
        await PlanAsync(page, "The fair", $"{Day(16)}T20:30");
        await Button(page, "Month").ClickAsync();
        await Button(page, "Next month").ClickAsync();
        await Chip("The gala", 14).FocusAsync();
        await SeriousAsync(page, "the month");

        // The event keeps the focus, so that the next key moves it further; it cannot be moved to the time of the fair.
        await page.Keyboard.PressAsync("Shift+ArrowRight");
        await Chip("The gala", 15).WaitForAsync();
        await page.GetByText("“The gala” moved to").WaitForAsync();
        await Poll.UntilAsync(async () => await page.EvaluateAsync<bool>(
            "() => document.activeElement?.textContent?.includes('The gala') === true"), description: "the moved event has the focus");
        await page.Keyboard.PressAsync("Shift+ArrowRight");
        await page.GetByText("Could not move “The gala”").WaitForAsync();
        await Chip("The gala", 15).WaitForAsync();

        await Chip("The gala", 15).ClickAsync();
        await Button(page, "Move").ClickAsync();
        await Field(page, "New start").FillAsync($"{Day(16)}T20:00");
        await Button(page, "Move event").ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Alert).WaitForAsync();
        await SeriousAsync(page, "an event that is in the way of another");
        await Field(page, "New start").FillAsync($"{Day(22)}T09:00");
        await Button(page, "Move event").ClickAsync();
        await Chip("The gala", 22).WaitForAsync();
        await Button(page, "Undo").ClickAsync();
        await Chip("The gala", 15).WaitForAsync();

        // Dragged with a pointer to another day; at the time of the fair it returns to its old place.
        await Chip("The gala", 15).DragToAsync(page.Locator($"td[data-day='{Day(18)}']"));
        await Chip("The gala", 18).WaitForAsync();
        await page.GetByText("“The gala” moved to").WaitForAsync();
        await Chip("The gala", 18).DragToAsync(page.Locator($"td[data-day='{Day(16)}']"));
        await page.GetByText("Could not move “The gala”").WaitForAsync();
        await Chip("The gala", 18).DragToAsync(page.Locator($"td[data-day='{Day(15)}']"));
        await Chip("The gala", 15).WaitForAsync();

        // From an evening to the next morning it is shown on both days, and on the following day once it is longer.
        await Chip("The gala", 15).ClickAsync();
        await Button(page, "Edit").ClickAsync();
        await Field(page, "End").FillAsync($"{Day(16)}T02:00");
        await page.GetByText("More options", new() { Exact = true }).ClickAsync();
        await Field(page, "Reminders (minutes before)").FillAsync("60, 10");
        await SeriousAsync(page, "the form of an event");
        await Button(page, "Save").ClickAsync();
        await Chip("The gala", 16).WaitForAsync();
        await Chip("The gala", 15).ClickAsync();
        await page.GetByText("60, 10 minutes before").WaitForAsync();
        (await Field(page, "Event page").InputValueAsync()).ShouldStartWith(new Uri(server, "/event/").ToString());
        await Button(page, "Close").Last.ClickAsync();
        await Button(page, "Week").ClickAsync();
        await SeriousAsync(page, "the week");
        await Button(page, "List").ClickAsync();
        await SeriousAsync(page, "the list of events");
    }

    private static async Task PlanAsync(IPage page, string title, string start)
    {
        await Button(page, "New event").ClickAsync();
        await Field(page, "Title").FillAsync(title);
        await Field(page, "Start").FillAsync(start);
        await Button(page, "Create event").ClickAsync();
        await page.GetByText($"“{title}” scheduled").WaitForAsync();
    }

    private static async Task RecordingsAsync(IPage page)
    {
        await Link(page, "Recordings").ClickAsync();
        var rows = page.Locator(".recording");
        await Poll.UntilAsync(async () => await rows.CountAsync() == 1, TimeSpan.FromSeconds(30), "the recording is listed");
        await page.GetByText("Storage used").WaitForAsync();
        await Field(page, "Search").FillAsync("nothing of that name");
        await page.GetByText("No results").WaitForAsync();
        await Field(page, "Search").FillAsync("SPO");
        await page.GetByText("1 result").WaitForAsync();
        await SeriousAsync(page, "recordings");

        await Button(page, "Hide Sport from viewers").ClickAsync();
        await page.GetByText("is now private").WaitForAsync();
        await Button(page, "Undo").ClickAsync();
        await Button(page, "Play Sport").ClickAsync();
        await Poll.UntilAsync(
            async () => await page.EvaluateAsync<bool>("() => (document.querySelector('video')?.currentTime ?? 0) > 0.5"),
            TimeSpan.FromSeconds(40), "the recording of a channel that takes a link plays");
        await SeriousAsync(page, "the player");
        await Button(page, "Close").Last.ClickAsync();

        var download = page.WaitForDownloadAsync();
        await Button(page, "Download MP4: Sport").ClickAsync();
        new FileInfo((await (await download).PathAsync())!).Length.ShouldBeGreaterThan(10_000);
        await page.GetByText("Download complete").WaitForAsync();
        await Button(page, "Close").Last.ClickAsync();
    }

    private static async Task SettingsAsync(IPage page)
    {
        await Link(page, "Settings").ClickAsync();
        await Button(page, "Turn on").ClickAsync();
        await Field(page, "Your password").FillAsync(Password);
        await Button(page, "Continue").ClickAsync();
        var code = page.GetByRole(AriaRole.Img, new() { NameRegex = new("^QR code") });
        await code.WaitForAsync();
        (await code.BoundingBoxAsync())!.Width.ShouldBeGreaterThan(150);
        (await page.Locator("input[readonly]").First.InputValueAsync()).Length
            .ShouldBeGreaterThan(15, "the secret stands beside it as text");
        await SeriousAsync(page, "the second factor");
        await Button(page, "Cancel").ClickAsync();

        await Link(page, "Appearance").ClickAsync();
        foreach (var theme in new[] { "Light", "Dark" })
        {
            await page.GetByLabel(theme, new() { Exact = true }).CheckAsync();
            (await page.Locator("html").GetAttributeAsync("data-theme")).ShouldBe(theme.ToLowerInvariant());
            await SeriousAsync(page, theme);
        }

        await page.ReloadAsync();
        await page.GetByLabel("Dark", new() { Exact = true }).WaitForAsync();
        (await page.Locator("html").GetAttributeAsync("data-theme")).ShouldBe("dark", "it is remembered");

        await Link(page, "Storage").ClickAsync();
        await Button(page, "Test").ClickAsync();
        await page.GetByText("Storage test passed").WaitForAsync();
        (await page.Locator(".item-list li").CountAsync()).ShouldBe(5);
        await SeriousAsync(page, "storage");
        await Link(page, "About").ClickAsync();
        await page.GetByText("Npgsql", new() { Exact = true }).WaitForAsync();
        await SeriousAsync(page, "about");
        foreach (var section in new[] { "Users", "API tokens", "Webhooks", "Encoders", "Audit log" })
        {
            await Link(page, section).ClickAsync();
            await page.GetByRole(AriaRole.Heading, new() { Name = section, Exact = true })
                .Or(page.Locator(".settings-body .form, .settings-body .block")).First.WaitForAsync();
            await SeriousAsync(page, section);
        }
    }

    private static async Task SeriousAsync(IPage page, string where)
    {
        var serious = (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical")
            .Select(v => $"{v.Id}: {v.Help} {v.Nodes.FirstOrDefault()?.Html}");
        serious.ShouldBeEmpty(where);
    }

    private static ILocator Field(IPage page, string label) => page.GetByLabel(label, new() { Exact = true });

    private static ILocator Button(IPage page, string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    private static ILocator Link(IPage page, string name) => page.GetByRole(AriaRole.Link, new() { Name = name, Exact = true });
}
