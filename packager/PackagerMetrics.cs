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

    public static void Part(ChannelName channel, string rendition, long bytes)
    {
        KeyValuePair<string, object?> stream = new("stream", channel.Value), label = new("rendition", rendition);
        Parts.Add(1, stream, label);
        Bytes.Add(bytes, stream, label);
    }

    public static void Segment(ChannelName channel, string rendition) => Segments.Add(1, new("stream", channel.Value), new("rendition", rendition));

    public static void Gap(ChannelName channel, string rendition) => Gaps.Add(1, new("stream", channel.Value), new("rendition", rendition));

    public static void PartLost(ChannelName channel, string rendition) => LostParts.Add(1, new("stream", channel.Value), new("rendition", rendition));

    public static void Picture(ChannelName channel, SessionPicture picture) =>
        Pictures.Add(1, new("stream", channel.Value), new("kind", picture is SessionPicture.Poster ? "poster" : "sheet"));
}
