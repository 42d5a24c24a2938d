using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using Broadcast.Media.Connections;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Broadcast.Host.Listening;

/// <summary>
/// TLS in front of RTMP: TLS 1.2 or later, a handshake completed within <see cref="Deadline"/> of the connection, no renegotiation, and a
/// clear log message for encoders that connect without TLS.
/// </summary>
internal sealed partial class TlsConnectionMiddleware(CertificateReloader certificate, TimeProvider time)
{
    /// <summary>Time from accepting a connection to the end of its handshake.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    private const byte HandshakeRecord = 22;

    /// <summary>Adds TLS to an RTMP endpoint.</summary>
    public void UseForRtmp(ListenOptions listen)
    {
        var logger = listen.ApplicationServices.GetRequiredService<ILogger<TlsConnectionMiddleware>>();
        listen.Protocols = HttpProtocols.None;
        listen.Use(next => connection => GuardAsync(connection, next, logger));
        Use(listen, []);
        listen.Use(next => connection =>
        {
            connection.Features.Get<Handshake>()?.Done();
            return next(connection);
        });
    }

    /// <summary>Adds TLS to an HTTP endpoint.</summary>
    public void UseForHttp(ListenOptions listen) => Use(listen, [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11]);

    private void Use(ListenOptions listen, List<SslApplicationProtocol> protocols) => listen.UseHttps(new TlsHandshakeCallbackOptions
    {
        HandshakeTimeout = Deadline,
        OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificate.Current,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowRenegotiation = false,
            ApplicationProtocols = protocols,
        }),
    });

    /// <summary>Inspects the first byte before TLS, and aborts connections whose handshake takes too long.</summary>
    private async Task GuardAsync(ConnectionContext connection, ConnectionDelegate next, ILogger logger)
    {
        using var handshake = new Handshake(connection, time);
        connection.Features.Set(handshake);
        if (await connection.Transport.Input.PeekAsync(CancellationToken.None) is not { } first)
        {
            return;
        }

        if (first != HandshakeRecord)
        {
            NotTls(logger, connection.RemoteEndPoint, first == 3 ? "RTMP without TLS" : "data that is not TLS");
            connection.Abort();
            return;
        }

        await next(connection);
        if (!handshake.IsDone)
        {
            Failed(logger, connection.RemoteEndPoint, handshake.IsLate ? "timed out" : "no agreement");
        }
    }

    [LoggerMessage(7020, LogLevel.Information,
        "{Remote} sent {What} to the RTMPS port; use an rtmps:// URL, or rtmp:// with the RTMP port")]
    private static partial void NotTls(ILogger logger, EndPoint? remote, string what);

    [LoggerMessage(7021, LogLevel.Debug, "TLS handshake of {Remote} failed: {Reason}")]
    private static partial void Failed(ILogger logger, EndPoint? remote, string reason);

    /// <summary>A handshake with its deadline.</summary>
    private sealed class Handshake : IDisposable
    {
        private readonly ITimer _timer;
        private int _state;

        public Handshake(ConnectionContext connection, TimeProvider time) => _timer = time.CreateTimer(
            _ =>
            {
                if (Interlocked.CompareExchange(ref _state, 2, 0) == 0)
                {
                    connection.Abort(new ConnectionAbortedException("The TLS handshake timed out."));
                }
            },
            null,
            Deadline,
            Timeout.InfiniteTimeSpan);

        public bool IsDone => Volatile.Read(ref _state) == 1;

        public bool IsLate => Volatile.Read(ref _state) == 2;

        public void Done()
        {
            Interlocked.CompareExchange(ref _state, 1, 0);
            _timer.Dispose();
        }

        public void Dispose() => _timer.Dispose();
    }
}
