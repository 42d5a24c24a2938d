using System.Diagnostics.Metrics;
using System.Text.Json;
using Broadcast.Media;

namespace Broadcast.Ingest;

/// <summary>What ingest counts.</summary>
internal static class IngestMetrics
{
    private static readonly Counter<long> Bytes = Telemetry.Meter.CreateCounter<long>("broadcast_ingest_bytes", "By", "Bytes received from publishers.");

    private static readonly Counter<long> Samples = Telemetry.Meter.CreateCounter<long>("broadcast_ingest_samples", "{sample}", "Frames received from publishers.");

    private static readonly Counter<long> Malformed = Telemetry.Meter.CreateCounter<long>(
        "broadcast_ingest_malformed", "{message}", "Audio and video messages that could not be used.");

    private static readonly Counter<long> Rejections = Telemetry.Meter.CreateCounter<long>(
        "broadcast_ingest_rejections", "{connection}", "Connections that were sent away, by reason.");

    private static readonly Counter<long> ProtocolErrors = Telemetry.Meter.CreateCounter<long>(
        "broadcast_ingest_protocol_errors", "{message}", "Messages and connections that broke a rule of docs/hostile-input.md, by its number.");

    private static readonly Counter<long> AcceptPauses = Telemetry.Meter.CreateCounter<long>(
        "broadcast_ingest_accept_pauses", "{pause}", "Pauses of a tenth of a second in which no encoder could be accepted, because file descriptors or memory had run out.");

    private static readonly Counter<long> OverBitrateSeconds = Telemetry.Meter.CreateCounter<long>(
        "broadcast_ingest_over_bitrate", "s", "Seconds in which an encoder sent more than Ingest:MaxMegabitsPerSecond.");

    private static readonly UpDownCounter<long> Connections = Telemetry.Meter.CreateUpDownCounter<long>(
        "broadcast_ingest_connections", "{connection}", "Open connections, publishing or not.");

    private static readonly UpDownCounter<long> Publishers = Telemetry.Meter.CreateUpDownCounter<long>(
        "broadcast_ingest_publishers", "{publisher}", "Connections that publish.");

    private static readonly Counter<long> Jumps = Telemetry.Meter.CreateCounter<long>(
        "broadcast_ingest_timestamp_jumps", "{jump}", "Jumps of encoders' clocks, by direction.");

    private static readonly Dictionary<IngestRejection, string> Reasons =
        Enum.GetValues<IngestRejection>().ToDictionary(r => r, r => JsonNamingPolicy.SnakeCaseLower.ConvertName(r.ToString()));

    public static void Connected() => Connections.Add(1);

    public static void Disconnected() => Connections.Add(-1);

    public static void PublishingBegan() => Publishers.Add(1);

    public static void PublishingEnded() => Publishers.Add(-1);

    public static void Received(long bytes) => Bytes.Add(bytes);

    public static void Took(long samples, long malformed)
    {
        Samples.Add(samples);
        if (malformed > 0)
        {
            Malformed.Add(malformed);
        }
    }

    /// <param name="rule">Its number, such as <c>H13</c>; nothing is counted when it is empty.</param>
    public static void Broke(string rule)
    {
        if (rule.Length > 0)
        {
            ProtocolErrors.Add(1, new KeyValuePair<string, object?>("rule", rule));
        }
    }

    public static void CouldNotAccept() => AcceptPauses.Add(1);

    public static void WasOverBitrate(long seconds) => OverBitrateSeconds.Add(seconds);

    public static void Jumped(ChannelName channel, int forward, int back)
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

    public static void Rejected(IngestRejection reason) => Rejections.Add(1, new KeyValuePair<string, object?>("reason", Reasons[reason]));
}
