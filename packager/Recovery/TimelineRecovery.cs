using Broadcast.Media;
using Broadcast.Media.Timeline;

namespace Broadcast.Packager.Recovery;

/// <summary>Restores a session's timeline from an earlier process to a state that can be continued. No I/O.</summary>
internal static class TimelineRecovery
{
    /// <summary>Minimum segment duration, for estimating the number of lost segments.</summary>
    private static readonly TimeSpan ShortestSegment = TimeSpan.FromSeconds(1);

    /// <summary>Maximum number of gaps for a loss, over all renditions: five hours of five renditions.</summary>
    private const int MaxGaps = 100_000;

    /// <summary>Closes what was open (<see cref="TimelineNormalizer"/>), and increments the epoch. An ended session is not
    /// changed.</summary>
    public static void Normalize(SessionTimeline timeline)
    {
        if (timeline.IsEnded)
        {
            return;
        }

        TimelineNormalizer.Normalize(timeline);
        timeline.Apply(new TimelineEvent.Started(timeline.Session with { Epoch = timeline.Session.Epoch + 1 }));
    }

    /// <summary>
    /// Handles the loss of the machine with the newest journal. An unknown number of segments is lost, whose names viewers and caches may
    /// know. Those numbers are never reused: they become gaps. If the loss exceeds the DVR window, or the live window without one, the live
    /// window moves beyond it instead. In a recorded session they become gaps up to a maximum number, because the recording includes the
    /// media before and after.
    /// </summary>
    /// <param name="timeline">The known timeline.</param>
    /// <param name="highest">Highest segment number with existing objects, or 0.</param>
    /// <param name="now">End of the loss.</param>
    /// <returns>The first and the last lost segment number.</returns>
    public static (long First, long Last) RecordTailLoss(SessionTimeline timeline, long highest, DateTimeOffset now)
    {
        var (first, lost, count) = EstimateLoss(timeline, highest, now);
        if (MovesWindow(timeline, highest, now))
        {
            timeline.Apply(new TimelineEvent.WindowMoved(first + count));
            return (first, first + count - 1);
        }

        foreach (var rendition in timeline.Renditions)
        {
            if (rendition is not { Segments: [.., var last], Init: { } init })
            {
                continue;
            }

            var clock = init.Format.Timescale;
            var length = new MediaTime(Math.Max(MediaTime.From(lost, clock).Ticks / count, 1), clock);
            var (start, wallClock) = (last.End, last.WallClock + last.Duration.ToTimeSpan());
            for (var number = last.Number + 1; number < first + count; number++)
            {
                timeline.Apply(new TimelineEvent.SegmentGap(rendition.Name, number, init.Number, start, length, wallClock));
                (start, wallClock) = (start + length, wallClock + length.ToTimeSpan());
            }
        }

        return (first, first + count - 1);
    }

    /// <summary>Returns whether the live window moves beyond a loss; otherwise the loss becomes gaps.</summary>
    public static bool MovesWindow(SessionTimeline timeline, long highest, DateTimeOffset now)
    {
        var (_, lost, count) = EstimateLoss(timeline, highest, now);
        var session = timeline.Session;
        return (!session.IsRecorded && lost > (session.HasDvrWindow ? session.DvrWindow : session.Latency.Window))
            || count * timeline.Renditions.Count > MaxGaps;
    }

    private static (long First, TimeSpan Lost, long Count) EstimateLoss(SessionTimeline timeline, long highest, DateTimeOffset now)
    {
        var end = timeline.Renditions.SelectMany(rendition => rendition.Segments.TakeLast(1))
            .Select(segment => segment.WallClock + segment.Duration.ToTimeSpan())
            .DefaultIfEmpty(timeline.Session.StartedAt).Max();
        var lost = now > end ? now - end : TimeSpan.Zero;
        return (timeline.LastSegment + 1, lost, Math.Max((long)Math.Ceiling(lost / ShortestSegment) + 1, highest - timeline.LastSegment));
    }
}
