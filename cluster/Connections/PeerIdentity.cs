using System.Security.Cryptography.X509Certificates;
using Grpc.Core;

namespace Broadcast.Cluster.Connections;

/// <summary>Identity of the server that calls a service of the internal listener.</summary>
internal static class PeerIdentity
{
    private const string NamePrefix = "CN=";

    /// <summary>Id of the calling server, from the certificate that the listener has verified.</summary>
    /// <exception cref="RpcException">The connection has no certificate of a server.</exception>
    public static Guid Of(ServerCallContext context) =>
        context.GetHttpContext().Connection.ClientCertificate is { } certificate && TryParse(certificate, out var server) ? server
            : throw new RpcException(new Status(StatusCode.Unauthenticated, "The certificate names no server."));

    /// <summary>Reads the server id from the subject of a certificate.</summary>
    public static bool TryParse(X509Certificate2 certificate, out Guid server)
    {
        var subject = certificate.Subject;
        server = default;
        return subject.StartsWith(NamePrefix, StringComparison.Ordinal)
            && Guid.TryParseExact(subject.AsSpan(NamePrefix.Length), "D", out server);
    }
}
