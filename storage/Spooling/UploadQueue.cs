namespace Broadcast.Storage.Spooling;

/// <summary>
/// Queue of sealed files. Fresh files (sealed less than 30 s ago) are uploaded first, newest first, because remote viewers wait for them.
/// The others follow, oldest first, because they have been on one disk for the longest time. The spool's disk limit bounds the queue.
/// <para>
/// When the store fails, all uploads pause with exponential backoff (0.5 s to 30 s) and jitter. Concurrent failures count once. A file that
/// fails by itself is delayed alone.
/// </para>
/// </summary>
internal sealed class UploadQueue(TimeProvider time)
{
    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(30);
    private readonly Lock _lock = new();
    private readonly SortedSet<Entry> _waiting = new(
        Comparer<Entry>.Create(static (a, b) => a.Since != b.Since ? a.Since.CompareTo(b.Since) : a.Number.CompareTo(b.Number)));
    private readonly PriorityQueue<SpoolFile, DateTimeOffset> _delayed = new();
    private DateTimeOffset _pausedUntil = DateTimeOffset.MinValue;
    private long _number;
    private int _failures;

    /// <summary>Increases with every pause. Failures of uploads started before a pause do not extend it.</summary>
    public int PauseCount { get; private set; }

    /// <summary>Indicates whether uploads are paused after a store failure.</summary>
    public bool IsPaused
    {
        get
        {
            lock (_lock)
            {
                return time.GetUtcNow() < _pausedUntil;
            }
        }
    }

    /// <summary>Number of files ready for upload.</summary>
    public int Ready
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count;
            }
        }
    }

    public void Add(SpoolFile file)
    {
        lock (_lock)
        {
            _waiting.Add(new Entry(file.Written, _number++, file));
        }
    }

    /// <summary>Adds a file with a delay.</summary>
    public void AddDelayed(SpoolFile file, TimeSpan wait)
    {
        lock (_lock)
        {
            _delayed.Enqueue(file, time.GetUtcNow() + wait);
        }
    }

    /// <summary>Takes the next file, or returns the minimum time until one is ready (unless one is added).</summary>
    public SpoolFile? Take(out TimeSpan wait)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            while (_delayed.TryPeek(out var delayed, out var until) && until <= now)
            {
                _delayed.Dequeue();
                _waiting.Add(new Entry(delayed.Written, _number++, delayed));
            }

            wait = TimeSpan.FromHours(1);
            if (_delayed.TryPeek(out _, out var next))
            {
                wait = next - now;
            }

            if (now < _pausedUntil)
            {
                wait = _pausedUntil - now;
                return null;
            }

            if (_waiting.Count == 0)
            {
                return null;
            }

            var newest = _waiting.Max;
            var entry = now - newest.Since < FreshFor ? newest : _waiting.Min;
            _waiting.Remove(entry);
            return entry.File;
        }
    }

    /// <summary>Reports a successful upload.</summary>
    public void Succeeded()
    {
        lock (_lock)
        {
            (_failures, _pausedUntil) = (0, DateTimeOffset.MinValue);
        }
    }

    /// <summary>Reports a store failure for an upload started in an era.</summary>
    public void Failed(int pauseCount)
    {
        lock (_lock)
        {
            if (pauseCount == PauseCount)
            {
                PauseCount++;
                _pausedUntil = time.GetUtcNow() + Backoff.Next(_failures++);
            }
        }
    }

    private readonly record struct Entry(DateTimeOffset Since, long Number, SpoolFile File);
}

/// <summary>Retry delays.</summary>
internal static class Backoff
{
    /// <summary>
    /// 0.5 s, doubled with each failure up to 30 s, reduced by a random part of up to one half, so that servers do not retry in step.
    /// </summary>
    public static TimeSpan Next(int failuresBefore) => Next(failuresBefore, TimeSpan.FromSeconds(30));

    /// <summary>The same delay with another maximum.</summary>
    public static TimeSpan Next(int failuresBefore, TimeSpan max)
    {
        var full = Math.Min(max.TotalSeconds, 0.5 * Math.Pow(2, Math.Min(failuresBefore, 20)));
        return TimeSpan.FromSeconds(full * (1 - (Random.Shared.NextDouble() / 2)));
    }
}
