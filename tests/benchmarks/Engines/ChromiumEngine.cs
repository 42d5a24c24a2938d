using Microsoft.Playwright;

namespace Broadcast.Benchmarks;

/// <summary>Debian's Chromium. Plays with hls.js, or natively if the query requests it.</summary>
internal sealed class ChromiumEngine(string name, string query) : BrowserEngine(name, query)
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private IPage? _page;

    public override async Task OpenAsync(Uri address)
    {
        _playwright = await Playwright.CreateAsync();
        _browser = await Browsers.LaunchAsync(_playwright);
        _page = await _browser.NewPageAsync();
        await _page.GotoAsync(address.ToString());
    }

    public override Task<string> EvaluateAsync(string body) => _page!.EvaluateAsync<string>($"() => {{ {body} }}");

    public override async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.CloseAsync();
        }

        _playwright?.Dispose();
    }
}
