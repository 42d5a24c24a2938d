using System.Net;
using Broadcast.Control;
using Broadcast.Ingest;
using Microsoft.Extensions.Options;

namespace Broadcast.Host.Listening;

/// <summary>Where encoders publish: the ports that are really open, at the host name of <see cref="DeliveryOptions.PublicUrl"/> or else the one that was asked for.</summary>
internal sealed class PublishAddressBook(Func<string, IPEndPoint?> find, IOptions<DeliveryOptions> delivery, IOptions<IngestOptions> ingest, IOptions<TlsOptions> tls) : IPublishAddresses
{
    public PublishAddresses For(string host)
    {
        var name = PublicHost(delivery.Value.PublicUrl) ?? (host.Length > 0 ? host : "localhost");
        return new PublishAddresses(Address("rtmp", name, find("RTMP")!), find("RTMPS") is { } encrypted ? Address("rtmps", name, encrypted) : null, tls.Value.CertificateFile is not null);
    }

    private static string? PublicHost(string? url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Host.Length > 0 ? uri.Host : null;

    private string Address(string scheme, string host, IPEndPoint bound) => $"{scheme}://{host}:{bound.Port}/{ingest.Value.Application}";
}
