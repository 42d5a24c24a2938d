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

    private static readonly UpDownCounter<long> Connections = Telemetry.Meter.CreateUpDownCounter<long>(
        "broadcast_ingest_connections", "{connection}", "Open connections, publishing or not.");

    private static readonly UpDownCounter<long> Publishers = Telemetry.Meter.CreateUpDownCounter<long>(
        "broadcast_ingest_publishers", "{publisher}", "Connections that publish.");

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

    public static void Rejected(IngestRejection reason) => Rejections.Add(1, new KeyValuePair<string, object?>("reason", Reasons[reason]));
}
