using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Authentication;
using Broadcast.Cluster.Protocol;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.ControlToCluster;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace Broadcast.Cluster.Connections;

/// <summary>Connections to other servers, one for each server and address. Thread-safe.</summary>
public sealed class PeerConnections(ClusterCertificates certificates, ClusterProtocol? protocol = null) : IPeerConnections, IDisposable
{
    /// <summary>Maximum size of a message: a checkpoint of a year with a DVR window is about half a megabyte.</summary>
    public const int MaxMessage = 64 << 20;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(2);
    private readonly ProtocolHeader _header = new(protocol ?? new ClusterProtocol(ClusterProtocol.Current));
    private readonly ConcurrentDictionary<(Guid Server, string Address), Lazy<Peer>> _peers = new();

    /// <summary>Client of a server's sessions.</summary>
    /// <param name="server">The server. Its address must be known.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="IOException">The database is unavailable, and this server has no certificate yet.</exception>
    internal async ValueTask<Sessions.SessionsClient> SessionsOfAsync(ClusterServer server, CancellationToken cancellationToken) =>
        new((await ConnectAsync(server, cancellationToken)).Channel.Intercept(_header));

    /// <summary>Client of a server's relays.</summary>
    /// <param name="server">The server. Its address must be known.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="IOException">The database is unavailable, and this server has no certificate yet.</exception>
    internal async ValueTask<Protocol.Relays.RelaysClient> RelaysOfAsync(ClusterServer server, CancellationToken cancellationToken) =>
        new((await ConnectAsync(server, cancellationToken)).Channel.Intercept(_header));

    /// <inheritdoc/>
    public async ValueTask<HttpMessageInvoker> InvokerOfAsync(ClusterServer server, CancellationToken cancellationToken) =>
        (await ConnectAsync(server, cancellationToken)).Invoker;

    /// <summary>Client for handing sessions over to a server.</summary>
    /// <param name="server">The server. Its address must be known.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="IOException">The database is unavailable, and this server has no certificate yet.</exception>
    internal async ValueTask<Protocol.Handovers.HandoversClient> HandoversOfAsync(ClusterServer server,
        CancellationToken cancellationToken) => new((await ConnectAsync(server, cancellationToken)).Channel.Intercept(_header));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var peer in _peers.Values.Where(peer => peer.IsValueCreated))
        {
            peer.Value.Channel.Dispose();
            peer.Value.Invoker.Dispose();
        }

        _peers.Clear();
    }

    private async ValueTask<Peer> ConnectAsync(ClusterServer server, CancellationToken cancellationToken)
    {
        var own = await certificates.GetAsync(cancellationToken);
        return _peers.GetOrAdd((server.Id, server.Address!), static (key, own) => new(() => Connect(own, key.Server, key.Address)), own)
            .Value;
    }

    // gRPC changes how its handler connects, so that requests of others need a handler of their own.
    private static Peer Connect(ServerCertificate own, Guid server, string address) => new(
        GrpcChannel.ForAddress($"https://{address}", new GrpcChannelOptions
        {
            DisposeHttpClient = true, MaxReceiveMessageSize = MaxMessage, HttpHandler = CreateHandler(own, server),
        }),
        new HttpMessageInvoker(CreateHandler(own, server)));

    private static SocketsHttpHandler CreateHandler(ServerCertificate own, Guid server) => new()
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ConnectTimeout = ConnectTimeout,
        EnableMultipleHttp2Connections = true,
        KeepAlivePingDelay = PingInterval,
        KeepAlivePingTimeout = PingInterval,
        InitialHttp2StreamWindowSize = 1 << 20,
        SslOptions = new SslClientAuthenticationOptions
        {
            ClientCertificateContext = SslStreamCertificateContext.Create(own.Certificate, null, offline: true),
            EnabledSslProtocols = SslProtocols.Tls13,
            CertificateChainPolicy = own.CreateChainPolicy(),

            // An address can lead to another server after a change of addresses; its certificate names it.
            RemoteCertificateValidationCallback = (_, peer, _, _) => own.Verify(peer) == server,
        },
    };

    /// <summary>Clients of one server.</summary>
    private sealed record Peer(GrpcChannel Channel, HttpMessageInvoker Invoker);
}
