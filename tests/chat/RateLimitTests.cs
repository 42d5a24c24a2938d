using Broadcast.Chat.Limits;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Chat.Tests;

public sealed class RateLimitTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Burst_is_allowed_and_then_one_permit_per_interval()
    {
        var limit = new RateLimit<string>(TimeSpan.FromSeconds(2), 5, _time);
        for (var i = 0; i < 5; i++)
        {
            limit.Take("a").ShouldBe(TimeSpan.Zero);
        }

        limit.Take("a").ShouldBe(TimeSpan.FromSeconds(2));
        limit.Take("b").ShouldBe(TimeSpan.Zero, "each key has its own permits");
        _time.Advance(TimeSpan.FromSeconds(1.5));
        limit.Take("a").ShouldBe(TimeSpan.FromSeconds(0.5), "a rejected attempt costs nothing");
        _time.Advance(TimeSpan.FromSeconds(0.5));
        limit.Take("a").ShouldBe(TimeSpan.Zero);
        limit.Take("a").ShouldBe(TimeSpan.FromSeconds(2));
        _time.Advance(TimeSpan.FromHours(1));
        Enumerable.Range(0, 6).Count(_ => limit.Take("a") == TimeSpan.Zero).ShouldBe(5);
    }

    [Fact]
    public void Idle_keys_are_removed()
    {
        var limit = new RateLimit<int>(TimeSpan.FromSeconds(1), 2, _time);
        for (var i = 0; i < 100_000; i++)
        {
            limit.Take(i);
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }

        limit.Count.ShouldBeLessThan(2_000);
    }
}
