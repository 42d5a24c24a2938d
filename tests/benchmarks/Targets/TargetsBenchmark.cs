using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Publisher;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>Publishing to other platforms; <see cref="TargetsPlan"/> selects the parts and their sizes.</summary>
internal static class TargetsBenchmark
{
    private const int Channels = 5;
    private const int TargetsPerChannel = 10;
    private const int Megabits = 4;
    private const double VideoFramesPerSecond = 30;

    /// <summary>Connections begin some seconds later.</summary>
    private const double LeastShare = 0.7;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Runs the selected parts.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="shared">Folder on tmpfs.</param>
    /// <param name="reports">Receives each table when it is complete, so that a later failure does not lose it.</param>
    /// <param name="progress">Receives progress messages.</param>
    public static async Task RunAsync(TargetsPlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        var source = await SourceFile.MakeAsync(shared, Megabits, progress);
        foreach (var part in plan.Parts)
        {
            await (part switch
            {
                "cost" => CostAsync(plan, shared, source, reports, progress),
                "switch" => SwitchAsync(plan, source, reports, progress),
                "losses" => LossesAsync(plan, source, reports, progress),
                _ => SlowAsync(plan, source, reports, progress),
            });
        }
    }

    private static Task<BroadcastServer> StartAsync() => BroadcastServer.StartAsync(environment: new Dictionary<string, string?>
    {
        ["BROADCAST__Control__AllowedWebhookTargets"] = "127.0.0.1",
        ["BROADCAST__Control__WritesPerSecond"] = "0",
        ["BROADCAST__Thumbnails__Enabled"] = "false",
    });

    private static Task AddAsync(BroadcastServer server, string channel, string name, string url, string mode = "copy") =>
        SendAsync(server.Api.PostAsJsonAsync($"/api/v1/channels/{channel}/targets", new { name, url, streamKey = name, mode }));

    private static Task EnableAsync(BroadcastServer server, string channel, string name, bool enabled) =>
        SendAsync(server.Api.PatchAsJsonAsync($"/api/v1/channels/{channel}/targets/{name}", new { enabled }));

    private static async Task SendAsync(Task<HttpResponseMessage> request)
    {
        using var response = await request;
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        }
    }

    /// <summary>CPU time and memory of many targets, as the difference to the same load without them.</summary>
    private static async Task CostAsync(TargetsPlan plan, string shared, SourceFile source, List<Report> reports, Action<string> progress)
    {
        List<(double Cpu, double Memory)> ours = [], theirs = [];
        for (var round = 1; round <= plan.Rounds; round++)
        {
            ours.Add(await OursAsync());
            progress(string.Create(CultureInfo.InvariantCulture,
                $"cost, round {round}: Broadcast {ours[^1].Cpu:0.00} ms per target-second, {ours[^1].Memory:0.00} MB per target"));
            theirs.Add(await TheirsAsync());
            progress(string.Create(CultureInfo.InvariantCulture,
                $"cost, round {round}: nginx-rtmp {theirs[^1].Cpu:0.00} ms per target-second, {theirs[^1].Memory:0.00} MB per target"));
        }

        var (a, b) = (Sample.Median(ours.Select(f => f.Cpu)), Sample.Median(theirs.Select(f => f.Cpu)));
        var cpu = new Report(
            $"CPU time of a target, {Channels * TargetsPerChannel} targets of {Channels} channels of 1080p30 at {Megabits} Mbit/s",
            "milliseconds per target-second", ["Broadcast", "nginx-rtmp", "ratio"]);
        cpu.Add("mode copy", Aim.AtMost(1, a / b).For("ratio"), a, b, a / b);
        var memory = new Report("Memory of a target", "MB resident", ["Broadcast", "nginx-rtmp"]);
        memory.Add("mode copy", Sample.Median(ours.Select(f => f.Memory)), Sample.Median(theirs.Select(f => f.Memory)));
        reports.AddRange([cpu, memory]);

        async Task<(double Cpu, double Memory)> OursAsync()
        {
            await using var receiver = await TargetReceiver.StartAsync();
            await using var server = await StartAsync();
            var encoders = new List<ChildProcess>();
            try
            {
                for (var channel = 1; channel <= Channels; channel++)
                {
                    var created = await server.AddChannelAsync($"bench-{channel}", new { ladder = "passthrough", record = false });
                    encoders.Add(FfmpegTool.PublishFile(source.Path, server.PublishUrl(created), loop: true));
                }

                await Task.Delay(plan.WarmUp);
                var (withoutCpu, withoutMemory) = await MeasureAsync(plan, server.Process.Id);
                for (var channel = 1; channel <= Channels; channel++)
                {
                    for (var target = 1; target <= TargetsPerChannel; target++)
                    {
                        await AddAsync(server, $"bench-{channel}", $"t{channel}-{target}", receiver.Address);
                    }
                }

                await Poll.UntilAsync(() => receiver.Active == Channels * TargetsPerChannel, Limit, "all targets receive media");
                await Task.Delay(plan.WarmUp);
                var (withCpu, withMemory) = await MeasureAsync(plan, server.Process.Id);
                EnsureAll(receiver.Active);
                return Difference(withCpu - withoutCpu, withMemory - withoutMemory);
            }
            finally
            {
                foreach (var encoder in encoders)
                {
                    await encoder.DisposeAsync();
                }
            }
        }

        async Task<(double Cpu, double Memory)> TheirsAsync()
        {
            await using var receiver = await TargetReceiver.StartAsync();
            var (withoutCpu, withoutMemory) = await NginxAsync([]);
            string[] names = [.. Enumerable.Range(1, TargetsPerChannel).Select(target => $"t{target}")];
            var (withCpu, withMemory) = await NginxAsync([.. names.Select(name => $"{receiver.Address}/{name}")]);
            var received = names.Sum(name => receiver.Of(name).Frames) / VideoFramesPerSecond;
            var due = Channels * TargetsPerChannel * (plan.WarmUp + plan.Measured).TotalSeconds;
            if (received < due * LeastShare)
            {
                throw new InvalidOperationException($"nginx-rtmp has pushed only {received:0} of {due:0} seconds of video.");
            }

            return Difference(withCpu - withoutCpu, withMemory - withoutMemory);

            async Task<(double Cpu, double Memory)> NginxAsync(string[] pushes)
            {
                await using var nginx = await NginxRtmp.StartAsync(shared, NginxOutput.Hls | NginxOutput.Dash, pushes);
                var encoders = (await nginx.TargetsAsync(Channels))
                    .Select(target => FfmpegTool.PublishFile(source.Path, $"{target}/{target.StreamKey}", loop: true)).ToList();
                try
                {
                    await Task.Delay(plan.WarmUp);
                    return await MeasureAsync(plan, nginx.Processes);
                }
                finally
                {
                    foreach (var encoder in encoders)
                    {
                        await encoder.DisposeAsync();
                    }
                }
            }
        }

        static void EnsureAll(int active)
        {
            if (active < Channels * TargetsPerChannel)
            {
                throw new InvalidOperationException($"Only {active} of {Channels * TargetsPerChannel} targets receive media.");
            }
        }

        static (double Cpu, double Memory) Difference(double cpu, double memory) =>
            (cpu / (Channels * TargetsPerChannel), memory / (Channels * TargetsPerChannel));
    }

    private static async Task<(double Cpu, double Memory)> MeasureAsync(TargetsPlan plan, params int[] processes)
    {
        var meter = new ProcessMeter(processes);
        await Task.Delay(plan.Measured);
        return (meter.CpuSeconds * 1000 / meter.WallSeconds, meter.ResidentBytes / 1e6);
    }

    /// <summary>Time from enabling a target to its first frame. Another target must not notice.</summary>
    private static async Task SwitchAsync(TargetsPlan plan, SourceFile source, List<Report> reports, Action<string> progress)
    {
        var times = new List<double>();
        var report = new Report("From enabling a target to its first frame at the receiver", "milliseconds", ["p50", "p99", "maximum"]);
        var other = new Report("Another target meanwhile", "over all switches",
            ["publications", "longest step of timestamps, ms", "steps back", "longest silence, ms"]);
        var (publications, step, back, silence) = (0, TimeSpan.Zero, 0, TimeSpan.Zero);
        for (var round = 1; round <= plan.Rounds; round++)
        {
            await using var receiver = await TargetReceiver.StartAsync();
            await using var server = await StartAsync();
            var created = await server.AddChannelAsync("main", new { ladder = "passthrough", record = false });
            await AddAsync(server, "main", "stays", receiver.Address);
            await using var encoder = FfmpegTool.PublishFile(source.Path, server.PublishUrl(created), loop: true);
            await Poll.UntilAsync(() => receiver.Of("stays").Active == 1, Limit, "the other target receives media");
            await AddAsync(server, "main", "switched", receiver.Address);
            for (var i = 0; i < plan.Switches; i++)
            {
                await EnableAsync(server, "main", "switched", false);
                await Poll.UntilAsync(() => receiver.Of("switched").Active == 0, Limit, "the target receives nothing");
                receiver.Of("switched").Reset();
                var began = Stopwatch.GetTimestamp();
                await EnableAsync(server, "main", "switched", true);
                await Poll.UntilAsync(() => receiver.Of("switched").FirstArrival is not null, Limit, "the target receives media");
                times.Add(Stopwatch.GetElapsedTime(began, receiver.Of("switched").FirstArrival!.Value).TotalMilliseconds);
            }

            var stays = receiver.Of("stays");
            publications = Math.Max(publications, stays.Publications);
            (step, silence) = (Max(step, stays.LongestStep), Max(silence, stays.LongestSilence));
            back += stays.BackwardSteps;
            progress(string.Create(CultureInfo.InvariantCulture,
                $"switch, round {round}: median {Sample.Median(times):0} ms; other target: {stays.Publications} publication"));
        }

        report.Add("keyframes every 2 s", Sample.Median(times), Sample.Percentile(times, 0.99), times.Max());
        other.Add("target that stays", publications, step.TotalMilliseconds, back, silence.TotalMilliseconds);
        reports.AddRange([report, other]);
    }

    /// <summary>Reception of two targets while the encoder is lost for three seconds each time, and when the server is killed.</summary>
    private static async Task LossesAsync(TargetsPlan plan, SourceFile source, List<Report> reports, Action<string> progress)
    {
        string[] modes = ["copy", "steady"];
        var lost = modes.ToDictionary(mode => mode, _ => new List<Reception>());
        var killed = modes.ToDictionary(mode => mode, _ => new List<double>());
        for (var round = 1; round <= plan.Rounds; round++)
        {
            await using var receiver = await TargetReceiver.StartAsync();
            await using var server = await StartAsync();
            var created = await server.AddChannelAsync("main", new { ladder = "passthrough", record = false });
            foreach (var mode in modes)
            {
                await AddAsync(server, "main", mode, receiver.Address, mode);
            }

            var encoder = FfmpegTool.PublishFile(source.Path, server.PublishUrl(created), loop: true);
            await Poll.UntilAsync(() => modes.All(mode => receiver.Of(mode).Active == 1), Limit, "both targets receive media");
            for (var i = 0; i < plan.Losses; i++)
            {
                await Task.Delay(TimeSpan.FromSeconds(3));
                encoder.Kill();
                await encoder.DisposeAsync();
                await Task.Delay(TimeSpan.FromSeconds(3));
                encoder = FfmpegTool.PublishFile(source.Path, server.PublishUrl(created), loop: true);
            }

            await Task.Delay(TimeSpan.FromSeconds(5));
            foreach (var mode in modes)
            {
                lost[mode].Add(receiver.Of(mode).Snapshot());
                receiver.Of(mode).Reset();
            }

            var began = Stopwatch.GetTimestamp();
            await server.Kill();
            encoder.Kill();
            await encoder.DisposeAsync();
            var restarting = server.RestartAsync();

            // Frames that were on their way when the server was killed do not count.
            await Task.Delay(TimeSpan.FromMilliseconds(300));
            modes.ToList().ForEach(mode => receiver.Of(mode).Reset());
            await restarting;
            await using var next = FfmpegTool.PublishFile(source.Path, server.PublishUrl(created), loop: true);
            await Poll.UntilAsync(() => modes.All(mode => receiver.Of(mode).FirstArrival is not null), Limit, "both targets receive media");
            foreach (var mode in modes)
            {
                killed[mode].Add(Stopwatch.GetElapsedTime(began, receiver.Of(mode).FirstArrival!.Value).TotalSeconds);
            }

            progress(string.Create(CultureInfo.InvariantCulture,
                $"losses, round {round}: {string.Join("; ", modes.Select(mode => Text(mode, lost[mode][^1], killed[mode][^1])))}"));
        }

        var report = new Report($"{plan.Losses} losses of the encoder for 3 s, with the slate", "largest of the rounds",
            ["publications", "sequence headers", "steps back", "longest step of timestamps, s", "longest silence, s"]);
        var kill = new Report("kill -9 of the server, which is started again at once", "seconds without a frame", ["median", "maximum"]);
        foreach (var mode in modes)
        {
            report.Add($"mode {mode}", lost[mode].Max(r => r.Publications), lost[mode].Max(r => r.Configurations),
                lost[mode].Max(r => r.BackwardSteps), lost[mode].Max(r => r.LongestStep.TotalSeconds),
                lost[mode].Max(r => r.LongestSilence.TotalSeconds));
            kill.Add($"mode {mode}", Sample.Median(killed[mode]), killed[mode].Max());
        }

        reports.AddRange([report, kill]);

        static string Text(string mode, Reception reception, double seconds) => string.Create(CultureInfo.InvariantCulture,
            $"{mode}: {reception.Publications} publications, longest step {reception.LongestStep.TotalSeconds:0.00} s, "
            + $"after kill {seconds:0.0} s");
    }

    /// <summary>Frames that do not fit through a connection of half the bit rate, and what another target receives meanwhile.</summary>
    private static async Task SlowAsync(TargetsPlan plan, SourceFile source, List<Report> reports, Action<string> progress)
    {
        var report = new Report("A target that reads half of the bit rate", "largest of the rounds",
            ["frames lost, %", "other target: longest step, ms", "other target: longest silence, ms"]);
        List<double> shares = [], steps = [], silences = [];
        for (var round = 1; round <= plan.Rounds; round++)
        {
            await using var receiver = await TargetReceiver.StartAsync();
            await using var slow = new ThrottledProxy(receiver.Port, Megabits * 1_000_000 / 8 / 2);
            await using var server = await StartAsync();
            var created = await server.AddChannelAsync("main", new { ladder = "passthrough", record = false });
            await AddAsync(server, "main", "fast", receiver.Address);
            await AddAsync(server, "main", "slow", $"rtmp://127.0.0.1:{slow.Port}/live");
            await using var encoder = FfmpegTool.PublishFile(source.Path, server.PublishUrl(created), loop: true);
            await Poll.UntilAsync(() => receiver.Of("fast").Active == 1, Limit, "the other target receives media");

            // The queue and the buffers of the connection fill up first.
            await Task.Delay(plan.WarmUp);
            receiver.Of("fast").Reset();
            receiver.Of("slow").Reset();
            await Task.Delay(plan.Measured * 2);
            var (fast, held) = (receiver.Of("fast"), receiver.Of("slow"));
            shares.Add(100 * (1 - ((double)held.Frames / fast.Frames)));
            steps.Add(fast.LongestStep.TotalMilliseconds);
            silences.Add(fast.LongestSilence.TotalMilliseconds);
            var target = await server.Api.GetFromJsonAsync<JsonElement>("/api/v1/channels/main/targets/slow");
            progress(string.Create(CultureInfo.InvariantCulture,
                $"slow, round {round}: {shares[^1]:0} % lost, {target.GetProperty("droppedFrames")} dropped frames reported"));
        }

        report.Add("mode copy", shares.Max(), steps.Max(), silences.Max());
        reports.Add(report);
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
