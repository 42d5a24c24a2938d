using System.Net;
using System.Net.Sockets;

namespace Broadcast.Benchmarks;

/// <summary>A TCP proxy on the loopback address that forwards a limited number of bytes per second to a port.</summary>
internal sealed class ThrottledProxy : IAsyncDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly int _port;
    private readonly int _bytesPerSecond;
    private readonly Task _running;

    /// <summary>Starts the proxy.</summary>
    /// <param name="port">Port to forward to.</param>
    /// <param name="bytesPerSecond">Maximum bytes per second of each connection towards the port.</param>
    public ThrottledProxy(int port, int bytesPerSecond)
    {
        (_port, _bytesPerSecond) = (port, bytesPerSecond);
        _listener.Server.ReceiveBufferSize = 64 * 1024;
        _listener.Start();
        _running = AcceptAsync();
    }

    /// <summary>Port of the proxy.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ForwardAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ForwardAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient())
        using (var ended = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token))
        {
            await server.ConnectAsync(IPAddress.Loopback, _port, ended.Token);
            var back = server.GetStream().CopyToAsync(client.GetStream(), ended.Token);
            var buffer = new byte[(int)(_bytesPerSecond * Step.TotalSeconds)];
            try
            {
                while (await client.GetStream().ReadAsync(buffer, ended.Token) is > 0 and var read)
                {
                    await server.GetStream().WriteAsync(buffer.AsMemory(0, read), ended.Token);
                    await Task.Delay(Step * ((double)read / buffer.Length), ended.Token);
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                // One of the ends has closed the connection.
            }

            await ended.CancelAsync();
            await back.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
