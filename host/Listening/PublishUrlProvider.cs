using System.Net;
using Broadcast.Control.Publishing;
using Broadcast.Ingest;
using Microsoft.Extensions.Options;

namespace Broadcast.Host.Listening;

/// <summary>
/// URLs for publishing: the bound ports, with the host name of <see cref="DeliveryOptions.PublicUrl"/> or the requested host. A server that
/// does not listen for encoders returns the configured ports, which its servers with role <c>ingest</c> then must use.
/// </summary>
internal sealed class PublishUrlProvider(Func<string, IPEndPoint?> find, IOptions<DeliveryOptions> delivery, IOptions<IngestOptions> ingest,
    IOptions<TlsOptions> tls, ListenerOptions? elsewhere = null) : IPublishUrls
{
    public PublishUrls For(string host)
    {
        var name = PublicHost(delivery.Value.PublicUrl) ?? (host.Length > 0 ? host : "localhost");
        var rtmp = elsewhere is null ? find("RTMP")!.Port : ListenAddress.Parse(elsewhere.Rtmp).Port;
        var rtmps = elsewhere is null ? find("RTMPS")?.Port
            : elsewhere.Rtmps is { Length: > 0 } configured ? ListenAddress.Parse(configured).Port : ListenerOptions.RtmpsPort;
        return new PublishUrls(UrlOf("rtmp", name, rtmp), rtmps is { } encrypted ? UrlOf("rtmps", name, encrypted) : null,
            tls.Value.CertificateFile is not null);
    }

    private static string? PublicHost(string? url) => Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && uri.Host.Length > 0 ? uri.Host : null;

    private string UrlOf(string scheme, string host, int port) => $"{scheme}://{host}:{port}/{ingest.Value.Application}";
}
