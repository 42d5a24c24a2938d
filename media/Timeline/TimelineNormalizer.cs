namespace Broadcast.Media.Timeline;

/// <summary>Normalizes the timeline of a killed process, so that the session can continue or be played.</summary>
public static class TimelineNormalizer
{
    /// <summary>
    /// Closes open segments after their last announced part, and adds gaps where a rendition has fewer segments than others. Ended sessions
    /// stay unchanged.
    /// </summary>
    public static void Normalize(SessionTimeline timeline)
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
