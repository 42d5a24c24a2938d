using Broadcast.Media;

namespace Broadcast.Origin.BucketLists;

/// <summary>
/// Decides what of a session a bucket may list: whole segments that the store has, by rising numbers without a hole, the same in all renditions. What is late holds the rest back; what is so late that it has
/// left the live window is passed over. Numbers and discontinuities never go back. Pure: two timelines in, events for the second out.
/// </summary>
internal static class StoredTimeline
{
    /// <summary>How many segments a rendition may be behind the foremost before the others go on without it.</summary>
    private const int Patience = 2;

    /// <summary>Target durations that a list has at least once it had them, and that there have to be behind a hole before it begins there anew: what players want to begin with (RFC 8216, 6.2.2).</summary>
    private const int Least = 3;

    /// <summary>Events that bring what is listed up to what can be.</summary>
    /// <param name="announced">The session as it is announced.</param>
    /// <param name="listed">The same session as it is listed; it has heard only what this gave.</param>
    /// <param name="before">The last number that an earlier process listed; 0 for none, or when that does not matter any more.</param>
    /// <param name="isStored">Whether the store has an announced object.</param>
    public static IReadOnlyList<TimelineEvent> Next(SessionTimeline announced, SessionTimeline listed, long before, Func<ObjectName, bool> isStored)
    {
        if (listed.IsEnded)
        {
            return [];
        }

        var look = new Look(announced, isStored);
        var events = new List<TimelineEvent>();
        if (announced.Session.Epoch > listed.Session.Epoch)
        {
            events.Add(new TimelineEvent.Started(listed.Session with { Epoch = announced.Session.Epoch }));
        }

        if ((listed.Renditions.Count > 0 ? GoOn(look, listed) : Begin(look, before)) is not var (begin, end))
        {
            return events;
        }

        MoveWindow(events, announced, listed, begin);
        events.AddRange(announced.Discontinuities.Where(number => number > listed.LastSegment && number >= begin && number <= end).Select(number => new TimelineEvent.Discontinuity(number)));
        var isAll = true;
        foreach (var rendition in announced.Renditions)
        {
            isAll &= Tell(events, look, rendition, listed.Find(rendition.Name), begin, end);
        }

        if (announced.IsEnded && isAll && end >= look.Foremost)
        {
            events.Add(new TimelineEvent.Ended(announced.EndReason ?? ""));
        }

        return events;
    }

    /// <summary>The numbers of a list that goes on. Where nothing is added it keeps its begin, so that what is late does not shorten it.</summary>
    private static (long Begin, long End)? GoOn(Look look, SessionTimeline listed)
    {
        var last = listed.LastSegment;
        if (last + 1 < look.Oldest)
        {
            return Anew(look, last);
        }

        var end = look.Reach(last);
        if (end == last)
        {
            return (listed.FirstSegment, end);
        }

        // What has left the live window can be read for another window's time.
        var begin = look.Oldest;
        var length = look.LengthOf(begin, end);
        while (begin > listed.FirstSegment && length < Least * look.Target)
        {
            begin--;
            length += listed.Renditions.Select(rendition => rendition.Find(begin)?.Duration.ToTimeSpan() ?? TimeSpan.Zero).Max();
        }

        return (Math.Max(begin, listed.FirstSegment), end);
    }

    /// <summary>The numbers of a list that this process begins.</summary>
    /// <param name="look">What there is.</param>
    /// <param name="last">The last number that an earlier process listed, or 0. There may be a hole before it, over which that has passed.</param>
    private static (long Begin, long End)? Begin(Look look, long last)
    {
        var begin = look.Oldest;
        if (last > 0)
        {
            if (last + 1 < begin || (last >= begin && !look.IsComplete(last)))
            {
                return Anew(look, last);
            }

            begin = last + 1;
            while (begin > look.Oldest && look.IsComplete(begin - 1))
            {
                begin--;
            }
        }

        // What has left the live window is not known here any more: until there is enough, the earlier process's list stays.
        var end = look.Reach(Math.Max(begin - 1, last));
        return end >= begin && (last == 0 || begin == 1 || look.IsEnough(begin, end)) ? (begin, end) : null;
    }

    /// <summary>What follows the list has left the live window: it begins anew with the newest that there is without a hole.</summary>
    private static (long Begin, long End)? Anew(Look look, long last)
    {
        var end = look.Foremost;
        while (end > last && !look.IsComplete(end))
        {
            end--;
        }

        var begin = end;
        while (begin - 1 > last && begin > look.Oldest && look.IsComplete(begin - 1))
        {
            begin--;
        }

        return end > last && look.IsEnough(begin, end) ? (begin, end) : null;
    }

    /// <summary>Moves the window. Discontinuities that were passed over with their numbers count all the same: it does not matter which numbers they had.</summary>
    private static void MoveWindow(List<TimelineEvent> events, SessionTimeline announced, SessionTimeline listed, long begin)
    {
        if (begin <= listed.FirstSegment)
        {
            return;
        }

        if (begin > listed.LastSegment + 1)
        {
            var gone = announced.DiscontinuitySequence + announced.Discontinuities.Count(number => number < begin);
            var known = listed.DiscontinuitySequence + listed.Discontinuities.Count;
            for (var number = Math.Max(listed.LastSegment + 1, begin - (gone - known)); number < begin; number++)
            {
                events.Add(new TimelineEvent.Discontinuity(number));
            }
        }

        events.Add(new TimelineEvent.WindowMoved(begin));
    }

    /// <returns>Whether all of the rendition up to the end is listed now.</returns>
    private static bool Tell(List<TimelineEvent> events, Look look, RenditionTimeline rendition, RenditionTimeline? listed, long begin, long end)
    {
        var next = listed?.Segments is [.., var last] && last.Number >= begin ? last.Number + 1 : begin;
        var (isNew, init) = (listed is null, listed?.Init?.Number ?? 0);
        if (listed?.Init is { } known && rendition.FindInit(init) is { } newer && CaptionServices.Parse(newer.Format.Captions).HasMoreThan(CaptionServices.Parse(known.Format.Captions)))
        {
            // Told once more, since captions were seen: it is stored, and no segment need be new.
            events.Add(new TimelineEvent.InitReady(rendition.Name, init, newer.Format, newer.Object, newer.Length));
        }

        foreach (var segment in rendition.Segments)
        {
            if (segment.Number < next)
            {
                continue;
            }

            if (segment.Number > end || !segment.IsClosed || !look.IsStored(rendition, segment))
            {
                return segment.Number > end;
            }

            if (isNew)
            {
                isNew = false;
                events.Add(new TimelineEvent.RenditionAdded(rendition.Name, rendition.Kind, rendition.Place));
            }

            if (segment.Init > init && rendition.FindInit(segment.Init) is { } needed)
            {
                init = segment.Init;
                events.Add(new TimelineEvent.InitReady(rendition.Name, needed.Number, needed.Format, needed.Object, needed.Length));
            }

            if (segment.IsGap)
            {
                events.Add(new TimelineEvent.SegmentGap(rendition.Name, segment.Number, segment.Init, segment.Start, segment.Duration, segment.WallClock));
                continue;
            }

            // One part, whatever it was made of: nobody is told of parts.
            events.Add(new TimelineEvent.PartReady(
                rendition.Name, segment.Number, 0, segment.Init, segment.Start, segment.Duration, segment.Independent, segment.WallClock, segment.Object, 0, checked((int)segment.Length)));
            events.Add(new TimelineEvent.SegmentClosed(rendition.Name, segment.Number));
        }

        return true;
    }

    /// <summary>A session as it is announced, and what of it is stored.</summary>
    private sealed class Look(SessionTimeline announced, Func<ObjectName, bool> isStored)
    {
        /// <summary>First number of the live window.</summary>
        public long Oldest => announced.FirstSegment;

        /// <summary>Highest number of which some rendition has a whole segment.</summary>
        public long Foremost { get; } = announced.Renditions.Select(rendition => rendition.Closed is [.., var last] ? last.Number : 0).DefaultIfEmpty().Max();

        /// <summary>Whether nothing follows.</summary>
        public bool IsOver => announced.IsEnded;

        /// <summary>The target duration.</summary>
        public TimeSpan Target => announced.Session.Latency.TargetDuration;

        /// <summary>The last number that can be listed behind one that is.</summary>
        public long Reach(long last)
        {
            while (last < Foremost && IsComplete(last + 1))
            {
                last++;
            }

            return last;
        }

        /// <summary>Whether a number can be listed: whole and stored in each rendition that has it, and none is missing that is not long behind.</summary>
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

                var beginsLater = rendition.Segments is [var first, ..] && first.Number > number;
                if (!beginsLater && !IsOver && Foremost - number < Patience)
                {
                    return false;
                }
            }

            return any;
        }

        /// <summary>Whether a whole segment, and the init segment it needs, are in the store; of a gap there is nothing.</summary>
        public bool IsStored(RenditionTimeline rendition, TimelineSegment segment) =>
            segment.IsGap || (isStored(segment.Object) && rendition.FindInit(segment.Init) is { } init && isStored(init.Object));

        /// <summary>Whether players find enough in some numbers to begin with, or no more will come.</summary>
        public bool IsEnough(long begin, long end) => IsOver || LengthOf(begin, end) >= Least * Target;

        /// <summary>How long some numbers are together.</summary>
        public TimeSpan LengthOf(long begin, long end)
        {
            var longest = TimeSpan.Zero;
            foreach (var rendition in announced.Renditions)
            {
                var length = TimeSpan.Zero;
                foreach (var segment in rendition.Closed)
                {
                    length += segment.Number >= begin && segment.Number <= end ? segment.Duration.ToTimeSpan() : TimeSpan.Zero;
                }

                longest = length > longest ? length : longest;
            }

            return longest;
        }
    }
}
