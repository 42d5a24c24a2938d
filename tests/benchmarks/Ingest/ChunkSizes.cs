using System.Globalization;

namespace Broadcast.Benchmarks;

/// <summary>Cost of small chunks: the same streams in chunks of 128 bytes, RTMP's initial size, and of 4,096.</summary>
internal static class ChunkSizes
{
    private const int Small = 128;
    private const int Large = 4096;
    private const double MostOfLarge = 1.5;
    private const string Ours = "Broadcast, ingest alone";

    /// <summary>Measures both sizes with ingest alone.</summary>
    public static async Task RunAsync(IngestPlan plan, string shared, Func<double, Task<SourceFile>> source, List<Report> reports,
        Action<string> progress)
    {
        var run = new LoadRun(shared, plan.WarmUp, plan.Measured);
        var load = new LoadSize(plan.ChunkPublishers, 4);
        var file = await source(load.Megabits);
        string[] columns = ["chunks of 128", "chunks of 4,096", "ratio"];
        var report = new Report(string.Create(CultureInfo.InvariantCulture, $"Chunk sizes, {load}, not packaged"),
            "milliseconds per stream-second", columns);
        reports.Add(report);
        await AddAsync(Ours, async () => await IngestOnlyServer.StartAsync());
        await AddAsync("nginx-rtmp, no HLS", async () => await NginxRtmp.StartAsync(shared, NginxOutput.None));

        async Task AddAsync(string row, Func<Task<IServerUnderTest>> start)
        {
            Rounds<LoadFigures> small = new(), large = new();
            for (var round = 1; round <= plan.Rounds; round++)
            {
                foreach (var (rounds, size) in new[] { (small, Small), (large, Large) })
                {
                    await using var server = await start();
                    var figures = await run.MeasureAsync(server, await server.TargetsAsync(load.Count), file, size);
                    rounds.Add(figures, figures.Problem);
                    progress(string.Create(CultureInfo.InvariantCulture,
                        $"chunks of {size} bytes, round {round} of {plan.Rounds}: {row} {figures}"));
                }
            }

            var (a, b) = (small.Median(f => f.CpuMilliseconds), large.Median(f => f.CpuMilliseconds));
            report.Add(row, row == Ours ? Aim.AtMost(MostOfLarge, a / b).For("ratio") : Aim.None, a, b, a / b);
            small.Explain(report, row, columns[0]);
            large.Explain(report, row, columns[1]);
        }
    }
}
