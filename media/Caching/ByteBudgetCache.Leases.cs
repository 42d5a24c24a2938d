namespace Broadcast.Media.Caching;

/// <content>Leases, which keep values in memory while they are used, and reservations for values that are being loaded.</content>
public sealed partial class ByteBudgetCache<TKey, TValue>
{
    /// <summary>Gets a value and leases it, loading it if necessary.</summary>
    /// <typeparam name="TState">Type of <paramref name="state"/>.</typeparam>
    /// <param name="key">The key.</param>
    /// <param name="state">Passed to <paramref name="load"/>.</param>
    /// <param name="load">
    /// Loads the value for all requests; started on the thread of the first. Before it allocates the value, it reserves the size with the
    /// given function, which evicts other values and returns whether there is room. A value without a reservation is returned without being
    /// cached, and does not count.
    /// </param>
    /// <param name="cancellationToken">Cancels the wait; the load continues.</param>
    /// <returns><see langword="null"/> when the load returned none.</returns>
    public async ValueTask<CacheLease<TValue>?> LeaseAsync<TState>(TKey key, TState state,
        Func<TState, Func<long, bool>, Task<TValue?>> load, CancellationToken cancellationToken)
    {
        if (FindOrJoin(key, out var loading, out var isStarted) is { } known)
        {
            return new CacheLease<TValue>(known.Value, known.Release);
        }

        if (isStarted)
        {
            _ = LoadReservedAsync(key, loading, state, load);
        }

        try
        {
            await loading.Task.WaitAsync(cancellationToken);
        }
        catch
        {
            StopWaiting(loading);
            throw;
        }

        return loading.Leased is { } leased ? new CacheLease<TValue>(leased.Value, leased.Release) : null;
    }

    /// <summary>Leases a cached value, or joins the load of a missing one.</summary>
    private Entry? FindOrJoin(TKey key, out Loading loading, out bool isStarted)
    {
        lock (_gate)
        {
            (loading, isStarted) = (null!, false);
            if (Find(key, 0) is { } entry)
            {
                if (entry.Leases++ == 0)
                {
                    _idle.Remove(entry.Node);
                }

                return entry;
            }

            if (_loading.TryGetValue(key, out loading!))
            {
                Interlocked.Increment(ref _hits);
            }
            else
            {
                Interlocked.Increment(ref _loads);
                isStarted = true;
                _loading.Add(key, loading = new Loading(0, mustReserve: true));
            }

            loading.Waiting++;
            loading.Requests++;
            return null;
        }
    }

    private void StopWaiting(Loading loading)
    {
        lock (_gate)
        {
            loading.Waiting--;
            if (loading.Leased is { } leased)
            {
                Release(leased);
            }
        }
    }

    private Task LoadReservedAsync<TState>(TKey key, Loading loading, TState state, Func<TState, Func<long, bool>, Task<TValue?>> load) =>
        LoadAsync(key, loading, () => load(state, bytes => TryReserve(loading, bytes)));

    private bool TryReserve(Loading loading, long bytes)
    {
        if (bytes > MaxEntryBytes)
        {
            return false;
        }

        lock (_gate)
        {
            while (_bytes + bytes > _budget && _idle.Last is { } oldest)
            {
                Drop(oldest.Value);
                Interlocked.Increment(ref _evictions);
            }

            if (_bytes + bytes > _budget)
            {
                return false;
            }

            Interlocked.Add(ref _bytes, bytes);
            (loading.Reserved, loading.HasReserved) = (loading.Reserved + bytes, true);
            return true;
        }
    }

    /// <summary>Ends a lease.</summary>
    private void Release(Entry entry)
    {
        lock (_gate)
        {
            if (--entry.Leases > 0)
            {
                return;
            }

            if (entry.IsCached)
            {
                _idle.AddFirst(entry.Node);
            }
            else
            {
                Interlocked.Add(ref _bytes, -entry.Size);
            }
        }
    }
}
