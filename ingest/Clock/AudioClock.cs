using Broadcast.Media;

namespace Broadcast.Ingest.Clock;

/// <summary>
/// Gives sound its times by counting samples, which no rounding to milliseconds can make uneven. When the count and the encoder's clock are more than
/// 80 ms apart the count gives way: behind, it jumps forward by whole frames (the encoder left some out); ahead, frames are left out until it is no
/// longer ahead. It never goes back.
/// </summary>
internal sealed class AudioClock
{
    /// <summary>Milliseconds that count and encoder may be apart: less than anyone notices between lips and voice.</summary>
    public const int Tolerance = 80;

    private long _next = -1;
    private int _timescale;

    /// <summary>Jumps forward so far.</summary>
    public long Jumps { get; private set; }

    /// <summary>Frames left out so far.</summary>
    public long Dropped { get; private set; }

    /// <summary>Time of the next frame.</summary>
    /// <param name="milliseconds">The encoder's time for it on the session's timeline.</param>
    /// <param name="timescale">Samples a second.</param>
    /// <param name="samplesPerFrame">Samples in it.</param>
    /// <param name="decode">Its time.</param>
    /// <param name="nanoseconds">What is to be added to <paramref name="milliseconds"/>, 0 to 999,999.</param>
    /// <returns><see langword="false"/> when the frame is to be left out.</returns>
    public bool TryNext(long milliseconds, int timescale, int samplesPerFrame, out MediaTime decode, int nanoseconds = 0)
    {
        var expected = (milliseconds * timescale / 1000) + ((long)nanoseconds * timescale / 1_000_000_000);
        if (_next < 0)
        {
            (_next, _timescale) = (expected, timescale);
        }
        else if (_timescale != timescale)
        {
            // Another sample rate: the same instant on the new clock, rounded up, so that it is not before the end of the old one.
            var same = new MediaTime(_next, _timescale).Rescale(timescale).Ticks + 1;
            (_next, _timescale) = (Math.Max(same, expected), timescale);
        }

        var behind = expected - _next;
        var tolerance = (long)Tolerance * timescale / 1000;
        if (behind > tolerance)
        {
            _next += behind / samplesPerFrame * samplesPerFrame;
            Jumps++;
        }

        decode = new MediaTime(_next, timescale);
        if (behind < -tolerance)
        {
            Dropped++;
            return false;
        }

        _next += samplesPerFrame;
        return true;
    }
}
