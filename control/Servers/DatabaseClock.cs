namespace Broadcast.Control.Servers;

/// <summary>
/// Clock of the database, measured by each renewal of the lease. All servers that share the database have it in common, whatever their own
/// clocks say. Thread-safe.
/// </summary>
public sealed class DatabaseClock
{
    /// <summary>Measurements with a longer round trip are discarded. Their error is at most half of it.</summary>
    public static readonly TimeSpan MaxRoundTrip = TimeSpan.FromMilliseconds(250);

    private long _offset;

    /// <summary>Raised after a measurement. Handlers must not block.</summary>
    public event Action? Measured;

    /// <summary>Offset by which the database's clock is ahead of the system clock, negative if it is behind; zero until measured.</summary>
    public TimeSpan Offset => new(Volatile.Read(ref _offset));

    /// <summary>Records that the database's clock was read between two instants of the system clock.</summary>
    /// <param name="read">Time by the database's clock.</param>
    /// <param name="before">System time before the query.</param>
    /// <param name="roundTrip">Duration of the query.</param>
    public void Measure(DateTimeOffset read, DateTimeOffset before, TimeSpan roundTrip)
    {
        if (roundTrip > MaxRoundTrip)
        {
            return;
        }

        Volatile.Write(ref _offset, (read - (before + (roundTrip / 2))).Ticks);
        Measured?.Invoke();
    }
}
