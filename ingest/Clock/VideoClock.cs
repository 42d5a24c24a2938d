using Broadcast.Media;

namespace Broadcast.Ingest.Clock;

/// <summary>
/// Gives pictures their times on the 90 kHz clock. Decode times always rise: a picture at or before the last one is put one tick behind it (and counted),
/// rather than dropped, because others may refer to it.
/// </summary>
internal sealed class VideoClock
{
    /// <summary>Longest composition offset that is believed, milliseconds either way.</summary>
    public const int LongestOffset = 10_000;

    private const int TicksPerMillisecond = MediaTime.VideoTimescale / 1000;

    private const int NanosecondsPerMillisecond = 1_000_000;

    private long _last = -1;

    /// <summary>Pictures whose decode time did not rise.</summary>
    public long Clamped { get; private set; }

    /// <summary>Times of the next picture.</summary>
    /// <param name="milliseconds">Its decode time on the session's timeline.</param>
    /// <param name="compositionOffset">Presentation minus decode time, milliseconds.</param>
    /// <param name="nanoseconds">What is to be added to the decode time, 0 to 999,999.</param>
    public (MediaTime Decode, MediaTime Present) Next(long milliseconds, int compositionOffset, int nanoseconds = 0)
    {
        var decode = (milliseconds * TicksPerMillisecond) + (nanoseconds * TicksPerMillisecond / NanosecondsPerMillisecond);
        var offset = Math.Clamp(compositionOffset, -LongestOffset, LongestOffset) * (long)TicksPerMillisecond;
        var present = decode + offset;
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
