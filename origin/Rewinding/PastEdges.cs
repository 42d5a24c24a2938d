using Broadcast.Media;

namespace Broadcast.Origin.Rewinding;

/// <summary>How far a session's past reaches at one moment: what can be said of a range without reading any of it.</summary>
/// <param name="Begin">Where it begins by wall clock, or <see langword="null"/> when there is nothing.</param>
/// <param name="End">Where it ends by wall clock, or <see langword="null"/> when there is nothing.</param>
/// <param name="IsEnded">Whether the session is over.</param>
/// <param name="Chapters">What has left the live window.</param>
/// <param name="Window">Segments of a rendition in the live window.</param>
/// <param name="Renditions">How many renditions there are.</param>
/// <param name="Target">The target duration.</param>
/// <param name="ListVersion">Rises with everything that lists show.</param>
/// <param name="Clock">What wall clock is meant.</param>
internal sealed record PastEdges(
    DateTimeOffset? Begin, DateTimeOffset? End, bool IsEnded, IReadOnlyList<TimelineChapter> Chapters, int Window, int Renditions, TimeSpan Target, long ListVersion, PastClock Clock)
{
    /// <summary>Versions of what is whole come after all that grew.</summary>
    private const long WholeVersion = 1L << 60;

    /// <summary>A session's as they are now, as <see cref="PastView"/> would have them.</summary>
    /// <param name="session">The session.</param>
    /// <param name="isCounted">Whether its clock is counted, as an MPD has it.</param>
    /// <param name="isReplay">Whether it is all that is kept, to be replayed.</param>
    public static PastEdges Of(LiveSession session, bool isCounted, bool isReplay = false)
    {
        var version = session.ListVersion;
        return session.Read((timeline, _) =>
        {
            RenditionTimeline? leader = null;
            foreach (var rendition in timeline.Renditions)
            {
                if (rendition.Init is not null && !rendition.Closed.IsEmpty && (leader is null || (leader.Kind != TrackKind.Video && rendition.Kind == TrackKind.Video)))
                {
                    leader = rendition;
                }
            }

            var clock = PastClock.Of(timeline.Session, isCounted);
            var segments = leader is null ? default : leader.Closed;
            var chapters = isReplay ? timeline.KeptChapters : timeline.Chapters;
            var end = segments is [.., var last] ? clock.End(ChapterSegment.Of(last)) : (DateTimeOffset?)null;
            return new PastEdges(
                chapters is [var chapter, ..] ? Later(clock.Begin(chapter), session.Begin?.From) : segments is [var first, ..] ? clock.Begin(ChapterSegment.Of(first)) : null,
                isReplay && timeline.Slate is { } slate ? clock.Begin(slate) : end,
                timeline.IsEnded, chapters, segments.Length, timeline.Renditions.Count, timeline.Session.Latency.TargetDuration, version, clock);
        });
    }

    private static DateTimeOffset Later(DateTimeOffset begin, DateTimeOffset? from) => from > begin ? from.Value : begin;

    /// <summary>Whether all of a range is over, so that nothing can be added to it. A rendition may be two segments behind the leading one.</summary>
    public bool IsWhole(TimeRange range) => IsEnded || range.End + (2 * Target) <= End;

    /// <summary>Rises with everything that a list of a range shows; where all of it is over, only with what is gone of it.</summary>
    public long VersionOf(TimeRange range) => !IsWhole(range) ? ListVersion : WholeVersion + (Begin > range.Start ? Begin.Value.ToUnixTimeMilliseconds() : 0);

    /// <summary>About how many segments of a rendition a range lists.</summary>
    public long CountIn(TimeRange range)
    {
        var (first, last) = PastView.Touched(Chapters, Clock, range);
        return (last == Chapters.Count - 1 ? Window : 0) + (first <= last ? Chapters[last].Last - Chapters[first].First + 1 : 0);
    }
}
