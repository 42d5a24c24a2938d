using Broadcast.Media;

namespace Broadcast.Ingest.Clock;

/// <summary>
/// Gives pictures their times on the 90 kHz clock: those of the real frame rate where the encoder rounded that to milliseconds (<see cref="FrameGrid"/>), otherwise the
/// encoder's. Decode times always rise: a picture at or before the last one is put one tick behind it (and counted), rather than dropped, because others may refer to it.
/// </summary>
internal sealed class VideoClock
{
    /// <summary>Longest composition offset that is believed, either way.</summary>
    public static readonly TimeSpan LongestOffset = TimeSpan.FromSeconds(10);

    private static readonly long Longest = Nanoseconds.Of(LongestOffset);

    private readonly FrameGrid _grid = new();
    private double _expected;
    private long _last = -1;

    /// <summary>Pictures whose decode time did not rise.</summary>
    public long Clamped { get; private set; }

    /// <summary>Frames a second where they are constant; 0 where not.</summary>
    public double FramesPerSecond => _grid.FramesPerSecond;

    /// <summary>Tells which frame rate the codec configuration claims; 0 when it claims none.</summary>
    public void Expect(double framesPerSecond)
    {
        if (framesPerSecond != _expected)
        {
            _expected = framesPerSecond;
            _grid.Expect(framesPerSecond);
        }
    }

    /// <summary>Times of the next picture.</summary>
    /// <param name="time">Its decode time on the session's timeline, nanoseconds.</param>
    /// <param name="compositionOffset">Presentation minus decode time, nanoseconds.</param>
    public (MediaTime Decode, MediaTime Present) Next(long time, long compositionOffset)
    {
        var offset = Math.Clamp(compositionOffset, -Longest, Longest);
        var fits = _grid.TryPlace(time, out var decode);
        if (!fits)
        {
            decode = Nanoseconds.ToTicks(time, MediaTime.VideoTimescale);
        }

        // Not from the sum: presentation less decode time has to be the same for the same offset, or segments would seem to overlap.
        if (!fits || !_grid.TryOffset(offset, out var present))
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
