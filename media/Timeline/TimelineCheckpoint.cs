namespace Broadcast.Media.Timeline;

/// <summary>Converts a timeline to events that rebuild an equal one. Comments explain their order where it matters.</summary>
internal static class TimelineCheckpoint
{
    /// <summary>Events of the checkpoint; see <see cref="SessionTimeline.Checkpoint"/>.</summary>
    /// <param name="timeline">The timeline.</param>
    /// <param name="blocks">Index blocks of the timeline.</param>
    /// <param name="slate">Identifies the discontinuities of the slate.</param>
    /// <param name="usesStoredList">Whether the events may refer to the stored list of index blocks.</param>
    public static IReadOnlyList<TimelineEvent> Of(SessionTimeline timeline, IndexBlockList blocks, SlateProjection slate,
        bool usesStoredList)
    {
        var events = new List<TimelineEvent> { new TimelineEvent.Started(timeline.Session) };
        // The window moves before renditions are added. Otherwise it would remove init segments needed by segments that follow.
        events.Add(new TimelineEvent.WindowMoved(timeline.FirstSegment, timeline.Period, timeline.Slate,
            timeline.DiscontinuitySequence));
        foreach (var rendition in timeline.Renditions)
        {
            events.Add(new TimelineEvent.RenditionAdded(rendition.Name, rendition.Kind, rendition.Position));
            events.AddRange(rendition.Inits.Select(init =>
                new TimelineEvent.InitReady(rendition.Name, init.Number, init.Format, init.Object, init.Length)));
        }

        events.AddRange(blocks.Checkpoint(usesStoredList));
        events.AddRange(timeline.Discontinuities.Select(number => new TimelineEvent.Discontinuity(number, slate.Covers(number))));
        foreach (var rendition in timeline.Renditions)
        {
            foreach (var segment in rendition.Segments)
            {
                if (segment.IsGap)
                {
                    events.Add(new TimelineEvent.SegmentGap(rendition.Name, segment.Number, segment.Init, segment.Start, segment.Duration,
                        segment.WallClock));
                    continue;
                }

                events.AddRange(segment.Parts.Select(part => new TimelineEvent.PartReady(
                    rendition.Name, segment.Number, part.Number, segment.Init, part.Start, part.Duration, part.Independent,
                    segment.WallClock + (part.Start - segment.Start).ToTimeSpan(), segment.Object, part.Offset, part.Length,
                    part.KeyLength, part.Crc)));
                if (segment.IsClosed)
                {
                    events.Add(new TimelineEvent.SegmentClosed(rendition.Name, segment.Number));
                }
            }
        }

        if (blocks.DvrWindowCheckpoint(usesStoredList) is { } dvrWindow)
        {
            events.Add(dvrWindow);
        }

        events.AddRange(timeline.SpriteSheets.Select(sheet =>
            new TimelineEvent.SpriteSheetReady(sheet.Start, sheet.Duration, sheet.Layout, sheet.Object, sheet.Length)));
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
