using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;

namespace Broadcast.Packager.Recovery;

/// <summary>
/// Finds announced segments whose file is not what the journal describes. After a power failure, files can be shorter, contain zeros or be
/// missing, because their last bytes were only in the page cache. Segments in index blocks left the live window long before and are on the
/// disk.
/// </summary>
internal static class DamagedSegments
{
    /// <summary>Maximum number of concurrent requests to the object store.</summary>
    private const int MaxRequests = 16;

    /// <summary>Compares the segments of the live window with their files.</summary>
    /// <param name="spool">The spool.</param>
    /// <param name="timeline">Timeline of the session.</param>
    /// <param name="includeMissing">Whether to search the object store for segments that are not in the spool.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    /// <returns>Names of the damaged and missing objects. When the store is unavailable, its objects count as existing.</returns>
    public static async Task<IReadOnlySet<ObjectName>> FindAsync(ISpool spool, SessionTimeline timeline, bool includeMissing,
        CancellationToken cancellationToken)
    {
        var spooled = spool.List(ObjectNames.Of(timeline.Session).MediaFolder).ToDictionary(found => found.Name, found => found.Length);
        var damaged = new ConcurrentDictionary<ObjectName, byte>();
        var segments = timeline.Renditions.SelectMany(rendition => rendition.Segments).Where(segment => !segment.IsGap).ToList();
        var elsewhere = new List<TimelineSegment>();
        foreach (var segment in segments)
        {
            if (!spooled.TryGetValue(segment.Object, out var length))
            {
                elsewhere.Add(segment);
            }
            else if (length < segment.Length || !await HasChecksumAsync(spool, segment, cancellationToken))
            {
                damaged.TryAdd(segment.Object, 0);
            }
        }

        if (includeMissing)
        {
            await Parallel.ForEachAsync(elsewhere,
                new ParallelOptions { MaxDegreeOfParallelism = MaxRequests, CancellationToken = cancellationToken },
                async (segment, token) =>
                {
                    if (!await IsStoredAsync(spool, segment, token))
                    {
                        damaged.TryAdd(segment.Object, 0);
                    }
                });
        }

        return damaged.Keys.ToHashSet();
    }

    private static async Task<bool> HasChecksumAsync(ISpool spool, TimelineSegment segment, CancellationToken cancellationToken)
    {
        if (segment.Crc == 0)
        {
            // An older version wrote the journal.
            return true;
        }

        await using var content = await spool.ReadAsync(segment.Object, 0, segment.Length, cancellationToken);
        if (content is null || content.Length != segment.Length)
        {
            return false;
        }

        var crc = 0u;
        foreach (var slice in content.Slices ?? [])
        {
            crc = Crc32C.Append(crc, slice.Span);
        }

        if (content.Stream is { } stream)
        {
            var buffer = new byte[64 * 1024];
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
            {
                crc = Crc32C.Append(crc, buffer.AsSpan(0, read));
            }
        }

        return crc == segment.Crc;
    }

    private static async Task<bool> IsStoredAsync(ISpool spool, TimelineSegment segment, CancellationToken cancellationToken)
    {
        try
        {
            await using var content = await spool.ReadOnceAsync(segment.Object, 0, 1, cancellationToken);
            return content is not null && content.TotalLength >= segment.Length;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
