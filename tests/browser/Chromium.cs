using Broadcast.Browser.Tests;
using Broadcast.Testing;
using Microsoft.Playwright;
using Xunit;

[assembly: AssemblyFixture(typeof(Chromium))]
[assembly: TestCollectionOrderer(typeof(LongestClassesFirst))]

namespace Broadcast.Browser.Tests;

/// <summary>Debian's Chromium, one for all tests; a fresh profile for each page.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = "/usr/bin/chromium",
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync", "--autoplay-policy=no-user-gesture-required", "--disable-dev-shm-usage",
            ],
        });
    }

    /// <summary>Opens a page that is drawn at half the resolution, for tests that ignore pixels: Chromium draws on the CPU.</summary>
    public Task<IPage> OpenPlayerAsync(Uri address) => OpenAsync(address, scale: 0.5f);

    /// <summary>Opens a page in a new profile. Sizes are in CSS pixels; <paramref name="scale"/> is drawn pixels per CSS pixel.</summary>
    public async Task<IPage> OpenAsync(Uri address, int width = 1280, int height = 800, float scale = 1)
    {
        var context = await _browser!.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = height },
            DeviceScaleFactor = scale,
        });
        var page = await context.NewPageAsync();
        page.SetDefaultTimeout(30_000);
        await page.GotoAsync(address.ToString());
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.CloseAsync();
        }

        _playwright?.Dispose();
    }
}
