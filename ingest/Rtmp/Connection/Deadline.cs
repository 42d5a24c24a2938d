namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>
/// The one deadline of a connection. Moving it later costs a store and no timer: when the timer fires early it is set again for the rest. So it can be
/// moved with every frame.
/// </summary>
internal sealed class Deadline : IDisposable
{
    private readonly TimeProvider _time;
    private readonly Action _passed;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private long _due;
    private long _armed = long.MaxValue;
    private bool _disposed;

    /// <summary>Makes one that is not set.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="passed">Called when it has passed, on a timer's thread; it must be quick.</param>
    public Deadline(TimeProvider time, Action passed)
    {
        (_time, _passed) = (time, passed);
        _timer = time.CreateTimer(static state => ((Deadline)state!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Sets or moves it.</summary>
    /// <returns>The timestamp that it was counted from.</returns>
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
            _passed();
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
