using Broadcast.Media;

namespace Broadcast.Ingest.Clock;

/// <summary>
/// Gives sound its times by counting samples, which no rounding to milliseconds can make uneven. Where count and encoder's clock drift apart, the count follows by a
/// fraction of a per cent, which nobody hears. When they are more than 80 ms apart the count gives way: behind, it jumps forward by whole frames (the encoder left
/// some out); ahead, frames are left out until it is no longer ahead. It never goes back.
/// </summary>
internal sealed class AudioClock
{
    /// <summary>Milliseconds that count and encoder may be apart: less than anyone notices between lips and voice.</summary>
    public const int Tolerance = 80;

    /// <summary>Milliseconds, on the average of some dozen frames, from which on the count follows.</summary>
    private const int Drift = 10;

    /// <summary>The part of a frame by which it may be longer or shorter.</summary>
    private const int Elasticity = 512;

    private const int Smoothing = 32;

    private long _next = -1;
    private int _timescale;
    private long _smoothed;
    private bool _follows;

    /// <summary>Jumps forward so far.</summary>
    public long Jumps { get; private set; }

    /// <summary>Frames left out so far.</summary>
    public long Dropped { get; private set; }

    /// <summary>Time of the next frame.</summary>
    /// <param name="time">The encoder's time for it on the session's timeline, nanoseconds.</param>
    /// <param name="timescale">Samples a second.</param>
    /// <param name="samplesPerFrame">Samples in it.</param>
    /// <param name="decode">Its time.</param>
    /// <returns><see langword="false"/> when the frame is to be left out.</returns>
    public bool TryNext(long time, int timescale, int samplesPerFrame, out MediaTime decode)
    {
        var expected = Nanoseconds.ToTicks(time, timescale);
        if (_next < 0)
        {
            // Rounded up: sound that begins with the picture does not begin before it.
            expected = -Nanoseconds.ToTicks(-time, timescale);
            (_next, _timescale) = (expected, timescale);
        }
        else if (_timescale != timescale)
        {
            // Another sample rate: the same instant on the new clock, rounded up, so that it is not before the end of the old one.
            var same = new MediaTime(_next, _timescale).Rescale(timescale).Ticks + 1;
            (_next, _timescale, _smoothed) = (Math.Max(same, expected), timescale, 0);
        }

        var behind = expected - _next;
        var tolerance = (long)Tolerance * timescale / 1000;
        if (behind > tolerance)
        {
            _next += behind / samplesPerFrame * samplesPerFrame;
            (_smoothed, _follows) = (0, false);
            Jumps++;
        }

        decode = new MediaTime(_next, timescale);
        if (behind < -tolerance)
        {
            Dropped++;
            return false;
        }

        _next += samplesPerFrame + Correction(expected - _next, timescale, samplesPerFrame);
        return true;
    }

    /// <summary>By how many samples the next frame comes later or earlier than the count says.</summary>
    private long Correction(long behind, int timescale, int samplesPerFrame)
    {
        _smoothed += behind - (_smoothed / Smoothing);
        var drift = _smoothed / Smoothing;
        _follows = Math.Abs(drift) * 1000 > (long)Drift * timescale || (_follows && Math.Abs(drift) * 1000 > timescale);
        return _follows ? Math.Sign(drift) * Math.Max(1, samplesPerFrame / Elasticity) : 0;
    }
}
