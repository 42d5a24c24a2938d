using System.Net;
using System.Net.Sockets;
using Broadcast.Ingest.Tests.EndToEnd;

namespace Broadcast.Ingest.Tests.Hostile;

/// <summary>A socket that sends arbitrary bytes.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public static async Task<RawClient> ConnectAsync(IngestServer server, string from = "127.0.0.1")
    {
        var client = new RawClient();
        client._socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        await client._socket.ConnectAsync(IPAddress.Loopback, server.Port);
        return client;
    }

    public int LocalPort => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    /// <summary>Sends bytes; ignores a closed connection.</summary>
    public async Task<bool> TrySendAsync(params byte[] bytes)
    {
        try
        {
            await _socket.SendAsync(bytes);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Sends byte by byte with a pause, until canceled or closed.</summary>
    public async Task DripAsync(IEnumerable<byte> bytes, TimeSpan pause, CancellationToken stop = default)
    {
        foreach (var value in bytes)
        {
            if (stop.IsCancellationRequested || !await TrySendAsync(value))
            {
                return;
            }

            await Task.Delay(pause, TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>Reads the server's output to its end.</summary>
    /// <returns><see langword="null"/> if it did not end in time.</returns>
    public async Task<byte[]?> ReadToEndAsync(TimeSpan within)
    {
        using var timeout = new CancellationTokenSource(within, TimeProvider.System);
        var received = new List<byte>();
        var buffer = new byte[8192];
        try
        {
            while (await _socket.ReceiveAsync(buffer, SocketFlags.None, timeout.Token) is > 0 and var count)
            {
                received.AddRange(buffer.AsSpan(0, count));
            }
        }
        catch (SocketException)
        {
            // A reset is an end too.
        }
        catch (OperationCanceledException)
        {
            return null;
        }

        return [.. received];
    }

    public async Task<bool> IsClosedAsync(double seconds = 10) => await ReadToEndAsync(TimeSpan.FromSeconds(seconds)) is not null;

    /// <summary>Closes the connection with a reset.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Dispose();
    }

    public void Dispose() => _socket.Dispose();
}
