using System.Globalization;
using System.Text.Json;
using Broadcast.Testing;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>
/// The pages of the chat: accessible to assistive technology, operated by keyboard, and with many messages. <c>./broadcast test
/// --screenshots DIR</c> stores a screenshot of each page.
/// </summary>
[LongRunning]
public sealed class ChatPageTests(Chromium chromium, LiveChat chat) : IClassFixture<LiveChat>
{
    /// <summary>Maximum number of messages in a page.</summary>
    private const int MaxRows = 200;

    private const int BurstBatches = 20;
    private const int BatchSize = 50;
    private const string LastRow = ".chat-row:last-child";

    private static readonly string? Folder = Environment.GetEnvironmentVariable("BROADCAST_SCREENSHOTS") is { Length: > 0 } folder
        ? folder : null;
    private readonly List<string> _complaints = [];

    [Theory]
    [InlineData("dark", 1280, 800, ColorScheme.Dark)]
    [InlineData("light", 1280, 800, ColorScheme.Light)]
    [InlineData("phone", 360, 740, ColorScheme.Light)]
    public async Task Pages_of_the_chat_are_accessible(string look, int width, int height, ColorScheme scheme)
    {
        var page = await chromium.OpenAsync(new Uri("about:blank"), width, height);
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });

        // As a guest.
        await GoAsync(page, $"/watch/{LiveChat.Channel}", "html[data-state=live]", ".chat-announcement", ".chat-poll-choice");
        await CheckAsync(page, "watch", look);
        await page.GetByLabel("Your name").FillAsync("Gast");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByLabel("Insert an emoji").ClickAsync();
        await page.Locator(".chat-questions summary").ClickAsync();
        await page.Locator(".chat-question").First.WaitForAsync();
        await CheckAsync(page, "watch writing", look);
        await GoAsync(page, $"/embed/{LiveChat.Channel}?chat=1", "html[data-state=live]", ".chat-announcement");
        await CheckAsync(page, "embed", look);
        await GoAsync(page, $"/watch/{LiveChat.Channel}/chat", ".chat-announcement", ".chat-question");
        await CheckAsync(page, "chat", look);

        // It has one look, and is displayed over a video.
        await GoAsync(page, $"/watch/{LiveChat.Channel}/overlay", ".chat-announcement", "progress", $"text={LiveChat.Pinned}");
        await page.EvaluateAsync("() => document.documentElement.style.background = '#456'");
        await CheckAsync(page, "overlay", look);

        // As a moderator.
        await LiveChat.SignInAsync(page);
        await GoAsync(page, $"/watch/{LiveChat.Channel}", "html[data-state=live]", ".chat-announcement", ".chat-pinned button");
        await page.GetByLabel("Moderate the message of Ada").Last.ClickAsync(new() { Force = true });
        await page.GetByLabel("Time out").CheckAsync();
        await CheckAsync(page, "watch moderating", look);
        await GoAsync(page, $"/dashboard/channels/{LiveChat.Channel}", "#chat >> text=This one waits for review.", "#chat >> text=Encore?",
            "#chat >> text=Who wrote this song?", "#chat >> text=Insults");
        foreach (var closed in await page.Locator("#chat details > summary").AllAsync())
        {
            await closed.ClickAsync();
        }

        await page.GetByLabel("Words that reject a message").WaitForAsync();
        await CheckAsync(page, "dashboard", look);
        await page.GetByRole(AriaRole.Button, new() { Name = "Moderate…" }).First.ClickAsync();
        await page.GetByRole(AriaRole.Dialog).WaitForAsync();
        await CheckAsync(page, "dashboard moderating", look);

        _complaints.ShouldBeEmpty();
        await page.Context.CloseAsync();
    }

    private async Task GoAsync(IPage page, string path, params string[] seen)
    {
        await page.GotoAsync(new Uri(chat.Server.Http, path).ToString());
        foreach (var selector in seen)
        {
            await page.Locator(selector).First.WaitForAsync(new() { State = WaitForSelectorState.Attached });
        }
    }

    private async Task CheckAsync(IPage page, string name, string look)
    {
        if (Folder is not null)
        {
            await page.ScreenshotAsync(new PageScreenshotOptions
            {
                Path = Path.Combine(Folder, $"40-chat-{name}-{look}.png".Replace(' ', '-')),
                FullPage = true,
            });
        }

        if (await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - window.innerWidth") is > 0 and var over)
        {
            _complaints.Add($"{name}, {look}: sticks out by {over} pixels");
        }

        foreach (var broken in (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical"))
        {
            _complaints.Add($"{name}, {look}: {broken.Id}: {broken.Help} {string.Join(' ', broken.Nodes.Select(node => node.Html))}");
        }
    }
}
