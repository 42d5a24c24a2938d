using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Dvr;

/// <summary>
/// Cache of index blocks, with a byte limit for all sessions and least-recently-used eviction. A block is read from the spool or the object
/// store once for all concurrent requests. Thread-safe.
/// </summary>
internal sealed class IndexBlockCache(ISpool spool, IOptions<OriginOptions> options)
{
    /// <summary>Number of index blocks that one request reads concurrently.</summary>
    public const int MaxConcurrentReads = 16;

    private readonly Lock _gate = new();
    private readonly Dictionary<Key, LinkedListNode<CacheEntry>> _cached = [];
    private readonly LinkedList<CacheEntry> _order = [];
    private readonly Dictionary<Key, Task<object?>> _loading = [];
    private long _bytes;

    /// <summary>Total size of the cached entries, in bytes.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>
    /// An index block, or <see langword="null"/> when its object is missing or invalid, for example lost in a server failure.
    /// </summary>
    /// <param name="indexBlock">The index block.</param>
    /// <param name="wanted">Selects renditions by name.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
    public async ValueTask<IndexBlock?> ReadAsync(TimelineIndexBlock indexBlock, Func<string, bool> wanted, CancellationToken cancellationToken)
    {
        var bytes = (byte[]?)await GetAsync(new Key(indexBlock.Object.Value, ""), async () => await LoadAsync(indexBlock) is { } loaded ? (loaded, loaded.Length) : null, cancellationToken);
        try
        {
            return bytes is null ? null : IndexBlockFile.Read(bytes, wanted);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>
    /// A rendition's segments of an index block as playlist text, or <see langword="null"/> when there are none or the block is missing.
    /// </summary>
    /// <param name="indexBlock">The index block.</param>
    /// <param name="rendition">The rendition.</param>
    /// <param name="target">The session's target duration.</param>
    /// <param name="from">First sequence number; 0 for all.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
    public async ValueTask<IndexBlockPlaylist?> TextAsync(TimelineIndexBlock indexBlock, string rendition, TimeSpan target, long from, CancellationToken cancellationToken) =>
        (IndexBlockPlaylist?)await GetAsync(
            new Key(indexBlock.Object.Value, rendition, from),
            async () =>
            {
                if (await ReadAsync(indexBlock, name => name == rendition, CancellationToken.None) is not { Renditions: [var only, ..] } read
                    || only.Segments.Where(segment => segment.Number >= from).ToList() is not { Count: > 0 } segments)
                {
                    return null;
                }

                var text = IndexBlockPlaylist.Render(rendition, segments, target) with { DiscontinuitiesBefore = read.Discontinuities.Count(number => number < segments[0].Number) };
                return (text, text.Text.Length);
            },
            cancellationToken);

    private async Task<byte[]?> LoadAsync(TimelineIndexBlock indexBlock)
    {
        await using var content = await spool.ReadAsync(indexBlock.Object, 0, null, CancellationToken.None);
        if (content is null || content.Length != indexBlock.Length || content.Length > IndexBlockFile.MaxLength)
        {
            return null;
        }

        var bytes = new byte[content.Length];
        if (content.Stream is { } stream)
        {
            await stream.ReadExactlyAsync(bytes, CancellationToken.None);
            return bytes;
        }

        var position = 0;
        foreach (var slice in content.Slices!)
        {
            slice.CopyTo(bytes.AsMemory(position));
            position += slice.Length;
        }

        return bytes;
    }

    private Task<object?> GetAsync(Key key, Func<Task<(object Value, int Bytes)?>> load, CancellationToken cancellationToken)
    {
        Task<object?> loading;
        lock (_gate)
        {
            if (_cached.TryGetValue(key, out var node))
            {
                _order.Remove(node);
                _order.AddFirst(node);
                return Task.FromResult<object?>(node.Value.Value);
            }

            if (!_loading.TryGetValue(key, out loading!))
            {
                // Not canceled with the first request, because others may wait for the same task.
                _loading.Add(key, loading = Task.Run(() => LoadAndCacheAsync(key, load), CancellationToken.None));
            }
        }

        return loading.WaitAsync(cancellationToken);
    }

    private async Task<object?> LoadAndCacheAsync(Key key, Func<Task<(object Value, int Bytes)?>> load)
    {
        try
        {
            if (await load() is not { } loaded)
            {
                return null;
            }

            lock (_gate)
            {
                _cached[key] = _order.AddFirst(new CacheEntry(key, loaded.Value, loaded.Bytes));
                _bytes += loaded.Bytes;
                while (_bytes > options.Value.IndexBlockCacheBytes && _order.Last is { } oldest && _order.Count > 1)
                {
                    _order.RemoveLast();
                    _cached.Remove(oldest.Value.Key);
                    _bytes -= oldest.Value.Bytes;
                }
            }

            return loaded.Value;
        }
        finally
        {
            lock (_gate)
            {
                _loading.Remove(key);
            }
        }
    }

    /// <summary>Key of a cache entry.</summary>
    /// <param name="Object">Name of the index block's object.</param>
    /// <param name="Rendition">The rendition of the text; empty for the object itself.</param>
    /// <param name="From">First sequence number in the text, where it is not all; otherwise 0.</param>
    private readonly record struct Key(string Object, string Rendition, long From = 0);

    private sealed record CacheEntry(Key Key, object Value, int Bytes);
}
