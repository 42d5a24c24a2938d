using Broadcast.Media;

namespace Broadcast.Origin.Rewinding;

/// <summary>What stands in a rendition's playlist before the live window.</summary>
/// <param name="First">First number of the playlist: <c>EXT-X-MEDIA-SEQUENCE</c>.</param>
/// <param name="DiscontinuitySequence"><c>EXT-X-DISCONTINUITY-SEQUENCE</c>: discontinuities before <paramref name="First"/>, the same for all renditions.</param>
/// <param name="Chapters">Chapters that have its segments, by rising numbers.</param>
internal sealed record PastRange(long First, long DiscontinuitySequence, IReadOnlyList<TimelineChapter> Chapters)
{
    /// <summary>
    /// The first chapter where the rendition has something in it before <see cref="First"/>, of which it is not known without reading it how many discontinuities are in between: what is said of them then counts those before
    /// the chapter alone. Otherwise <see langword="null"/>.
    /// </summary>
    public TimelineChapter? Cut { get; private init; }

    /// <summary>
    /// The past of a rendition. Where it was away for so long that numbers are missing, what was before that is not listed: a playlist's numbers have no holes (RFC 8216, 4.3.3.2).
    /// </summary>
    /// <param name="timeline">The session.</param>
    /// <param name="rendition">The rendition.</param>
    /// <param name="window">Its first number in the live window.</param>
    /// <param name="kept">First number that was not lost, and is for who asks; it may be one within a chapter.</param>
    public static PastRange Of(SessionTimeline timeline, string rendition, long window, long kept)
    {
        var chapters = timeline.Chapters;
        var (first, start) = (window, chapters.Count);
        // A rendition that joined late has never listed the discontinuities before its first segment, but the others have: they count all the same.
        var before = 0;
        var sequence = timeline.DiscontinuitySequence;
        while (start > 0 && chapters[start - 1].Last >= kept && chapters[start - 1].Find(rendition) is { } range && range.Last == first - 1)
        {
            start--;
            sequence -= chapters[start].Discontinuities;
            (first, before) = (range.First, range.Before);
        }

        if (start == chapters.Count)
        {
            return new PastRange(window, sequence + timeline.Discontinuities.Count(number => number < window), []);
        }

        return first < kept
            ? new PastRange(kept, sequence, [.. chapters.Skip(start)]) { Cut = chapters[start] }
            : new PastRange(first, sequence + before, [.. chapters.Skip(start)]);
    }
}
