using Broadcast.Host.GarbageCollection;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

public class IdleGcPolicyTests
{
    private const long Little = IdleGcPolicy.BusyBytes - 1;
    private readonly IdleGcPolicy _heap = new();
    private long _allocated;

    [Fact]
    public void Busy_process_does_not_collect() => Looks(20, IdleGcPolicy.BusyBytes).ShouldAllBe(collects => !collects);

    [Fact]
    public void Idle_process_collects_a_limited_number_of_times()
    {
        Looks(3, 100 << 20);
        Looks(15, Little).Count(collects => collects).ShouldBe(IdleGcPolicy.MaxCollections);
        Looks(1000, 0).ShouldAllBe(collects => !collects);
    }

    [Fact]
    public void Each_idle_period_has_its_own_limit()
    {
        Looks(1, IdleGcPolicy.BusyBytes);
        Looks(2, Little).ShouldBe([true, true]);
        Looks(1, IdleGcPolicy.BusyBytes);
        Looks(20, 0).Count(collects => collects).ShouldBe(IdleGcPolicy.MaxCollections);
    }

    private List<bool> Looks(int count, long allocated) =>
        [.. Enumerable.Range(0, count).Select(_ => _heap.ShouldCollect(_allocated += allocated))];
}
