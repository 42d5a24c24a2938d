using Broadcast.Media;
using Broadcast.Media.TranscoderToPackager;

namespace Broadcast.Packager.Segmentation;

/// <summary>Limits of the segmenter.</summary>
internal sealed record SegmenterLimits(int MaxRenditions = 16, int MaxPartSamples = 4096, long MaxPartBytes = 16 << 20,
    int MaxWaitingSamples = 2048, long MaxWaitingBytes = 32 << 20)
{
    /// <summary>
    /// Maximum renditions of a session, for encoders that return with other renditions. Each earlier one has a gap in every later segment.
    /// </summary>
    public int MaxSessionRenditions => 2 * MaxRenditions;
}

/// <summary>Rendition that already exists on the session's timeline.</summary>
/// <param name="Name">Name of the rendition.</param>
/// <param name="Kind">Media type.</param>
/// <param name="Timescale">Timescale of the rendition.</param>
internal sealed record KnownRendition(string Name, TrackKind Kind, int Timescale);

/// <summary>State of a session when a publication's renditions start.</summary>
/// <param name="NextSegment">Sequence number of the next segment, 1 or more.</param>
/// <param name="HasHistory">Whether segments exist, so that a discontinuity precedes the next.</param>
/// <param name="End">End of the existing media.</param>
/// <param name="Known">Renditions with existing segments. Their sequence numbers must be contiguous.</param>
internal sealed record SegmenterStart(long NextSegment, bool HasHistory, MediaTime End, IReadOnlyList<KnownRendition> Known)
{
    public static SegmenterStart Empty { get; } = new(1, false, MediaTime.Zero(MediaTime.VideoTimescale), []);

    /// <summary>Wall-clock time at the end of the existing media; <see cref="DateTimeOffset.MinValue"/> without media.</summary>
    public DateTimeOffset WallClockEnd { get; init; } = DateTimeOffset.MinValue;
}

/// <summary>
/// Determines the segments and parts of one publication's renditions. It has no clock and no I/O: samples in, <see cref="Output"/> out.
/// <para>
/// The leader is cut at its first sync sample after the latency profile's minimum, and at any sample before the target duration would be
/// exceeded. It is cut earlier, at any sync sample, when another rendition has a new configuration. The others are cut at the same times: a
/// sample waits until the leader determines its segment. When no media of the leader arrives, another rendition stands in until the
/// leader's next sync sample. This, a jump in the leader's times and a changed configuration start a new period, with a discontinuity
/// before it.
/// </para>
/// </summary>
internal sealed partial class Segmenter
{
    /// <summary>Tolerance for millisecond rounding: a keyframe after 1.999 s still ends a segment of 2 s.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(20);

    private readonly LatencyProfile _latency;
    private readonly SegmenterLimits _limits;
    private readonly List<RenditionState> _states = [];

    // Consecutive numbers, from the lowest open one of any rendition to the leader's open one.
    private readonly List<SegmentStart> _origins = [];
    private readonly OutputSequencer _order;
    private readonly long[] _dropped = new long[Enum.GetValues<SampleDropReason>().Length];
    private RenditionState? _expectedLeader;
    private RenditionState? _leader;
    private long _number;
    private bool _discontinuity;
    private MediaTime _shift = MediaTime.Zero(MediaTime.VideoTimescale);
    private MediaTime _end;

    // Start of the period. Its wall-clock time is linear from there.
    private SegmentStart? _anchor;

    // Wall-clock end of the last closed segment. A period does not start before it, even if an encoder that ran ahead returns earlier.
    private DateTimeOffset _wallClockEnd;

    // Position of the leader: later cuts do not lie before it.
    private MediaTime _position;
    private DateTimeOffset? _firstArrival;
    private int _published;

    public Segmenter(LatencyProfile latency, SegmenterLimits limits, SegmenterStart start, IReadOnlyList<Rendition> renditions)
    {
        _order = new OutputSequencer(Output);
        (_latency, _limits, _number, _discontinuity, _end) = (latency, limits, start.NextSegment - 1, start.HasHistory, start.End);
        _wallClockEnd = start.WallClockEnd;
        var total = start.Known.Count;
        foreach (var rendition in renditions.Take(limits.MaxRenditions))
        {
            // Without the leader, nothing would be packaged.
            var isKnown = start.Known.Any(known => known.Name == rendition.Name);
            if (isKnown || rendition.IsLeading || total < limits.MaxSessionRenditions)
            {
                AddState(rendition);
                total += isKnown ? 0 : 1;
            }
        }

        _published = _states.Count;
        _expectedLeader = _states.MaxBy(state => (state.Rendition.IsLeading, state.Rendition.Kind == TrackKind.Video));
        foreach (var known in start.Known)
        {
            var state = Find(known.Name) ?? AddState(new Rendition(known.Name, known.Kind, IsLeading: false));
            (state.Segment.IsOnTimeline, state.Segment.Timescale) = (true, known.Timescale);
        }
    }

    /// <summary>Pending output. The consumer clears the list.</summary>
    public List<SegmenterOutput> Output { get; } = [];

    /// <summary>Sequence number of the segment after the current ones.</summary>
    public long NextSegment => _number + 1;

    /// <summary>Number of samples dropped for a reason.</summary>
    public long GetDropped(SampleDropReason reason) => _dropped[(int)reason];

    /// <summary>Processes the next sample in arrival order.</summary>
    public void Push(in RenditionSample item)
    {
        var state = GetOrAddState(item.Rendition);
        if (state is null)
        {
            CountDrop(SampleDropReason.TooManyRenditions);
            return;
        }

        if (!state.CanFollow(item.Sample))
        {
            CountDrop(SampleDropReason.Disordered);
            return;
        }

        _firstArrival ??= item.Sample.Arrival;
        state.RecordArrival(item.Sample.Arrival, _latency.TargetDuration);
        if (state == _leader || state == _expectedLeader)
        {
            ProcessLeader(state, item.Sample);
        }
        else
        {
            ProcessFollower(state, item.Sample);
        }

        _order.Flush(_leader?.Rendition.Name);
    }

    /// <summary>Ends the input: releases held samples and closes the last segment of every rendition.</summary>
    public void Finish()
    {
        if (_leader is not null)
        {
            EndPeriod(keepWaiting: false, isEnd: true);
        }

        _order.Flush(leader: null);
    }

    private void ProcessLeader(RenditionState state, in MediaSample sample)
    {
        if (_leader != state)
        {
            if (!sample.IsSync)
            {
                Drop(state, sample, SampleDropReason.BeforeSync);
                return;
            }

            if (_leader is not null)
            {
                EndPeriod(keepWaiting: false);
            }

            StartPeriod(state, sample);
            return;
        }

        if (state.Holds)
        {
            var held = state.Release(sample, _latency.TargetDuration, out var gap);
            AddLeader(state, held);
            state.NeedsSync |= gap;
        }

        state.NeedsSync |= HasOtherConfiguration(state, sample.Track);
        if (state.NeedsSync && !sample.IsSync)
        {
            Drop(state, sample, SampleDropReason.BeforeSync);
            Advance(state.GetPosition(sample, _shift));
            return;
        }

        if (state.NeedsSync)
        {
            state.StartWith(sample);
            CutAt(state, sample, newPeriod: true);
        }
        else if (sample.IsSync
            && (IsTimeToCut(state, sample) || (!state.Segment.IsEmpty && _states.Exists(waiting => waiting.ConfigurationChanged))))
        {
            CutAt(state, sample, newPeriod: false);
        }

        if (sample.IsSync)
        {
            var decode = state.GetDecodeTime(sample, _shift);
            (state.SyncInterval, state.LastSync) = (state.NeedsSync ? state.SyncInterval : decode - state.LastSync, decode);
            state.NeedsSync = false;
        }

        state.Hold(sample, afterGap: false);
        Advance(state.GetPosition(sample, _shift));
    }

    private void AddLeader(RenditionState state, in TimedSample timed)
    {
        var segment = state.Segment;
        if (!segment.IsEmpty && segment.Duration + timed.Duration > Ticks(_latency.TargetDuration, segment.Timescale))
        {
            CutAt(state, timed.Sample, newPeriod: false);
        }

        segment.Add(_origins[^1], timed.Sample, state.GetDecodeTime(timed.Sample, _shift), state.GetPosition(timed.Sample, _shift).Ticks,
            timed.Duration);
        _end = Max(_end, segment.End);
    }

    private bool IsTimeToCut(RenditionState state, in MediaSample sample)
    {
        var segment = state.Segment;
        if (segment.IsEmpty)
        {
            return false;
        }

        // Cut at a keyframe before the minimum if waiting for the next one would exceed the target. The next interval is estimated as the
        // longer of the last two, because an early keyframe is an exception.
        var interval = Math.Max(state.GetDecodeTime(sample, _shift) - state.LastSync, state.SyncInterval);
        return !segment.StartsWithSync
            || segment.Duration >= Ticks(
                state.Rendition.Kind == TrackKind.Video ? _latency.SegmentMinimum - Tolerance : _latency.SegmentMinimum, segment.Timescale)
            || segment.Duration + interval > Ticks(_latency.TargetDuration + Tolerance, segment.Timescale);
    }

    /// <summary>Ends the leader's segment. The next one starts with a sample, at the same time in all renditions.</summary>
    private void CutAt(RenditionState leader, in MediaSample sample, bool newPeriod)
    {
        CloseLeader(leader);
        var discontinuity = newPeriod;
        foreach (var state in _states)
        {
            discontinuity |= state.ConfigurationChanged;
            state.ConfigurationChanged = false;
        }

        var start = leader.GetPosition(sample, _shift);
        AddSegment(start, newPeriod ? sample.Arrival : null, discontinuity);
    }

    private void CloseLeader(RenditionState leader)
    {
        var origin = _origins[^1];
        origin.Duration = new MediaTime(leader.Segment.Duration, leader.Segment.Timescale);
        _wallClockEnd = origin.WallClock + origin.Duration.ToTimeSpan();
        leader.Segment.Close(origin, leader: true);
    }

    /// <param name="start">Start of the segment.</param>
    /// <param name="arrival">Arrival time of the first sample at the start of a period. Within a period, wall-clock time follows media
    /// time.</param>
    /// <param name="discontinuity">Whether a discontinuity precedes the segment.</param>
    private void AddSegment(MediaTime start, DateTimeOffset? arrival, bool discontinuity)
    {
        var wallClock = arrival is { } first ? (first > _wallClockEnd ? first : _wallClockEnd) : _anchor!.GetWallClock(start);
        var origin = new SegmentStart(++_number, start, wallClock, discontinuity);
        _anchor = arrival is null ? _anchor : origin;
        _origins.Add(origin);
        if (discontinuity)
        {
            _order.Input.Add(new SegmenterOutput.Discontinuity(_number));
        }
    }

    /// <summary>
    /// Starts a period with a sync sample of its leader. Time never goes back: a period that would start before the end of the existing
    /// media is shifted.
    /// </summary>
    private void StartPeriod(RenditionState leader, in MediaSample sample)
    {
        var clock = sample.Track.Timescale;
        var first = new MediaTime(Math.Min(sample.Decode.Ticks, sample.Present.Ticks), clock) + _shift;
        if (first < _end)
        {
            var end = _end.Rescale(clock);
            _shift = _shift.Rescale(clock) + (end - first) + new MediaTime(end < _end ? 1 : 0, clock);
        }

        _leader = leader;
        _origins.Clear();
        foreach (var state in _states)
        {
            state.StartPeriod(_number + 1);
        }

        leader.StartWith(sample);
        (leader.NeedsSync, leader.LastSync) = (false, leader.GetDecodeTime(sample, _shift));
        AddSegment(leader.GetPosition(sample, _shift), sample.Arrival, _discontinuity);
        _discontinuity = true;
        leader.Hold(sample, afterGap: false);
        _position = _origins[^1].Start;
    }

    /// <summary>Closes all open segments, in all renditions up to the leader's number.</summary>
    /// <param name="keepWaiting">Whether samples after the leader's end remain for the next period.</param>
    /// <param name="isEnd">Whether the input ends, so that a short end may be dropped (<see cref="TryDropEnd"/>).</param>
    private void EndPeriod(bool keepWaiting, bool isEnd = false)
    {
        var leader = _leader!;
        if (leader.Holds)
        {
            AddLeader(leader, leader.Release());
        }

        _position = leader.Segment.End;
        if (!isEnd || !TryDropEnd(leader))
        {
            CloseLeader(leader);
        }

        foreach (var state in _states)
        {
            if (state == leader)
            {
                continue;
            }

            if (state.Holds && !keepWaiting)
            {
                state.Waiting.Enqueue(state.Release());
            }

            Drain(state, upToLeader: keepWaiting);
            while (state.Segment.Number <= _number)
            {
                state.Segment.Close(GetOrigin(state.Segment.Number), leader: false);
            }
        }

        _order.Flush(leader.Rendition.Name);
        _leader = null;
    }

    private bool HasOtherConfiguration(RenditionState state, Track track) =>
        state.Segment.Track is { } current && !current.IsConfiguredAs(track);

    private SegmentStart GetOrigin(long number) => _origins[(int)(number - _origins[0].Number)];

    private RenditionState? GetOrAddState(Rendition rendition)
    {
        foreach (var state in _states)
        {
            if (ReferenceEquals(state.Rendition, rendition))
            {
                return state;
            }
        }

        var found = Find(rendition.Name);
        if (found is null && _published < _limits.MaxRenditions && _states.Count < _limits.MaxSessionRenditions)
        {
            _published++;
            // During a period, a new rendition starts with the next segment.
            found = AddState(rendition);
            found.StartPeriod(_number + 1);
            _expectedLeader ??= found;
        }

        return found;
    }

    private RenditionState AddState(Rendition rendition)
    {
        var state = new RenditionState(rendition, new SegmentBuilder(rendition.Name, _latency, _limits, _order.Input));
        _states.Add(state);
        return state;
    }

    private RenditionState? Find(string name) => _states.Find(state => state.Rendition.Name == name);

    private void Drop(RenditionState state, in MediaSample sample, SampleDropReason reason)
    {
        state.RecordDropped(sample);
        CountDrop(reason);
    }

    private void CountDrop(SampleDropReason reason) => _dropped[(int)reason]++;

    private static MediaTime Max(MediaTime left, MediaTime right) => left >= right ? left : right;

    private static long Ticks(TimeSpan time, int timescale) => MediaTime.From(time, timescale).Ticks;
}
