using System.Diagnostics.Metrics;
using System.Text.Json;
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
        "broadcast_ingest_malformed", "{message}", "Audio and video messages that were malformed or undecodable.");

    private static readonly Counter<long> Rejections = Telemetry.Meter.CreateCounter<long>(
        "broadcast_ingest_rejections", "{connection}", "Rejected or terminated connections, by reason.");

    private static readonly Counter<long> ProtocolErrors = Telemetry.Meter.CreateCounter<long>(
        "broadcast_ingest_protocol_errors", "{message}", "Violations of the rules in docs/hostile-input.md, by rule number.");

    private static readonly Counter<long> AcceptPauses = Telemetry.Meter.CreateCounter<long>(
        "broadcast_ingest_accept_pauses", "{pause}", "Pauses of 100 ms in accepting encoders, for lack of file descriptors or memory.");

    private static readonly Counter<long> OverBitrateSeconds = Telemetry.Meter.CreateCounter<long>(
        "broadcast_ingest_over_bitrate", "s", "Seconds in which an encoder sent more than Ingest:MaxMegabitsPerSecond.");

    private static readonly UpDownCounter<long> Connections = Telemetry.Meter.CreateUpDownCounter<long>(
        "broadcast_ingest_connections", "{connection}", "Open connections, publishing or not.");

    private static readonly UpDownCounter<long> Publishers = Telemetry.Meter.CreateUpDownCounter<long>(
        "broadcast_ingest_publishers", "{publisher}", "Connections that are publishing.");

    private static readonly Counter<long> Jumps = Telemetry.Meter.CreateCounter<long>(
        "broadcast_ingest_timestamp_jumps", "{jump}", "Jumps of encoder timestamps, by direction.");

    private static readonly Dictionary<IngestRejectionReason, string> Reasons =
        Enum.GetValues<IngestRejectionReason>().ToDictionary(r => r, r => JsonNamingPolicy.SnakeCaseLower.ConvertName(r.ToString()));

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
            Jumps.Add(forward, new("stream", channel.Value), new("dir", "forward"));
        }

        if (back > 0)
        {
            Jumps.Add(back, new("stream", channel.Value), new("dir", "back"));
        }
    }

    public static void Rejected(IngestRejectionReason reason) => Rejections.Add(1, new KeyValuePair<string, object?>("reason", Reasons[reason]));
}
