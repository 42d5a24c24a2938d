using Broadcast.Benchmarks;

namespace Broadcast.Pipeline.Tests;

/// <summary>A simulated day of <c>./broadcast bench longrun</c>: what a session needs does not grow with its outages.</summary>
[LongRunning]
public sealed class LongRunTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Session_with_an_outage_each_minute_for_a_day_needs_no_more_at_its_end_than_after_hours(bool isRecorded)
    {
        await using var folder = MemoryFolder.Create();
        await using var session = new FlappingSession(folder.Sub("spool"), isRecorded);
        await session.RunAsync(6 * 60, TestContext.Current.CancellationToken);
        var early = await session.MeasureAsync(TestContext.Current.CancellationToken);
        await session.RunAsync(18 * 60, TestContext.Current.CancellationToken);
        var late = await session.MeasureAsync(TestContext.Current.CancellationToken);

        session.Outages.ShouldBe(1440);
        early.CheckpointEvents.ShouldBeGreaterThan(20, "otherwise this would test nothing");
        late.CheckpointEvents.ShouldBeInRange(1, early.CheckpointEvents + 20, "index blocks are combined at times");
        late.CheckpointBytes.ShouldBeLessThan(early.CheckpointBytes + 6000);
        late.PlaylistBytes.ShouldBeLessThan(early.PlaylistBytes * 5 / 4);
        late.MpdBytes.ShouldBeLessThan(early.MpdBytes * 5 / 4);
    }
}
