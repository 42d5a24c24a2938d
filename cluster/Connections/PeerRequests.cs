using Broadcast.Media.ControlToCluster;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Cluster.Connections;

/// <summary>Identification of HTTP requests that other servers send.</summary>
public static class PeerRequests
{
    /// <summary>
    /// Returns whether another server has sent a request, and then sets its <see cref="PeerRequest"/>. Only the certificate of the
    /// connection counts, never the content of the request. Call it for requests on the internal listener only.
    /// </summary>
    public static async ValueTask<bool> IdentifyAsync(HttpContext http)
    {
        if (http.Features.Get<ITlsConnectionFeature>()?.ClientCertificate is not { } certificate
            || http.RequestServices.GetService<ClusterCertificates>() is not { } certificates)
        {
            return false;
        }

        try
        {
            if ((await certificates.GetAsync(http.RequestAborted)).Verify(certificate) is not { } server)
            {
                return false;
            }

            http.Features.Set(new PeerRequest(server));
            return true;
        }
        catch (IOException)
        {
            return false;   // this server has no certificate, because the database is unavailable
        }
    }
}
