using Broadcast.Media;

namespace Broadcast.Cluster.Mirrors;

/// <summary>
/// Media of mirrored sessions in memory: what arrives with feeds, and what was read from owners. Bounded in bytes; the objects that were
/// begun first are removed first. Thread-safe.
/// </summary>
/// <param name="limit">Maximum bytes.</param>
internal sealed class MirroredMedia(long limit)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ObjectName, Entry> _entries = [];
    private readonly LinkedList<ObjectName> _order = [];
    private long _bytes;

    /// <summary>Bytes in memory.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _bytes;
            }
        }
    }

    /// <summary>
    /// Adds a range of an object. A range that continues the known bytes extends them, and one that contains them replaces them; any other
    /// is ignored.
    /// </summary>
    public void Add(ObjectName name, long offset, ReadOnlyMemory<byte> data)
    {
        if (data.IsEmpty)
        {
            return;
        }

        lock (_lock)
        {
            if (!_entries.TryGetValue(name, out var entry))
            {
                _entries.Add(name, entry = new Entry(offset, _order.AddLast(name)));
            }

            var before = entry.Length;
            entry.Add(offset, data);
            _bytes += entry.Length - before;
            while (_bytes > limit && _order.First is { } oldest)
            {
                Remove(oldest.Value);
            }
        }
    }

    /// <summary>Finds a range of an object.</summary>
    /// <param name="name">Name of the object.</param>
    /// <param name="offset">Offset of the first byte.</param>
    /// <param name="length">Number of bytes.</param>
    /// <returns><see langword="null"/> unless all bytes are known.</returns>
    public IReadOnlyList<ReadOnlyMemory<byte>>? Find(ObjectName name, long offset, long length)
    {
        lock (_lock)
        {
            return _entries.TryGetValue(name, out var entry) ? entry.Find(offset, length) : null;
        }
    }

    /// <summary>Removes the objects of a session.</summary>
    /// <param name="prefix">Folder of the session, with a trailing slash.</param>
    public void RemoveAll(string prefix)
    {
        lock (_lock)
        {
            foreach (var name in _entries.Keys.Where(name => name.Value.StartsWith(prefix, StringComparison.Ordinal)).ToList())
            {
                Remove(name);
            }
        }
    }

    private void Remove(ObjectName name)
    {
        if (_entries.Remove(name, out var entry))
        {
            _order.Remove(entry.Node);
            _bytes -= entry.Length;
        }
    }

    /// <summary>Known consecutive bytes of an object.</summary>
    private sealed class Entry(long start, LinkedListNode<ObjectName> node)
    {
        private readonly List<ReadOnlyMemory<byte>> _pieces = [];
        private long _start = start;

        public LinkedListNode<ObjectName> Node => node;

        public long Length { get; private set; }

        public void Add(long offset, ReadOnlyMemory<byte> data)
        {
            if (offset <= _start && offset + data.Length >= _start + Length)
            {
                _pieces.Clear();
                _pieces.Add(data);
                (_start, Length) = (offset, data.Length);
                return;
            }

            if (offset == _start + Length)
            {
                _pieces.Add(data);
            }
            else if (offset + data.Length == _start)
            {
                _pieces.Insert(0, data);
                _start = offset;
            }
            else
            {
                return;
            }

            Length += data.Length;
        }

        public IReadOnlyList<ReadOnlyMemory<byte>>? Find(long offset, long length)
        {
            if (offset < _start || offset + length > _start + Length)
            {
                return null;
            }

            var (found, skip) = (new List<ReadOnlyMemory<byte>>(), offset - _start);
            foreach (var piece in _pieces)
            {
                if (skip >= piece.Length)
                {
                    skip -= piece.Length;
                    continue;
                }

                var taken = (int)Math.Min(piece.Length - skip, length);
                if (taken == 0)
                {
                    break;
                }

                found.Add(piece.Slice((int)skip, taken));
                (skip, length) = (0, length - taken);
            }

            return found;
        }
    }
}
