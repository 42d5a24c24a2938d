namespace Broadcast.Media.Caching;

/// <summary>
/// Cache with a limit on the total size of its values and least-recently-used eviction. A missing value is loaded once for all concurrent
/// requests. A load continues when requests are canceled, because others may wait for it; an abandonable load
/// (<see cref="TryGetAbandonable"/>) is canceled with its last request. Failures and <see langword="null"/> are not
/// cached: all waiting requests receive them, and the next request loads again. Values larger than <see cref="MaxEntryBytes"/> are returned
/// without being cached. A leased value is not evicted; a removed value counts until its last lease is released. Thread-safe.
/// </summary>
/// <typeparam name="TKey">Type of the keys.</typeparam>
/// <typeparam name="TValue">Type of the values.</typeparam>
/// <param name="budget">Maximum total size of the cached values, in bytes.</param>
/// <param name="sizeOf">Returns the size of a value, in bytes. The result must not change while the value is cached.</param>
/// <param name="time">The clock of <see cref="LifetimeOf"/>.</param>
public sealed partial class ByteBudgetCache<TKey, TValue>(long budget, Func<TValue, long> sizeOf, TimeProvider? time = null)
    where TKey : notnull
    where TValue : class
{
    private readonly long _budget = budget;
    private readonly Lock _gate = new();
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Dictionary<TKey, Entry> _entries = [];

    // Without leased values; the most recently used first.
    private readonly LinkedList<Entry> _idle = [];
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

    /// <summary>Total size of the cached, leased and reserved values, in bytes.</summary>
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
    public bool TryGet(TKey key, long version, Func<bool>? tryStart, Func<Task<TValue?>> load, out Task<TValue?> value) =>
        TryJoin(key, version, tryStart, _ => load(), out value, out _);

    /// <summary>Finds a value, or joins or starts its load. A load counts the request until <see cref="Leave"/> is called.</summary>
    private bool TryJoin(TKey key, long version, Func<bool>? tryStart, Func<CancellationToken, Task<TValue?>> load, out Task<TValue?> value,
        out Loading? joined)
    {
        Loading started;
        lock (_gate)
        {
            joined = null;
            if (Find(key, version) is { } entry)
            {
                if (entry.Leases == 0)
                {
                    _idle.Remove(entry.Node);
                    _idle.AddFirst(entry.Node);
                }

                value = entry.Result;
                return true;
            }

            if (_loading.TryGetValue(key, out var running) && running.Version >= version)
            {
                Interlocked.Increment(ref _hits);
                running.Requests++;
                (joined, value) = (running, running.Task);
                return true;
            }

            if (tryStart?.Invoke() == false)
            {
                value = Task.FromResult<TValue?>(null);
                return false;
            }

            Interlocked.Increment(ref _loads);
            _loading[key] = started = new Loading(version, mustReserve: false) { Requests = 1 };
        }

        _ = Task.Run(() => LoadAsync(key, started, () => load(started.Abandoned)));
        (joined, value) = (started, started.Task);
        return true;
    }

    /// <summary>
    /// A cached value, even if its lifetime is over; <see langword="null"/> when there is none. The order of eviction is unchanged.
    /// </summary>
    public TValue? Peek(TKey key)
    {
        lock (_gate)
        {
            return _entries.TryGetValue(key, out var entry) ? entry.Value : null;
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
            if (_entries.TryGetValue(key, out var entry))
            {
                Drop(entry);
            }
        }
    }

    /// <summary>Removes the values of all matching keys, like <see cref="Remove"/>.</summary>
    /// <param name="matches">Selects keys.</param>
    public void RemoveAll(Func<TKey, bool> matches)
    {
        lock (_gate)
        {
            foreach (var key in _entries.Keys.Concat(_loading.Keys).Where(matches).ToList())
            {
                Remove(key);
            }
        }
    }

    /// <summary>A cached value of a version whose lifetime is not over. Called under the lock.</summary>
    private Entry? Find(TKey key, long version)
    {
        if (_entries.TryGetValue(key, out var entry))
        {
            if (IsExpired(entry))
            {
                Drop(entry);
            }
            else if (entry.Version >= version)
            {
                Interlocked.Increment(ref _hits);
                return entry;
            }
        }

        return null;
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

    /// <summary>Completes a load: all requests that wait for a lease hold one. Caches the value unless it was removed meanwhile.</summary>
    private void Complete(TKey key, Loading loading, TValue? value, long size)
    {
        lock (_gate)
        {
            // Not if removed meanwhile, or replaced by the load of a higher version.
            var isCurrent = _loading.TryGetValue(key, out var current) && current == loading && _loading.Remove(key);
            Interlocked.Add(ref _bytes, -loading.Reserved);
            loading.Reserved = 0;
            var isCounted = loading.MustReserve ? loading.HasReserved : size <= MaxEntryBytes;
            if (value is null || (loading.Waiting == 0 && !(isCurrent && isCounted)))
            {
                return;
            }

            var entry = new Entry(this, key, loading.Version, value, loading.Task, isCounted ? size : 0, _time.GetTimestamp(),
                LifetimeOf?.Invoke(value));
            if (isCurrent && isCounted)
            {
                if (_entries.TryGetValue(key, out var old))
                {
                    Drop(old);
                }

                _entries[key] = entry;
                entry.IsCached = true;
            }

            // One extra lease is released immediately, which settles the entry's state when no other lease is left.
            Interlocked.Add(ref _bytes, entry.Size);
            loading.Leased = entry;
            entry.Leases = loading.Waiting + 1;
            Release(entry);
            while (_bytes > _budget && _idle.Count > 1)
            {
                Drop(_idle.Last!.Value);
                Interlocked.Increment(ref _evictions);
            }
        }
    }

    private bool IsExpired(Entry entry) => entry.Lifetime is { } lifetime && _time.GetElapsedTime(entry.Since) >= lifetime;

    /// <summary>Removes a value. It counts until its last lease is released. Called under the lock.</summary>
    private void Drop(Entry entry)
    {
        _entries.Remove(entry.Key);
        entry.IsCached = false;
        if (entry.Leases == 0)
        {
            _idle.Remove(entry.Node);
            Interlocked.Add(ref _bytes, -entry.Size);
        }
    }

    /// <summary>A loaded value.</summary>
    private sealed class Entry
    {
        public Entry(ByteBudgetCache<TKey, TValue> owner, TKey key, long version, TValue value, Task<TValue?> result, long size, long since,
            TimeSpan? lifetime)
        {
            (Key, Version, Value, Result, Size, Since, Lifetime) = (key, version, value, result, size, since, lifetime);
            Node = new LinkedListNode<Entry>(this);
            Release = () => owner.Release(this);
        }

        public TKey Key { get; }

        public long Version { get; }

        public TValue Value { get; }

        public Task<TValue?> Result { get; }

        public long Size { get; }

        public long Since { get; }

        public TimeSpan? Lifetime { get; }

        /// <summary>Position in the list of values without leases.</summary>
        public LinkedListNode<Entry> Node { get; }

        /// <summary>Releases one lease.</summary>
        public Action Release { get; }

        public int Leases { get; set; }

        /// <summary>Indicates whether the value is in the cache.</summary>
        public bool IsCached { get; set; }
    }

    /// <summary>A running load.</summary>
    private sealed class Loading(long version, bool mustReserve)
        : TaskCompletionSource<TValue?>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        private readonly CancellationTokenSource _abandoned = new();

        public long Version => version;

        /// <summary>
        /// Number of requests that still want the value. Requests that cannot leave, because their caller may wait without a limit, are
        /// counted for ever.
        /// </summary>
        public int Requests { get; set; }

        /// <summary>Canceled when no request wants the value any more.</summary>
        public CancellationToken Abandoned => _abandoned.Token;

        /// <summary>Indicates whether the value is only cached when its size was reserved.</summary>
        public bool MustReserve => mustReserve;

        /// <summary>Number of requests that wait for a lease or hold it.</summary>
        public int Waiting { get; set; }

        public long Reserved { get; set; }

        public bool HasReserved { get; set; }

        /// <summary>The result, once it is counted for all requests that wait for a lease.</summary>
        public Entry? Leased { get; set; }

        /// <summary>Cancels the load on the thread pool.</summary>
        public void Abandon() => _ = _abandoned.CancelAsync();
    }
}
