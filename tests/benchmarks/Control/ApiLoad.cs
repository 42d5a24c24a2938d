using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>Results of a load run.</summary>
/// <param name="PerSecond">Responses per second.</param>
/// <param name="Median">Median time to the complete response, in milliseconds.</param>
/// <param name="P99">99th percentile of the same, in milliseconds.</param>
/// <param name="ClientShare">CPU share of the load generator's core. Close to one, the load generator is the bottleneck.</param>
/// <param name="ServerMicroseconds">CPU time of the server per request, without PostgreSQL.</param>
/// <param name="DatabaseMicroseconds">CPU time of all PostgreSQL processes per request.</param>
internal sealed record ApiFigures(double PerSecond, double Median, double P99, double ClientShare, double ServerMicroseconds,
    double DatabaseMicroseconds)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{PerSecond:0} per second, p50 {Median:0.00} ms, p99 {P99:0.00} ms, CPU per request: server {ServerMicroseconds:0} µs, PostgreSQL {DatabaseMicroseconds:0} µs; the client used {ClientShare:0.00} of its core");
}

/// <summary>
/// <c>control-load PORT CONNECTIONS MILLISECONDS METHOD PATHS [BODY]</c>: load generator on its own core. Each persistent connection sends
/// its next request after the complete response. Each uses its own path, one line of the file <c>PATHS</c>; <c>{n}</c> in the body is
/// replaced by an increasing number. The bearer token is passed in the environment to hide it from process lists. Writes one line of JSON.
/// </summary>
internal static class ApiLoad
{
    /// <summary>First argument that selects this mode.</summary>
    public const string Command = "control-load";

    /// <summary>Number of connections.</summary>
    public const int Connections = 16;

    private const string TokenVariable = "BENCH_TOKEN";
    private const string ServerVariable = "BENCH_SERVER";
    private const string PostmasterVariable = "BENCH_POSTMASTER";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    /// <summary>Runs the load generator in a child process.</summary>
    /// <param name="port">Port of the server on loopback.</param>
    /// <param name="method">HTTP method.</param>
    /// <param name="paths">File with the paths.</param>
    /// <param name="body">JSON body, or <see langword="null"/>.</param>
    /// <param name="token">Bearer token, or <see langword="null"/>.</param>
    /// <param name="server">Process of the server.</param>
    /// <param name="postmaster">Process of PostgreSQL; the CPU time of its child processes counts, too.</param>
    /// <param name="measured">Duration of the measurement, preceded by a third of it as warm-up.</param>
    public static async Task<ApiFigures> AskAsync(int port, string method, string paths, string? body, string? token, int server,
        int postmaster, TimeSpan measured)
    {
        string[] arguments =
        [
            "-c", Cores.Client, "dotnet", typeof(ApiLoad).Assembly.Location, Command, port.ToString(CultureInfo.InvariantCulture),
            Connections.ToString(CultureInfo.InvariantCulture),
            measured.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture), method, paths,
            .. body is null ? Array.Empty<string>() : [body],
        ];
        var result = (await ChildProcess.RunAsync("taskset", arguments, measured + Timeout,
            new Dictionary<string, string?>
            {
                [TokenVariable] = token, [ServerVariable] = server.ToString(CultureInfo.InvariantCulture),
                [PostmasterVariable] = postmaster.ToString(CultureInfo.InvariantCulture),
            })).EnsureSuccess().Json();
        return new(
            result.GetProperty("perSecond").GetDouble(), result.GetProperty("median").GetDouble(), result.GetProperty("p99").GetDouble(),
            result.GetProperty("clientShare").GetDouble(), result.GetProperty("server").GetDouble(),
            result.GetProperty("database").GetDouble());
    }

    /// <summary>Runs as the child process.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is not [var port, var connections, var milliseconds, var method, var paths, .. var rest])
        {
            await Console.Error.WriteLineAsync($"usage: {Command} PORT CONNECTIONS MILLISECONDS METHOD PATHS [BODY]");
            return 1;
        }

        var (lines, token) = (await File.ReadAllLinesAsync(paths), Environment.GetEnvironmentVariable(TokenVariable));
        var measured = TimeSpan.FromMilliseconds(Number(milliseconds));
        var askers = Enumerable.Range(0, Number(connections))
            .Select(i => new Asker(Number(port), method, lines[i % lines.Length], rest.Length > 0 ? rest[0] : null, token, i)).ToList();
        var threads = askers.Select(a => Task.Factory
            .StartNew(a.Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToList();
        await Task.Delay(measured / 3, TimeProvider.System);
        var meter = new ProcessMeter(Environment.ProcessId);
        var server = new ProcessMeter(NumberOf(ServerVariable));
        var database = new DatabaseMeter(NumberOf(PostmasterVariable));
        askers.ForEach(a => a.Counts = true);
        await Task.Delay(measured, TimeProvider.System);
        askers.ForEach(a => a.Counts = false);
        var (wall, cpu, serverCpu, databaseCpu) = (meter.WallSeconds, meter.CpuSeconds, server.CpuSeconds,
            database.CpuSeconds);
        askers.ForEach(a => a.Stops = true);
        await Task.WhenAll(threads);
        var times = askers.SelectMany(a => a.Times).ToList();
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            perSecond = times.Count / wall, median = Sample.Median(times), p99 = Sample.Percentile(times, 0.99), clientShare = cpu / wall,
            server = serverCpu * 1e6 / times.Count, database = databaseCpu * 1e6 / times.Count,
        }));
        return 0;
    }

    private static int NumberOf(string variable) => Number(Environment.GetEnvironmentVariable(variable) ?? "");

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>One connection of the load generator.</summary>
    private sealed class Asker(int port, string method, string path, string? body, string? token, int number)
    {
        private readonly byte[] _buffer = new byte[256 * 1024];

        /// <summary>Indicates whether current requests count.</summary>
        public volatile bool Counts;

        /// <summary>Indicates whether the connection stops.</summary>
        public volatile bool Stops;

        /// <summary>Milliseconds of each counted request. Read only after the end of the run.</summary>
        public List<double> Times { get; } = new(100_000);

        public void Run()
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true,
                ReceiveTimeout = 10_000 };
            socket.Connect(IPAddress.Loopback, port);
            var authorization = token is null ? "" : $"Authorization: Bearer {token}\r\n";
            for (long n = number; !Stops; n += 1000)
            {
                var content = body?.Replace("{n}", n.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
                var sent = content is null ? ""
                    : $"Content-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(content)}\r\n";
                var request = Encoding.UTF8.GetBytes($"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}{sent}\r\n{content}");
                var began = Stopwatch.GetTimestamp();
                socket.Send(request);
                Receive(socket);
                if (Counts)
                {
                    Times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                }
            }
        }

        /// <summary>
        /// Reads one complete response with a length or in chunks. Nothing follows it, because the next request is not sent yet.
        /// </summary>
        private void Receive(Socket socket)
        {
            var (got, head) = (0, -1);
            while (true)
            {
                var count = socket.Receive(_buffer.AsSpan(got));
                if (count <= 0)
                {
                    throw new IOException("The server closed a connection.");
                }

                got += count;
                if (head < 0)
                {
                    head = _buffer.AsSpan(0, got).IndexOf("\r\n\r\n"u8);
                }

                if (head >= 0 && IsWhole(_buffer.AsSpan(0, head), _buffer.AsSpan(head + 4, got - head - 4)))
                {
                    return;
                }

                if (got == _buffer.Length)
                {
                    throw new InvalidDataException($"{path} was answered with more than {_buffer.Length} bytes.");
                }
            }
        }

        private bool IsWhole(ReadOnlySpan<byte> head, ReadOnlySpan<byte> content)
        {
            if (!head.StartsWith("HTTP/1.1 200"u8))
            {
                throw new InvalidDataException(
                    $"{method} {path} was answered with {Encoding.ASCII.GetString(head)} {Encoding.UTF8.GetString(content)}");
            }

            var at = head.IndexOf("Content-Length: "u8);
            return at < 0
                ? content.EndsWith("0\r\n\r\n"u8)
                : System.Buffers.Text.Utf8Parser.TryParse(head[(at + 16)..], out long length, out _) && content.Length >= length;
        }
    }
}
