using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;

namespace Broadcast.Media.Integrity;

/// <summary>
/// Marks the lost objects of an ended session in its timeline. Lost segments become gaps of equal duration, which players skip; lost images
/// are removed. Sequence numbers and times do not change. Pure. Index blocks must be passed in order, oldest first, because a new period
/// begins where a rendition resumes after a gap (<see cref="TimelinePeriod"/>).
/// </summary>
/// <param name="names">Names of the session's objects.</param>
/// <param name="lost">Names of the lost objects.</param>
/// <param name="period">The period of the oldest index block, or of the live window without index blocks.</param>
public sealed class GapMarker(SessionObjectNames names, IReadOnlySet<ObjectName> lost, TimelinePeriod? period)
{
    /// <summary>The period in which the next index block begins.</summary>
    public TimelinePeriod? Period { get; private set; } = period;

    /// <summary>An index block without its lost objects and with updated periods.</summary>
    /// <param name="block">The next index block.</param>
    /// <param name="discontinuities">Sequence numbers after the block that start with a discontinuity; only the first number after it is
    /// used.</param>
    /// <param name="following">The original first segments after the block, one per rendition.</param>
    /// <param name="changed">Whether any object of the block is lost.</param>
    public IndexBlock Mark(IndexBlock block, IEnumerable<long> discontinuities, IReadOnlyDictionary<string, IndexedSegment> following,
        out bool changed)
    {
        changed = ExpectedObject.Of(names, block).Any(expected => lost.Contains(expected.Name));
        var marked = block with
        {
            Renditions = [.. block.Renditions.Select(rendition => rendition
                with { Segments = [.. rendition.Segments.Select(segment => Mark(rendition.Name, segment))] })],
            SpriteSheets = [.. block.SpriteSheets.Where(sheet => !lost.Contains(names.SpriteSheet(sheet.Start)))],
        };
        var next = following.Where(one => one.Value.Number == block.Last + 1)
            .ToDictionary(one => one.Key, one => Mark(one.Key, one.Value), StringComparer.Ordinal);
        var periods = TimelinePeriod.Of(
            block.First, Period, [.. block.Discontinuities, .. discontinuities.Where(number => number == block.Last + 1)],
            [.. marked.Renditions.Select(rendition => WithFollowing(rendition.Segments, next.GetValueOrDefault(rendition.Name))),
                .. NewRenditions(marked, next)]);
        Period = periods is [.., var last] && next.Values.Any(segment => segment.HasMedia) ? last : null;
        return marked with { Period = periods is [var firstPeriod, ..] && firstPeriod.First <= block.Last ? firstPeriod : null,
            NextPeriod = Period };
    }

    /// <summary>A checkpoint without the lost objects.</summary>
    /// <param name="checkpoint">The original checkpoint of the session.</param>
    /// <param name="announcements">The updated announcements of index blocks, by first sequence number.</param>
    public IEnumerable<TimelineEvent> Mark(IEnumerable<TimelineEvent> checkpoint,
        IReadOnlyDictionary<long, TimelineEvent.IndexBlockReady> announcements)
    {
        var gaps = new Dictionary<(string, long), TimelineEvent.SegmentGap>();
        foreach (var @event in checkpoint)
        {
            switch (@event)
            {
                case TimelineEvent.Started started:
                    yield return started with { Session = started.Session with { Epoch = started.Session.Epoch + 1 } };
                    break;
                case TimelineEvent.WindowMoved moved when announcements.Count > 0:
                    yield return moved with { Run = Period };
                    break;
                case TimelineEvent.IndexBlockReady block:
                    yield return announcements[block.First] with { Next = null };
                    break;
                case TimelineEvent.PartReady part when lost.Contains(part.Object):
                    var key = (part.Rendition, part.Segment);
                    gaps[key] = gaps.TryGetValue(key, out var gap)
                        ? gap with { Duration = gap.Duration + part.Duration }
                        : new TimelineEvent.SegmentGap(part.Rendition, part.Segment, part.Init, part.Start, part.Duration, part.WallClock);
                    break;
                case TimelineEvent.SegmentClosed closed when gaps.Remove((closed.Rendition, closed.Segment), out var whole):
                    yield return whole;
                    break;
                case TimelineEvent.SpriteSheetReady sheet when lost.Contains(sheet.Object):
                case TimelineEvent.PosterReady poster when lost.Contains(poster.Object):
                    break;
                default:
                    yield return @event;
                    break;
            }
        }
    }

    private IndexedSegment Mark(string rendition, IndexedSegment segment) =>
        segment.HasMedia && lost.Contains(names.Segment(rendition, segment.Number))
        ? segment with { IsGap = true, Independent = false, Length = 0 } : segment;

    private static IReadOnlyList<IndexedSegment> WithFollowing(IReadOnlyList<IndexedSegment> segments, IndexedSegment next) =>
        segments is [.., var last] && next.Number == last.Number + 1 ? [.. segments, next] : segments;

    /// <summary>Segments of renditions that begin after the index block.</summary>
    private static IEnumerable<IReadOnlyList<IndexedSegment>> NewRenditions(IndexBlock block, Dictionary<string, IndexedSegment> next) =>
        next.Where(one => !block.Renditions.Any(rendition => rendition.Name == one.Key && rendition.Segments is [.., var last]
            && last.Number == one.Value.Number - 1))
            .Select(one => (IReadOnlyList<IndexedSegment>)[one.Value]);
}
