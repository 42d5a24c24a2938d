using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Hls;
using Broadcast.Origin.Live;
using Broadcast.Origin.Thumbnails;

namespace Broadcast.Origin.Dash;

/// <summary>Renders an MPD from a timeline and its periods. Pure; the caller prevents changes of both meanwhile.</summary>
internal static class MpdRenderer
{
    /// <summary>Path of the clock, from the server's root.</summary>
    public const string ClockPath = "/time";

    /// <summary>
    /// Presentation time of a session's start. It is not zero, where media elements start. A player that joins in a session's first seconds
    /// wants to start at a few tenths of a second. A browser without media drops that seek. If zero were playable too, Shaka 5.2 would wait
    /// for the lost seek for the length of the window, without requesting media.
    /// </summary>
    public static readonly TimeSpan SessionStart = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Target latency in low latency. It covers two parts and the tolerated error of an encoder's clock, and leaves one second for network
    /// delay and jitter.
    /// </summary>
    public static readonly ServiceDescription LowLatency = new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(6));

    /// <summary>
    /// Maximum difference between the arrival of a period's first sample and its timeline position that counts as noise. The first samples
    /// of a connection wait for each other.
    /// </summary>
    private static readonly TimeSpan MaxArrivalNoise = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Reference time ids per period: one for each adaptation set. Ids are unique, because periods start at different segments (ISO/IEC
    /// 23009-1, 5.12).
    /// </summary>
    private const int ReferencesPerPeriod = 100;

    /// <summary>The MPD of a session, or <see langword="null"/> while there is no segment to list.</summary>
    public static Mpd? Render(
        SessionTimeline timeline, PeriodProjection projection, IReadOnlyDictionary<string, RenditionHistory> records,
        DateTimeOffset startedAt, DateTimeOffset published)
    {
        var rendered = new List<RenderedPeriod>();
        foreach (var period in projection.Periods)
        {
            var isLast = period == projection.Periods[^1];
            if (Render(timeline, projection, period, records, isOpen: isLast && !timeline.IsEnded) is { } sets)
            {
                rendered.Add(sets);
            }
        }

        if (rendered.Count == 0)
        {
            return null;
        }

        var latency = timeline.Session.Latency;
        var end = Millisecond(rendered[^1].End);
        var thumbnails = ThumbnailTrack.Of(timeline);

        // A presentation is low-latency if its last period is; periods that list their segments are at standard latency.
        var early = timeline.IsEnded ? null : rendered[^1].Source.Cadence?.Early;
        return new Mpd
        {
            IsStatic = timeline.IsEnded,
            IsLowLatency = early is not null,
            AvailabilityStartTime = startedAt - SessionStart,
            PublishTime = published,
            MinimumUpdatePeriod = latency.SegmentMinimum,
            TimeShiftBufferDepth = latency.Window,
            SuggestedPresentationDelay = early is null ? 3 * latency.TargetDuration : null,
            MinBufferTime = latency.SegmentMinimum,
            MaxSegmentDuration = rendered.Max(period => period.Source.Cadence?.Length ?? latency.TargetDuration),
            MediaPresentationDuration = end + SessionStart,
            Service = early is null
                ? new ServiceDescription(3 * latency.TargetDuration, 2 * latency.TargetDuration, latency.Window / 2)
                : LowLatency with { Reference = rendered[^1].Sets[0].Reference?.Id },
            UtcTiming = ClockPath,
            Periods =
            [
                .. rendered.Select((period, index) =>
                {
                    // In an ended session, a period with segments of constant duration starts at its first available segment; otherwise
                    // players would request removed segments. Periods that list their segments need not; see MpdTrim.
                    var shown = timeline.IsEnded && index == 0 ? Trim(timeline, period) : period;
                    var start = shown.Start;

                    // In a running session, the last period states neither a duration nor a last number, even during input loss. dash.js
                    // would take either for the end of the presentation and ignore later media. Requests for announced segments are held
                    // meanwhile.
                    var next = index + 1 < rendered.Count ? rendered[index + 1].Start.ToTimeSpan()
                        : timeline.IsEnded ? end : (TimeSpan?)null;
                    return new Period(period.Source.Id, start.ToTimeSpan() + SessionStart, next - start.ToTimeSpan(),
                        [.. shown.Sets.Select(set => Offset(set, start))])
                    {
                        Thumbnails = ThumbnailAdaptationSet.Of(thumbnails, start.ToTimeSpan(), next) is { } sheets
                            ? sheets with { Early = early } : null,
                    };
                }),
            ],
        };
    }

    private static RenderedPeriod? Render(
        SessionTimeline timeline, PeriodProjection projection, MpdPeriod period, IReadOnlyDictionary<string, RenditionHistory> records,
        bool isOpen)
    {
        var sets = new SortedDictionary<int, AdaptationSet>();
        var mainAudio = timeline.Renditions.FirstOrDefault(rendition => rendition.Kind == TrackKind.Audio);
        MediaTime? end = null;
        foreach (var range in period.Ranges)
        {
            var rendition = range.Rendition;
            if (rendition.Segments is not [var oldest, ..] || rendition.FindInit(range.Init) is not { } init || range.Last < oldest.Number)
            {
                continue;
            }

            var number = Math.Max(range.First, oldest.Number);
            var stop = rendition.Find(range.Last)!.End;
            end = end is { } latest && latest >= stop ? latest : stop;
            var record = records[rendition.Name];
            var timescale = init.Format.Timescale;
            var segments = period.Cadence is { } cadence
                ? new SegmentTemplate(init.Number, timescale, 0, range.First, [])
                {
                    ConstantDuration = new ConstantDurationSegments(Math.Max(1, Nearest(cadence.Length, timescale)),
                        isOpen ? null : range.Last, timeline.IsEnded ? null : cadence.Early),
                }
                : new SegmentTemplate(init.Number, timescale, 0, number, List(rendition, number, range.Last));
            var representation = new Representation(
                rendition.Name, init.Format, Math.Max(1, BitrateMeter.Step(record.Bitrate.Peak)), record.IsIndependent, segments);
            var id = projection.SetOf(rendition, init.Format);
            sets[id] = sets.TryGetValue(id, out var set)
                ? set with { Representations = [.. set.Representations, representation] }
                : new AdaptationSet(
                    id, rendition.Kind, PlaylistRenderer.LanguageOf(rendition), IsMain: rendition.Kind == TrackKind.Video
                    || rendition == mainAudio, [representation])
                {
                    Label = rendition.Kind == TrackKind.Audio ? PlaylistRenderer.LabelOf(rendition) : null,
                    Captions = [.. PlaylistRenderer.CaptionsOf(rendition)],
                    Reference = period.Cadence is null ? null
                        : new ProducerReferenceTime((period.First * ReferencesPerPeriod) + id,
                            CapturedAt(period, timeline.Session.StartedAt), period.ReferenceTime, ClockPath),
                };
        }

        return end is { } last ? new RenderedPeriod(period, [.. sets.Values], period.Start, last) : null;
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

    private static List<(long Start, long Duration)> List(RenditionTimeline rendition, long first, long last)
    {
        var segments = new List<(long, long)>((int)(last - first + 1));
        for (var number = first; number <= last; number++)
        {
            // Priming and composition offsets can place the first samples before zero, which S@t cannot express.
            var segment = rendition.Find(number)!;
            var start = Math.Max(0, segment.Start.Ticks);
            segments.Add((start, Math.Max(1, segment.End.Ticks - start)));
        }

        return segments;
    }

    /// <summary>Starts a period of constant-duration segments at its first available segment.</summary>
    private static RenderedPeriod Trim(SessionTimeline timeline, RenderedPeriod period)
    {
        if (period.Source.Cadence is not { } cadence)
        {
            return period;
        }

        var removed = Math.Max(0, timeline.FirstSegment - period.Source.First);
        return period with
        {
            Start = period.Start + MediaTime.From(removed * cadence.Length, 1000),
            Sets =
            [
                .. period.Sets.Select(set => set with
                {
                    Representations = [.. set.Representations.Select(each => each
                        with { Segments = each.Segments with { StartNumber = each.Segments.StartNumber + removed } })],
                }),
            ],
        };
    }

    private static AdaptationSet Offset(AdaptationSet set, MediaTime start) => set with
    {
        Representations =
        [
            .. set.Representations.Select(representation => representation with
            {
                Segments = representation.Segments with { PresentationTimeOffset = start.Rescale(representation.Segments.Timescale).Ticks },
            }),
        ],
    };

    /// <summary>A duration in ticks of a timescale, rounded.</summary>
    private static long Nearest(TimeSpan length, int timescale) => (long)Math.Round(length.TotalSeconds * timescale);

    /// <summary>Rounded up to the millisecond, so that no media is excluded.</summary>
    private static TimeSpan Millisecond(MediaTime time) => TimeSpan.FromMilliseconds(Math.Ceiling(time.TotalSeconds * 1000));

    /// <summary>A period for rendering: adaptation sets, start and end of its media.</summary>
    private sealed record RenderedPeriod(MpdPeriod Source, IReadOnlyList<AdaptationSet> Sets, MediaTime Start, MediaTime End);
}
