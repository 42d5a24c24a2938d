namespace Broadcast.Origin.Dash;

/// <summary>
/// Segments of constant duration: the period's first segment starts with the period, each following one a duration later.
/// </summary>
/// <param name="Length">Approximate segment duration.</param>
/// <param name="Delay">Delay after a segment's start at which its first part is available in every rendition.</param>
internal readonly record struct Cadence(TimeSpan Length, TimeSpan Delay)
{
    /// <summary><c>@availabilityTimeOffset</c>: how long before its end a segment can be requested.</summary>
    public TimeSpan Early => Length - Delay;
}

/// <summary>A segment of the rendition that determines the segment boundaries.</summary>
/// <param name="Number">Its sequence number.</param>
/// <param name="Start">Start on the session's timeline.</param>
/// <param name="End">End on the session's timeline.</param>
internal readonly record struct CadenceSegment(long Number, TimeSpan Start, TimeSpan End)
{
    /// <summary>Its duration.</summary>
    public TimeSpan Length => End - Start;
}

/// <summary>Decision about a segment.</summary>
/// <param name="StartsPeriod">Whether a period starts with it.</param>
/// <param name="Cadence">Cadence of that period; <see langword="null"/> when its segments must be listed.</param>
internal readonly record struct CadenceDecision(bool StartsPeriod, Cadence? Cadence);

/// <summary>
/// Decides whether an MPD can describe segments by a constant duration instead of listing them. Players can then request a segment that is
/// still being written. Pure.
/// <para>
/// The first segment determines the duration. Each following segment must start within <see cref="Tolerance"/> of its expected position.
/// ISO/IEC 23009-1 (8.4.3) and the DASH-IF guidelines allow half a segment, but a late segment keeps players waiting, and an early one is
/// requested late. A segment outside the tolerance starts a new period with a new count, whose duration is estimated from the neighboring
/// segments. After <see cref="MaxStrikes"/> such misfits without <see cref="SegmentsPerForgivenMisfit"/> good segments between them,
/// segments are listed (at standard latency) until <see cref="MinEqualSegments"/> consecutive segments have equal durations. So announced
/// periods never change; an odd keyframe costs one period, and an encoder with irregular keyframes costs a few.
/// </para>
/// </summary>
internal sealed class SegmentCadence(TimeSpan partTarget)
{
    /// <summary>Maximum deviation of a segment's start, as a fraction of the duration.</summary>
    public const double Tolerance = 0.25;

    /// <summary>Misfits after which segments are listed.</summary>
    public const int MaxStrikes = 3;

    /// <summary>Good segments after which one misfit is forgiven.</summary>
    public const int SegmentsPerForgivenMisfit = 32;

    /// <summary>Consecutive equal segments after which segments are no longer listed.</summary>
    public const int MinEqualSegments = 8;

    /// <summary>Step to which announced delays above a part are rounded up, because measured values vary constantly.</summary>
    private static readonly TimeSpan DelayStep = TimeSpan.FromMilliseconds(250);

    /// <summary>Minimum time before its end at which a segment must be available in low latency.</summary>
    private static readonly TimeSpan MinEarly = TimeSpan.FromMilliseconds(500);

    /// <summary>Maximum difference of equal durations, as a fraction.</summary>
    private const double EqualLengthTolerance = 0.05;

    /// <summary>Number of recent durations retained: enough for frame rounding to average out.</summary>
    private const int MaxLengths = 64;

    private readonly List<TimeSpan> _lengths = [];
    private Cadence? _cadence;
    private TimeSpan? _known;
    private CadenceSegment _first;

    // Number of segments in the period so far, without its first.
    private int _followingSegments;
    private int _strikes;

    /// <summary>Evaluates the next closed segment.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="mustStart">Whether a period starts with it in any case.</param>
    /// <param name="isKnown">Whether the period's true start is known; not after it left the live window.</param>
    /// <param name="lag">Current measured lag of the slowest rendition's parts; 0 when unknown.</param>
    public CadenceDecision Evaluate(in CadenceSegment segment, bool mustStart, bool isKnown, TimeSpan lag)
    {
        var delay = DelayFor(lag);
        var decision = mustStart ? StartPeriod(segment, isKnown ? FirstLength(segment.Length) : null, delay)
            : _cadence is { } cadence ? Continue(segment, cadence, delay)
            : TryResume(segment, delay);
        if (decision.StartsPeriod && mustStart)
        {
            _lengths.Clear();
        }

        _lengths.Add(segment.Length);
        if (_lengths.Count > MaxLengths)
        {
            _lengths.RemoveAt(0);
        }

        return decision;
    }

    /// <summary>Gets the state, for a projection elsewhere.</summary>
    public CadenceState GetState() => new([.. _lengths], _cadence, _known, _first, _followingSegments, _strikes);

    /// <summary>Restores a state.</summary>
    public void Restore(CadenceState state)
    {
        _lengths.Clear();
        _lengths.AddRange(state.Lengths.TakeLast(MaxLengths));
        (_cadence, _known, _first, _followingSegments, _strikes) =
            (state.Current, state.Known, state.First, state.FollowingSegments, state.Strikes);
    }

    /// <summary>Delay after a segment's start at which its first part is available.</summary>
    private TimeSpan DelayFor(TimeSpan lag) => partTarget + (lag > TimeSpan.Zero ? lag : TimeSpan.Zero);

    /// <summary>
    /// The delay to announce for a required delay, or <see langword="null"/> when it is too long for low latency. It is one part, as the
    /// DASH-IF low-latency guidelines define it. Requests are held for the usual lag of encoder clock and processing, so this does not
    /// estimate it. A longer lag is announced, because holding would not cover it.
    /// </summary>
    private TimeSpan? Promised(TimeSpan length, TimeSpan delay)
    {
        var latest = length - MinEarly;
        if (delay <= partTarget + DelayReserve(length) && partTarget <= latest)
        {
            return partTarget;
        }

        var needed = new TimeSpan((delay.Ticks + DelayStep.Ticks - 1) / DelayStep.Ticks * DelayStep.Ticks);
        return needed <= latest ? needed : latest > TimeSpan.Zero && needed <= latest + DelayReserve(length) ? latest : null;
    }

    /// <summary>
    /// Tolerated excess over the announced delay. Requests are held for at least half a segment; half of that remains as reserve.
    /// </summary>
    private static TimeSpan DelayReserve(TimeSpan length) => length / 4;

    private TimeSpan FirstLength(TimeSpan length) => _known is { } known && IsNear(length, known, Tolerance) ? known : length;

    private CadenceDecision Continue(in CadenceSegment segment, Cadence cadence, TimeSpan delay)
    {
        var expected = _first.Start + ((segment.Number - _first.Number) * cadence.Length);
        if (Math.Abs((segment.Start - expected).Ticks) <= Tolerance * cadence.Length.Ticks)
        {
            _followingSegments++;
            _strikes -= _followingSegments % SegmentsPerForgivenMisfit == 0 && _strikes > 0 ? 1 : 0;

            return delay <= cadence.Delay + DelayReserve(cadence.Length) ? default : StartPeriod(segment, cadence.Length, delay);
        }

        _strikes++;
        return StartPeriod(segment, _strikes < MaxStrikes ? Estimate(segment.Length, cadence.Length) : null, delay);
    }

    private CadenceDecision TryResume(in CadenceSegment segment, TimeSpan delay)
    {
        if (++_followingSegments < MinEqualSegments - 1 || _lengths.Count < MinEqualSegments - 1)
        {
            return default;
        }

        var recent = _lengths.TakeLast(MinEqualSegments - 1).Append(segment.Length).ToList();
        var mean = Mean(recent);
        var apart = TimeSpan.Zero;
        foreach (var length in recent)
        {
            apart += length - mean;
            if (Math.Abs(apart.Ticks) > Tolerance * mean.Ticks)
            {
                return default;
            }
        }

        if (Promised(mean, delay) is null)
        {
            return default;
        }

        _strikes = Math.Min(_strikes, MaxStrikes - 1);
        return StartPeriod(segment, mean, delay);
    }

    private CadenceDecision StartPeriod(in CadenceSegment segment, TimeSpan? length, TimeSpan delay)
    {
        _cadence = length is { } each && Promised(each, delay) is { } promised ? new Cadence(each, promised) : null;
        _known = _cadence?.Length ?? _known;
        (_first, _followingSegments) = (segment, 0);
        return new CadenceDecision(true, _cadence);
    }

    /// <summary>
    /// The duration after a misfit. When the last two segments are equal (a new rhythm), the mean of the recent ones. When this segment has
    /// the old duration again, its measured mean. Otherwise this segment's duration.
    /// </summary>
    private TimeSpan Estimate(TimeSpan length, TimeSpan old)
    {
        if (_lengths is [.., var last] && IsNear(last, length, EqualLengthTolerance))
        {
            var run = _lengths.AsEnumerable().Reverse().TakeWhile(each => IsNear(each, length, EqualLengthTolerance))
                .Append(length).ToList();
            return Mean(run);
        }

        if (!IsNear(length, old, Tolerance))
        {
            return length;
        }

        var usual = _lengths.Where(each => IsNear(each, old, Tolerance)).Append(length).ToList();
        return Mean(usual);
    }

    private static TimeSpan Mean(List<TimeSpan> lengths) => new(lengths.Sum(length => length.Ticks) / lengths.Count);

    private static bool IsNear(TimeSpan left, TimeSpan right, double share) => Math.Abs((left - right).Ticks) <= share * right.Ticks;
}
