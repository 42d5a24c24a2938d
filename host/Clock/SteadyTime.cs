namespace Broadcast.Host.Clock;

/// <summary>
/// The time that everything in this process goes by: the system's when it began, and from then on what the monotonic clock counts. A step of the system's clock (NTP at boot, an operator, a leap second) does not show
/// until <see cref="Follow"/> says so: media that is on air keeps one clock, and so does <c>/time</c>, by which players count segments. Safe to use from any thread.
/// </summary>
/// <param name="system">The system's clocks.</param>
internal sealed class SteadyTime(TimeProvider system) : TimeProvider
{
    private Origin _origin = Origin.Of(system);

    /// <inheritdoc/>
    public override long TimestampFrequency => system.TimestampFrequency;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => system.LocalTimeZone;

    /// <summary>How far the system's clock is ahead of this one; negative when it is behind.</summary>
    public TimeSpan Off => system.GetUtcNow() - GetUtcNow();

    /// <summary>Takes the system's time over, in one step.</summary>
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
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => system.CreateTimer(callback, state, dueTime, period);

    private sealed record Origin(DateTimeOffset Utc, long Timestamp)
    {
        public static Origin Of(TimeProvider system) => new(system.GetUtcNow(), system.GetTimestamp());
    }
}
