using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>Figures of the load generator.</summary>
/// <param name="Sent">Messages that were sent in the measured time and accepted.</param>
/// <param name="Received">Their deliveries, over all readers.</param>
/// <param name="Median">Median time from sending to a reader, in seconds.</param>
/// <param name="P99">99th percentile of the same.</param>
/// <param name="Longest">Maximum of the same.</param>
/// <param name="Bytes">Received bytes of all readers in the measured time, with the headers of responses.</param>
/// <param name="Responses">Their number.</param>
/// <param name="Errors">Failed requests and lost connections of readers, and messages that were not accepted.</param>
internal sealed record ChatLoadFigures(long Sent, long Received, double Median, double P99, double Longest, long Bytes, long Responses,
    long Errors);

/// <summary>
/// <c>chat-load batches|xmpp ADDRESS ROOM READERS RATE</c>: readers and writers of a chat room in a process of their own. Writes
/// <c>ready</c> when all readers wait for messages and writers have begun, measures between the lines <c>begin</c> and <c>end</c> on
/// standard input, and then writes one line of JSON.
/// </summary>
internal static class ChatLoad
{
    /// <summary>First argument that selects this mode.</summary>
    public const string Command = "chat-load";

    /// <summary>Kind of clients that read batches over HTTP.</summary>
    public const string Batches = "batches";

    /// <summary>Kind of clients in a MUC room over WebSocket.</summary>
    public const string Xmpp = "xmpp";

    private const string ReadyLine = "ready";
    private const string BeginLine = "begin";
    private const string EndLine = "end";

    /// <summary>Writers for each message per second: each writes 15 messages per minute.</summary>
    private const int WritersPerRate = 4;

    /// <summary>Share of the messages that can fail, for example because an overloaded cache has closed a connection.</summary>
    private const double MaxFailedShare = 0.02;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan EndTimeout = TimeSpan.FromMinutes(2);

    /// <summary>Starts the load generator, and waits until all readers wait for messages.</summary>
    public static async Task<ChildProcess> StartAsync(string kind, Uri address, string room, int readers, int rate)
    {
        // Readers are cheap when their work runs on the threads that wait for sockets.
        var load = ChildProcess.Start("dotnet",
            [typeof(ChatLoad).Assembly.Location, Command, kind, address.ToString(), room, Number(readers), Number(rate)],
            new Dictionary<string, string?> { ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1" }, openInput: true);
        try
        {
            await load.WaitForLineAsync(line => line == ReadyLine, ConnectTimeout);
            return load;
        }
        catch
        {
            await load.DisposeAsync();
            throw;
        }
    }

    /// <summary>Begins the measured time.</summary>
    public static Task BeginAsync(ChildProcess load) => WriteAsync(load, BeginLine);

    /// <summary>Ends the measured time, and waits for the messages that are under way.</summary>
    /// <exception cref="InvalidDataException">The server has rejected many messages.</exception>
    public static async Task<ChatLoadFigures> EndAsync(ChildProcess load)
    {
        await WriteAsync(load, EndLine);
        var result = await load.WaitForJsonAsync(EndTimeout);
        var (figures, failed) = (result.GetProperty("figures").Deserialize<ChatLoadFigures>()!, result.GetProperty("failed").GetInt64());
        return failed > figures.Sent * MaxFailedShare
            ? throw new InvalidDataException($"{failed} messages were not accepted: {result.GetProperty("error").GetString()}")
            : figures with { Errors = figures.Errors + failed };
    }

    /// <summary>Runs as the child process.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is not [var kind, var address, var room, var readers, var rate])
        {
            await Console.Error.WriteLineAsync($"usage: {Command} {Batches}|{Xmpp} ADDRESS ROOM READERS RATE");
            return 1;
        }

        var (perSecond, deliveries) = (int.Parse(rate, CultureInfo.InvariantCulture), new ChatDeliveries());
        var (count, writers) = (int.Parse(readers, CultureInfo.InvariantCulture), perSecond * WritersPerRate);
        await using IChatClients clients = kind == Xmpp ? new XmppClients(new Uri(address), room, count, deliveries)
            : new BatchClients(new Uri(address), room, count, writers, deliveries);
        await clients.ConnectAsync();
        using var stop = new CancellationTokenSource();
        var pace = new Pace(clients, writers, deliveries);
        var writing = pace.RunAsync(perSecond, stop.Token);
        Console.WriteLine(ReadyLine);
        while (await Console.In.ReadLineAsync(CancellationToken.None) is { } line)
        {
            if (line == BeginLine)
            {
                deliveries.Begin();
            }
            else if (line == EndLine)
            {
                deliveries.End();
                await stop.CancelAsync();
                await writing;
                await DrainAsync(deliveries, pace.Sent * count);
                Console.WriteLine(JsonSerializer.Serialize(new
                {
                    figures = new ChatLoadFigures(pace.Sent, deliveries.Count, deliveries.Percentile(0.5) / 1000.0,
                        deliveries.Percentile(0.99) / 1000.0, deliveries.Percentile(1) / 1000.0, deliveries.Bytes,
                        deliveries.Responses, deliveries.Errors),
                    failed = pace.Failed, error = pace.Error,
                }));
                break;
            }
        }

        return 0;
    }

    /// <summary>Waits until all messages have arrived, or none has arrived for some time.</summary>
    private static async Task DrainAsync(ChatDeliveries deliveries, long expected)
    {
        for (var (known, changed) = (-1L, Stopwatch.GetTimestamp());
            deliveries.Count < expected && Stopwatch.GetElapsedTime(changed) < Silence;)
        {
            if (deliveries.Count != known)
            {
                (known, changed) = (deliveries.Count, Stopwatch.GetTimestamp());
            }

            await Task.Delay(Poll, TimeProvider.System);
        }
    }

    private static async Task WriteAsync(ChildProcess load, string line)
    {
        await load.Input.WriteAsync(System.Text.Encoding.ASCII.GetBytes(line + "\n"));
        await load.Input.FlushAsync();
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Sends messages at a steady rate, by one writer after the other, without waiting for earlier ones.</summary>
    private sealed class Pace(IChatClients clients, int writers, ChatDeliveries deliveries)
    {
        private long _sent;
        private long _failed;

        /// <summary>Messages in the measured time that were accepted.</summary>
        public long Sent => Interlocked.Read(ref _sent);

        /// <summary>Messages that were not accepted.</summary>
        public long Failed => Interlocked.Read(ref _failed);

        /// <summary>Reason for the last of these; <see langword="null"/> for none.</summary>
        public string? Error { get; private set; }

        public async Task RunAsync(int perSecond, CancellationToken stopping)
        {
            var (began, sending) = (Stopwatch.GetTimestamp(), new List<Task>());
            try
            {
                for (var i = 0; ; i++)
                {
                    var due = TimeSpan.FromSeconds((double)i / perSecond) - Stopwatch.GetElapsedTime(began);
                    if (due > TimeSpan.Zero)
                    {
                        await Task.Delay(due, TimeProvider.System, stopping);
                    }

                    stopping.ThrowIfCancellationRequested();
                    sending.Add(SendAsync(i % writers));
                    sending.RemoveAll(task => task.IsCompleted);
                }
            }
            catch (OperationCanceledException)
            {
                await Task.WhenAll(sending);
            }
        }

        private async Task SendAsync(int writer)
        {
            var at = Stopwatch.GetTimestamp();
            try
            {
                await clients.SendAsync(writer, ChatDeliveries.TextOf(at));
                if (deliveries.Counts(at))
                {
                    Interlocked.Increment(ref _sent);
                }
            }
            catch (Exception e)
            {
                Interlocked.Increment(ref _failed);
                Error = e.Message;
            }
        }
    }
}
