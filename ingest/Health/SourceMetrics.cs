using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Broadcast.Media;

namespace Broadcast.Ingest.Health;

/// <summary>Gauges of the publications of this process, by stream. Where a channel has two, the older one counts.</summary>
internal static class SourceMetrics
{
    private static readonly ConcurrentDictionary<SourceMeter, byte> Meters = new();

    static SourceMetrics()
    {
        Gauge("broadcast_ingest_fps", "{frame}", "Pictures a second over the last 10 s.", r => r.Video?.FramesPerSecond);
        Gauge("broadcast_ingest_keyframe_interval_seconds", "s", "Last interval from keyframe to keyframe.", r => r.Video?.KeyframeInterval?.TotalSeconds);
        Gauge("broadcast_ingest_av_skew_seconds", "s", "How far sound comes ahead of its picture.", r => r.Video is null || r.Audio is null ? null : r.Skew.TotalSeconds);
        Gauge("broadcast_ingest_bits_per_second", "bit/s", "Media bits a second over the last 10 s.", r => r.BitsPerSecond);
        Gauge("broadcast_ingest_findings", "{finding}", "What could be better about the source, warnings and worse.", r => r.Findings.Count(f => f.Severity >= FindingSeverity.Warning));
    }

    public static void Watch(SourceMeter meter) => Meters[meter] = 0;

    public static void Unwatch(SourceMeter meter) => Meters.TryRemove(meter, out _);

    private static void Gauge(string name, string unit, string description, Func<SourceReport, double?> figure) =>
        Telemetry.Meter.CreateObservableGauge(name, () => Observe(figure), unit, description);

    private static IEnumerable<Measurement<double>> Observe(Func<SourceReport, double?> figure)
    {
        foreach (var channel in Meters.Keys.Where(m => m.Report is not null).GroupBy(m => m.Session.Channel))
        {
            if (figure(channel.MinBy(m => m.Report!.Since)!.Report!) is { } value)
            {
                yield return new Measurement<double>(value, new KeyValuePair<string, object?>("stream", channel.Key.Value));
            }
        }
    }
}
