using Broadcast.Ingest.Rtmp.Connection;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Rtmp;

public class TokenBucketTests
{
    [Fact]
    public void Clock_set_back_neither_empties_nor_freezes_the_budget()
    {
        var start = new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
        var bucket = new TokenBucket(capacity: 2, perSecond: 1);
        bucket.TryTake(start).ShouldBeTrue();
        bucket.TryTake(start.AddHours(-1)).ShouldBeTrue();
        bucket.TryTake(start.AddHours(-1)).ShouldBeFalse();
        bucket.TryTake(start.AddHours(-1).AddSeconds(1)).ShouldBeTrue();
    }
}
