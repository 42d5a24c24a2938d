using Broadcast.Media;

namespace Broadcast.Packager;

/// <summary>Bounds on what the segmenter keeps.</summary>
internal sealed record SegmenterLimits(int MaxRenditions = 16, int MaxPartSamples = 4096, long MaxPartBytes = 16 << 20, int MaxWaitingSamples = 2048);

/// <summary>A rendition that already stands on the session's timeline.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it carries.</param>
/// <param name="Timescale">Its clock.</param>
internal sealed record KnownRendition(string Name, TrackKind Kind, int Timescale);

/// <summary>Where a session stands when a publication's renditions begin.</summary>
/// <param name="NextSegment">Number of the next segment, 1 or more.</param>
/// <param name="HasHistory">Whether segments exist, so that a discontinuity stands before the next.</param>
/// <param name="End">Where all that exists ends.</param>
/// <param name="Known">Renditions of which segments exist: their numbers may have no holes.</param>
internal sealed record SegmenterStart(long NextSegment, bool HasHistory, MediaTime End, IReadOnlyList<KnownRendition> Known)
{
    public static SegmenterStart Nothing { get; } = new(1, false, MediaTime.Zero(MediaTime.VideoTimescale), []);

    /// <summary>Wall clock where all that exists ends; the beginning of time when nothing does.</summary>
    public DateTimeOffset WallClockEnd { get; init; } = DateTimeOffset.MinValue;
}

/// <summary>
/// Decides where the renditions of one publication are cut. Pure: samples in, decisions out (<see cref="Output"/>), no clock and no I/O.
/// <para>
/// The leader is cut at its first sync sample from the latency profile's minimum on, and at any sample before the target duration would be exceeded.
/// It is cut sooner, at any sync sample, when another rendition has a new configuration to begin with. The others are cut at the same instants: a sample waits until the leader has come far enough to say in which segment it begins. A leader from which
/// nothing arrives any more is stood in for by another rendition until its next sync sample; this, a jump in its times and a changed configuration
/// begin a new run, with a discontinuity before it.
/// </para>
/// </summary>
internal sealed partial class Segmenter
{
    /// <summary>Encoders round times to milliseconds, and a keyframe every 2 s may come after 1.999: it still makes a segment of 2 s.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(20);

    private readonly LatencyProfile _latency;
    private readonly SegmenterLimits _limits;
    private readonly List<Lane> _lanes = [];

    // Consecutive numbers, from the lowest that some rendition has not closed to the leader's open one.
    private readonly List<SegmentOrigin> _origins = [];
    private readonly CutOrder _order;
    private readonly long[] _losses = new long[Enum.GetValues<SampleLoss>().Length];
    private Lane? _appointed;
    private Lane? _leader;
    private long _number;
    private bool _discontinuity;
    private MediaTime _shift = MediaTime.Zero(MediaTime.VideoTimescale);
    private MediaTime _end;

    // Where the run began: its wall clock is linear from there.
    private SegmentOrigin? _anchor;

    // Where the last closed segment ends: a run's wall clock does not begin before it, though an encoder that ran ahead may come back sooner.
    private DateTimeOffset _wallClockEnd;

    // How far the leader has come: no cut will lie before it.
    private MediaTime _position;
    private DateTimeOffset? _firstArrival;

    public Segmenter(LatencyProfile latency, SegmenterLimits limits, SegmenterStart start, IReadOnlyList<Rendition> renditions)
    {
        _order = new CutOrder(Output);
        (_latency, _limits, _number, _discontinuity, _end) = (latency, limits, start.NextSegment - 1, start.HasHistory, start.End);
        _wallClockEnd = start.WallClockEnd;
        foreach (var rendition in renditions.Take(limits.MaxRenditions))
        {
            AddLane(rendition);
        }

        foreach (var known in start.Known)
        {
            var lane = Find(known.Name) ?? AddLane(new Rendition(known.Name, known.Kind, Leads: false));
            (lane.Segment.Begun, lane.Segment.Timescale) = (true, known.Timescale);
        }

        _appointed = _lanes.Take(renditions.Count).MaxBy(lane => (lane.Rendition.Leads, lane.Rendition.Kind == TrackKind.Video));
    }

    /// <summary>Decisions that nobody has taken yet; whoever takes them clears the list.</summary>
    public List<Cut> Output { get; } = [];

    /// <summary>Number of the segment that would follow if all ended now.</summary>
    public long NextSegment => _number + 1;

    /// <summary>Samples left out so far for a reason.</summary>
    public long Lost(SampleLoss reason) => _losses[(int)reason];

    /// <summary>Takes the next sample in order of arrival.</summary>
    public void Push(in RenditionSample item)
    {
        var lane = LaneOf(item.Rendition);
        if (lane is null)
        {
            Lose(SampleLoss.TooManyRenditions);
            return;
        }

        if (!lane.Follows(item.Sample))
        {
            Lose(SampleLoss.Disordered);
            return;
        }

        _firstArrival ??= item.Sample.Arrival;
        lane.Hear(item.Sample.Arrival, _latency.TargetDuration);
        if (lane == _leader || lane == _appointed)
        {
            Lead(lane, item.Sample);
        }
        else
        {
            Follow(lane, item.Sample);
        }

        _order.Pass(_leader?.Rendition.Name);
    }

    /// <summary>No more will come: what is held back goes out, and every rendition closes its last segment.</summary>
    public void Finish()
    {
        if (_leader is not null)
        {
            EndRun(keepWaiting: false);
        }

        _order.Pass(leader: null);
    }

    private void Lead(Lane lane, in MediaSample sample)
    {
        if (_leader != lane)
        {
            if (!sample.IsSync)
            {
                Pass(lane, sample, SampleLoss.BeforeSync);
                return;
            }

            if (_leader is not null)
            {
                EndRun(keepWaiting: false);
            }

            BeginRun(lane, sample);
            return;
        }

        if (lane.Holds)
        {
            var held = lane.Release(sample, _latency.TargetDuration, out var hole);
            AddLeader(lane, held);
            lane.NeedsSync |= hole;
        }

        lane.NeedsSync |= IsOtherConfiguration(lane, sample.Track);
        if (lane.NeedsSync && !sample.IsSync)
        {
            Pass(lane, sample, SampleLoss.BeforeSync);
            Advance(lane.PlaceOf(sample, _shift));
            return;
        }

        if (lane.NeedsSync)
        {
            lane.BeginWith(sample);
            CutAt(lane, sample, newRun: true);
        }
        else if (sample.IsSync && (IsTimeToCut(lane, sample) || (!lane.Segment.IsEmpty && _lanes.Exists(waiting => waiting.ConfigurationChanged))))
        {
            CutAt(lane, sample, newRun: false);
        }

        if (sample.IsSync)
        {
            var decode = lane.DecodeOf(sample, _shift);
            (lane.SyncInterval, lane.LastSync) = (lane.NeedsSync ? lane.SyncInterval : decode - lane.LastSync, decode);
            lane.NeedsSync = false;
        }

        lane.Hold(sample, afterHole: false);
        Advance(lane.PlaceOf(sample, _shift));
    }

    private void AddLeader(Lane lane, in TimedSample timed)
    {
        var segment = lane.Segment;
        if (!segment.IsEmpty && segment.Duration + timed.Duration > Ticks(_latency.TargetDuration, segment.Timescale))
        {
            CutAt(lane, timed.Sample, newRun: false);
        }

        segment.Add(_origins[^1], timed.Sample, lane.DecodeOf(timed.Sample, _shift), lane.PlaceOf(timed.Sample, _shift).Ticks, timed.Duration);
        _end = Later(_end, segment.End);
    }

    private bool IsTimeToCut(Lane lane, in MediaSample sample)
    {
        var segment = lane.Segment;
        if (segment.IsEmpty)
        {
            return false;
        }

        // A keyframe before the minimum is taken when waiting for the next one, as far away as the last or the one before that, would exceed the target: one that comes early once has others far behind it.
        var interval = Math.Max(lane.DecodeOf(sample, _shift) - lane.LastSync, lane.SyncInterval);
        return !segment.BeganWithSync
            || segment.Duration >= Ticks(lane.Rendition.Kind == TrackKind.Video ? _latency.SegmentMinimum - Tolerance : _latency.SegmentMinimum, segment.Timescale)
            || segment.Duration + interval > Ticks(_latency.TargetDuration + Tolerance, segment.Timescale);
    }

    /// <summary>Ends the leader's segment; the next begins with a sample, and in all renditions at its instant.</summary>
    private void CutAt(Lane leader, in MediaSample sample, bool newRun)
    {
        CloseLeader(leader);
        var begin = newRun;
        foreach (var lane in _lanes)
        {
            begin |= lane.ConfigurationChanged;
            lane.ConfigurationChanged = false;
        }

        var start = leader.PlaceOf(sample, _shift);
        Begin(start, newRun ? sample.Arrival : null, begin);
    }

    private void CloseLeader(Lane leader)
    {
        var origin = _origins[^1];
        origin.Duration = new MediaTime(leader.Segment.Duration, leader.Segment.Timescale);
        _wallClockEnd = origin.WallClock + origin.Duration.ToTimeSpan();
        leader.Segment.Close(origin, leader: true);
    }

    /// <param name="start">Where the segment begins.</param>
    /// <param name="arrival">When its first sample came in, if a run begins: within a run the wall clock follows media time.</param>
    /// <param name="discontinuity">Whether a discontinuity stands before it.</param>
    private void Begin(MediaTime start, DateTimeOffset? arrival, bool discontinuity)
    {
        var wallClock = arrival is { } first ? (first > _wallClockEnd ? first : _wallClockEnd) : _anchor!.WallClockOf(start);
        var origin = new SegmentOrigin(++_number, start, wallClock, discontinuity);
        _anchor = arrival is null ? _anchor : origin;
        _origins.Add(origin);
        if (discontinuity)
        {
            _order.Decided.Add(new Cut.Discontinuity(_number));
        }
    }

    /// <summary>A run begins with a sync sample of its leader. Time never goes back: when the sample lies before the end of what exists, the whole run is moved.</summary>
    private void BeginRun(Lane leader, in MediaSample sample)
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
        foreach (var lane in _lanes)
        {
            lane.BeginRun(_number + 1);
        }

        leader.BeginWith(sample);
        (leader.NeedsSync, leader.LastSync) = (false, leader.DecodeOf(sample, _shift));
        Begin(leader.PlaceOf(sample, _shift), sample.Arrival, _discontinuity);
        _discontinuity = true;
        leader.Hold(sample, afterHole: false);
        _position = _origins[^1].Start;
    }

    /// <summary>Closes all that is open, in all renditions up to the leader's number.</summary>
    /// <param name="keepWaiting">Whether samples from the leader's end on stay, for the run that follows.</param>
    private void EndRun(bool keepWaiting)
    {
        var leader = _leader!;
        if (leader.Holds)
        {
            AddLeader(leader, leader.Release());
        }

        _position = leader.Segment.End;
        CloseLeader(leader);
        foreach (var lane in _lanes)
        {
            if (lane == leader)
            {
                continue;
            }

            if (lane.Holds && !keepWaiting)
            {
                lane.Waiting.Enqueue(lane.Release());
            }

            Drain(lane, upToLeader: keepWaiting);
            while (lane.Segment.Number <= _number)
            {
                lane.Segment.Close(OriginOf(lane.Segment.Number), leader: false);
            }
        }

        _order.Pass(leader.Rendition.Name);
        _leader = null;
    }

    private bool IsOtherConfiguration(Lane lane, Track track) =>
        lane.Segment.Track is { } current && !current.IsConfiguredAs(track);

    private SegmentOrigin OriginOf(long number) => _origins[(int)(number - _origins[0].Number)];

    private Lane? LaneOf(Rendition rendition)
    {
        foreach (var lane in _lanes)
        {
            if (ReferenceEquals(lane.Rendition, rendition))
            {
                return lane;
            }
        }

        var found = Find(rendition.Name);
        if (found is null && _lanes.Count < _limits.MaxRenditions)
        {
            // In the middle of a run it begins with the next segment.
            found = AddLane(rendition);
            found.BeginRun(_number + 1);
            _appointed ??= found;
        }

        return found;
    }

    private Lane AddLane(Rendition rendition)
    {
        var lane = new Lane(rendition, new SegmentBuilder(rendition.Name, _latency, _limits, _order.Decided));
        _lanes.Add(lane);
        return lane;
    }

    private Lane? Find(string name) => _lanes.Find(lane => lane.Rendition.Name == name);

    private void Pass(Lane lane, in MediaSample sample, SampleLoss reason)
    {
        lane.Pass(sample);
        Lose(reason);
    }

    private void Lose(SampleLoss reason) => _losses[(int)reason]++;

    private static MediaTime Later(MediaTime left, MediaTime right) => left >= right ? left : right;

    private static long Ticks(TimeSpan time, int timescale) => MediaTime.From(time, timescale).Ticks;
}
