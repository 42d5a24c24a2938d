using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace Broadcast.Ingest.Rtmp.Transport;

/// <summary>
/// Opens publishers' ports for Kestrel. Kestrel's own transport is made for many small requests: it asks a socket whether it is readable, reads 4 KiB at a time into a pipe, and wakes
/// the reader. A publisher sends 16 KiB thirty times a second for hours, so here a few threads of their own read the sockets (<see cref="ReadLoop"/>), a frame at a time, and do the rest on the spot.
/// </summary>
internal sealed class PublisherTransport(IOptions<IngestOptions> options, ShortageLog shortages) : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    private readonly Lazy<ReadLoops> _loops = new(() => new ReadLoops(options.Value.GatherTime));

    public bool CanBind(EndPoint endpoint) => endpoint is RtmpEndPoint && Epoll.IsSupported;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(new IPEndPoint(((IPEndPoint)endpoint).Address, ((IPEndPoint)endpoint).Port));
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

/// <summary>One port.</summary>
internal sealed class PublisherListener : IConnectionListener
{
    private const int Backlog = 512;
    private readonly Socket _socket;
    private readonly ReadLoops _loops;
    private readonly ShortageLog _shortages;
    private readonly Func<CancellationToken, ValueTask<Socket>> _accept;

    /// <param name="bound">The port; listened on from now on.</param>
    /// <param name="loops">Who reads the connections.</param>
    /// <param name="shortages">Who is told when the system has no room for another.</param>
    /// <param name="accept">Takes the next connection from the kernel's queue; the port's own way when not given.</param>
    public PublisherListener(Socket bound, ReadLoops loops, ShortageLog shortages, Func<CancellationToken, ValueTask<Socket>>? accept = null)
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
                // What waits stays in the kernel's queue until something was closed here.
                socket?.Dispose();
                await _shortages.PauseAsync(e.SocketErrorCode, EndPoint, cancellationToken);
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                // Gone before it was accepted, or cannot be watched: the next one.
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
