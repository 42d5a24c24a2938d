namespace Broadcast.Testing;

/// <summary>
/// A manually advanced clock. Due timers fire inside <see cref="Advance"/> in order of their due times, each at its own instant.
/// </summary>
/// <param name="start">Time of day before the first advance; its timestamp is 0.</param>
public sealed class ManualTimeProvider(DateTimeOffset start) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private TimeSpan _elapsed;
    private TimeSpan _stepped;
    private long _order;

    /// <summary>Creates a clock at 12:00 UTC on 1 January 2030.</summary>
    public ManualTimeProvider()
        : this(new DateTimeOffset(2030, 1, 1, 12, 0, 0, TimeSpan.Zero))
    {
    }

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>Number of active timers. Tests use it to wait until the code under test has started its own.</summary>
    public int ArmedTimers
    {
        get
        {
            lock (_gate)
            {
                return _timers.Count(t => t.Due is not null);
            }
        }
    }

    /// <summary>Number of active timers that fire at the end of a time from now.</summary>
    public int TimersDueIn(TimeSpan time)
    {
        lock (_gate)
        {
            return _timers.Count(t => t.Due == _elapsed + time);
        }
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return start + _elapsed + _stepped;
        }
    }

    /// <inheritdoc/>
    public override long GetTimestamp()
    {
        lock (_gate)
        {
            return _elapsed.Ticks;
        }
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>
    /// Advances the clock and fires the due timers. Continuations of a timer run on the thread pool: poll for their effects.
    /// </summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        TimeSpan target;
        lock (_gate)
        {
            target = _elapsed + by;
        }

        while (TakeDue(target) is { } fire)
        {
            fire();
        }
    }

    /// <summary>Advances the clock to a time of day and fires the due timers, as <see cref="Advance"/> does.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The instant is in the past; see <see cref="Step"/>.</exception>
    public void AdvanceTo(DateTimeOffset instant) => Advance(instant - GetUtcNow());

    /// <summary>Sets the time of day, like a correction of the system clock. Timestamps and timers are not affected.</summary>
    public void Step(TimeSpan by)
    {
        lock (_gate)
        {
            _stepped += by;
        }
    }

    private Action? TakeDue(TimeSpan target)
    {
        lock (_gate)
        {
            ManualTimer? next = null;
            foreach (var timer in _timers)
            {
                if (timer.Due is { } due && due <= target
                    && (next is null || (due, timer.Order).CompareTo((next.Due!.Value, next.Order)) < 0))
                {
                    next = timer;
                }
            }

            if (next is null)
            {
                _elapsed = target > _elapsed ? target : _elapsed;
                return null;
            }

            _elapsed = next.Due!.Value > _elapsed ? next.Due.Value : _elapsed;
            next.Due = next.Period is { } period ? next.Due + period : null;
            next.Order = _order++;
            return next.Fire;
        }
    }

    private sealed class ManualTimer(ManualTimeProvider clock, Action fire) : ITimer
    {
        public Action Fire => fire;

        public TimeSpan? Due { get; set; }

        public TimeSpan? Period { get; private set; }

        public long Order { get; set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                if (!clock._timers.Contains(this))
                {
                    clock._timers.Add(this);
                }

                Due = dueTime == Timeout.InfiniteTimeSpan ? null : clock._elapsed + dueTime;
                Period = period == Timeout.InfiniteTimeSpan || period == TimeSpan.Zero ? null : period;
                Order = clock._order++;
            }

            // As with the system's timer, a zero due time fires without an advance.
            if (dueTime == TimeSpan.Zero)
            {
                ThreadPool.UnsafeQueueUserWorkItem(static c => c.Advance(TimeSpan.Zero), clock, preferLocal: false);
            }

            return true;
        }

        public void Dispose()
        {
            lock (clock._gate)
            {
                clock._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
