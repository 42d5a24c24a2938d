using System.Net;
using Broadcast.Control.Publishing;
using Broadcast.Host.Listening;
using Broadcast.Ingest;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

public class PublishUrlProviderTests
{
    [Fact]
    public void Publish_URLs_use_the_requested_host_and_the_open_ports() =>
        Book().For("studio.lan").ShouldBe(new PublishUrls("rtmp://studio.lan:1935/live", "rtmps://studio.lan:41936/live"));

    [Fact]
    public void Public_URL_takes_precedence_over_the_requested_host() =>
        Book(publicUrl: "https://live.example.org:8443/").For("10.0.0.1").Rtmp.ShouldBe("rtmp://live.example.org:1935/live");

    [Fact]
    public void IPv6_host_keeps_its_brackets() => Book().For("[::1]").Rtmp.ShouldBe("rtmp://[::1]:1935/live");

    [Fact]
    public void Request_without_a_host_gets_localhost() => Book().For("").Rtmp.ShouldBe("rtmp://localhost:1935/live");

    [Fact]
    public void Publish_URL_path_is_the_configured_application() =>
    Book(application: "studio").For("a").Rtmp.ShouldBe("rtmp://a:1935/studio");

    [Fact]
    public void Closed_port_has_no_publish_URL() => Book(rtmps: null).For("a").Rtmps.ShouldBeNull();

    [Fact]
    public void Publish_URLs_state_if_the_certificate_is_verifiable() =>
        (Book().For("a").IsCertified, Book(certificate: "live.pem").For("a").IsCertified).ShouldBe((false, true));

    private static PublishUrlProvider Book(string? publicUrl = null, string application = "live", int? rtmps = 41936,
        string? certificate = null) => new(
        name => name switch
        {
            "RTMP" => new IPEndPoint(IPAddress.Any, 1935),
            "RTMPS" when rtmps is { } port => new IPEndPoint(IPAddress.Any, port),
            _ => null,
        },
        Options.Create(new DeliveryOptions { PublicUrl = publicUrl }),
        Options.Create(new IngestOptions { Application = application }),
        Options.Create(new TlsOptions { CertificateFile = certificate }));
}
