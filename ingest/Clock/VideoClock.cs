using Broadcast.Media;

namespace Broadcast.Ingest.Clock;

/// <summary>
/// Timestamps video frames on the 90 kHz clock. Uses the exact frame rate where the encoder rounded it to milliseconds
/// (<see cref="FrameRateDetector"/>) or where its times jitter around it (<see cref="FrameGrid"/>), and the encoder's times otherwise.
/// Decode times always increase. A frame at or before the previous one is placed one tick after it and counted. It is not dropped, because
/// other frames may refer to it.
/// </summary>
internal sealed class VideoClock
{
    /// <summary>Maximum composition offset in either direction.</summary>
    public static readonly TimeSpan MaxOffset = TimeSpan.FromSeconds(10);

    private static readonly long MaxOffsetNanoseconds = Nanoseconds.From(MaxOffset);

    private readonly FrameRateDetector _detector = new();
    private readonly FrameGrid _grid = new();
    private double _declared;
    private int _exactFrames;
    private bool _usesGrid;
    private long _last = -1;

    /// <summary>Number of frames whose decode time did not increase.</summary>
    public long Clamped { get; private set; }

    /// <summary>Detected constant frame rate; 0 when there is none.</summary>
    public double FramesPerSecond => _usesGrid ? _grid.FramesPerSecond : _detector.FramesPerSecond;

    /// <summary>Sets the frame rate declared by the codec configuration; 0 when absent.</summary>
    public void SetDeclaredRate(double framesPerSecond)
    {
        if (framesPerSecond != _declared)
        {
            _declared = framesPerSecond;
            _detector.SetDeclaredRate(framesPerSecond);
            _grid.SetDeclaredRate(framesPerSecond);
        }
    }

    /// <summary>Assigns the times of the next frame.</summary>
    /// <param name="time">Decode time on the session's timeline, in nanoseconds.</param>
    /// <param name="compositionOffset">Presentation minus decode time, in nanoseconds.</param>
    /// <param name="slew">Part of the decode time that aligns the timeline with wall-clock time (<see cref="EncoderClock.Slew"/>), in
    /// nanoseconds. It is subtracted before the frame rate is detected.</param>
    public (MediaTime Decode, MediaTime Present) Next(long time, long compositionOffset, long slew = 0)
    {
        var offset = Math.Clamp(compositionOffset, -MaxOffsetNanoseconds, MaxOffsetNanoseconds);
        if (TryAlign(time - slew, offset, out var decode, out var present))
        {
            var slewed = Nanoseconds.ToTicks(slew, MediaTime.VideoTimescale);
            (decode, present) = (decode + slewed, present + slewed);
        }
        else
        {
            decode = Nanoseconds.ToTicks(time, MediaTime.VideoTimescale);
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

    private bool TryAlign(long time, long offset, out long decode, out long present)
    {
        // Both observe every frame.
        var isExact = _detector.TryAlign(time, out decode);
        var isOnGrid = _grid.TryAlign(time, out var slot);
        _exactFrames = isExact ? _exactFrames + 1 : 0;
        _usesGrid = _grid.IsActive && (_usesGrid ? _exactFrames < FrameGrid.RequiredFrames : !isExact);
        if (_usesGrid)
        {
            decode = slot;
            present = isOnGrid ? _grid.Offset(offset) : 0;
            return isOnGrid;
        }

        present = 0;
        if (isExact && !_detector.TryOffset(offset, out present))
        {
            // Do not compute this from the sum: equal offsets must give equal differences, or segments would seem to overlap.
            present = decode + Nanoseconds.ToTicks(offset, MediaTime.VideoTimescale);
        }

        return isExact;
    }
}
