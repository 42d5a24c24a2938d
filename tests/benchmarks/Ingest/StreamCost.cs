using System.Globalization;

namespace Broadcast.Benchmarks;

/// <summary>
/// CPU time and memory per stream, with and without packaging, next to nginx-rtmp with and without HLS. A run in which a publisher was
/// rejected or lost, frames were dropped or missing, or the load generator could not keep up, yields the reason instead of a figure.
/// </summary>
internal static class StreamCost
{
    private const double MostOfPeerPackaged = 0.5;
    private const double MostOfPeerAlone = 2;
    private const double MostMegabytesBeyondMedia = 1.05;
    private const int PeerCountsFrom = 50;
    private const string Ours = "Broadcast";
    private const string Theirs = "nginx-rtmp";
    private const string OursAlone = "ingest alone";
    private const string TheirsAlone = "nginx-rtmp, no HLS";
    private const string OursWhole = "packaging";
    private const string BeyondMedia = "beyond its media";
    private const string TheirsWhole = "nginx-rtmp, HLS";

    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(2);

    /// <summary>Measures all loads.</summary>
    public static async Task RunAsync(IngestPlan plan, string shared, Func<double, Task<SourceFile>> source, List<Report> reports,
        Action<string> progress)
    {
        const string Unit = "milliseconds per stream-second";
        var taking = new Report("Server CPU, ingest without packaging", Unit, [Ours, Theirs, "ratio"]);
        var packaging = new Report("Server CPU, packaged: HLS and DASH by Broadcast, HLS by nginx-rtmp", Unit, [Ours, Theirs, "ratio"]);
        var memory = new Report("Server memory per stream", "increase of resident MB over idle, divided by streams",
            [OursAlone, TheirsAlone, OursWhole, BeyondMedia, TheirsWhole]);
        reports.AddRange([taking, packaging, memory]);
        var run = new LoadRun(shared, plan.WarmUp, plan.Measured);
        foreach (var load in plan.Loads)
        {
            var file = await source(load.Megabits);
            Rounds<StreamFigures> alone = new(), aloneTheirs = new(), whole = new(), wholeTheirs = new();
            for (var round = 1; round <= plan.Rounds; round++)
            {
                async Task MeasureAsync(Rounds<StreamFigures> rounds, string what, Func<Task<IServerUnderTest>> start, bool writes)
                {
                    var (figures, problem) = await CostAsync(run, load, file, start, writes ? shared : null);
                    rounds.Add(figures, problem);
                    progress($"{load}, round {round} of {plan.Rounds}: {what} {problem ?? figures.ToString()}");
                }

                await MeasureAsync(alone, "ingest alone", async () => await IngestOnlyServer.StartAsync(), writes: false);
                await MeasureAsync(aloneTheirs, "nginx-rtmp without HLS", async () => await NginxRtmp.StartAsync(shared, NginxOutput.None),
                    writes: false);
                await MeasureAsync(whole, "Broadcast", async () => await BroadcastUnderTest.StartAsync(Path.Combine(shared, "broadcast")),
                    writes: true);
                await MeasureAsync(wholeTheirs, "nginx-rtmp with HLS", async () => await NginxRtmp.StartAsync(shared, NginxOutput.Hls),
                    writes: true);
            }

            AddCpu(taking, load, alone, aloneTheirs, MostOfPeerAlone);
            AddCpu(packaging, load, whole, wholeTheirs, MostOfPeerPackaged);
            AddMemory(memory, load, alone, aloneTheirs, whole, wholeTheirs);
        }
    }

    private static void AddCpu(Report report, LoadSize load, Rounds<StreamFigures> ours, Rounds<StreamFigures> theirs, double most)
    {
        var (a, b) = (ours.Median(f => f.CpuMilliseconds), theirs.Median(f => f.CpuMilliseconds));
        var row = load.ToString();
        report.Add(row, load.Count < PeerCountsFrom ? Aim.None : Aim.AtMost(most, a / b).For("ratio"), a, b, a / b);
        ours.Explain(report, row, Ours);
        theirs.Explain(report, row, Theirs);
    }

    private static void AddMemory(
        Report report, LoadSize load, Rounds<StreamFigures> alone, Rounds<StreamFigures> aloneTheirs, Rounds<StreamFigures> whole,
        Rounds<StreamFigures> wholeTheirs)
    {
        var row = load.ToString();
        var beyond = whole.Median(f => f.Megabytes - f.MediaMegabytes);
        report.Add(row, load.Count < PeerCountsFrom ? Aim.None : Aim.AtMost(MostMegabytesBeyondMedia, beyond).For(BeyondMedia),
            alone.Median(f => f.Megabytes), aloneTheirs.Median(f => f.Megabytes), whole.Median(f => f.Megabytes), beyond,
            wholeTheirs.Median(f => f.Megabytes));
        alone.Explain(report, row, OursAlone);
        aloneTheirs.Explain(report, row, TheirsAlone);
        whole.Explain(report, row, OursWhole);
        wholeTheirs.Explain(report, row, TheirsWhole);
    }

    /// <summary>Measures one run on a new server.</summary>
    /// <param name="run">Name of the run.</param>
    /// <param name="load">The load.</param>
    /// <param name="source">The source.</param>
    /// <param name="start">Starts the server.</param>
    /// <param name="tmpfs">Folder on tmpfs for the media, if the server writes any.</param>
    private static async Task<(StreamFigures Figures, string? Problem)> CostAsync(LoadRun run, LoadSize load, SourceFile source,
        Func<Task<IServerUnderTest>> start, string? tmpfs)
    {
        if (tmpfs is not null && LackOfRoom(tmpfs, source.BytesPerSecond * load.Count * run.LengthFor(load.Count).TotalSeconds) is { } lack)
        {
            return (StreamFigures.None, lack);
        }

        try
        {
            await using var server = await start();
            var targets = await server.TargetsAsync(load.Count);
            await Task.Delay(Rest);
            var idle = new ProcessMeter(server.Processes).ResidentBytes;
            var figures = await run.MeasureAsync(server, targets, source);
            return (StreamFigures.Of(figures, idle, load.Count), figures.Problem);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or InvalidOperationException or TimeoutException
            or TaskCanceledException)
        {
            return (StreamFigures.None, $"the server failed to start or stop: {e.Message.Split('\n')[0]}");
        }
    }

    /// <summary>Checks the free memory: media are written to tmpfs, and the servers and the load generator need memory too.</summary>
    private static string? LackOfRoom(string tmpfs, double bytes)
    {
        const double CopiesWithMargin = 2.5;
        var line = File.ReadLines("/proc/meminfo").First(l => l.StartsWith("MemAvailable:", StringComparison.Ordinal));
        var memory = double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
        var room = Math.Min(memory, new DriveInfo(tmpfs).AvailableFreeSpace);
        return bytes * CopiesWithMargin > room
            ? string.Create(CultureInfo.InvariantCulture,
                $"its media would need up to {bytes * CopiesWithMargin / 1e9:0} GB of memory, and {room / 1e9:0} GB are free")
            : null;
    }

    /// <summary>Cost of one stream.</summary>
    private sealed record StreamFigures(double CpuMilliseconds, double Megabytes, double? MediaMegabytes)
    {
        public static StreamFigures None { get; } = new(0, 0, null);

        public static StreamFigures Of(LoadFigures figures, long idle, int streams) =>
            new(figures.CpuMilliseconds, (figures.ResidentBytes - idle) / 1e6 / streams, figures.MediaBytes / 1e6 / streams);

        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"{CpuMilliseconds:0.00} ms per stream-second, {Megabytes:0.00} MB per stream{(MediaMegabytes is { } m ? string.Create(CultureInfo.InvariantCulture, $", {m:0.00} of it media") : "")}");
    }
}
