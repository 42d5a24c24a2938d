using System.Buffers;
using System.Net;
using Broadcast.Ingest.Rtmp.Connection;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Broadcast.Ingest.Rtmp.Proxies;

/// <summary>
/// Connection middleware that reads the PROXY header of connections from trusted load balancers, so that limits and logs use the encoder's
/// address. It runs before all other middleware on publishers' ports. Headers from other addresses are not read and count as invalid RTMP.
/// </summary>
internal sealed class ProxyProtocolMiddleware
{
    private readonly TrustedNetworks _trusted;
    private readonly TimeSpan _timeout;
    private readonly TimeProvider _time;
    private readonly RejectionLog _log;

    public ProxyProtocolMiddleware(IOptions<IngestOptions> options, TimeProvider time, RejectionLog log)
    {
        (_timeout, _time, _log) = (options.Value.HandshakeTimeout, time, log);
        _ = TrustedNetworks.TryParse(options.Value.TrustedProxies, out _trusted, out _);
    }

    /// <summary>Reads the header where one is required, and continues.</summary>
    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (!_trusted.Contains(connection.RemoteEndPoint))
        {
            await next(connection);
            return;
        }

        var rejection = await ReadAsync(connection);
        if (rejection is null)
        {
            await next(connection);
            return;
        }

        IngestMetrics.Rejected(IngestRejectionReason.InvalidProxyHeader);
        _log.Report(connection.RemoteEndPoint, rejection, connection.ConnectionId);
        connection.Abort();
    }

    private async Task<DisconnectReason?> ReadAsync(ConnectionContext connection)
    {
        using var timeout = new CancellationTokenSource(_timeout, _time);
        var input = connection.Transport.Input;
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(timeout.Token);
                var result = Read(read.Buffer, out var source, out var length);
                input.AdvanceTo(read.Buffer.GetPosition(length),
                    result == ProxyProtocolResult.NeedMore ? read.Buffer.End : read.Buffer.GetPosition(length));
                if (result == ProxyProtocolResult.Read)
                {
                    connection.RemoteEndPoint = source ?? connection.RemoteEndPoint;
                    return null;
                }

                if (result == ProxyProtocolResult.Invalid || read.IsCompleted || read.IsCanceled)
                {
                    return Reject("does not start with a PROXY header of version 1 or 2");
                }
            }
        }
        catch (OperationCanceledException)
        {
            return Reject("did not send its PROXY header in time");
        }
        catch (IOException)
        {
            return Reject("closed before its PROXY header was complete");
        }
    }

    private static DisconnectReason Reject(string what) =>
        new($"A connection from a load balancer (Ingest:TrustedProxies) {what}.", IngestRejectionReason.InvalidProxyHeader);

    private static ProxyProtocolResult Read(in ReadOnlySequence<byte> buffer, out IPEndPoint? source, out int length)
    {
        Span<byte> bytes = stackalloc byte[ProxyProtocolHeader.MaxLength];
        var prefix = buffer.Slice(0, Math.Min(buffer.Length, ProxyProtocolHeader.MaxLength));
        prefix.CopyTo(bytes);
        return ProxyProtocolHeader.TryRead(bytes[..(int)prefix.Length], out source, out length);
    }
}
