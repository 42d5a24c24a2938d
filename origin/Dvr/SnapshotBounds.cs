using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Live;

namespace Broadcast.Origin.Dvr;

/// <summary>Bounds of a session's past at one instant: answers questions about a range without reading storage.</summary>
/// <param name="Start">Wall-clock time of its start, or <see langword="null"/> when it is empty.</param>
/// <param name="End">Wall-clock time of its end, or <see langword="null"/> when it is empty.</param>
/// <param name="IsEnded">Whether the session has ended.</param>
/// <param name="IndexBlocks">Index blocks before the live window.</param>
/// <param name="Window">Number of segments of a rendition in the live window.</param>
/// <param name="Renditions">Number of renditions.</param>
/// <param name="Target">The target duration.</param>
/// <param name="ManifestVersion">Version of the manifests' content.</param>
/// <param name="Clock">The clock for wall-clock times.</param>
internal sealed record SnapshotBounds(
    DateTimeOffset? Start, DateTimeOffset? End, bool IsEnded, IReadOnlyList<TimelineIndexBlock> IndexBlocks, int Window, int Renditions,
    TimeSpan Target, long ManifestVersion, SnapshotClock Clock)
{
    /// <summary>Base version of finished manifests, above all versions of growing ones.</summary>
    private const long WholeVersion = 1L << 60;

    /// <summary>Current bounds of a session, equal to those of its <see cref="SessionSnapshot"/>.</summary>
    /// <param name="session">The session.</param>
    /// <param name="usesSessionTime">Whether times are derived from the session's start, as in an MPD.</param>
    /// <param name="isVod">Whether to include everything retained, for VOD.</param>
    public static SnapshotBounds Of(LiveSession session, bool usesSessionTime, bool isVod = false)
    {
        var version = session.ManifestVersion;
        return session.Read((timeline, _) =>
        {
            RenditionTimeline? leader = null;
            foreach (var rendition in timeline.Renditions)
            {
                if (rendition.Init is not null && !rendition.Closed.IsEmpty
                    && (leader is null || (leader.Kind != TrackKind.Video && rendition.Kind == TrackKind.Video)))
                {
                    leader = rendition;
                }
            }

            var clock = SnapshotClock.Of(timeline.Session, usesSessionTime);
            var segments = leader is null ? default : leader.Closed;
            var indexBlocks = isVod ? timeline.RetainedIndexBlocks : timeline.DvrIndexBlocks;
            var end = segments is [.., var last] ? clock.EndOf(IndexedSegment.Of(last)) : (DateTimeOffset?)null;
            return new SnapshotBounds(
                indexBlocks is [var firstBlock, ..] ? Later(clock.StartOf(firstBlock), session.VisibilityStart?.From)
                : segments is [var first, ..] ? clock.StartOf(IndexedSegment.Of(first)) : null,
                isVod && timeline.Slate is { } slate ? clock.StartOf(slate) : end,
                timeline.IsEnded, indexBlocks, segments.Length, timeline.Renditions.Count, timeline.Session.Latency.TargetDuration,
                version, clock);
        });
    }

    private static DateTimeOffset Later(DateTimeOffset start, DateTimeOffset? from) => from > start ? from.Value : start;

    /// <summary>Returns whether a range is complete, so that it cannot grow. A rendition may lag the leading one by two segments.</summary>
    public bool IsWhole(TimeRange range) => IsEnded || range.End + (2 * Target) <= End;

    /// <summary>Version of a range's manifest content; for a complete range it only changes when media is removed.</summary>
    public long VersionOf(TimeRange range) => !IsWhole(range) ? ManifestVersion
        : WholeVersion + (Start > range.Start ? Start.Value.ToUnixTimeMilliseconds() : 0);

    /// <summary>Returns whether an index block must be read to know the segments around an instant.</summary>
    public bool HasIndexBlockAround(DateTimeOffset instant, TimeSpan margin)
    {
        var (first, last) = SessionSnapshot.OverlappingBlocks(IndexBlocks, Clock, new TimeRange(instant - margin, instant + margin));
        return first <= last;
    }

    /// <summary>Approximate number of segments of a rendition in a range.</summary>
    public long CountIn(TimeRange range)
    {
        var (first, last) = SessionSnapshot.OverlappingBlocks(IndexBlocks, Clock, range);
        return (last == IndexBlocks.Count - 1 ? Window : 0) + (first <= last ? IndexBlocks[last].Last - IndexBlocks[first].First + 1 : 0);
    }
}
