using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Dash;
using Broadcast.Origin.Live;
using Broadcast.Origin.Thumbnails;

namespace Broadcast.Origin.Dvr;

/// <summary>
/// Renders an MPD from segments alone, for time ranges and for sessions with a DVR window. A period is a <see cref="TimelinePeriod"/>, so
/// that its start and id do not depend on the listed part. Neither may change between updates of an MPD (ISO/IEC 23009-1, 5.3.2 and 5.4).
/// Needs no state. Pure.
/// </summary>
internal static class SnapshotMpdRenderer
{
    /// <summary>Number of segments that a rendition may lag before the MPD continues without it.</summary>
    private const int MaxLagSegments = 2;

    /// <summary>The MPD, or <see langword="null"/> when there is no segment to list.</summary>
    /// <param name="view">The listed segments.</param>
    /// <param name="isWhole">Whether the content is complete.</param>
    /// <param name="range">The part of the session.</param>
    /// <param name="depth">Time-shift buffer depth while the content grows.</param>
    public static Mpd? Render(SessionSnapshot view, bool isWhole, TimeRange range, TimeSpan depth)
    {
        var isRange = range != TimeRange.Everything;
        var zero = view.IsVod ? StartOf(view, range) : isRange ? StartOf(view.Session, range) : MediaTime.Zero(1000);
        var periods = Periods(view, isWhole, zero);
        if (periods.Count == 0)
        {
            return null;
        }

        var latency = view.Session.Latency;
        var presentationStart = isRange || view.IsVod ? -zero.ToTimeSpan() : MpdRenderer.SessionStart;
        var end = TimeSpan.FromMilliseconds(Math.Ceiling(periods[^1].End.TotalSeconds * 1000));
        var thumbnails = view.IsVod ? ThumbnailTrack.Of(view.Sheets) : isRange ? null : view.Thumbnails;
        return new Mpd
        {
            IsStatic = isWhole,
            AvailabilityStartTime = view.Session.StartedAt - presentationStart,
            PublishTime = isWhole && (isRange || view.IsVod) ? null : view.ManifestsChangedAt,
            MinimumUpdatePeriod = latency.SegmentMinimum,
            TimeShiftBufferDepth = depth,
            SuggestedPresentationDelay = 3 * latency.TargetDuration,
            MinBufferTime = latency.SegmentMinimum,
            MaxSegmentDuration = latency.TargetDuration,
            MediaPresentationDuration = end + presentationStart,
            Service = new ServiceDescription(3 * latency.TargetDuration, 2 * latency.TargetDuration, latency.Window / 2),
            UtcTiming = MpdRenderer.ClockPath,
            Periods =
            [
                .. periods.Select((period, index) =>
                {
                    var start = period.Start.ToTimeSpan();
                    var next = index + 1 < periods.Count ? periods[index + 1].Start.ToTimeSpan() : isWhole ? end : (TimeSpan?)null;
                    return new Period(period.Id, start + presentationStart, next - start,
                        Sets(view, period)) { Thumbnails = ThumbnailAdaptationSet.Of(thumbnails, start, next) };
                }),
            ],
        };
    }

    /// <summary>Presentation time zero of a range, derived from its URL alone; the session's start if the range starts earlier.</summary>
    private static MediaTime StartOf(BroadcastSession session, TimeRange range) =>
        range.Start <= session.StartedAt ? MediaTime.Zero(1000) : MediaTime.From(range.Start - session.StartedAt, 1000);

    /// <summary>
    /// Presentation time zero of a VOD session: the start of its first segment, or of the range within it. Earlier media never changes, so
    /// it is constant.
    /// </summary>
    private static MediaTime StartOf(SessionSnapshot view, TimeRange range)
    {
        var rangeStart = StartOf(view.Session, range);
        var first = view.Renditions.SelectMany(rendition => rendition.Segments.Take(1)).Select(segment => segment.Start.Rescale(1000))
            .DefaultIfEmpty(rangeStart).Min();
        return first > rangeStart ? first : rangeStart;
    }

    private static List<PeriodBuilder> Periods(SessionSnapshot view, bool isWhole, MediaTime zero)
    {
        var periods = new List<PeriodBuilder>();
        var renditions = view.Renditions.Where(rendition => rendition.Segments.Count > 0).ToList();
        if (renditions.Count == 0)
        {
            return periods;
        }

        var nextPeriod = 0;
        var foremost = renditions.Max(rendition => rendition.Segments[^1].Number);
        var limit = isWhole ? foremost : Math.Max(renditions.Min(rendition => rendition.Segments[^1].Number), foremost - MaxLagSegments);
        var found = new List<(RenditionSnapshot Rendition, IndexedSegment Segment)>();
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

            var previousPeriod = nextPeriod;
            while (nextPeriod < view.Periods.Count && view.Periods[nextPeriod].First <= number)
            {
                nextPeriod++;
            }

            if (nextPeriod > previousPeriod)
            {
                // The period in which a range starts is shown from the range's start.
                var (first, start) = view.Periods[nextPeriod - 1];
                periods.Add(new PeriodBuilder($"{first}", start > zero ? start : zero));
            }

            foreach (var (rendition, segment) in found)
            {
                periods[^1].Add(rendition, segment);
            }
        }

        return periods;
    }

    private static List<AdaptationSet> Sets(SessionSnapshot view, PeriodBuilder period)
    {
        var (sets, keys) = (new List<AdaptationSet>(), new Dictionary<int, string>());
        var mainAudio = view.Renditions.FirstOrDefault(rendition => rendition.Kind == TrackKind.Audio)?.Name;
        foreach (var (rendition, segmentRange) in period.SegmentRanges)
        {
            if (rendition.Inits.FirstOrDefault(init => init.Number == segmentRange.Init) is not { } init)
            {
                continue;
            }

            var key = PeriodProjection.KeyOf(rendition.Name, rendition.Kind, init.Format);
            var id = NumberOf(key);
            while (keys.TryGetValue(id, out var other) && other != key)
            {
                id++;
            }

            keys[id] = key;
            var timescale = init.Format.Timescale;
            var representation = new Representation(
                rendition.Name, init.Format, Math.Max(1, BitrateMeter.Step(rendition.Peak)), rendition.IsIndependent,
                new SegmentTemplate(init.Number, timescale, period.Start.Rescale(timescale).Ticks, segmentRange.First, segmentRange.Times));
            if (sets.FindIndex(set => set.Id == id) is >= 0 and var index)
            {
                sets[index] = sets[index] with { Representations = [.. sets[index].Representations, representation] };
                continue;
            }

            sets.Add(new AdaptationSet(id, rendition.Kind, rendition.Language, rendition.Kind == TrackKind.Video
                || rendition.Name == mainAudio, [representation])
            {
                Label = rendition.Kind == TrackKind.Audio ? rendition.Label : null,
                Captions = rendition.Captions,
            });
        }

        return sets;
    }

    /// <summary>
    /// <c>AdaptationSet@id</c>. It may not change or depend on adaptation sets that are no longer listed, so it is derived from the
    /// renditions' common properties. Ids of thumbnails are lower.
    /// </summary>
    private static int NumberOf(string key) =>
        (BinaryPrimitives.ReadInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(key))) & 0x3fff_ffff) | 0x4000_0000;

    /// <summary>Consecutive segments of one rendition in a period, without gaps and with one init segment.</summary>
    private sealed class SegmentRange(int init, long first)
    {
        public int Init { get; } = init;

        public long First { get; } = first;

        public List<(long Start, long Duration)> Times { get; } = [];
    }

    /// <summary>A period being built.</summary>
    private sealed class PeriodBuilder(string id, MediaTime start)
    {
        private readonly List<(RenditionSnapshot Rendition, SegmentRange SegmentRange)> _ranges = [];

        public string Id { get; } = id;

        public MediaTime Start { get; } = start;

        public MediaTime End { get; private set; } = start;

        public IReadOnlyList<(RenditionSnapshot Rendition, SegmentRange SegmentRange)> SegmentRanges => _ranges;

        public void Add(RenditionSnapshot rendition, in IndexedSegment segment)
        {
            if (Find(rendition) is not { } segmentRange)
            {
                _ranges.Add((rendition, segmentRange = new SegmentRange(segment.Init, segment.Number)));
            }

            // Priming and composition offsets can place the first samples before zero, which S@t cannot express.
            var segmentStart = Math.Max(0, segment.Start.Ticks);
            segmentRange.Times.Add((segmentStart, Math.Max(1, segment.End.Ticks - segmentStart)));
            End = segment.End > End ? segment.End : End;
        }

        private SegmentRange? Find(RenditionSnapshot rendition)
        {
            foreach (var (other, segmentRange) in _ranges)
            {
                if (ReferenceEquals(other, rendition))
                {
                    return segmentRange;
                }
            }

            return null;
        }
    }
}
