using Broadcast.Media;

namespace Broadcast.Ingest.Clock;

/// <summary>Constant frame rate as an exact fraction.</summary>
/// <param name="Frames">Number of frames in <paramref name="Seconds"/>.</param>
/// <param name="Seconds">Number of seconds.</param>
internal readonly record struct FrameRate(int Frames, int Seconds)
{
    private static readonly FrameRate[] List =
    [
        new(10, 1), new(12, 1), new(25, 2), new(15, 1), new(15_000, 1001), new(20, 1), new(24, 1), new(24_000, 1001), new(25, 1),
        new(30, 1), new(30_000, 1001), new(48, 1), new(48_000, 1001), new(50, 1), new(60, 1), new(60_000, 1001), new(100, 1),
        new(120, 1), new(120_000, 1001),
    ];

    /// <summary>Common frame rates. Of two similar rates, the more common one comes first.</summary>
    public static ReadOnlySpan<FrameRate> Common => List;

    /// <summary>Frames per second.</summary>
    public double PerSecond => (double)Frames / Seconds;

    /// <summary>Duration of a frame in nanoseconds, rounded down.</summary>
    public long Period => (long)Seconds * Nanoseconds.PerSecond / Frames;

    /// <summary>Indicates whether each timestamp can be assigned to one frame despite 10 ms of jitter.</summary>
    public bool IsDistinct => Period / 2 >= FrameRateEstimator.NextFrameTolerance;

    /// <summary>Returns the index in <see cref="Common"/> of a rate that a codec configuration declares; -1 for any other rate.</summary>
    public static int IndexOf(double framesPerSecond) =>
        Array.FindIndex(List, rate => Math.Abs(framesPerSecond - rate.PerSecond) < framesPerSecond * 0.0002);

    /// <summary>Time of a number of frames in nanoseconds.</summary>
    public long NanosecondsOf(long count) => (long)((Int128)count * Seconds * Nanoseconds.PerSecond / Frames);

    /// <summary>Time of a number of frames on the 90 kHz clock, rounded down. The number may be negative.</summary>
    public long TicksOf(long count)
    {
        var product = count * Seconds * MediaTime.VideoTimescale;
        return product >= 0 ? product / Frames : -((-product + Frames - 1) / Frames);
    }
}
