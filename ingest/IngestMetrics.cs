using System.Diagnostics.Metrics;
using Broadcast.Media;

namespace Broadcast.Ingest;

/// <summary>Metrics of ingest.</summary>
internal static class IngestMetrics
{
    private static readonly Counter<long> Bytes =
        Telemetry.Meter.CreateCounter<long>("broadcast_ingest_bytes", "By", "Bytes received from publishers.");

    private static readonly Counter<long> Samples =
        Telemetry.Meter.CreateCounter<long>("broadcast_ingest_samples", "{sample}", "Frames received from publishers.");

    private static readonly Counter<long> Malformed = Telemetry.Meter.CreateCounter<long>(
        "broadcast_ingest_malformed", "{message}", "Unusable audio and video messages.");

    private static readonly Counter<long> Rejections = Telemetry.Meter.CreateCounter<long>(
        "broadcast_ingest_rejections", "{connection}", "Rejected or terminated connections, by reason.");

    private static readonly Counter<long> ProtocolErrors = Telemetry.Meter.CreateCounter<long>(
        "broadcast_ingest_protocol_errors", "{message}", "Violations of the rules in docs/hostile-input.md, by rule number.");

    private static readonly Counter<long> AcceptPauses = Telemetry.Meter.CreateCounter<long>(
        "broadcast_ingest_accept_pauses", "{pause}", "Pauses of 100 ms in accepting encoders, for lack of file descriptors or memory.");

    private static readonly Counter<long> OverBitrateSeconds = Telemetry.Meter.CreateCounter<long>(
        "broadcast_ingest_over_bitrate_seconds", "s", "Seconds in which an encoder sent more than Ingest:MaxMegabitsPerSecond.");

    private static readonly UpDownCounter<long> Connections = Telemetry.Meter.CreateUpDownCounter<long>(
        "broadcast_ingest_connections", "{connection}", "Open connections, publishing or not.");

    private static readonly UpDownCounter<long> Publishers = Telemetry.Meter.CreateUpDownCounter<long>(
        "broadcast_ingest_publishers", "{publisher}", "Connections that are publishing.");

    private static readonly Counter<long> Jumps = Telemetry.Meter.CreateCounter<long>(
        "broadcast_ingest_timestamp_jumps", "{jump}", "Jumps of encoder timestamps, by direction.");

    public static void Connected() => Connections.Add(1);

    public static void Disconnected() => Connections.Add(-1);

    public static void PublishingStarted() => Publishers.Add(1);

    public static void PublishingEnded() => Publishers.Add(-1);

    public static void Received(long bytes) => Bytes.Add(bytes);

    public static void MediaReceived(long samples, long malformed)
    {
        Samples.Add(samples);
        if (malformed > 0)
        {
            Malformed.Add(malformed);
        }
    }

    /// <param name="rule">Number of the rule, such as <c>H13</c>. Nothing is counted when it is empty.</param>
    public static void RuleViolated(string rule)
    {
        if (rule.Length > 0)
        {
            ProtocolErrors.Add(1, new KeyValuePair<string, object?>("rule", rule));
        }
    }

    public static void AcceptPaused() => AcceptPauses.Add(1);

    public static void BitrateExceeded(long seconds) => OverBitrateSeconds.Add(seconds);

    public static void TimestampsJumped(ChannelName channel, int forward, int back)
    {
        if (forward > 0)
        {
            Jumps.Add(forward, new("channel", channel.Value), new("direction", "forward"));
        }

        if (back > 0)
        {
            Jumps.Add(back, new("channel", channel.Value), new("direction", "backward"));
        }
    }

    public static void Rejected(IngestRejectionReason reason) =>
        Rejections.Add(1, new KeyValuePair<string, object?>("reason", LabelOf(reason)));

    /// <summary>The metric label value of a reason.</summary>
    public static string LabelOf(IngestRejectionReason reason) => reason switch
    {
        IngestRejectionReason.NotRtmp => "not_rtmp",
        IngestRejectionReason.HttpOnRtmpPort => "http_on_rtmp_port",
        IngestRejectionReason.TlsOnRtmpPort => "tls_on_rtmp_port",
        IngestRejectionReason.HandshakeTimeout => "handshake_timeout",
        IngestRejectionReason.PublishTimeout => "publish_timeout",
        IngestRejectionReason.NoMedia => "no_media",
        IngestRejectionReason.NoKeyframe => "no_keyframe",
        IngestRejectionReason.Silence => "input_loss",
        IngestRejectionReason.Unreachable => "unreachable",
        IngestRejectionReason.WriteTimeout => "write_timeout",
        IngestRejectionReason.TooManyConnections => "too_many_connections",
        IngestRejectionReason.GaveWay => "evicted",
        IngestRejectionReason.InvalidProxyHeader => "invalid_proxy_header",
        IngestRejectionReason.TooMuchBeforePublish => "too_much_before_publish",
        IngestRejectionReason.MessageTooLarge => "message_too_large",
        IngestRejectionReason.TooManyChunkStreams => "too_many_chunk_streams",
        IngestRejectionReason.PartialMemory => "too_much_partial_data",
        IngestRejectionReason.InvalidChunkSize => "invalid_chunk_size",
        IngestRejectionReason.InvalidChunk => "invalid_chunk",
        IngestRejectionReason.InvalidControl => "invalid_control",
        IngestRejectionReason.InvalidAmf => "invalid_amf",
        IngestRejectionReason.InvalidCommand => "invalid_command",
        IngestRejectionReason.Flood => "flood",
        IngestRejectionReason.TooMuchNonsense => "too_many_unknown_messages",
        IngestRejectionReason.UnknownApplication => "unknown_application",
        IngestRejectionReason.PlayRefused => "play_not_supported",
        IngestRejectionReason.UnsupportedCodec => "unsupported_codec",
        IngestRejectionReason.ConfigurationFlood => "configuration_flood",
        IngestRejectionReason.OverBitrate => "bitrate_too_high",
        IngestRejectionReason.FrameTooLarge => "frame_too_large",
        IngestRejectionReason.FrameRateTooHigh => "frame_rate_too_high",
        IngestRejectionReason.UnknownKey => "unknown_key",
        IngestRejectionReason.ChannelBusy => "channel_busy",
        IngestRejectionReason.EventOver => "event_ended",
        IngestRejectionReason.TooManyAttempts => "too_many_attempts",
        IngestRejectionReason.AuthorityUnavailable => "authorization_unavailable",
        IngestRejectionReason.ShuttingDown => "shutting_down",
        IngestRejectionReason.Revoked => "revoked",
        IngestRejectionReason.Superseded => "superseded",
        IngestRejectionReason.PipelineFailed => "pipeline_failed",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "The reason has no metric label."),
    };
}
