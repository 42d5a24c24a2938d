using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Broadcast.Media;

namespace Broadcast.Origin.BucketLists;

/// <summary>What is counted of lists in the bucket. The gauge is over the writers of this process, of which there is one outside of tests.</summary>
internal static class BucketListMetrics
{
    private static readonly ConcurrentDictionary<BucketListWriter, bool> Writers = new();

    private static readonly Counter<long> Lists = Telemetry.Meter.CreateCounter<long>("broadcast_bucket_lists_written", "{list}", "Playlists and MPDs put into the bucket.");

    private static readonly Counter<long> Failures = Telemetry.Meter.CreateCounter<long>(
        "broadcast_bucket_list_failures", "{round}", "Rounds of putting a session's lists into the bucket that failed; each is tried again. Normally 0.");

    static BucketListMetrics() => Telemetry.Meter.CreateObservableGauge(
        "broadcast_bucket_list_age_seconds", () => Writers.Keys.Select(writer => writer.Age.TotalSeconds).DefaultIfEmpty().Max(), "s",
        "How long ago the bucket last had all lists of a session that is on air as new as its media there; of the session of which that is longest. Normally below two segments.");

    /// <summary>A writer has begun.</summary>
    public static void Add(BucketListWriter writer) => Writers[writer] = true;

    /// <summary>A writer has ended.</summary>
    public static void Remove(BucketListWriter writer) => Writers.TryRemove(writer, out _);

    /// <summary>A list was put.</summary>
    public static void Written() => Lists.Add(1);

    /// <summary>A round failed.</summary>
    public static void Failed() => Failures.Add(1);
}
