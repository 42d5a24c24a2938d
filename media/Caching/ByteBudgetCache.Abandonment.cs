namespace Broadcast.Media.Caching;

/// <content>Loads that are canceled when no request wants their value any more.</content>
public sealed partial class ByteBudgetCache<TKey, TValue>
{
    /// <summary>
    /// Gets a value or starts loading it, like <see cref="TryGet"/>. When all requests for the value have been canceled, its load is
    /// canceled too, and the next request starts a new one.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="version">Minimum version.</param>
    /// <param name="tryStart">Decides whether a load can start. Called under the cache's lock.</param>
    /// <param name="load">Loads the value on the thread pool, for all requests, until its token is canceled.</param>
    /// <param name="cancellationToken">Cancels this request.</param>
    /// <param name="value">The value, once it is loaded.</param>
    /// <returns><see langword="false"/> when the value is missing and a load cannot start.</returns>
    public bool TryGetAbandonable(TKey key, long version, Func<bool> tryStart, Func<CancellationToken, Task<TValue?>> load,
        CancellationToken cancellationToken, out Task<TValue?> value)
    {
        var isAvailable = TryJoin(key, version, tryStart, load, out value, out var joined);
        if (joined is not null)
        {
            value = WaitAsync(key, joined, cancellationToken);
        }

        return isAvailable;
    }

    private async Task<TValue?> WaitAsync(TKey key, Loading loading, CancellationToken cancellationToken)
    {
        try
        {
            return await loading.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            Leave(key, loading);
        }
    }

    private void Leave(TKey key, Loading loading)
    {
        lock (_gate)
        {
            if (--loading.Requests > 0 || loading.Task.IsCompleted)
            {
                return;
            }

            // New requests must not join a load that is being canceled.
            if (_loading.TryGetValue(key, out var current) && current == loading)
            {
                _loading.Remove(key);
            }
        }

        loading.Abandon();
    }
}
