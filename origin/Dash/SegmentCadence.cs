namespace Broadcast.Origin.Dash;

/// <summary>Segments of equal length: the one with the period's first number begins with the period, each further one a length later.</summary>
/// <param name="Length">How long each is, about.</param>
/// <param name="Delay">How long after a segment's begin, by the clock, the first part of it can be had of every rendition.</param>
internal readonly record struct Cadence(TimeSpan Length, TimeSpan Delay)
{
    /// <summary><c>@availabilityTimeOffset</c>: how long before its end a segment can be asked for.</summary>
    public TimeSpan Early => Length - Delay;
}

/// <summary>A segment as the cadence is judged by: that of the rendition that says where all are cut.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Start">Where it begins on the session's timeline.</param>
/// <param name="End">Where it ends.</param>
internal readonly record struct CadenceSegment(long Number, TimeSpan Start, TimeSpan End)
{
    /// <summary>How long it is.</summary>
    public TimeSpan Length => End - Start;
}

/// <summary>What is decided of a segment.</summary>
/// <param name="Begins">Whether a period begins with it.</param>
/// <param name="Cadence">The cadence of that period; <see langword="null"/> when its segments have to be listed one by one.</param>
internal readonly record struct CadenceVerdict(bool Begins, Cadence? Cadence);

/// <summary>
/// Decides whether an MPD can say where segments are without listing them, which is what lets a player ask for one that is still being made. Pure: segments in, verdicts out.
/// <para>
/// A first segment says how long the others will be. From there on each has to begin within <see cref="Tolerance"/> of where it should; ISO/IEC 23009-1 (8.4.3) and the guidelines of
/// DASH-IF allow half a segment, but a segment that begins late keeps players waiting, and one that begins early is asked for late. One that does not fit begins a period of its own, which
/// counts anew, as what the segments around it suggest. When that happens <see cref="MaxStrikes"/> times, and no <see cref="Forgiveness"/> good segments lie between, segments are listed (at standard latency) until
/// <see cref="Steady"/> in a row have been equal. So what has been said of a period is never taken back, an odd keyframe costs a period, and an encoder without
/// rhythm a few.
/// </para>
/// </summary>
internal sealed class SegmentCadence(TimeSpan partTarget)
{
    /// <summary>How far from its place a segment may begin, in lengths.</summary>
    public const double Tolerance = 0.25;

    /// <summary>Misfits after which segments are listed.</summary>
    public const int MaxStrikes = 3;

    /// <summary>Good segments for which a misfit is forgotten.</summary>
    public const int Forgiveness = 32;

    /// <summary>Equal segments in a row after which they are not listed any more.</summary>
    public const int Steady = 8;

    /// <summary>Lateness that is taken for granted: an encoder's clock may go 0.3 s wrong before it is corrected, which includes what the server itself needs.</summary>
    public static readonly TimeSpan UsualLag = TimeSpan.FromMilliseconds(300);

    /// <summary>Delays are said in steps: what is measured is never the same twice.</summary>
    private static readonly TimeSpan DelayStep = TimeSpan.FromMilliseconds(250);

    /// <summary>Fewer than this before its end is no low latency.</summary>
    private static readonly TimeSpan LeastEarly = TimeSpan.FromMilliseconds(500);

    /// <summary>Lengths that are taken for the same, in lengths.</summary>
    private const double Alike = 0.05;

    /// <summary>Lengths that are kept: enough that rounding to frames averages out.</summary>
    private const int MaxLengths = 64;

    private readonly List<TimeSpan> _lengths = [];
    private Cadence? _cadence;
    private TimeSpan? _known;
    private CadenceSegment _first;

    // Segments of the period so far, without its first.
    private int _further;
    private int _strikes;

    /// <summary>Judges the next whole segment.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="mustBegin">Whether a period begins with it in any case.</param>
    /// <param name="isKnown">Whether all that a period beginning here needs is known; not when its true begin has been forgotten.</param>
    /// <param name="lag">How late the latest rendition's parts come by the clock, as measured now; 0 when that is not known.</param>
    public CadenceVerdict Judge(in CadenceSegment segment, bool mustBegin, bool isKnown, TimeSpan lag)
    {
        var delay = DelayFor(lag);
        var verdict = mustBegin ? Begin(segment, isKnown ? FirstLength(segment.Length) : null, delay)
            : _cadence is { } cadence ? GoOn(segment, cadence, delay)
            : TryResume(segment, delay);
        if (verdict.Begins && mustBegin)
        {
            _lengths.Clear();
        }

        _lengths.Add(segment.Length);
        if (_lengths.Count > MaxLengths)
        {
            _lengths.RemoveAt(0);
        }

        return verdict;
    }

    /// <summary>When the first part of a segment can be asked for, after its begin.</summary>
    private TimeSpan DelayFor(TimeSpan lag)
    {
        var needed = partTarget + (lag > UsualLag ? lag : UsualLag);
        return new TimeSpan((needed.Ticks + DelayStep.Ticks - 1) / DelayStep.Ticks * DelayStep.Ticks);
    }

    /// <summary>The delay that is said where another is needed, or <see langword="null"/> when that comes too late for low latency.</summary>
    private static TimeSpan? Promised(TimeSpan length, TimeSpan needed)
    {
        var latest = length - LeastEarly;
        return needed <= latest ? needed : latest > TimeSpan.Zero && needed <= latest + Patience(length) ? latest : null;
    }

    /// <summary>Those who deliver hold a request for half a segment at least; half of that is left for what cannot be foreseen.</summary>
    private static TimeSpan Patience(TimeSpan length) => length / 4;

    private TimeSpan FirstLength(TimeSpan length) => _known is { } known && IsNear(length, known, Tolerance) ? known : length;

    private CadenceVerdict GoOn(in CadenceSegment segment, Cadence cadence, TimeSpan delay)
    {
        var place = _first.Start + ((segment.Number - _first.Number) * cadence.Length);
        if (Math.Abs((segment.Start - place).Ticks) <= Tolerance * cadence.Length.Ticks)
        {
            _further++;
            _strikes -= _further % Forgiveness == 0 && _strikes > 0 ? 1 : 0;

            return delay <= cadence.Delay + Patience(cadence.Length) ? default : Begin(segment, cadence.Length, delay);
        }

        _strikes++;
        return Begin(segment, _strikes < MaxStrikes ? Estimate(segment.Length, cadence.Length) : null, delay);
    }

    private CadenceVerdict TryResume(in CadenceSegment segment, TimeSpan delay)
    {
        if (++_further < Steady - 1 || _lengths.Count < Steady - 1)
        {
            return default;
        }

        var recent = _lengths.TakeLast(Steady - 1).Append(segment.Length).ToList();
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
        return Begin(segment, mean, delay);
    }

    private CadenceVerdict Begin(in CadenceSegment segment, TimeSpan? length, TimeSpan delay)
    {
        _cadence = length is { } each && Promised(each, delay) is { } promised ? new Cadence(each, promised) : null;
        _known = _cadence?.Length ?? _known;
        (_first, _further) = (segment, 0);
        return new CadenceVerdict(true, _cadence);
    }

    /// <summary>
    /// The length to go on with after a misfit: that of the last two segments when they are alike (there is a new rhythm), the old one as it really was when this segment has it again, otherwise
    /// that of this segment.
    /// </summary>
    private TimeSpan Estimate(TimeSpan length, TimeSpan old)
    {
        if (_lengths is [.., var last] && IsNear(last, length, Alike))
        {
            var run = _lengths.AsEnumerable().Reverse().TakeWhile(each => IsNear(each, length, Alike)).Append(length).ToList();
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
