using System.Globalization;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// CPU time of a ladder: the product's stage with its worker, a bare ffmpeg with the same arguments, and one process per rung. All get the
/// same frames from memory or tmpfs, as fast as possible; the result is CPU time, not elapsed time.
/// </summary>
internal static class EncodeCost
{
    private const double MostOfBare = 1.05;
    private const string Bare = "bare ffmpeg, decoding once";

    /// <summary>Measures both latency profiles.</summary>
    public static async Task RunAsync(TranscodePlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        var source = await CodedSource.MakeAsync(shared, 1920, 1080, 30, plan.CostSeconds, 6, progress);
        var report = new Report(
            "CPU time of 1080p30 → source, 720p, 480p, 360p, 240p", "seconds per second of media, user and system",
            ["total", "in ffmpeg", "in the server's process", "of bare ffmpeg"]);
        reports.Add(report);
        foreach (var latency in new[] { "standard", "low" })
        {
            await RunAsync(plan, source, latency, report, progress);
        }
    }

    private static async Task RunAsync(TranscodePlan plan, CodedSource source, string latency, Report report, Action<string> progress)
    {
        List<Cost> ours = [], bare = [], each = [];
        await OursAsync(source, latency, count: 5 * source.Rate);
        for (var round = 1; round <= plan.Rounds; round++)
        {
            var (cost, command) = await OursAsync(source, latency, source.Frames.Count);
            ours.Add(cost);
            bare.Add(await OfAsync(source, [command.Bare(source.Path)]));
            each.Add(await OfAsync(source, command.OneByOne(source.Path)));
            progress(
                $"{latency}, round {round} of {plan.Rounds}: Broadcast {ours[^1]}, bare ffmpeg {bare[^1]}, one process per rung {each[^1]}");
        }

        var reference = Median(bare).All;
        Add($"{latency}: Broadcast", Median(ours), Aim.AtMost(MostOfBare, Median(ours).All / reference).For("ratio"));
        Add($"{latency}: {Bare}", Median(bare), Aim.None);
        Add($"{latency}: one process per rung", Median(each), Aim.None);

        void Add(string row, Cost cost, Aim aim) => report.Add(row, aim, cost.All, cost.Workers, cost.Own > 0 ? cost.Own : null,
            cost.All / reference);
    }

    private static async Task<(Cost Cost, WorkerCommand Command)> OursAsync(CodedSource source, string latency, int count)
    {
        var meter = new ChildrenMeter();
        WorkerCommand command;
        IReadOnlyList<int> came;
        await using (var stage = new StageUnderTest(source.Frames[0].Track, latency, new ManualTimeProvider()))
        {
            var feeding = Feeder.FastAsync(stage, source, 0, count);
            await stage.ReachAsync(0);
            command = WorkerCommand.OfRunning();
            await feeding;
            await stage.EndAsync();
            came = [.. stage.Rungs.Select(r => stage.Seen(r).Count)];
        }

        return came.Count > 0 && came.All(c => c == count)
            ? (new Cost(meter.Children / count * source.Rate, meter.Self / count * source.Rate), command)
            : throw new InvalidOperationException($"Of {count} frames only these were output: {string.Join(", ", came)}.");
    }

    private static async Task<Cost> OfAsync(CodedSource source, IReadOnlyList<IReadOnlyList<string>> commands)
    {
        var meter = new ChildrenMeter();
        var results = await Task.WhenAll(commands.Select(c => ChildProcess.RunAsync("ffmpeg", c, TimeSpan.FromMinutes(20))));
        foreach (var result in results)
        {
            result.EnsureSuccess();
        }

        return new Cost(meter.Children / source.Seconds, 0);
    }

    private static Cost Median(IReadOnlyList<Cost> costs) => costs.OrderBy(c => c.All).ElementAt(costs.Count / 2);

    /// <summary>CPU seconds per second of media.</summary>
    /// <param name="Workers">CPU time of ffmpeg.</param>
    /// <param name="Own">CPU time of this process.</param>
    private sealed record Cost(double Workers, double Own)
    {
        public double All => Workers + Own;

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{All:0.000} ({Workers:0.000} + {Own:0.000})");
    }
}
