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
    /// Adds a range of an object. It replaces ranges that it contains; a range that overlaps others otherwise is ignored.
    /// </summary>
    public void Add(ObjectName name, long offset, ReadOnlyMemory<byte> data)
    {
        if (data.IsEmpty || offset < 0 || offset > long.MaxValue - data.Length)
        {
            return;
        }

        lock (_lock)
        {
            if (!_entries.TryGetValue(name, out var entry))
            {
                _entries.Add(name, entry = new Entry(_order.AddLast(name)));
            }

            _bytes -= entry.Length;
            entry.Add(offset, data);
            _bytes += entry.Length;
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
            return length > 0 && _entries.TryGetValue(name, out var entry) ? entry.Find(offset, length) : null;
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

    /// <summary>Known ranges of an object, which do not overlap.</summary>
    private sealed class Entry(LinkedListNode<ObjectName> node)
    {
        private readonly SortedList<long, ReadOnlyMemory<byte>> _pieces = [];

        public LinkedListNode<ObjectName> Node => node;

        public long Length { get; private set; }

        public void Add(long offset, ReadOnlyMemory<byte> data)
        {
            // The first piece that ends behind the start of the range, and the first that begins at its end or behind.
            var (first, end) = (IndexAfter(offset), IndexOf(offset + data.Length));
            if (first < end && (_pieces.Keys[first] < offset || EndOf(end - 1) > offset + data.Length))
            {
                return;
            }

            for (var i = end - 1; i >= first; i--)
            {
                Length -= _pieces.Values[i].Length;
                _pieces.RemoveAt(i);
            }

            _pieces.Add(offset, data);
            Length += data.Length;
        }

        public IReadOnlyList<ReadOnlyMemory<byte>>? Find(long offset, long length)
        {
            var found = new List<ReadOnlyMemory<byte>>();
            for (var i = IndexAfter(offset); length > 0; i++)
            {
                if (i == _pieces.Count || _pieces.Keys[i] > offset)
                {
                    return null;
                }

                var skip = (int)(offset - _pieces.Keys[i]);
                var taken = (int)Math.Min(_pieces.Values[i].Length - skip, length);
                found.Add(_pieces.Values[i].Slice(skip, taken));
                (offset, length) = (offset + taken, length - taken);
            }

            return found;
        }

        private long EndOf(int index) => _pieces.Keys[index] + _pieces.Values[index].Length;

        /// <summary>Index of the first piece that ends behind an offset.</summary>
        private int IndexAfter(long offset)
        {
            var index = IndexOf(offset);
            return index > 0 && EndOf(index - 1) > offset ? index - 1 : index;
        }

        /// <summary>Index of the first piece that begins at an offset or behind.</summary>
        private int IndexOf(long offset)
        {
            var (low, high) = (0, _pieces.Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                (low, high) = _pieces.Keys[middle] < offset ? (middle + 1, high) : (low, middle);
            }

            return low;
        }
    }
}
