using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage;
using Broadcast.Storage.Spooling;
using Broadcast.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Broadcast.Benchmarks;

/// <summary>
/// Cost of uploading media to a bucket, and of catching up after its outage; <see cref="StoragePlan"/> selects the parts and their sizes.
/// </summary>
internal static class StorageBenchmark
{
    private const int FileBytes = 1_000_000;
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(10);

    /// <summary>Runs the selected parts.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="shared">Folder on tmpfs.</param>
    /// <param name="reports">Receives each table when it is complete.</param>
    /// <param name="progress">Receives progress messages.</param>
    public static async Task RunAsync(StoragePlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        await using var ceph = await CephServer.StartAsync();
        foreach (var part in plan.Parts)
        {
            await (part == "upload" ? UploadAsync(plan, ceph, shared, reports, progress)
                : OutageAsync(plan, ceph, shared, reports, progress));
        }
    }

    /// <summary>Options for storing media in a bucket.</summary>
    internal static Dictionary<string, string?> Environment(CephServer ceph, string bucket) => new()
    {
        ["BROADCAST__Storage__Bucket"] = bucket,
        ["BROADCAST__Storage__Endpoint"] = ceph.Endpoint,
        ["BROADCAST__Storage__Region"] = ceph.Region,
        ["BROADCAST__Storage__AccessKey"] = ceph.AccessKey,
        ["BROADCAST__Storage__SecretKey"] = ceph.SecretKey,
    };

    private static async Task UploadAsync(StoragePlan plan, CephServer ceph, string shared, List<Report> reports, Action<string> progress)
    {
        var report = new Report($"{plan.Files} files of 1 MB into a bucket, {new SpoolOptions().MaxConcurrentUploads} at a time",
            "of this process", ["through the spool", "plain PUTs", "ratio"]);
        reports.Add(report);
        var content = new byte[FileBytes];
        Random.Shared.NextBytes(content);
        List<(double Rate, double Cpu)> spooled = [], plain = [];
        for (var round = 0; round <= plan.Rounds; round++)
        {
            var ours = await SpooledAsync(plan.Files, ceph, Path.Combine(shared, $"spool-{round}"), content);
            var theirs = await PlainAsync(plan.Files, ceph, Path.Combine(shared, $"plain-{round}"), content);
            progress(string.Create(CultureInfo.InvariantCulture,
                $"round {round}{(round == 0 ? ", warm-up" : "")}: spool {ours.Rate:0.0} MB/s, {ours.Cpu:0.00} s of CPU time per GB; plain {theirs.Rate:0.0} MB/s, {theirs.Cpu:0.00} s"));
            if (round > 0)
            {
                spooled.Add(ours);
                plain.Add(theirs);
            }
        }

        Row("MB per second", r => r.Rate);
        Row("CPU seconds per GB", r => r.Cpu);

        void Row(string name, Func<(double Rate, double Cpu), double> figure) => report.Add(
            name, Sample.Median(spooled.Select(figure)), Sample.Median(plain.Select(figure)),
            Sample.Median(spooled.Zip(plain, (s, p) => figure(s) / figure(p))));
    }

    private static async Task<(double Rate, double Cpu)> SpooledAsync(int files, CephServer ceph, string folder, byte[] content)
    {
        var bucket = await ceph.CreateBucketAsync();
        var settings = Environment(ceph, bucket)
            .ToDictionary(s => s.Key["BROADCAST__".Length..].Replace("__", ":", StringComparison.Ordinal), s => s.Value);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        await using var services = new ServiceCollection().AddLogging()
            .AddSingleton(new DataFolder(Directory.CreateDirectory(folder).FullName)).AddStorage(configuration).BuildServiceProvider();
        var (spool, monitor) = (services.GetRequiredService<ISpool>(), services.GetRequiredService<SpoolMonitor>());
        var work = services.GetServices<IHostedService>().ToList();
        foreach (var service in work)
        {
            await service.StartAsync(CancellationToken.None);
        }

        var meter = new ProcessMeter(System.Environment.ProcessId);
        for (var i = 0; i < files; i++)
        {
            // Appended in parts, like live media.
            var file = spool.Open(ObjectName.Parse($"live/bench/{i}.m4s"));
            for (var at = 0; at < FileBytes; at += FileBytes / 4)
            {
                file.Append([content.AsMemory(at, FileBytes / 4)]);
            }

            file.Seal();
        }

        await Poll.UntilAsync(() => monitor.Read().Uploads >= files, Timeout, "all files are uploaded");
        var result = (files * (FileBytes / 1e6) / meter.WallSeconds, meter.CpuSeconds / (files * (FileBytes / 1e9)));
        foreach (var service in work)
        {
            await service.StopAsync(CancellationToken.None);
        }

        Directory.Delete(folder, recursive: true);
        return result;
    }

    private static async Task<(double Rate, double Cpu)> PlainAsync(int files, CephServer ceph, string folder, byte[] content)
    {
        var bucket = await ceph.CreateBucketAsync();
        Directory.CreateDirectory(folder);
        using var client = new AmazonS3Client(new BasicAWSCredentials(ceph.AccessKey, ceph.SecretKey), new AmazonS3Config
        {
            ServiceURL = ceph.Endpoint,
            ForcePathStyle = true,
            AuthenticationRegion = ceph.Region,
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        });

        // Both measurements include writing the files.
        var meter = new ProcessMeter(System.Environment.ProcessId);
        await Parallel.ForAsync(0, files, new ParallelOptions { MaxDegreeOfParallelism = new SpoolOptions().MaxConcurrentUploads },
            async (i, token) =>
        {
            var path = Path.Combine(folder, $"{i}.m4s");
            await File.WriteAllBytesAsync(path, content, token);
            await client.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = $"live/bench/{i}.m4s", FilePath = path }, token);
            File.Delete(path);
        });
        var result = (files * (FileBytes / 1e6) / meter.WallSeconds, meter.CpuSeconds / (files * (FileBytes / 1e9)));
        Directory.Delete(folder, recursive: true);
        return result;
    }

    private static async Task OutageAsync(StoragePlan plan, CephServer ceph, string shared, List<Report> reports, Action<string> progress)
    {
        var report = new Report($"Outage of the bucket for {plan.Outage.TotalSeconds:0} s, {plan.Streams} streams of 4 Mbit/s", "one run",
            ["figure"]);
        reports.Add(report);
        var source = await SourceFile.MakeAsync(shared, 4, progress);
        await using var server = await BroadcastServer.StartAsync(environment: Environment(ceph, await ceph.CreateBucketAsync()));
        var addresses = Path.Combine(shared, "addresses");
        await File.WriteAllLinesAsync(addresses, await ChannelsAsync(server, plan.Streams));
        await using var load = ChildProcess.Start("dotnet",
            [Repository.ServerProgram(), "load", "publish", "--file", source.Path, "--urls", addresses, "--seconds",
                $"{plan.Outage.TotalSeconds + Timeout.TotalSeconds + 120:0}", "--rate", "5", "--json"]);
        await Poll.UntilAsync(async () => (await MetricsPage.ReadAsync(server.Internal)).Sum("broadcast_uploads_total") > plan.Streams * 10,
            TimeSpan.FromMinutes(2), "all streams are uploaded to the bucket");

        progress($"outage of the bucket for {plan.Outage.TotalSeconds:0} s");
        await ceph.KillAsync();
        await Task.Delay(plan.Outage, TimeProvider.System);
        var waiting = await MetricsPage.ReadAsync(server.Internal);
        progress("end of the outage");
        await ceph.StartGatewayAsync();
        var began = Stopwatch.GetTimestamp();

        // Caught up: only recent files are waiting.
        await Poll.UntilAsync(async () => (await MetricsPage.ReadAsync(server.Internal)).Sum("broadcast_upload_queue_oldest_seconds") < 2,
            Timeout, "the bucket is up to date");
        var caughtUp = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var (gaps, segments) = (0, 0);
        for (var i = 1; i <= plan.Streams; i++)
        {
            var list = await server.Client.GetStringAsync(await PlaylistAsync(server, $"bench-{i}"));
            gaps += list.Split("#EXT-X-GAP").Length + list.Split("#EXT-X-DISCONTINUITY\n").Length - 2;
            segments += list.Split("#EXTINF").Length - 1;
        }

        report.Add("waiting objects at the end of the outage", waiting.Sum("broadcast_upload_queue_objects"));
        report.Add("waiting gigabytes", waiting.Sum("broadcast_spool_bytes") / 1e9);
        report.Add("seconds until the backlog was uploaded, during live operation", caughtUp);
        report.Add("segments in the live playlists then", segments);
        report.Add("gaps and discontinuities among them", Aim.AtMost(0, gaps), gaps);
        load.Signal(UnixSignal.Terminate);
        await load.WaitForExitAsync(TimeSpan.FromSeconds(30));
        await Poll.UntilAsync(async () => (await MetricsPage.ReadAsync(server.Internal)).Sum("broadcast_upload_queue_objects") < 1, Timeout,
            "the rest is uploaded");
        await server.StopAsync();
        var fsck = await server.CommandAsync("fsck", "--deep");
        progress($"fsck --deep: exit code {fsck.ExitCode}: {fsck.Output.TrimEnd().Split('\n')[^1]}");
        report.Add("exit code of fsck --deep afterwards", Aim.AtMost(0, fsck.ExitCode), fsck.ExitCode);
    }

    private static async Task<IEnumerable<string>> ChannelsAsync(BroadcastServer server, int count)
    {
        using var api = new HttpClient { BaseAddress = server.Http };
        api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await server.CreateTokenAsync());
        var urls = new List<string>();
        for (var i = 1; i <= count; i++)
        {
            using var made = await api.PostAsJsonAsync("/api/v1/channels", new { name = $"bench-{i}", ladder = "passthrough" });
            made.EnsureSuccessStatusCode();
            using var body = JsonDocument.Parse(await made.Content.ReadAsStringAsync());
            urls.Add($"{server.Rtmp}/live/{body.RootElement.GetProperty("streamKey").GetString()}");
        }

        return urls;
    }

    private static async Task<string> PlaylistAsync(BroadcastServer server, string channel)
    {
        var master = await server.Client.GetStringAsync($"/live/{channel}/index.m3u8");
        return $"/live/{channel}/{master.Split('\n').First(line => line.EndsWith("/source.m3u8", StringComparison.Ordinal))}";
    }
}
