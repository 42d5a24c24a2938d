namespace Broadcast.Media;

/// <summary>What manifests say of a segment that has left the live window.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Init">The init segment it needs.</param>
/// <param name="Start">Earliest presentation time.</param>
/// <param name="Duration">Its length, on the same clock.</param>
/// <param name="WallClock">Wall clock of <paramref name="Start"/>.</param>
/// <param name="Discontinuity">Whether a new run begins with it.</param>
/// <param name="IsGap">Whether nothing of it exists.</param>
/// <param name="Independent">Whether it begins with a sync sample.</param>
/// <param name="Length">Its bytes; 0 for a gap.</param>
public readonly record struct ChapterSegment(
    long Number, int Init, MediaTime Start, MediaTime Duration, DateTimeOffset WallClock, bool Discontinuity, bool IsGap, bool Independent, long Length)
{
    /// <summary>Where it ends.</summary>
    public MediaTime End => Start + Duration;

    /// <summary>Whether there is something of it.</summary>
    public bool HasMedia => !IsGap && Length > 0;

    /// <summary>A whole segment of a timeline.</summary>
    public static ChapterSegment Of(TimelineSegment segment) => new(
        segment.Number, segment.Init, segment.Start, segment.Duration, segment.WallClock, segment.Discontinuity, segment.IsGap, segment.Independent, segment.Length);
}

/// <summary>A rendition's segments in a chapter, by rising number and without a hole.</summary>
public sealed record ChapterRendition(string Name, IReadOnlyList<ChapterSegment> Segments);

/// <summary>A sheet of thumbnails in a chapter; see <see cref="TimelineEvent.SheetReady"/>. Its object is named by the session and its start.</summary>
/// <param name="Start">Where its first tile begins.</param>
/// <param name="Duration">How long all its tiles are together.</param>
/// <param name="Layout">How it is divided.</param>
/// <param name="Length">Its bytes.</param>
public readonly record struct ChapterSheet(MediaTime Start, MediaTime Duration, SheetLayout Layout, int Length)
{
    /// <summary>A sheet of a timeline.</summary>
    public static ChapterSheet Of(TimelineSheet sheet) => new(sheet.Start, sheet.Duration, sheet.Layout, sheet.Length);
}

/// <summary>
/// A stretch of a session that has left the live window: what manifests need to know of it, in an object of some ten bytes a segment that never changes, so that nobody has to keep
/// it in memory.
/// </summary>
/// <param name="First">Its first segment number.</param>
/// <param name="Last">Its last segment number.</param>
/// <param name="Discontinuities">Those of its numbers that a discontinuity stands before, rising.</param>
/// <param name="Renditions">Renditions that it has something of.</param>
public sealed record Chapter(long First, long Last, IReadOnlyList<long> Discontinuities, IReadOnlyList<ChapterRendition> Renditions)
{
    /// <summary>The run that it begins in, which may have begun long before; not in its object, but in what is announced of it. <see langword="null"/> when that is not known.</summary>
    public TimelineRun? Run { get; init; }

    /// <summary>The run that what follows it begins in; likewise.</summary>
    public TimelineRun? Next { get; init; }

    /// <summary>The sheets of thumbnails that left the live window with its segments, by rising start, where they are kept with them; a sheet may begin in a chapter before.</summary>
    public IReadOnlyList<ChapterSheet> Sheets { get; init; } = [];

    /// <summary>Takes the head of a timeline's live window, all of which has to be closed.</summary>
    /// <param name="timeline">The timeline.</param>
    /// <param name="last">Last number of the chapter.</param>
    public static Chapter Of(SessionTimeline timeline, long last)
    {
        var first = timeline.FirstSegment;
        var runs = TimelineRun.Of(
            first, timeline.Run, timeline.Discontinuities,
            [.. timeline.Renditions.Select(rendition => rendition.Segments.TakeWhile(segment => segment.Number <= last + 1).Select(ChapterSegment.Of).ToList())]);
        var isFollowed = timeline.Renditions.Any(rendition => rendition.Find(last + 1) is { IsGap: false, Parts.Count: > 0 });
        return new Chapter(
            first, last, [.. timeline.Discontinuities.Where(number => number <= last)],
            [
                .. from rendition in timeline.Renditions
                   where rendition.Segments is [var oldest, ..] && oldest.Number <= last
                   select new ChapterRendition(rendition.Name, [.. rendition.Segments.TakeWhile(segment => segment.Number <= last).Select(ChapterSegment.Of)]),
            ])
        {
            Run = runs is [var own, ..] && own.First <= last ? own : null,
            Next = isFollowed && runs is [.., var next] ? next : null,
            Sheets = timeline.Session.IsRecorded ? [.. timeline.SheetsBefore(last + 1).Select(ChapterSheet.Of)] : [],
        };
    }

    /// <summary>Chapters that follow each other as one. Numbers that a rendition lacks between two of them become gaps.</summary>
    public static Chapter Join(IReadOnlyList<Chapter> chapters)
    {
        var segments = new Dictionary<string, List<ChapterSegment>>(StringComparer.Ordinal);
        var names = new List<string>();
        foreach (var rendition in chapters.SelectMany(chapter => chapter.Renditions))
        {
            if (!segments.TryGetValue(rendition.Name, out var list))
            {
                segments.Add(rendition.Name, list = []);
                names.Add(rendition.Name);
            }

            if (list is [.., var last] && rendition.Segments is [var next, ..] && next.Number > last.Number + 1)
            {
                list.AddRange(Gaps(last, next));
            }

            list.AddRange(rendition.Segments);
        }

        return new Chapter(
            chapters[0].First, chapters[^1].Last, [.. chapters.SelectMany(chapter => chapter.Discontinuities)], [.. names.Select(name => new ChapterRendition(name, segments[name]))])
        {
            Run = chapters[0].Run,
            Next = chapters[^1].Next,
            Sheets = [.. chapters.SelectMany(chapter => chapter.Sheets)],
        };
    }

    /// <summary>The event that tells of it.</summary>
    /// <param name="name">Its object.</param>
    /// <param name="length">The object's bytes.</param>
    /// <exception cref="InvalidOperationException">It has no segments.</exception>
    public TimelineEvent.ChapterReady Announce(ObjectName name, int length)
    {
        var earliest = Renditions.Select(rendition => rendition.Segments[0]).MinBy(segment => segment.Start);
        var end = Renditions.Max(rendition => rendition.Segments[^1].End);
        return new TimelineEvent.ChapterReady(
            First, Last, earliest.Start, end - earliest.Start, earliest.WallClock, Discontinuities.Count,
            [
                .. Renditions.Select(rendition => new ChapterRange(
                    rendition.Name, rendition.Segments[0].Number, rendition.Segments[^1].Number, rendition.Segments.Min(segment => segment.Init),
                    Discontinuities.Count(number => number < rendition.Segments[0].Number))),
            ],
            name, length, Run, Next);
    }

    private static IEnumerable<ChapterSegment> Gaps(ChapterSegment last, ChapterSegment next)
    {
        var count = next.Number - last.Number - 1;
        var length = new MediaTime(Math.Max(0, (next.Start - last.End).Rescale(last.Start.Timescale).Ticks / count), last.Start.Timescale);
        var (start, wallClock) = (last.End, last.WallClock + last.Duration.ToTimeSpan());
        for (var number = last.Number + 1; number < next.Number; number++)
        {
            yield return new ChapterSegment(number, last.Init, start, length, wallClock, false, true, false, 0);
            (start, wallClock) = (start + length, wallClock + length.ToTimeSpan());
        }
    }
}
