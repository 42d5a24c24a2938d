using Broadcast.Media;

namespace Broadcast.Ingest.Clock;

/// <summary>
/// Timestamps audio frames by counting samples, which avoids millisecond rounding. When count and encoder clock drift apart, the count
/// follows by 1/512 of a frame, which is inaudible. Beyond 80 ms of difference, the count is corrected. When it is behind, it jumps forward
/// by whole frames, because the encoder omitted some. When it is ahead, frames are dropped until it no longer is. It never goes back.
/// </summary>
internal sealed class AudioClock
{
    /// <summary>
    /// Maximum difference between count and encoder, in milliseconds. It is below the threshold of noticeable A/V offset.
    /// </summary>
    public const int Tolerance = 80;

    /// <summary>Average difference above which the count follows, in milliseconds. The average covers some dozen frames.</summary>
    private const int DriftThreshold = 10;

    /// <summary>Divisor for the correction of a frame's duration.</summary>
    private const int CorrectionDivisor = 512;

    private const int Smoothing = 32;

    private long _next = -1;
    private int _timescale;
    private long _smoothed;
    private bool _isCorrecting;

    /// <summary>Number of forward jumps so far.</summary>
    public long Jumps { get; private set; }

    /// <summary>Number of dropped frames so far.</summary>
    public long Dropped { get; private set; }

    /// <summary>Assigns the time of the next frame.</summary>
    /// <param name="time">The encoder's time of the frame on the session's timeline, in nanoseconds.</param>
    /// <param name="timescale">Sample rate.</param>
    /// <param name="samplesPerFrame">Number of samples in the frame.</param>
    /// <param name="decode">Decode time of the frame.</param>
    /// <returns><see langword="false"/> when the frame must be dropped.</returns>
    public bool TryNext(long time, int timescale, int samplesPerFrame, out MediaTime decode)
    {
        var expected = Nanoseconds.ToTicks(time, timescale);
        if (_next < 0)
        {
            // Round up: audio that starts with the video must not start before it.
            expected = -Nanoseconds.ToTicks(-time, timescale);
            (_next, _timescale) = (expected, timescale);
        }
        else if (_timescale != timescale)
        {
            // The sample rate changed. Convert the time to the new timescale, rounded up so that it is not before the end of the old
            // frames.
            var converted = new MediaTime(_next, _timescale).Rescale(timescale).Ticks + 1;
            (_next, _timescale, _smoothed) = (Math.Max(converted, expected), timescale, 0);
        }

        var lag = expected - _next;
        var tolerance = (long)Tolerance * timescale / 1000;
        if (lag > tolerance)
        {
            _next += lag / samplesPerFrame * samplesPerFrame;
            (_smoothed, _isCorrecting) = (0, false);
            Jumps++;
        }

        decode = new MediaTime(_next, timescale);
        if (lag < -tolerance)
        {
            Dropped++;
            return false;
        }

        _next += samplesPerFrame + Correction(expected - _next, timescale, samplesPerFrame);
        return true;
    }

    /// <summary>Correction of the next frame's time, in samples.</summary>
    private long Correction(long lag, int timescale, int samplesPerFrame)
    {
        _smoothed += lag - (_smoothed / Smoothing);
        var drift = _smoothed / Smoothing;
        _isCorrecting = Math.Abs(drift) * 1000 > (long)DriftThreshold * timescale || (_isCorrecting && Math.Abs(drift) * 1000 > timescale);
        return _isCorrecting ? Math.Sign(drift) * Math.Max(1, samplesPerFrame / CorrectionDivisor) : 0;
    }
}
