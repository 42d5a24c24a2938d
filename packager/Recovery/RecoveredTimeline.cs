using Broadcast.Media;

namespace Broadcast.Packager;

/// <summary>What the process before left of a session's timeline, brought into a state that can be gone on with. Pure.</summary>
internal static class RecoveredTimeline
{
    /// <summary>The shortest segments that are assumed when a lost machine's are guessed at.</summary>
    private static readonly TimeSpan ShortestSegment = TimeSpan.FromSeconds(1);

    /// <summary>Gaps that a loss is told with at most, over all renditions: five hours of five.</summary>
    private const int MaxGaps = 100_000;

    /// <summary>Settles what was open (<see cref="SettledTimeline"/>), and raises the epoch. A session that is over stays as it is.</summary>
    public static void Settle(SessionTimeline timeline)
    {
        if (timeline.IsEnded)
        {
            return;
        }

        SettledTimeline.Settle(timeline);
        timeline.Apply(new TimelineEvent.Started(timeline.Session with { Epoch = timeline.Session.Epoch + 1 }));
    }

    /// <summary>
    /// The machine that had the newest journal is lost, and with it an unknown number of segments whose names viewers and caches may know. Those numbers are never
    /// used again: they become gaps, or, when the loss is longer than what can be gone back to, the window moves beyond them. Of a session that is recorded they are gaps for as long as they can be
    /// counted, because what was before is to be replayed with what comes after.
    /// </summary>
    /// <param name="timeline">The timeline as far as it is known.</param>
    /// <param name="highest">Highest number of which objects were found, or 0.</param>
    /// <param name="now">When the loss ended.</param>
    /// <returns>The first and the last lost number.</returns>
    public static (long First, long Last) LoseTail(SessionTimeline timeline, long highest, DateTimeOffset now)
    {
        var (first, lost, count) = Loss(timeline, highest, now);
        if (Leaps(timeline, highest, now))
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

    /// <summary>Whether the window moves beyond a loss; otherwise that is told as gaps.</summary>
    public static bool Leaps(SessionTimeline timeline, long highest, DateTimeOffset now)
    {
        var (_, lost, count) = Loss(timeline, highest, now);
        var session = timeline.Session;
        return (!session.IsRecorded && lost > (session.KeepsPast ? session.Rewind : session.Latency.Window)) || count * timeline.Renditions.Count > MaxGaps;
    }

    private static (long First, TimeSpan Lost, long Count) Loss(SessionTimeline timeline, long highest, DateTimeOffset now)
    {
        var end = timeline.Renditions.SelectMany(rendition => rendition.Segments.TakeLast(1)).Select(segment => segment.WallClock + segment.Duration.ToTimeSpan())
            .DefaultIfEmpty(timeline.Session.StartedAt).Max();
        var lost = now > end ? now - end : TimeSpan.Zero;
        return (timeline.LastSegment + 1, lost, Math.Max((long)Math.Ceiling(lost / ShortestSegment) + 1, highest - timeline.LastSegment));
    }
}
