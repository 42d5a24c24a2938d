namespace Broadcast.Storage.Spooling;

/// <summary>
/// Which sealed file goes to the store next. Fresh ones (sealed less than half a minute ago) first and the newest of them before the others, because viewers
/// elsewhere wait for them; then the rest, oldest first, because those have been on one disk alone for longest. The queue is bounded by the spool's limit on disk.
/// <para>
/// When the store fails, everything pauses: exponentially longer (0.5 s to 30 s) with jitter, counted once however many uploads failed together. When one file
/// fails for a reason of its own, it alone rests.
/// </para>
/// </summary>
internal sealed class UploadQueue(TimeProvider time)
{
    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(30);
    private readonly Lock _lock = new();
    private readonly SortedSet<Entry> _waiting = new(Comparer<Entry>.Create(static (a, b) => a.Since != b.Since ? a.Since.CompareTo(b.Since) : a.Number.CompareTo(b.Number)));
    private readonly PriorityQueue<SpoolFile, DateTimeOffset> _resting = new();
    private DateTimeOffset _pausedUntil = DateTimeOffset.MinValue;
    private long _number;
    private int _failures;

    /// <summary>Changes with every pause: an upload that began before it does not lengthen it.</summary>
    public int Era { get; private set; }

    /// <summary>Whether the store has failed and is given time.</summary>
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

    /// <summary>Files that could go now.</summary>
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

    /// <summary>Adds a file that is not to go before a while.</summary>
    public void Rest(SpoolFile file, TimeSpan wait)
    {
        lock (_lock)
        {
            _resting.Enqueue(file, time.GetUtcNow() + wait);
        }
    }

    /// <summary>Takes the next file, or says how long there is surely none (unless one is added).</summary>
    public SpoolFile? Take(out TimeSpan wait)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            while (_resting.TryPeek(out var rested, out var until) && until <= now)
            {
                _resting.Dequeue();
                _waiting.Add(new Entry(rested.Written, _number++, rested));
            }

            wait = TimeSpan.FromHours(1);
            if (_resting.TryPeek(out _, out var next))
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

    /// <summary>The store took something.</summary>
    public void Succeeded()
    {
        lock (_lock)
        {
            (_failures, _pausedUntil) = (0, DateTimeOffset.MinValue);
        }
    }

    /// <summary>The store failed an upload that began in an era.</summary>
    public void Failed(int era)
    {
        lock (_lock)
        {
            if (era == Era)
            {
                Era++;
                _pausedUntil = time.GetUtcNow() + Backoff.Next(_failures++);
            }
        }
    }

    private readonly record struct Entry(DateTimeOffset Since, long Number, SpoolFile File);
}

/// <summary>How long to wait before trying again.</summary>
internal static class Backoff
{
    /// <summary>0.5 s, doubled with each failure up to 30 s, of which a random part up to the half is taken off so that many servers do not come back together.</summary>
    public static TimeSpan Next(int failuresBefore)
    {
        var full = Math.Min(30.0, 0.5 * Math.Pow(2, Math.Min(failuresBefore, 10)));
        return TimeSpan.FromSeconds(full * (1 - (Random.Shared.NextDouble() / 2)));
    }
}
