namespace Broadcast.Ingest.Clock;

/// <summary>
/// Arrival times of messages, based on the wall-clock time at the start of the connection. A step of the system clock (NTP, an operator)
/// causes no jump. The arrival clock runs on evenly and approaches the new time by 1/2,000 of the elapsed time, so no timeline is
/// distorted.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class ArrivalClock(TimeProvider time)
{
    private const int SlewDivisor = 2000;

    private long _timestamp = time.GetTimestamp();
    private DateTimeOffset _now = time.GetUtcNow();

    /// <summary>Current time; never goes back.</summary>
    public DateTimeOffset Read()
    {
        var timestamp = time.GetTimestamp();
        var elapsed = time.GetElapsedTime(_timestamp, timestamp);
        if (elapsed <= TimeSpan.Zero)
        {
            return _now;
        }

        (_timestamp, _now) = (timestamp, _now + elapsed);
        var limit = elapsed / SlewDivisor;
        var offset = time.GetUtcNow() - _now;
        _now += offset > limit ? limit : offset < -limit ? -limit : offset;
        return _now;
    }
}
