using Broadcast.Media;

namespace Broadcast.Ingest.Clock;

/// <summary>
/// Timestamps video frames on the 90 kHz clock. Uses the exact frame rate where the encoder rounded it to milliseconds
/// (<see cref="FrameRateDetector"/>), and the encoder's times otherwise. Decode times always increase. A frame at or before the previous
/// one is placed one tick after it and counted. It is not dropped, because other frames may refer to it.
/// </summary>
internal sealed class VideoClock
{
    /// <summary>Maximum composition offset in either direction.</summary>
    public static readonly TimeSpan MaxOffset = TimeSpan.FromSeconds(10);

    private static readonly long MaxOffsetNanoseconds = Nanoseconds.From(MaxOffset);

    private readonly FrameRateDetector _detector = new();
    private double _declared;
    private long _last = -1;

    /// <summary>Number of frames whose decode time did not increase.</summary>
    public long Clamped { get; private set; }

    /// <summary>Detected constant frame rate; 0 when there is none.</summary>
    public double FramesPerSecond => _detector.FramesPerSecond;

    /// <summary>Sets the frame rate declared by the codec configuration; 0 when absent.</summary>
    public void SetDeclaredRate(double framesPerSecond)
    {
        if (framesPerSecond != _declared)
        {
            _declared = framesPerSecond;
            _detector.SetDeclaredRate(framesPerSecond);
        }
    }

    /// <summary>Assigns the times of the next frame.</summary>
    /// <param name="time">Decode time on the session's timeline, in nanoseconds.</param>
    /// <param name="compositionOffset">Presentation minus decode time, in nanoseconds.</param>
    public (MediaTime Decode, MediaTime Present) Next(long time, long compositionOffset)
    {
        var offset = Math.Clamp(compositionOffset, -MaxOffsetNanoseconds, MaxOffsetNanoseconds);
        var fits = _detector.TryAlign(time, out var decode);
        if (!fits)
        {
            decode = Nanoseconds.ToTicks(time, MediaTime.VideoTimescale);
        }

        // Do not compute this from the sum: equal offsets must give equal differences, or segments would seem to overlap.
        if (!fits || !_detector.TryOffset(offset, out var present))
        {
            present = decode + Nanoseconds.ToTicks(offset, MediaTime.VideoTimescale);
        }

        if (decode <= _last)
        {
            decode = _last + 1;
            Clamped++;
        }

        _last = decode;
        present = offset >= 0 ? Math.Max(present, decode) : present;
        return (new MediaTime(decode, MediaTime.VideoTimescale), new MediaTime(present, MediaTime.VideoTimescale));
    }
}
