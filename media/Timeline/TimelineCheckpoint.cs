namespace Broadcast.Media;

/// <summary>Writes a timeline down as events that make an equal one out of nothing. Their order is told in it, where it matters.</summary>
internal static class TimelineCheckpoint
{
    /// <summary>Those events; see <see cref="SessionTimeline.Checkpoint"/>.</summary>
    /// <param name="timeline">The timeline.</param>
    /// <param name="chapters">Its chapters.</param>
    /// <param name="slate">Which of its discontinuities are the slate's.</param>
    public static IReadOnlyList<TimelineEvent> Of(SessionTimeline timeline, ChapterList chapters, SlateFold slate)
    {
        var events = new List<TimelineEvent> { new TimelineEvent.Started(timeline.Session) };
        // As many discontinuities as have left the window must leave it again when this is folded: they are put before its first segment.
        for (var i = timeline.DiscontinuitySequence; i > 0; i--)
        {
            events.Add(new TimelineEvent.Discontinuity(timeline.FirstSegment - i));
        }

        // The window moves before there are renditions: it would take inits that only its segments, which come later, need.
        events.Add(new TimelineEvent.WindowMoved(timeline.FirstSegment, timeline.Run, timeline.Slate));
        foreach (var rendition in timeline.Renditions)
        {
            events.Add(new TimelineEvent.RenditionAdded(rendition.Name, rendition.Kind, rendition.Place));
            events.AddRange(rendition.Inits.Select(init => new TimelineEvent.InitReady(rendition.Name, init.Number, init.Format, init.Object, init.Length)));
        }

        events.AddRange(chapters.Checkpoint());
        events.AddRange(timeline.Discontinuities.Select(number => new TimelineEvent.Discontinuity(number, slate.Covers(number))));
        foreach (var rendition in timeline.Renditions)
        {
            foreach (var segment in rendition.Segments)
            {
                if (segment.IsGap)
                {
                    events.Add(new TimelineEvent.SegmentGap(rendition.Name, segment.Number, segment.Init, segment.Start, segment.Duration, segment.WallClock));
                    continue;
                }

                events.AddRange(segment.Parts.Select(part => new TimelineEvent.PartReady(
                    rendition.Name, segment.Number, part.Number, segment.Init, part.Start, part.Duration, part.Independent,
                    segment.WallClock + (part.Start - segment.Start).ToTimeSpan(), segment.Object, part.Offset, part.Length, part.KeyLength)));
                if (segment.IsClosed)
                {
                    events.Add(new TimelineEvent.SegmentClosed(rendition.Name, segment.Number));
                }
            }
        }

        events.AddRange(timeline.Sheets.Select(sheet => new TimelineEvent.SheetReady(sheet.Start, sheet.Duration, sheet.Layout, sheet.Object, sheet.Length)));
        if (timeline.Poster is { } poster)
        {
            events.Add(new TimelineEvent.PosterReady(poster.Time, poster.Width, poster.Height, poster.Object, poster.Length));
        }

        if (timeline.IsEnded)
        {
            events.Add(new TimelineEvent.Ended(timeline.EndReason ?? ""));
        }

        return events;
    }
}
