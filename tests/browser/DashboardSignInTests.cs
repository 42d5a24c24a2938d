using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>The dashboard's sign-in page in a browser without a session.</summary>
public sealed class DashboardSignInTests(Chromium chromium, WatchedChannel live) : IClassFixture<WatchedChannel>
{
    [Fact]
    public async Task First_load_without_a_session_and_a_load_with_an_unknown_token_log_no_error()
    {
        var errors = new List<string>();
        var page = await chromium.OpenAsync(new Uri("about:blank"));
        page.PageError += (_, error) => errors.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                errors.Add($"{message.Text} {message.Location}");
            }
        };

        await page.GotoAsync(new Uri(live.Server.Http, "/dashboard").ToString());
        await SignInAsync(page);
        errors.ShouldBeEmpty("on the first load");

        await page.EvaluateAsync("() => localStorage.setItem('broadcast.token', '01234567_0123456789abcdefghjkmnpqrstvwxyz')");
        await page.ReloadAsync();
        await SignInAsync(page);
        errors.ShouldBeEmpty("with an unknown token");
        (await page.EvaluateAsync<int>("() => localStorage.length")).ShouldBe(0);
        await page.Context.CloseAsync();
    }

    private static Task SignInAsync(IPage page) =>
        page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).WaitForAsync();
}
