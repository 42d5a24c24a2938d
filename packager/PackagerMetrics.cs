using System.Diagnostics.Metrics;
using Broadcast.Media;
using Broadcast.Media.Timeline;

namespace Broadcast.Packager;

/// <summary>Metrics of the packager.</summary>
internal static class PackagerMetrics
{
    private static readonly Counter<long> Dropped = Telemetry.Meter.CreateCounter<long>(
        "broadcast_samples_dropped", "{sample}", "Samples lost because the next stage was too slow.");

    private static readonly Counter<long> Parts = Telemetry.Meter.CreateCounter<long>(
        "broadcast_packager_parts", "{part}", "Parts written and announced.");

    private static readonly Counter<long> Bytes = Telemetry.Meter.CreateCounter<long>(
        "broadcast_packager_bytes", "By", "Bytes of media written.");

    private static readonly Histogram<double> Delay = Telemetry.Meter.CreateHistogram(
        "broadcast_packager_delay_seconds", "s",
        "Time from the arrival of a part's end to its announcement: failover, encoder and packager.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30] });

    private static readonly Counter<long> Segments = Telemetry.Meter.CreateCounter<long>(
        "broadcast_packager_segments", "{segment}", "Segments closed.");

    private static readonly Counter<long> Gaps = Telemetry.Meter.CreateCounter<long>(
        "broadcast_packager_gaps", "{segment}", "Segments announced as gaps, by rendition.");

    private static readonly Counter<long> LostParts = Telemetry.Meter.CreateCounter<long>(
        "broadcast_packager_parts_lost", "{part}", "Parts lost because the data folder was not writable.");

    private static readonly Counter<long> Images = Telemetry.Meter.CreateCounter<long>(
        "broadcast_packager_pictures", "{image}", "Posters and sprite sheets written.");

    public static void Lost(ChannelName channel, string reason, long count) => Dropped.Add(
        count, new("component", "packager"), new("stream", channel.Value), new("reason", reason));

    /// <param name="channel">Channel of the session.</param>
    /// <param name="part">Part that was written.</param>
    /// <param name="now">Current time.</param>
    public static void Part(ChannelName channel, TimelineEvent.PartReady part, DateTimeOffset now)
    {
        KeyValuePair<string, object?> stream = new("stream", channel.Value), label = new("rendition", part.Rendition);
        Parts.Add(1, stream, label);
        Bytes.Add(part.Length, stream, label);

        // An encoder with a fast clock is slightly ahead of its arrival.
        Delay.Record(Math.Max(0, (now - part.WallClock - part.Duration.ToTimeSpan()).TotalSeconds), stream, label);
    }

    public static void Segment(ChannelName channel, string rendition) =>
        Segments.Add(1, new("stream", channel.Value), new("rendition", rendition));

    public static void Gap(ChannelName channel, string rendition) => Gaps.Add(1, new("stream", channel.Value), new("rendition", rendition));

    public static void PartLost(ChannelName channel, string rendition) =>
        LostParts.Add(1, new("stream", channel.Value), new("rendition", rendition));

    public static void Image(ChannelName channel, SessionImage image) =>
        Images.Add(1, new("stream", channel.Value), new("kind", image is SessionImage.Poster ? "poster" : "sheet"));
}
