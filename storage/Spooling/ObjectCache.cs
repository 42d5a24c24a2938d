using Broadcast.Media;
using Broadcast.Media.Caching;
using Broadcast.Media.Storage;
using Broadcast.Storage.Objects;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// Cache of whole objects read from disk or object store, with a memory limit. Reads in progress and objects in use count against the
/// limit; a removed object counts until its last reader releases it. The least recently used objects are evicted first. Objects larger than
/// a quarter of the limit, and all objects while readers use the whole limit, are read without caching. Concurrent requests for one object
/// share a read. Thread-safe.
/// </summary>
internal sealed class ObjectCache(long budget)
{
    private readonly ByteBudgetCache<ObjectName, ObjectBytes> _cache = new(budget, value => value.Content?.Length ?? 0)
    {
        MaxEntryBytes = budget / 4,
    };

    /// <summary>Bytes cached, being loaded, or in use.</summary>
    public long Used => _cache.Bytes;

    /// <summary>Reads a range of an immutable object. The object is opened in the same way for the cache and for the reader.</summary>
    public ValueTask<SpoolContent?> ReadAsync(ObjectName name, long offset, long? length, OpenRange open,
        CancellationToken cancellationToken) => ReadAsync(name, offset, length, open, open, cancellationToken);

    /// <summary>Reads a range of an immutable object.</summary>
    /// <param name="name">Name of the object.</param>
    /// <param name="offset">Offset of the first byte.</param>
    /// <param name="length">Maximum number of bytes; <see langword="null"/> for all.</param>
    /// <param name="load">Opens the whole object in the underlying storage, to read it into memory at once.</param>
    /// <param name="open">Opens a range of the object in the underlying storage, for the reader.</param>
    /// <param name="cancellationToken">Cancels the wait; a shared read continues.</param>
    /// <returns>The content, in use until disposed; <see langword="null"/> when the object does not exist.</returns>
    public async ValueTask<SpoolContent?> ReadAsync(ObjectName name, long offset, long? length, OpenRange load, OpenRange open,
        CancellationToken cancellationToken)
    {
        if (budget == 0)
        {
            return await open(offset, length, cancellationToken);
        }

        if (await _cache.LeaseAsync(name, load, LoadAsync, cancellationToken) is not { } lease)
        {
            return null;
        }

        if (lease.Value.Content is not { } bytes)
        {
            lease.Release();
            return await open(offset, length, cancellationToken);
        }

        var (start, count) = ByteRanges.Clip(offset, length, bytes.Length);
        return new SpoolContent([bytes.AsMemory((int)start, (int)count)], start, count, bytes.Length, lease.Release);
    }

    /// <summary>Removes an object and cancels its loading, because it was deleted or is rewritten.</summary>
    public void Remove(ObjectName name) => _cache.Remove(name);

    /// <summary>Deletes an object and then removes it from the cache. In the reverse order a reader could load it again.</summary>
    /// <param name="name">Name of the object.</param>
    /// <param name="delete">Deletes the object from the underlying storage, so that it can no longer be opened.</param>
    public void Remove(ObjectName name, Action delete)
    {
        try
        {
            delete();
        }
        finally
        {
            Remove(name);
        }
    }

    /// <summary>Removes all objects of a folder.</summary>
    public void RemoveAll(string prefix) => _cache.RemoveAll(name => name.Value.StartsWith(prefix, StringComparison.Ordinal));

    private static async Task<ObjectBytes?> LoadAsync(OpenRange open, Func<long, bool> tryReserve)
    {
        if (await open(0, null, CancellationToken.None) is not { } content)
        {
            return null;
        }

        await using (content)
        {
            if (content.Stream is not { } stream || content.TotalLength != content.Length || !tryReserve(content.Length))
            {
                return new ObjectBytes(null);
            }

            var bytes = GC.AllocateUninitializedArray<byte>((int)content.Length);
            await stream.ReadExactlyAsync(bytes);
            return new ObjectBytes(bytes);
        }
    }

    /// <summary>An existing object.</summary>
    /// <param name="Content">Its content; <see langword="null"/> when it is read without caching.</param>
    private sealed record ObjectBytes(byte[]? Content);
}

/// <summary>Opens a range of one object.</summary>
/// <param name="offset">Offset of the first byte.</param>
/// <param name="length">Maximum number of bytes; <see langword="null"/> for all.</param>
/// <param name="cancellationToken">Cancels the request.</param>
internal delegate ValueTask<SpoolContent?> OpenRange(long offset, long? length, CancellationToken cancellationToken);
