namespace Broadcast.Origin;

/// <summary>
/// Cache of values that are expensive to build, with a byte limit and least-recently-used eviction. A missing value is built once for all
/// concurrent requests. Builds share a number of slots, and long builds take several. A request that needs more than the free slots fails
/// at once and is to be retried. A build that needs more than all slots runs alone. Thread-safe.
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
    private readonly Lock _gate = new();
    private readonly Dictionary<TKey, LinkedListNode<CacheEntry>> _entries = [];
    private readonly LinkedList<CacheEntry> _newestFirst = [];
    private readonly Dictionary<TKey, (long Version, Task<TValue?> Task)> _building = [];
    private long _bytes;
    private int _usedSlots;

    /// <summary>Total size of the cached values, in bytes.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Slots in use.</summary>
    public int UsedSlots
    {
        get
        {
            lock (_gate)
            {
                return _usedSlots;
            }
        }
    }

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
        lock (_gate)
        {
            if (_entries.TryGetValue(key, out var node) && node.Value.Version >= version)
            {
                _newestFirst.Remove(node);
                _newestFirst.AddFirst(node);
                value = node.Value.Value;
                return true;
            }

            if (_building.TryGetValue(key, out var running) && running.Version >= version)
            {
                value = running.Task;
                return true;
            }

            if (_usedSlots + slotCount > slots)
            {
                value = Task.FromResult<TValue?>(null);
                return false;
            }

            _usedSlots += slotCount;
            var result = new TaskCompletionSource<TValue?>(TaskCreationOptions.RunContinuationsAsynchronously);
            _building[key] = (version, value = result.Task);
            _ = Task.Run(() => BuildAsync(key, version, slotCount, build, result));
            return true;
        }
    }

    /// <summary>Never throws: a failure goes to the waiting requests, and the next request tries again.</summary>
    private async Task BuildAsync(TKey key, long version, int slotCount, Func<Task<TValue?>> build, TaskCompletionSource<TValue?> result)
    {
        try
        {
            var value = await build();
            Complete(key, version, slotCount, result.Task, value);
            result.SetResult(value);
        }
        catch (Exception failure)
        {
            Complete(key, version, slotCount, result.Task, null);
            result.SetException(failure);
            _ = result.Task.Exception;     // observed, because no request may be waiting
        }
    }

    private void Complete(TKey key, long version, int slotCount, Task<TValue?> result, TValue? value)
    {
        lock (_gate)
        {
            _usedSlots -= slotCount;
            if (_building.TryGetValue(key, out var running) && running.Task == result)
            {
                _building.Remove(key);
            }

            if (value is null || sizeOf(value) is var size && size > maxEntryBytes)
            {
                return;
            }

            if (_entries.TryGetValue(key, out var old))
            {
                if (old.Value.Version >= version)
                {
                    return;
                }

                Drop(old);
            }

            _entries[key] = _newestFirst.AddFirst(new CacheEntry(key, version, result, size));
            _bytes += size;
            while (_bytes > maxBytes)
            {
                Drop(_newestFirst.Last!);
            }
        }
    }

    private void Drop(LinkedListNode<CacheEntry> node)
    {
        _newestFirst.Remove(node);
        _entries.Remove(node.Value.Key);
        _bytes -= node.Value.Size;
    }

    private sealed record CacheEntry(TKey Key, long Version, Task<TValue?> Value, long Size);
}
