using System.Numerics;

namespace Broadcast.Ingest.Clock;

/// <summary>
/// Estimates the constant frame rate behind jittering timestamps, from blocks of up to <see cref="BlockLength"/> frames. A rate fits a
/// block if all times stay close to its frame times. Rates that fit are compared by linear regression: the right one leaves no slope.
/// </summary>
/// <remarks>A block of times of a variable frame rate fits no rate, because the differences add up.</remarks>
internal sealed class FrameRateEstimator
{
    /// <summary>Maximum number of frames in a block.</summary>
    public const int BlockLength = 768;

    /// <summary>
    /// Maximum lateness at which a frame still counts as the next one, unless half a frame duration is longer; in nanoseconds.
    /// </summary>
    public const long NextFrameTolerance = 13_500_000;

    /// <summary>Maximum additional spread over a whole block, caused by the encoder's drift, in nanoseconds.</summary>
    private const long DriftSpread = 4 * Nanoseconds.PerMillisecond;

    /// <summary>Number of frames after which a block's average is reliable.</summary>
    public const int UnknownCenter = 16;

    /// <summary>Spread of times that jitter of 10 ms causes, in nanoseconds.</summary>
    public const long JitterSpread = 22 * Nanoseconds.PerMillisecond;

    /// <summary>Weight of a missing frame. Each frame reduces the sum.</summary>
    private const int DropWeight = 16;

    private const int MaxDrops = 3 * DropWeight;

    /// <summary>Maximum difference of an encoder's clock from its nominal rate: less than half of that between 30 and 29.97.</summary>
    private const double ClockTolerance = 0.000_45;

    /// <summary>Number of standard deviations beyond which a rate is not selected.</summary>
    private const double LikelyDeviations = 3;

    /// <summary>Number of standard deviations beyond which the rate in use is replaced. Many blocks are compared with it.</summary>
    private const double CertainDeviations = 4.5;

    private readonly Candidate[] _candidates = new Candidate[FrameRate.Common.Length];
    private uint _fitting;
    private long _first;

    /// <summary>Number of frames in the current block.</summary>
    public int Frames { get; private set; }

    /// <summary>Adds a frame to the block.</summary>
    /// <param name="time">The encoder's time of the frame, in nanoseconds.</param>
    /// <returns><see langword="false"/> when no rate fits the block with this frame. The frame begins a new block.</returns>
    public bool TryAdd(long time)
    {
        if (Frames is 0 or BlockLength)
        {
            Restart(time);
            return true;
        }

        Frames++;
        for (var remaining = _fitting; remaining != 0; remaining &= remaining - 1)
        {
            var rate = BitOperations.TrailingZeroCount(remaining);
            if (!_candidates[rate].TryFit(time - _first, FrameRate.Common[rate]))
            {
                _fitting &= ~(1u << rate);
            }
        }

        if (_fitting != 0)
        {
            return true;
        }

        Restart(time);
        return false;
    }

    /// <summary>Discards the block.</summary>
    public void Clear() => Frames = 0;

    /// <summary>Selects the rate of the block.</summary>
    /// <param name="current">Index of the rate in use; -1 without one. It is selected if it fits.</param>
    /// <param name="declared">Index of the declared rate; -1 without one. It is preferred to other rates that fit equally.</param>
    /// <param name="estimate">The rate of the block.</param>
    public bool TryEstimate(int current, int declared, out FrameRateEstimate estimate)
    {
        var best = -1;
        for (var remaining = _fitting; remaining != 0; remaining &= remaining - 1)
        {
            var rate = BitOperations.TrailingZeroCount(remaining);
            if (!_candidates[rate].IsPlausible(FrameRate.Common[rate], rate == current ? CertainDeviations : LikelyDeviations))
            {
                continue;
            }

            if (rate == current)
            {
                best = rate;
                break;
            }

            if (best < 0 || IsPreferred(rate, best, current, declared))
            {
                best = rate;
            }
        }

        estimate = best < 0 ? default : _candidates[best].Estimate(best, _first);
        return best >= 0;
    }

    private bool IsPreferred(int rate, int other, int current, int declared)
    {
        if (_candidates[rate].Dropped != _candidates[other].Dropped)
        {
            return _candidates[rate].Dropped < _candidates[other].Dropped;
        }

        // A rate that replaces another is known precisely. At first, the more common one of two similar rates is used.
        return current >= 0
            ? _candidates[rate].RelativeSlope(FrameRate.Common[rate]) < _candidates[other].RelativeSlope(FrameRate.Common[other])
            : rate == declared;
    }

    private void Restart(long time)
    {
        (_first, Frames, _fitting) = (time, 1, (1u << FrameRate.Common.Length) - 1);
        Array.Clear(_candidates);
        foreach (ref var candidate in _candidates.AsSpan())
        {
            candidate.Add(0);
        }
    }

    /// <summary>Candidate rate: position in frames, and sums for the regression of the errors on the position.</summary>
    private struct Candidate
    {
        private long _position;
        private long _low;
        private long _high;
        private long _drops;
        private int _count;
        private double _sumError;
        private double _sumErrorSquared;
        private double _sumPosition;
        private double _sumPositionSquared;
        private double _sumProduct;

        /// <summary>Number of missing frames.</summary>
        public readonly long Dropped => _position + 1 - _count;

        private readonly double Variance => _sumPositionSquared - (_sumPosition * _sumPosition / _count);

        private readonly double Slope => (_sumProduct - (_sumPosition * _sumError / _count)) / Variance;

        /// <summary>Standard deviation of the errors around the regression line, in nanoseconds.</summary>
        private readonly double Deviation
        {
            get
            {
                var total = _sumErrorSquared - (_sumError * _sumError / _count);
                return Math.Sqrt(Math.Max(0, total - (Slope * Slope * Variance)) / _count);
            }
        }

        public bool TryFit(long since, FrameRate rate)
        {
            var late = since - rate.NanosecondsOf(_position + 1);
            var center = (_low + _high) / 2;
            var limit = center + Math.Max(rate.Period / 2, NextFrameTolerance);
            limit = _count < UnknownCenter ? Math.Max(limit, _low + JitterSpread) : limit;
            var dropped = late > limit ? (late - center + (rate.Period / 2)) / rate.Period : 0;
            _position += 1 + dropped;
            Add(late - (dropped * rate.Period));

            // For high rates, a drop cannot be distinguished from jitter frame by frame.
            _drops = Math.Max(0, _drops - (rate.IsDistinct ? DropWeight / 4 : 1)) + (dropped * DropWeight);
            return _high - _low <= JitterSpread + (DriftSpread * _count / BlockLength) && _drops <= MaxDrops;
        }

        public void Add(long error)
        {
            (_low, _high) = (Math.Min(_low, error), Math.Max(_high, error));
            _count++;
            _sumError += error;
            _sumErrorSquared += (double)error * error;
            _sumPosition += _position;
            _sumPositionSquared += (double)_position * _position;
            _sumProduct += (double)_position * error;
        }

        /// <summary>Returns whether the slope can be explained by jitter and by the tolerance of the encoder's clock.</summary>
        /// <param name="rate">The rate.</param>
        /// <param name="deviations">Number of standard deviations that jitter may cause.</param>
        public readonly bool IsPlausible(FrameRate rate, double deviations) =>
            Math.Abs(Slope) <= (ClockTolerance * rate.Period) + (deviations * Deviation / Math.Sqrt(Variance));

        /// <summary>Absolute slope as a fraction of the frame duration.</summary>
        public readonly double RelativeSlope(FrameRate rate) => Math.Abs(Slope) / rate.Period;

        public readonly FrameRateEstimate Estimate(int rate, long first) =>
            new(rate, first + FrameRate.Common[rate].NanosecondsOf(_position) + (long)(_sumError / _count), (long)Deviation);
    }
}

/// <summary>Frame rate of a block.</summary>
/// <param name="Rate">Index in <see cref="FrameRate.Common"/>.</param>
/// <param name="Position">Time of the last frame without its jitter, in nanoseconds.</param>
/// <param name="Jitter">Standard deviation of the times, in nanoseconds.</param>
internal readonly record struct FrameRateEstimate(int Rate, long Position, long Jitter);
