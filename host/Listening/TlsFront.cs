using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Broadcast.Host.Listening;

/// <summary>
/// What stands before RTMP on the TLS port: TLS 1.2 and later only, a handshake that is done in <see cref="Deadline"/> from the first byte waited for to the last, no
/// renegotiation, and plain words in the log for encoders that came without TLS.
/// </summary>
internal sealed partial class TlsFront(CertificateWatch certificate, TimeProvider time)
{
    /// <summary>From accepting a connection to the end of its handshake, all together.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    private const byte HandshakeRecord = 22;

    /// <summary>Puts TLS on an endpoint of RTMP.</summary>
    public void UseForRtmp(ListenOptions listen)
    {
        var logger = listen.ApplicationServices.GetRequiredService<ILogger<TlsFront>>();
        listen.Protocols = HttpProtocols.None;
        listen.Use(next => connection => GuardAsync(connection, next, logger));
        Use(listen, []);
        listen.Use(next => connection =>
        {
            connection.Features.Get<Handshake>()?.Done();
            return next(connection);
        });
    }

    /// <summary>Puts TLS on an endpoint of HTTP.</summary>
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

    /// <summary>Looks at the first byte before TLS does, and ends the connection when the handshake is not done in time.</summary>
    private async Task GuardAsync(ConnectionContext connection, ConnectionDelegate next, ILogger logger)
    {
        using var handshake = new Handshake(connection, time);
        connection.Features.Set(handshake);
        if (await FirstByteAsync(connection.Transport.Input) is not { } first)
        {
            return;
        }

        if (first != HandshakeRecord)
        {
            NotTls(logger, connection.RemoteEndPoint, first == 3 ? "RTMP without TLS" : "something that is not TLS");
            connection.Abort();
            return;
        }

        await next(connection);
        if (!handshake.IsDone)
        {
            Failed(logger, connection.RemoteEndPoint, handshake.IsLate ? "it was not done in time" : "no agreement");
        }
    }

    /// <returns>The first byte, left where it is; <see langword="null"/> when the connection ends before it comes.</returns>
    private static async Task<byte?> FirstByteAsync(PipeReader input)
    {
        try
        {
            var read = await input.ReadAsync();
            byte? first = read.Buffer.IsEmpty ? null : read.Buffer.FirstSpan[0];
            input.AdvanceTo(read.Buffer.Start);
            return read.IsCanceled ? null : first;
        }
        catch (Exception e) when (e is ConnectionResetException or ConnectionAbortedException or IOException or OperationCanceledException)
        {
            return null;
        }
    }

    [LoggerMessage(7020, LogLevel.Information, "{Remote} sent {What} to the RTMPS port: publish to rtmps:// there, or to rtmp:// on the plain port")]
    private static partial void NotTls(ILogger logger, EndPoint? remote, string what);

    [LoggerMessage(7021, LogLevel.Debug, "TLS handshake of {Remote} failed: {Reason}")]
    private static partial void Failed(ILogger logger, EndPoint? remote, string reason);

    /// <summary>One handshake and its deadline.</summary>
    private sealed class Handshake : IDisposable
    {
        private readonly ITimer _timer;
        private int _state;

        public Handshake(ConnectionContext connection, TimeProvider time) => _timer = time.CreateTimer(
            _ =>
            {
                if (Interlocked.CompareExchange(ref _state, 2, 0) == 0)
                {
                    connection.Abort(new ConnectionAbortedException("The TLS handshake was not done in time."));
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
