using System.Buffers;
using System.Net;
using Broadcast.Ingest.Rtmp.Connection;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Broadcast.Ingest.Rtmp.Proxies;

/// <summary>
/// Stands before everything else on publishers' ports: a connection from a configured load balancer begins with a PROXY header, which is read here, so that limits and logs know the
/// encoder's own address. Nobody else's header is read: to them it is not RTMP.
/// </summary>
internal sealed class ProxyGate
{
    private readonly TrustedNetworks _trusted;
    private readonly TimeSpan _timeout;
    private readonly TimeProvider _time;
    private readonly RefusalLog _log;

    public ProxyGate(IOptions<IngestOptions> options, TimeProvider time, RefusalLog log)
    {
        (_timeout, _time, _log) = (options.Value.HandshakeTimeout, time, log);
        _ = TrustedNetworks.TryParse(options.Value.TrustedProxies, out _trusted, out _);
    }

    /// <summary>Reads the header where there must be one, and goes on.</summary>
    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (!_trusted.Contain(connection.RemoteEndPoint))
        {
            await next(connection);
            return;
        }

        var refusal = await ReadAsync(connection);
        if (refusal is null)
        {
            await next(connection);
            return;
        }

        IngestMetrics.Rejected(IngestRejection.InvalidProxyHeader);
        _log.Tell(connection.RemoteEndPoint, refusal, connection.ConnectionId);
        connection.Abort();
    }

    private async Task<ConnectionEnd?> ReadAsync(ConnectionContext connection)
    {
        using var timeout = new CancellationTokenSource(_timeout, _time);
        var input = connection.Transport.Input;
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(timeout.Token);
                var outcome = Read(read.Buffer, out var source, out var length);
                input.AdvanceTo(read.Buffer.GetPosition(length), outcome == ProxyHeaderOutcome.NeedMore ? read.Buffer.End : read.Buffer.GetPosition(length));
                if (outcome == ProxyHeaderOutcome.Read)
                {
                    connection.RemoteEndPoint = source ?? connection.RemoteEndPoint;
                    return null;
                }

                if (outcome == ProxyHeaderOutcome.Broken || read.IsCompleted || read.IsCanceled)
                {
                    return Refusal("does not begin with a PROXY header of version 1 or 2");
                }
            }
        }
        catch (OperationCanceledException)
        {
            return Refusal("did not send its PROXY header in time");
        }
        catch (IOException)
        {
            return Refusal("broke off before its PROXY header was whole");
        }
    }

    private static ConnectionEnd Refusal(string what) =>
        new($"A connection from a load balancer (Ingest:TrustedProxies) {what}.", IngestRejection.InvalidProxyHeader);

    private static ProxyHeaderOutcome Read(in ReadOnlySequence<byte> buffer, out IPEndPoint? source, out int length)
    {
        Span<byte> bytes = stackalloc byte[ProxyHeader.MaxLength];
        var head = buffer.Slice(0, Math.Min(buffer.Length, ProxyHeader.MaxLength));
        head.CopyTo(bytes);
        return ProxyHeader.TryRead(bytes[..(int)head.Length], out source, out length);
    }
}
