using System.Globalization;
using System.Net;
using Broadcast.Control.Api;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class CallerLimitsTests(PostgresFixture postgres)
{
    // Too long for tokens to be refilled during a test.
    private static readonly TimeSpan Period = TimeSpan.FromHours(1);

    [Fact]
    public void Caller_can_burst_ten_seconds_of_requests_and_then_has_to_wait()
    {
        using var limits = new CallerLimits(reads: 2, writes: 1, Period, TimeProvider.System);

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
    public void Limit_of_zero_means_unlimited()
    {
        using var limits = new CallerLimits(0, 0, Period, TimeProvider.System);

        for (var i = 0; i < 1000; i++)
        {
            limits.GetRetryDelay("token/a", isRead: i % 2 == 0).ShouldBeNull();
        }
    }

    [Fact]
    public async Task Rate_limited_caller_gets_a_retry_delay_and_other_callers_are_not_delayed()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString,
            settings: ("Control:WritesPerSecond", "1"));
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
    public async Task Caller_has_four_requests_in_progress_and_further_ones_wait()
    {
        using var limits = new CallerLimits(0, 0, Period, TimeProvider.System);
        var entered = new List<IDisposable?>();
        for (var i = 0; i < CallerLimits.MaxConcurrent; i++)
        {
            entered.Add(await limits.EnterAsync("token/a", default));
        }

        entered.ShouldAllBe(slot => slot != null);
        var waiting = Enumerable.Range(0, CallerLimits.MaxWaiting).Select(_ => limits.EnterAsync("token/a", default).AsTask()).ToList();
        waiting.ShouldAllBe(wait => !wait.IsCompleted);
        (await limits.EnterAsync("token/a", default)).ShouldBeNull("too many wait");
        (await limits.EnterAsync("token/b", default)).ShouldNotBeNull("others do not wait");

        entered[0]!.Dispose();

        (await waiting[0]).ShouldNotBeNull();
        waiting[1].IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public async Task API_runs_four_requests_of_a_caller_holds_further_ones_and_rejects_those_beyond_the_queue()
    {
        var encoders = new SlowEncoders();
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, encoders: encoders,
            settings: ("Control:WritesPerSecond", "0"));
        var (busy, other) = (await server.TokenAsync(TokenRole.Admin), await server.TokenAsync(TokenRole.Admin));
        (await server.SendAsync("GET", "/api/v1/me", busy)).Status.ShouldBe(200);   // unknown tokens have limits of their own
        var requests = Enumerable.Range(0, CallerLimits.MaxConcurrent + CallerLimits.MaxWaiting + 3).Select(_ => ProbeAsync(busy)).ToList();
        async Task<(int Status, TimeSpan? RetryAfter)> ProbeAsync(string token)
        {
            var (status, _, response) = await server.SendAsync("POST", "/api/v1/encoders/probe", token);
            return (status, response.Headers.RetryAfter?.Delta);
        }

        await Poll.UntilAsync(() => encoders.Running == CallerLimits.MaxConcurrent && requests.Count(r => r.IsCompleted) == 3,
            TimeSpan.FromSeconds(5));
        foreach (var rejected in requests.Where(r => r.IsCompleted))
        {
            (await rejected).ShouldBe((429, TimeSpan.FromSeconds(1)));
        }

        var elsewhere = ProbeAsync(other);
        await Poll.UntilAsync(() => encoders.Running == CallerLimits.MaxConcurrent + 1);

        encoders.Release.SetResult();

        (await elsewhere).Status.ShouldBe(200);
        (await Task.WhenAll(requests)).Count(r => r.Status == 200).ShouldBe(CallerLimits.MaxConcurrent + CallerLimits.MaxWaiting);
        encoders.MaxRunning.ShouldBe(CallerLimits.MaxConcurrent + 1);
    }

    [Fact]
    public async Task Caller_has_one_search_and_all_callers_have_two()
    {
        using var limits = new CallerLimits(0, 0, Period, TimeProvider.System);
        using var first = await limits.EnterSearchAsync("token/a", default);
        var second = limits.EnterSearchAsync("token/a", default).AsTask();
        using var other = await limits.EnterSearchAsync("token/b", default);
        var third = limits.EnterSearchAsync("token/c", default).AsTask();
        (second.IsCompleted, third.IsCompleted).ShouldBe((false, false));

        other!.Dispose();
        (await third).ShouldNotBeNull();
        second.IsCompleted.ShouldBeFalse();
        first!.Dispose();
        (await second).ShouldNotBeNull();
    }

    [Fact]
    public async Task Setup_codes_are_redeemed_one_at_a_time_and_a_waiting_address_does_not_keep_others_out()
    {
        using var limits = new CallerLimits(0, 0, Period, TimeProvider.System);
        var (flood, other) = (IPAddress.Parse("192.0.2.1"), IPAddress.Parse("198.51.100.1"));
        using var first = await limits.EnterSetupAsync(flood, default);
        var waiting = Enumerable.Range(0, CallerLimits.MaxWaitingSetups).Select(_ => limits.EnterSetupAsync(flood, default).AsTask())
            .ToList();
        (await limits.EnterSetupAsync(flood, default)).ShouldBeNull("too many wait");
        var next = limits.EnterSetupAsync(other, default).AsTask();
        waiting.Append(next).ShouldAllBe(wait => !wait.IsCompleted);

        first!.Dispose();

        (await next).ShouldNotBeNull("it waits for one redemption, not for all of the other address");
    }

    [Fact]
    public async Task Burst_of_wrong_setup_codes_is_rejected_beyond_the_limit_of_attempts()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString,
            settings: [("Control:AttemptsPerMinute", "3"), ("Control:WritesPerSecond", "0")]);

        var statuses = await Task.WhenAll(Enumerable.Range(0, CallerLimits.MaxWaitingSetups).Select(
            async _ => (await server.SendAsync("POST", "/api/v1/setup", null, new { code = "wrong" })).Status));

        (statuses.Count(s => s == 403), statuses.Count(s => s == 429)).ShouldBe((3, statuses.Length - 3));
    }

    [Fact]
    public void Anonymous_callers_are_counted_by_address_and_an_IPv6_network_counts_once()
    {
        using var limits = new CallerLimits(reads: 1, writes: 1, Period, TimeProvider.System);

        for (var i = 1; i <= CallerLimits.Burst; i++)
        {
            limits.GetRetryDelay(IPAddress.Parse($"2001:db8::{i}"), isRead: true).ShouldBeNull();
        }

        limits.GetRetryDelay(IPAddress.Parse("2001:db8::ffff"), isRead: true).ShouldNotBeNull();
        limits.GetRetryDelay(default(IPAddress), isRead: false).ShouldBeNull("who has no address is counted, too");
    }

    [Fact]
    public async Task Anonymous_requests_are_limited_by_address_except_requests_of_encoders()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString,
            settings: [("Control:ReadsPerSecond", "1"), ("Control:WritesPerSecond", "1")]);

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

    [Fact]
    public async Task Unknown_tokens_are_counted_before_the_database_is_asked_and_known_callers_are_not()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString,
            settings: ("Control:ReadsPerSecond", "1"));
        var known = await server.TokenAsync(TokenRole.Admin);
        (await server.SendAsync("GET", "/api/v1/tokens", known)).Status.ShouldBe(200);

        var statuses = new List<int>();
        for (var i = 0; i < 3 * CallerLimits.Burst; i++)
        {
            statuses.Add((await server.SendAsync("GET", "/api/v1/me", NewToken())).Status);
        }

        statuses.ShouldContain(401);
        statuses[^1].ShouldBe(429);
        (await server.SendAsync("GET", "/api/v1/tokens", known)).Status.ShouldBe(200, "its address has no requests left, but it has");

        (await server.SendAsync("GET", "/api/v1/login")).Status.ShouldBe(429, "the login state is counted, too");
        await server.Get<ServerDatabase>().DisposeAsync();
        (await server.SendAsync("GET", "/api/v1/me", NewToken())).Status.ShouldBe(429, "the database is not asked");
        (await server.SendAsync("GET", "/api/v1/tokens", known)).Status.ShouldBe(503);
    }

    [Fact]
    public async Task Unknown_token_is_looked_up_once_in_a_while_and_a_revoked_one_is_rejected_at_once()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var unknown = NewToken();
        var known = await server.Get<TokenRepository>().CreateAsync(TokenRole.Admin);
        (await server.SendAsync("GET", "/api/v1/me", unknown)).Status.ShouldBe(401);
        (await server.SendAsync("GET", "/api/v1/me", known.Token)).Status.ShouldBe(200);
        await server.Get<TokenRepository>().RevokeAsync(known.Info.Id);
        (await server.SendAsync("GET", "/api/v1/me", known.Token)).Status.ShouldBe(401);

        await server.Get<ServerDatabase>().DisposeAsync();
        (await server.SendAsync("GET", "/api/v1/me", unknown)).Status.ShouldBe(401, "answered from memory");
        (await server.SendAsync("GET", "/api/v1/me", NewToken())).Status.ShouldBe(503);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(1, 100_001)]
    public void Invalid_limit_is_named(int reads, int writes) =>
        new ControlOptions { ReadsPerSecond = reads, WritesPerSecond = writes }.Validate().ShouldHaveSingleItem()
        .ShouldContain("PerSecond");

    private static string NewToken()
    {
        Secret.New(out var text);
        return text;
    }

    /// <summary>Encoders whose probes last until they are released.</summary>
    private sealed class SlowEncoders : IEncoderList
    {
        private readonly Lock _lock = new();

        public TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Running { get; private set; }

        public int MaxRunning { get; private set; }

        public IReadOnlyList<EncoderInfo> List() => [];

        public async Task<IReadOnlyList<EncoderInfo>> ProbeAsync(CancellationToken cancellationToken)
        {
            Count(1);
            await Release.Task;
            Count(-1);
            return [];
        }

        private void Count(int change)
        {
            lock (_lock)
            {
                Running += change;
                MaxRunning = Math.Max(MaxRunning, Running);
            }
        }
    }
}
