namespace Broadcast.Media.Timeline;

/// <summary>
/// A period of a session (in the sense of DASH). A period begins at each discontinuity, and where a rendition starts, resumes after a gap,
/// or changes its init segment. This depends only on a segment and its predecessor, so a period stays the same whatever part of it is still
/// listed.
/// </summary>
/// <param name="First">Sequence number of its first segment.</param>
/// <param name="Start">Earliest start of that segment in any rendition, in milliseconds; 0 for the first period of a session, so that no
/// period has a negative time.</param>
public sealed record TimelinePeriod(long First, MediaTime Start)
{
    private const int Clock = 1000;

    /// <summary>Determines the periods of segments, by ascending sequence number.</summary>
    /// <param name="first">First sequence number to inspect.</param>
    /// <param name="known">Period of the first segments, if known; otherwise a period begins with them.</param>
    /// <param name="discontinuities">Sequence numbers that start with a discontinuity.</param>
    /// <param name="renditions">Segments of each rendition, by ascending sequence number without holes.</param>
    public static IReadOnlyList<TimelinePeriod> Of(
        long first, TimelinePeriod? known, IEnumerable<long> discontinuities, IReadOnlyCollection<IReadOnlyList<IndexedSegment>> renditions)
    {
        var periods = new List<TimelinePeriod>();
        var breaks = discontinuities.ToHashSet();
        var last = renditions.Where(segments => segments.Count > 0).Select(segments => segments[^1].Number).DefaultIfEmpty(first - 1).Max();
        for (var number = first; number <= last; number++)
        {
            MediaTime? earliest = null;
            var begins = breaks.Contains(number);
            foreach (var segments in renditions)
            {
                if (Find(segments, number) is not { } segment)
                {
                    continue;
                }

                earliest = earliest <= segment.Start ? earliest : segment.Start;
                begins |= Find(segments, number - 1)?.Init != segment.Init;
            }

            if (earliest is not { } start || !begins)
            {
                continue;
            }

            var continues = number == first && known?.First < first && !breaks.Contains(number);
            periods.Add(continues ? known! : new TimelinePeriod(number,
                number == 1 ? MediaTime.Zero(Clock) : NotNegative(start.Rescale(Clock))));
        }

        return periods;
    }

    /// <summary>Finds a segment with media by sequence number.</summary>
    private static IndexedSegment? Find(IReadOnlyList<IndexedSegment> segments, long number)
    {
        var index = segments.Count == 0 ? -1 : number - segments[0].Number;
        return index >= 0 && index < segments.Count && segments[(int)index] is { HasMedia: true } segment ? segment : null;
    }

    private static MediaTime NotNegative(MediaTime time) => time.Ticks < 0 ? MediaTime.Zero(time.Timescale) : time;
}
