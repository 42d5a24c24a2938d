using Broadcast.Media;
using Broadcast.Origin.Delivery;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Dvr;

/// <summary>Key of a time range's manifest.</summary>
/// <param name="Session">The session.</param>
/// <param name="Manifest">Which of its manifests: a rendition's name, or a key that cannot be one.</param>
/// <param name="Range">The range.</param>
/// <param name="FirstSegment">First sequence number that the viewer may get; 0 for all.</param>
internal readonly record struct RangeKey(SessionId Session, string Manifest, TimeRange Range, long FirstSegment = 0);

/// <summary>
/// Cache of time range manifests, with a byte limit for all sessions; a <see cref="SingleFlightCache{TKey, TValue}"/>, because renderings
/// share slots. Thread-safe.
/// </summary>
internal sealed class TimeRangeCache(IOptions<OriginOptions> options)
{
    /// <summary>Segments per slot: 90 minutes in segments of about 2 s.</summary>
    public const int SegmentsPerSlot = 2500;

    /// <summary>Size of a cache entry besides its text: key, links and objects.</summary>
    private const int Overhead = 512;

    // Compressed forms, which are created later, take far less than half of a document.
    private readonly SingleFlightCache<RangeKey, Document> _cache =
        new(options.Value.MaxConcurrentRenders, options.Value.RangeCacheBytes, options.Value.RangeCacheBytes / 2,
            document => Overhead + (document.Plain.Length * 3L / 2));

    /// <summary>Total size of the cached manifests, in bytes.</summary>
    public long Bytes => _cache.Bytes;

    /// <summary>Slots in use.</summary>
    public int UsedSlots => _cache.UsedSlots;

    /// <summary>Gets a manifest or starts rendering it; <see langword="false"/> when it is missing and too few slots are free.</summary>
    /// <param name="key">The key.</param>
    /// <param name="version">Minimum version.</param>
    /// <param name="segments">Approximate number of segments to read.</param>
    /// <param name="render">
    /// Renders the manifest for all requests; a canceled request does not stop it. <see langword="null"/> results are not cached.
    /// </param>
    /// <param name="document">The manifest, once it is rendered.</param>
    public bool TryGet(RangeKey key, long version, long segments, Func<Task<Document?>> render, out Task<Document?> document) =>
        _cache.TryGet(key, version, 1 + (segments / SegmentsPerSlot), render, out document);
}
