namespace Broadcast.Media.Caching;

/// <summary>
/// Cache with a limit on the total size of its values and least-recently-used eviction. A missing value is loaded once for all concurrent
/// requests. A load continues when requests are canceled, because others may wait for it. Failures and <see langword="null"/> are not
/// cached: all waiting requests receive them, and the next request loads again. Values larger than <see cref="MaxEntryBytes"/> are returned
/// without being cached. Thread-safe.
/// </summary>
/// <typeparam name="TKey">Type of the keys.</typeparam>
/// <typeparam name="TValue">Type of the values.</typeparam>
/// <param name="budget">Maximum total size of the cached values, in bytes.</param>
/// <param name="sizeOf">Returns the size of a value, in bytes. The result must not change while the value is cached.</param>
/// <param name="time">The clock of <see cref="LifetimeOf"/>.</param>
public sealed class ByteBudgetCache<TKey, TValue>(long budget, Func<TValue, long> sizeOf, TimeProvider? time = null)
    where TKey : notnull
    where TValue : class
{
    private readonly long _budget = budget;
    private readonly Lock _gate = new();
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Dictionary<TKey, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _newestFirst = [];
    private readonly Dictionary<TKey, Loading> _loading = [];
    private long _bytes;
    private long _hits;
    private long _loads;
    private long _evictions;

    /// <summary>
    /// Maximum size of one cached value, in bytes; the budget by default. A smaller maximum prevents one value from evicting too many
    /// others. With a larger maximum, the newest value is cached even when it exceeds the budget, and is then the only one.
    /// </summary>
    public long MaxEntryBytes { get; init; } = budget;

    /// <summary>Returns how long a value is cached; <see langword="null"/> for no limit. By default no value has a limit.</summary>
    public Func<TValue, TimeSpan?>? LifetimeOf { get; init; }

    /// <summary>Total size of the cached values, in bytes.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Number of cached values.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>Number of requests so far that a cached value or a running load answered.</summary>
    public long Hits => Interlocked.Read(ref _hits);

    /// <summary>Number of loads so far.</summary>
    public long Loads => Interlocked.Read(ref _loads);

    /// <summary>Number of values so far that were evicted to make room.</summary>
    public long Evictions => Interlocked.Read(ref _evictions);

    /// <summary>Gets a value, loading it if necessary.</summary>
    /// <param name="key">The key.</param>
    /// <param name="load">Loads the value on the thread pool, for all requests.</param>
    /// <param name="cancellationToken">Cancels the wait; the load continues.</param>
    public Task<TValue?> GetAsync(TKey key, Func<Task<TValue?>> load, CancellationToken cancellationToken)
    {
        TryGet(key, 0, null, load, out var value);
        return value.WaitAsync(cancellationToken);
    }

    /// <summary>Gets a value or starts loading it.</summary>
    /// <param name="key">The key.</param>
    /// <param name="version">
    /// Minimum version. A cached value or running load of a lower version is replaced by a load of this version; the requests that wait for
    /// the lower version still receive it.
    /// </param>
    /// <param name="tryStart">
    /// Decides whether a load can start; <see langword="null"/> for always. Called under the cache's lock, directly before the load starts.
    /// </param>
    /// <param name="load">Loads the value on the thread pool, for all requests.</param>
    /// <param name="value">The value, once it is loaded.</param>
    /// <returns><see langword="false"/> when the value is missing and a load cannot start.</returns>
    public bool TryGet(TKey key, long version, Func<bool>? tryStart, Func<Task<TValue?>> load, out Task<TValue?> value)
    {
        Loading started;
        lock (_gate)
        {
            if (_entries.TryGetValue(key, out var node))
            {
                if (IsExpired(node.Value))
                {
                    Drop(node);
                }
                else if (node.Value.Version >= version)
                {
                    _newestFirst.Remove(node);
                    _newestFirst.AddFirst(node);
                    Interlocked.Increment(ref _hits);
                    value = node.Value.Result;
                    return true;
                }
            }

            if (_loading.TryGetValue(key, out var running) && running.Version >= version)
            {
                Interlocked.Increment(ref _hits);
                value = running.Task;
                return true;
            }

            if (tryStart?.Invoke() == false)
            {
                value = Task.FromResult<TValue?>(null);
                return false;
            }

            Interlocked.Increment(ref _loads);
            _loading[key] = started = new Loading(version);
        }

        _ = Task.Run(() => LoadAsync(key, started, load));
        value = started.Task;
        return true;
    }

    /// <summary>
    /// A cached value, even if its lifetime is over; <see langword="null"/> when there is none. The order of eviction is unchanged.
    /// </summary>
    public TValue? Peek(TKey key)
    {
        lock (_gate)
        {
            return _entries.TryGetValue(key, out var node) ? node.Value.Value : null;
        }
    }

    /// <summary>
    /// Removes a value. A running load still answers the waiting requests, but is not cached, and the next request loads again.
    /// </summary>
    public void Remove(TKey key)
    {
        lock (_gate)
        {
            _loading.Remove(key);
            if (_entries.TryGetValue(key, out var node))
            {
                Drop(node);
            }
        }
    }

    /// <summary>Never throws: a failure goes to the waiting requests.</summary>
    private async Task LoadAsync(TKey key, Loading loading, Func<Task<TValue?>> load)
    {
        try
        {
            var value = await load();
            Complete(key, loading, value, value is null ? 0 : sizeOf(value));
            loading.SetResult(value);
        }
        catch (Exception failure)
        {
            Complete(key, loading, null, 0);
            loading.SetException(failure);
            _ = loading.Task.Exception;     // observed, because no request may be waiting
        }
    }

    private void Complete(TKey key, Loading loading, TValue? value, long size)
    {
        lock (_gate)
        {
            if (!_loading.TryGetValue(key, out var current) || current != loading)
            {
                // Removed meanwhile, or replaced by the load of a higher version.
                return;
            }

            _loading.Remove(key);
            if (value is null || size > MaxEntryBytes)
            {
                return;
            }

            if (_entries.TryGetValue(key, out var old))
            {
                Drop(old);
            }

            var entry = new Entry(key, loading.Version, value, loading.Task, size, _time.GetTimestamp(), LifetimeOf?.Invoke(value));
            _entries[key] = _newestFirst.AddFirst(entry);
            Interlocked.Add(ref _bytes, size);
            while (_bytes > _budget && _newestFirst.Count > 1)
            {
                Drop(_newestFirst.Last!);
                Interlocked.Increment(ref _evictions);
            }
        }
    }

    private bool IsExpired(Entry entry) => entry.Lifetime is { } lifetime && _time.GetElapsedTime(entry.Since) >= lifetime;

    private void Drop(LinkedListNode<Entry> node)
    {
        _newestFirst.Remove(node);
        _entries.Remove(node.Value.Key);
        Interlocked.Add(ref _bytes, -node.Value.Size);
    }

    /// <summary>A cached value.</summary>
    private sealed record Entry(TKey Key, long Version, TValue Value, Task<TValue?> Result, long Size, long Since, TimeSpan? Lifetime);

    /// <summary>A running load.</summary>
    private sealed class Loading(long version) : TaskCompletionSource<TValue?>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public long Version => version;
    }
}
