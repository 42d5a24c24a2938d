namespace Broadcast.Media;

/// <summary>
/// A stretch of a session in which nothing begins anew: what DASH calls a period. One begins at each discontinuity, and where a rendition begins, comes back after a hole, or goes on with
/// another init segment. That can be told from a segment and the one before it, so that a run is the same whatever of it is still listed.
/// </summary>
/// <param name="First">Number of its first segment.</param>
/// <param name="Start">Where that begins, in the rendition where it does first, in milliseconds; 0 for the session's first, so that a run has no negative time.</param>
public sealed record TimelineRun(long First, MediaTime Start)
{
    private const int Clock = 1000;

    /// <summary>The runs of some segments, by rising numbers.</summary>
    /// <param name="first">The first number looked at.</param>
    /// <param name="known">The run that the segments of that number belong to, where that is known; otherwise one begins with it.</param>
    /// <param name="discontinuities">Numbers that a discontinuity stands before.</param>
    /// <param name="renditions">The segments of each rendition, by rising numbers and without a hole.</param>
    public static IReadOnlyList<TimelineRun> Of(
        long first, TimelineRun? known, IEnumerable<long> discontinuities, IReadOnlyCollection<IReadOnlyList<ChapterSegment>> renditions)
    {
        var runs = new List<TimelineRun>();
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

            var goesOn = number == first && known?.First < first && !breaks.Contains(number);
            runs.Add(goesOn ? known! : new TimelineRun(number, number == 1 ? MediaTime.Zero(Clock) : NotNegative(start.Rescale(Clock))));
        }

        return runs;
    }

    /// <summary>A rendition's segment of a number, or <see langword="null"/> when it has none with media.</summary>
    private static ChapterSegment? Find(IReadOnlyList<ChapterSegment> segments, long number)
    {
        var index = segments.Count == 0 ? -1 : number - segments[0].Number;
        return index >= 0 && index < segments.Count && segments[(int)index] is { HasMedia: true } segment ? segment : null;
    }

    private static MediaTime NotNegative(MediaTime time) => time.Ticks < 0 ? MediaTime.Zero(time.Timescale) : time;
}
