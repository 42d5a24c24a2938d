namespace Broadcast.Media;

/// <summary>
/// Tells of a session that is over what is lost of it: segments become gaps of their length, which players pass over, and pictures are not named any more. Numbers and times stay. Pure; chapter by chapter,
/// oldest first, because where a rendition comes back after a gap a new run begins (<see cref="TimelineRun"/>).
/// </summary>
/// <param name="folder">The session's folder, ending in <c>/</c>.</param>
/// <param name="lost">Names of what is lost.</param>
/// <param name="run">The run that the oldest chapter belongs to, or the live window where there is none.</param>
public sealed class GapMarks(string folder, IReadOnlySet<ObjectName> lost, TimelineRun? run)
{
    /// <summary>The run that what follows belongs to.</summary>
    public TimelineRun? Run { get; private set; } = run;

    /// <summary>A chapter without what is lost, and with the runs that follow from that.</summary>
    /// <param name="chapter">The next chapter.</param>
    /// <param name="discontinuities">Numbers behind the chapter that a discontinuity stands before; only the first number behind it counts.</param>
    /// <param name="following">The first segments behind the chapter, one a rendition, as they were.</param>
    /// <param name="changed">Whether anything of it is lost.</param>
    public Chapter Mark(Chapter chapter, IEnumerable<long> discontinuities, IReadOnlyDictionary<string, ChapterSegment> following, out bool changed)
    {
        var names = ExpectedObject.Of(folder, chapter).Select(expected => expected.Name).Where(lost.Contains).ToHashSet();
        changed = names.Count > 0;
        var marked = chapter with
        {
            Renditions = [.. chapter.Renditions.Select(rendition => rendition with { Segments = [.. rendition.Segments.Select(segment => Mark(rendition.Name, segment))] })],
            Sheets = [.. chapter.Sheets.Where(sheet => !lost.Contains(ExpectedObject.SheetName(folder, sheet.Start)))],
        };
        var next = following.Where(one => one.Value.Number == chapter.Last + 1).ToDictionary(one => one.Key, one => Mark(one.Key, one.Value), StringComparer.Ordinal);
        var runs = TimelineRun.Of(
            chapter.First, Run, [.. chapter.Discontinuities, .. discontinuities.Where(number => number == chapter.Last + 1)],
            [.. marked.Renditions.Select(rendition => Follow(rendition.Segments, next.GetValueOrDefault(rendition.Name))), .. Alone(marked, next)]);
        Run = runs is [.., var last] && next.Values.Any(segment => segment.HasMedia) ? last : null;
        return marked with { Run = runs is [var own, ..] && own.First <= chapter.Last ? own : null, Next = Run };
    }

    /// <summary>A checkpoint without what is lost.</summary>
    /// <param name="checkpoint">The session's, as it was.</param>
    /// <param name="chapters">What is announced of the chapters now, by their first numbers.</param>
    public IEnumerable<TimelineEvent> Mark(IEnumerable<TimelineEvent> checkpoint, IReadOnlyDictionary<long, TimelineEvent.ChapterReady> chapters)
    {
        var gaps = new Dictionary<(string, long), TimelineEvent.SegmentGap>();
        foreach (var @event in checkpoint)
        {
            switch (@event)
            {
                case TimelineEvent.Started started:
                    yield return started with { Session = started.Session with { Epoch = started.Session.Epoch + 1 } };
                    break;
                case TimelineEvent.WindowMoved moved when chapters.Count > 0:
                    yield return moved with { Run = Run };
                    break;
                case TimelineEvent.ChapterReady chapter:
                    yield return chapters[chapter.First] with { Next = null };
                    break;
                case TimelineEvent.PartReady part when lost.Contains(part.Object):
                    var place = (part.Rendition, part.Segment);
                    gaps[place] = gaps.TryGetValue(place, out var gap)
                        ? gap with { Duration = gap.Duration + part.Duration }
                        : new TimelineEvent.SegmentGap(part.Rendition, part.Segment, part.Init, part.Start, part.Duration, part.WallClock);
                    break;
                case TimelineEvent.SegmentClosed closed when gaps.Remove((closed.Rendition, closed.Segment), out var whole):
                    yield return whole;
                    break;
                case TimelineEvent.SheetReady sheet when lost.Contains(sheet.Object):
                case TimelineEvent.PosterReady poster when lost.Contains(poster.Object):
                    break;
                default:
                    yield return @event;
                    break;
            }
        }
    }

    private ChapterSegment Mark(string rendition, ChapterSegment segment) =>
        segment.HasMedia && lost.Contains(ExpectedObject.SegmentName(folder, rendition, segment.Number)) ? segment with { IsGap = true, Independent = false, Length = 0 } : segment;

    private static IReadOnlyList<ChapterSegment> Follow(IReadOnlyList<ChapterSegment> segments, ChapterSegment next) =>
        segments is [.., var last] && next.Number == last.Number + 1 ? [.. segments, next] : segments;

    /// <summary>Segments of renditions that begin behind the chapter.</summary>
    private static IEnumerable<IReadOnlyList<ChapterSegment>> Alone(Chapter chapter, Dictionary<string, ChapterSegment> next) =>
        next.Where(one => !chapter.Renditions.Any(rendition => rendition.Name == one.Key && rendition.Segments is [.., var last] && last.Number == one.Value.Number - 1))
            .Select(one => (IReadOnlyList<ChapterSegment>)[one.Value]);
}
