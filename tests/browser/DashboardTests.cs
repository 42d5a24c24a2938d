using Broadcast.Testing;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>The dashboard in a real browser for a new admin: from the setup code to a recurring broadcast.</summary>
[LongRunning]
public sealed class DashboardTests(Chromium chromium)
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task New_admin_sets_up_an_account_and_a_recurring_event_and_signs_out()
    {
        await using var server = await FreshServer.StartAsync();
        var complaints = new List<string>();
        var page = await chromium.OpenAsync(new Uri("about:blank"));
        page.PageError += (_, error) => complaints.Add(error);
        page.Console += (_, message) =>
        {
            // A wrong password is answered with 401, which Chromium logs as an error.
            if (message.Type == "error" && !message.Text.Contains("401", StringComparison.Ordinal)
                && !message.Text.Contains("404", StringComparison.Ordinal))
            {
                complaints.Add(message.Text);
            }
        };

        await page.GotoAsync(new Uri(server.Http, "/dashboard/setup").ToString());
        await Field(page, "Set-up code").FillAsync(server.SetupCode);
        await Field(page, "Name").FillAsync("jane");
        await Field(page, "Password").FillAsync(Password);
        await Field(page, "Repeat password").FillAsync(Password);
        await Button(page, "Create account").ClickAsync();

        await Button(page, "New channel").ClickAsync();
        await Field(page, "Name").FillAsync("main");
        await Button(page, "Create channel").ClickAsync();
        await page.GetByText("Waiting for the encoder").WaitForAsync();

        await Button(page, "Sign out").ClickAsync();
        await Field(page, "Name").FillAsync("jane");
        await Field(page, "Password").FillAsync("not her password");
        await Button(page, "Sign in").ClickAsync();
        await page.GetByText("Name or password is wrong.").WaitForAsync();
        await Field(page, "Password").FillAsync(Password);
        await Button(page, "Sign in").ClickAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Schedule", Exact = true }).ClickAsync();
        await Button(page, "New event").ClickAsync();
        await Field(page, "Title").FillAsync("Morning prayer");
        await Field(page, "Repeats").SelectOptionAsync("daily");
        await Button(page, "Create event").ClickAsync();
        await page.GetByText("“Morning prayer” scheduled").WaitForAsync();

        await Button(page, "Month").ClickAsync();
        await Button(page, "Next month").ClickAsync();
        var events = page.Locator(".event-chip", new() { HasText = "Morning prayer" });
        await Poll.UntilAsync(async () => await events.CountAsync() >= 28, TimeSpan.FromSeconds(20), "every day of the next month has it");
        var serious = (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical")
            .Select(v => $"{v.Id}: {v.Help} {v.Nodes.FirstOrDefault()?.Html}");
        serious.ShouldBeEmpty();

        // The cookie identifies her: the page stores only her progress in the first steps.
        await page.ReloadAsync();
        await Button(page, "New event").WaitForAsync();
        (await page.EvaluateAsync<string[]>("() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)]")).ShouldBe(
            ["broadcast.login", "broadcast.steps"], ignoreOrder: true);

        await Button(page, "Sign out").ClickAsync();
        await Button(page, "Sign in").WaitForAsync();
        (await page.EvaluateAsync<int>("async () => (await fetch('/api/v1/me')).status")).ShouldBe(401);
        complaints.ShouldBeEmpty();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task New_channel_waits_for_its_encoder_becomes_green_and_shows_health_until_it_ends()
    {
        await using var server = await FreshServer.StartAsync();
        var complaints = new List<string>();
        var page = await chromium.OpenAsync(new Uri("about:blank"));
        page.PageError += (_, error) => complaints.Add(error);
        page.Console += (_, message) =>
        {
            // Requests for missing resources, which Chromium logs as errors.
            if (message.Type == "error" && !message.Text.Contains("404", StringComparison.Ordinal))
            {
                complaints.Add(message.Text);
            }
        };
        await page.GotoAsync(new Uri(server.Http, "/dashboard/setup").ToString());
        await Field(page, "Set-up code").FillAsync(server.SetupCode);
        await Field(page, "Name").FillAsync("jane");
        await Field(page, "Password").FillAsync(Password);
        await Field(page, "Repeat password").FillAsync(Password);
        await Button(page, "Create account").ClickAsync();

        await Button(page, "New channel").ClickAsync();
        await Field(page, "Name").FillAsync("council");
        await Field(page, "Title").FillAsync("Town council");
        await Field(page, "DVR window").SelectOptionAsync("30m");
        await Button(page, "Create channel").ClickAsync();
        var connect = page.Locator(".connect");
        await connect.GetByText("Waiting for the encoder").WaitForAsync();
        var rtmp = await connect.GetByLabel("Server", new() { Exact = true }).InputValueAsync();
        var key = await connect.GetByLabel("Stream key", new() { Exact = true }).InputValueAsync();

        await using (FfmpegTool.Publish($"{rtmp}/{key}", new TestSource { Frame = CountingFrame.Filter }))
        {
            await page.Locator(".connect[data-connected='true']").WaitForAsync(new() { Timeout = 60_000 });
            await page.GetByText("the channel is live").WaitForAsync(new() { Timeout = 60_000 });
            var video = page.FrameLocator(".preview iframe").Locator("video");
            await Poll.UntilAsync(async () => await video.EvaluateAsync<double>("v => v.currentTime") > 1, TimeSpan.FromSeconds(60),
                "the video plays");
            foreach (var chart in new[] { "bitrate", "frames", "delay" })
            {
                await Poll.UntilAsync(
                    async () => await page.Locator($".chart[data-chart='{chart}'] .chart-value").AllInnerTextsAsync() is [var now]
                    && now.Any(char.IsDigit), TimeSpan.FromSeconds(60), $"{chart} is measured");
            }

            await page.Locator(".activity").GetByText("Broadcast started").WaitForAsync();
            await page.Locator(".activity").GetByText("Encoder connected").WaitForAsync();
            await page.Locator(".activity").GetByText("Channel created by jane").WaitForAsync();
            await page.GetByText("Source healthy").First.WaitForAsync(new() { Timeout = 60_000 });
            var serious = (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical")
                .Select(v => $"{v.Id}: {v.Help} {v.Nodes.FirstOrDefault()?.Html}");
            serious.ShouldBeEmpty();

            await page.GetByRole(AriaRole.Link, new() { Name = "All channels", Exact = true }).ClickAsync();
            await page.Locator(".card[data-state='live']").GetByText("kbit/s").WaitForAsync();
            (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical")
                .Select(v => $"{v.Id}: {v.Help} {v.Nodes.FirstOrDefault()?.Html}").ShouldBeEmpty();
            await page.GetByRole(AriaRole.Link, new() { Name = "Town council", Exact = true }).ClickAsync();

            await Button(page, "End broadcast").ClickAsync();
            await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "End broadcast", Exact = true }).ClickAsync();
            await page.Locator(".activity").GetByText("Broadcast ended: ended by an operator").WaitForAsync();
            await page.Locator(".activity").GetByText("Broadcast ended manually by jane").WaitForAsync();
        }

        complaints.ShouldBeEmpty();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Dashboard_fits_a_narrow_phone_without_clipping()
    {
        await using var server = await FreshServer.StartAsync();
        var page = await chromium.OpenAsync(new Uri(server.Http, "/dashboard/setup"), width: 360, height: 740);
        await Field(page, "Set-up code").FillAsync(server.SetupCode);
        await Field(page, "Name").FillAsync("jane");
        await Field(page, "Password").FillAsync(Password);
        await Field(page, "Repeat password").FillAsync(Password);
        await Button(page, "Create account").ClickAsync();
        await Button(page, "New channel").ClickAsync();
        await Field(page, "Name").FillAsync("main");
        await Button(page, "Create channel").ClickAsync();
        await page.GetByText("Waiting for the encoder").WaitForAsync();
        (await Overhang(page)).ShouldBe(0);

        foreach (var name in new[] { "Settings", "Recordings", "Schedule", "Overview" })
        {
            var link = page.GetByRole(AriaRole.Link, new() { Name = name, Exact = true });
            var box = await link.BoundingBoxAsync();
            (box!.X >= 0 && box.X + box.Width <= 360 && box.Y + box.Height <= 740).ShouldBeTrue($"{name} is in sight");
            await link.ClickAsync();
            await page.Locator($"a[aria-current='page']:text-is('{name}')").WaitForAsync();
            (await Overhang(page)).ShouldBe(0, name);
        }

        await page.Context.CloseAsync();
    }

    private static Task<int> Overhang(IPage page) =>
        page.EvaluateAsync<int>("() => Math.max(0, document.documentElement.scrollWidth - window.innerWidth)");

    private static ILocator Field(IPage page, string label) => page.GetByLabel(label, new() { Exact = true });

    private static ILocator Button(IPage page, string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    /// <summary>A server on an empty data folder whose console output is captured, including the setup code.</summary>
    private sealed class FreshServer : IAsyncDisposable
    {
        private const string CodeMark = "set-up code ";
        private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);
        private readonly TempFolder _folder = TempFolder.Create();
        private ChildProcess? _process;

        public Uri Http { get; private set; } = null!;

        public string SetupCode { get; private set; } = "";

        public static async Task<FreshServer> StartAsync()
        {
            var server = new FreshServer();
            try
            {
                server._process = ChildProcess.Start(
                    "dotnet",
                    [Repository.ServerProgram(), "serve", "--data", server._folder.Sub("data"), "--http", "127.0.0.1:0", "--rtmp",
                        "127.0.0.1:0", "--internal", "127.0.0.1:0"]);
                var code = await server._process.WaitForLineAsync(l => l.Contains(CodeMark, StringComparison.Ordinal), StartDeadline);
                server.SetupCode = code[(code.IndexOf(CodeMark, StringComparison.Ordinal) + CodeMark.Length)..].Split(' ')[0];
                var address = await server._process.WaitForLineAsync(l => l.Contains("/dashboard", StringComparison.Ordinal)
                    && l.TrimStart().StartsWith("http", StringComparison.Ordinal), StartDeadline);
                server.Http = new Uri(new Uri(address.Trim()).GetLeftPart(UriPartial.Authority));
                return server;
            }
            catch
            {
                await server.DisposeAsync();
                throw;
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (_process is not null)
            {
                try
                {
                    if (!_process.HasExited)
                    {
                        await _process.TerminateAsync(TimeSpan.FromSeconds(20));
                    }
                }
                catch (TimeoutException)
                {
                    // The disposal below kills the process with its children. The shutdown tests check an orderly stop.
                }

                await _process.DisposeAsync();
            }

            await _folder.DisposeAsync();
        }
    }
}
