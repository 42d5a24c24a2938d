using System.Net;
using System.Text;
using System.Text.Json;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Broadcast.Origin.Live;
using Broadcast.Origin.ViewerCounting;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Origin.Tests.ViewerCounting;

public class BeaconEndpointTests
{
    private const string Page = "play 0123456789abcdef";

    [Fact]
    public async Task Playing_pages_are_counted_and_the_status_reports_the_number()
    {
        await using var server = (await Broadcast.Origin.Tests.Delivery.OriginServer.StartAsync()).Hear(new FakePackager().Video()
            .Segments(3));
        (await ViewersAsync(server)).ShouldBe(0);
        using var first = await PostAsync(server, "/live/demo/beacon", Page);
        first.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        first.Headers.CacheControl!.ToString().ShouldBe("no-store");
        first.Content.Headers.ContentLength.ShouldBeOneOf(0, null);
        using var again = await PostAsync(server, "/live/demo/beacon", Page);
        using var other = await PostAsync(server, "/t/anything/live/demo/beacon", "play fedcba9876543210");

        server.Time.Advance(TimeSpan.FromSeconds(1));
        (await ViewersAsync(server)).ShouldBe(2);
        using var left = await PostAsync(server, "/live/demo/beacon", Page.Replace("play", "left", StringComparison.Ordinal));
        server.Time.Advance(TimeSpan.FromSeconds(1));
        (await ViewersAsync(server)).ShouldBe(1);
        var beacon = JsonDocument.Parse(await server.Client.GetStringAsync("/live/demo/status.json")).RootElement.GetProperty("beacon");
        (beacon.GetProperty("every").GetInt32(), beacon.GetProperty("share").GetDouble()).ShouldBe((30, 1.0));
        server.Get<IViewerCounter>().Find(ChannelName.Parse("demo"))!.Viewers.ShouldBe(1);
    }

    [Theory]
    [InlineData("")]
    [InlineData("play")]
    [InlineData("play 0123456789abcdef0123456789abcdef")]
    [InlineData("{\"id\":\"0123456789abcdef\"}")]
    public async Task Invalid_beacon_is_rejected_with_and_without_chunked_encoding(string text)
    {
        await using var server = (await Broadcast.Origin.Tests.Delivery.OriginServer.StartAsync()).Hear(new FakePackager().Video()
            .Segment());
        foreach (var isChunked in (bool[])[false, true])
        {
            using var response = await PostAsync(server, "/live/demo/beacon", text, isChunked);
            response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
            response.Headers.CacheControl!.ToString().ShouldBe("no-store");
        }

        server.Get<IViewerCounter>().Read().ShouldBeEmpty();
    }

    [Fact]
    public async Task Beacon_sent_in_pieces_counts_once()
    {
        await using var server = (await Broadcast.Origin.Tests.Delivery.OriginServer.StartAsync()).Hear(new FakePackager().Video()
            .Segment());
        using var response = await PostAsync(server, "/live/demo/beacon", Page, isChunked: true);
        response.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        server.Time.Advance(TimeSpan.FromSeconds(1));
        (await ViewersAsync(server)).ShouldBe(1);
    }

    [Fact]
    public async Task Beacons_without_a_visible_live_session_are_not_counted_or_remembered()
    {
        var audience = new StubSessionVisibility();
        audience.Views[FakePackager.First] = SessionVisibility.Hidden;
        await using var server = (await Broadcast.Origin.Tests.Delivery.OriginServer.StartAsync(null, null, audience)).Hear(
            new FakePackager(hidden: true).Video().Segment());
        foreach (var channel in (string[])["demo", "nobody"])
        {
            using var response = await PostAsync(server, $"/live/{channel}/beacon", Page);
            response.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        }

        server.Hear(new FakePackager(channel: "over").Video().Segment().End());
        using var late = await PostAsync(server, "/live/over/beacon", Page);
        late.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        server.Get<IViewerCounter>().Read().ShouldBeEmpty();
        foreach (var channel in (string[])["demo", "nobody", "over"])
        {
            (await server.Client.GetStringAsync($"/live/{channel}/status.json")).ShouldNotContain("beacon");
        }
    }

    [Fact]
    public async Task Other_methods_get_405_with_the_allowed_methods()
    {
        await using var server = (await Broadcast.Origin.Tests.Delivery.OriginServer.StartAsync()).Hear(new FakePackager().Video()
            .Segment());
        using var get = await server.SendAsync("/live/demo/beacon");
        get.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        get.Content.Headers.Allow.ShouldBe(["POST", "OPTIONS"], ignoreOrder: true);
        using var preflight = await server.SendAsync("/live/demo/beacon", HttpMethod.Options, ("Origin", "https://elsewhere.example"),
            ("Access-Control-Request-Method", "POST"));
        preflight.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        preflight.Headers.NonValidated["Access-Control-Allow-Methods"].ToString().ShouldContain("POST");
    }

    [Fact]
    public async Task Viewer_numbers_are_hidden_when_the_operator_disables_them()
    {
        await using var server = (await Broadcast.Origin.Tests.Delivery.OriginServer.StartAsync(("Origin:ShowViewers", "false"))).Hear(
            new FakePackager().Video().Segment());
        using var response = await PostAsync(server, "/live/demo/beacon", Page);
        var status = await server.Client.GetStringAsync("/live/demo/status.json");
        status.ShouldContain("\"beacon\"");
        status.ShouldNotContain("viewers");
    }

    [Theory]
    [InlineData("203.0.113.5", null, null, "203.0.113.5")]
    [InlineData("2001:db8:1:2:3:4:5:6", null, null, "2001:db8:1:2::")]
    [InlineData("203.0.113.5", null, "X-Forwarded-For", "203.0.113.5")]   // an edge that is not configured, or a client that forges
    [InlineData("203.0.113.5", null, "Forwarded", "203.0.113.5")]
    [InlineData("203.0.113.5", null, "X-Original-For", "203.0.113.5")]
    [InlineData("203.0.113.5", null, "Via", "203.0.113.5")]
    [InlineData("203.0.113.5", false, null, null)]   // an edge without a client address
    [InlineData("203.0.113.5", false, "Via", null)]
    [InlineData("203.0.113.5", false, "X-Original-For", null)]   // which its client sent
    [InlineData("203.0.113.5", true, "X-Original-For", "203.0.113.5")]   // an edge with a client address
    public void Viewers_are_unlimited_only_through_a_trusted_edge(string address, bool? statesViewer, string? header, string? network)
    {
        var context = new DefaultHttpContext { Connection = { RemoteIpAddress = IPAddress.Parse(address) } };
        if (statesViewer is not null)
        {
            context.Features.Set(statesViewer.Value ? TrustedProxyFeature.WithViewer : TrustedProxyFeature.WithoutViewer);
        }

        if (header is not null)
        {
            context.Request.Headers[header] = "198.51.100.1";
        }

        BeaconEndpoint.NetworkOf(context).ShouldBe(network is null ? null : IPAddress.Parse(network));
    }

    private static async Task<HttpResponseMessage> PostAsync(Broadcast.Origin.Tests.Delivery.OriginServer server, string path, string body,
        bool isChunked = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Headers.TransferEncodingChunked = isChunked;
        return await server.Client.SendAsync(request);
    }

    private static async Task<long> ViewersAsync(Broadcast.Origin.Tests.Delivery.OriginServer server) =>
        JsonDocument.Parse(await server.Client.GetStringAsync("/live/demo/status.json")).RootElement.GetProperty("viewers").GetInt64();
}
