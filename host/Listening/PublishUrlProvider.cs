using System.Net;
using Broadcast.Control.Publishing;
using Broadcast.Ingest;
using Microsoft.Extensions.Options;

namespace Broadcast.Host.Listening;

/// <summary>
/// URLs for publishing: the bound ports, with the host name of <see cref="DeliveryOptions.PublicUrl"/> or the requested host.
/// </summary>
internal sealed class PublishUrlProvider(Func<string, IPEndPoint?> find, IOptions<DeliveryOptions> delivery, IOptions<IngestOptions> ingest,
    IOptions<TlsOptions> tls) : IPublishUrls
{
    public PublishUrls For(string host)
    {
        var name = PublicHost(delivery.Value.PublicUrl) ?? (host.Length > 0 ? host : "localhost");
        return new PublishUrls(UrlOf("rtmp", name, find("RTMP")!), find("RTMPS") is { } encrypted ? UrlOf("rtmps", name, encrypted) : null,
            tls.Value.CertificateFile is not null);
    }

    private static string? PublicHost(string? url) => Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && uri.Host.Length > 0 ? uri.Host : null;

    private string UrlOf(string scheme, string host, IPEndPoint bound) => $"{scheme}://{host}:{bound.Port}/{ingest.Value.Application}";
}
