using Broadcast.Transcoder.Encoders.Backends;
using Broadcast.Transcoder.Ladder;

namespace Broadcast.Transcoder.Encoders;

/// <summary>CPU time that encoding may use.</summary>
/// <param name="SpeedLevel">Speed level, 0 to 2: higher levels trade quality for speed.</param>
/// <param name="IsHalfRate">Whether every rung drops every second frame.</param>
/// <param name="Rungs">Rungs to encode.</param>
internal sealed record EncodeProfile(int SpeedLevel, bool IsHalfRate, IReadOnlyList<Rung> Rungs);

/// <summary>
/// Reduces load step by step while encoding is slower than live. It first lowers quality (x264 <c>superfast</c>, then <c>ultrafast</c>),
/// then halves the frame rate, then drops rungs, the largest first, until only the source remains. Each level costs about a third less than
/// the previous one. A re-encoded source is dropped last.
/// </summary>
internal static class DegradationLadder
{
    /// <summary>Number of values of <see cref="EncodeProfile.SpeedLevel"/>.</summary>
    private const int SpeedLevels = 3;

    /// <summary>The level at which nothing is encoded.</summary>
    /// <param name="rungs">Rungs of the ladder.</param>
    public static int LastLevel(int rungs) => SpeedLevels + rungs;

    /// <summary>Encode profile of a level.</summary>
    /// <param name="level">0 for full quality, up to <see cref="LastLevel"/>.</param>
    /// <param name="rungs">The ladder.</param>
    public static EncodeProfile At(int level, IReadOnlyList<Rung> rungs) =>
        new(Math.Min(level, SpeedLevels - 1), level >= SpeedLevels, Without(Math.Max(0, level - SpeedLevels), rungs));

    private static IReadOnlyList<Rung> Without(int count, IReadOnlyList<Rung> rungs) =>
        count < rungs.Count && SourceReencode.Is(rungs[0]) ? [rungs[0], .. rungs.Skip(1 + count)] : [.. rungs.Skip(count)];
}

/// <summary>
/// Decides when to lower or raise the degradation level. Pure; its input is the lag of the rungs. It degrades after
/// <see cref="LateTimeout"/> of lateness, or earlier if the lag is large and not shrinking. It recovers one level after a period without
/// lateness. Each failed recovery doubles that period.
/// </summary>
internal sealed class DegradationController
{
    /// <summary>Lag at which rungs count as late. Encoders with lookahead always lag by 0.5 s.</summary>
    public static readonly TimeSpan LateThreshold = TimeSpan.FromSeconds(1.5);

    /// <summary>Maximum time of lateness before degrading.</summary>
    public static readonly TimeSpan LateTimeout = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Lag at which rungs get no time to settle unless it shrinks within <see cref="MeasurementInterval"/>: players would run out of
    /// frames.
    /// </summary>
    public static readonly TimeSpan FarThreshold = TimeSpan.FromSeconds(2.25);

    /// <summary>Interval between two measurements of a large lag.</summary>
    public static readonly TimeSpan MeasurementInterval = TimeSpan.FromSeconds(1);

    /// <summary>Time in which a starting worker may be late.</summary>
    public static readonly TimeSpan SettlingTime = TimeSpan.FromSeconds(4);

    /// <summary>Time without lateness before the first recovery.</summary>
    public static readonly TimeSpan FirstRecoveryTime = TimeSpan.FromSeconds(30);

    /// <summary>Maximum time without lateness before a recovery.</summary>
    public static readonly TimeSpan MaxRecoveryTime = TimeSpan.FromMinutes(10);

    /// <summary>A lag that shrinks by less than this per measurement is not recovering.</summary>
    private static readonly TimeSpan RecoveringThreshold = TimeSpan.FromSeconds(0.1);

    /// <summary>A lag that grows by this much per measurement lowers the level by two.</summary>
    private static readonly TimeSpan FallingBackThreshold = TimeSpan.FromSeconds(0.4);

    /// <summary>Maximum frames held by decoder and encoder: one per thread, and the lookahead.</summary>
    private const int MaxHeldFrames = WorkerThreads.MaxDecoderThreads + WorkerThreads.MaxEncoderThreads + RungEncodeSettings.LookAhead;

    private (TimeSpan At, TimeSpan Lag)? _farSample;
    private TimeSpan? _lateSince;
    private TimeSpan _settledAt = TimeSpan.MinValue;
    private TimeSpan _calmSince;
    private TimeSpan _recoveryTime = FirstRecoveryTime;
    private bool _isRecovering;

    /// <summary>Current level of <see cref="DegradationLadder"/>.</summary>
    public int Level { get; private set; }

    /// <summary>Evaluates the lag of the slowest rung.</summary>
    /// <param name="lag">Time from the newest encoded frame to the newest source frame.</param>
    /// <param name="now">Any monotonic clock.</param>
    /// <param name="last">The last level.</param>
    /// <returns>Whether the level changed.</returns>
    public bool Evaluate(TimeSpan lag, TimeSpan now, int last)
    {
        if (GrowthOf(lag, now) is { } growth && Level < last)
        {
            return Change(Math.Min(last, Level + (growth >= FallingBackThreshold ? 2 : 1)), now);
        }

        if (now < _settledAt)
        {
            return false;
        }

        if (lag >= LateThreshold)
        {
            _calmSince = now;
            _lateSince ??= now;
            return now - _lateSince >= LateTimeout && Level < last && Change(Level + 1, now);
        }

        _lateSince = null;
        if (_isRecovering && now - _calmSince >= FirstRecoveryTime)
        {
            // The recovered level holds.
            (_isRecovering, _recoveryTime) = (false, FirstRecoveryTime);
        }

        return Level > 0 && now - _calmSince >= _recoveryTime && Change(Level - 1, now);
    }

    /// <summary>Gives a new worker time to catch up.</summary>
    public void Settle(TimeSpan now) => (_settledAt, _lateSince, _farSample) = (now + SettlingTime, null, null);

    /// <summary>
    /// Scales the lag for sources with a low frame rate. Decoders and encoders hold some frames, which takes long at a low frame rate, as
    /// with phones in the dark and congested uplinks. That lag is not late, and encoding less would not reduce it.
    /// </summary>
    /// <param name="lag">Time from the newest encoded frame to the newest source frame.</param>
    /// <param name="frameInterval">Frame interval of the source.</param>
    public static TimeSpan NormalizeLag(TimeSpan lag, TimeSpan frameInterval)
    {
        var expectedLag = frameInterval * MaxHeldFrames;
        return expectedLag > LateThreshold ? lag * (LateThreshold / expectedLag) : lag;
    }

    /// <summary>Lowers the level by one, or to the last, for a reason other than lateness.</summary>
    public void Degrade(TimeSpan now, int last, bool isAll = false)
    {
        if (Level < last)
        {
            Change(isAll ? last : Level + 1, now);
        }
    }

    /// <summary>Growth of a large lag since the last measurement; <see langword="null"/> if the lag is not large or is shrinking.</summary>
    private TimeSpan? GrowthOf(TimeSpan lag, TimeSpan now)
    {
        if (lag < FarThreshold)
        {
            _farSample = null;
            return null;
        }

        var farSample = _farSample ??= (now, lag);
        if (now - farSample.At < MeasurementInterval)
        {
            return null;
        }

        _farSample = (now, lag);
        return lag > farSample.Lag - RecoveringThreshold ? lag - farSample.Lag : null;
    }

    private bool Change(int level, TimeSpan now)
    {
        if (level > Level && _isRecovering)
        {
            _recoveryTime = TimeSpan.FromTicks(Math.Min(MaxRecoveryTime.Ticks, _recoveryTime.Ticks * 2));
        }

        (_isRecovering, Level, _settledAt, _calmSince, _lateSince, _farSample) =
            (level < Level, level, now + SettlingTime, now, null, null);
        return true;
    }
}
