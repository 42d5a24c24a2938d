namespace Broadcast.Control.Publishing;

/// <summary>
/// Counts failures by key in fixed windows, one minute by default. Holds at most <see cref="MaxKeys"/> keys; when full, the oldest are
/// removed.
/// </summary>
internal sealed class FailureCounter(TimeProvider time, TimeSpan? window = null)
{
    /// <summary>Maximum number of keys.</summary>
    public const int MaxKeys = 10_000;

    private readonly TimeSpan _window = window ?? TimeSpan.FromMinutes(1);
    private readonly Dictionary<string, Count> _counts = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>Gets the failures in the current window; 0 for <see langword="null"/>.</summary>
    public int CountOf(string? key)
    {
        lock (_lock)
        {
            return key is not null && _counts.TryGetValue(key, out var count)
                && time.GetElapsedTime(count.Since) < _window ? count.Failures : 0;
        }
    }

    /// <summary>Counts a failure; no effect for <see langword="null"/>.</summary>
    public void Add(string? key)
    {
        if (key is null)
        {
            return;
        }

        lock (_lock)
        {
            if (_counts.TryGetValue(key, out var count) && time.GetElapsedTime(count.Since) < _window)
            {
                _counts[key] = count with { Failures = count.Failures + 1 };
                return;
            }

            if (_counts.Count >= MaxKeys)
            {
                RemoveOldest();
            }

            _counts[key] = new(time.GetTimestamp(), 1);
        }
    }

    private void RemoveOldest()
    {
        foreach (var key in _counts.OrderBy(c => c.Value.Since).Take(MaxKeys / 10).Select(c => c.Key).ToList())
        {
            _counts.Remove(key);
        }
    }

    private readonly record struct Count(long Since, int Failures);
}
