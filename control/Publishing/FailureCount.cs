namespace Broadcast.Control;

/// <summary>Counts failures by what failed, in windows of a minute or another length. Remembers at most <see cref="MaxKeys"/>; when full, the oldest are forgotten first.</summary>
internal sealed class FailureCount(TimeProvider time, TimeSpan? window = null)
{
    /// <summary>Most things counted at a time.</summary>
    public const int MaxKeys = 10_000;

    private readonly TimeSpan _window = window ?? TimeSpan.FromMinutes(1);
    private readonly Dictionary<string, Count> _counts = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>Failures in the window that runs; 0 for <see langword="null"/>.</summary>
    public int Of(string? key)
    {
        lock (_lock)
        {
            return key is not null && _counts.TryGetValue(key, out var count) && time.GetElapsedTime(count.Since) < _window ? count.Failures : 0;
        }
    }

    /// <summary>Counts one more; nothing for <see langword="null"/>.</summary>
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
                MakeRoom();
            }

            _counts[key] = new(time.GetTimestamp(), 1);
        }
    }

    private void MakeRoom()
    {
        foreach (var key in _counts.OrderBy(c => c.Value.Since).Take(MaxKeys / 10).Select(c => c.Key).ToList())
        {
            _counts.Remove(key);
        }
    }

    private readonly record struct Count(long Since, int Failures);
}
