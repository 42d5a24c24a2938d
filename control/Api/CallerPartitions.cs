using System.Threading.RateLimiting;

namespace Broadcast.Control.Api;

/// <summary>
/// Rate limiters by caller, created at first use and removed after being idle for <see cref="IdleTime"/>. Everything happens during
/// requests: the platform's partitioned limiter instead wakes ten times a second, even without callers.
/// </summary>
/// <param name="create">Creates a caller's limiter. A limiter that replenishes must not do so by itself.</param>
/// <param name="time">Clock of the removal.</param>
internal sealed class CallerPartitions(Func<RateLimiter> create, TimeProvider time) : IDisposable
{
    /// <summary>Time after which an idle limiter is removed, and the minimum interval between removals.</summary>
    public static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Partition> _partitions = new(StringComparer.Ordinal);
    private long _removedAt = time.GetTimestamp();

    /// <summary>Number of callers that have a limiter.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _partitions.Count;
            }
        }
    }

    /// <summary>Acquires a permit of a caller, or fails at once.</summary>
    public RateLimitLease AttemptAcquire(string caller)
    {
        lock (_lock)
        {
            return Find(caller).AttemptAcquire();
        }
    }

    /// <summary>Acquires a permit of a caller, and waits for it unless too many wait.</summary>
    public ValueTask<RateLimitLease> AcquireAsync(string caller, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Find(caller).AcquireAsync(1, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var partition in _partitions.Values)
            {
                partition.Limiter.Dispose();
            }

            _partitions.Clear();
        }
    }

    /// <summary>Returns a caller's limiter. Its use must begin under the lock, so that it is not removed before.</summary>
    private RateLimiter Find(string caller)
    {
        var now = time.GetTimestamp();
        if (time.GetElapsedTime(_removedAt, now) >= IdleTime)
        {
            _removedAt = now;
            RemoveIdle(now);
        }

        if (!_partitions.TryGetValue(caller, out var partition))
        {
            _partitions.Add(caller, partition = new Partition(create()));
        }

        partition.UsedAt = now;
        (partition.Limiter as ReplenishingRateLimiter)?.TryReplenish();
        return partition.Limiter;
    }

    private void RemoveIdle(long now)
    {
        foreach (var (caller, partition) in _partitions)
        {
            (partition.Limiter as ReplenishingRateLimiter)?.TryReplenish();
            if (partition.Limiter.IdleDuration is not null && time.GetElapsedTime(partition.UsedAt, now) >= IdleTime)
            {
                _partitions.Remove(caller);
                partition.Limiter.Dispose();
            }
        }
    }

    private sealed class Partition(RateLimiter limiter)
    {
        public RateLimiter Limiter { get; } = limiter;

        public long UsedAt { get; set; }
    }
}
