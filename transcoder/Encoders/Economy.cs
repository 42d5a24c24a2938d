using Broadcast.Transcoder.Encoders.Vendors;
using Broadcast.Transcoder.Ladder;

namespace Broadcast.Transcoder.Encoders;

/// <summary>How much processor time encoding may take.</summary>
/// <param name="Haste">0 to 2: how much quality is given up for speed.</param>
/// <param name="IsHalfRate">Whether every second picture is left out of every rung.</param>
/// <param name="Rungs">What is encoded.</param>
internal sealed record Effort(int Haste, bool IsHalfRate, IReadOnlyList<Rung> Rungs);

/// <summary>
/// What is given up, step by step, where encoding is slower than live: first quality (of x264 <c>superfast</c>, then <c>ultrafast</c>), then half of the pictures, then rungs, the largest first, until the source is all
/// there is. Each step costs roughly a third less than the one before. A copy that viewers get instead of the source is the last that goes.
/// </summary>
internal static class Economy
{
    /// <summary>What <see cref="Effort.Haste"/> can be.</summary>
    private const int Hastes = 3;

    /// <summary>The step at which nothing is encoded any more.</summary>
    /// <param name="rungs">Rungs of the ladder.</param>
    public static int Last(int rungs) => Hastes + rungs;

    /// <summary>What is encoded at a step.</summary>
    /// <param name="step">0 for all of it, up to <see cref="Last"/>.</param>
    /// <param name="rungs">The ladder.</param>
    public static Effort At(int step, IReadOnlyList<Rung> rungs) => new(Math.Min(step, Hastes - 1), step >= Hastes, Without(Math.Max(0, step - Hastes), rungs));

    private static IReadOnlyList<Rung> Without(int count, IReadOnlyList<Rung> rungs) =>
        count < rungs.Count && SourceCopy.Is(rungs[0]) ? [rungs[0], .. rungs.Skip(1 + count)] : [.. rungs.Skip(count)];
}

/// <summary>
/// Decides when encoding has to give something up, and when it may try to take it back: pure, told how far the rungs are behind the source. It gives up after being late for
/// <see cref="Patience"/>, or far behind and not getting nearer, and takes a step back when nothing was late for a while, which becomes longer each time that this was a mistake.
/// </summary>
internal sealed class Pace
{
    /// <summary>Rungs that are this far behind the source are late. Encoders that look ahead are half a second behind in any case.</summary>
    public static readonly TimeSpan Late = TimeSpan.FromSeconds(1.5);

    /// <summary>How long they may be late.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Rungs that are this far behind, and no nearer a moment later, do not get the time to settle: viewers would run out of pictures.</summary>
    public static readonly TimeSpan Far = TimeSpan.FromSeconds(2.25);

    /// <summary>That moment.</summary>
    public static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>A worker that begins may be late for so long.</summary>
    public static readonly TimeSpan Settling = TimeSpan.FromSeconds(4);

    /// <summary>How long nothing has to be late before a step is taken back for the first time.</summary>
    public static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(30);

    /// <summary>The longest that this becomes.</summary>
    public static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(10);

    /// <summary>Who gets no nearer than this in a moment does not catch up.</summary>
    private static readonly TimeSpan Nearer = TimeSpan.FromSeconds(0.1);

    /// <summary>Who falls back by so much in a moment needs two steps.</summary>
    private static readonly TimeSpan FallingBack = TimeSpan.FromSeconds(0.4);

    /// <summary>Pictures that decoder and encoder keep back at most: one for each of their threads, and what is looked ahead.</summary>
    private const int KeptBack = WorkerThreads.MostDecoding + WorkerThreads.MostEncoding + RungOrder.LookAhead;

    private (TimeSpan At, TimeSpan Behind)? _far;
    private TimeSpan? _lateSince;
    private TimeSpan _settled = TimeSpan.MinValue;
    private TimeSpan _calmSince;
    private TimeSpan _rest = FirstRest;
    private bool _isTrying;

    /// <summary>The step of <see cref="Economy"/>.</summary>
    public int Step { get; private set; }

    /// <summary>Looks at how far behind the slowest rung is.</summary>
    /// <param name="behind">Time from the newest picture encoded to the newest of the source.</param>
    /// <param name="now">Any clock that only goes forward.</param>
    /// <param name="last">The last step there is.</param>
    /// <returns>Whether the step is another than before.</returns>
    public bool Judge(TimeSpan behind, TimeSpan now, int last)
    {
        if (IsLost(behind, now) is { } fallen && Step < last)
        {
            return Change(Math.Min(last, Step + (fallen >= FallingBack ? 2 : 1)), now);
        }

        if (now < _settled)
        {
            return false;
        }

        if (behind >= Late)
        {
            _calmSince = now;
            _lateSince ??= now;
            return now - _lateSince >= Patience && Step < last && Change(Step + 1, now);
        }

        _lateSince = null;
        if (_isTrying && now - _calmSince >= FirstRest)
        {
            // What was taken back could be kept.
            (_isTrying, _rest) = (false, FirstRest);
        }

        return Step > 0 && now - _calmSince >= _rest && Change(Step - 1, now);
    }

    /// <summary>A worker begins, and has to catch up first.</summary>
    public void Settle(TimeSpan now) => (_settled, _lateSince, _far) = (now + Settling, null, null);

    /// <summary>
    /// How late it is to be so far behind. Decoders and encoders keep some pictures back, which take a while where the source has few of them, as phones in the dark and lines that collapse do: up to there nothing is late,
    /// and doing less would change nothing.
    /// </summary>
    /// <param name="behind">Time from the newest picture encoded to the newest of the source.</param>
    /// <param name="step">Time from picture to picture of the source.</param>
    public static TimeSpan Weigh(TimeSpan behind, TimeSpan step)
    {
        var usual = step * KeptBack;
        return usual > Late ? behind * (Late / usual) : behind;
    }

    /// <summary>Gives a step up for another reason than being late, or all that are left.</summary>
    public void GiveUp(TimeSpan now, int last, bool isAll = false)
    {
        if (Step < last)
        {
            Change(isAll ? last : Step + 1, now);
        }
    }

    /// <summary>How much farther behind it is than a moment before; <see langword="null"/> when it is not far behind, or getting nearer.</summary>
    private TimeSpan? IsLost(TimeSpan behind, TimeSpan now)
    {
        if (behind < Far)
        {
            _far = null;
            return null;
        }

        var far = _far ??= (now, behind);
        if (now - far.At < Look)
        {
            return null;
        }

        _far = (now, behind);
        return behind > far.Behind - Nearer ? behind - far.Behind : null;
    }

    private bool Change(int step, TimeSpan now)
    {
        if (step > Step && _isTrying)
        {
            _rest = TimeSpan.FromTicks(Math.Min(LongestRest.Ticks, _rest.Ticks * 2));
        }

        (_isTrying, Step, _settled, _calmSince, _lateSince, _far) = (step < Step, step, now + Settling, now, null, null);
        return true;
    }
}
