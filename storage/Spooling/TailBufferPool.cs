using System.Collections.Concurrent;

namespace Broadcast.Storage.Spooling;

/// <summary>One append, kept in the tail buffer while it is recent.</summary>
internal sealed class BufferedAppend(SpoolFile file, long offset, ReadOnlyMemory<byte>[] slices, int length, long appended)
{
    /// <summary>Overhead of a piece in bytes: its object, its queue entry, and the slice descriptors.</summary>
    private const int Overhead = 128;

    public SpoolFile File { get; } = file;

    public long Offset { get; } = offset;

    public int Length { get; } = length;

    public long End => Offset + Length;

    /// <summary>Timestamp from <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long Appended { get; } = appended;

    /// <summary>The slices; empty once dropped, although the queue may hold the piece a little longer.</summary>
    public ReadOnlyMemory<byte>[] Slices { get; private set; } = slices;

    public long Cost { get; } = length + Overhead + (slices.Length * 16L);

    public void Drop() => Slices = [];

    /// <summary>A copy with only the first bytes of the piece.</summary>
    public BufferedAppend Shorten(int bytes)
    {
        var remaining = new List<ReadOnlyMemory<byte>>(Slices.Length);
        CopyTo(remaining, 0, bytes);
        return new BufferedAppend(File, Offset, [.. remaining], bytes, Appended);
    }

    /// <summary>Adds the slices of a range of the piece.</summary>
    public void CopyTo(List<ReadOnlyMemory<byte>> slices, long skip, long count)
    {
        foreach (var slice in Slices)
        {
            if (skip >= slice.Length)
            {
                skip -= slice.Length;
                continue;
            }

            var take = (int)Math.Min(slice.Length - skip, count);
            if (take == 0)
            {
                return;
            }

            slices.Add(slice.Slice((int)skip, take));
            count -= take;
            skip = 0;
        }
    }
}

/// <summary>
/// Memory limit shared by all files: above it the oldest pieces of any file are dropped, and every piece is dropped at a maximum age. Files
/// share only this lock-free queue and counter. The limit bounds the queue, because every piece counts with its overhead.
/// </summary>
internal sealed class TailBufferPool(long budget, TimeSpan age, TimeProvider time)
{
    private readonly ConcurrentQueue<BufferedAppend> _oldestFirst = new();
    private long _used;

    /// <summary>Used bytes, including overhead.</summary>
    public long Used => Interlocked.Read(ref _used);

    public long Now => time.GetTimestamp();

    /// <summary>Counts a piece, before it can be dropped.</summary>
    public void Count(BufferedAppend piece) => Interlocked.Add(ref _used, piece.Cost);

    /// <summary>
    /// Queues a counted piece and drops pieces over the limit. Must not be called under a file's lock, because it takes locks of other
    /// files.
    /// </summary>
    public void Queue(BufferedAppend piece)
    {
        _oldestFirst.Enqueue(piece);
        Trim();
    }

    /// <summary>Subtracts a dropped piece.</summary>
    public void Release(BufferedAppend piece) => Interlocked.Add(ref _used, -piece.Cost);

    /// <summary>Drops pieces that exceed the limit or the maximum age.</summary>
    public void Trim()
    {
        while (_oldestFirst.TryPeek(out var oldest) && (Used > budget || time.GetElapsedTime(oldest.Appended) >= age))
        {
            // Another thread may have taken the inspected piece; the next one is then the oldest, and nearly as old.
            if (_oldestFirst.TryDequeue(out var piece))
            {
                piece.File.DropUpTo(piece);
            }
        }
    }
}
