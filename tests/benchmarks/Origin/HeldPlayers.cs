using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>Results of players with held requests, and the server's cost.</summary>
/// <param name="Delays">Milliseconds from each announcement to the complete response.</param>
/// <param name="Kibibytes">Resident memory per waiting player.</param>
/// <param name="CpuMilliseconds">CPU time of the server per part.</param>
/// <param name="GeneratorCpuMilliseconds">CPU time of the players per part, on the same machine.</param>
internal sealed record HeldFigures(IReadOnlyList<double> Delays, double Kibibytes, double CpuMilliseconds, double GeneratorCpuMilliseconds)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"p50 {Sample.Median(Delays):0.0} ms, p99 {Sample.Percentile(Delays, 0.99):0.0} ms, {Kibibytes:0.0} KiB each, {CpuMilliseconds:0} ms of server CPU and {GeneratorCpuMilliseconds:0} ms of players' CPU per part");
}

/// <summary>
/// Players that request the next part in advance, receive it at the same time and request the next one immediately, each on its own
/// connection.
/// </summary>
internal static class HeldPlayers
{
    private const int ConnectTogether = 50;
    private const double Kibibyte = 1024;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>Runs players for some time.</summary>
    /// <param name="server">Server that announces parts.</param>
    /// <param name="wait">Request path with <c>{segment}</c> and <c>{part}</c>.</param>
    /// <param name="players">Number of players.</param>
    /// <param name="measured">Duration of the measurement.</param>
    public static async Task<HeldFigures> MeasureAsync(OriginOnlyServer server, string wait, int players, TimeSpan measured)
    {
        // A tenth of the players first, then disconnected: warms up the compiler and the pools.
        await RunAsync(server, wait, Math.Max(players / 10, 20), TimeSpan.FromSeconds(3));
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System);
        return await RunAsync(server, wait, players, measured);
    }

    private static async Task<HeldFigures> RunAsync(OriginOnlyServer server, string wait, int players, TimeSpan measured)
    {
        var announced = new ConcurrentDictionary<(long Segment, int Part), long>();
        await Poll.UntilAsync(
            () =>
            {
                server.ReadParts(announced);
                return announced.Keys.Any(p => p.Part == OriginOnlyHost.PartsOfASegment - 1);
            },
            TimeSpan.FromSeconds(10), "parts are announced");
        var before = new ProcessMeter(server.Process).ResidentBytes;
        var next = announced.Keys.Max();
        var sockets = new List<Socket>(players);
        while (sockets.Count < players)
        {
            sockets.AddRange(await Task.WhenAll(Enumerable.Range(0, Math.Min(ConnectTogether, players - sockets.Count))
                .Select(_ => ConnectAsync(server.Port))));
        }

        using var stop = new CancellationTokenSource();
        var answers = new ConcurrentQueue<((long Segment, int Part) Of, long At)>();
        try
        {
            // The first response is an old part. Each player then requests the next one.
            var followers = sockets.Select(socket => FollowAsync(socket, server.Session + wait, next, answers, stop.Token)).ToList();
            await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
            var (meter, own, began) = (new ProcessMeter(server.Process), new ProcessMeter(Environment.ProcessId), Stopwatch.GetTimestamp());
            await Task.Delay(measured, TimeProvider.System);
            var (cpu, ownCpu, ended, resident) = (meter.CpuSeconds, own.CpuSeconds, Stopwatch.GetTimestamp(), meter.ResidentBytes);
            await stop.CancelAsync();
            server.ReadParts(announced);
            await Task.WhenAll(followers);
            var parts = announced.Where(p => p.Value >= began && p.Value < ended - Stopwatch.Frequency).Select(p => p.Key).ToHashSet();
            var delays = answers.Where(a => parts.Contains(a.Of))
                .Select(a => Stopwatch.GetElapsedTime(announced[a.Of], a.At).TotalMilliseconds).ToList();
            if (delays.Count < parts.Count * players)
            {
                throw new InvalidDataException($"{players} players received {delays.Count} parts in total, expected {parts.Count} each.");
            }

            var lasted = Stopwatch.GetElapsedTime(began, ended).TotalSeconds;
            return new HeldFigures(delays, (resident - before) / Kibibyte / players, cpu * 1000 / lasted, ownCpu * 1000 / lasted);
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    private static async Task<Socket> ConnectAsync(int port)
    {
        using var timeout = new CancellationTokenSource(Timeout, TimeProvider.System);
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true,
            ReceiveBufferSize = 16 * 1024 };
        await socket.ConnectAsync(IPAddress.Loopback, port, timeout.Token);
        return socket;
    }

    private static async Task FollowAsync(
        Socket socket, string path, (long Segment, int Part) next, ConcurrentQueue<((long Segment, int Part) Of, long At)> answers,
        CancellationToken stopping)
    {
        var buffer = new byte[4096];
        try
        {
            while (true)
            {
                var asked = path.Replace("{rendition}", OriginOnlyHost.Rendition, StringComparison.Ordinal)
                    .Replace("{segment}", next.Segment.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
                    .Replace("{part}", next.Part.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
                await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {asked} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), stopping);
                await ReadAnswerAsync(socket, buffer, stopping);
                answers.Enqueue((next, Stopwatch.GetTimestamp()));
                next = next.Part + 1 < OriginOnlyHost.PartsOfASegment ? (next.Segment, next.Part + 1) : (next.Segment + 1, 0);
            }
        }
        catch (OperationCanceledException)
        {
            // The measurement is complete.
        }
    }

    private static async Task ReadAnswerAsync(Socket socket, byte[] buffer, CancellationToken stopping)
    {
        var (got, left) = (0, -1L);
        while (left != 0)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(left < 0 ? got : 0), stopping);
            if (received == 0)
            {
                throw new IOException("The server closed a connection.");
            }

            if (left > 0)
            {
                left -= received;
                continue;
            }

            got += received;
            if (buffer.AsSpan(0, got).IndexOf("\r\n\r\n"u8) is >= 0 and var end)
            {
                var head = Encoding.ASCII.GetString(buffer, 0, end);
                var length = head.Split("\r\n").FirstOrDefault(l => l.StartsWith("Content-Length: ", StringComparison.Ordinal));
                if (!head.StartsWith("HTTP/1.1 200", StringComparison.Ordinal) || length is null)
                {
                    throw new InvalidDataException($"A held request was answered with {head}");
                }

                left = long.Parse(length.AsSpan(16), CultureInfo.InvariantCulture) - (got - end - 4);
            }
        }
    }
}
