using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Broadcast.Media;

namespace Broadcast.Storage.Spooling;

/// <summary>Instruments of the storage module. Gauges sum over all spools of the process; there is one except in tests.</summary>
internal static class SpoolMetrics
{
    private static readonly ConcurrentDictionary<Spool, bool> Spools = new();

    private static readonly Counter<long> Uploaded = Telemetry.Meter.CreateCounter<long>(
        "broadcast_uploads_total", description: "Objects uploaded from the spool.");

    private static readonly Counter<long> UploadFailures = Telemetry.Meter.CreateCounter<long>(
        "broadcast_upload_failures_total", description: "Failed uploads, by reason; each is retried. Normally 0.");

    private static readonly Histogram<double> UploadSeconds = Telemetry.Meter.CreateHistogram<double>(
        "broadcast_upload_seconds", "s", "Duration of an object's upload.");

    static SpoolMetrics()
    {
        Telemetry.Meter.CreateObservableGauge("broadcast_spool_bytes", () => Spools.Keys.Sum(s => s.DiskBytes), "By",
            "Bytes on disk in open files and files waiting for upload.");
        Telemetry.Meter.CreateObservableGauge("broadcast_spool_retained_bytes", () => Spools.Keys.Sum(s => s.RetainedBytes), "By",
            "Bytes on disk in uploaded files that are retained for viewers.");
        Telemetry.Meter.CreateObservableGauge(
            "broadcast_spool_memory_bytes", () => Spools.Keys.Sum(s => s.MemoryBytes), "By", "Bytes of recently appended media in memory.");
        Telemetry.Meter.CreateObservableGauge("broadcast_object_cache_bytes", () => Spools.Keys.Sum(s => s.ObjectCacheBytes), "By",
            "Bytes of whole objects in memory, cached or being sent to viewers.");
        Telemetry.Meter.CreateObservableGauge("broadcast_spool_deletions_failing", () => Spools.Keys.Sum(s => s.FailingDeletions),
            description: "Objects and folders whose deletion failed and is retried. Normally 0.");
        Telemetry.Meter.CreateObservableGauge("broadcast_upload_queue_objects", () => Spools.Keys.Sum(s => s.Status().WaitingFiles),
            description: "Sealed files waiting for upload. Normally near 0.");
        Telemetry.Meter.CreateObservableGauge(
            "broadcast_upload_queue_oldest_seconds", () => Spools.Keys.Select(s => s.Status().OldestWaiting.TotalSeconds).DefaultIfEmpty()
            .Max(), "s", "Waiting time of the oldest sealed file.");
    }

    public static void Add(Spool spool) => Spools[spool] = true;

    public static void Remove(Spool spool) => Spools.TryRemove(spool, out _);

    public static void Succeeded(TimeSpan duration)
    {
        Uploaded.Add(1);
        UploadSeconds.Record(duration.TotalSeconds);
    }

    /// <param name="reason">A snake_case reason: the name of an error kind, or conflict, local, lost.</param>
    public static void Failed(string reason) => UploadFailures.Add(1, new KeyValuePair<string, object?>("reason", reason));
}
