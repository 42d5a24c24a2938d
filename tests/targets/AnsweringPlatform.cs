using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Broadcast.Targets.Tests;

/// <summary>Platform that completes the RTMP handshake of each connection, waits for <c>connect</c>, and sends given bytes.</summary>
internal sealed class AnsweringPlatform : IAsyncDisposable
{
    private const int HandshakeSize = 1536;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    /// <summary>Starts the platform.</summary>
    /// <param name="bytes">Bytes after <c>connect</c>; the connection stays open after them.</param>
    public AnsweringPlatform(params byte[] bytes)
    {
        _listener.Start();
        _running = RunAsync(bytes);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary><c>_error</c> of <c>connect</c> that redirects to another address, as Adobe's and Wowza's servers send it.</summary>
    public static byte[] Redirect(string url) => Message(20,
        [.. Text("_error"), .. Number(1), 5, 3, .. Member("level", Text("error")),
            .. Member("code", Text("NetConnection.Connect.Rejected")), .. Member("description", Text("Moved")),
            .. Member("ex", [3, .. Member("code", Number(302)), .. Member("redirect", Text(url)), 0, 0, 9]), 0, 0, 9]);

    /// <summary>One message in chunks of 128 bytes.</summary>
    /// <param name="type">Message type.</param>
    /// <param name="body">Message body.</param>
    /// <param name="length">Length in the header; that of the body when not given.</param>
    public static byte[] Message(byte type, byte[] body, int? length = null)
    {
        var size = length ?? body.Length;
        List<byte> bytes = [3, 0, 0, 0, (byte)(size >> 16), (byte)(size >> 8), (byte)size, type, 0, 0, 0, 0];
        for (var i = 0; i < body.Length; i += 128)
        {
            if (i > 0)
            {
                bytes.Add(0xC3);
            }

            bytes.AddRange(body.AsSpan(i, Math.Min(128, body.Length - i)));
        }

        return [.. bytes];
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private static byte[] Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return [2, (byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
    }

    private static byte[] Number(double value)
    {
        var bytes = new byte[9];
        BinaryPrimitives.WriteDoubleBigEndian(bytes.AsSpan(1), value);
        return bytes;
    }

    private static byte[] Member(string name, byte[] value) => [.. Text(name)[1..], .. value];

    private async Task RunAsync(byte[] bytes)
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(AnswerAsync(await _listener.AcceptTcpClientAsync(_stop.Token), bytes));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task AnswerAsync(TcpClient client, byte[] bytes)
    {
        using (client)
        {
            var stream = client.GetStream();
            var hello = new byte[1 + HandshakeSize];
            await stream.ReadExactlyAsync(hello, _stop.Token);
            await stream.WriteAsync((byte[])[3, .. new byte[HandshakeSize], .. hello.AsSpan(1)], _stop.Token);

            // The rest of the handshake, and the first bytes of the messages.
            await stream.ReadExactlyAsync(new byte[HandshakeSize + 64], _stop.Token);
            await stream.WriteAsync(bytes, _stop.Token);
            var rest = new byte[4096];
            while (await stream.ReadAsync(rest, _stop.Token) > 0)
            {
            }
        }
    }
}
