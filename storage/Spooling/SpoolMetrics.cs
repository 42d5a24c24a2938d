using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Broadcast.Media;

namespace Broadcast.Storage.Spooling;

/// <summary>The room's instruments. The gauges sum over the spools of this process, of which there is one outside of tests.</summary>
internal static class SpoolMetrics
{
    private static readonly ConcurrentDictionary<Spool, bool> Spools = new();

    private static readonly Counter<long> Uploaded = Telemetry.Meter.CreateCounter<long>(
        "broadcast_uploads_total", description: "Objects that the store took from the spool.");

    private static readonly Counter<long> UploadFailures = Telemetry.Meter.CreateCounter<long>(
        "broadcast_upload_failures_total", description: "Uploads that failed, by reason; each is tried again. Normally 0.");

    private static readonly Histogram<double> UploadSeconds = Telemetry.Meter.CreateHistogram<double>(
        "broadcast_upload_seconds", "s", "How long an object took to go up.");

    static SpoolMetrics()
    {
        Telemetry.Meter.CreateObservableGauge("broadcast_spool_bytes", () => Spools.Keys.Sum(s => s.DiskBytes), "By", "Bytes on disk that wait for the store or still grow.");
        Telemetry.Meter.CreateObservableGauge("broadcast_spool_kept_bytes", () => Spools.Keys.Sum(s => s.KeptBytes), "By", "Bytes on disk that the store has too, for viewers of the live window.");
        Telemetry.Meter.CreateObservableGauge("broadcast_spool_memory_bytes", () => Spools.Keys.Sum(s => s.MemoryBytes), "By", "Bytes of young media in memory.");
        Telemetry.Meter.CreateObservableGauge("broadcast_spool_hot_bytes", () => Spools.Keys.Sum(s => s.HotBytes), "By", "Bytes of whole objects in memory because viewers asked for them: kept, or still being sent.");
        Telemetry.Meter.CreateObservableGauge("broadcast_upload_queue_objects", () => Spools.Keys.Sum(s => s.Status().WaitingFiles), description: "Sealed files that the store does not have yet. Normally near 0.");
        Telemetry.Meter.CreateObservableGauge(
            "broadcast_upload_queue_oldest_seconds", () => Spools.Keys.Select(s => s.Status().OldestWaiting.TotalSeconds).DefaultIfEmpty().Max(), "s", "How long the oldest of them has waited.");
    }

    public static void Add(Spool spool) => Spools[spool] = true;

    public static void Remove(Spool spool) => Spools.TryRemove(spool, out _);

    public static void Succeeded(TimeSpan duration)
    {
        Uploaded.Add(1);
        UploadSeconds.Record(duration.TotalSeconds);
    }

    /// <param name="reason">One of a handful of words: a fault's name, or conflict, local, lost.</param>
    public static void Failed(string reason) => UploadFailures.Add(1, new KeyValuePair<string, object?>("reason", reason));
}
