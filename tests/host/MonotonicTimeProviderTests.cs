using Broadcast.Control.Servers;
using Broadcast.Host.Clock;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

/// <summary>Steps of the system's clock (row F35).</summary>
public class MonotonicTimeProviderTests
{
    private readonly SystemClock _system = new();
    private readonly MonotonicTimeProvider _time;
    private readonly DatabaseClock _database = new();

    public MonotonicTimeProviderTests() => _time = new MonotonicTimeProvider(_system);

    [Theory]
    [InlineData(30)]
    [InlineData(-30)]
    [InlineData(1_800_000_000)]
    public void Step_of_the_system_clock_is_invisible_until_followed(double step)
    {
        var begin = _time.GetUtcNow();
        _system.Pass(10);
        _system.Step(step);
        _system.Pass(5);

        _time.GetUtcNow().ShouldBe(begin + TimeSpan.FromSeconds(15));
        _time.Offset.ShouldBe(TimeSpan.FromSeconds(step));
        _time.Follow();
        _time.GetUtcNow().ShouldBe(_system.GetUtcNow());
        _time.Offset.ShouldBe(TimeSpan.Zero);
    }

    [Theory]
    [InlineData(0.3, 1, 1, 1.7)]
    [InlineData(0.3, 5, 5, 5.7)]
    [InlineData(0, 1, 1, 1)]
    [InlineData(0.3, 0, 1, 0)]
    [InlineData(0.3, 0.25, 0.25, 0.25)]
    [InlineData(0.3, 1, -0.001, 1)]
    public void Periodic_timers_of_a_second_or_more_begin_on_a_whole_second(double now, double due, double period, double expected)
    {
        var system = new TimerRecorder(TimeSpan.FromSeconds(1000 + now));
        var time = new MonotonicTimeProvider(system);
        using var timer = time.CreateTimer(_ => { }, null, TimeSpan.FromSeconds(due), TimeSpan.FromSeconds(period));
        system.Due.ShouldBe(TimeSpan.FromSeconds(expected));

        timer.Change(TimeSpan.FromSeconds(due), TimeSpan.FromSeconds(period));
        system.Changed.ShouldBe(TimeSpan.FromSeconds(expected));
    }

    [Fact]
    public void Clock_step_is_ignored_while_on_air_and_followed_afterwards()
    {
        var isOnAir = true;
        var watch = new ClockStepMonitor(_time, _database, NullLogger<ClockStepMonitor>.Instance, () => isOnAir);
        var begin = _time.GetUtcNow();
        _system.Step(-30);
        watch.Check();
        _time.GetUtcNow().ShouldBe(begin);

        isOnAir = false;
        watch.Check();
        _time.GetUtcNow().ShouldBe(begin - TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void Clock_set_after_the_start_is_followed_at_once_when_off_air()
    {
        var watch = new ClockStepMonitor(_time, _database, NullLogger<ClockStepMonitor>.Instance, () => false);
        _system.Step(1_000_000_000);
        watch.Check();
        _time.Offset.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void Small_clock_difference_is_not_a_step()
    {
        var watch = new ClockStepMonitor(_time, _database, NullLogger<ClockStepMonitor>.Instance, () => false);
        _system.Step(0.2);
        watch.Check();
        _time.Offset.ShouldBe(TimeSpan.FromSeconds(0.2), "time does not jump for that");
    }

    [Theory]
    [InlineData(300)]
    [InlineData(-300)]
    public void Clock_of_the_database_is_followed_at_startup_and_not_while_on_air(double difference)
    {
        var (isOnAir, log) = (false, new CapturingLogger());
        using var watch = new ClockStepMonitor(_time, _database, log.For<ClockStepMonitor>(), () => isOnAir);
        Measure(difference);
        var database = _system.GetUtcNow() + TimeSpan.FromSeconds(difference);
        (_time.GetUtcNow() - database).Duration().ShouldBeLessThan(DatabaseClock.MaxRoundTrip);
        log.Count(7032).ShouldBe(1);

        isOnAir = true;
        var before = _time.GetUtcNow();
        Measure(difference + 100);
        Measure(difference + 100);
        _time.GetUtcNow().ShouldBe(before);
        log.Count(7031).ShouldBe(1);
        log.Count(7032).ShouldBe(1);

        isOnAir = false;
        watch.Check();
        (_time.GetUtcNow() - before - TimeSpan.FromSeconds(100)).Duration().ShouldBeLessThan(DatabaseClock.MaxRoundTrip);
    }

    [Fact]
    public void Slow_answers_of_the_database_are_discarded()
    {
        _database.Measure(_system.GetUtcNow() + TimeSpan.FromHours(1), _system.GetUtcNow(), TimeSpan.FromSeconds(0.3));
        _database.Offset.ShouldBe(TimeSpan.Zero);
        _database.Measure(_system.GetUtcNow() + TimeSpan.FromSeconds(60), _system.GetUtcNow(), TimeSpan.FromSeconds(0.2));
        _database.Offset.ShouldBe(TimeSpan.FromSeconds(59.9));
    }

    private void Measure(double difference) => _database.Measure(_system.GetUtcNow() + TimeSpan.FromSeconds(difference),
        _system.GetUtcNow(), TimeSpan.FromMilliseconds(2));

    /// <summary>A clock whose wall time can be set, with an independent monotonic timestamp.</summary>
    private sealed class SystemClock : TimeProvider
    {
        private TimeSpan _elapsed;
        private DateTimeOffset _set = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Pass(double seconds) => _elapsed += TimeSpan.FromSeconds(seconds);

        public void Step(double seconds) => _set += TimeSpan.FromSeconds(seconds);

        public override DateTimeOffset GetUtcNow() => _set + _elapsed;

        public override long GetTimestamp() => _elapsed.Ticks;
    }

    /// <summary>Stopped clock that records the due time of the last timer.</summary>
    private sealed class TimerRecorder(TimeSpan now) : TimeProvider, ITimer
    {
        public TimeSpan Due { get; private set; }

        public TimeSpan Changed { get; private set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => now.Ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Due = dueTime;
            return this;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Changed = dueTime;
            return true;
        }

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
