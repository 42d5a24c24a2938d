using System.Globalization;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>Sizes of a session whose encoder is lost once a minute, over simulated weeks. They should not grow.</summary>
internal static class LongRunBenchmark
{
    /// <summary>Growth that still counts as none: numbers get more digits.</summary>
    private const double MaxGrowth = 1.1;

    /// <summary>Maximum managed memory of the process, which has one session.</summary>
    private const double MaxManagedKilobytes = 5000;

    /// <summary>Runs the parts and adds a report for each.</summary>
    public static async Task RunAsync(LongRunPlan plan, List<Report> reports, Action<string> progress)
    {
        foreach (var part in plan.Parts)
        {
            var folder = MemoryFolder.Create();
            await using var _ = folder;
            await using var session = new FlappingSession(folder.Sub("spool"), isRecorded: part == "recorded");
            var started = TimeProvider.System.GetTimestamp();
            var sizes = new List<SessionSizes>();
            foreach (var minutes in plan.Minutes)
            {
                await session.RunAsync((int)(minutes - session.Outages), CancellationToken.None);
                sizes.Add(await session.MeasureAsync(CancellationToken.None));
                progress(string.Create(CultureInfo.InvariantCulture,
                    $"{part}: {minutes} outages after {TimeProvider.System.GetElapsedTime(started).TotalSeconds:0} s: {sizes[^1]}"));
            }

            var report = new Report($"Flapping encoder, {part} session", "KB",
                [.. plan.Minutes.Select(minutes => string.Create(CultureInfo.InvariantCulture, $"{minutes / 1440.0:0.##} days"))]);
            Add(report, "Checkpoint", sizes, size => size.CheckpointBytes);
            Add(report, "Media playlist", sizes, size => size.PlaylistBytes);
            Add(report, "MPD", sizes, size => size.MpdBytes);
            report.Add("Managed memory", Aim.AtMost(MaxManagedKilobytes, sizes[^1].ManagedBytes / 1000.0),
                [.. sizes.Select(size => (double?)size.ManagedBytes / 1000)]);
            reports.Add(report);
        }
    }

    private static void Add(Report report, string row, List<SessionSizes> sizes, Func<SessionSizes, long> select) =>
        report.Add(row, Aim.AtMost(MaxGrowth, (double)select(sizes[^1]) / select(sizes[0])).For("growth"),
            [.. sizes.Select(size => (double?)select(size) / 1000)]);
}
