using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace Broadcast.Ingest.Rtmp.Transport;

/// <summary>
/// Kestrel transport for publishers' ports. Kestrel's own transport is made for many small requests: it polls a socket for readability,
/// reads 4 KiB at a time into a pipe, and wakes the reader. A publisher sends 16 KiB thirty times a second for hours. Here a few dedicated
/// threads read the sockets (<see cref="ReadLoop"/>), one frame at a time, and process the data directly.
/// </summary>
internal sealed class PublisherTransport(IOptions<IngestOptions> options, ShortageLog shortages) : IConnectionListenerFactory,
    IConnectionListenerFactorySelector, IDisposable
{
    private readonly Lazy<ReadLoops> _loops = new(() => new ReadLoops(options.Value.MaxReadDelay));

    public bool CanBind(EndPoint endpoint) => endpoint is RtmpEndPoint && Epoll.IsSupported;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var socket =
            SocketTransportOptions.CreateDefaultBoundListenSocket(
                new IPEndPoint(((IPEndPoint)endpoint).Address, ((IPEndPoint)endpoint).Port));
        return new(new PublisherListener(socket, _loops.Value, shortages));
    }

    public void Dispose()
    {
        if (_loops.IsValueCreated)
        {
            _loops.Value.Dispose();
        }
    }
}

/// <summary>Listener of one port.</summary>
internal sealed class PublisherListener : IConnectionListener
{
    private const int Backlog = 512;
    private readonly Socket _socket;
    private readonly ReadLoops _loops;
    private readonly ShortageLog _shortages;
    private readonly Func<CancellationToken, ValueTask<Socket>> _accept;

    /// <param name="bound">The bound socket; starts listening.</param>
    /// <param name="loops">Read loops of the connections.</param>
    /// <param name="shortages">Log for resource shortages.</param>
    /// <param name="accept">Takes the next connection from the kernel's queue; by default from the socket.</param>
    public PublisherListener(Socket bound, ReadLoops loops, ShortageLog shortages,
        Func<CancellationToken, ValueTask<Socket>>? accept = null)
    {
        (_socket, _loops, _shortages) = (bound, loops, shortages);
        _accept = accept ?? (stop => _socket.AcceptAsync(stop));
        bound.Listen(Backlog);
        EndPoint = bound.LocalEndPoint!;
    }

    public EndPoint EndPoint { get; }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            Socket? socket = null;
            try
            {
                socket = await _accept(cancellationToken);
                socket.NoDelay = true;
                return new PublisherConnection(socket, _loops);
            }
            catch (ObjectDisposedException)
            {
                return null;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.OperationAborted)
            {
                return null;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable)
            {
                // Pending connections stay in the kernel's queue until resources are free.
                socket?.Dispose();
                await _shortages.PauseAsync(e.SocketErrorCode, EndPoint, cancellationToken);
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                // The connection was closed before it was accepted, or cannot be watched. Continue with the next.
                socket?.Dispose();
            }
        }
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _socket.Dispose();
        return default;
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return default;
    }
}
