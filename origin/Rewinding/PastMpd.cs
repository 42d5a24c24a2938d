using Broadcast.Media;
using Broadcast.Origin.Dash;
using Broadcast.Origin.Thumbnails;

namespace Broadcast.Origin.Rewinding;

/// <summary>
/// Draws an MPD from segments alone: of a range, and of a session that can be rewound. Periods begin where <see cref="PeriodFold"/> begins them: at discontinuities, and where a
/// rendition has a hole or another init segment. Pure.
/// </summary>
internal static class PastMpd
{
    /// <summary>How many segments a rendition may be behind the foremost before the MPD goes on without it.</summary>
    private const int Patience = 2;

    /// <summary>The MPD, or <see langword="null"/> when there is nothing to list.</summary>
    /// <param name="view">What is listed.</param>
    /// <param name="isWhole">Whether nothing will be added to it.</param>
    /// <param name="isRange">Whether presentation time begins with what is listed, rather than with the session.</param>
    /// <param name="depth">How far back players can go while more is added.</param>
    /// <param name="thumbnails">The session's thumbnails, or <see langword="null"/>.</param>
    public static Mpd? Draw(PastView view, bool isWhole, bool isRange, TimeSpan depth, ThumbnailTrack? thumbnails = null)
    {
        var periods = Periods(view, isWhole);
        if (periods.Count == 0)
        {
            return null;
        }

        var latency = view.Session.Latency;
        var begin = isRange ? -periods[0].Start.ToTimeSpan() : MpdDrawing.SessionBegin;
        var end = TimeSpan.FromMilliseconds(Math.Ceiling(periods[^1].End.TotalSeconds * 1000));
        var sets = new Dictionary<string, int>(StringComparer.Ordinal);
        return new Mpd
        {
            IsStatic = isWhole,
            AvailabilityStartTime = view.Session.StartedAt - begin,
            PublishTime = view.End!.Value,
            MinimumUpdatePeriod = latency.SegmentMinimum,
            TimeShiftBufferDepth = depth,
            SuggestedPresentationDelay = 3 * latency.TargetDuration,
            MinBufferTime = latency.SegmentMinimum,
            MaxSegmentDuration = latency.TargetDuration,
            MediaPresentationDuration = end + begin,
            Service = new ServiceDescription(3 * latency.TargetDuration, 2 * latency.TargetDuration, latency.Window / 2),
            UtcTiming = MpdDrawing.ClockPath,
            Periods =
            [
                .. periods.Select((period, index) =>
                {
                    var start = period.Start.ToTimeSpan();
                    var next = index + 1 < periods.Count ? periods[index + 1].Start.ToTimeSpan() : isWhole ? end : (TimeSpan?)null;
                    return new Period(period.Id, start + begin, next - start, Sets(view, period, sets)) { Thumbnails = ThumbnailSet.Of(thumbnails, start, next) };
                }),
            ],
        };
    }

    private static List<Drawn> Periods(PastView view, bool isWhole)
    {
        var periods = new List<Drawn>();
        var renditions = view.Renditions.Where(rendition => rendition.Segments.Count > 0).ToList();
        if (renditions.Count == 0)
        {
            return periods;
        }

        var discontinuities = view.Discontinuities.ToHashSet();
        var foremost = renditions.Max(rendition => rendition.Segments[^1].Number);
        var limit = isWhole ? foremost : Math.Max(renditions.Min(rendition => rendition.Segments[^1].Number), foremost - Patience);
        var found = new List<(PastRendition Rendition, ChapterSegment Segment)>();
        for (var number = renditions.Min(rendition => rendition.Segments[0].Number); number <= limit; number++)
        {
            found.Clear();
            foreach (var rendition in renditions)
            {
                var index = number - rendition.Segments[0].Number;
                if (index >= 0 && index < rendition.Segments.Count && rendition.Segments[(int)index] is { IsGap: false, Length: > 0 } segment)
                {
                    found.Add((rendition, segment));
                }
            }

            if (found.Count == 0)
            {
                continue;
            }

            if (periods.Count == 0 || discontinuities.Contains(number) || found.Exists(item => !periods[^1].Continues(item.Rendition, item.Segment)))
            {
                periods.Add(Begin(view, periods, number, found));
            }

            foreach (var (rendition, segment) in found)
            {
                periods[^1].Add(rendition, segment);
            }
        }

        return periods;
    }

    private static Drawn Begin(PastView view, List<Drawn> periods, long number, List<(PastRendition Rendition, ChapterSegment Segment)> found)
    {
        var id = $"{view.DiscontinuitiesBefore(number + 1)}";
        if (periods.Exists(period => period.Id == id || period.Id.StartsWith(id + "-", StringComparison.Ordinal)))
        {
            id = $"{id}-{number}";
        }

        var start = number == 1 ? MediaTime.Zero(1000) : found.Min(item => item.Segment.Start).Rescale(1000);
        var floor = periods is [.., var last] ? last.Start.Ticks + 1 : 0;
        return new Drawn(id, new MediaTime(Math.Max(start.Ticks, floor), 1000));
    }

    private static List<AdaptationSet> Sets(PastView view, Drawn period, Dictionary<string, int> numbers)
    {
        var sets = new SortedDictionary<int, AdaptationSet>();
        var mainAudio = view.Renditions.FirstOrDefault(rendition => rendition.Kind == TrackKind.Audio)?.Name;
        foreach (var (rendition, run) in period.Runs)
        {
            if (rendition.Inits.FirstOrDefault(init => init.Number == run.Init) is not { } init)
            {
                continue;
            }

            var key = PeriodFold.KeyOf(rendition.Name, rendition.Kind, init.Format);
            if (!numbers.TryGetValue(key, out var id))
            {
                numbers.Add(key, id = numbers.Count + 1);
            }

            var timescale = init.Format.Timescale;
            var representation = new Representation(
                rendition.Name, init.Format, Math.Max(1, BitrateMeter.Step(rendition.Peak)), rendition.IsIndependent,
                new SegmentTemplate(init.Number, timescale, period.Start.Rescale(timescale).Ticks, run.First, run.Times));
            sets[id] = sets.TryGetValue(id, out var set)
                ? set with { Representations = [.. set.Representations, representation] }
                : new AdaptationSet(id, rendition.Kind, rendition.Language, rendition.Kind == TrackKind.Video || rendition.Name == mainAudio, [representation])
                {
                    Label = rendition.Kind == TrackKind.Audio ? rendition.Label : null,
                    Captions = rendition.Captions,
                };
        }

        return [.. sets.Values];
    }

    /// <summary>A run of segments of one rendition in a period: numbers without a hole, one init segment.</summary>
    private sealed class Run(int init, long first)
    {
        public int Init { get; } = init;

        public long First { get; } = first;

        public List<(long Start, long Duration)> Times { get; } = [];
    }

    /// <summary>A period as it grows.</summary>
    private sealed class Drawn(string id, MediaTime start)
    {
        private readonly List<(PastRendition Rendition, Run Run)> _runs = [];

        public string Id { get; } = id;

        public MediaTime Start { get; } = start;

        public MediaTime End { get; private set; } = start;

        public IReadOnlyList<(PastRendition Rendition, Run Run)> Runs => _runs;

        public bool Continues(PastRendition rendition, in ChapterSegment segment) =>
            Find(rendition) is { } run && run.First + run.Times.Count == segment.Number && run.Init == segment.Init;

        public void Add(PastRendition rendition, in ChapterSegment segment)
        {
            if (Find(rendition) is not { } run)
            {
                _runs.Add((rendition, run = new Run(segment.Init, segment.Number)));
            }

            // Priming and composition offsets can put the very first samples before zero, which S@t cannot say.
            var begin = Math.Max(0, segment.Start.Ticks);
            run.Times.Add((begin, Math.Max(1, segment.End.Ticks - begin)));
            End = segment.End > End ? segment.End : End;
        }

        private Run? Find(PastRendition rendition)
        {
            foreach (var (other, run) in _runs)
            {
                if (ReferenceEquals(other, rendition))
                {
                    return run;
                }
            }

            return null;
        }
    }
}
