using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Broadcast.Publisher;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// <c>soak --crowd N</c>: real-time streams, and N connections that send nothing or single bytes. <c>soak --cycles N</c>: publishes and
/// stops N times. Both report the resources of the server process before, during and after the load. Exit code 1 if a sample was lost or a
/// resource was not released.
/// </summary>
internal static class CrowdSoak
{
    private const int Streams = 4;
    private const long Mebibyte = 1024 * 1024;
    private const long MostMore = 300 * Mebibyte;
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(15);

    /// <summary>Deletion delay of media after leaving the live window: 60 s each, plus a margin.</summary>
    private static readonly TimeSpan Forgetting = TimeSpan.FromSeconds(150);

    /// <summary>Opens silent and trickling connections beside streams.</summary>
    public static async Task<int> RunCrowdAsync(int count, Action<string> say)
    {
        await using var server = await BroadcastServer.StartAsync(environment: new Dictionary<string, string?>
        {
            ["BROADCAST__Ingest__MaxUnpublishedConnections"] = $"{count + 1000}",
            ["BROADCAST__Ingest__MaxUnpublishedConnectionsPerAddress"] = $"{count + 1000}",
            ["BROADCAST__Ingest__HandshakeTimeout"] = "00:01:00",
        });
        using var stop = new CancellationTokenSource();
        var streams = await PublishAsync(server, TimeSpan.FromMinutes(10));
        var running = streams.RunAsync(stop.Token);
        await Task.Delay(Settle, TimeProvider.System);
        var before = Held.By(server);

        // A stream can begin with audio before its first video frame; viewers do not receive it.
        var atStart = await ReadAsync(server, "broadcast_samples_dropped_total");
        say($"{Streams} streams: {before}");

        var crowd = new List<Socket>(count);
        for (var i = 0; i < count; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(new IPAddress([127, 0, (byte)(1 + (i / 250)), (byte)(1 + (i % 250))]), 0));
            await socket.ConnectAsync(IPAddress.Loopback, new Uri(server.Rtmp).Port);
            crowd.Add(socket);
        }

        say($"{count} connections are open; half of them trickle");
        var most = before;
        for (var round = 0; round < 10; round++)
        {
            foreach (var socket in crowd.Where((_, i) => i % 2 == 0))
            {
                await TrySendAsync(socket, (byte)(round == 0 ? 3 : round));
            }

            await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System);
            var now = Held.By(server);
            most = now.Resident > most.Resident ? now : most;
        }

        var standing = await ReadAsync(server, "broadcast_ingest_connections");
        say($"with the connections: {most}; the server counts {standing:0}");
        crowd.ForEach(s => s.Dispose());
        await Task.Delay(Settle, TimeProvider.System);
        var after = Held.By(server);
        await stop.CancelAsync();
        var sent = await running;
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
        var (taken, dropped, malformed) = (await ReadAsync(server, "broadcast_ingest_samples_total"), await ReadAsync(server,
            "broadcast_samples_dropped_total") - atStart, await ReadAsync(server, "broadcast_ingest_malformed_total"));

        Console.WriteLine(
            $"| connections beside {Streams} streams | before | with them | after | sent | received | dropped | malformed | stalls "
            + "|\n|---|---|---|---|---|---|---|---|---|");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {count:n0} | {before} | {most} | {after} | {sent.Frames:n0} | {taken:n0} | {dropped:n0} | {malformed:n0} | {sent.Stalls:n0} |"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{(most.Resident - before.Resident) / (double)count / 1024:0.0} KiB of memory per connection; {standing:n0} open at once"));
        return dropped == 0 && malformed == 0 && sent.Failed == 0 && most.Resident - before.Resident < MostMore
            && standing >= count ? 0 : 1;
    }

    /// <summary>Publishes and stops repeatedly.</summary>
    public static async Task<int> RunCyclesAsync(int count, Action<string> say)
    {
        await using var server = await BroadcastServer.StartAsync();
        var channel = await server.CreateChannelAsync("cycles", "--ladder", "passthrough", "--record", "off");
        var media = FlvFileReader.Read(await FileAsync(server, seconds: 2));
        var target = Target(server, channel.StreamKey);
        Held? first = null;
        for (var i = 0; i < count; i++)
        {
            await using (var publisher = await PublishAgainAsync(target))
            {
                await publisher.SendAsync(media.Tags, 0);
                await publisher.CloseAsync();
            }

            if (i == count / 10)
            {
                await Task.Delay(Forgetting, TimeProvider.System);
                first = Held.By(server);
                say($"after {i} cycles: {first}");
            }
        }

        await Task.Delay(Forgetting, TimeProvider.System);
        var last = Held.By(server);
        Console.WriteLine($"| publish and stop | after a tenth | at the end |\n|---|---|---|\n| {count:n0} times | {first} | {last} |");
        return last.Threads <= first!.Threads + 8 && last.Handles <= first.Handles + 16 && last.TemporaryFiles <= first.TemporaryFiles
            && last.Resident <= first.Resident + (100 * Mebibyte) ? 0 : 1;
    }

    /// <summary>Publishes; retries while the end of the previous publication has not been read, which takes milliseconds.</summary>
    private static async Task<RtmpPublisher> PublishAgainAsync(RtmpTarget target)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await RtmpPublisher.ConnectAsync(target);
            }
            catch (RtmpPublishException) when (tries < 50)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            }
        }
    }

    private static async Task<LoadPublisher> PublishAsync(BroadcastServer server, TimeSpan length)
    {
        var targets = new List<RtmpTarget>();
        for (var i = 0; i < Streams; i++)
        {
            targets.Add(
                Target(server, (await server.CreateChannelAsync($"crowd-{i}", "--ladder", "passthrough", "--record", "off")).StreamKey));
        }

        return new LoadPublisher(new LoadPlan(targets, FlvFileReader.Read(await FileAsync(server, seconds: 20)), length),
            TimeProvider.System);
    }

    private static async Task<byte[]> FileAsync(BroadcastServer server, double seconds)
    {
        var path = Path.Combine(Path.GetDirectoryName(server.Data)!, "crowd.flv");
        await FfmpegTool.MakeFileAsync(path, new TestSource { Width = 1280, Height = 720, VideoBitRate = 2_500_000, Seconds = seconds });
        return await File.ReadAllBytesAsync(path);
    }

    private static RtmpTarget Target(BroadcastServer server, string key) => new("127.0.0.1", new Uri(server.Rtmp).Port, "live", key);

    private static async Task TrySendAsync(Socket socket, byte value)
    {
        try
        {
            await socket.SendAsync(new[] { value });
        }
        catch (SocketException)
        {
            // Rejected connections are visible in the server's count.
        }
    }

    private static async Task<double> ReadAsync(BroadcastServer server, string metric) =>
        (await MetricsPage.ReadAsync(server.Internal)).Sum(metric);

    /// <summary>Resources of a server's process and data folder.</summary>
    private sealed record Held(long Resident, int Threads, int Handles, int Files, int TemporaryFiles)
    {
        public static Held By(BroadcastServer server)
        {
            var process = server.Process.Id;
            var threads = File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith("Threads:", StringComparison.Ordinal));
            var files = Directory.EnumerateFiles(server.Data, "*", SearchOption.AllDirectories).ToList();
            return new Held(new ProcessMeter(process).ResidentBytes, int.Parse(threads[8..], CultureInfo.InvariantCulture),
                Directory.EnumerateFileSystemEntries($"/proc/{process}/fd").Count(),
                files.Count, files.Count(f => f.EndsWith(".tmp", StringComparison.Ordinal)));
        }

        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"{Resident / (double)Mebibyte:0} MiB, {Threads} threads, {Handles} handles, {Files} files ({TemporaryFiles} temporary)");
    }
}
