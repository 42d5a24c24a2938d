using System.Numerics;
using Broadcast.Media;

namespace Broadcast.Ingest.Clock;

/// <summary>
/// Places frames whose timestamps jitter by up to 10 ms around a constant frame rate (phones, action cameras) at exact intervals. Needs no
/// look-ahead: each frame is timestamped on arrival. <see cref="FrameRateDetector"/> handles times that are only rounded.
/// </summary>
/// <remarks>
/// <para>
/// The grid has one slot per frame duration. Each frame takes the next slot; a frame that is later than jitter can explain skips slots. A
/// dropped frame thereby doubles a duration and shifts nothing; at 48 fps and more, the skip may come a few frames late. After a pause, the
/// grid is aligned with the next frame. The grid follows the average of the encoder's times in steps of some ticks per frame. A
/// <see cref="FrameRateEstimator"/> supplies the frame rate and the jitter. It keeps measuring and replaces a rate that no longer fits.
/// </para>
/// <para>
/// Frames that are not near a slot keep the encoder's time. The grid is abandoned after a few of them, or when no
/// rate fits several blocks of the estimator: the frame rate is variable or has changed. It is found again after
/// <see cref="RequiredFrames"/> frames. If the previous grid was short-lived, more frames are required.
/// </para>
/// </remarks>
internal sealed class FrameGrid
{
    /// <summary>Number of frames after which a rate is used.</summary>
    public const int RequiredFrames = 48;

    /// <summary>Maximum value of the required number of frames.</summary>
    private const int MaxRequiredFrames = 384;

    /// <summary>Maximum difference of a frame from the average, in nanoseconds.</summary>
    private const long MaxDeviation = 16 * Nanoseconds.PerMillisecond;

    /// <summary>Standard deviation above which times jitter, in nanoseconds. Rounding to milliseconds causes 0.29 ms.</summary>
    private const long JitterThreshold = 500_000;

    /// <summary>Standard deviation below which jitter has ended, in nanoseconds.</summary>
    private const long RoundingThreshold = 400_000;

    /// <summary>Average difference below which the grid is not corrected, in nanoseconds.</summary>
    private const long DeadBand = 3 * Nanoseconds.PerMillisecond;

    /// <summary>Average difference above which the rate is considered wrong, in nanoseconds.</summary>
    private const long MaxMeanError = 12 * Nanoseconds.PerMillisecond;

    /// <summary>Number of frames in the average difference.</summary>
    private const int Smoothing = 96;

    /// <summary>Number of frame durations without a frame after which the next frame determines the slots.</summary>
    private const int PauseSlots = 6;

    /// <summary>Divisor for the correction of the average difference.</summary>
    private const int CorrectionDivisor = 128;

    /// <summary>Weight of a frame that does not fit. Each frame that fits reduces the sum by one.</summary>
    private const int MissWeight = 16;

    private const int MaxMisses = 3 * MissWeight;

    private readonly FrameRateEstimator _estimator = new();
    private readonly PresentationSlots _slots = new();
    private int _declared = -1;
    private int _requiredFrames = RequiredFrames;
    private int _rate = -1;
    private long _lockedFor;
    private int _misses;
    private bool _isJittering;
    private long _anchor;
    private long _index;
    private long _time;
    private long _meanError;
    private int _averaged;
    private bool _isCorrecting;

    /// <summary>Indicates whether the times jitter around a known frame rate. The grid applies only then.</summary>
    public bool IsActive => _rate >= 0 && _isJittering;

    /// <summary>Frame rate; 0 when none is known.</summary>
    public double FramesPerSecond => _rate < 0 ? 0 : FrameRate.Common[_rate].PerSecond;

    /// <summary>Sets the frame rate declared by the codec configuration. It is preferred when it fits.</summary>
    public void SetDeclaredRate(double framesPerSecond) => _declared = FrameRate.IndexOf(framesPerSecond);

    /// <summary>Assigns the time of the next frame.</summary>
    /// <param name="time">The encoder's time of the frame, in nanoseconds.</param>
    /// <param name="ticks">Time of the frame on the 90 kHz clock.</param>
    /// <returns><see langword="false"/> when the frame does not fit.</returns>
    public bool TryAlign(long time, out long ticks)
    {
        ticks = 0;
        Observe(time);
        if (_rate < 0)
        {
            return false;
        }

        var period = FrameRate.Common[_rate].Period;
        var late = time - Nanoseconds.FromVideoTicks(TicksAt(_index + 1));
        var deviation = late - _meanError;
        var tolerance = _averaged >= FrameRateEstimator.UnknownCenter
            ? FrameRateEstimator.NextFrameTolerance : FrameRateEstimator.JitterSpread;
        var skipped = deviation > Math.Max(period / 2, tolerance) ? (deviation + (period / 2)) / period : 0;
        deviation -= skipped * period;
        if (skipped >= PauseSlots)
        {
            _anchor += Nanoseconds.ToTicks(deviation, MediaTime.VideoTimescale);
            (deviation, _averaged) = (0, 0);
        }

        if (Math.Abs(deviation) > Math.Max(tolerance, MaxDeviation) || Math.Abs(_meanError) > MaxMeanError)
        {
            Miss();
            return false;
        }

        _misses = Math.Max(0, _misses - 1);
        _lockedFor++;
        _index += 1 + skipped;
        _time = time;
        Follow(deviation, period);
        ticks = TicksAt(_index);
        return true;
    }

    /// <summary>Applies a composition offset to the last frame, which must have fit.</summary>
    /// <param name="offset">Presentation minus decode time, in nanoseconds.</param>
    /// <returns>Presentation time on the 90 kHz clock.</returns>
    public long Offset(long offset)
    {
        var time = _time + offset - Nanoseconds.FromVideoTicks(_anchor) - _meanError;
        var (slot, fraction) = _slots.Place(_index, offset, time, FrameRate.Common[_rate]);
        var ticks = TicksAt(slot);
        return ticks + (fraction * (TicksAt(slot + 1) - ticks) / PresentationSlots.SlotLength);
    }

    private void Observe(long time)
    {
        if (!_estimator.TryAdd(time))
        {
            if (_rate >= 0)
            {
                Miss();
            }

            return;
        }

        // Powers of two times the minimum: later estimates distinguish similar rates.
        var frames = _estimator.Frames;
        var isDue = _rate >= 0 ? frames % RequiredFrames == 0 && BitOperations.IsPow2(frames / RequiredFrames)
            : frames >= _requiredFrames && frames % 8 == 0;
        if (isDue && _estimator.TryEstimate(_rate, _declared, out var estimate))
        {
            Apply(estimate);
        }
    }

    private void Apply(FrameRateEstimate estimate)
    {
        _isJittering = estimate.Jitter > (_isJittering ? RoundingThreshold : JitterThreshold);
        if (_rate == estimate.Rate || (_rate >= 0 && _misses == 0 && IsMultiple(_rate, estimate.Rate)))
        {
            return;
        }

        if (_rate < 0)
        {
            // The position before this frame, so that this frame is the next one.
            var position = estimate.Position - FrameRate.Common[estimate.Rate].Period;
            _anchor = Nanoseconds.ToTicks(position, MediaTime.VideoTimescale);
            (_meanError, _averaged, _lockedFor) = (0, RequiredFrames, 0);
        }
        else
        {
            _anchor = TicksAt(_index);
        }

        (_rate, _index, _misses, _isCorrecting) = (estimate.Rate, 0, 0, false);
        _slots.Clear();
    }

    /// <summary>
    /// Returns whether the slots of the current rate include those of the new one, and are far enough apart to tell which one is meant.
    /// Phones halve their frame rate in low light and double it later.
    /// </summary>
    private static bool IsMultiple(int current, int next)
    {
        var (rate, other) = (FrameRate.Common[current], FrameRate.Common[next]);
        return rate.IsDistinct && (long)rate.Frames * other.Seconds % ((long)other.Frames * rate.Seconds) == 0;
    }

    /// <summary>Moves the grid with the encoder's average.</summary>
    private void Follow(long deviation, long period)
    {
        _averaged = Math.Min(_averaged + 1, Smoothing);
        _meanError += deviation / _averaged;
        _isCorrecting = Math.Abs(_meanError) > (_isCorrecting ? DeadBand / 2 : DeadBand);
        if (_isCorrecting)
        {
            // Steps are too small to be visible in a frame's duration.
            var correction = Math.Min(Math.Abs(_meanError) / CorrectionDivisor, period / 200);
            var ticks = Math.Sign(_meanError) * Math.Max(1, Nanoseconds.ToTicks(correction, MediaTime.VideoTimescale));
            _anchor += ticks;
            _meanError -= Nanoseconds.FromVideoTicks(ticks);
        }
    }

    private void Miss()
    {
        _misses += MissWeight;
        if (_misses < MaxMisses)
        {
            return;
        }

        _requiredFrames = _lockedFor < 4L * _requiredFrames ? Math.Min(2 * _requiredFrames, MaxRequiredFrames) : RequiredFrames;
        _rate = -1;
        _estimator.Clear();
        _slots.Clear();
    }

    private long TicksAt(long index) => _anchor + FrameRate.Common[_rate].TicksOf(index);
}
