using System.Diagnostics.Metrics;

namespace Broadcast.Media;

/// <summary>Stages that drop samples when the next stage is too slow.</summary>
public enum PipelineStage
{
    /// <summary>The ingest connections.</summary>
    Ingest,

    /// <summary>The distribution of a publication to renditions and encoders.</summary>
    Transcoder,

    /// <summary>The video encoders.</summary>
    Encoder,

    /// <summary>The audio encoders.</summary>
    AudioEncoder,

    /// <summary>The packager.</summary>
    Packager,
}

/// <summary>The counter of dropped samples, which all stages share.</summary>
public static class DroppedSamples
{
    private static readonly Counter<long> Dropped = Telemetry.Meter.CreateCounter<long>(
        "broadcast_samples_dropped", "{sample}", "Frames dropped because the next stage was too slow, by stage.");

    /// <summary>Counts one sample.</summary>
    /// <param name="stage">Stage that dropped the sample.</param>
    public static void Count(PipelineStage stage) => Dropped.Add(1, new KeyValuePair<string, object?>("stage", LabelOf(stage)));

    /// <summary>Counts samples of a channel.</summary>
    /// <param name="stage">Stage that dropped the samples.</param>
    /// <param name="channel">Channel of the samples.</param>
    /// <param name="reason">Reason in snake_case, from a fixed set.</param>
    /// <param name="count">Number of samples.</param>
    public static void Count(PipelineStage stage, ChannelName channel, string reason, long count) =>
        Dropped.Add(count, new("stage", LabelOf(stage)), new("channel", channel.Value), new("reason", reason));

    /// <summary>The metric label value of a stage.</summary>
    public static string LabelOf(PipelineStage stage) => stage switch
    {
        PipelineStage.Ingest => "ingest",
        PipelineStage.Transcoder => "transcoder",
        PipelineStage.Encoder => "encoder",
        PipelineStage.AudioEncoder => "audio_encoder",
        PipelineStage.Packager => "packager",
        _ => throw new ArgumentOutOfRangeException(nameof(stage), stage, "The stage has no metric label."),
    };
}
