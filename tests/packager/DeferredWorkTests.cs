using Broadcast.Packager.Sessions;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Broadcast.Packager.Tests;

/// <summary>Deferred work that is due after weeks, such as the deletion of a session with an unlimited DVR window.</summary>
public sealed class DeferredWorkTests
{
    [Fact]
    public void Work_can_be_due_later_than_the_longest_wait_of_a_timer()
    {
        using var deferred = new DeferredWork(TimeProvider.System, NullLogger<DeferredWork>.Instance);
        Should.NotThrow(() => deferred.Schedule(TimeSpan.FromDays(400), () => { }));
    }

    [Fact]
    public void Work_that_is_due_after_weeks_runs_when_it_is_due()
    {
        var time = new ManualTimeProvider();
        using var deferred = new DeferredWork(time, NullLogger<DeferredWork>.Instance);
        var runs = 0;
        deferred.Schedule(TimeSpan.FromDays(60), () => runs++);
        for (var day = 1; day <= 60; day++)
        {
            runs.ShouldBe(0);
            time.Advance(TimeSpan.FromDays(1));
        }

        runs.ShouldBe(1);
    }
}
