namespace Broadcast.Storage.Spooling;

/// <summary>Tail buffer of one file: contiguous pieces up to the file's last byte. Protected by the file's lock.</summary>
internal sealed class TailBuffer(TailBufferPool budget)
{
    private readonly List<BufferedAppend?> _pieces = [];
    private int _first;

    public bool IsEmpty => _first == _pieces.Count;

    public void Add(BufferedAppend piece) => _pieces.Add(piece);

    /// <summary>Drops a piece and all older ones; no effect when it was already dropped.</summary>
    public void DropUpTo(BufferedAppend piece)
    {
        while (piece.Slices.Length > 0 && !IsEmpty)
        {
            Drop(_pieces[_first]!);
            _pieces[_first++] = null;
        }

        if (IsEmpty || (_first > 64 && _first * 2 > _pieces.Count))
        {
            _pieces.RemoveRange(0, _first);
            _first = 0;
        }
    }

    public void DropAll()
    {
        for (; !IsEmpty; _first++)
        {
            Drop(_pieces[_first]!);
        }

        _pieces.Clear();
        _first = 0;
    }

    /// <summary>Drops everything past the file's new end.</summary>
    /// <returns>The replacement of a piece that was cut in the middle, counted but not queued yet.</returns>
    public BufferedAppend? TruncateTo(long length)
    {
        BufferedAppend? shortened = null;
        while (!IsEmpty && _pieces[^1]!.End > length)
        {
            var last = _pieces[^1]!;
            _pieces.RemoveAt(_pieces.Count - 1);
            if (last.Offset < length)
            {
                shortened = last.Shorten((int)(length - last.Offset));
                budget.Count(shortened);
            }

            Drop(last);
        }

        if (shortened is not null)
        {
            _pieces.Add(shortened);
        }

        return shortened;
    }

    /// <summary>
    /// The slices of a range; <see langword="null"/> when its start is no longer in memory. The range must not extend past the end of the
    /// file.
    /// </summary>
    public List<ReadOnlyMemory<byte>>? TrySlice(long start, long count)
    {
        if (IsEmpty || _pieces[_first]!.Offset > start)
        {
            return null;
        }

        int low = _first, high = _pieces.Count - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = _pieces[middle]!.Offset <= start ? (middle, high) : (low, middle - 1);
        }

        var slices = new List<ReadOnlyMemory<byte>>();
        for (var i = low; count > 0; i++)
        {
            var piece = _pieces[i]!;
            var skip = start - piece.Offset;
            var take = Math.Min(piece.Length - skip, count);
            piece.CopyTo(slices, skip, take);
            (start, count) = (start + take, count - take);
        }

        return slices;
    }

    private void Drop(BufferedAppend piece)
    {
        budget.Release(piece);
        piece.Drop();
    }
}
