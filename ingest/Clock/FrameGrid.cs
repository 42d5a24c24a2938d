using System.Numerics;
using Broadcast.Media;

namespace Broadcast.Ingest.Clock;

/// <summary>
/// Finds the constant frame rate behind times that an encoder rounded to milliseconds (33, 33, 34 …), and gives the exact times of it. They are never further than
/// <see cref="Limit"/> from the encoder's, and follow its clock where that drifts. Times that fit no usual rate are left alone: a frame rate that varies stays as it is.
/// </summary>
internal sealed class FrameGrid
{
    /// <summary>Furthest from the encoder's time, nanoseconds.</summary>
    public const long Limit = Nanoseconds.PerMillisecond;

    /// <summary>Distance that is the encoder's rounding: beyond it the grid follows.</summary>
    private const long Slack = 750_000;

    /// <summary>Most that rounding to milliseconds, of whatever kind, scatters times.</summary>
    private const long Scatter = 1_050_000;

    /// <summary>Frames that must fit a rate.</summary>
    private const int Proof = 8;

    /// <summary>Proof at most, after rates that fitted did not last.</summary>
    private const int LongestProof = 512;

    /// <summary>Frames after which a rate is not doubted any more; it may drift then.</summary>
    private const int Settled = 900;

    /// <summary>Frames after which a rate that does not fit to the end is one that drifts.</summary>
    private const int Drifts = 40;

    /// <summary>What a miss weighs; each fit takes one off.</summary>
    private const int Miss = 4;

    private const int MaxMisses = 3 * Miss;

    /// <summary>Frames in so many seconds; where two are as good as the same for a while, the likelier first.</summary>
    private static readonly (int Frames, int Seconds)[] Rates =
    [
        (10, 1), (12, 1), (25, 2), (15, 1), (15_000, 1001), (20, 1), (24, 1), (24_000, 1001), (25, 1), (30, 1), (30_000, 1001),
        (48, 1), (48_000, 1001), (50, 1), (60, 1), (60_000, 1001), (100, 1), (120, 1), (120_000, 1001),
    ];

    private readonly Candidate[] _candidates = new Candidate[Rates.Length];
    private uint _alive;
    private int _expected = -1;
    private int _watched;
    private int _proof = Proof;
    private long _first;
    private bool _settled;

    private int _rate = -1;
    private int _lockedFor;
    private int _misses;
    private long _anchor;
    private long _index;

    /// <summary>Frames a second where a rate is found; 0 where none is.</summary>
    public double FramesPerSecond => _rate < 0 ? 0 : (double)Rates[_rate].Frames / Rates[_rate].Seconds;

    /// <summary>The rate that the codec configuration claims: it is preferred where it fits.</summary>
    public void Expect(double framesPerSecond) =>
        _expected = Array.FindIndex(Rates, rate => Math.Abs(framesPerSecond - ((double)rate.Frames / rate.Seconds)) < framesPerSecond * 0.0002);

    /// <summary>Places the next frame.</summary>
    /// <param name="time">The encoder's time for it, nanoseconds.</param>
    /// <param name="ticks">Its time on the 90 kHz clock.</param>
    /// <returns><see langword="false"/> when it does not fit.</returns>
    public bool TryPlace(long time, out long ticks)
    {
        Watch(time);
        ticks = 0;
        if (_rate < 0)
        {
            return false;
        }

        var period = Period(_rate);
        var ahead = (time - InNanoseconds(TicksAt(_index)) + (period / 2)) / period;
        var error = ahead < 1 ? long.MaxValue : time - InNanoseconds(TicksAt(_index + ahead));
        if (Math.Abs(error) > Limit && error != long.MaxValue)
        {
            error = long.MaxValue;
        }

        if (error == long.MaxValue)
        {
            _misses += Miss;
            if (_misses >= MaxMisses)
            {
                Begin(time);
            }

            return false;
        }

        if (Math.Abs(error) > Slack)
        {
            // By steps that are too small to be seen in the length of a frame.
            var nudge = Math.Min(Math.Abs(error) - Slack + (Slack / 4), period / 200);
            _anchor += Math.Sign(error) * Math.Max(1, Nanoseconds.ToTicks(nudge, MediaTime.VideoTimescale));
        }

        _misses = Math.Max(0, _misses - 1);
        _lockedFor++;
        _index += ahead;
        ticks = TicksAt(_index);
        var (frames, seconds) = Rates[_rate];
        if (_index >= frames)
        {
            _anchor += _index / frames * seconds * MediaTime.VideoTimescale;
            _index %= frames;
        }

        return true;
    }

    /// <summary>Where a composition offset from the frame last placed leads: to another place of the grid when the offset is a number of frames, but for its rounding.</summary>
    public bool TryOffset(long offset, out long ticks)
    {
        var period = Period(_rate);
        var frames = (offset + (Math.Sign(offset) * period / 2)) / period;
        ticks = TicksAt(_index + frames);
        return Math.Abs(offset - (frames * period)) <= Limit;
    }

    /// <summary>Watches which rates the times fit, until one has stood the test.</summary>
    private void Watch(long time)
    {
        if (_settled)
        {
            return;
        }

        if (_alive == 0)
        {
            Restart(time);
            return;
        }

        _watched++;
        for (var left = _alive; left != 0; left &= left - 1)
        {
            var rate = BitOperations.TrailingZeroCount(left);
            if (!_candidates[rate].TryFit(time - _first, Rates[rate]))
            {
                _alive &= ~(1u << rate);
            }
        }

        if (_rate >= 0 && (_alive & (1u << _rate)) != 0)
        {
            _settled = _watched >= Settled;
        }
        else if (_rate >= 0 && _lockedFor >= Drifts && _alive == 0)
        {
            _settled = true;
        }
        else if (_alive == 0)
        {
            _proof = _rate >= 0 ? Math.Min(2 * _proof, LongestProof) : _proof;
            _rate = -1;
            Restart(time);
        }
        else if (_watched >= _proof)
        {
            Lock(time);
        }
    }

    private void Lock(long time)
    {
        var fitting = _alive;
        for (var left = _alive; left != 0; left &= left - 1)
        {
            // A rate of which most frames are missing is none.
            if (_candidates[BitOperations.TrailingZeroCount(left)].Frames > 2 * _watched)
            {
                fitting &= ~(left & (~left + 1));
            }
        }

        if (fitting == 0)
        {
            return;
        }

        var rate = _expected >= 0 && (fitting & (1u << _expected)) != 0 ? _expected : BitOperations.TrailingZeroCount(fitting);
        ref var candidate = ref _candidates[rate];

        // The place before this frame, so that this frame is the next.
        var place = _first + candidate.Place(Rates[rate]) - Period(rate);
        (_rate, _index, _lockedFor, _misses) = (rate, 0, 0, 0);
        _anchor = Nanoseconds.ToTicks(place, MediaTime.VideoTimescale);
    }

    private void Begin(long time)
    {
        (_rate, _settled) = (-1, false);
        _proof = _lockedFor < Drifts ? Math.Min(2 * _proof, LongestProof) : Proof;
        Restart(time);
    }

    private void Restart(long time)
    {
        (_first, _watched, _alive) = (time, 0, (1u << Rates.Length) - 1);
        Array.Clear(_candidates);
    }

    private long TicksAt(long index)
    {
        var (frames, seconds) = Rates[_rate];
        var product = index * seconds * MediaTime.VideoTimescale;
        return _anchor + (product >= 0 ? product / frames : -((-product + frames - 1) / frames));
    }

    private static long Period(int rate) => (long)Rates[rate].Seconds * Nanoseconds.PerSecond / Rates[rate].Frames;

    private static long InNanoseconds(long ticks) => ticks * (Nanoseconds.PerSecond / 10_000) / (MediaTime.VideoTimescale / 10_000);

    /// <summary>A rate that may be the one: how many frames of it have passed, and how far the times scatter around it.</summary>
    private struct Candidate
    {
        private long _low;
        private long _high;

        /// <summary>Frames that have passed.</summary>
        public long Frames { get; private set; }

        public bool TryFit(long since, (int Frames, int Seconds) rate)
        {
            var period = (long)rate.Seconds * Nanoseconds.PerSecond / rate.Frames;
            var ahead = (since - Place(rate) + (period / 2)) / period;
            if (ahead < 1)
            {
                return false;
            }

            Frames += ahead;
            var error = since - At(rate);
            (_low, _high) = (Math.Min(_low, error), Math.Max(_high, error));
            return _high - _low <= Scatter;
        }

        /// <summary>The newest frame's time, amid the scatter.</summary>
        public readonly long Place((int Frames, int Seconds) rate) => At(rate) + ((_low + _high) / 2);

        private readonly long At((int Frames, int Seconds) rate) => (long)((Int128)Frames * rate.Seconds * Nanoseconds.PerSecond / rate.Frames);
    }
}
