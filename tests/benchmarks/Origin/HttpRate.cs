using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Broadcast.Benchmarks;

/// <summary>Throughput and cost of a server.</summary>
/// <param name="Requests">Number of correct responses.</param>
/// <param name="Bytes">Bytes of content.</param>
/// <param name="CpuSeconds">CPU time of the server's processes.</param>
/// <param name="WallSeconds">Duration in seconds.</param>
internal sealed record RateFigures(long Requests, long Bytes, double CpuSeconds, double WallSeconds)
{
    /// <summary>Megabytes per second of the server's CPU time.</summary>
    public double MegabytesPerCpuSecond => Bytes / 1e6 / CpuSeconds;

    /// <summary>Requests per second of the server's CPU time.</summary>
    public double RequestsPerCpuSecond => Requests / CpuSeconds;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Requests / WallSeconds:0} requests/s, {Bytes / 1e6 / WallSeconds:0} MB/s, {CpuSeconds / WallSeconds:0.00} cores: {MegabytesPerCpuSecond:0} MB and {RequestsPerCpuSecond:0} requests per CPU second");
}

/// <summary>Requests one resource repeatedly over a few persistent connections, one thread each, with minimal work in the client.</summary>
internal static class HttpRate
{
    /// <summary>Runs the requests. The first third of the time is warm-up.</summary>
    /// <param name="port">Port on loopback.</param>
    /// <param name="path">Path of the resource.</param>
    /// <param name="connections">Number of connections.</param>
    /// <param name="measured">Duration of the measurement.</param>
    /// <param name="processes">Processes of the server.</param>
    public static async Task<RateFigures> MeasureAsync(int port, string path, int connections, TimeSpan measured, int[] processes)
    {
        var totals = new Totals();
        var threads = Enumerable.Range(0, connections).Select(_ => Task.Factory.StartNew(
            () => Ask(port, path, totals), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToList();
        await Task.Delay(measured / 3, TimeProvider.System);
        var meter = new ProcessMeter(processes);
        var (requests, bytes) = (Interlocked.Read(ref totals.Requests), Interlocked.Read(ref totals.Bytes));
        await Task.Delay(measured, TimeProvider.System);
        var figures = new RateFigures(Interlocked.Read(ref totals.Requests) - requests, Interlocked.Read(ref totals.Bytes) - bytes,
            meter.CpuSeconds, meter.WallSeconds);
        totals.Stop = true;
        await Task.WhenAll(threads);
        return figures;
    }

    private static void Ask(int port, string path, Totals totals)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true,
            ReceiveTimeout = 10_000 };
        socket.Connect(IPAddress.Loopback, port);
        var request = Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        var buffer = new byte[256 * 1024];
        while (!totals.Stop)
        {
            socket.Send(request);
            var got = 0;
            int end;
            while ((end = buffer.AsSpan(0, got).IndexOf("\r\n\r\n"u8)) < 0)
            {
                got += Receive(socket, buffer.AsSpan(got));
            }

            var head = buffer.AsSpan(0, end);
            var length = LengthIn(head);
            if (!head.StartsWith("HTTP/1.1 200"u8) || length < 0)
            {
                throw new InvalidDataException($"{path} was answered with {Encoding.ASCII.GetString(head)}");
            }

            for (var left = length - (got - end - 4); left > 0;)
            {
                left -= Receive(socket, buffer.AsSpan(0, (int)Math.Min(left, buffer.Length)));
            }

            Interlocked.Increment(ref totals.Requests);
            Interlocked.Add(ref totals.Bytes, length);
        }
    }

    private static int Receive(Socket socket, Span<byte> room) =>
        socket.Receive(room) is > 0 and var got ? got : throw new IOException("The server closed a connection.");

    private static long LengthIn(ReadOnlySpan<byte> head)
    {
        var at = head.IndexOf("Content-Length: "u8);
        return at >= 0 && System.Buffers.Text.Utf8Parser.TryParse(head[(at + 16)..], out long length, out _) ? length : -1;
    }

    private sealed class Totals
    {
        public long Requests;
        public long Bytes;
        public volatile bool Stop;
    }
}
