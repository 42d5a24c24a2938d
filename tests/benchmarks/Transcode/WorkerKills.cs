using System.Diagnostics;
using System.Globalization;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// Kills workers with kill -9 during encoding, at random instants, each in a new stage. Measures the interruption of each rung and the
/// missing frames.
/// </summary>
internal static class WorkerKills
{
    private const double LongestGap = 1.5;
    private const int Seed = 1;

    /// <summary>Time to continue after the kill; longer than a segment.</summary>
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(4);

    /// <summary>Runs the kills, half of them with each latency profile.</summary>
    public static async Task RunAsync(TranscodePlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        var source = await CodedSource.MakeAsync(shared, 854, 480, 30, 10, 1.5, progress);
        var report = new Report($"Kill -9 of the worker, {plan.Kills} times, 480p30 with keyframes every 2 s",
            "seconds without a new frame", ["p50", "p95", "longest", "frames missing", "sync samples missing"]);
        reports.Add(report);
        var random = new Random(Seed);
        var all = new Dictionary<string, List<Aftermaths>>();
        for (var kill = 1; kill <= plan.Kills; kill++)
        {
            var latency = kill % 2 == 0 ? "low" : "standard";
            foreach (var (rung, seen) in await KillAsync(source, latency, TimeSpan.FromSeconds(1 + (2 * random.NextDouble()))))
            {
                var row = $"{latency}: {rung}";
                all.TryAdd(row, []);
                all[row].Add(seen);
                progress(string.Create(CultureInfo.InvariantCulture,
                    $"kill {kill} of {plan.Kills}: {row} {seen.Gap:0.00} s, {seen.Missing} frames and {seen.MissingSync} sync samples missing"));
            }
        }

        foreach (var (row, seen) in all.OrderBy(r => r.Key, StringComparer.Ordinal))
        {
            var p50 = Sample.Median(seen.Select(s => s.Gap));
            report.Add(row, Aim.Under(LongestGap, p50).For("p50"), p50, Sample.Percentile(seen.Select(s => s.Gap), 0.95),
                seen.Max(s => s.Gap), seen.Sum(s => s.Missing), seen.Sum(s => s.MissingSync));
        }
    }

    private static async Task<List<(string Rung, Aftermaths Seen)>> KillAsync(CodedSource source, string latency, TimeSpan life)
    {
        await using var stage = new StageUnderTest(source.Frames[0].Track, latency);
        using var stop = new CancellationTokenSource();
        var feeding = Feeder.LiveAsync(stage, source, stop.Token);

        // Has caught up with the frames that arrived during its startup.
        await stage.ReachAsync(source.At(source.Rate * 2).Present.Ticks);
        await Task.Delay(life, TimeProvider.System);
        var worker = ChildrenMeter.Running().Single();
        var killed = Stopwatch.GetTimestamp();
        (await ChildProcess.RunAsync("kill", ["-KILL", $"{worker}"])).EnsureSuccess();
        await Task.Delay(Aftermath, TimeProvider.System);
        await stop.CancelAsync();
        var given = await feeding;
        await stage.EndAsync();
        return [.. stage.Rungs.Select(r => (r, Look(source, stage.Seen(r), given, killed)))];
    }

    private static Aftermaths Look(CodedSource source, IReadOnlyList<SeenFrame> seen, long given, long killed)
    {
        var came = seen.ToDictionary(p => p.Present);
        var (missing, missingSync) = (0, 0);
        for (long number = 0; number < given; number++)
        {
            var wanted = source.At(number);
            var has = came.TryGetValue(wanted.Present.Ticks, out var frame);
            missing += has ? 0 : 1;
            missingSync += wanted.IsSync && !(has && frame.IsSync) ? 1 : 0;
        }

        var gap = seen.Zip(seen.Skip(1)).Where(p => p.Second.At >= killed)
            .Max(p => Stopwatch.GetElapsedTime(p.First.At, p.Second.At).TotalSeconds);
        return new Aftermaths(gap, missing, missingSync);
    }

    /// <summary>Effect of a kill on a rung.</summary>
    /// <param name="Gap">Longest interval between two frames after the kill, in seconds.</param>
    /// <param name="Missing">Frames of the source that are missing.</param>
    /// <param name="MissingSync">Sync samples of the source that are missing or not sync samples.</param>
    private sealed record Aftermaths(double Gap, int Missing, int MissingSync);
}
