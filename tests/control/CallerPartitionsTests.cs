using System.Threading.RateLimiting;
using Broadcast.Control.Api;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class CallerPartitionsTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Idle_callers_are_removed_by_a_later_request_and_busy_ones_remain()
    {
        using var callers = new CallerPartitions(
            () => new ConcurrencyLimiter(new() { PermitLimit = 1, QueueLimit = 0 }), _time);
        using var busy = callers.AttemptAcquire("busy");
        callers.AttemptAcquire("idle").Dispose();

        _time.Advance(CallerPartitions.IdleTime / 2);
        callers.AttemptAcquire("recent").Dispose();
        _time.Advance(CallerPartitions.IdleTime / 2);
        callers.Count.ShouldBe(3, "nothing happens without a request");
        callers.AttemptAcquire("next").Dispose();

        callers.Count.ShouldBe(3, "busy, recent and next");
        using var second = callers.AttemptAcquire("busy");
        second.IsAcquired.ShouldBeFalse("the limiter of a busy caller remains");
    }

    [Fact]
    public void Empty_bucket_is_not_removed_while_it_refills()
    {
        using var callers = new CallerPartitions(() => new TokenBucketRateLimiter(new()
        {
            TokenLimit = 1, TokensPerPeriod = 1, ReplenishmentPeriod = TimeSpan.FromHours(1), QueueLimit = 0, AutoReplenishment = false,
        }), _time);
        callers.AttemptAcquire("a").IsAcquired.ShouldBeTrue();

        _time.Advance(CallerPartitions.IdleTime);

        callers.AttemptAcquire("a").IsAcquired.ShouldBeFalse();
    }

    [Fact]
    public void Bucket_refills_without_a_timer()
    {
        using var callers = new CallerPartitions(() => new TokenBucketRateLimiter(new()
        {
            TokenLimit = 1, TokensPerPeriod = 1, ReplenishmentPeriod = TimeSpan.FromMilliseconds(1), QueueLimit = 0,
            AutoReplenishment = false,
        }), _time);
        callers.AttemptAcquire("a").IsAcquired.ShouldBeTrue();

        SpinWait.SpinUntil(() => callers.AttemptAcquire("a").IsAcquired, TimeSpan.FromSeconds(30)).ShouldBeTrue();
    }

    [Fact]
    public async Task Waiting_request_is_held_until_the_one_in_progress_ends()
    {
        using var callers = new CallerPartitions(
            () => new ConcurrencyLimiter(new() { PermitLimit = 1, QueueLimit = 1 }), _time);
        var first = await callers.AcquireAsync("a", default);
        var second = callers.AcquireAsync("a", default).AsTask();
        _time.Advance(CallerPartitions.IdleTime * 2);
        using var other = await callers.AcquireAsync("b", default);
        second.IsCompleted.ShouldBeFalse();

        first.Dispose();

        (await second).IsAcquired.ShouldBeTrue();
    }
}
