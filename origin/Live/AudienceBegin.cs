using Broadcast.Media;
using Broadcast.Origin.Delivery;

namespace Broadcast.Origin;

/// <summary>Where a session begins for its audience. Nothing before it is told or handed out.</summary>
/// <param name="From">From which instant on the audience gets it.</param>
/// <param name="Segment">The first segment that begins then or later, of all renditions.</param>
/// <param name="Start">Where that begins on the session's timeline; a little later where it has left the live window and that is not known to the instant.</param>
/// <param name="IsExact">Whether that segment is the first; else the first that can be told from what has left the live window.</param>
/// <param name="Run">The run that it belongs to, as <see cref="SessionTimeline.Run"/>.</param>
internal sealed record AudienceBegin(DateTimeOffset From, long Segment, TimeSpan Start, bool IsExact, TimelineRun? Run)
{
    /// <summary>How far wall clock and timeline may be apart.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(1);

    /// <summary>Finds where the audience's part of a session begins. Pure.</summary>
    /// <param name="timeline">The whole session.</param>
    /// <param name="from">From which instant on the audience gets it.</param>
    /// <param name="known">The segment, where that was found before.</param>
    /// <returns><see langword="null"/> while there is nothing of that yet.</returns>
    public static AudienceBegin? Of(SessionTimeline timeline, DateTimeOffset from, long? known)
    {
        // All renditions are cut where the picture is.
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
            return new AudienceBegin(from, found.Number, found.Start.ToTimeSpan(), IsExact: true, RunOf(timeline, found.Number));
        }

        if (found is null && known is null)
        {
            return null;
        }

        // It has left the live window: what chapters begin with can be told without reading them.
        var left = timeline.KeptChapters.FirstOrDefault(chapter => chapter.WallClock >= from);
        return new AudienceBegin(from, known ?? left?.First ?? first.Number, from - timeline.Session.StartedAt + Slack, known is not null, timeline.Run);
    }

    /// <summary>
    /// What of a session's account is for the audience. What follows makes sense without the rest. The chapter that the first segment is in counts from that segment on, whichever chapters it is joined with later.
    /// </summary>
    public IReadOnlyList<TimelineEvent> Of(IReadOnlyList<TimelineEvent> events) =>
        [.. events.Where(Shows).Select(@event => @event is TimelineEvent.ChapterReady chapter && chapter.First < Segment ? chapter with { First = Segment } : @event)];

    /// <summary>Whether there is nothing for the audience at an address, whatever there is.</summary>
    public bool Hides(LivePath path) => path.Kind switch
    {
        LivePathKind.Segment or LivePathKind.Part => path.Number < Segment,
        LivePathKind.Sheet => path.Number < (long)Math.Ceiling(Start.TotalMilliseconds),
        _ => false,
    };

    /// <summary>A sheet is left out when any of its pictures is older.</summary>
    private bool Shows(TimelineEvent @event) => @event switch
    {
        TimelineEvent.SheetReady sheet => sheet.Start.ToTimeSpan() >= Start,
        TimelineEvent.PosterReady poster => poster.Time.ToTimeSpan() >= Start,
        TimelineEvent.ChapterReady chapter => chapter.Last >= Segment,
        _ => true,
    };

    private static TimelineRun? RunOf(SessionTimeline timeline, long segment)
    {
        if (!timeline.Session.KeepsPast && !timeline.Session.IsRecorded)
        {
            return null;
        }

        var runs = TimelineRun.Of(
            timeline.FirstSegment, timeline.Run, timeline.Discontinuities, [.. timeline.Renditions.Select(rendition => rendition.Segments.Select(ChapterSegment.Of).ToList())]);
        return runs.LastOrDefault(run => run.First <= segment);
    }
}
