using System.Net;
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

/// <summary>Purpose of a rendering. Each has its own slots, so that none can starve the others.</summary>
internal enum RenderPurpose
{
    /// <summary>A time range of a session.</summary>
    Dvr,

    /// <summary>A recording, for a viewer.</summary>
    Vod,

    /// <summary>A recording, for delivery from a bucket.</summary>
    Bucket,
}

/// <summary>Request for a rendering.</summary>
/// <param name="Purpose">Its purpose.</param>
/// <param name="Client">The client, from <see cref="Live.ClientCount.ViewerOf"/>; <see langword="null"/> when it has no limit.</param>
/// <param name="Aborted">Cancels the request.</param>
internal readonly record struct RenderRequest(RenderPurpose Purpose, IPAddress? Client, CancellationToken Aborted);

/// <summary>
/// Cache of time range manifests, with a byte limit for all sessions; a <see cref="SingleFlightCache{TKey, TValue}"/>, because renderings
/// take slots. Thread-safe.
/// </summary>
internal sealed class TimeRangeCache(IOptions<OriginOptions> options)
{
    /// <summary>Segments per slot: 90 minutes in segments of about 2 s.</summary>
    public const int SegmentsPerSlot = 2500;

    /// <summary>Size of a cache entry besides its text: key, links and objects.</summary>
    private const int Overhead = 512;

    /// <summary>Bytes for aligned ranges: those of some thousand URLs.</summary>
    private const long AlignedBytes = 2 << 20;

    // Compressed forms, which are created later, take far less than half of a document.
    private readonly SingleFlightCache<RangeKey, Document> _cache = new(options.Value.RangeCacheBytes, options.Value.RangeCacheBytes / 2,
        document => Overhead + (document.Plain.Length * 3L / 2));

    private readonly SingleFlightCache<RangeKey, TimeRange> _aligned = new(AlignedBytes, AlignedBytes, _ => Overhead);

    private readonly BuildSlots[] _slots =
        [.. Enum.GetValues<RenderPurpose>().Select(_ => new BuildSlots(options.Value.MaxConcurrentRenders))];

    /// <summary>Total size of the cached manifests, in bytes.</summary>
    public long Bytes => _cache.Bytes;

    /// <summary>Slots in use.</summary>
    public int UsedSlots => _slots.Sum(slots => slots.Used);

    /// <summary>Gets a manifest or starts rendering it; <see langword="false"/> when it is missing and too few slots are free.</summary>
    /// <param name="key">The key.</param>
    /// <param name="version">Minimum version.</param>
    /// <param name="segments">Approximate number of segments to read.</param>
    /// <param name="request">The request.</param>
    /// <param name="render">
    /// Renders the manifest for all requests, until its token is canceled because all of them are. <see langword="null"/> results are not
    /// cached.
    /// </param>
    /// <param name="document">The manifest, once it is rendered.</param>
    public bool TryGet(RangeKey key, long version, long segments, RenderRequest request, Func<CancellationToken, Task<Document?>> render,
        out Task<Document?> document) => _cache.TryGet(key, version, _slots[(int)request.Purpose], 1 + (segments / SegmentsPerSlot),
            request.Client, render, out document, request.Aborted);

    /// <summary>Gets an aligned range or starts aligning it; <see langword="false"/> when it is missing and no slot is free.</summary>
    /// <param name="key">The key, with the range that is not yet aligned.</param>
    /// <param name="request">The request.</param>
    /// <param name="align">Aligns the range. <see langword="null"/> results are not cached.</param>
    /// <param name="aligned">The aligned range.</param>
    public bool TryAlign(RangeKey key, RenderRequest request, Func<CancellationToken, Task<TimeRange?>> align,
        out Task<TimeRange?> aligned) =>
        _aligned.TryGet(key, 0, _slots[(int)request.Purpose], 1, request.Client, align, out aligned, request.Aborted);
}
