using Broadcast.Media;

namespace Broadcast.Ingest.Clock;

/// <summary>
/// Conversions for nanoseconds, ingest's time unit. It covers Enhanced RTMP's nanosecond offsets, and 292 years fit into a
/// <see cref="long"/>.
/// </summary>
internal static class Nanoseconds
{
    public const int PerSecond = 1_000_000_000;

    public const long PerMillisecond = 1_000_000;

    public static long From(TimeSpan time) => time.Ticks * TimeSpan.NanosecondsPerTick;

    public static TimeSpan ToTimeSpan(long nanoseconds) => TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick);

    /// <summary>Converts nanoseconds to ticks of another timescale, rounded down.</summary>
    public static long ToTicks(long nanoseconds, int timescale) => new MediaTime(nanoseconds, PerSecond).Rescale(timescale).Ticks;

    /// <summary>Converts ticks of the 90 kHz clock to nanoseconds, rounded towards zero.</summary>
    public static long FromVideoTicks(long ticks) => ticks * (PerSecond / 10_000) / (MediaTime.VideoTimescale / 10_000);
}
