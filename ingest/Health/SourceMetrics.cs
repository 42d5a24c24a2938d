using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Ingest.Health;

/// <summary>Gauges of this process's publications, by channel. Where a channel has two publications, the older one counts.</summary>
internal static class SourceMetrics
{
    private static readonly ConcurrentDictionary<SourceMeter, byte> Meters = new();

    static SourceMetrics()
    {
        Gauge("broadcast_ingest_fps", "{frame}", "Frame rate over the last 10 s.", r => r.Video?.FramesPerSecond);
        Gauge("broadcast_ingest_keyframe_interval_seconds", "s", "Last interval between keyframes.",
            r => r.Video?.KeyframeInterval?.TotalSeconds);
        Gauge("broadcast_ingest_av_skew_seconds", "s", "Time by which audio is ahead of video.",
            r => r.Video is null || r.Audio is null ? null : r.AvSkew.TotalSeconds);
        Gauge("broadcast_ingest_bits_per_second", "bit/s", "Media bit rate over the last 10 s.", r => r.BitsPerSecond);
        Gauge("broadcast_ingest_issues", "{issue}", "Health issues of the source, warnings and errors.",
            r => r.Issues.Count(f => f.Severity >= IssueSeverity.Warning));
    }

    public static void Add(SourceMeter meter) => Meters[meter] = 0;

    public static void Remove(SourceMeter meter) => Meters.TryRemove(meter, out _);

    private static void Gauge(string name, string unit, string description, Func<SourceReport, double?> selector) =>
        Telemetry.Meter.CreateObservableGauge(name, () => Observe(selector), unit, description);

    private static IEnumerable<Measurement<double>> Observe(Func<SourceReport, double?> selector)
    {
        foreach (var channel in Meters.Keys.Where(m => m.Report is not null).GroupBy(m => m.Session.Channel))
        {
            if (selector(channel.MinBy(m => m.Report!.Since)!.Report!) is { } value)
            {
                yield return new Measurement<double>(value, new KeyValuePair<string, object?>("channel", channel.Key.Value));
            }
        }
    }
}
