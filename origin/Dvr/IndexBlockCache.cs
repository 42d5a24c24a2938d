using Broadcast.Media.Caching;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Dvr;

/// <summary>
/// Cache of index blocks, with a byte limit for all sessions. A block is read from the spool or the object store once for all concurrent
/// requests. Thread-safe.
/// </summary>
internal sealed class IndexBlockCache(ISpool spool, IOptions<OriginOptions> options)
{
    /// <summary>Number of index blocks that one request reads concurrently.</summary>
    public const int MaxConcurrentReads = 16;

    // A block larger than the limit is cached alone, because many requests need the same one.
    private readonly ByteBudgetCache<Key, object> _cache =
        new(options.Value.IndexBlockCacheBytes, SizeOf) { MaxEntryBytes = long.MaxValue };

    /// <summary>Total size of the cached entries, in bytes.</summary>
    public long Bytes => _cache.Bytes;

    /// <summary>
    /// An index block, or <see langword="null"/> when its object is missing or invalid, for example lost in a server failure.
    /// </summary>
    /// <param name="indexBlock">The index block.</param>
    /// <param name="wanted">Selects renditions by name.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
    public async ValueTask<IndexBlock?> ReadAsync(TimelineIndexBlock indexBlock, Func<string, bool> wanted,
        CancellationToken cancellationToken)
    {
        var bytes = (byte[]?)await _cache.GetAsync(new Key(indexBlock, ""), async () => await LoadAsync(indexBlock),
            cancellationToken);
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
    public async ValueTask<IndexBlockPlaylist?> TextAsync(TimelineIndexBlock indexBlock, string rendition, TimeSpan target, long from,
        CancellationToken cancellationToken) =>
        (IndexBlockPlaylist?)await _cache.GetAsync(
            new Key(indexBlock, rendition, from),
            async () =>
            {
                if (await ReadAsync(indexBlock, name => name == rendition, CancellationToken.None)
                    is not { Renditions: [var only, ..] } read
                    || only.Segments.Where(segment => segment.Number >= from).ToList() is not { Count: > 0 } segments)
                {
                    return null;
                }

                return IndexBlockPlaylist.Render(rendition, segments, target)
                    with { DiscontinuitiesBefore = read.Discontinuities.Count(number => number < segments[0].Number) };
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

    private static long SizeOf(object value) => value is IndexBlockPlaylist playlist ? playlist.Text.Length : ((byte[])value).Length;

    /// <summary>
    /// Key of a cache entry. The owner of a session that this server has lost may have replaced an object by another one of the same name.
    /// </summary>
    /// <param name="Object">Name of the index block's object.</param>
    /// <param name="Length">Length of the object in bytes.</param>
    /// <param name="At">Wall clock of the first segment in the block.</param>
    /// <param name="Rendition">The rendition of the text; empty for the object itself.</param>
    /// <param name="From">First sequence number in the text, where it is not all; otherwise 0.</param>
    private readonly record struct Key(string Object, int Length, DateTimeOffset At, string Rendition, long From)
    {
        public Key(TimelineIndexBlock block, string rendition, long from = 0)
            : this(block.Object.Value, block.Length, block.WallClock, rendition, from)
        {
        }
    }
}
