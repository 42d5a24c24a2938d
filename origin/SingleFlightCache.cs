using System.Net;
using Broadcast.Media.Caching;

namespace Broadcast.Origin;

/// <summary>
/// A <see cref="ByteBudgetCache{TKey, TValue}"/> of values that are expensive to build. Builds take <see cref="BuildSlots"/>. A request
/// that needs more than the free slots fails at once and is to be retried. A build that no request waits for any more is canceled.
/// Thread-safe.
/// </summary>
/// <typeparam name="TKey">Type of the keys.</typeparam>
/// <typeparam name="TValue">Type of the values.</typeparam>
/// <param name="maxBytes">Maximum total size of the cached values, in bytes.</param>
/// <param name="maxEntryBytes">
/// Maximum size of one cached value, in bytes. A larger one would evict too many others. If this is above <paramref name="maxBytes"/>, the
/// newest value is cached even when it exceeds that, and is then the only one.
/// </param>
/// <param name="sizeOf">Returns the size of a value, in bytes.</param>
/// <param name="lifetimeOf">Returns how long a value is cached; <see langword="null"/> for no limit.</param>
/// <param name="time">The clock of the lifetimes.</param>
internal sealed class SingleFlightCache<TKey, TValue>(long maxBytes, long maxEntryBytes, Func<TValue, long> sizeOf,
    Func<TValue, TimeSpan?>? lifetimeOf = null, TimeProvider? time = null)
    where TKey : notnull
    where TValue : class
{
    private readonly ByteBudgetCache<TKey, TValue> _cache = new(maxBytes, sizeOf, time)
    {
        MaxEntryBytes = maxEntryBytes, LifetimeOf = lifetimeOf,
    };

    /// <summary>Total size of the cached values, in bytes.</summary>
    public long Bytes => _cache.Bytes;

    /// <summary>A cached value, even if its lifetime is over; <see langword="null"/> when there is none.</summary>
    public TValue? Peek(TKey key) => _cache.Peek(key);

    /// <summary>Removes a value. A running build still answers the waiting requests, but is not cached.</summary>
    public void Remove(TKey key) => _cache.Remove(key);

    /// <summary>Gets a value or starts building it; <see langword="false"/> when it is missing and too few slots are free.</summary>
    /// <param name="key">The key.</param>
    /// <param name="version">Minimum version.</param>
    /// <param name="slots">The slots that a build takes.</param>
    /// <param name="requestedSlots">Number of slots that the build takes.</param>
    /// <param name="client">The client whose share of the slots the build takes; <see langword="null"/> when it has no limit.</param>
    /// <param name="build">
    /// Builds the value for all requests, until its token is canceled. <see langword="null"/> results are not cached.
    /// </param>
    /// <param name="value">The value, once it is built.</param>
    /// <param name="cancellationToken">Cancels this request.</param>
    public bool TryGet(TKey key, long version, BuildSlots slots, long requestedSlots, IPAddress? client,
        Func<CancellationToken, Task<TValue?>> build, out Task<TValue?> value, CancellationToken cancellationToken)
    {
        var taken = slots.CountOf(requestedSlots);
        return _cache.TryGetAbandonable(key, version, () => slots.TryTake(client, taken), BuildAsync, cancellationToken, out value);

        async Task<TValue?> BuildAsync(CancellationToken abandoned)
        {
            try
            {
                abandoned.ThrowIfCancellationRequested();
                return await build(abandoned);
            }
            finally
            {
                slots.Return(client, taken);
            }
        }
    }
}
