using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Hls;

namespace Broadcast.Origin.Dash;

/// <summary>Consecutive segments of one rendition in a period, without gaps and with one init segment.</summary>
internal sealed class PeriodSegmentRange(RenditionTimeline rendition, int init, long first)
{
    /// <summary>The rendition.</summary>
    public RenditionTimeline Rendition { get; } = rendition;

    /// <summary>Number of their init segment.</summary>
    public int Init { get; } = init;

    /// <summary>The first sequence number.</summary>
    public long First { get; } = first;

    /// <summary>The last sequence number so far.</summary>
    public long Last { get; set; } = first;
}

/// <summary>A period as announced to players. It never changes, except that segments are appended to the last period.</summary>
/// <param name="Id"><c>Period@id</c></param>
/// <param name="First">Sequence number at which it starts.</param>
/// <param name="Start">Start on the session's timeline, in milliseconds.</param>
/// <param name="Ranges">Its segments by rendition.</param>
internal sealed record MpdPeriod(string Id, long First, MediaTime Start, IReadOnlyList<PeriodSegmentRange> Ranges)
{
    /// <summary>Constant segment duration; <see langword="null"/> when segments are listed.</summary>
    public Cadence? Cadence { get; init; }

    /// <summary>Wall-clock time of <see cref="ReferenceTime"/>, from arrival.</summary>
    public DateTimeOffset ReferenceClock { get; init; }

    /// <summary>Start of its first segment.</summary>
    public MediaTime ReferenceTime { get; init; }
}

/// <summary>
/// Assigns the segments of an MPD to periods. This is a second projection of the timeline, because a period must not change after the live
/// window moved past its start. A sequence number is settled when every rendition has closed it or has no segment there. It is also settled
/// when one rendition is so far ahead that the others must have lost it. A new period starts at each discontinuity, and where a rendition
/// has a gap or a new init segment. Players disagree about gaps in a <c>SegmentTimeline</c>, because not all of them read <c>S@n</c>.
/// <para>
/// In low latency a period does not list segments but states a constant duration (<see cref="SegmentCadence"/>). It promises segments of
/// all its renditions, so a new period starts where one of them has none. Input loss ends no period: requests for announced segments are
/// held meanwhile.
/// </para>
/// </summary>
/// <param name="detector">Detector for constant segment durations, in low latency.</param>
/// <param name="first">First sequence number that viewers get.</param>
internal sealed class PeriodProjection(SegmentCadence? detector = null, long first = 1)
{
    /// <summary>Number of segments that a rendition may lag before the MPD continues without it.</summary>
    private const int MaxLagSegments = 2;

    private readonly List<MpdPeriod> _periods = [];
    private readonly Dictionary<string, int> _sets = new(StringComparer.Ordinal);
    private long _settled;
    private long _firstSegment;
    private bool _ended;
    private bool _hasChanged;

    /// <summary>Periods within the live window, and the last one.</summary>
    public IReadOnlyList<MpdPeriod> Periods => _periods;

    /// <summary>
    /// Id of a rendition's adaptation set, stable for the session. Video has one set for each codec and dynamic range, between whose
    /// renditions players switch. Audio has one set per rendition, because two renditions in one language may differ (a commentary).
    /// </summary>
    public int SetOf(RenditionTimeline rendition, RenditionFormat format)
    {
        var key = KeyOf(rendition.Name, rendition.Kind, format);
        if (!_sets.TryGetValue(key, out var number))
        {
            _sets.Add(key, number = _sets.Count + 1);
        }

        return number;
    }

    /// <summary>Properties that all renditions of an adaptation set share.</summary>
    public static string KeyOf(string rendition, TrackKind kind, RenditionFormat format)
    {
        var dot = format.Codecs.IndexOf('.', StringComparison.Ordinal);
        var range = VideoRange.Of(format.Color) is { } known and not VideoRange.Standard
            ? known : "";
        return $"{kind} {format.Language} {(dot < 0 ? format.Codecs : format.Codecs[..dot])} {(kind == TrackKind.Audio ? rendition : range)}";
    }

    /// <summary>Processes the current timeline.</summary>
    /// <param name="timeline">The timeline.</param>
    /// <param name="lag">Current lag of the slowest rendition's parts; 0 when unknown.</param>
    /// <returns>Whether the MPD changes.</returns>
    public bool Settle(SessionTimeline timeline, TimeSpan lag = default)
    {
        var limit = Limit(timeline);
        for (var number = Math.Max(_settled + 1, timeline.FirstSegment); number <= limit; number++)
        {
            Settle(timeline, number, lag);
            _hasChanged |= _periods is not [.., { Cadence: not null }];
            _settled = number;
        }

        while (_periods.Count > 1 && _periods[1].First <= timeline.FirstSegment)
        {
            _periods.RemoveAt(0);
            _hasChanged = true;
        }

        // Segments that left the live window are removed from a list; with a constant duration nothing changes.
        _hasChanged |= _ended != timeline.IsEnded || (_firstSegment != timeline.FirstSegment && _periods is [{ Cadence: null }, ..]);
        (_firstSegment, _ended) = (timeline.FirstSegment, timeline.IsEnded);
        var hasChanged = _hasChanged;
        _hasChanged = false;
        return hasChanged;
    }

    /// <summary>Gets the state, for a projection elsewhere.</summary>
    public PeriodsState GetState() => new(
        [
            .. _periods.Select(period => new PeriodState(
                period.Id, period.First, period.Start.Ticks, period.Cadence, period.ReferenceClock, period.ReferenceTime.ToString(),
                [.. period.Ranges.Select(range => new RangeState(range.Rendition.Name, range.Init, range.First, range.Last))])),
        ],
        new Dictionary<string, int>(_sets, StringComparer.Ordinal), _settled, _firstSegment, _ended, detector?.GetState());

    /// <summary>Restores a state.</summary>
    /// <param name="state">The state.</param>
    /// <param name="timeline">The timeline at the same time.</param>
    /// <exception cref="InvalidDataException">The state contradicts the timeline.</exception>
    public void Restore(PeriodsState state, SessionTimeline timeline)
    {
        _periods.Clear();
        foreach (var period in state.Periods)
        {
            var ranges = period.Ranges.Select(range => new PeriodSegmentRange(
                timeline.Find(range.Rendition)
                    ?? throw new InvalidDataException($"A period names the unknown rendition {range.Rendition}."),
                range.Init, range.First) { Last = range.Last });
            _periods.Add(new MpdPeriod(period.Id, period.First, new MediaTime(period.Start, 1000), [.. ranges])
            {
                Cadence = period.Cadence,
                ReferenceClock = period.ReferenceClock,
                ReferenceTime = MediaTime.TryParse(period.ReferenceTime, out var time) ? time
                    : throw new InvalidDataException("The reference time of a period is malformed."),
            });
        }

        _sets.Clear();
        foreach (var (key, number) in state.Sets)
        {
            _sets.Add(key, number);
        }

        (_settled, _firstSegment, _ended, _hasChanged) = (state.Settled, state.FirstSegment, state.IsEnded, false);
        if (state.Cadence is { } cadence)
        {
            detector?.Restore(cadence);
        }
    }

    private static long Limit(SessionTimeline timeline)
    {
        if (timeline.IsEnded)
        {
            return timeline.LastSegment;
        }

        var foremost = 0L;
        var hindmost = long.MaxValue;
        foreach (var rendition in timeline.Renditions)
        {
            var last = rendition.Closed is [.., var closed] ? closed.Number : (rendition.Open?.Number ?? 1) - 1;
            foremost = Math.Max(foremost, last);
            hindmost = Math.Min(hindmost, last);
        }

        return Math.Max(hindmost == long.MaxValue ? 0 : hindmost, foremost - MaxLagSegments);
    }

    private void Settle(SessionTimeline timeline, long number, TimeSpan lag)
    {
        var found = new List<(RenditionTimeline Rendition, TimelineSegment Segment)>();
        foreach (var rendition in timeline.Renditions)
        {
            if (rendition.Find(number) is { IsClosed: true, IsGap: false, Parts.Count: > 0 } segment
                && rendition.FindInit(segment.Init) is not null)
            {
                found.Add((rendition, segment));
            }
        }

        if (found.Count == 0)
        {
            return;
        }

        var current = _periods is [.., var last] ? last : null;
        if (IsFragment(timeline, number, current, found))
        {
            return;
        }

        var startsPeriod = current is null || timeline.Discontinuities.Contains(number)
            || found.Exists(item => !Continues(current, item.Segment, item.Rendition))
            || (current.Cadence is not null && found.Count < current.Ranges.Count);
        var decision = Evaluate(timeline, number, found, startsPeriod, lag);
        if (startsPeriod || decision.StartsPeriod)
        {
            StartPeriod(timeline, number, found, decision.Cadence);
            return;
        }

        foreach (var (rendition, _) in found)
        {
            RangeOf(current!, rendition)!.Last = number;
        }
    }

    /// <summary>
    /// Returns whether a segment was cut off before the first part of another rendition, as by the loss of a server. No period starts with
    /// a fraction of a second of video and no audio: dash.js 5.2 does not leave such a period.
    /// </summary>
    private static bool IsFragment(SessionTimeline timeline, long number, MpdPeriod? current,
        List<(RenditionTimeline Rendition, TimelineSegment Segment)> found) =>
        current?.Cadence is not null && found.Count < current.Ranges.Count && !(timeline.IsEnded && number == timeline.LastSegment)
            && LeaderOf(found).Duration.ToTimeSpan() < timeline.Session.Latency.SegmentMinimum / 2;

    private CadenceDecision Evaluate(SessionTimeline timeline, long number,
        List<(RenditionTimeline Rendition, TimelineSegment Segment)> found, bool startsPeriod, TimeSpan lag)
    {
        if (detector is null)
        {
            return default;
        }

        // Segment boundaries follow the video. A period whose start was removed cannot count segments from there.
        var segment = LeaderOf(found);
        var isKnown = _settled > 0 || number == first || timeline.Discontinuities.Contains(number);
        return detector.Evaluate(new CadenceSegment(number, segment.Start.ToTimeSpan(), segment.End.ToTimeSpan()), startsPeriod,
            isKnown, lag);
    }

    private static TimelineSegment LeaderOf(List<(RenditionTimeline Rendition, TimelineSegment Segment)> found) =>
        found.Find(item => item.Rendition.Kind == TrackKind.Video).Segment ?? found[0].Segment;

    private static bool Continues(MpdPeriod period, TimelineSegment segment, RenditionTimeline rendition) =>
        RangeOf(period, rendition) is { } segmentRange && segmentRange.Last == segment.Number - 1 && segmentRange.Init == segment.Init;

    private static PeriodSegmentRange? RangeOf(MpdPeriod period, RenditionTimeline rendition)
    {
        foreach (var segmentRange in period.Ranges)
        {
            if (segmentRange.Rendition == rendition)
            {
                return segmentRange;
            }
        }

        return null;
    }

    private void StartPeriod(SessionTimeline timeline, long number, List<(RenditionTimeline Rendition, TimelineSegment Segment)> found,
        Cadence? cadence)
    {
        // The id is the number of discontinuities before the period. It survives a restart, after which the removed past is known only as
        // counts.
        var discontinuities = timeline.DiscontinuitySequence + timeline.Discontinuities.Count(discontinuity => discontinuity <= number);
        var id = $"{discontinuities}";
        if (_periods.Exists(period => period.Id == id || period.Id.StartsWith(id + "-", StringComparison.Ordinal)))
        {
            id = $"{discontinuities}-{number}";
        }

        // The first period starts at the session's time zero, so that it is the same after a restart. With constant durations, the count
        // starts with its first segment.
        var leader = LeaderOf(found);
        var isFirst = _periods.Count == 0 && discontinuities == 0;
        var start = cadence is not null ? leader.Start.Rescale(1000)
            : isFirst ? MediaTime.Zero(1000) : found.Min(item => item.Segment.Start).Rescale(1000);
        var floor = _periods is [.., var last] ? last.Start.Ticks + 1 : 0;
        start = new MediaTime(Math.Max(start.Ticks, floor), 1000);

        // Numbers of adaptation sets are assigned here, not when an MPD is rendered, so that they do not depend on requests.
        found.ForEach(item => SetOf(item.Rendition, item.Rendition.FindInit(item.Segment.Init)!.Format));
        _periods.Add(new MpdPeriod(id, number, start,
            [.. found.Select(item => new PeriodSegmentRange(item.Rendition, item.Segment.Init, number))])
        {
            Cadence = cadence,
            ReferenceClock = leader.WallClock,
            ReferenceTime = leader.Start,
        });
        _hasChanged = true;
    }
}
