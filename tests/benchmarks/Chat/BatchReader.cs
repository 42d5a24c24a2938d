using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Broadcast.Benchmarks;

/// <summary>
/// A page that reads the chat as <c>dashboard/src/chat/chatFeed.ts</c> does: the list after its last batch, which is held until there is a
/// newer one, then the new batches that the list does not include, on one persistent connection.
/// </summary>
internal sealed class BatchReader(IPEndPoint edge, string channel, ParsedBatches parsed, ChatDeliveries deliveries)
{
    private const int BatchesAtStart = 30;
    private const int MaxResponse = 1024 * 1024;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[] _buffer = new byte[2048];
    private Socket? _socket;
    private string? _session;
    private long _last;

    /// <summary>Task that completes when the reader has read the first list and its batches.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Reads until cancellation.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                try
                {
                    var hadNews = await ReadOnceAsync(stopping);
                    _ready.TrySetResult();
                    if (hadNews)
                    {
                        continue;
                    }
                }
                catch (Exception e) when (e is SocketException or IOException or JsonException)
                {
                    deliveries.AddError();
                    _socket?.Dispose();
                    _socket = null;
                }

                await Task.Delay(Pause, TimeProvider.System, stopping);
            }
        }
        catch (OperationCanceledException)
        {
            // The measurement is complete.
        }
        finally
        {
            _socket?.Dispose();
        }
    }

    /// <summary>Reads a list and its new batches.</summary>
    /// <returns><see langword="false"/> when there is nothing new.</returns>
    private async ValueTask<bool> ReadOnceAsync(CancellationToken stopping)
    {
        var after = _session is null ? "" : string.Create(CultureInfo.InvariantCulture, $"?after={_last}");
        var list = List(await GetAsync($"/live/{channel}/chat.json{after}", stopping));
        var reset = list.Session != _session || list.Last < _last;
        var from = Math.Max(reset ? list.First : _last + 1, list.Last - BatchesAtStart + 1);
        if (!reset && from > list.Last)
        {
            return false;
        }

        var received = new List<long>();
        if (!reset && list.Included.Count == list.Last - _last)
        {
            received.AddRange(list.Included.SelectMany(sentAt => sentAt));
            from = list.Last + 1;
        }

        for (var number = from; number <= list.Last; number++)
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"/live/{channel}/{list.Session}/chat/{number}.json");
            received.AddRange(Batch(number, await GetAsync(path, stopping)));
        }

        (_session, _last) = (list.Session, list.Last);
        var now = Stopwatch.GetTimestamp();
        foreach (var sentAt in received)
        {
            deliveries.Add(sentAt, now);
        }

        return true;
    }

    private BatchList List(Body body) => parsed.List(_buffer.AsSpan(body.Start, body.Length), body.IsCompressed);

    private long[] Batch(long number, Body body) => parsed.Batch(number, _buffer.AsSpan(body.Start, body.Length), body.IsCompressed);

    /// <summary>Sends a request and reads its response into the buffer.</summary>
    private async ValueTask<Body> GetAsync(string path, CancellationToken stopping)
    {
        if (_socket is null)
        {
            _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true,
                ReceiveBufferSize = 16 * 1024 };
            await _socket.ConnectAsync(edge, stopping);
        }

        var length = Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n", _buffer);
        await _socket.SendAsync(_buffer.AsMemory(0, length), stopping);
        var (got, body) = (0, default(Body?));
        while (body is not { } whole || got < whole.Start + whole.Length)
        {
            if (got == _buffer.Length)
            {
                Array.Resize(ref _buffer, _buffer.Length < MaxResponse ? _buffer.Length * 2
                    : throw new IOException($"{path} was answered with more than {MaxResponse} bytes."));
            }

            var count = await _socket.ReceiveAsync(_buffer.AsMemory(got), stopping);
            deliveries.AddBytes(count);
            got += count > 0 ? count : throw new IOException("Varnish closed a connection.");
            body ??= Find(_buffer.AsSpan(0, got), path);
        }

        deliveries.AddResponse();
        return body.Value;
    }

    /// <summary>Finds the body of a response whose headers are complete.</summary>
    private static Body? Find(ReadOnlySpan<byte> response, string path)
    {
        var end = response.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return null;
        }

        var head = response[..end];
        var at = head.IndexOf("Content-Length: "u8);
        return head.StartsWith("HTTP/1.1 200"u8) && at >= 0 && Utf8Parser.TryParse(head[(at + 16)..], out int length, out _)
            && length is >= 0 and <= MaxResponse
            ? new Body(end + 4, length, head.IndexOf("Content-Encoding: gzip"u8) >= 0)
            : throw new IOException($"{path} was answered with {Encoding.ASCII.GetString(head)}");
    }

    /// <summary>Position of a body in the buffer.</summary>
    private readonly record struct Body(int Start, int Length, bool IsCompressed);
}
