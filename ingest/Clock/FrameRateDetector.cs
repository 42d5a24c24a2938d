using System.Numerics;
using Broadcast.Media;

namespace Broadcast.Ingest.Clock;

/// <summary>
/// Detects the constant frame rate behind timestamps that an encoder rounded to milliseconds (33, 33, 34 …), and computes the exact times.
/// They differ from the encoder's by at most <see cref="MaxDeviation"/> and follow its clock when it drifts. Times that fit no common frame
/// rate are left unchanged, so a variable frame rate is preserved.
/// </summary>
internal sealed class FrameRateDetector
{
    /// <summary>Maximum difference from the encoder's time, in nanoseconds.</summary>
    public const long MaxDeviation = Nanoseconds.PerMillisecond;

    /// <summary>Difference attributed to the encoder's rounding, in nanoseconds. Beyond it, the grid follows the encoder.</summary>
    private const long RoundingTolerance = 750_000;

    /// <summary>Maximum spread of times that rounding to milliseconds causes, in nanoseconds.</summary>
    private const long MaxSpread = 1_050_000;

    /// <summary>Number of frames that must fit a rate before it is used.</summary>
    private const int RequiredMatches = 8;

    /// <summary>Maximum of that number, after rates that did not last.</summary>
    private const int MaxRequiredMatches = 512;

    /// <summary>Number of frames after which a rate is final. It may drift from then on.</summary>
    private const int FinalAfter = 900;

    /// <summary>Number of frames after which a rate that stops fitting counts as drifting.</summary>
    private const int DriftAfter = 40;

    /// <summary>Weight of a frame that does not fit. Each frame that fits reduces the sum by one.</summary>
    private const int MissWeight = 4;

    private const int MaxMisses = 3 * MissWeight;

    private readonly Candidate[] _candidates = new Candidate[FrameRate.Common.Length];
    private uint _candidateMask;
    private int _declared = -1;
    private int _observed;
    private int _requiredMatches = RequiredMatches;
    private long _first;
    private bool _isFinal;

    private int _rate = -1;
    private int _lockedFor;
    private int _misses;
    private long _anchor;
    private long _index;

    /// <summary>Detected frame rate; 0 when none is detected.</summary>
    public double FramesPerSecond => _rate < 0 ? 0 : FrameRate.Common[_rate].PerSecond;

    /// <summary>Sets the frame rate declared by the codec configuration. It is preferred when it fits.</summary>
    public void SetDeclaredRate(double framesPerSecond) => _declared = FrameRate.IndexOf(framesPerSecond);

    /// <summary>Assigns the time of the next frame.</summary>
    /// <param name="time">The encoder's time of the frame, in nanoseconds.</param>
    /// <param name="ticks">Time of the frame on the 90 kHz clock.</param>
    /// <returns><see langword="false"/> when the frame does not fit.</returns>
    public bool TryAlign(long time, out long ticks)
    {
        Observe(time);
        ticks = 0;
        if (_rate < 0)
        {
            return false;
        }

        var period = FrameRate.Common[_rate].Period;
        var ahead = (time - Nanoseconds.FromVideoTicks(TicksAt(_index)) + (period / 2)) / period;
        var error = ahead < 1 ? long.MaxValue : time - Nanoseconds.FromVideoTicks(TicksAt(_index + ahead));
        if (Math.Abs(error) > MaxDeviation && error != long.MaxValue)
        {
            error = long.MaxValue;
        }

        if (error == long.MaxValue)
        {
            _misses += MissWeight;
            if (_misses >= MaxMisses)
            {
                Reset(time);
            }

            return false;
        }

        if (Math.Abs(error) > RoundingTolerance)
        {
            // Steps are too small to be visible in a frame's duration.
            var correction = Math.Min(Math.Abs(error) - RoundingTolerance + (RoundingTolerance / 4), period / 200);
            _anchor += Math.Sign(error) * Math.Max(1, Nanoseconds.ToTicks(correction, MediaTime.VideoTimescale));
        }

        _misses = Math.Max(0, _misses - 1);
        _lockedFor++;
        _index += ahead;
        ticks = TicksAt(_index);
        var (frames, seconds) = FrameRate.Common[_rate];
        if (_index >= frames)
        {
            _anchor += _index / frames * seconds * MediaTime.VideoTimescale;
            _index %= frames;
        }

        return true;
    }

    /// <summary>
    /// Applies a composition offset to the last frame. Uses the grid when the offset is a whole number of frames, apart from rounding.
    /// </summary>
    public bool TryOffset(long offset, out long ticks)
    {
        var period = FrameRate.Common[_rate].Period;
        var frames = (offset + (Math.Sign(offset) * period / 2)) / period;
        ticks = TicksAt(_index + frames);
        return Math.Abs(offset - (frames * period)) <= MaxDeviation;
    }

    /// <summary>Tracks which rates fit the times, until one is final.</summary>
    private void Observe(long time)
    {
        if (_isFinal)
        {
            return;
        }

        if (_candidateMask == 0)
        {
            Restart(time);
            return;
        }

        _observed++;
        for (var remaining = _candidateMask; remaining != 0; remaining &= remaining - 1)
        {
            var rate = BitOperations.TrailingZeroCount(remaining);
            if (!_candidates[rate].TryFit(time - _first, FrameRate.Common[rate]))
            {
                _candidateMask &= ~(1u << rate);
            }
        }

        if (_rate >= 0 && (_candidateMask & (1u << _rate)) != 0)
        {
            _isFinal = _observed >= FinalAfter;
        }
        else if (_rate >= 0 && _lockedFor >= DriftAfter && _candidateMask == 0)
        {
            _isFinal = true;
        }
        else if (_candidateMask == 0)
        {
            _requiredMatches = _rate >= 0 ? Math.Min(2 * _requiredMatches, MaxRequiredMatches) : _requiredMatches;
            _rate = -1;
            Restart(time);
        }
        else if (_observed >= _requiredMatches)
        {
            Lock(time);
        }
    }

    private void Lock(long time)
    {
        var fitting = _candidateMask;
        for (var remaining = _candidateMask; remaining != 0; remaining &= remaining - 1)
        {
            // A rate for which most frames would be missing is wrong.
            if (_candidates[BitOperations.TrailingZeroCount(remaining)].Frames > 2 * _observed)
            {
                fitting &= ~(remaining & (~remaining + 1));
            }
        }

        if (fitting == 0)
        {
            return;
        }

        var rate = _declared >= 0 && (fitting & (1u << _declared)) != 0 ? _declared : BitOperations.TrailingZeroCount(fitting);
        ref var candidate = ref _candidates[rate];

        // The position before this frame, so that this frame is the next one.
        var position = _first + candidate.Position(FrameRate.Common[rate]) - FrameRate.Common[rate].Period;
        (_rate, _index, _lockedFor, _misses) = (rate, 0, 0, 0);
        _anchor = Nanoseconds.ToTicks(position, MediaTime.VideoTimescale);
    }

    private void Reset(long time)
    {
        (_rate, _isFinal) = (-1, false);
        _requiredMatches = _lockedFor < DriftAfter ? Math.Min(2 * _requiredMatches, MaxRequiredMatches) : RequiredMatches;
        Restart(time);
    }

    private void Restart(long time)
    {
        (_first, _observed, _candidateMask) = (time, 0, (1u << FrameRate.Common.Length) - 1);
        Array.Clear(_candidates);
    }

    private long TicksAt(long index) => _anchor + FrameRate.Common[_rate].TicksOf(index);

    /// <summary>Candidate rate: number of elapsed frames, and spread of the times around it.</summary>
    private struct Candidate
    {
        private long _low;
        private long _high;

        /// <summary>Number of elapsed frames.</summary>
        public long Frames { get; private set; }

        public bool TryFit(long since, FrameRate rate)
        {
            var ahead = (since - Position(rate) + (rate.Period / 2)) / rate.Period;
            if (ahead < 1)
            {
                return false;
            }

            Frames += ahead;
            var error = since - rate.NanosecondsOf(Frames);
            (_low, _high) = (Math.Min(_low, error), Math.Max(_high, error));
            return _high - _low <= MaxSpread;
        }

        /// <summary>Time of the newest frame, at the center of the spread.</summary>
        public readonly long Position(FrameRate rate) => rate.NanosecondsOf(Frames) + ((_low + _high) / 2);
    }
}
