namespace Broadcast.Media;

/// <summary>What a process that was killed left of a session's timeline, brought into a state that can be gone on with, or replayed.</summary>
public static class SettledTimeline
{
    /// <summary>Closes what was open at the last announced part, and fills the numbers that a rendition did not reach with gaps. A session that is over stays as it is.</summary>
    public static void Settle(SessionTimeline timeline)
    {
        if (timeline.IsEnded)
        {
            return;
        }

        var last = timeline.LastSegment;
        foreach (var rendition in timeline.Renditions)
        {
            if (rendition.Open is { } open)
            {
                timeline.Apply(new TimelineEvent.SegmentClosed(rendition.Name, open.Number));
            }

            while (rendition is { Segments: [.., var end], Init: { } init } && end.Number < last)
            {
                var model = timeline.Renditions.Select(other => other.Find(end.Number + 1)).First(segment => segment is not null)!;
                var clock = init.Format.Timescale;
                timeline.Apply(new TimelineEvent.SegmentGap(
                    rendition.Name, model.Number, init.Number, model.Start.Rescale(clock), model.Duration.Rescale(clock), model.WallClock));
            }
        }
    }
}
