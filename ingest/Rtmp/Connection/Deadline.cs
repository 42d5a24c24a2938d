namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>
/// Deadline of a connection. Moving it costs one store and no timer operation, so it can move with every frame. A timer that fires early is
/// set again for the remaining time.
/// </summary>
internal sealed class Deadline : IDisposable
{
    private readonly TimeProvider _time;
    private readonly Action _onPassed;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private long _due;
    private long _armed = long.MaxValue;
    private bool _disposed;

    /// <summary>Creates a deadline that is not set.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="onPassed">Called on a timer thread when the deadline has passed; must be quick.</param>
    public Deadline(TimeProvider time, Action onPassed)
    {
        (_time, _onPassed) = (time, onPassed);
        _timer = time.CreateTimer(static state => ((Deadline)state!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Sets or moves the deadline.</summary>
    /// <returns>The timestamp that the deadline is based on.</returns>
    public long Set(TimeSpan fromNow)
    {
        var now = _time.GetTimestamp();
        var due = now + (long)(fromNow.TotalSeconds * _time.TimestampFrequency);
        Volatile.Write(ref _due, due);
        if (due < Volatile.Read(ref _armed))
        {
            Arm(due, fromNow);
        }

        return now;
    }

    private void Arm(long due, TimeSpan fromNow)
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                Volatile.Write(ref _armed, due);
                _timer.Change(fromNow, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Fire()
    {
        var due = Volatile.Read(ref _due);
        var remaining = due - _time.GetTimestamp();
        if (remaining <= 0)
        {
            // The timer is no longer set: the next Set starts it.
            Volatile.Write(ref _armed, long.MaxValue);
            _onPassed();
            return;
        }

        Arm(due, TimeSpan.FromSeconds((double)remaining / _time.TimestampFrequency) + TimeSpan.FromMilliseconds(1));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
        }

        _timer.Dispose();
    }
}
