using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Broadcast.Ingest.Rtmp.Transport;

/// <summary>
/// Opens publishers' ports for Kestrel. Kestrel's own transport is made for many small requests: it asks a socket whether it is readable, reads 4 KiB at a time into a pipe, and wakes
/// the reader. A publisher sends 16 KiB thirty times a second for hours, so here the reader reads its socket itself, a frame at a time.
/// </summary>
internal sealed class PublisherTransport : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => endpoint is RtmpEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(new IPEndPoint(((IPEndPoint)endpoint).Address, ((IPEndPoint)endpoint).Port));
        return new(new PublisherListener(socket));
    }
}

/// <summary>One port.</summary>
internal sealed class PublisherListener : IConnectionListener
{
    private const int Backlog = 512;
    private readonly Socket _socket;

    public PublisherListener(Socket bound)
    {
        _socket = bound;
        bound.Listen(Backlog);
        EndPoint = bound.LocalEndPoint!;
    }

    public EndPoint EndPoint { get; }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            try
            {
                var socket = await _socket.AcceptAsync(cancellationToken);
                socket.NoDelay = true;
                return new PublisherConnection(socket);
            }
            catch (ObjectDisposedException)
            {
                return null;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.OperationAborted)
            {
                return null;
            }
            catch (SocketException)
            {
                // Gone before it was accepted: the next one.
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
