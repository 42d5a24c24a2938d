using System.Net;
using Broadcast.Database;
using Broadcast.Media;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Lookups;

/// <summary>
/// Database lookups for caches that miss. Concurrency is limited and shared fairly among clients (<see cref="LookupSlots"/>), because ids
/// can be guessed. A caller waits at most <see cref="ControlOptions.LookupTimeout"/>. Missing rows are cached briefly. A row read during a
/// change notification is not cached, because it may be stale. Thread-safe.
/// </summary>
/// <param name="options">Lookup timeout.</param>
/// <param name="time">Clock.</param>
/// <param name="requests">Current request, whose client a lookup counts for; without one, lookups count for the server itself.</param>
internal sealed class CacheMissLookup(IOptions<ControlOptions> options, TimeProvider time, IHttpContextAccessor? requests) : IDisposable
{
    // Notifications clear an entry at once; the expiry covers changes without one.
    private static readonly TimeSpan MissingEntryLifetime = TimeSpan.FromSeconds(5);

    private readonly ExpiringSet _missing = new(time, MissingEntryLifetime);
    private readonly SemaphoreSlim _changeLock = new(1, 1);
    private long _changes;

    /// <summary>Slots of running and waiting lookups.</summary>
    internal LookupSlots Slots { get; } = new();

    /// <summary>Reads the cache.</summary>
    /// <param name="id">Id to look up.</param>
    /// <param name="found">Cached value; <see langword="null"/> with a result of <see langword="true"/> when the row is known to be
    /// missing.</param>
    /// <returns>Whether the cache has an answer.</returns>
    public delegate bool CacheReader<T>(string id, out T? found)
        where T : class;

    /// <summary>Counter incremented before and after every applied change. A row read between two equal values may be cached.</summary>
    public long Changes => Interlocked.Read(ref _changes);

    /// <summary>Returns whether the row was recently found missing.</summary>
    public bool IsMissing(string id) => _missing.Contains(id);

    /// <summary>Records that a row is missing.</summary>
    public void RecordMissing(string id) => _missing.Add(id);

    /// <summary>Records that a row may exist now.</summary>
    public void ClearMissing(string id) => _missing.Remove(id);

    /// <summary>
    /// Applies a change, one at a time, so that an older read does not replace a newer one. Concurrent lookups may have read stale rows and
    /// cache nothing.
    /// </summary>
    /// <param name="apply">Reads and applies the change.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public async Task ApplyChangeAsync(Func<Task> apply, CancellationToken cancellationToken)
    {
        await _changeLock.WaitAsync(cancellationToken);
        try
        {
            Interlocked.Increment(ref _changes);
            await apply();
        }
        finally
        {
            Interlocked.Increment(ref _changes);
            _changeLock.Release();
        }
    }

    /// <summary>
    /// Looks up a row that is not cached. A lookup that the caller no longer waits for keeps its slot until the statement has ended, and is
    /// not canceled: Npgsql cancels a statement on a second connection that it opens synchronously. While the database hangs, that would
    /// block one thread per request.
    /// </summary>
    /// <param name="id">Id to look up.</param>
    /// <param name="readCache">Reads the cache again when a lookup slot is free.</param>
    /// <param name="read">Reads the row and caches it if permitted.</param>
    /// <param name="createException">Creates the exception for an unavailable database.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public async ValueTask<T?> FindAsync<T>(string id, CacheReader<T> readCache, Func<string, Task<T?>> read,
        Func<Exception, Exception> createException, CancellationToken cancellationToken)
        where T : class
    {
        using var limit = new CancellationTokenSource(options.Value.LookupTimeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var client = requests?.HttpContext?.Connection.RemoteIpAddress is { } address ? ClientNetwork.Of(address) : IPAddress.Loopback;
        try
        {
            if (!await Slots.TryAcquireAsync(client, linked.Token))
            {
                throw new TimeoutException("Too many lookups are waiting for the database.");
            }

            return await ReadAsync(id, readCache, read, client).WaitAsync(linked.Token);
        }
        catch (Exception e) when (ServerDatabase.IsUnavailable(e)
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw createException(e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _changeLock.Dispose();

    private async Task<T?> ReadAsync<T>(string id, CacheReader<T> readCache, Func<string, Task<T?>> read, IPAddress client)
        where T : class
    {
        try
        {
            return readCache(id, out var cached) ? cached : await read(id);   // an earlier waiter may have cached it
        }
        finally
        {
            Slots.Release(client);
        }
    }
}
