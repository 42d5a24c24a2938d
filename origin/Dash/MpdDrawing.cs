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

    /// <summary>The MPD of a session, or <see langword="null"/> while there is nothing to list.</summary>
    public static Mpd? Draw(
        SessionTimeline timeline, PeriodFold fold, IReadOnlyDictionary<string, RenditionRecord> records, DateTimeOffset startedAt, DateTimeOffset published)
    {
        var drawn = new List<(MpdPeriod Source, List<AdaptationSet> Sets, MediaTime First, MediaTime End)>();
        foreach (var period in fold.Periods)
        {
            if (Draw(timeline, fold, period, records) is { } sets)
            {
                drawn.Add((period, sets.Sets, sets.First, sets.End));
            }
        }

        if (drawn.Count == 0)
        {
            return null;
        }

        var latency = timeline.Session.Latency;
        var end = Millisecond(drawn[^1].End);
        var thumbnails = ThumbnailTrack.Of(timeline);
        return new Mpd
        {
            IsStatic = timeline.IsEnded,
            AvailabilityStartTime = startedAt - SessionBegin,
            PublishTime = published,
            MinimumUpdatePeriod = latency.SegmentMinimum,
            TimeShiftBufferDepth = latency.Window,
            SuggestedPresentationDelay = 3 * latency.TargetDuration,
            MinBufferTime = latency.SegmentMinimum,
            MaxSegmentDuration = latency.TargetDuration,
            MediaPresentationDuration = end + SessionBegin,
            Service = new ServiceDescription(3 * latency.TargetDuration, 2 * latency.TargetDuration, latency.Window / 2),
            UtcTiming = ClockPath,
            Periods =
            [
                .. drawn.Select((period, index) =>
                {
                    // A presentation that is over begins where its media does, or players would wait at a beginning that has left the window.
                    var start = timeline.IsEnded && index == 0 ? StartOfEnded(period.Source, period.First) : period.Source.Start;
                    var next = index + 1 < drawn.Count ? drawn[index + 1].Source.Start.ToTimeSpan() : timeline.IsEnded ? end : (TimeSpan?)null;
                    return new Period(period.Source.Id, start.ToTimeSpan() + SessionBegin, next - start.ToTimeSpan(), [.. period.Sets.Select(set => Offset(set, start))])
                    {
                        Thumbnails = ThumbnailSet.Of(thumbnails, start.ToTimeSpan(), next),
                    };
                }),
            ],
        };
    }

    private static (List<AdaptationSet> Sets, MediaTime First, MediaTime End)? Draw(
        SessionTimeline timeline, PeriodFold fold, MpdPeriod period, IReadOnlyDictionary<string, RenditionRecord> records)
    {
        var sets = new SortedDictionary<int, AdaptationSet>();
        var mainAudio = timeline.Renditions.FirstOrDefault(rendition => rendition.Kind == TrackKind.Audio);
        MediaTime? first = null;
        MediaTime? end = null;
        foreach (var run in period.Runs)
        {
            var rendition = run.Rendition;
            if (rendition.Segments is not [var oldest, ..] || rendition.FindInit(run.Init) is not { } init || run.Last < oldest.Number)
            {
                continue;
            }

            var number = Math.Max(run.First, oldest.Number);
            var segments = new List<(long, long)>((int)(run.Last - number + 1));
            for (var next = number; next <= run.Last; next++)
            {
                var segment = rendition.Find(next)!;

                // Priming and composition offsets can put the very first samples before zero, which S@t cannot say.
                var start = Math.Max(0, segment.Start.Ticks);
                segments.Add((start, Math.Max(1, segment.End.Ticks - start)));
                first = first is { } known && known <= segment.Start ? known : segment.Start;
                end = end is { } latest && latest >= segment.End ? latest : segment.End;
            }

            var record = records[rendition.Name];
            var representation = new Representation(
                rendition.Name,
                init.Format,
                Math.Max(1, BitrateMeter.Step(record.Bitrate.Peak)),
                record.IsIndependent,
                new SegmentTemplate(init.Number, init.Format.Timescale, 0, number, segments));
            var id = fold.SetOf(rendition, init.Format);
            sets[id] = sets.TryGetValue(id, out var set)
                ? set with { Representations = [.. set.Representations, representation] }
                : new AdaptationSet(
                    id, rendition.Kind, Playlists.LanguageOf(rendition), IsMain: rendition.Kind == TrackKind.Video || rendition == mainAudio, [representation])
                {
                    Label = rendition.Kind == TrackKind.Audio ? Playlists.LabelOf(rendition) : null,
                    Captions = [.. Playlists.CaptionsOf(rendition)],
                };
        }

        return first is { } begin && end is { } last ? ([.. sets.Values], begin, last) : null;
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

    private static MediaTime StartOfEnded(MpdPeriod period, MediaTime first) => first.Rescale(1000) is var begin && begin > period.Start ? begin : period.Start;

    /// <summary>Rounded up to the millisecond, so that nothing is cut off.</summary>
    private static TimeSpan Millisecond(MediaTime time) => TimeSpan.FromMilliseconds(Math.Ceiling(time.TotalSeconds * 1000));
}
