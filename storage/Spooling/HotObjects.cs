using Broadcast.Media;
using Broadcast.Storage.Objects;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// Whole objects read from disk or store, kept for whoever asks next, in a budget of bytes. What is being read from there counts against it too, and what somebody still has in hand: an object
/// that is forgotten meanwhile counts until its last reader has let go. Those let go of longest ago go first. Where readers have all of the budget in hand, and for what is over a quarter of it,
/// which would push out everything else, everybody reads for himself, and nothing is kept. Many who ask for one at once make one read. Safe to use from any thread.
/// </summary>
internal sealed class HotObjects(long budget)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectName, Hot> _hot = [];
    private readonly LinkedList<Hot> _idle = [];
    private readonly Dictionary<ObjectName, Loading> _loading = [];
    private long _used;

    /// <summary>Bytes kept, being read to be kept, or in somebody's hand.</summary>
    public long Used => Interlocked.Read(ref _used);

    /// <summary>Bytes of the largest object that is kept.</summary>
    public long Largest { get; } = budget / 4;

    /// <summary>Reads a range of an object that does not change any more.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes at most, or <see langword="null"/> for all.</param>
    /// <param name="open">Opens a range of it, elsewhere.</param>
    /// <param name="cancellationToken">Ends the wait; a read that others wait for goes on.</param>
    /// <returns>The bytes, in the reader's hand until they are disposed of; <see langword="null"/> when it is nowhere.</returns>
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

        Hot? hot;
        try
        {
            hot = await loading.Task.WaitAsync(cancellationToken);
        }
        catch
        {
            StopWaiting(loading);
            throw;
        }

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
            if (_hot.TryGetValue(name, out var hot))
            {
                Drop(hot);
            }
        }
    }

    /// <summary>Forgets an object that is deleted elsewhere: once it is gone there, because until then somebody may read it into memory again.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="delete">Deletes it elsewhere: from then on it cannot be opened.</param>
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

    /// <summary>An object that is kept, now in one more reader's hand; or the read that brings it, which one more waits for.</summary>
    private Hot? Find(ObjectName name, out Loading loading, out bool isMine)
    {
        lock (_gate)
        {
            isMine = false;
            loading = null!;
            if (_hot.TryGetValue(name, out var hot))
            {
                if (hot.Readers++ == 0)
                {
                    _idle.Remove(hot.Place);
                }

                return hot;
            }

            if (!_loading.TryGetValue(name, out loading!))
            {
                isMine = true;
                _loading.Add(name, loading = new Loading());
            }

            loading.Waiting++;
            return null;
        }
    }

    private void StopWaiting(Loading loading)
    {
        lock (_gate)
        {
            loading.Waiting--;
            if (loading.Hot is { } hot)
            {
                LetGo(hot);
            }
        }
    }

    /// <summary>Never throws: what goes wrong is told to those who wait.</summary>
    private async Task LoadAsync(ObjectName name, OpenRange open, Loading loading)
    {
        var (reserved, hot) = (0L, (Hot?)null);
        try
        {
            if (await open(0, null, CancellationToken.None) is { } content)
            {
                await using (content)
                {
                    hot = new Hot(this, name, null);
                    if (content.Stream is { } stream && content.TotalLength == content.Length && TryReserve(content.Length))
                    {
                        reserved = content.Length;
                        var bytes = GC.AllocateUninitializedArray<byte>((int)content.Length);
                        await stream.ReadExactlyAsync(bytes);
                        hot = new Hot(this, name, bytes);
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
            while (_used + bytes > budget && _idle.Last is { } oldest)
            {
                Drop(oldest.Value);
            }

            if (_used + bytes > budget)
            {
                return false;
            }

            _used += bytes;
            return true;
        }
    }

    /// <summary>Ends the reading: all who wait have it in hand. Keeps what was read, unless it was forgotten meanwhile.</summary>
    private void Keep(ObjectName name, Hot? hot, long reserved, Loading loading)
    {
        lock (_gate)
        {
            var isWanted = _loading.TryGetValue(name, out var current) && current == loading && _loading.Remove(name);
            if (hot?.Bytes is null)
            {
                _used -= reserved;
                return;
            }

            if (isWanted)
            {
                hot.IsKept = true;
                _hot[name] = hot;
            }

            // One more than there are, who lets go at once: where nobody waits any longer, that settles what becomes of it.
            loading.Hot = hot;
            hot.Readers = loading.Waiting + 1;
            LetGo(hot);
        }
    }

    /// <summary>One reader less.</summary>
    private void LetGo(Hot hot)
    {
        lock (_gate)
        {
            if (--hot.Readers > 0)
            {
                return;
            }

            if (hot.IsKept)
            {
                _idle.AddFirst(hot.Place);
            }
            else
            {
                _used -= hot.Bytes!.Length;
            }
        }
    }

    /// <summary>Keeps it no longer. Its bytes are free once nobody has them in hand.</summary>
    private void Drop(Hot hot)
    {
        _hot.Remove(hot.Name);
        hot.IsKept = false;
        if (hot.Readers == 0)
        {
            _idle.Remove(hot.Place);
            _used -= hot.Bytes!.Length;
        }
    }

    /// <summary>A read that is under way.</summary>
    private sealed class Loading() : TaskCompletionSource<Hot?>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        /// <summary>How many wait for it, or have it from here.</summary>
        public int Waiting { get; set; }

        /// <summary>What came of it, once it is counted as in the hands of all who wait.</summary>
        public Hot? Hot { get; set; }
    }

    private sealed class Hot
    {
        private readonly Action _letGo;

        /// <param name="owner">Who counts its readers.</param>
        /// <param name="name">Whose it is.</param>
        /// <param name="bytes">All of it; <see langword="null"/> for one that is not kept.</param>
        public Hot(HotObjects owner, ObjectName name, byte[]? bytes)
        {
            (Name, Bytes, Place) = (name, bytes, new LinkedListNode<Hot>(this));
            _letGo = () => owner.LetGo(this);
        }

        public ObjectName Name { get; }

        public byte[]? Bytes { get; }

        /// <summary>Where it stands among those that nobody has in hand.</summary>
        public LinkedListNode<Hot> Place { get; }

        /// <summary>How many have it in hand.</summary>
        public int Readers { get; set; }

        /// <summary>Whether whoever asks next gets it.</summary>
        public bool IsKept { get; set; }

        /// <summary>A range, for a reader who has been counted.</summary>
        public SpoolContent Range(long offset, long? length)
        {
            var (start, count) = ByteRanges.Clip(offset, length, Bytes!.Length);
            return new SpoolContent([Bytes.AsMemory((int)start, (int)count)], start, count, Bytes.Length, _letGo);
        }
    }
}

/// <summary>Opens a range of one object.</summary>
/// <param name="offset">First byte.</param>
/// <param name="length">Bytes at most, or <see langword="null"/> for all.</param>
/// <param name="cancellationToken">Ends the wait.</param>
internal delegate ValueTask<SpoolContent?> OpenRange(long offset, long? length, CancellationToken cancellationToken);
