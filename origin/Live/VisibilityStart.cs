using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Delivery;

namespace Broadcast.Origin.Live;

/// <summary>Start of a session for its viewers. Media before it is neither announced nor delivered.</summary>
/// <param name="From">Wall-clock time from which viewers get the session.</param>
/// <param name="Segment">Sequence number of the first segment that starts then or later, in all renditions.</param>
/// <param name="Start">
/// Start of that segment on the session's timeline; rounded up where the segment left the live window and its time is not known exactly.
/// </param>
/// <param name="IsExact">
/// Whether <paramref name="Segment"/> is the first such segment; otherwise it is the first one known after leaving the live window.
/// </param>
/// <param name="Period">The period of the segment, as in <see cref="SessionTimeline.Period"/>.</param>
internal sealed record VisibilityStart(DateTimeOffset From, long Segment, TimeSpan Start, bool IsExact, TimelinePeriod? Period)
{
    /// <summary>Maximum deviation between wall-clock time and timeline.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(1);

    /// <summary>Finds the start of the part of a session that viewers get. Pure.</summary>
    /// <param name="timeline">The whole session.</param>
    /// <param name="from">Wall-clock time from which viewers get the session.</param>
    /// <param name="known">The segment, where an earlier call found it.</param>
    /// <returns><see langword="null"/> while there is no such media yet.</returns>
    public static VisibilityStart? Of(SessionTimeline timeline, DateTimeOffset from, long? known)
    {
        // The segments of all renditions follow the video's segment boundaries.
        var leader = timeline.Renditions.FirstOrDefault(rendition => rendition.Kind == TrackKind.Video && rendition.Segments.Count > 0)
            ?? timeline.Renditions.FirstOrDefault(rendition => rendition.Segments.Count > 0);
        if (leader is null)
        {
            return null;
        }

        var first = leader.Segments[0];
        var found = known is { } number ? leader.Find(number) : leader.Segments.FirstOrDefault(segment => segment.WallClock >= from);
        if (found is not null && (found != first || known is not null || timeline.FirstSegment == 1))
        {
            return new VisibilityStart(from, found.Number, found.Start.ToTimeSpan(), IsExact: true, PeriodOf(timeline, found.Number));
        }

        if (found is null && known is null)
        {
            return null;
        }

        // The segment left the live window. The start of an index block is known without reading it.
        var left = timeline.RetainedIndexBlocks.FirstOrDefault(indexBlock => indexBlock.WallClock >= from);
        return new VisibilityStart(from, known ?? left?.First ?? first.Number, from - timeline.Session.StartedAt + Slack, known is not null,
            timeline.Period);
    }

    /// <summary>
    /// The events of a timeline that concern the visible part. The result is consistent without the other events. The index block with the
    /// first visible segment starts at that segment, whichever blocks it is later merged with.
    /// </summary>
    public IReadOnlyList<TimelineEvent> Of(IReadOnlyList<TimelineEvent> events) =>
        [.. events.Where(Shows).Select(@event => @event is TimelineEvent.IndexBlockReady indexBlock
            && indexBlock.First < Segment ? indexBlock with { First = Segment } : @event)];

    /// <summary>Returns whether a path lies before the visible part, even if media exists there.</summary>
    public bool Hides(LivePath path) => path.Kind switch
    {
        LivePathKind.Segment or LivePathKind.Part => path.Number < Segment,
        LivePathKind.Sheet => path.Number < (long)Math.Ceiling(Start.TotalMilliseconds),
        _ => false,
    };

    /// <summary>Returns whether an event concerns the visible part. A sprite sheet is omitted when any of its thumbnails is
    /// older.</summary>
    private bool Shows(TimelineEvent @event) => @event switch
    {
        TimelineEvent.SpriteSheetReady sheet => sheet.Start.ToTimeSpan() >= Start,
        TimelineEvent.PosterReady poster => poster.Time.ToTimeSpan() >= Start,
        TimelineEvent.IndexBlockReady indexBlock => indexBlock.Last >= Segment,
        _ => true,
    };

    private static TimelinePeriod? PeriodOf(SessionTimeline timeline, long segment)
    {
        if (!timeline.Session.HasDvrWindow && !timeline.Session.IsRecorded)
        {
            return null;
        }

        var periods = TimelinePeriod.Of(
            timeline.FirstSegment, timeline.Period, timeline.Discontinuities,
            [.. timeline.Renditions.Select(rendition => rendition.Segments.Select(IndexedSegment.Of).ToList())]);
        return periods.LastOrDefault(period => period.First <= segment);
    }
}
