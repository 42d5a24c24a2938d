using System.Globalization;

namespace Broadcast.Benchmarks;

/// <summary>
/// CPU and memory of the server for 1, 10, 50 and 100 publishers of 1080p30 at 4 Mbit/s passed through to HLS and DASH, next to nginx-rtmp
/// with HLS and DASH: same file, same load generator in a separate process, output of both on tmpfs, alternating, medians.
/// </summary>
internal static class PublisherBenchmark
{
    /// <summary>Formats a row for both servers.</summary>
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(15);

    public static async Task<IReadOnlyList<Report>> RunAsync(IReadOnlyList<int> counts, int rounds, string shared, SourceFile source,
        Action<string> progress)
    {
        var run = new LoadRun(shared, WarmUp, Measured);
        var cpu = new Report("Server CPU for publishers of 1080p30 at 4 Mbit/s, HLS and DASH", "milliseconds per stream-second",
            ["Broadcast", "nginx-rtmp", "ratio"]);
        var memory = new Report("Server memory for the same", "MB resident", ["Broadcast", "nginx-rtmp"]);
        foreach (var count in counts)
        {
            List<LoadFigures> ours = [], theirs = [];
            for (var round = 1; round <= rounds; round++)
            {
                ours.Add(await MeasureAsync(run, await BroadcastUnderTest.StartAsync(Path.Combine(shared, "broadcast")), count, source));
                progress($"{count} publishers, round {round} of {rounds}: Broadcast {ours[^1]}");
                theirs.Add(await MeasureAsync(run, await NginxRtmp.StartAsync(shared), count, source));
                progress($"{count} publishers, round {round} of {rounds}: nginx-rtmp {theirs[^1]}");
            }

            var (a, b) = (Sample.Median(ours.Select(f => f.CpuMilliseconds)), Sample.Median(theirs.Select(f => f.CpuMilliseconds)));
            var row = string.Create(CultureInfo.InvariantCulture, $"{count} publisher{(count == 1 ? "" : "s")}");
            cpu.Add(row, a, b, a / b);
            memory.Add(row, Sample.Median(ours.Select(f => f.ResidentBytes / 1e6)),
                Sample.Median(theirs.Select(f => f.ResidentBytes / 1e6)));
        }

        return [cpu, memory];
    }

    private static async Task<LoadFigures> MeasureAsync(LoadRun run, IServerUnderTest server, int count, SourceFile source)
    {
        await using (server)
        {
            var figures = await run.MeasureAsync(server, await server.TargetsAsync(count), source);
            return figures.Problem is null ? figures
                : throw new InvalidOperationException($"{server.Name} with {count} publishers: {figures.Problem}.");
        }
    }
}
