using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Broadcast.Control.Tests;

/// <summary>
/// TCP relay in front of PostgreSQL's Unix socket. It can stall: connections stay open and are accepted, but no byte passes, as with a
/// frozen server or dropped packets. It can lose a reply.
/// </summary>
internal sealed class StallingRelay : IAsyncDisposable
{
    private readonly UnixDomainSocketEndPoint _target;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<Socket> _sockets = [];
    private readonly Task _accepting;
    private volatile TaskCompletionSource _open = Opened();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _connections;
    private volatile int _stalledUpTo;

    public StallingRelay(string socket)
    {
        _target = new(socket);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>Port on loopback.</summary>
    public int Port { get; }

    /// <summary>Number of accepted connections.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>
    /// Text in a reply that is lost, once, with its connection: PostgreSQL has executed the statement, and the client does not learn of it.
    /// </summary>
    public string? LostReply { get; set; }

    /// <summary>Lets no byte pass any more.</summary>
    public void Stall() => _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// Lets no byte pass any more on the connections that are open now, as if they had not noticed that the network is back.
    /// </summary>
    public void StallOpen() => _stalledUpTo = Connections;

    /// <summary>Lets all bytes pass again.</summary>
    public void Resume() => _open.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        Resume();
        _ended.TrySetResult();
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }

        await _accepting;
    }

    private static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync();
                _ = ServeAsync(client, Interlocked.Increment(ref _connections));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(Socket client, int number)
    {
        var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _sockets.Add(client);
        _sockets.Add(server);
        try
        {
            await server.ConnectAsync(_target);
            await Task.WhenAny(CopyAsync(client, server, number, isReply: false), CopyAsync(server, client, number, isReply: true));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // One side has closed.
        }

        client.Dispose();
        server.Dispose();
    }

    private async Task CopyAsync(Socket from, Socket to, int number, bool isReply)
    {
        var buffer = new byte[16 * 1024];
        int count;
        while ((count = await from.ReceiveAsync(buffer)) > 0)
        {
            await (number <= _stalledUpTo ? _ended.Task : _open.Task);
            if (isReply && LostReply is { } lost && buffer.AsSpan(0, count).IndexOf(Encoding.ASCII.GetBytes(lost)) >= 0)
            {
                LostReply = null;
                return;
            }

            await to.SendAsync(buffer.AsMemory(0, count));
        }
    }
}
