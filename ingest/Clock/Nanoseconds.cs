using Broadcast.Media;

namespace Broadcast.Ingest.Clock;

/// <summary>The unit of encoders' and sessions' times in this room: fine enough for Enhanced RTMP's nanosecond offsets, and 292 years fit.</summary>
internal static class Nanoseconds
{
    public const int PerSecond = 1_000_000_000;

    public const long PerMillisecond = 1_000_000;

    public static long Of(TimeSpan time) => time.Ticks * TimeSpan.NanosecondsPerTick;

    public static TimeSpan ToTimeSpan(long nanoseconds) => TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick);

    /// <summary>The same instant in ticks of another clock, rounded down.</summary>
    public static long ToTicks(long nanoseconds, int timescale) => new MediaTime(nanoseconds, PerSecond).Rescale(timescale).Ticks;
}
