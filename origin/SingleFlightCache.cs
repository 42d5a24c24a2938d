using Broadcast.Media.Caching;

namespace Broadcast.Origin;

/// <summary>
/// A <see cref="ByteBudgetCache{TKey, TValue}"/> of values that are expensive to build. Builds share a number of slots, and long builds
/// take several. A request that needs more than the free slots fails at once and is to be retried. A build that needs more than all slots
/// runs alone. Thread-safe.
/// </summary>
/// <typeparam name="TKey">Type of the keys.</typeparam>
/// <typeparam name="TValue">Type of the values.</typeparam>
/// <param name="slots">Number of slots.</param>
/// <param name="maxBytes">Maximum total size of the cached values, in bytes.</param>
/// <param name="maxEntryBytes">
/// Maximum size of one cached value, in bytes, at most <paramref name="maxBytes"/>: a larger one would evict too many others.
/// </param>
/// <param name="sizeOf">Returns the size of a value, in bytes.</param>
internal sealed class SingleFlightCache<TKey, TValue>(int slots, long maxBytes, long maxEntryBytes, Func<TValue, long> sizeOf)
    where TKey : notnull
    where TValue : class
{
    private readonly ByteBudgetCache<TKey, TValue> _cache = new(maxBytes, sizeOf) { MaxEntryBytes = maxEntryBytes };
    private int _usedSlots;

    /// <summary>Total size of the cached values, in bytes.</summary>
    public long Bytes => _cache.Bytes;

    /// <summary>Slots in use.</summary>
    public int UsedSlots => Volatile.Read(ref _usedSlots);

    /// <summary>Gets a value or starts building it; <see langword="false"/> when it is missing and too few slots are free.</summary>
    /// <param name="key">The key.</param>
    /// <param name="version">Minimum version.</param>
    /// <param name="requestedSlots">Slots that the build takes.</param>
    /// <param name="build">
    /// Builds the value for all requests; a canceled request does not stop it. <see langword="null"/> results are not cached.
    /// </param>
    /// <param name="value">The value, once it is built.</param>
    public bool TryGet(TKey key, long version, long requestedSlots, Func<Task<TValue?>> build, out Task<TValue?> value)
    {
        var slotCount = (int)Math.Min(requestedSlots, slots);
        return _cache.TryGet(key, version, () => TryTake(slotCount), () => BuildAsync(slotCount, build), out value);
    }

    private bool TryTake(int slotCount)
    {
        // Only this method adds, and the cache calls it under its lock.
        if (Volatile.Read(ref _usedSlots) + slotCount > slots)
        {
            return false;
        }

        Interlocked.Add(ref _usedSlots, slotCount);
        return true;
    }

    private async Task<TValue?> BuildAsync(int slotCount, Func<Task<TValue?>> build)
    {
        try
        {
            return await build();
        }
        finally
        {
            Interlocked.Add(ref _usedSlots, -slotCount);
        }
    }
}
