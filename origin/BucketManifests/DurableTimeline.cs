using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.Timeline;

namespace Broadcast.Origin.BucketManifests;

/// <summary>
/// Selects the part of a session that bucket manifests may list: closed and stored segments with consecutive sequence numbers, the same in
/// all renditions. A late segment delays the following ones; one so late that it left the live window is skipped. Sequence numbers and
/// discontinuities never decrease. Pure: takes two timelines and returns events for the second.
/// </summary>
internal static class DurableTimeline
{
    /// <summary>Number of segments that a rendition may lag before the others continue without it.</summary>
    private const int MaxLagSegments = 2;

    /// <summary>
    /// Minimum length of a playlist that had this length before, and of the media after a gap before the playlist restarts there, in target
    /// durations. Players want that much to start (RFC 8216, 6.2.2).
    /// </summary>
    private const int MinTargetDurations = 3;

    /// <summary>Events that update the listed timeline.</summary>
    /// <param name="announced">The session as announced.</param>
    /// <param name="listed">The session as listed; it has received only events from this method.</param>
    /// <param name="before">Last sequence number that an earlier process listed; 0 for none, or when irrelevant.</param>
    /// <param name="isStored">Whether the store has an announced object.</param>
    public static IReadOnlyList<TimelineEvent> Next(SessionTimeline announced, SessionTimeline listed, long before,
        Func<ObjectName, bool> isStored)
    {
        if (listed.IsEnded)
        {
            return [];
        }

        var observation = new TimelineObservation(announced, isStored);
        var events = new List<TimelineEvent>();
        if (announced.Session.Epoch > listed.Session.Epoch)
        {
            events.Add(new TimelineEvent.Started(listed.Session with { Epoch = announced.Session.Epoch }));
        }

        if ((listed.Renditions.Count > 0 ? ContinuePlaylist(observation, listed) : StartPlaylist(observation, before))
            is not var (start, end))
        {
            return events;
        }

        MoveWindow(events, announced, listed, start);
        events.AddRange(announced.Discontinuities.Where(number => number > listed.LastSegment && number >= start && number <= end)
            .Select(number => new TimelineEvent.Discontinuity(number)));
        var isAll = true;
        foreach (var rendition in announced.Renditions)
        {
            isAll &= AppendRendition(events, observation, rendition, listed.Find(rendition.Name), start, end);
        }

        if (announced.IsEnded && isAll && end >= observation.LastClosed)
        {
            events.Add(new TimelineEvent.Ended(announced.EndReason ?? ""));
        }

        return events;
    }

    /// <summary>
    /// The range of a continued playlist. When no segment is added, its start does not move, so that a late segment does not shorten it.
    /// </summary>
    private static (long Begin, long End)? ContinuePlaylist(TimelineObservation observation, SessionTimeline listed)
    {
        var last = listed.LastSegment;
        if (last + 1 < observation.Oldest)
        {
            return RestartPlaylist(observation, last);
        }

        var end = observation.LastListableAfter(last);
        if (end == last)
        {
            return (listed.FirstSegment, end);
        }

        // Segments that left the live window remain readable for the length of another window.
        var start = observation.Oldest;
        var length = observation.LengthOf(start, end);
        while (start > listed.FirstSegment && length < MinTargetDurations * observation.Target)
        {
            start--;
            length += listed.Renditions.Select(rendition => rendition.Find(start)?.Duration.ToTimeSpan() ?? TimeSpan.Zero).Max();
        }

        return (Math.Max(start, listed.FirstSegment), end);
    }

    /// <summary>The range of a playlist that this process starts.</summary>
    /// <param name="observation">The observed timeline.</param>
    /// <param name="last">
    /// Last sequence number that an earlier process listed, or 0. Segments before it may be missing, because that process skipped them.
    /// </param>
    private static (long StartPlaylist, long End)? StartPlaylist(TimelineObservation observation, long last)
    {
        var start = observation.Oldest;
        if (last > 0)
        {
            if (last + 1 < start || (last >= start && !observation.IsComplete(last)))
            {
                return RestartPlaylist(observation, last);
            }

            start = last + 1;
            while (start > observation.Oldest && observation.IsComplete(start - 1))
            {
                start--;
            }
        }

        // The removed past is unknown here: until there is enough new media, the earlier process's playlist remains.
        var end = observation.LastListableAfter(Math.Max(start - 1, last));
        return end >= start && (last == 0 || start == 1 || observation.IsEnough(start, end)) ? (start, end) : null;
    }

    /// <summary>
    /// The range of a playlist whose continuation left the live window: it restarts with the newest consecutive segments.
    /// </summary>
    private static (long Begin, long End)? RestartPlaylist(TimelineObservation observation, long last)
    {
        var end = observation.LastClosed;
        while (end > last && !observation.IsComplete(end))
        {
            end--;
        }

        var start = end;
        while (start - 1 > last && start > observation.Oldest && observation.IsComplete(start - 1))
        {
            start--;
        }

        return end > last && observation.IsEnough(start, end) ? (start, end) : null;
    }

    /// <summary>Moves the live window. Skipped discontinuities still count; their exact sequence numbers do not matter.</summary>
    private static void MoveWindow(List<TimelineEvent> events, SessionTimeline announced, SessionTimeline listed, long start)
    {
        if (start <= listed.FirstSegment)
        {
            return;
        }

        if (start <= listed.LastSegment + 1)
        {
            events.Add(new TimelineEvent.WindowMoved(start));
            return;
        }

        // Skipped discontinuities, however many, count as removed, and the number of removed ones never decreases.
        var removed = announced.DiscontinuitySequence + announced.Discontinuities.Count(number => number < start);
        var known = listed.DiscontinuitySequence + listed.Discontinuities.Count;
        events.Add(new TimelineEvent.WindowMoved(start, Discontinuities: Math.Max(removed, known)));
    }

    /// <summary>Adds the events of one rendition.</summary>
    /// <returns>Whether all of the rendition up to the end is listed now.</returns>
    private static bool AppendRendition(List<TimelineEvent> events, TimelineObservation observation, RenditionTimeline rendition,
        RenditionTimeline? listed, long start, long end)
    {
        var (isNew, next, init) = (listed is null, start, 0);
        if (listed?.Segments is [.., var last] && last.Number >= start)
        {
            (next, init) = (last.Number + 1, last.Init);
        }

        if (listed?.Init is { } known && rendition.FindInit(known.Number) is { } newer
            && CaptionServices.Parse(newer.Format.Captions).HasMoreThan(CaptionServices.Parse(known.Format.Captions)))
        {
            // Repeated after captions were detected. The init segment is stored, and no new segment is required.
            events.Add(new TimelineEvent.InitReady(rendition.Name, newer.Number, newer.Format, newer.Object, newer.Length));
        }

        foreach (var segment in rendition.Segments)
        {
            if (segment.Number < next)
            {
                continue;
            }

            if (segment.Number > end || !segment.IsClosed || !observation.IsStored(rendition, segment))
            {
                return segment.Number > end;
            }

            if (isNew)
            {
                isNew = false;
                events.Add(new TimelineEvent.RenditionAdded(rendition.Name, rendition.Kind, rendition.Position));
            }

            if (segment.Init != init && rendition.FindInit(segment.Init) is { } needed)
            {
                // The listed timeline may have removed it. If it is known, the repetition has no effect.
                init = segment.Init;
                events.Add(new TimelineEvent.InitReady(rendition.Name, needed.Number, needed.Format, needed.Object, needed.Length));
            }

            if (segment.IsGap)
            {
                events.Add(new TimelineEvent.SegmentGap(rendition.Name, segment.Number, segment.Init, segment.Start, segment.Duration,
                    segment.WallClock));
                continue;
            }

            // A single part, however many the segment had: bucket manifests list no parts.
            events.Add(new TimelineEvent.PartReady(
                rendition.Name, segment.Number, 0, segment.Init, segment.Start, segment.Duration, segment.Independent, segment.WallClock,
                segment.Object, 0, checked((int)segment.Length)));
            events.Add(new TimelineEvent.SegmentClosed(rendition.Name, segment.Number));
        }

        return true;
    }

    /// <summary>The announced session and its stored objects.</summary>
    private sealed class TimelineObservation(SessionTimeline announced, Func<ObjectName, bool> isStored)
    {
        /// <summary>First sequence number of the live window.</summary>
        public long Oldest => announced.FirstSegment;

        /// <summary>Highest sequence number that any rendition has closed.</summary>
        public long LastClosed { get; } = announced.Renditions.Select(rendition => rendition.Closed is [.., var last] ? last.Number : 0)
            .DefaultIfEmpty().Max();

        /// <summary>Indicates whether the session has ended.</summary>
        public bool IsEnded => announced.IsEnded;

        /// <summary>The target duration.</summary>
        public TimeSpan Target => announced.Session.Latency.TargetDuration;

        /// <summary>The last sequence number that can be listed after a listed one.</summary>
        public long LastListableAfter(long last)
        {
            while (last < LastClosed && IsComplete(last + 1))
            {
                last++;
            }

            return last;
        }

        /// <summary>
        /// Returns whether a sequence number can be listed: closed and stored in each rendition that has it, and missing only in renditions
        /// that lag too far.
        /// </summary>
        public bool IsComplete(long number)
        {
            var any = false;
            foreach (var rendition in announced.Renditions)
            {
                if (rendition.Find(number) is { IsClosed: true } segment)
                {
                    if (!IsStored(rendition, segment))
                    {
                        return false;
                    }

                    any = true;
                    continue;
                }

                var startsLater = rendition.Segments is [var first, ..] && first.Number > number;
                if (!startsLater && !IsEnded && LastClosed - number < MaxLagSegments)
                {
                    return false;
                }
            }

            return any;
        }

        /// <summary>Returns whether a segment and its init segment are in the store; a gap needs no objects.</summary>
        public bool IsStored(RenditionTimeline rendition, TimelineSegment segment) =>
            segment.IsGap || (isStored(segment.Object) && rendition.FindInit(segment.Init) is { } init && isStored(init.Object));

        /// <summary>Returns whether the range is long enough for players to start, or the session has ended.</summary>
        public bool IsEnough(long start, long end) => IsEnded || LengthOf(start, end) >= MinTargetDurations * Target;

        /// <summary>Duration of a range.</summary>
        public TimeSpan LengthOf(long start, long end)
        {
            var maximum = TimeSpan.Zero;
            foreach (var rendition in announced.Renditions)
            {
                var length = TimeSpan.Zero;
                foreach (var segment in rendition.Closed)
                {
                    length += segment.Number >= start && segment.Number <= end ? segment.Duration.ToTimeSpan() : TimeSpan.Zero;
                }

                maximum = length > maximum ? length : maximum;
            }

            return maximum;
        }
    }
}
