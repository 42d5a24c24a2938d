using Broadcast.Ingest.Clock;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Clock;

public sealed class TimestampTests
{
    [Theory]
    [InlineData(1000u, 1040u, 40)]
    [InlineData(1040u, 1000u, -40)]
    [InlineData(uint.MaxValue - 9, 30u, 40)]
    [InlineData(30u, uint.MaxValue - 9, -40)]
    [InlineData((1u << 31) - 10, (1u << 31) + 30, 40)] // continues: 32 bits
    [InlineData((1u << 31) - 10, 30u, 40)] // 31 bits
    [InlineData(30u, (1u << 31) - 10, -40)]
    [InlineData((1u << 24) - 10, (1u << 24) + 30, 40)] // continues
    [InlineData((1u << 24) - 10, 30u, 40)] // 24 bits
    [InlineData(30u, (1u << 24) - 10, -40)]
    [InlineData((1u << 24) - 70_000, 30u, 30 - (1 << 24) + 70_000)] // too far from the wrap: the encoder restarted
    [InlineData(5_000_000u, 0u, -5_000_000)]
    [InlineData(0u, 3_600_000u, 3_600_000)]
    public void Timestamp_difference_is_the_shortest_across_wraps_of_24_31_and_32_bits(uint from, uint to, long milliseconds) =>
        new RtmpTimestamp(to).Since(new RtmpTimestamp(from)).ShouldBe(milliseconds * 1_000_000);

    [Fact]
    public void Timestamp_difference_includes_fractions_of_a_millisecond() =>
        new RtmpTimestamp(101, 250_000).Since(new RtmpTimestamp(99, 900_000)).ShouldBe(1_350_000);
}
