using Broadcast.Media;
using Broadcast.Origin.Hls;
using Broadcast.Origin.Thumbnails;

namespace Broadcast.Origin.Dash;

/// <summary>Draws an MPD from a timeline and its periods. Pure; the caller holds both still meanwhile.</summary>
internal static class MpdDrawing
{
    /// <summary>The address of the clock, from the root of the server.</summary>
    public const string ClockPath = "/time";

    /// <summary>
    /// Presentation time of a session's begin. It is not zero, where media elements begin: a player that comes in a session's first seconds wants to begin at a few tenths of a second, and a
    /// browser that has no media yet drops that seek. Could it play from zero as well, Shaka 5.2 would wait for the lost seek for as long as the window is, and fetch nothing meanwhile.
    /// </summary>
    public static readonly TimeSpan SessionBegin = TimeSpan.FromSeconds(10);

    /// <summary>How far behind live players in low latency should be. Two parts and what the clock of an encoder may go wrong are over by then, and a second is left for the way and for stutter.</summary>
    public static readonly ServiceDescription LowLatency = new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(6));

    /// <summary>How far the arrival of a run's first sample may lie from its place on the timeline and be mere noise: the first samples of a connection wait for each other.</summary>
    private static readonly TimeSpan Noise = TimeSpan.FromSeconds(1);

    /// <summary>Names for the reference times of a period: one for each set, and none in two periods, which begin at different segments (ISO/IEC 23009-1, 5.12).</summary>
    private const int ReferencesAPeriod = 100;

    /// <summary>The MPD of a session, or <see langword="null"/> while there is nothing to list.</summary>
    public static Mpd? Draw(
        SessionTimeline timeline, PeriodFold fold, IReadOnlyDictionary<string, RenditionRecord> records, DateTimeOffset startedAt, DateTimeOffset published)
    {
        var drawn = new List<DrawnPeriod>();
        foreach (var period in fold.Periods)
        {
            var isLast = period == fold.Periods[^1];
            if (Draw(timeline, fold, period, records, isOpen: isLast && !timeline.IsEnded) is { } sets)
            {
                drawn.Add(sets);
            }
        }

        if (drawn.Count == 0)
        {
            return null;
        }

        var latency = timeline.Session.Latency;
        var end = Millisecond(drawn[^1].End);
        var thumbnails = ThumbnailTrack.Of(timeline);

        // A presentation is of low latency while its end is; what is listed, is at standard latency.
        var early = timeline.IsEnded ? null : drawn[^1].Source.Cadence?.Early;
        return new Mpd
        {
            IsStatic = timeline.IsEnded,
            IsLowLatency = early is not null,
            AvailabilityStartTime = startedAt - SessionBegin,
            PublishTime = published,
            MinimumUpdatePeriod = latency.SegmentMinimum,
            TimeShiftBufferDepth = latency.Window,
            SuggestedPresentationDelay = early is null ? 3 * latency.TargetDuration : null,
            MinBufferTime = latency.SegmentMinimum,
            MaxSegmentDuration = drawn.Max(period => period.Source.Cadence?.Length ?? latency.TargetDuration),
            MediaPresentationDuration = end + SessionBegin,
            Service = early is null
                ? new ServiceDescription(3 * latency.TargetDuration, 2 * latency.TargetDuration, latency.Window / 2)
                : LowLatency with { Reference = drawn[^1].Sets[0].Reference?.Id },
            UtcTiming = ClockPath,
            Periods =
            [
                .. drawn.Select((period, index) =>
                {
                    // What is over and counts its segments begins where its media does, or players would ask for segments that have left the window. What lists them need not: see MpdTrim.
                    var shown = timeline.IsEnded && index == 0 ? Trim(timeline, period) : period;
                    var start = shown.Start;

                    // While the session goes on nothing says that its last period ends, by a duration or a last number, not even when nothing comes: dash.js takes that for the end of the
                    // presentation, and does not play what comes after. Requests for what is promised are held meanwhile.
                    var next = index + 1 < drawn.Count ? drawn[index + 1].Start.ToTimeSpan() : timeline.IsEnded ? end : (TimeSpan?)null;
                    return new Period(period.Source.Id, start.ToTimeSpan() + SessionBegin, next - start.ToTimeSpan(), [.. shown.Sets.Select(set => Offset(set, start))])
                    {
                        Thumbnails = ThumbnailSet.Of(thumbnails, start.ToTimeSpan(), next) is { } sheets ? sheets with { Early = early } : null,
                    };
                }),
            ],
        };
    }

    private static DrawnPeriod? Draw(
        SessionTimeline timeline, PeriodFold fold, MpdPeriod period, IReadOnlyDictionary<string, RenditionRecord> records, bool isOpen)
    {
        var sets = new SortedDictionary<int, AdaptationSet>();
        var mainAudio = timeline.Renditions.FirstOrDefault(rendition => rendition.Kind == TrackKind.Audio);
        MediaTime? end = null;
        foreach (var run in period.Runs)
        {
            var rendition = run.Rendition;
            if (rendition.Segments is not [var oldest, ..] || rendition.FindInit(run.Init) is not { } init || run.Last < oldest.Number)
            {
                continue;
            }

            var number = Math.Max(run.First, oldest.Number);
            var stop = rendition.Find(run.Last)!.End;
            end = end is { } latest && latest >= stop ? latest : stop;
            var record = records[rendition.Name];
            var timescale = init.Format.Timescale;
            var segments = period.Cadence is { } cadence
                ? new SegmentTemplate(init.Number, timescale, 0, run.First, [])
                {
                    Equal = new EqualSegments(Math.Max(1, Nearest(cadence.Length, timescale)), isOpen ? null : run.Last, timeline.IsEnded ? null : cadence.Early),
                }
                : new SegmentTemplate(init.Number, timescale, 0, number, List(rendition, number, run.Last));
            var representation = new Representation(
                rendition.Name, init.Format, Math.Max(1, BitrateMeter.Step(record.Bitrate.Peak)), record.IsIndependent, segments);
            var id = fold.SetOf(rendition, init.Format);
            sets[id] = sets.TryGetValue(id, out var set)
                ? set with { Representations = [.. set.Representations, representation] }
                : new AdaptationSet(
                    id, rendition.Kind, Playlists.LanguageOf(rendition), IsMain: rendition.Kind == TrackKind.Video || rendition == mainAudio, [representation])
                {
                    Label = rendition.Kind == TrackKind.Audio ? Playlists.LabelOf(rendition) : null,
                    Captions = [.. Playlists.CaptionsOf(rendition)],
                    Reference = period.Cadence is null ? null
                        : new ProducerReferenceTime((period.First * ReferencesAPeriod) + id, CapturedAt(period, timeline.Session.StartedAt), period.ReferenceTime, ClockPath),
                };
        }

        return end is { } last ? new DrawnPeriod(period, [.. sets.Values], period.Start, last) : null;
    }

    /// <summary>
    /// When the first media of a period came from the encoder. The timeline follows arrival, over all samples; the arrival of one of them counts only where a run was moved. What is said here is added to
    /// the latency by players (TS 103 285, 10.20.4), so that a picture that was late once would keep them late for good.
    /// </summary>
    internal static DateTimeOffset CapturedAt(MpdPeriod period, DateTimeOffset startedAt)
    {
        var steady = startedAt + period.ReferenceTime.ToTimeSpan();
        return (period.ReferenceClock - steady).Duration() < Noise ? steady : period.ReferenceClock;
    }

    private static List<(long Start, long Duration)> List(RenditionTimeline rendition, long first, long last)
    {
        var segments = new List<(long, long)>((int)(last - first + 1));
        for (var number = first; number <= last; number++)
        {
            // Priming and composition offsets can put the very first samples before zero, which S@t cannot say.
            var segment = rendition.Find(number)!;
            var start = Math.Max(0, segment.Start.Ticks);
            segments.Add((start, Math.Max(1, segment.End.Ticks - start)));
        }

        return segments;
    }

    /// <summary>A period that counts its segments, from the place of the first that is left.</summary>
    private static DrawnPeriod Trim(SessionTimeline timeline, DrawnPeriod period)
    {
        if (period.Source.Cadence is not { } cadence)
        {
            return period;
        }

        var gone = Math.Max(0, timeline.FirstSegment - period.Source.First);
        return period with
        {
            Start = period.Start + MediaTime.From(gone * cadence.Length, 1000),
            Sets =
            [
                .. period.Sets.Select(set => set with
                {
                    Representations = [.. set.Representations.Select(each => each with { Segments = each.Segments with { StartNumber = each.Segments.StartNumber + gone } })],
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

    /// <summary>A length in whole ticks of another clock, the nearest.</summary>
    private static long Nearest(TimeSpan length, int timescale) => (long)Math.Round(length.TotalSeconds * timescale);

    /// <summary>Rounded up to the millisecond, so that nothing is cut off.</summary>
    private static TimeSpan Millisecond(MediaTime time) => TimeSpan.FromMilliseconds(Math.Ceiling(time.TotalSeconds * 1000));

    /// <summary>A period as it is told now: what it has, where it begins, and how far there is media.</summary>
    private sealed record DrawnPeriod(MpdPeriod Source, IReadOnlyList<AdaptationSet> Sets, MediaTime Start, MediaTime End);
}
