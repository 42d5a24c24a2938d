using System.Net;
using System.Net.Sockets;
using Broadcast.Origin.Live;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Origin.Tests.Delivery;

/// <summary>Limits of concurrent requests of one client.</summary>
public class ClientLimitTests
{
    [Fact]
    public void Each_client_has_its_own_limit_and_departed_clients_are_forgotten()
    {
        var (count, one, other) = (new ClientCount(2), IPAddress.Parse("192.0.2.1"), IPAddress.Parse("192.0.2.2"));
        (count.TryEnter(one), count.TryEnter(one), count.TryEnter(one), count.TryEnter(other)).ShouldBe((true, true, false, true));
        count.Exit(one);
        (count.TryEnter(one), count.TryEnter(one)).ShouldBe((true, false));
        count.Exit(one);
        count.Exit(one);
        count.Exit(other);
        count.Clients.ShouldBe(0);
    }

    [Fact]
    public void Requests_without_a_client_are_not_limited()
    {
        var count = new ClientCount(1);
        (count.TryEnter(null), count.TryEnter(null)).ShouldBe((true, true));
        count.Exit(null);
        count.Clients.ShouldBe(0);
    }

    [Fact]
    public async Task Concurrent_count_never_exceeds_the_limit_and_ends_at_zero()
    {
        var (count, client, inside, most) = (new ClientCount(3), IPAddress.Loopback, 0, 0);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 2000; i++)
            {
                if (count.TryEnter(client))
                {
                    var now = Interlocked.Increment(ref inside);
                    InterlockedMax(ref most, now);
                    Interlocked.Decrement(ref inside);
                    count.Exit(client);
                }
            }
        })));

        most.ShouldBeInRange(1, 3);
        count.Clients.ShouldBe(0);
    }

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7")]
    [InlineData("::ffff:192.0.2.7", "192.0.2.7")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    public void Client_is_an_IPv4_address_or_an_IPv6_64_bit_prefix(string address, string client)
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse(address);
        ClientCount.Of(context).ShouldBe(IPAddress.Parse(client));
    }

    [Fact]
    public void Requests_of_a_trusted_edge_count_for_no_client()
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse("192.0.2.7");
        context.Features.Set(TrustedProxyFeature.WithViewer);
        ClientCount.Of(context).ShouldBeNull();
        ClientCount.Of(new DefaultHttpContext()).ShouldBeNull();
    }

    [Fact]
    public void Viewer_behind_an_edge_is_the_address_that_the_edge_forwards()
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse("192.0.2.7");
        context.Features.Set(TrustedProxyFeature.WithoutViewer);
        context.Request.Headers["X-Original-For"] = "10.0.0.1:1234";
        ClientCount.ViewerOf(context).ShouldBeNull("the address is the edge's, and anyone can send the header");
        context.Features.Set(TrustedProxyFeature.WithViewer);
        ClientCount.ViewerOf(context).ShouldBe(IPAddress.Parse("192.0.2.7"));
    }

    [Theory]
    [InlineData("source.m3u8?_HLS_msn=2")]
    [InlineData("source/2.0.m4s")]
    public async Task Client_at_its_held_request_limit_gets_503_and_other_clients_are_held(string file)
    {
        await using var server = await OriginServer.StartAsync(("Origin:MaxHeldPerClient", "1"));
        var feed = new PartFeed().Parts(6).Close().SendTo(server);
        var path = $"/live/demo/{feed.Session.Id}/{file}";
        var before = OverloadCounts.Of(OverloadReason.ClientHeld);
        var held = server.SendAsync(path);
        await server.HeldAsync(1);

        using (var refused = await server.SendAsync(path))
        {
            refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            refused.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
            refused.Headers.CacheControl!.NoStore.ShouldBeTrue("another client may be held");
        }

        OverloadCounts.Of(OverloadReason.ClientHeld).ShouldBeGreaterThan(before);
        using var elsewhere = ClientAt("127.0.0.2", server);
        var other = elsewhere.GetAsync(path);
        await server.HeldAsync(2);
        feed.Part().Close().SendTo(server);
        (await held).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await other).StatusCode.ShouldBe(HttpStatusCode.OK);
        await server.HeldAsync(0);
    }

    [Fact]
    public async Task Client_at_its_open_response_limit_gets_503_and_other_clients_are_served()
    {
        await using var server = await OriginServer.StartAsync(("Origin:MaxOpenPerClient", "1"));
        var feed = new PartFeed().Parts(2).SendTo(server);
        var before = OverloadCounts.Of(OverloadReason.ClientOpen);
        using (var open = await server.Client.GetAsync(feed.Folder + "1.m4s", HttpCompletionOption.ResponseHeadersRead))
        {
            open.StatusCode.ShouldBe(HttpStatusCode.OK);
            using var refused = await server.SendAsync(feed.Folder + "1.0.m4s");
            refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            refused.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
            OverloadCounts.Of(OverloadReason.ClientOpen).ShouldBeGreaterThan(before);
            using var elsewhere = ClientAt("127.0.0.2", server);
            (await elsewhere.GetByteArrayAsync(feed.Folder + "1.0.m4s")).Length.ShouldBe(1000);
            feed.Close().SendTo(server);
            (await open.Content.ReadAsByteArrayAsync()).ShouldBe(feed.Bytes(1));
        }

        await Broadcast.Testing.Poll.UntilAsync(async () => (await server.SendAsync(feed.Folder + "1.0.m4s")).StatusCode
            == HttpStatusCode.OK, description: "its place is free again");
    }

    [Fact]
    public async Task Rejections_by_the_total_held_request_limit_are_counted_separately()
    {
        await using var server = await OriginServer.StartAsync(("Origin:MaxHeldRequests", "1"));
        var feed = new PartFeed().Parts(6).Close().SendTo(server);
        var path = $"/live/demo/{feed.Session.Id}/source.m3u8?_HLS_msn=2";
        var before = OverloadCounts.Of(OverloadReason.Held);
        var held = server.SendAsync(path);
        await server.HeldAsync(1);
        using var refused = await server.SendAsync(path);
        refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        OverloadCounts.Of(OverloadReason.Held).ShouldBeGreaterThan(before);
        feed.Part().Close().SendTo(server);
        (await held).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private static HttpClient ClientAt(string address, OriginServer server) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        BaseAddress = server.Address,
    };

    private static void InterlockedMax(ref int target, int value)
    {
        for (var seen = Volatile.Read(ref target); value > seen; seen = Volatile.Read(ref target))
        {
            Interlocked.CompareExchange(ref target, value, seen);
        }
    }
}
