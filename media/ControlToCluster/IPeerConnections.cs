using Broadcast.Media.ClusterToControl;

namespace Broadcast.Media.ControlToCluster;

/// <summary>Connections for HTTP requests to other servers, whose identity they prove to each other. Implemented by cluster.</summary>
public interface IPeerConnections
{
    /// <summary>Gets a client of a server's internal listener. Requests must use HTTP/2.</summary>
    /// <param name="server">The server. Its address must be known.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="IOException">This server has no certificate yet, because the database is unavailable.</exception>
    ValueTask<HttpMessageInvoker> InvokerOfAsync(ClusterServer server, CancellationToken cancellationToken);
}

/// <summary>Feature of a request that another server has sent, over a connection that proves its identity.</summary>
/// <param name="Server">Id of that server.</param>
public sealed record PeerRequest(Guid Server);

/// <summary>Marks an HTTP endpoint that also answers requests of other servers on the internal listener.</summary>
public sealed record PeerEndpoint;
