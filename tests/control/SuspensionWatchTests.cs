using Broadcast.Control.Servers;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Suspensions of the process, after which another server may own its sessions.</summary>
public sealed class SuspensionWatchTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(6);

    [Fact]
    public void Process_that_runs_is_certain()
    {
        var time = new ManualTimeProvider();
        using var watch = Create(time);

        time.Advance(Lease * 10);

        watch.IsUncertain.ShouldBeFalse();
    }

    [Fact]
    public async Task Process_that_was_suspended_for_half_a_lease_waits_for_its_ownership()
    {
        var time = new SuspendedClock();
        using var watch = Create(time);
        time.Now += Lease / 3;
        watch.IsUncertain.ShouldBeFalse();

        time.Now += Lease / 2;
        watch.IsUncertain.ShouldBeTrue();
        var waiting = watch.WhenCertainAsync(CancellationToken.None);
        waiting.IsCompleted.ShouldBeFalse();

        watch.Confirm(watch.Begin());
        await waiting;
        watch.IsUncertain.ShouldBeFalse();
    }

    [Fact]
    public void Ownership_that_was_read_before_the_suspension_confirms_nothing()
    {
        var time = new SuspendedClock();
        using var watch = Create(time);
        var begun = watch.Begin();
        time.Now += Lease;

        watch.Confirm(begun);

        watch.IsUncertain.ShouldBeTrue();
        watch.Confirm(watch.Begin());
        watch.IsUncertain.ShouldBeFalse();
    }

    [Fact]
    public async Task Database_that_does_not_respond_is_awaited_for_a_lease()
    {
        var time = new SuspendedClock();
        using var watch = Create(time);
        time.Now += Lease;
        var waiting = watch.WhenCertainAsync(CancellationToken.None);

        time.FireTimeouts();

        await waiting;
        watch.IsUncertain.ShouldBeFalse();
    }

    [Fact]
    public async Task Wait_ends_with_the_session()
    {
        var time = new SuspendedClock();
        using var watch = Create(time);
        time.Now += Lease;
        using var stop = new CancellationTokenSource();
        var waiting = watch.WhenCertainAsync(stop.Token);

        await stop.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => waiting);
        watch.IsUncertain.ShouldBeTrue();
    }

    private static SuspensionWatch Create(TimeProvider time)
    {
        var watch = new SuspensionWatch(Options.Create(new ControlOptions { ServerLease = Lease }), time,
            NullLogger<SuspensionWatch>.Instance);
        watch.Start();
        return watch;
    }

    /// <summary>A clock that jumps without any timer of the process having run.</summary>
    private sealed class SuspendedClock : TimeProvider
    {
        private readonly List<Action> _timeouts = [];

        public TimeSpan Now { get; set; } = TimeSpan.FromHours(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (period == Timeout.InfiniteTimeSpan)
            {
                _timeouts.Add(() => callback(state));
            }

            return new NoTimer();
        }

        public void FireTimeouts() => _timeouts.ForEach(fire => fire());

        private sealed class NoTimer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => default;
        }
    }
}
