using Broadcast.Benchmarks;
using Broadcast.Testing;

// broadcast bench [publishers|start] [--rounds N] [--counts 1,10,50,100]
if (args.FirstOrDefault() == "soak")
{
    return await Soak.RunAsync(args);
}

var what = args.FirstOrDefault(a => !a.StartsWith('-')) ?? "all";
var rounds = int.Parse(Option("--rounds") ?? "3", System.Globalization.CultureInfo.InvariantCulture);
var counts = (Option("--counts") ?? "1,10,50,100").Split(',').Select(int.Parse).ToList();
var shared = Directory.CreateTempSubdirectory("broadcast-bench-").FullName;
if (Directory.Exists("/dev/shm"))
{
    Directory.Delete(shared);
    shared = Directory.CreateDirectory($"/dev/shm/broadcast-bench-{Environment.ProcessId}").FullName;
}

try
{
    var file = Path.Combine(shared, "source.flv");
    Progress("making the source file: 1080p30 H.264 at 4 Mbit/s, keyframes every 2 s, AAC at 128 kbit/s");
    await FfmpegTool.MakeFileAsync(file, new TestSource { Width = 1920, Height = 1080, VideoBitRate = 4_000_000, Seconds = 20 });
    var reports = new List<Report>();
    if (what is "all" or "start")
    {
        reports.AddRange(await StartBenchmark.RunAsync(rounds, shared, file, Progress));
    }

    if (what is "all" or "publishers" or "ingest")
    {
        reports.AddRange(await PublisherBenchmark.RunAsync(counts, rounds, shared, file, Progress));
    }

    if (reports.Count == 0)
    {
        await Console.Error.WriteLineAsync($"There is no benchmark '{what}': start, publishers, all.");
        return 1;
    }

    Console.WriteLine(Machine());
    Console.WriteLine(string.Join('\n', reports.Select(r => r.Render())));
    return 0;
}
finally
{
    Directory.Delete(shared, recursive: true);
}

string? Option(string name) => args.SkipWhile(a => a != name).Skip(1).FirstOrDefault();

// Figures of another machine, or of a busy one, are other figures.
static string Machine()
{
    var model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown processor";
    return $"{model}, {Environment.ProcessorCount} cores, {System.Runtime.InteropServices.RuntimeInformation.OSDescription}, .NET {Environment.Version}, "
        + $"load average at the end {File.ReadAllText("/proc/loadavg").Split(' ')[0]}\n";
}

void Progress(string step) => Console.Error.WriteLine($"{TimeProvider.System.GetLocalNow():HH:mm:ss} {step}");
