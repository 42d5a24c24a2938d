namespace Broadcast.Chat.Limits;

/// <summary>
/// Rate limit per key with the generic cell rate algorithm (ITU-T I.371): one time per key, and no timers. Keys without a recent permit are
/// removed. Thread-safe.
/// </summary>
/// <param name="interval">Time that one permit takes.</param>
/// <param name="burst">Permits that an idle key gets at once, at least 1.</param>
/// <param name="time">Clock.</param>
internal sealed class RateLimit<TKey>(TimeSpan interval, int burst, TimeProvider time)
    where TKey : notnull
{
    private const int FirstRemoval = 1024;
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, DateTimeOffset> _fullAt = [];
    private int _removeAt = FirstRemoval;

    /// <summary>Number of keys in memory.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _fullAt.Count;
            }
        }
    }

    /// <summary>Takes a permit.</summary>
    /// <returns>Time until a permit is available; zero when one was taken.</returns>
    public TimeSpan Take(TKey key)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            // Time at which the key has all of its permits again.
            var fullAt = _fullAt.TryGetValue(key, out var known) && known > now ? known : now;
            var wait = fullAt + interval - now - (burst * interval);
            if (wait > TimeSpan.Zero)
            {
                return wait;
            }

            _fullAt[key] = fullAt + interval;
            if (_fullAt.Count >= _removeAt)
            {
                RemoveIdle(now);
            }

            return TimeSpan.Zero;
        }
    }

    private void RemoveIdle(DateTimeOffset now)
    {
        foreach (var (key, _) in _fullAt.Where(entry => entry.Value <= now).ToList())
        {
            _fullAt.Remove(key);
        }

        _removeAt = Math.Max(FirstRemoval, 2 * _fullAt.Count);
    }
}
