using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Broadcast.Cluster.Connections;
using Broadcast.Cluster.Protocol;
using Broadcast.Media.ClusterToControl;
using Broadcast.Testing;
using Grpc.Core;
using Grpc.Net.Client;

namespace Broadcast.Cluster.Tests;

public sealed class PeerListenerTests
{
    private static readonly FollowRequest Request = new() { Channel = TestSession.Channel.Value, Session = TestSession.Id.Value };

    [Fact]
    public async Task Plain_requests_reach_the_other_endpoints()
    {
        await using var server = await TestServer.StartAsync();
        using var client = new HttpClient();
        (await client.GetStringAsync($"http://127.0.0.1:{server.Port}/healthz")).ShouldBe("ok");
        (await client.GetStringAsync($"http://127.0.0.1:{server.Port}/healthz")).ShouldBe("ok", "on the same connection");
    }

    [Fact]
    public async Task Plain_connections_cannot_call_the_service()
    {
        await using var server = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post,
            $"http://127.0.0.1:{server.Port}/broadcast.cluster.v1.Sessions/Follow") { Content = new ByteArrayContent([0, 0, 0, 0, 0]) };
        request.Content.Headers.ContentType = new("application/grpc");
        using (var response = await client.SendAsync(request))
        {
            response.IsSuccessStatusCode.ShouldBeFalse();
        }

        using var withoutTls = GrpcChannel.ForAddress($"http://127.0.0.1:{server.Port}");
        await Should.ThrowAsync<RpcException>(FirstAsync(new Sessions.SessionsClient(withoutTls)));
        server.Feeds.Opened.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_service_is_reached_with_a_certificate_of_the_cluster()
    {
        await using var server = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        using var channel = Connect(server, ClusterCertificates.Issue(FakeDirectory.Authority, Guid.NewGuid()).Certificate);
        (await FirstAsync(new Sessions.SessionsClient(channel))).ContentCase.ShouldBe(FeedMessage.ContentOneofCase.Snapshot);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("self-signed")]
    [InlineData("another authority")]
    public async Task Other_clients_are_refused_in_the_handshake(string certificate)
    {
        await using var server = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        using var channel = Connect(server, certificate switch
        {
            "none" => null,
            "self-signed" => SelfSigned(),
            _ => ClusterCertificates.Issue(ClusterCertificates.CreateAuthority(), Guid.NewGuid()).Certificate,
        });
        await Should.ThrowAsync<RpcException>(FirstAsync(new Sessions.SessionsClient(channel)));
        server.Feeds.Opened.ShouldBeEmpty();

        using var tls = new SslStream(await ConnectAsync(server), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await Should.ThrowAsync<IOException>(async () =>
        {
            await tls.AuthenticateAsClientAsync("any");
            await tls.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
            (await tls.ReadAsync(new byte[1])).ShouldBe(0);
            throw new IOException("closed");
        });
    }

    [Fact]
    public async Task Older_versions_of_TLS_are_refused()
    {
        await using var server = await TestServer.StartAsync();
        using var tls = new SslStream(await ConnectAsync(server), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await Should.ThrowAsync<Exception>(tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "any",
            EnabledSslProtocols = SslProtocols.Tls12,
            ClientCertificates = [ClusterCertificates.Issue(FakeDirectory.Authority, Guid.NewGuid()).Certificate],
        }));
    }

    [Fact]
    public async Task Connections_that_send_nothing_are_closed()
    {
        await using var server = await TestServer.StartAsync();
        var before = server.Time.ArmedTimers;
        await using var silent = await ConnectAsync(server);
        await Poll.UntilAsync(() => server.Time.ArmedTimers > before);

        server.Time.Advance(TimeSpan.FromMinutes(10));
        (await silent.ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(80), TimeProvider.System)).ShouldBe(0);
    }

    [Fact]
    public async Task A_connection_without_a_first_byte_and_one_without_TLS_do_no_harm()
    {
        await using var server = await TestServer.StartAsync();
        (await ConnectAsync(server)).Dispose();
        await using (var garbage = await ConnectAsync(server))
        {
            await garbage.WriteAsync(new byte[] { 22, 3, 1, 0, 5, 1, 2, 3, 4, 5 });
            (await garbage.ReadAsync(new byte[100])).ShouldBeInRange(0, 100);
        }

        using var client = new HttpClient();
        (await client.GetStringAsync($"http://127.0.0.1:{server.Port}/healthz")).ShouldBe("ok");
    }

    [Fact]
    public async Task Connections_lead_to_the_server_that_they_name_or_nowhere()
    {
        await using var server = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        using var connections = new PeerConnections(new ClusterCertificates(new FakeDirectory()));
        (await FirstAsync(await connections.SessionsOfAsync(server.Entry, CancellationToken.None))).Snapshot.ShouldNotBeNull();

        var other = await connections.SessionsOfAsync(server.Entry with { Id = Guid.NewGuid() }, CancellationToken.None);
        await Should.ThrowAsync<RpcException>(FirstAsync(other));
        server.Feeds.Opened.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_server_with_another_authority_is_refused()
    {
        await using var server = await TestServer.StartAsync(new FakeDirectory(ClusterCertificates.CreateAuthority()),
            new FakeFeeds().Serve(TestSession.Snapshot()));
        using var connections = new PeerConnections(new ClusterCertificates(new FakeDirectory()));
        await Should.ThrowAsync<RpcException>(FirstAsync(await connections.SessionsOfAsync(server.Entry, CancellationToken.None)));
        server.Feeds.Opened.ShouldBeEmpty();
    }

    [Fact]
    public async Task Without_a_certificate_of_its_own_a_server_refuses_and_later_accepts()
    {
        var directory = new FakeDirectory { Error = new IOException("no database") };
        await using var server = await TestServer.StartAsync(directory, new FakeFeeds().Serve(TestSession.Snapshot()));
        using var connections = new PeerConnections(new ClusterCertificates(new FakeDirectory()));
        var client = await connections.SessionsOfAsync(server.Entry, CancellationToken.None);
        await Should.ThrowAsync<RpcException>(FirstAsync(client));

        directory.Error = null;
        (await FirstAsync(client)).Snapshot.ShouldNotBeNull();
    }

    private static async Task<FeedMessage> FirstAsync(Sessions.SessionsClient client)
    {
        using var call = client.Follow(Request);
        (await call.ResponseStream.MoveNext(CancellationToken.None)).ShouldBeTrue();
        return call.ResponseStream.Current;
    }

    private static GrpcChannel Connect(TestServer server, X509Certificate2? certificate) =>
        GrpcChannel.ForAddress($"https://127.0.0.1:{server.Port}", new GrpcChannelOptions
        {
            DisposeHttpClient = true,
            HttpHandler = new SocketsHttpHandler
            {
                SslOptions = new SslClientAuthenticationOptions
                {
                    RemoteCertificateValidationCallback = (_, _, _, _) => true,
                    ClientCertificateContext = certificate is null ? null
                        : SslStreamCertificateContext.Create(certificate, null, offline: true),
                },
            },
        });

    private static async Task<NetworkStream> ConnectAsync(TestServer server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, server.Port);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest($"CN={Guid.NewGuid():D}", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
    }
}
