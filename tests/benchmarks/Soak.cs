using System.Globalization;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// <c>soak [--minutes N] [--kills N] [--seed N] [--browser]</c>: a real server, a real-time encoder and strict players, with kill -9 at
/// random instants. Exit code 1 if announced media were lost, or a playlist went back.
/// </summary>
internal static class Soak
{
    private const string Usage = """
        usage: ./broadcast soak [--minutes N (10)] [--kills N (10)] [--seed N (1)] [--browser]
               ./broadcast soak --crowd N | --cycles N
               ./broadcast soak --browsers SECONDS
               ./broadcast soak --low MINUTES [--hold SECONDS (0)]
               ./broadcast soak --recording MINUTES [--kills N (0)] [--outage MINUTES (0)] [--seed N (1)]
               ./broadcast soak --ladder MINUTES [--hours N (2)] [--kills N (0)]
               ./broadcast soak --targets MINUTES [--switches N (100)]
               ./broadcast soak --chat MINUTES [--kills N (2 per minute)] [--outages N (1 per minute)] [--seed N (1)]
               ./broadcast soak --cluster MINUTES [--kills N (MINUTES)] [--pauses N (MINUTES)] [--drains N (0)] [--servers N (2)]
                                [--network [--power N (0)] [--cuts N (0)]] [--edges [--browser]] [--failovers N (0)] [--seed N (1)] [--logs DIR]
        Progress goes to standard error, results in Markdown to standard output. docs/benchmarks.md describes the checks.
        """;

    private static readonly TimeSpan Warm = TimeSpan.FromSeconds(12);

    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments.Contains("--help"))
        {
            Console.WriteLine(Usage);
            return 0;
        }

        if (Number(arguments, "--crowd", 0) is > 0 and var crowd)
        {
            return await CrowdSoak.RunCrowdAsync((int)crowd, Say);
        }

        if (Number(arguments, "--cycles", 0) is > 0 and var cycles)
        {
            return await CrowdSoak.RunCyclesAsync((int)cycles, Say);
        }

        if (Number(arguments, "--ladder", -1) is >= 0 and var served)
        {
            return await LadderSoak.RunAsync(TimeSpan.FromMinutes(served), Number(arguments, "--hours", 2),
                (int)Number(arguments, "--kills", 0), Say);
        }

        if (Number(arguments, "--targets", 0) is > 0 and var away)
        {
            return await TargetsSoak.RunAsync(TimeSpan.FromMinutes(away), (int)Number(arguments, "--switches", 100), Say);
        }

        if (Number(arguments, "--chat", 0) is > 0 and var chatted)
        {
            return await ChatSoak.RunAsync(TimeSpan.FromMinutes(chatted), (int)Number(arguments, "--kills", Math.Ceiling(chatted * 2)),
                (int)Number(arguments, "--outages", Math.Ceiling(chatted)), (int)Number(arguments, "--seed", 1), Say);
        }

        if (Number(arguments, "--cluster", 0) is > 0 and var shared)
        {
            try
            {
                return await ClusterSoak.RunAsync(ClusterSoakPlan.Parse(shared, arguments), Say);
            }
            catch (FormatException error)
            {
                Say(error.Message);
                return 1;
            }
        }

        if (Number(arguments, "--browsers", arguments.Contains("--browsers") ? 60 : 0) is > 0 and var engines)
        {
            return await EnginesSoak.RunAsync(TimeSpan.FromSeconds(engines), Say);
        }

        if (Number(arguments, "--low", 0) is > 0 and var low)
        {
            return await LowLatencySoak.RunAsync(TimeSpan.FromMinutes(low), TimeSpan.FromSeconds(Number(arguments, "--hold", 0)), Say);
        }

        if (Number(arguments, "--recording", 0) is > 0 and var recorded)
        {
            return await RecordingSoak.RunAsync(
                TimeSpan.FromMinutes(recorded), (int)Number(arguments, "--kills", 0),
                TimeSpan.FromMinutes(Number(arguments, "--outage", 0)), (int)Number(arguments, "--seed", 1), Say);
        }

        var minutes = Number(arguments, "--minutes", 10);
        var kills = (int)Number(arguments, "--kills", arguments.Contains("--browser") ? 0 : 10);
        var seed = (int)Number(arguments, "--seed", 1);
        var length = TimeSpan.FromMinutes(minutes);
        await using var folder = TempFolder.Create();
        var file = folder.Sub("source.flv");
        Say("making the source: 720p30 H.264 at 2.5 Mbit/s, keyframes every 2 s, AAC at 128 kbit/s");
        await FfmpegTool.MakeFileAsync(file, new TestSource { Width = 1280, Height = 720, VideoBitRate = 2_500_000, Seconds = 120 });

        // The ports stay the same across restarts, as in production.
        var (http, rtmp) = (FreePort.Next(), FreePort.Next());
        await using var server = await BroadcastServer.StartAsync(
            ["--http", $"127.0.0.1:{http}", "--rtmp", $"127.0.0.1:{rtmp}", "--rtmps", "127.0.0.1:0"]);
        var channel = await server.CreateChannelAsync("soak", "--record", "off");
        using var stop = new CancellationTokenSource();
        var encoder = SoakEncoder.RunAsync(file, server.PublishUrl(channel), stop.Token);
        if (arguments.Contains("--browser"))
        {
            return await BrowserSoak.RunAsync(server, channel.Name, length, stop, encoder, Say);
        }

        var findings = new Findings(Say);
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var hls = new HlsFollower(client, server.Hls(channel.Name), findings);
        var dash = new DashFollower(client, server.Dash(channel.Name), hls, findings);
        var following = Task.WhenAll(hls.RunAsync(stop.Token), dash.RunAsync(stop.Token));
        var watch = new ProcessWatch(server.Data);
        await RunKillsAsync(server, hls, watch, length, kills, seed);
        await hls.CompareAgainAsync();
        await stop.CancelAsync();
        await Task.WhenAll(following, encoder);

        Console.WriteLine(SoakReport.Render(length, kills, seed, hls, dash, watch, findings));
        return findings.IsClean && hls.Segments > 0 ? 0 : 1;
    }

    private static async Task RunKillsAsync(BroadcastServer server, HlsFollower hls, ProcessWatch watch, TimeSpan length,
        int kills, int seed)
    {
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        var random = new Random(seed);
        var room = length - Warm - Warm;
        var moments = new Queue<TimeSpan>(Enumerable.Range(0, kills).Select(_ => Warm + (room * random.NextDouble())).Order());
        Say($"{length.TotalMinutes:0.#} min, {kills} kills, seed {seed}");
        while (time.GetElapsedTime(start) < length)
        {
            if (moments.TryPeek(out var next) && time.GetElapsedTime(start) >= next)
            {
                moments.Dequeue();
                watch.LookAt(server.Process.Id);
                var killed = time.GetTimestamp();
                hls.Interrupted();
                await server.Kill();
                await server.RestartAsync();
                Say($"killed; ready again after {time.GetElapsedTime(killed).TotalSeconds:0.0} s; {moments.Count} kills to come");
                watch.Restarted();
                await hls.CompareAgainAsync();
            }
            else
            {
                watch.LookAt(server.Process.Id);
                await Task.Delay(500);
            }
        }
    }

    private static double Number(string[] arguments, string name, double otherwise) =>
        arguments.SkipWhile(a => a != name).Skip(1).FirstOrDefault() is { } text ? double.Parse(text, CultureInfo.InvariantCulture)
        : otherwise;

    private static void Say(string text) => Console.Error.WriteLine($"{TimeProvider.System.GetLocalNow():HH:mm:ss} {text}");
}

/// <summary>ffmpeg that publishes a file in real time and reconnects after a connection loss, as OBS does.</summary>
internal static class SoakEncoder
{
    public static async Task RunAsync(string file, string address, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            await using var encoder = FfmpegTool.PublishFile(file, address, loop: true);
            while (!encoder.HasExited && !stopping.IsCancellationRequested)
            {
                await Task.Delay(100, CancellationToken.None);
            }

            await Task.Delay(500, CancellationToken.None);
        }
    }
}

/// <summary>Collects and prints errors.</summary>
internal sealed class Findings(Action<string> say)
{
    private readonly Lock _lock = new();
    private readonly List<string> _lost = [];
    private readonly List<string> _back = [];
    private readonly List<string> _wrong = [];

    /// <summary>Indicates whether the store is unavailable, so that media only in the store cannot be read.</summary>
    public bool IsStoreAway { get; set; }

    /// <summary>Announced media that were lost or changed.</summary>
    public IReadOnlyList<string> Lost => Snapshot(_lost);

    /// <summary>Playlists or manifests that went back.</summary>
    public IReadOnlyList<string> Back => Snapshot(_back);

    /// <summary>Violated rules and broken media.</summary>
    public IReadOnlyList<string> Wrong => Snapshot(_wrong);

    public bool IsClean => Lost.Count + Back.Count + Wrong.Count == 0;

    public void AddLost(string text) => Add(_lost, "LOST", text);

    public void AddBack(string text) => Add(_back, "WENT BACK", text);

    public void AddWrong(string text) => Add(_wrong, "WRONG", text);

    private void Add(List<string> list, string kind, string text)
    {
        lock (_lock)
        {
            list.Add(text);
        }

        say($"{kind}: {text}");
    }

    private List<string> Snapshot(List<string> list)
    {
        lock (_lock)
        {
            return [.. list];
        }
    }
}
