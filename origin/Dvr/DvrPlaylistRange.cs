using Broadcast.Media.Timeline;

namespace Broadcast.Origin.Dvr;

/// <summary>The part of a rendition's playlist before the live window.</summary>
/// <param name="First">First sequence number of the playlist: <c>EXT-X-MEDIA-SEQUENCE</c>.</param>
/// <param name="DiscontinuitySequence">
/// <c>EXT-X-DISCONTINUITY-SEQUENCE</c>: discontinuities before <paramref name="First"/>, the same for all renditions.
/// </param>
/// <param name="IndexBlocks">Index blocks with its segments, in ascending order.</param>
internal sealed record DvrPlaylistRange(long First, long DiscontinuitySequence, IReadOnlyList<TimelineIndexBlock> IndexBlocks)
{
    /// <summary>
    /// The first index block, where it has segments of the rendition before <see cref="First"/>; otherwise <see langword="null"/>. The
    /// number of discontinuities between the block's start and <see cref="First"/> is then unknown without reading the block, and
    /// <see cref="DiscontinuitySequence"/> only counts those before the block.
    /// </summary>
    public TimelineIndexBlock? PartialBlock { get; private init; }

    /// <summary>
    /// The past of a rendition. Where the rendition was missing so long that sequence numbers are absent, earlier segments are not listed.
    /// The numbers of a playlist have no gaps (RFC 8216, 4.3.3.2).
    /// </summary>
    /// <param name="timeline">The session.</param>
    /// <param name="rendition">The rendition.</param>
    /// <param name="window">First sequence number of the rendition in the live window.</param>
    /// <param name="firstAvailable">First sequence number that is available to the viewer; may be within an index block.</param>
    public static DvrPlaylistRange Of(SessionTimeline timeline, string rendition, long window, long firstAvailable)
    {
        var indexBlocks = timeline.DvrIndexBlocks;
        var (first, start) = (window, indexBlocks.Count);
        // Discontinuities before a late rendition's first segment count too, because the other renditions listed them.
        var before = 0;
        var sequence = timeline.DiscontinuitySequence;
        while (start > 0 && indexBlocks[start - 1].Last >= firstAvailable && indexBlocks[start - 1].Find(rendition) is { } range
            && range.Last == first - 1)
        {
            start--;
            sequence -= indexBlocks[start].Discontinuities;
            (first, before) = (range.First, range.Before);
        }

        if (start == indexBlocks.Count)
        {
            return new DvrPlaylistRange(window, sequence + timeline.Discontinuities.Count(number => number < window), []);
        }

        return first < firstAvailable
            ? new DvrPlaylistRange(firstAvailable, sequence, [.. indexBlocks.Skip(start)]) { PartialBlock = indexBlocks[start] }
            : new DvrPlaylistRange(first, sequence + before, [.. indexBlocks.Skip(start)]);
    }
}
