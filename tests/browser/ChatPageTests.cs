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
    private const int MaxPresses = 60;
    private const string LastRow = ".chat-row:last-child";
    private const string RecordingVote = "[aria-label$='Will there be a recording?']";

    /// <summary>Counts the changes of the list in the page.</summary>
    private const string CountUpdates = """
        () => {
          const list = document.querySelector('.chat-list');
          const burst = window.burst = { updates: 0, added: 0, most: 0, from: document.querySelector('video').currentTime };
          new MutationObserver((records) => {
            burst.updates++;
            burst.added += records.reduce((sum, record) => sum + record.addedNodes.length, 0);
            burst.most = Math.max(burst.most, list.childElementCount);
          }).observe(list, { childList: true });
        }
        """;

    private static readonly string? Folder = Environment.GetEnvironmentVariable("BROADCAST_SCREENSHOTS") is { Length: > 0 } folder
        ? folder : null;
    private readonly List<string> _complaints = [];

    /// <summary>Both color schemes and both widths; the third combination adds nothing but a screenshot.</summary>
    public static TheoryData<string, int, int, ColorScheme> Looks { get; } = Folder is null
        ? new() { { "dark", 1280, 800, ColorScheme.Dark }, { "phone", 360, 740, ColorScheme.Light } }
        : new() { { "dark", 1280, 800, ColorScheme.Dark }, { "phone", 360, 740, ColorScheme.Light },
            { "light", 1280, 800, ColorScheme.Light } };

    [Theory]
    [MemberData(nameof(Looks))]
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
        await CheckAsync(page, "watch writing", look);
        await page.Locator(".chat-questions summary").ClickAsync();
        await page.GetByLabel("Your question").WaitForAsync();
        await page.Locator(".chat-emojis").WaitForAsync(new() { State = WaitForSelectorState.Hidden });
        await CheckAsync(page, "watch asking", look);
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

    [Fact]
    public async Task Moderator_writes_removes_and_restores_messages_by_keyboard()
    {
        var page = await chromium.OpenAsync(new Uri(chat.Server.Http, "/dashboard"));
        await LiveChat.SignInAsync(page);
        await GoAsync(page, $"/watch/{LiveChat.Channel}", "html[data-state=live]", ".chat-announcement", ".chat-pinned button");
        await page.GetByText("Writing as Jane").WaitForAsync();

        // A message is sent, and the next one can be written at once.
        await TabToAsync(page, "[aria-label=Message]");
        foreach (var text in new[] { "To be kept", "To be removed" })
        {
            await page.Keyboard.TypeAsync(text);
            await page.Keyboard.PressAsync("Enter");
            await page.Locator(".chat-row:not(.chat-pending)", new() { HasText = text }).WaitForAsync();
            await FocusIsAsync(page, "[aria-label=Message]");
        }

        // An emoji is inserted; Escape closes the grid.
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");
        await FocusIsAsync(page, ".chat-emoji");
        await page.Keyboard.PressAsync("ArrowRight");
        await page.Keyboard.PressAsync("Enter");
        await FocusIsAsync(page, "[aria-label=Message]");
        (await page.InputValueAsync("[aria-label=Message]")).ShouldNotBeEmpty();
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");
        await page.Keyboard.PressAsync("Escape");
        await FocusIsAsync(page, ".chat-emoji-button");

        // The message disappears together with the button that has opened the dialog.
        await TabToAsync(page, $"{LastRow} [aria-label^=Moderate]", back: true);
        await page.Keyboard.PressAsync("Enter");
        await FocusIsAsync(page, "dialog[open] [name=chat-action]");
        await page.Keyboard.PressAsync("Escape");
        await FocusIsAsync(page, $"{LastRow} [aria-label^=Moderate]");
        await page.Keyboard.PressAsync("Enter");
        await page.Keyboard.PressAsync("Enter");
        await RowsAsync(page, "To be removed", 0);
        await FocusIsAsync(page, ".chat-log");
        await TabToAsync(page, "button:text-is('Undo')");
        await page.Keyboard.PressAsync("Enter");
        await RowsAsync(page, "To be removed", 1);
        await FocusIsAsync(page, ".chat-notice");

        // So do buttons that have no further use.
        await TabToAsync(page, $"{LastRow} [aria-label^=Reply]", back: true);
        await page.Keyboard.PressAsync("Enter");
        await FocusIsAsync(page, "[aria-label=Message]");
        await TabToAsync(page, "button:text-is('Cancel reply')", back: true);
        await page.Keyboard.PressAsync("Enter");
        await FocusIsAsync(page, "[aria-label=Message]");
        await TabToAsync(page, ".chat-questions summary", back: true);
        await page.Keyboard.PressAsync("Enter");
        await TabToAsync(page, RecordingVote);
        await page.Keyboard.PressAsync("Enter");
        await page.GetByLabel("1 vote. Vote for: Will there be a recording?").WaitForAsync();
        await FocusIsAsync(page, RecordingVote);
        await TabToAsync(page, ".chat-poll-choice:last-child", back: true);
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("2 votes", new() { Exact = true }).WaitForAsync();
        await FocusIsAsync(page, ".chat-poll");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Burst_of_messages_changes_the_page_once_per_batch()
    {
        var page = await chromium.OpenPlayerAsync(new Uri("about:blank"));
        var time = TimeProvider.System.GetUtcNow().AddHours(-1).ToString("O", CultureInfo.InvariantCulture);
        var begin = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await page.RouteAsync($"**/live/{LiveChat.Channel}/chat.json*", async route =>
        {
            var after = new Uri(route.Request.Url).Query is { Length: > 0 } query
                ? int.Parse(query.Split('=')[1], NumberStyles.None, CultureInfo.InvariantCulture) : -1;
            if (after == 0)
            {
                await begin.Task;
            }

            var last = Math.Clamp(after + 1, 0, BurstBatches);
            object[] batches = after < 0 || last == after ? [] : [new { messages = Batch(last, time) }];
            await route.FulfillAsync(new()
            {
                ContentType = "application/json",
                Body = JsonSerializer.Serialize(new { session = "burst", first = 1, last, state = new { }, batches }),
            });
        });
        await GoAsync(page, $"/watch/{LiveChat.Channel}", "html[data-state=live]", ".chat:not([hidden])");
        await page.EvaluateAsync(CountUpdates);
        begin.SetResult();

        await page.GetByText(TextOf(BurstBatches, BatchSize - 1), new() { Exact = true }).WaitForAsync();
        var burst = await page.EvaluateAsync<JsonElement>("() => window.burst");
        burst.GetProperty("added").GetInt32().ShouldBe(BurstBatches * BatchSize);
        burst.GetProperty("updates").GetInt32().ShouldBeInRange(1, BurstBatches);
        burst.GetProperty("most").GetInt32().ShouldBe(MaxRows);
        (await page.Locator(".chat-text").AllTextContentsAsync()).ShouldBe(
            Enumerable.Range(BurstBatches - (MaxRows / BatchSize) + 1, MaxRows / BatchSize)
            .SelectMany(batch => Enumerable.Range(0, BatchSize).Select(position => TextOf(batch, position))));
        (await page.EvaluateAsync<double>(
            "() => { const log = document.querySelector('.chat-log'); return log.scrollHeight - log.scrollTop - log.clientHeight; }"))
            .ShouldBeLessThan(2, "the newest message is in view");
        await Poll.UntilAsync(
            async () => await page.EvaluateAsync<bool>("() => document.querySelector('video').currentTime > window.burst.from + 1"),
            TimeSpan.FromSeconds(20), "the video plays on");
        await page.Context.CloseAsync();
    }

    private static string TextOf(int batch, int position) => $"message {batch}-{position}";

    private static IEnumerable<object> Batch(int batch, string time) => Enumerable.Range(0, BatchSize).Select(position => new
    {
        id = $"{batch}-{position}", from = $"{position:x10}", name = $"Viewer {position}", text = TextOf(batch, position), time,
    });

    /// <summary>Presses Tab, or Shift and Tab, until an element has the focus.</summary>
    private static async Task TabToAsync(IPage page, string selector, bool back = false)
    {
        for (var presses = 0; presses < MaxPresses; presses++)
        {
            await page.Keyboard.PressAsync(back ? "Shift+Tab" : "Tab");
            if (await HasFocusAsync(page, selector))
            {
                return;
            }
        }

        throw new InvalidOperationException($"Tab does not reach {selector}.");
    }

    private static async Task<bool> HasFocusAsync(IPage page, string selector)
    {
        foreach (var element in await page.QuerySelectorAllAsync(selector))
        {
            if (await element.EvaluateAsync<bool>("element => element === document.activeElement"))
            {
                return true;
            }
        }

        return false;
    }

    private static async Task FocusIsAsync(IPage page, string selector)
    {
        try
        {
            await Poll.UntilAsync(() => HasFocusAsync(page, selector), TimeSpan.FromSeconds(5), $"{selector} has the focus");
        }
        catch (TimeoutException late)
        {
            var focused = await page.EvaluateAsync<string>("() => document.activeElement.cloneNode().outerHTML");
            throw new TimeoutException($"{late.Message}, but the focus is at {focused}", late);
        }
    }

    private static Task RowsAsync(IPage page, string text, int count) => Poll.UntilAsync(
        async () => await page.Locator(".chat-row", new() { HasText = text }).CountAsync() == count, TimeSpan.FromSeconds(20),
        $"{count} rows with {text}");

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
