using System.Diagnostics.Metrics;
using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Packager.Segmentation;

namespace Broadcast.Packager;

/// <summary>Metrics of the packager.</summary>
internal static class PackagerMetrics
{
    private static readonly Counter<long> Parts = Telemetry.Meter.CreateCounter<long>(
        "broadcast_packager_parts", "{part}", "Parts written and announced.");

    private static readonly Counter<long> Bytes = Telemetry.Meter.CreateCounter<long>(
        "broadcast_packager_bytes", "By", "Media bytes written.");

    private static readonly Histogram<double> Delay = Telemetry.Meter.CreateHistogram(
        "broadcast_packager_delay_seconds", "s",
        "Time from the arrival of a part's end to its announcement: failover, encoder and packager.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30] });

    private static readonly Counter<long> Segments = Telemetry.Meter.CreateCounter<long>(
        "broadcast_packager_segments", "{segment}", "Segments closed.");

    private static readonly Counter<long> Gaps = Telemetry.Meter.CreateCounter<long>(
        "broadcast_packager_gaps", "{segment}", "Segments announced as gaps.");

    private static readonly Counter<long> LostParts = Telemetry.Meter.CreateCounter<long>(
        "broadcast_packager_parts_lost", "{part}", "Parts lost because the data folder was not writable.");

    private static readonly Counter<long> Images = Telemetry.Meter.CreateCounter<long>(
        "broadcast_packager_images", "{image}", "Posters and sprite sheets written.");

    private static readonly Counter<long> ReleasedSessions = Telemetry.Meter.CreateCounter<long>(
        "broadcast_packager_sessions_released", "{session}",
        "Sessions no longer served because another server has the channel on air.");

    /// <summary>Counts samples that the segmenter dropped.</summary>
    public static void Dropped(ChannelName channel, SampleDropReason reason, long count) =>
        DroppedSamples.Count(PipelineStage.Packager, channel, LabelOf(reason), count);

    /// <summary>Counts a sample dropped because the data folder cannot be written.</summary>
    public static void DroppedOnDiskFailure(ChannelName channel) =>
        DroppedSamples.Count(PipelineStage.Packager, channel, "disk_failure", 1);

    /// <summary>Counts a sample that arrived after the end of its session.</summary>
    public static void DroppedAfterEnd(ChannelName channel) => DroppedSamples.Count(PipelineStage.Packager, channel, "session_ended", 1);

    /// <summary>The metric label value of a reason.</summary>
    public static string LabelOf(SampleDropReason reason) => reason switch
    {
        SampleDropReason.BeforeSync => "before_sync",
        SampleDropReason.Disordered => "out_of_order",
        SampleDropReason.Late => "late",
        SampleDropReason.Overlong => "segment_too_long",
        SampleDropReason.ConfigurationChange => "configuration_change",
        SampleDropReason.Waiting => "too_many_waiting",
        SampleDropReason.ShortEnd => "short_end",
        SampleDropReason.TooManyRenditions => "too_many_renditions",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "The reason has no metric label."),
    };

    /// <param name="channel">Channel of the session.</param>
    /// <param name="part">Part that was written.</param>
    /// <param name="now">Current time.</param>
    public static void Part(ChannelName channel, TimelineEvent.PartReady part, DateTimeOffset now)
    {
        KeyValuePair<string, object?> channelLabel = new("channel", channel.Value), renditionLabel = new("rendition", part.Rendition);
        Parts.Add(1, channelLabel, renditionLabel);
        Bytes.Add(part.Length, channelLabel, renditionLabel);

        // An encoder with a fast clock is slightly ahead of its arrival.
        Delay.Record(Math.Max(0, (now - part.WallClock - part.Duration.ToTimeSpan()).TotalSeconds), channelLabel, renditionLabel);
    }

    public static void Segment(ChannelName channel, string rendition) =>
        Segments.Add(1, new("channel", channel.Value), new("rendition", rendition));

    public static void Gap(ChannelName channel, string rendition) =>
        Gaps.Add(1, new("channel", channel.Value), new("rendition", rendition));

    public static void PartLost(ChannelName channel, string rendition) =>
        LostParts.Add(1, new("channel", channel.Value), new("rendition", rendition));

    /// <summary>Counts a session that is no longer served because another server has its channel on air.</summary>
    public static void Released(ChannelName channel) =>
        ReleasedSessions.Add(1, new KeyValuePair<string, object?>("channel", channel.Value));

    public static void Image(ChannelName channel, SessionImage image) =>
        Images.Add(1, new("channel", channel.Value), new("kind", image is SessionImage.Poster ? "poster" : "sprite_sheet"));
}
