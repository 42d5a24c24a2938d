using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Dash;
using Broadcast.Origin.Thumbnails;

namespace Broadcast.Origin.Dvr;

/// <summary>
/// Describes a presentation by segments alone, for time ranges, recordings and sessions with a DVR window. A period is a
/// <see cref="TimelinePeriod"/>, so that its start and id do not depend on the listed part. Neither may change between updates of an MPD
/// (ISO/IEC 23009-1, 5.3.2 and 5.4). Needs no state. Pure.
/// </summary>
internal static class SnapshotPresentation
{
    /// <summary>Number of segments that a rendition may lag before the MPD continues without it.</summary>
    private const int MaxLagSegments = 2;

    /// <summary>The presentation, or <see langword="null"/> when there is no segment to list.</summary>
    /// <param name="view">The listed segments.</param>
    /// <param name="isWhole">Whether the content is complete.</param>
    /// <param name="range">The part of the session.</param>
    /// <param name="depth">Time-shift buffer depth while the content grows.</param>
    public static Presentation? Of(SessionSnapshot view, bool isWhole, TimeRange range, TimeSpan depth)
    {
        var isRange = range != TimeRange.Everything;
        var zero = view.IsVod ? StartOf(view, range) : isRange ? StartOf(view.Session, range) : MediaTime.Zero(1000);
        var periods = Periods(view, isWhole, zero);
        return periods.Count == 0 ? null : new Presentation
        {
            Latency = view.Session.Latency,
            IsWhole = isWhole,
            StartedAt = view.Session.StartedAt,
            SessionStart = isRange || view.IsVod ? -zero.ToTimeSpan() : LivePresentation.SessionStart,
            PublishTime = isWhole && (isRange || view.IsVod) ? null : view.ManifestsChangedAt,
            Depth = depth,
            MainAudio = view.Renditions.FirstOrDefault(rendition => rendition.Kind == TrackKind.Audio)?.Name,
            Thumbnails = view.IsVod ? ThumbnailTrack.Of(view.Sheets) : isRange ? null : view.Thumbnails,
            Periods = [.. periods.Select(period => new PresentationPeriod(period.Id, period.Start, period.End, Tracks(period)))],
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

    private static List<PresentationTrack> Tracks(PeriodBuilder period)
    {
        var (tracks, keys) = (new List<PresentationTrack>(), new Dictionary<int, string>());
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
            tracks.Add(new PresentationTrack(id, rendition.Description, init, segmentRange.First, segmentRange.Times));
        }

        return tracks;
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

            segmentRange.Times.Add(PresentationTrack.TimesOf(segment.Start, segment.End));
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
