using System.Diagnostics.Metrics;
using Broadcast.Media;

namespace Broadcast.Packager;

/// <summary>What the room counts.</summary>
internal static class PackagerMetrics
{
    private static readonly Counter<long> Dropped = Telemetry.Meter.CreateCounter<long>(
        "broadcast_samples_dropped", "{sample}", "Samples lost because the next stage was too slow.");

    private static readonly Counter<long> Parts = Telemetry.Meter.CreateCounter<long>(
        "broadcast_packager_parts", "{part}", "Parts written and announced.");

    private static readonly Counter<long> Bytes = Telemetry.Meter.CreateCounter<long>(
        "broadcast_packager_bytes", "By", "Bytes of media written.");

    private static readonly Histogram<double> Delay = Telemetry.Meter.CreateHistogram(
        "broadcast_packager_delay_seconds", "s", "From the arrival of a part's end at the server to when the part is announced: what switch, encoder and packager take.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30] });

    private static readonly Counter<long> Segments = Telemetry.Meter.CreateCounter<long>(
        "broadcast_packager_segments", "{segment}", "Segments closed.");

    private static readonly Counter<long> Gaps = Telemetry.Meter.CreateCounter<long>(
        "broadcast_packager_gaps", "{segment}", "Segments for which a rendition had nothing.");

    private static readonly Counter<long> LostParts = Telemetry.Meter.CreateCounter<long>(
        "broadcast_packager_parts_lost", "{part}", "Parts lost because the data folder could not be written.");

    private static readonly Counter<long> Pictures = Telemetry.Meter.CreateCounter<long>(
        "broadcast_packager_pictures", "{picture}", "Posters and sheets of thumbnails written.");

    public static void Lost(ChannelName channel, string reason, long count) => Dropped.Add(
        count, new("component", "packager"), new("stream", channel.Value), new("reason", reason));

    /// <param name="channel">Whose it is.</param>
    /// <param name="part">What was written.</param>
    /// <param name="now">The time.</param>
    public static void Part(ChannelName channel, TimelineEvent.PartReady part, DateTimeOffset now)
    {
        KeyValuePair<string, object?> stream = new("stream", channel.Value), label = new("rendition", part.Rendition);
        Parts.Add(1, stream, label);
        Bytes.Add(part.Length, stream, label);

        // An encoder whose clock is fast is a little ahead of its arrival.
        Delay.Record(Math.Max(0, (now - part.WallClock - part.Duration.ToTimeSpan()).TotalSeconds), stream, label);
    }

    public static void Segment(ChannelName channel, string rendition) => Segments.Add(1, new("stream", channel.Value), new("rendition", rendition));

    public static void Gap(ChannelName channel, string rendition) => Gaps.Add(1, new("stream", channel.Value), new("rendition", rendition));

    public static void PartLost(ChannelName channel, string rendition) => LostParts.Add(1, new("stream", channel.Value), new("rendition", rendition));

    public static void Picture(ChannelName channel, SessionPicture picture) =>
        Pictures.Add(1, new("stream", channel.Value), new("kind", picture is SessionPicture.Poster ? "poster" : "sheet"));
}
