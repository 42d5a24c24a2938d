using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Live;
using Broadcast.Origin.Thumbnails;

namespace Broadcast.Origin.Dash;

/// <summary>Describes the live window of a session. Pure; the caller prevents changes of timeline and periods meanwhile.</summary>
internal static class LivePresentation
{
    /// <summary>
    /// Presentation time of a session's start. It is not zero, where media elements start. A player that joins in a session's first seconds
    /// wants to start at a few tenths of a second. A browser without media drops that seek. If zero were playable too, Shaka 5.2 would wait
    /// for the lost seek for the length of the window, without requesting media.
    /// </summary>
    public static readonly TimeSpan SessionStart = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Maximum difference between the arrival of a period's first sample and its timeline position that counts as noise. The first samples
    /// of a connection wait for each other.
    /// </summary>
    private static readonly TimeSpan MaxArrivalNoise = TimeSpan.FromSeconds(1);

    /// <summary>The presentation, or <see langword="null"/> while there is no segment to list.</summary>
    /// <param name="timeline">The session.</param>
    /// <param name="mpd">State of its MPD.</param>
    /// <param name="records">State of its renditions, by name.</param>
    /// <param name="startedAt">Wall-clock time at the session's time zero.</param>
    public static Presentation? Of(SessionTimeline timeline, MpdState mpd, IReadOnlyDictionary<string, RenditionHistory> records,
        DateTimeOffset startedAt)
    {
        var periods = new List<PresentationPeriod>();
        foreach (var period in mpd.Periods.Periods)
        {
            // In an ended session, a period with segments of constant duration starts at its first available segment; otherwise players
            // would request removed segments. Periods that list their segments need not; see MpdTrim.
            var removed = periods.Count == 0 && timeline.IsEnded && period.Cadence is not null
                ? Math.Max(0, timeline.FirstSegment - period.First) : 0;
            var isOpen = period == mpd.Periods.Periods[^1] && !timeline.IsEnded;
            if (PeriodOf(timeline, mpd.Periods, period, records, removed, isOpen) is { } described)
            {
                periods.Add(described);
            }
        }

        return periods.Count == 0 ? null : new Presentation
        {
            Latency = timeline.Session.Latency,
            IsWhole = timeline.IsEnded,
            StartedAt = startedAt,
            SessionStart = SessionStart,
            PublishTime = mpd.PublishedAt,
            Depth = timeline.Session.Latency.Window,
            MainAudio = timeline.Renditions.FirstOrDefault(rendition => rendition.Kind == TrackKind.Audio)?.Name,
            Thumbnails = ThumbnailTrack.Of(timeline),
            Periods = periods,
        };
    }

    private static PresentationPeriod? PeriodOf(
        SessionTimeline timeline, PeriodProjection projection, MpdPeriod period, IReadOnlyDictionary<string, RenditionHistory> records,
        long removed, bool isOpen)
    {
        var tracks = new List<PresentationTrack>();
        MediaTime? end = null;
        foreach (var range in period.Ranges)
        {
            var rendition = range.Rendition;
            if (rendition.Segments is not [var oldest, ..] || rendition.FindInit(range.Init) is not { } init || range.Last < oldest.Number)
            {
                continue;
            }

            var stop = rendition.Find(range.Last)!.End;
            end = end is { } latest && latest >= stop ? latest : stop;
            var first = Math.Max(range.First, oldest.Number);
            var isListed = period.Cadence is null;
            tracks.Add(new PresentationTrack(projection.SetOf(rendition, init.Format),
                RenditionDescription.Of(rendition, records[rendition.Name]), init, isListed ? first : range.First + removed,
                isListed ? Times(rendition, first, range.Last) : [])
            {
                Last = isListed || isOpen ? null : range.Last,
            });
        }

        if (end is not { } last)
        {
            return null;
        }

        var start = period.Cadence is { } cadence ? period.Start + MediaTime.From(removed * cadence.Length, 1000) : period.Start;
        return new PresentationPeriod(period.Id, start, last, [.. tracks.OrderBy(track => track.Set)])
        {
            Cadence = period.Cadence,
            Capture = period.Cadence is null ? null
                : new CaptureTime(period.First, CapturedAt(period, timeline.Session.StartedAt), period.ReferenceTime),
        };
    }

    /// <summary>
    /// Wall-clock time at which a period's first media came from the encoder. The timeline follows the arrival of all samples; the arrival
    /// of a single one only counts where a period was moved. Players add this value to the latency (TS 103 285, 10.20.4), so a frame that
    /// was once late would delay them permanently.
    /// </summary>
    internal static DateTimeOffset CapturedAt(MpdPeriod period, DateTimeOffset startedAt)
    {
        var steady = startedAt + period.ReferenceTime.ToTimeSpan();
        return (period.ReferenceClock - steady).Duration() < MaxArrivalNoise ? steady : period.ReferenceClock;
    }

    private static List<(long Start, long Duration)> Times(RenditionTimeline rendition, long first, long last)
    {
        var times = new List<(long, long)>((int)(last - first + 1));
        for (var number = first; number <= last; number++)
        {
            var segment = rendition.Find(number)!;
            times.Add(PresentationTrack.TimesOf(segment.Start, segment.End));
        }

        return times;
    }
}
