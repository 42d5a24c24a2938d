using System.Net;
using System.Net.Security;
using Broadcast.Cluster.Connections;

namespace Broadcast.Cluster.Tests;

public sealed class PeerRequestTests
{
    [Fact]
    public async Task Certificate_of_the_connection_identifies_the_sender_of_a_request()
    {
        await using var server = await TestServer.StartAsync();
        var sender = new FakeDirectory();
        using var connections = new PeerConnections(new ClusterCertificates(sender));
        var invoker = await connections.InvokerOfAsync(server.Entry, CancellationToken.None);

        (await GetAsync(invoker, $"https://{server.Entry.Address}/sender")).ShouldBe(sender.Self.ToString());
    }

    [Theory]
    [InlineData("Broadcast-Caller")]
    [InlineData("Broadcast-Server")]
    [InlineData("X-Client-Cert")]
    [InlineData("X-ARR-ClientCert")]
    public async Task Header_of_a_plain_request_on_the_internal_port_identifies_no_server(string header)
    {
        await using var server = await TestServer.StartAsync();
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{server.Port}/sender");
        request.Headers.TryAddWithoutValidation(header, Convert.ToBase64String(
            ClusterCertificates.Issue(FakeDirectory.Authority, Guid.NewGuid()).Certificate.RawData));

        using var response = await client.SendAsync(request);

        (await response.Content.ReadAsStringAsync()).ShouldBe("no server");
    }

    [Fact]
    public async Task Request_with_a_certificate_of_another_authority_does_not_arrive()
    {
        await using var server = await TestServer.StartAsync();
        var certificate = ClusterCertificates.Issue(ClusterCertificates.CreateAuthority(), Guid.NewGuid()).Certificate;
        using var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
                ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true),
            },
        };
        using var invoker = new HttpMessageInvoker(handler);

        await Should.ThrowAsync<HttpRequestException>(GetAsync(invoker, $"https://127.0.0.1:{server.Port}/sender"));
    }

    private static async Task<string> GetAsync(HttpMessageInvoker invoker, string url)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url)
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using var response = await invoker.SendAsync(request, CancellationToken.None);
        return await response.Content.ReadAsStringAsync();
    }
}
