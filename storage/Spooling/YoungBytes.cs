using System.Collections.Concurrent;

namespace Broadcast.Storage.Spooling;

/// <summary>One append, as it was handed in, kept in memory while it is young.</summary>
internal sealed class YoungPiece(SpoolFile file, long offset, ReadOnlyMemory<byte>[] slices, int length, long appended)
{
    /// <summary>What a piece costs besides its bytes: its own object, its place in the queue, and each slice's descriptor.</summary>
    private const int Overhead = 128;

    public SpoolFile File { get; } = file;

    public long Offset { get; } = offset;

    public int Length { get; } = length;

    public long End => Offset + Length;

    /// <summary>By <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long Appended { get; } = appended;

    /// <summary>Empty once it was dropped; the queue may hold the piece a little longer.</summary>
    public ReadOnlyMemory<byte>[] Slices { get; private set; } = slices;

    public long Cost { get; } = length + Overhead + (slices.Length * 16L);

    public void Drop() => Slices = [];

    /// <summary>The same piece with only its first bytes.</summary>
    public YoungPiece Shorten(int bytes)
    {
        var kept = new List<ReadOnlyMemory<byte>>(Slices.Length);
        CopyTo(kept, 0, bytes);
        return new YoungPiece(File, Offset, [.. kept], bytes, Appended);
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
/// The budget of memory that all files share: when it is used up the oldest pieces go, whoever's they are, and each goes by age in any case. All that files share
/// is this queue and this counter, both without locks. The queue is bounded by the budget, which every piece counts against with its overhead.
/// </summary>
internal sealed class YoungBytes(long budget, TimeSpan age, TimeProvider time)
{
    private readonly ConcurrentQueue<YoungPiece> _oldestFirst = new();
    private long _used;

    /// <summary>Bytes used now, with overhead.</summary>
    public long Used => Interlocked.Read(ref _used);

    public long Now => time.GetTimestamp();

    /// <summary>Counts a piece in, before anybody could drop it.</summary>
    public void Count(YoungPiece piece) => Interlocked.Add(ref _used, piece.Cost);

    /// <summary>Queues a piece that was counted, and makes room. Not to be called under a file's lock: making room takes other files'.</summary>
    public void Queue(YoungPiece piece)
    {
        _oldestFirst.Enqueue(piece);
        Trim();
    }

    /// <summary>Counts a piece out that its file has dropped.</summary>
    public void Release(YoungPiece piece) => Interlocked.Add(ref _used, -piece.Cost);

    /// <summary>Drops what is over the budget or too old.</summary>
    public void Trim()
    {
        while (_oldestFirst.TryPeek(out var oldest) && (Used > budget || time.GetElapsedTime(oldest.Appended) >= age))
        {
            // Another thread may have taken the one that was looked at; the next is the oldest then, and nearly as old.
            if (_oldestFirst.TryDequeue(out var piece))
            {
                piece.File.DropUpTo(piece);
            }
        }
    }
}
