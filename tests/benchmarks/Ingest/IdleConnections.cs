using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Broadcast.Benchmarks;

/// <summary>Memory of a connection that does not publish, by its progress.</summary>
internal static class IdleConnections
{
    private const double MostKibibytes = 16;
    private const double Kibibyte = 1024;
    private const int OpenedTogether = 50;
    private const int AnswerToOpening = 1 + (2 * 1536);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    private enum Stage
    {
        Silent,
        Opened,
        Connected,
    }

    private static readonly (Stage Stage, string Name)[] Stages =
        [(Stage.Silent, "connected, nothing sent"), (Stage.Opened, "C0 and C1 sent"), (Stage.Connected, "after connect")];

    /// <summary>Measures each stage on a new server.</summary>
    public static async Task RunAsync(IngestPlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        string[] columns = ["Broadcast", "nginx-rtmp"];
        var report = new Report(string.Create(CultureInfo.InvariantCulture,
            $"Server memory of each of {plan.IdleConnections:#,0} idle connections"), "KiB resident", columns);
        reports.Add(report);
        foreach (var (stage, name) in Stages)
        {
            Rounds<HeldFigures> ours = new(), theirs = new();
            for (var round = 1; round <= plan.Rounds; round++)
            {
                async Task MeasureAsync(Rounds<HeldFigures> rounds, IServerUnderTest started)
                {
                    await using var server = started;
                    var figures = await HoldAsync(server, stage, plan.IdleConnections);
                    rounds.Add(figures, figures.Problem);
                    progress($"{plan.IdleConnections} connections ({name}), round {round} of {plan.Rounds}: {server.Name} {figures}");
                }

                await MeasureAsync(ours,
                    await BroadcastUnderTest.StartAsync(Path.Combine(shared, "broadcast"), Patient(plan.IdleConnections)));
                await MeasureAsync(theirs, await NginxRtmp.StartAsync(shared, NginxOutput.None));
            }

            var (a, b) = (ours.Median(f => f.Kibibytes), theirs.Median(f => f.Kibibytes));
            report.Add(name, stage == Stage.Connected ? Aim.None : Aim.Under(MostKibibytes, a), a, b);
            ours.Explain(report, name, columns[0]);
            theirs.Explain(report, name, columns[1]);
        }
    }

    /// <summary>All connections come from one address, and must not be rejected during the measurement.</summary>
    private static Dictionary<string, string?> Patient(int connections) => new()
    {
        ["BROADCAST__Ingest__MaxUnpublishedConnections"] = $"{connections + 1000}",
        ["BROADCAST__Ingest__MaxUnpublishedConnectionsPerAddress"] = $"{connections + 1000}",
        ["BROADCAST__Ingest__HandshakeTimeout"] = "00:01:00",
        ["BROADCAST__Ingest__PublishTimeout"] = "00:05:00",
    };

    private sealed record HeldFigures(double Kibibytes, string? Problem)
    {
        public override string ToString() => Problem ?? string.Create(CultureInfo.InvariantCulture, $"{Kibibytes:0.0} KiB each");
    }

    private static async Task<HeldFigures> HoldAsync(IServerUnderTest server, Stage stage, int count)
    {
        var port = (await server.TargetsAsync(1))[0].Port;

        // A tenth of the connections first, then closed: warms up the compiler and the pools.
        (await OpenAllAsync(port, stage, Math.Max(count / 10, 20))).ForEach(c => c.Dispose());
        await Task.Delay(Settle);
        var (before, stood) = (new ProcessMeter(server.Processes).ResidentBytes, (await server.CountAsync()).Connections);
        var connections = await OpenAllAsync(port, stage, count);
        await Task.Delay(Settle);
        var held = new ProcessMeter(server.Processes).ResidentBytes - before;
        var standing = (await server.CountAsync()).Connections - stood;
        connections.ForEach(c => c.Dispose());
        return new HeldFigures(held / Kibibyte / count,
            standing < count ? string.Create(CultureInfo.InvariantCulture, $"only {standing:#,0} of {count:#,0} connections stayed open")
            : null);
    }

    private static async Task<List<Socket>> OpenAllAsync(int port, Stage stage, int count)
    {
        var connections = new List<Socket>(count);
        while (connections.Count < count)
        {
            connections.AddRange(await Task.WhenAll(Enumerable.Range(0, Math.Min(OpenedTogether, count - connections.Count))
                .Select(_ => OpenAsync(port, stage))));
        }

        return connections;
    }

    private static async Task<Socket> OpenAsync(int port, Stage stage)
    {
        using var timeout = new CancellationTokenSource(Timeout, TimeProvider.System);
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port, timeout.Token);
        if (stage == Stage.Silent)
        {
            return socket;
        }

        await socket.SendAsync(EncoderBytes.Opening(), timeout.Token);
        var answer = new byte[2 * AnswerToOpening];
        var length = await ReadUntilAsync(socket, answer, got => got.Length >= AnswerToOpening, timeout.Token);
        if (stage == Stage.Connected)
        {
            // C2 repeats S1.
            await socket.SendAsync((byte[])[.. answer[1..1537], .. EncoderBytes.Connect()], timeout.Token);
            await ReadUntilAsync(socket, answer.AsMemory(length), got => got.IndexOf("NetConnection.Connect.Success"u8) >= 0,
                timeout.Token);
        }

        return socket;
    }

    private delegate bool Enough(ReadOnlySpan<byte> got);

    private static async Task<int> ReadUntilAsync(Socket socket, Memory<byte> room, Enough enough, CancellationToken cancellationToken)
    {
        var length = 0;
        while (!enough(room.Span[..length]))
        {
            var count = await socket.ReceiveAsync(room[length..], cancellationToken);
            length += count > 0 ? count : throw new IOException("The server closed a connection.");
        }

        return length;
    }
}
