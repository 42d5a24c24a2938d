using System.Net;
using Broadcast.Media;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Vod;

/// <summary>Key of a download.</summary>
/// <param name="Session">The session.</param>
/// <param name="Start">Wall-clock time of the start.</param>
/// <param name="End">Wall-clock time of the end.</param>
/// <param name="Rendition">The requested rendition; <see langword="null"/> for the best.</param>
/// <param name="FirstSegment">First sequence number that the viewer may get; 0 for all.</param>
internal readonly record struct DownloadKey(SessionId Session, DateTimeOffset Start, DateTimeOffset? End, string? Rendition,
    long FirstSegment = 0);

/// <summary>
/// Cache of download layouts, with a byte limit. Building a layout reads from every segment, so resumed downloads and parallel connections
/// reuse it. Thread-safe.
/// </summary>
internal sealed class DownloadCache(DownloadBuilder builder, IOptions<OriginOptions> options)
{
    /// <summary>Segments per slot: 90 minutes of video and audio in segments of 2 s.</summary>
    public const int SegmentsPerSlot = 5000;

    private readonly SingleFlightCache<DownloadKey, Download> _cache =
        new(options.Value.DownloadCacheBytes, options.Value.DownloadCacheBytes, download => download.Bytes);

    private readonly BuildSlots _slots = new(options.Value.MaxConcurrentDownloadBuilds);

    /// <summary>Total size of the cached layouts, in bytes.</summary>
    public long Bytes => _cache.Bytes;

    /// <summary>Slots in use.</summary>
    public int UsedSlots => _slots.Used;

    /// <summary>Gets a download or starts building it; <see langword="false"/> when it is missing and too few slots are free.</summary>
    /// <param name="key">The key. Its content must no longer change.</param>
    /// <param name="segments">Approximate number of segments.</param>
    /// <param name="client">The client, from <see cref="Live.ClientCount.ViewerOf"/>; <see langword="null"/> when it has no limit.</param>
    /// <param name="plan">
    /// Selects the content; <see langword="null"/> when there is none. Like the build, canceled when all requests for it are.
    /// </param>
    /// <param name="download">The download, once it is built; <see langword="null"/> when it has no playable media.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public bool TryGet(DownloadKey key, long segments, IPAddress? client, Func<CancellationToken, Task<DownloadPlan?>> plan,
        out Task<Download?> download, CancellationToken cancellationToken) => _cache.TryGet(
        key, 0, _slots, 1 + (segments / SegmentsPerSlot), client,
        async abandoned => await plan(abandoned) is { } planned ? await builder.BuildAsync(planned, abandoned) : null,
        out download, cancellationToken);
}
