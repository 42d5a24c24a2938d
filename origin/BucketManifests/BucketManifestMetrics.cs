using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Broadcast.Media;

namespace Broadcast.Origin.BucketManifests;

/// <summary>Metrics of bucket manifests. The gauge covers all publishers of the process; outside of tests there is one.</summary>
internal static class BucketManifestMetrics
{
    private static readonly ConcurrentDictionary<BucketManifestPublisher, bool> Writers = new();

    private static readonly Counter<long> ManifestsWritten = Telemetry.Meter
        .CreateCounter<long>("broadcast_bucket_manifests_written", "{manifest}", "Playlists and MPDs written to the bucket.");

    private static readonly Counter<long> Failures = Telemetry.Meter.CreateCounter<long>(
        "broadcast_bucket_manifest_failures", "{pass}", "Failed writes of a session's bucket manifests; each is retried. Normally 0.");

    static BucketManifestMetrics() => Telemetry.Meter.CreateObservableGauge(
        "broadcast_bucket_manifest_age_seconds", () => Writers.Keys.Select(writer => writer.Age.TotalSeconds).DefaultIfEmpty().Max(), "s",
        "Time since the manifests of a live session last listed all of its stored media; maximum. Normally below two segments.");

    /// <summary>Registers a publisher.</summary>
    public static void Add(BucketManifestPublisher writer) => Writers[writer] = true;

    /// <summary>Unregisters a publisher.</summary>
    public static void Remove(BucketManifestPublisher writer) => Writers.TryRemove(writer, out _);

    /// <summary>Counts a written manifest.</summary>
    public static void Written() => ManifestsWritten.Add(1);

    /// <summary>Counts a failed attempt.</summary>
    public static void Failed() => Failures.Add(1);
}
