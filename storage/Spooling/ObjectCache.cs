using Broadcast.Media;
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
    private readonly Lock _lock = new();
    private readonly Dictionary<ObjectName, CachedObject> _objects = [];
    private readonly LinkedList<CachedObject> _idle = [];
    private readonly Dictionary<ObjectName, Loading> _loading = [];
    private long _used;

    /// <summary>Bytes cached, being loaded, or in use.</summary>
    public long Used => Interlocked.Read(ref _used);

    /// <summary>Maximum size of a cached object in bytes.</summary>
    public long MaxObjectLength { get; } = budget / 4;

    /// <summary>Reads a range of an immutable object.</summary>
    /// <param name="name">Name of the object.</param>
    /// <param name="offset">Offset of the first byte.</param>
    /// <param name="length">Maximum number of bytes; <see langword="null"/> for all.</param>
    /// <param name="open">Opens a range of the object in the underlying storage.</param>
    /// <param name="cancellationToken">Cancels the wait; a shared read continues.</param>
    /// <returns>The content, in use until disposed; <see langword="null"/> when the object does not exist.</returns>
    public async ValueTask<SpoolContent?> ReadAsync(ObjectName name, long offset, long? length, OpenRange open,
        CancellationToken cancellationToken)
    {
        if (budget == 0)
        {
            return await open(offset, length, cancellationToken);
        }

        if (Find(name, out var loading, out var isLoader) is { } known)
        {
            return known.Range(offset, length);
        }

        if (isLoader)
        {
            _ = LoadAsync(name, open, loading);
        }

        CachedObject? cached;
        try
        {
            cached = await loading.Task.WaitAsync(cancellationToken);
        }
        catch
        {
            StopWaiting(loading);
            throw;
        }

        return cached is null ? null
            : cached.Bytes is null ? await open(offset, length, cancellationToken)
            : cached.Range(offset, length);
    }

    /// <summary>Removes an object and cancels its loading, because it was deleted or is rewritten.</summary>
    public void Remove(ObjectName name)
    {
        lock (_lock)
        {
            _loading.Remove(name);
            if (_objects.TryGetValue(name, out var cached))
            {
                Evict(cached);
            }
        }
    }

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
    public void RemoveAll(string prefix)
    {
        lock (_lock)
        {
            foreach (var name in _objects.Keys.Concat(_loading.Keys)
                .Where(name => name.Value.StartsWith(prefix, StringComparison.Ordinal)).ToList())
            {
                Remove(name);
            }
        }
    }

    /// <summary>Finds a cached object and adds a reader, or joins the read that loads it.</summary>
    private CachedObject? Find(ObjectName name, out Loading loading, out bool isLoader)
    {
        lock (_lock)
        {
            isLoader = false;
            loading = null!;
            if (_objects.TryGetValue(name, out var cached))
            {
                if (cached.Readers++ == 0)
                {
                    _idle.Remove(cached.Node);
                }

                return cached;
            }

            if (!_loading.TryGetValue(name, out loading!))
            {
                isLoader = true;
                _loading.Add(name, loading = new Loading());
            }

            loading.Waiting++;
            return null;
        }
    }

    private void StopWaiting(Loading loading)
    {
        lock (_lock)
        {
            loading.Waiting--;
            if (loading.Object is { } cached)
            {
                Release(cached);
            }
        }
    }

    /// <summary>Never throws; errors are passed to the waiting readers.</summary>
    private async Task LoadAsync(ObjectName name, OpenRange open, Loading loading)
    {
        var (reserved, cached) = (0L, (CachedObject?)null);
        try
        {
            if (await open(0, null, CancellationToken.None) is { } content)
            {
                await using (content)
                {
                    cached = new CachedObject(this, name, null);
                    if (content.Stream is { } stream && content.TotalLength == content.Length && TryReserve(content.Length))
                    {
                        reserved = content.Length;
                        var bytes = GC.AllocateUninitializedArray<byte>((int)content.Length);
                        await stream.ReadExactlyAsync(bytes);
                        cached = new CachedObject(this, name, bytes);
                    }
                }
            }

            Complete(name, cached, reserved, loading);
            loading.SetResult(cached);
        }
        catch (Exception e)
        {
            Complete(name, null, reserved, loading);
            loading.SetException(e);
            _ = loading.Task.Exception;     // observed here, because there may be no reader
        }
    }

    private bool TryReserve(long bytes)
    {
        if (bytes > MaxObjectLength)
        {
            return false;
        }

        lock (_lock)
        {
            while (_used + bytes > budget && _idle.Last is { } oldest)
            {
                Evict(oldest.Value);
            }

            if (_used + bytes > budget)
            {
                return false;
            }

            _used += bytes;
            return true;
        }
    }

    /// <summary>Completes a read: all waiting readers hold the object. Caches it unless it was removed meanwhile.</summary>
    private void Complete(ObjectName name, CachedObject? cached, long reserved, Loading loading)
    {
        lock (_lock)
        {
            var isCurrent = _loading.TryGetValue(name, out var current) && current == loading && _loading.Remove(name);
            if (cached?.Bytes is null)
            {
                _used -= reserved;
                return;
            }

            if (isCurrent)
            {
                cached.IsCached = true;
                _objects[name] = cached;
            }

            // One extra reader is released immediately, which settles the object's state when no reader is left.
            loading.Object = cached;
            cached.Readers = loading.Waiting + 1;
            Release(cached);
        }
    }

    /// <summary>Removes one reader.</summary>
    private void Release(CachedObject cached)
    {
        lock (_lock)
        {
            if (--cached.Readers > 0)
            {
                return;
            }

            if (cached.IsCached)
            {
                _idle.AddFirst(cached.Node);
            }
            else
            {
                _used -= cached.Bytes!.Length;
            }
        }
    }

    /// <summary>Evicts an object. Its bytes are freed when the last reader releases it.</summary>
    private void Evict(CachedObject cached)
    {
        _objects.Remove(cached.Name);
        cached.IsCached = false;
        if (cached.Readers == 0)
        {
            _idle.Remove(cached.Node);
            _used -= cached.Bytes!.Length;
        }
    }

    /// <summary>A read in progress.</summary>
    private sealed class Loading() : TaskCompletionSource<CachedObject?>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        /// <summary>Number of readers that wait for the result or hold it.</summary>
        public int Waiting { get; set; }

        /// <summary>The result, once it is counted for all waiting readers.</summary>
        public CachedObject? Object { get; set; }
    }

    private sealed class CachedObject
    {
        private readonly Action _release;

        /// <param name="owner">The cache that counts the readers.</param>
        /// <param name="name">Name of the object.</param>
        /// <param name="bytes">Content of the object; <see langword="null"/> when it is not cached.</param>
        public CachedObject(ObjectCache owner, ObjectName name, byte[]? bytes)
        {
            (Name, Bytes, Node) = (name, bytes, new LinkedListNode<CachedObject>(this));
            _release = () => owner.Release(this);
        }

        public ObjectName Name { get; }

        public byte[]? Bytes { get; }

        /// <summary>Position in the list of idle objects.</summary>
        public LinkedListNode<CachedObject> Node { get; }

        /// <summary>Number of current readers.</summary>
        public int Readers { get; set; }

        /// <summary>Indicates whether the object is in the cache.</summary>
        public bool IsCached { get; set; }

        /// <summary>Returns a range to a reader that is already counted.</summary>
        public SpoolContent Range(long offset, long? length)
        {
            var (start, count) = ByteRanges.Clip(offset, length, Bytes!.Length);
            return new SpoolContent([Bytes.AsMemory((int)start, (int)count)], start, count, Bytes.Length, _release);
        }
    }
}

/// <summary>Opens a range of one object.</summary>
/// <param name="offset">Offset of the first byte.</param>
/// <param name="length">Maximum number of bytes; <see langword="null"/> for all.</param>
/// <param name="cancellationToken">Cancels the request.</param>
internal delegate ValueTask<SpoolContent?> OpenRange(long offset, long? length, CancellationToken cancellationToken);
