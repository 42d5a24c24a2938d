using Broadcast.Media.TranscoderToPackager;

namespace Broadcast.Media.Timeline;

/// <summary>Manifest data of a segment that has left the live window.</summary>
/// <param name="Number">Sequence number.</param>
/// <param name="Init">Number of the init segment.</param>
/// <param name="Start">Earliest presentation time.</param>
/// <param name="Duration">Duration, in the same timescale.</param>
/// <param name="WallClock">Wall-clock time of <paramref name="Start"/>.</param>
/// <param name="Discontinuity">Whether a discontinuity precedes the segment.</param>
/// <param name="IsGap">Whether the segment is missing.</param>
/// <param name="Independent">Whether the segment starts with a sync sample.</param>
/// <param name="Length">Size in bytes; 0 for a gap.</param>
public readonly record struct IndexedSegment(
    long Number, int Init, MediaTime Start, MediaTime Duration, DateTimeOffset WallClock, bool Discontinuity, bool IsGap, bool Independent,
    long Length)
{
    /// <summary>End of the segment.</summary>
    public MediaTime End => Start + Duration;

    /// <summary>Indicates whether the segment has media.</summary>
    public bool HasMedia => !IsGap && Length > 0;

    /// <summary>Creates an entry from a closed segment of a timeline.</summary>
    public static IndexedSegment Of(TimelineSegment segment) => new(
        segment.Number, segment.Init, segment.Start, segment.Duration, segment.WallClock, segment.Discontinuity, segment.IsGap,
        segment.Independent, segment.Length);
}

/// <summary>Segments of a rendition in an index block, by ascending sequence number without holes.</summary>
public sealed record IndexedRendition(string Name, IReadOnlyList<IndexedSegment> Segments);

/// <summary>
/// A sprite sheet in an index block; see <see cref="TimelineEvent.SpriteSheetReady"/>. Its object name follows from the session and its
/// start.
/// </summary>
/// <param name="Start">Start of the first tile.</param>
/// <param name="Duration">Total duration of all tiles.</param>
/// <param name="Layout">Layout of the tiles.</param>
/// <param name="Length">Size in bytes.</param>
public readonly record struct IndexedSpriteSheet(MediaTime Start, MediaTime Duration, SpriteSheetLayout Layout, int Length)
{
    /// <summary>Creates an entry from a sprite sheet of a timeline.</summary>
    public static IndexedSpriteSheet Of(TimelineSpriteSheet sheet) => new(sheet.Start, sheet.Duration, sheet.Layout, sheet.Length);
}

/// <summary>
/// Manifest data of a range of segments that have left the live window. It is stored as an immutable object of about ten bytes per segment,
/// so that it need not stay in memory.
/// </summary>
/// <param name="First">First sequence number.</param>
/// <param name="Last">Last sequence number.</param>
/// <param name="Discontinuities">Sequence numbers in the block that start with a discontinuity, ascending.</param>
/// <param name="Renditions">Renditions with segments in the block.</param>
public sealed record IndexBlock(long First, long Last, IReadOnlyList<long> Discontinuities, IReadOnlyList<IndexedRendition> Renditions)
{
    /// <summary>
    /// Period in which the block begins, possibly long before the block. Announced in the timeline but not stored in the object;
    /// <see langword="null"/> when unknown.
    /// </summary>
    public TimelinePeriod? Period { get; init; }

    /// <summary>Period in which the segment after the block begins; announced likewise.</summary>
    public TimelinePeriod? NextPeriod { get; init; }

    /// <summary>
    /// Sprite sheets that left the live window with the block's segments, by ascending start; only in recorded sessions. A sheet may start
    /// in an earlier block.
    /// </summary>
    public IReadOnlyList<IndexedSpriteSheet> SpriteSheets { get; init; } = [];

    /// <summary>Creates a block from the start of a timeline's live window. All its segments must be closed.</summary>
    /// <param name="timeline">The timeline.</param>
    /// <param name="last">Last sequence number of the block.</param>
    public static IndexBlock Of(SessionTimeline timeline, long last)
    {
        var first = timeline.FirstSegment;
        var periods = TimelinePeriod.Of(
            first, timeline.Period, timeline.Discontinuities,
            [.. timeline.Renditions.Select(rendition => rendition.Segments.TakeWhile(segment => segment.Number <= last + 1)
                .Select(IndexedSegment.Of).ToList())]);
        var isFollowed = timeline.Renditions.Any(rendition => rendition.Find(last + 1) is { IsGap: false, Parts.Count: > 0 });
        return new IndexBlock(
            first, last, [.. timeline.Discontinuities.Where(number => number <= last)],
            [
                .. from rendition in timeline.Renditions
                   where rendition.Segments is [var oldest, ..] && oldest.Number <= last
                   select new IndexedRendition(rendition.Name,
                       [.. rendition.Segments.TakeWhile(segment => segment.Number <= last).Select(IndexedSegment.Of)]),
            ])
        {
            Period = periods is [var firstPeriod, ..] && firstPeriod.First <= last ? firstPeriod : null,
            NextPeriod = isFollowed && periods is [.., var next] ? next : null,
            SpriteSheets = timeline.Session.IsRecorded ? [.. timeline.SpriteSheetsBefore(last + 1).Select(IndexedSpriteSheet.Of)] : [],
        };
    }

    /// <summary>Joins consecutive blocks. Sequence numbers that a rendition lacks between two blocks become gaps.</summary>
    public static IndexBlock Join(IReadOnlyList<IndexBlock> blocks)
    {
        var segments = new Dictionary<string, List<IndexedSegment>>(StringComparer.Ordinal);
        var names = new List<string>();
        foreach (var rendition in blocks.SelectMany(block => block.Renditions))
        {
            if (!segments.TryGetValue(rendition.Name, out var list))
            {
                segments.Add(rendition.Name, list = []);
                names.Add(rendition.Name);
            }

            if (list is [.., var last] && rendition.Segments is [var next, ..] && next.Number > last.Number + 1)
            {
                list.AddRange(Gaps(last, next));
            }

            list.AddRange(rendition.Segments);
        }

        return new IndexBlock(
            blocks[0].First, blocks[^1].Last, [.. blocks.SelectMany(block => block.Discontinuities)],
            [.. names.Select(name => new IndexedRendition(name, segments[name]))])
        {
            Period = blocks[0].Period,
            NextPeriod = blocks[^1].NextPeriod,
            SpriteSheets = [.. blocks.SelectMany(block => block.SpriteSheets)],
        };
    }

    /// <summary>Creates the event that announces the block.</summary>
    /// <param name="name">Name of the object.</param>
    /// <param name="length">Size of the object in bytes.</param>
    /// <exception cref="InvalidOperationException">The block has no segments.</exception>
    public TimelineEvent.IndexBlockReady Announce(ObjectName name, int length)
    {
        var earliest = Renditions.Select(rendition => rendition.Segments[0]).MinBy(segment => segment.Start);
        var end = Renditions.Max(rendition => rendition.Segments[^1].End);
        return new TimelineEvent.IndexBlockReady(
            First, Last, earliest.Start, end - earliest.Start, earliest.WallClock, Discontinuities.Count,
            [
                .. Renditions.Select(rendition => new IndexBlockRange(
                    rendition.Name, rendition.Segments[0].Number, rendition.Segments[^1].Number,
                    rendition.Segments.Min(segment => segment.Init),
                    Discontinuities.Count(number => number < rendition.Segments[0].Number),
                    rendition.Segments.Select(segment => segment.Init).Distinct().Order().ToList() is { Count: <= IndexBlockRange.MaxInits }
                        and var inits ? inits : null)),
            ],
            name, length, Period, NextPeriod);
    }

    private static IEnumerable<IndexedSegment> Gaps(IndexedSegment last, IndexedSegment next)
    {
        var count = next.Number - last.Number - 1;
        var length = new MediaTime(Math.Max(0, (next.Start - last.End).Rescale(last.Start.Timescale).Ticks / count), last.Start.Timescale);
        var (start, wallClock) = (last.End, last.WallClock + last.Duration.ToTimeSpan());
        for (var number = last.Number + 1; number < next.Number; number++)
        {
            yield return new IndexedSegment(number, last.Init, start, length, wallClock, false, true, false, 0);
            (start, wallClock) = (start + length, wallClock + length.ToTimeSpan());
        }
    }
}
