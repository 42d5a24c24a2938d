using Broadcast.Media;
using Broadcast.Storage.Objects;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// Whole objects read from disk or store, kept for whoever asks next, in a budget of bytes that what is being read counts against, too; those asked for longest ago go first. Many who ask for one
/// at once make one read. What is over a quarter of the budget is not kept, because it would push out everything else. Safe to use from any thread.
/// </summary>
internal sealed class HotObjects(long budget)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectName, LinkedListNode<Hot>> _hot = [];
    private readonly LinkedList<Hot> _newestFirst = [];
    private readonly Dictionary<ObjectName, TaskCompletionSource<Hot?>> _loading = [];
    private long _used;

    /// <summary>Bytes kept, and being read to be kept.</summary>
    public long Used => Interlocked.Read(ref _used);

    /// <summary>Bytes of the largest object that is kept.</summary>
    public long Largest { get; } = budget / 4;

    /// <summary>Reads a range of an object that does not change any more.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes at most, or <see langword="null"/> for all.</param>
    /// <param name="open">Opens a range of it, elsewhere.</param>
    /// <param name="cancellationToken">Ends the wait; a read that others wait for goes on.</param>
    /// <returns><see langword="null"/> when it is nowhere.</returns>
    public async ValueTask<SpoolContent?> ReadAsync(ObjectName name, long offset, long? length, OpenRange open, CancellationToken cancellationToken)
    {
        if (budget == 0)
        {
            return await open(offset, length, cancellationToken);
        }

        if (Find(name, out var loading, out var isMine) is { } known)
        {
            return known.Range(offset, length);
        }

        if (isMine)
        {
            _ = LoadAsync(name, open, loading);
        }

        var hot = await loading.Task.WaitAsync(cancellationToken);
        return hot is null ? null
            : hot.Bytes is null ? await open(offset, length, cancellationToken)
            : hot.Range(offset, length);
    }

    /// <summary>Forgets an object, and what is being read of it: it was deleted, or is written again.</summary>
    public void Remove(ObjectName name)
    {
        lock (_gate)
        {
            _loading.Remove(name);
            if (_hot.TryGetValue(name, out var node))
            {
                Drop(node);
            }
        }
    }

    /// <summary>Forgets all objects of a folder.</summary>
    public void RemoveAll(string prefix)
    {
        lock (_gate)
        {
            foreach (var name in _hot.Keys.Concat(_loading.Keys).Where(name => name.Value.StartsWith(prefix, StringComparison.Ordinal)).ToList())
            {
                Remove(name);
            }
        }
    }

    private Hot? Find(ObjectName name, out TaskCompletionSource<Hot?> loading, out bool isMine)
    {
        lock (_gate)
        {
            isMine = false;
            loading = null!;
            if (_hot.TryGetValue(name, out var node))
            {
                _newestFirst.Remove(node);
                _newestFirst.AddFirst(node);
                return node.Value;
            }

            if (!_loading.TryGetValue(name, out loading!))
            {
                isMine = true;
                _loading.Add(name, loading = new TaskCompletionSource<Hot?>(TaskCreationOptions.RunContinuationsAsynchronously));
            }

            return null;
        }
    }

    /// <summary>Never throws: what goes wrong is told to those who wait.</summary>
    private async Task LoadAsync(ObjectName name, OpenRange open, TaskCompletionSource<Hot?> loading)
    {
        var (reserved, hot) = (0L, (Hot?)null);
        try
        {
            if (await open(0, null, CancellationToken.None) is { } content)
            {
                await using (content)
                {
                    hot = new Hot(name, null);
                    if (content.Stream is { } stream && content.TotalLength == content.Length && TryReserve(content.Length))
                    {
                        reserved = content.Length;
                        var bytes = GC.AllocateUninitializedArray<byte>((int)content.Length);
                        await stream.ReadExactlyAsync(bytes);
                        hot = new Hot(name, bytes);
                    }
                }
            }

            Keep(name, hot, reserved, loading);
            loading.SetResult(hot);
        }
        catch (Exception e)
        {
            Keep(name, null, reserved, loading);
            loading.SetException(e);
            _ = loading.Task.Exception;     // nobody may be waiting any more
        }
    }

    private bool TryReserve(long bytes)
    {
        if (bytes > Largest)
        {
            return false;
        }

        lock (_gate)
        {
            while (_used + bytes > budget && _newestFirst.Last is { } oldest)
            {
                Drop(oldest);
            }

            if (_used + bytes > budget)
            {
                return false;
            }

            _used += bytes;
            return true;
        }
    }

    /// <summary>Ends the reading; keeps what was read, unless it was forgotten meanwhile.</summary>
    private void Keep(ObjectName name, Hot? hot, long reserved, TaskCompletionSource<Hot?> loading)
    {
        lock (_gate)
        {
            var isWanted = _loading.TryGetValue(name, out var current) && current == loading && _loading.Remove(name);
            if (isWanted && hot?.Bytes is not null)
            {
                _hot[name] = _newestFirst.AddFirst(hot);
                return;
            }

            _used -= reserved;
        }
    }

    private void Drop(LinkedListNode<Hot> node)
    {
        _newestFirst.Remove(node);
        _hot.Remove(node.Value.Name);
        _used -= node.Value.Bytes!.Length;
    }

    /// <param name="Name">Whose it is.</param>
    /// <param name="Bytes">All of it; <see langword="null"/> for one that is not kept.</param>
    private sealed record Hot(ObjectName Name, byte[]? Bytes)
    {
        public SpoolContent Range(long offset, long? length)
        {
            var (start, count) = ByteRanges.Clip(offset, length, Bytes!.Length);
            return new SpoolContent([Bytes.AsMemory((int)start, (int)count)], start, count, Bytes.Length);
        }
    }
}

/// <summary>Opens a range of one object.</summary>
/// <param name="offset">First byte.</param>
/// <param name="length">Bytes at most, or <see langword="null"/> for all.</param>
/// <param name="cancellationToken">Ends the wait.</param>
internal delegate ValueTask<SpoolContent?> OpenRange(long offset, long? length, CancellationToken cancellationToken);
