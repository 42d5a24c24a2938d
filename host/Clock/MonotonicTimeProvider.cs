namespace Broadcast.Host.Clock;

/// <summary>
/// The clock of the media: the system time at startup, advanced by the monotonic clock. A step of the system clock (NTP at boot, an
/// operator, a leap second) has no effect until <see cref="Follow"/>. Live media thus keeps one clock, and so does <c>/time</c>, by which
/// players count segments. Control decisions follow the system clock instead. Thread-safe.
/// </summary>
/// <param name="system">The system's clocks.</param>
internal sealed class MonotonicTimeProvider(TimeProvider system) : TimeProvider
{
    private Origin _origin = Origin.Of(system);

    /// <inheritdoc/>
    public override long TimestampFrequency => system.TimestampFrequency;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => system.LocalTimeZone;

    /// <summary>Offset by which the system clock is ahead of this one; negative if it is behind.</summary>
    public TimeSpan Offset => system.GetUtcNow() - GetUtcNow();

    /// <summary>Adopts the system time in one step.</summary>
    public void Follow() => Volatile.Write(ref _origin, Origin.Of(system));

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
        system.CreateTimer(callback, state, dueTime, period);

    private sealed record Origin(DateTimeOffset Utc, long Timestamp)
    {
        public static Origin Of(TimeProvider system) => new(system.GetUtcNow(), system.GetTimestamp());
    }
}
