using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;

namespace Broadcast.Packager.Sessions;

/// <summary>Several index blocks combined into one.</summary>
/// <param name="Sources">Replaced index blocks, in ascending order and contiguous.</param>
/// <param name="Block">The combined index block.</param>
/// <param name="Bytes">Content of its object.</param>
internal sealed record CompactedIndexBlock(IReadOnlyList<TimelineIndexBlock> Sources, IndexBlock Block, byte[] Bytes);

/// <summary>
/// Compacts a session's index blocks in the background, because the object store may be slow and must not delay the live edge. Runs one
/// compaction at a time. After a store failure, the caller must start again.
/// </summary>
internal sealed class IndexBlockCompactor(ISpool spool)
{
    private readonly ConcurrentDictionary<ObjectName, byte> _lost = new();
    private CompactedIndexBlock? _result;
    private int _busy;

    /// <summary>Returns whether an object was missing or invalid. It was lost with a machine and is not requested again.</summary>
    public bool IsLost(ObjectName block) => _lost.ContainsKey(block);

    /// <summary>Starts compacting the given index blocks, if there are any and no compaction is running.</summary>
    public void TryStart(IReadOnlyList<TimelineIndexBlock> blocks)
    {
        if (blocks.Count > 0 && Interlocked.CompareExchange(ref _busy, 1, 0) == 0)
        {
            _ = Task.Run(() => RunAsync(blocks));
        }
    }

    /// <summary>Takes the result, once; <see langword="null"/> without a result.</summary>
    public CompactedIndexBlock? TakeResult() => Interlocked.Exchange(ref _result, null);

    private async Task RunAsync(IReadOnlyList<TimelineIndexBlock> blocks)
    {
        try
        {
            Volatile.Write(ref _result, await CompactAsync(blocks));
        }
        catch (IOException)
        {
            // The store failed: the index blocks stay as they are until the next attempt.
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
        }
    }

    private async Task<CompactedIndexBlock?> CompactAsync(IReadOnlyList<TimelineIndexBlock> blocks)
    {
        var parts = new List<IndexBlock>(blocks.Count);
        foreach (var block in blocks)
        {
            if (await ReadAsync(block) is not { } part)
            {
                _lost.TryAdd(block.Object, 0);
                return null;
            }

            parts.Add(part);
        }

        var compacted = IndexBlock.Join(parts) with { Period = blocks[0].Period };
        return new CompactedIndexBlock(blocks, compacted, IndexBlockFile.Write(compacted));
    }

    private async Task<IndexBlock?> ReadAsync(TimelineIndexBlock block)
    {
        try
        {
            return await spool.ReadAllAsync(block.Object, IndexBlockFile.MaxLength, CancellationToken.None) is { } bytes
                && bytes.Length == block.Length
                ? IndexBlockFile.Read(bytes)
                : null;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
