namespace Broadcast.Ingest.Clock;

/// <summary>
/// When messages come, on the clock on the wall as it was when the connection began. A step of that clock (NTP, an operator) does not show: it goes on evenly, and comes
/// nearer to the new time by half a thousandth of what passes, so that no timeline bends.
/// </summary>
/// <param name="time">The clocks.</param>
internal sealed class ArrivalClock(TimeProvider time)
{
    private const int Share = 2000;

    private long _read = time.GetTimestamp();
    private DateTimeOffset _now = time.GetUtcNow();

    /// <summary>The time now; never before what it was.</summary>
    public DateTimeOffset Read()
    {
        var stamp = time.GetTimestamp();
        var elapsed = time.GetElapsedTime(_read, stamp);
        if (elapsed <= TimeSpan.Zero)
        {
            return _now;
        }

        (_read, _now) = (stamp, _now + elapsed);
        var most = elapsed / Share;
        var off = time.GetUtcNow() - _now;
        _now += off > most ? most : off < -most ? -most : off;
        return _now;
    }
}
