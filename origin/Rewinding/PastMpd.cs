using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Broadcast.Media;
using Broadcast.Origin.Dash;
using Broadcast.Origin.Thumbnails;

namespace Broadcast.Origin.Rewinding;

/// <summary>
/// Draws an MPD from segments alone: of a range, and of a session that can be rewound. A period is a <see cref="TimelineRun"/>, so that its begin and name are those of the run, whatever of it is
/// listed: between updates of an MPD neither may change (ISO/IEC 23009-1, 5.3.2 and 5.4). Nothing is remembered for that. Pure.
/// </summary>
internal static class PastMpd
{
    /// <summary>How many segments a rendition may be behind the foremost before the MPD goes on without it.</summary>
    private const int Patience = 2;

    /// <summary>The MPD, or <see langword="null"/> when there is nothing to list.</summary>
    /// <param name="view">What is listed.</param>
    /// <param name="isWhole">Whether nothing will be added to it.</param>
    /// <param name="range">Which part of the session it is of.</param>
    /// <param name="depth">How far back players can go while more is added.</param>
    public static Mpd? Draw(PastView view, bool isWhole, TimeRange range, TimeSpan depth)
    {
        var isRange = range != TimeRange.Everything;
        var zero = view.IsReplay ? BeginOf(view, range) : isRange ? BeginOf(view.Session, range) : MediaTime.Zero(1000);
        var periods = Periods(view, isWhole, zero);
        if (periods.Count == 0)
        {
            return null;
        }

        var latency = view.Session.Latency;
        var begin = isRange || view.IsReplay ? -zero.ToTimeSpan() : MpdDrawing.SessionBegin;
        var end = TimeSpan.FromMilliseconds(Math.Ceiling(periods[^1].End.TotalSeconds * 1000));
        var thumbnails = view.IsReplay ? ThumbnailTrack.Of(view.Sheets) : isRange ? null : view.Thumbnails;
        return new Mpd
        {
            IsStatic = isWhole,
            AvailabilityStartTime = view.Session.StartedAt - begin,
            PublishTime = isWhole && (isRange || view.IsReplay) ? null : view.ListedAt,
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
                    return new Period(period.Id, start + begin, next - start, Sets(view, period)) { Thumbnails = ThumbnailSet.Of(thumbnails, start, next) };
                }),
            ],
        };
    }

    /// <summary>Presentation time zero of a range, which follows from its address alone: a session's begin where it asks for more.</summary>
    private static MediaTime BeginOf(BroadcastSession session, TimeRange range) =>
        range.Start <= session.StartedAt ? MediaTime.Zero(1000) : MediaTime.From(range.Start - session.StartedAt, 1000);

    /// <summary>Presentation time zero of a replay: its first segment's begin, or the range's within it. Nothing before it ever goes, so that it stays.</summary>
    private static MediaTime BeginOf(PastView view, TimeRange range)
    {
        var begin = BeginOf(view.Session, range);
        var first = view.Renditions.SelectMany(rendition => rendition.Segments.Take(1)).Select(segment => segment.Start.Rescale(1000)).DefaultIfEmpty(begin).Min();
        return first > begin ? first : begin;
    }

    private static List<Drawn> Periods(PastView view, bool isWhole, MediaTime zero)
    {
        var periods = new List<Drawn>();
        var renditions = view.Renditions.Where(rendition => rendition.Segments.Count > 0).ToList();
        if (renditions.Count == 0)
        {
            return periods;
        }

        var nextRun = 0;
        var foremost = renditions.Max(rendition => rendition.Segments[^1].Number);
        var limit = isWhole ? foremost : Math.Max(renditions.Min(rendition => rendition.Segments[^1].Number), foremost - Patience);
        var found = new List<(PastRendition Rendition, ChapterSegment Segment)>();
        for (var number = renditions.Min(rendition => rendition.Segments[0].Number); number <= limit; number++)
        {
            found.Clear();
            foreach (var rendition in renditions)
            {
                var index = number - rendition.Segments[0].Number;
                if (index >= 0 && index < rendition.Segments.Count && rendition.Segments[(int)index] is { HasMedia: true } segment)
                {
                    found.Add((rendition, segment));
                }
            }

            if (found.Count == 0)
            {
                continue;
            }

            var run = nextRun;
            while (nextRun < view.Runs.Count && view.Runs[nextRun].First <= number)
            {
                nextRun++;
            }

            if (nextRun > run)
            {
                // What a range begins in began before it, and is shown from its begin on.
                var (first, start) = view.Runs[nextRun - 1];
                periods.Add(new Drawn($"{first}", start > zero ? start : zero));
            }

            foreach (var (rendition, segment) in found)
            {
                periods[^1].Add(rendition, segment);
            }
        }

        return periods;
    }

    private static List<AdaptationSet> Sets(PastView view, Drawn period)
    {
        var (sets, keys) = (new List<AdaptationSet>(), new Dictionary<int, string>());
        var mainAudio = view.Renditions.FirstOrDefault(rendition => rendition.Kind == TrackKind.Audio)?.Name;
        foreach (var (rendition, run) in period.Runs)
        {
            if (rendition.Inits.FirstOrDefault(init => init.Number == run.Init) is not { } init)
            {
                continue;
            }

            var key = PeriodFold.KeyOf(rendition.Name, rendition.Kind, init.Format);
            var id = NumberOf(key);
            while (keys.TryGetValue(id, out var other) && other != key)
            {
                id++;
            }

            keys[id] = key;
            var timescale = init.Format.Timescale;
            var representation = new Representation(
                rendition.Name, init.Format, Math.Max(1, BitrateMeter.Step(rendition.Peak)), rendition.IsIndependent,
                new SegmentTemplate(init.Number, timescale, period.Start.Rescale(timescale).Ticks, run.First, run.Times));
            if (sets.FindIndex(set => set.Id == id) is >= 0 and var place)
            {
                sets[place] = sets[place] with { Representations = [.. sets[place].Representations, representation] };
                continue;
            }

            sets.Add(new AdaptationSet(id, rendition.Kind, rendition.Language, rendition.Kind == TrackKind.Video || rendition.Name == mainAudio, [representation])
            {
                Label = rendition.Kind == TrackKind.Audio ? rendition.Label : null,
                Captions = rendition.Captions,
            });
        }

        return sets;
    }

    /// <summary>
    /// <c>AdaptationSet@id</c>, which may not change either, nor depend on sets that are not listed any more: made of what the set's renditions have in common. Those of thumbnails are lower.
    /// </summary>
    private static int NumberOf(string key) => (BinaryPrimitives.ReadInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(key))) & 0x3fff_ffff) | 0x4000_0000;

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
