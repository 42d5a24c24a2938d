using System.Globalization;
using System.Net;
using Broadcast.Control.Api;
using Broadcast.Control.Identity;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class CallerLimitsTests(PostgresFixture postgres)
{
    // So long that nothing comes back while a test runs.
    private static readonly TimeSpan Period = TimeSpan.FromHours(1);

    [Fact]
    public void A_caller_has_ten_seconds_worth_at_once_and_then_waits()
    {
        using var limits = new CallerLimits(reads: 2, writes: 1, Period);

        for (var i = 0; i < 20; i++)
        {
            limits.GetRetryDelay("token/a", isRead: true).ShouldBeNull();
        }

        var wait = limits.GetRetryDelay("token/a", isRead: true).ShouldNotBeNull();
        wait.ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(1));
        wait.ShouldBeLessThanOrEqualTo(Period);
        limits.GetRetryDelay("token/a", isRead: false).ShouldBeNull("changes are counted apart");
        limits.GetRetryDelay("user/a", isRead: true).ShouldBeNull("others are counted apart");
    }

    [Fact]
    public void Zero_is_no_limit()
    {
        using var limits = new CallerLimits(0, 0, Period);

        for (var i = 0; i < 1000; i++)
        {
            limits.GetRetryDelay("token/a", isRead: i % 2 == 0).ShouldBeNull();
        }
    }

    [Fact]
    public async Task Who_asks_too_often_is_told_when_to_come_back_and_others_are_not_held_up()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, settings: ("Control:WritesPerSecond", "1"));
        var (wild, quiet) = (await server.TokenAsync(TokenRole.Admin), await server.TokenAsync(TokenRole.Admin));

        var (status, response) = (0, default(HttpResponseMessage));
        for (var i = 0; i < 1000 && status != 429; i++)
        {
            (status, _, response) = await server.SendAsync("DELETE", "/api/v1/tokens/nosuchid", wild);
        }

        status.ShouldBe(429);
        response!.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        int.Parse(response.Headers.RetryAfter!.ToString(), CultureInfo.InvariantCulture).ShouldBeGreaterThanOrEqualTo(1);
        (await server.SendAsync("DELETE", "/api/v1/tokens/nosuchid", quiet)).Status.ShouldBe(404);
        (await server.SendAsync("GET", "/api/v1/tokens", wild)).Status.ShouldBe(200, "reading is counted apart");
    }

    [Fact]
    public void Strangers_are_counted_by_address_and_a_subscribers_whole_network_is_one()
    {
        using var limits = new CallerLimits(reads: 1, writes: 1, Period);

        for (var i = 1; i <= CallerLimits.Burst; i++)
        {
            limits.GetRetryDelay(IPAddress.Parse($"2001:db8::{i}"), isRead: true).ShouldBeNull();
        }

        limits.GetRetryDelay(IPAddress.Parse("2001:db8::ffff"), isRead: true).ShouldNotBeNull();
        limits.GetRetryDelay(default(IPAddress), isRead: false).ShouldBeNull("who has no address is counted, too");
    }

    [Fact]
    public async Task What_asks_for_no_token_is_limited_by_address_but_not_what_encoders_ask()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, settings: [("Control:ReadsPerSecond", "1"), ("Control:WritesPerSecond", "1")]);

        var status = 0;
        for (var i = 0; i < 1000 && status != 429; i++)
        {
            (status, _, _) = await server.SendAsync("GET", "/api/v1/calendars/nosuchfeed/events.ics");
        }

        status.ShouldBe(429);
        for (var i = 0; i < 3 * CallerLimits.Burst; i++)
        {
            (await server.SendAsync("POST", "/api/v1/obs/multitrack", null, new { service = "x" })).Status.ShouldNotBe(429);
        }
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(1, 100_001)]
    public void A_limit_that_cannot_be_is_named(int reads, int writes) =>
        new ControlOptions { ReadsPerSecond = reads, WritesPerSecond = writes }.Validate().ShouldHaveSingleItem().ShouldContain("PerSecond");
}
