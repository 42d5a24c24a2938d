namespace Broadcast.Host.Clock;

/// <summary>
/// The clock of the media: the system time at startup, advanced by the monotonic clock. A step of the system clock (NTP at boot, an
/// operator, a leap second) has no effect until <see cref="Follow(TimeSpan)"/>. Live media thus keeps one clock, and so does
/// <c>/time</c>, by which players count segments. Control decisions follow the system clock instead. Thread-safe.
/// </summary>
/// <remarks>
/// A periodic timer whose due time and period are at least 1 s has its first tick on a whole second of the monotonic clock. The work of
/// such timers thereby shares one wake-up of the process, and an idle server sleeps for most of each second.
/// </remarks>
/// <param name="system">The system's clocks.</param>
internal sealed class MonotonicTimeProvider(TimeProvider system) : TimeProvider
{
    /// <summary>
    /// Interval of the instants to which periodic timers are aligned. Timers with a shorter due time or period are not aligned.
    /// </summary>
    internal static readonly TimeSpan TimerGrid = TimeSpan.FromSeconds(1);

    private Origin _origin = Origin.Of(system);

    /// <inheritdoc/>
    public override long TimestampFrequency => system.TimestampFrequency;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => system.LocalTimeZone;

    /// <summary>Offset by which the system clock is ahead of this one; negative if it is behind.</summary>
    public TimeSpan Offset => system.GetUtcNow() - GetUtcNow();

    /// <summary>Adopts the system time, with an offset, in one step.</summary>
    /// <param name="offset">Offset by which this clock is to be ahead of the system clock; negative if behind.</param>
    public void Follow(TimeSpan offset = default)
    {
        var origin = Origin.Of(system);
        Volatile.Write(ref _origin, origin with { Utc = origin.Utc + offset });
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        var origin = Volatile.Read(ref _origin);
        return origin.Utc + system.GetElapsedTime(origin.Timestamp);
    }

    /// <inheritdoc/>
    public override long GetTimestamp() => system.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new AlignedTimer(system.CreateTimer(callback, state, Align(dueTime, period), period), this);

    /// <summary>Delays the first tick of a periodic timer to the grid; leaves all other timers as they are.</summary>
    private TimeSpan Align(TimeSpan dueTime, TimeSpan period)
    {
        if (period < TimerGrid || dueTime < TimerGrid)
        {
            return dueTime;
        }

        var sinceGrid = (system.GetElapsedTime(0) + dueTime).Ticks % TimerGrid.Ticks;
        return sinceGrid == 0 ? dueTime : dueTime + TimeSpan.FromTicks(TimerGrid.Ticks - sinceGrid);
    }

    private sealed class AlignedTimer(ITimer timer, MonotonicTimeProvider time) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(time.Align(dueTime, period), period);

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }

    private sealed record Origin(DateTimeOffset Utc, long Timestamp)
    {
        public static Origin Of(TimeProvider system) => new(system.GetUtcNow(), system.GetTimestamp());
    }
}
