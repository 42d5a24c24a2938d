using System.Net;
using Broadcast.Control.Publishing;
using Broadcast.Host.Listening;
using Broadcast.Ingest;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

public class PublishAddressBookTests
{
    [Fact]
    public void Encoders_are_sent_to_the_host_that_was_asked_for_at_the_ports_that_are_open() =>
        Book().For("studio.lan").ShouldBe(new PublishUrls("rtmp://studio.lan:1935/live", "rtmps://studio.lan:41936/live"));

    [Fact]
    public void A_public_address_wins_over_the_host_that_was_asked_for() =>
        Book(publicUrl: "https://live.example.org:8443/").For("10.0.0.1").Rtmp.ShouldBe("rtmp://live.example.org:1935/live");

    [Fact]
    public void An_IPv6_host_keeps_its_brackets() => Book().For("[::1]").Rtmp.ShouldBe("rtmp://[::1]:1935/live");

    [Fact]
    public void A_request_without_a_host_is_told_of_this_machine() => Book().For("").Rtmp.ShouldBe("rtmp://localhost:1935/live");

    [Fact]
    public void The_path_is_the_application_that_is_configured() => Book(application: "studio").For("a").Rtmp.ShouldBe("rtmp://a:1935/studio");

    [Fact]
    public void What_does_not_listen_is_not_told() => Book(rtmps: null).For("a").Rtmps.ShouldBeNull();

    [Fact]
    public void Whether_encoders_can_verify_the_certificate_is_told() =>
        (Book().For("a").IsCertified, Book(certificate: "live.pem").For("a").IsCertified).ShouldBe((false, true));

    private static PublishUrlProvider Book(string? publicUrl = null, string application = "live", int? rtmps = 41936, string? certificate = null) => new(
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
