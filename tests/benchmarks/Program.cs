using Broadcast.Benchmarks;

const string Usage = """
    usage: ./broadcast bench [publishers|start|ingest|transcode|origin|latency|storage|control|pages|longrun|cluster|targets|chat]
                             [--rounds N] [--counts 1,10,50,100]

      publishers   CPU time and memory with HLS and DASH, next to nginx-rtmp
      start        startup and reaction times; with --recordings N, startup with many recordings
      ingest       cost of ingest by part
      transcode    cost and delay of encoding a ladder; crashes and overload
      origin       cost of delivery, next to nginx, and of held requests
      latency      time until frames are available, and shown in Chromium, with low latency
      storage      cost of uploads to a bucket, and catch-up after its outage
      control      punctuality of the schedule, throughput of the API, time to authorize encoders
      pages        load size and load time of dashboard and watch page in Chromium
      longrun      sizes of a session over 30 simulated days with an outage each minute
      cluster      mirrors, forwarded encoders and takeovers of two servers on one database
      targets      publishing to other platforms, next to nginx-rtmp
      chat         delay, cost and removal of chat messages behind Varnish, next to Prosody

    ingest and the following have more options: ./broadcast bench NAME --help. Without a name: all but storage, control,
    pages, longrun, cluster, targets and chat.
    Progress goes to standard error, results in Markdown to standard output.
    """;

if (args.FirstOrDefault() is "soak")
{
    return await Soak.RunAsync(args);
}

if (args.FirstOrDefault() is IngestOnlyHost.Command)
{
    return await IngestOnlyHost.RunAsync(args[1..]);
}

if (args.FirstOrDefault() is OriginOnlyHost.Command)
{
    return await OriginOnlyHost.RunAsync(args[1..]);
}

if (args.FirstOrDefault() is BareHost.Command)
{
    return await BareHost.RunAsync(args[1..]);
}

if (args.FirstOrDefault() is ApiLoad.Command)
{
    return await ApiLoad.RunAsync(args[1..]);
}

if (args.FirstOrDefault() is QuartzNode.Command)
{
    return await QuartzNode.RunAsync(args[1..]);
}

if (args.FirstOrDefault() is ChatLoad.Command)
{
    return await ChatLoad.RunAsync(args[1..]);
}

var what = args.FirstOrDefault(a => !a.StartsWith('-')) ?? "all";
if (args.Contains("--help"))
{
    Console.WriteLine(what switch { "ingest" => IngestPlan.Usage, "transcode" => TranscodePlan.Usage, "origin" => OriginPlan.Usage,
        "latency" => LatencyPlan.Usage, "storage" => StoragePlan.Usage, "control" => ControlPlan.Usage, "pages" => PagesPlan.Usage,
            "longrun" => LongRunPlan.Usage, "start" => StartPlan.Usage, "cluster" => ClusterPlan.Usage, "targets" => TargetsPlan.Usage,
            "chat" => ChatPlan.Usage, _ => Usage });
    return 0;
}

var rounds = int.Parse(Option("--rounds") ?? "3", System.Globalization.CultureInfo.InvariantCulture);
var (longRun, start, cluster, targets, chat) = (new LongRunPlan(), new StartPlan(), new ClusterPlan(), new TargetsPlan(), new ChatPlan());
var (ingest, transcode, origin, latency, storage, control, pages) =
    (new IngestPlan(), new TranscodePlan(), new OriginPlan(), new LatencyPlan(), new StoragePlan(), new ControlPlan(), new PagesPlan());
try
{
    string[] options = [.. args.Where((_, i) => i != Array.IndexOf(args, what))];
    ingest = what == "ingest" ? IngestPlan.Parse(options) : ingest;
    transcode = what == "transcode" ? TranscodePlan.Parse(options) : transcode;
    origin = what == "origin" ? OriginPlan.Parse(options) : origin;
    latency = what == "latency" ? LatencyPlan.Parse(options) : latency;
    storage = what == "storage" ? StoragePlan.Parse(options) : storage;
    control = what == "control" ? ControlPlan.Parse(options) : control;
    pages = what == "pages" ? PagesPlan.Parse(options) : pages;
    start = what == "start" ? StartPlan.Parse(options) : start with { Rounds = rounds };
    cluster = what == "cluster" ? ClusterPlan.Parse(options) : cluster;
    targets = what == "targets" ? TargetsPlan.Parse(options) : targets;
    chat = what == "chat" ? ChatPlan.Parse(options) : chat;
    longRun = what == "longrun" ? LongRunPlan.Parse(options) : longRun;
}
catch (FormatException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}

var shared = Directory.CreateTempSubdirectory("broadcast-bench-").FullName;
if (Directory.Exists("/dev/shm"))
{
    Directory.Delete(shared);
    shared = Directory.CreateDirectory($"/dev/shm/broadcast-bench-{Environment.ProcessId}").FullName;
}

var reports = new List<Report>();
var code = 0;
try
{
    if (what is "start" && start.Recordings > 0)
    {
        reports.Add(await FullStart.RunAsync(start, shared, Progress));
    }
    else if (what is "all" or "start" or "publishers")
    {
        var source = await SourceFile.MakeAsync(shared, 4, Progress);
        if (what is not "publishers")
        {
            reports.AddRange(await StartBenchmark.RunAsync(start.Rounds, shared, source, Progress));
        }

        if (what is not "start")
        {
            var counts = (Option("--counts") ?? "1,10,50,100").Split(',').Select(int.Parse).ToList();
            reports.AddRange(await PublisherBenchmark.RunAsync(counts, rounds, shared, source, Progress));
        }
    }

    if (what is "all" or "ingest")
    {
        await IngestBenchmark.RunAsync(ingest, shared, reports, Progress);
    }

    if (what is "all" or "transcode")
    {
        await TranscodeBenchmark.RunAsync(transcode, shared, reports, Progress);
    }

    if (what is "all" or "origin")
    {
        await OriginBenchmark.RunAsync(origin, shared, reports, Progress);
    }

    if (what is "all" or "latency")
    {
        await LatencyBenchmark.RunAsync(latency, shared, reports, Progress);
    }

    if (what is "storage")
    {
        await StorageBenchmark.RunAsync(storage, shared, reports, Progress);
    }

    if (what is "control")
    {
        await ControlBenchmark.RunAsync(control, shared, reports, Progress);
    }

    if (what is "targets")
    {
        await TargetsBenchmark.RunAsync(targets, shared, reports, Progress);
    }

    if (what is "chat")
    {
        await ChatBenchmark.RunAsync(chat, shared, reports, Progress);
    }

    if (what is "pages")
    {
        await PagesBenchmark.RunAsync(pages, shared, reports, Progress);
    }

    if (what is "cluster")
    {
        await ClusterBenchmark.RunAsync(cluster, shared, reports, Progress);
    }

    if (what is "longrun")
    {
        await LongRunBenchmark.RunAsync(longRun, reports, Progress);
    }

    if (reports.Count == 0)
    {
        await Console.Error.WriteLineAsync(
            $"Unknown benchmark '{what}'; available: start, publishers, ingest, transcode, origin, latency, storage, control, pages, longrun, "
            + "cluster, targets, chat, all.");
        return 1;
    }
}
catch (Exception e) when (reports.Exists(r => !r.IsEmpty))
{
    // Results measured so far took long and remain valid.
    Progress($"ended early, without the rest: {e}");
    code = 1;
}
finally
{
    Directory.Delete(shared, recursive: true);
}

Console.WriteLine(Machine());
Console.WriteLine(string.Join('\n', reports.Where(r => !r.IsEmpty).Select(r => r.Render())));
return code;

string? Option(string name) => args.SkipWhile(a => a != name).Skip(1).FirstOrDefault();

// Results depend on the machine and its load.
static string Machine()
{
    var model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1]
        .Trim() ?? "unknown processor";
    return $"{model}, {Environment.ProcessorCount} cores, {System.Runtime.InteropServices.RuntimeInformation.OSDescription}, "
        + $".NET {Environment.Version}, "
        + $"load average at the end {File.ReadAllText("/proc/loadavg").Split(' ')[0]}\n";
}

void Progress(string step) => Console.Error.WriteLine($"{TimeProvider.System.GetLocalNow():HH:mm:ss} {step}");
