using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using Broadcast.Media.Connections;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Cluster.Connections;

/// <summary>
/// Accepts other servers on the internal port, beside plain HTTP for health checks and metrics. The first byte of a connection decides: a
/// TLS handshake requires a certificate of the cluster.
/// </summary>
public static class PeerListener
{
    private const byte HandshakeRecord = 22;
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Adds the check to a listener.</summary>
    public static void Use(ListenOptions listen)
    {
        var certificates = listen.ApplicationServices.GetService<ClusterCertificates>();
        if (certificates is null)
        {
            listen.Protocols = HttpProtocols.Http1;
            return;
        }

        ConnectionDelegate? plain = null;
        var (time, idle) = (listen.ApplicationServices.GetService<TimeProvider>() ?? TimeProvider.System,
            listen.KestrelServerOptions.Limits.KeepAliveTimeout);
        listen.Protocols = HttpProtocols.Http1AndHttp2;
        listen.Use(next => async connection =>
        {
            if (await FirstByteAsync(connection, idle, time) is { } first)
            {
                await (first == HandshakeRecord ? next : plain!)(connection);
            }
        });
        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            HandshakeTimeout = HandshakeTimeout,
            OnConnection = async context =>
            {
                var own = await certificates.GetAsync(context.CancellationToken);
                return new SslServerAuthenticationOptions
                {
                    ServerCertificate = own.Certificate,
                    ClientCertificateRequired = true,
                    CertificateChainPolicy = own.CreateChainPolicy(),
                    RemoteCertificateValidationCallback = (_, peer, _, _) => own.Verify(peer) is not null,
                    EnabledSslProtocols = SslProtocols.Tls13,
                    AllowRenegotiation = false,
                    ApplicationProtocols = [SslApplicationProtocol.Http2],
                };
            },
        });

        // Connections without TLS skip the handshake and continue here.
        listen.Use(next => plain = next);
    }

    /// <returns>
    /// The first byte, without consuming it; <see langword="null"/> when the connection ends before, or nothing arrives in time.
    /// </returns>
    private static async Task<byte?> FirstByteAsync(ConnectionContext connection, TimeSpan limit, TimeProvider time)
    {
        using var timeout = new CancellationTokenSource(limit, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, connection.ConnectionClosed);
        return await connection.Transport.Input.PeekAsync(ended.Token);
    }
}
