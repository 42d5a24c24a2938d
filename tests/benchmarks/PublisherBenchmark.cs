using System.Globalization;
using Broadcast.Ingest.Client;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// CPU and memory of the server for 1, 10, 50 and 100 publishers of 1080p30 at 4 Mbit/s passed through to HLS and DASH, against nginx-rtmp with HLS and DASH on: same file, same
/// load generator in a process of its own, files of both on tmpfs, in turn, medians.
/// </summary>
internal static class PublisherBenchmark
{
    /// <summary>The same for both. Servers run for hours, and ours compiles its busiest code in the first seconds of load.</summary>
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(15);

    public static async Task<IReadOnlyList<Report>> RunAsync(IReadOnlyList<int> counts, int rounds, string shared, string file, Action<string> progress)
    {
        var cpu = new Report("Server CPU for publishers of 1080p30 at 4 Mbit/s, HLS and DASH", "milliseconds per stream-second", ["Broadcast", "nginx-rtmp", "ratio"]);
        var memory = new Report("Server memory for the same", "MB resident", ["Broadcast", "nginx-rtmp"]);
        foreach (var count in counts)
        {
            List<Figures> ours = [], theirs = [];
            for (var round = 1; round <= rounds; round++)
            {
                ours.Add(await OursAsync(count, shared, file));
                progress($"{count} publishers, round {round} of {rounds}: Broadcast {ours[^1]}");
                theirs.Add(await TheirsAsync(count, shared, file));
                progress($"{count} publishers, round {round} of {rounds}: nginx-rtmp {theirs[^1]}");
            }

            var (a, b) = (Sample.Median(ours.Select(f => f.CpuMilliseconds)), Sample.Median(theirs.Select(f => f.CpuMilliseconds)));
            var row = string.Create(CultureInfo.InvariantCulture, $"{count} publisher{(count == 1 ? "" : "s")}");
            cpu.Add(row, a, b, a / b);
            memory.Add(row, Sample.Median(ours.Select(f => f.Megabytes)), Sample.Median(theirs.Select(f => f.Megabytes)));
        }

        return [cpu, memory];
    }

    private sealed record Figures(double CpuMilliseconds, double Megabytes)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{CpuMilliseconds:0.00} ms per stream-second, {Megabytes:0} MB");
    }

    private static async Task<Figures> OursAsync(int count, string shared, string file)
    {
        await using var server = await BroadcastUnderTest.StartAsync(Path.Combine(shared, "broadcast"));
        return await MeasureAsync(await server.ChannelsAsync(count), () => new ProcessMeter(server.Process), shared, file);
    }

    private static async Task<Figures> TheirsAsync(int count, string shared, string file)
    {
        await using var server = await NginxRtmp.StartAsync(shared);
        var targets = Enumerable.Range(1, count).Select(n => new RtmpTarget("127.0.0.1", server.RtmpPort, "live", $"bench{n}")).ToList();
        return await MeasureAsync(targets, () => new ProcessMeter(server.Processes), shared, file);
    }

    private static async Task<Figures> MeasureAsync(IReadOnlyList<RtmpTarget> targets, Func<ProcessMeter> meter, string shared, string file)
    {
        var addresses = Path.Combine(shared, "addresses");
        await File.WriteAllLinesAsync(addresses, targets.Select(t => $"{t}/{t.StreamKey}"));
        var seconds = (WarmUp + Measured).TotalSeconds + 15 + (targets.Count / 50.0);
        await using var load = ChildProcess.Start("dotnet",
            [Repository.ServerProgram(), "load", "publish", "--file", file, "--urls", addresses, "--seconds", seconds.ToString(CultureInfo.InvariantCulture), "--json"]);
        await Task.Delay(WarmUp + TimeSpan.FromSeconds(1 + (targets.Count / 50.0)));
        var watched = meter();
        await Task.Delay(Measured);
        var figures = new Figures(watched.CpuSeconds * 1000 / watched.WallSeconds / targets.Count, watched.ResidentBytes / 1e6);
        if (load.HasExited)
        {
            throw new InvalidOperationException("The load ended before its time: " + load.Tail());
        }

        load.Signal(UnixSignal.Terminate);
        var report = await load.WaitForJsonAsync(TimeSpan.FromSeconds(20));
        if (report.GetProperty("failed").GetInt32() > 0 || report.GetProperty("accepted").GetInt32() < targets.Count)
        {
            throw new InvalidOperationException("Not all publishers were served: " + report);
        }

        return figures;
    }
}
