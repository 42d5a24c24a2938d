using System.Net;
using Broadcast.Host.Listening;
using Broadcast.Host.Observability;
using Broadcast.Media.ControlToCluster;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

public sealed class InternalPortTests
{
    [Fact]
    public async Task Internal_and_public_ports_serve_only_their_own_endpoints()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        await using var app = builder.Build();
        using var metrics = new MetricsText();
        var inside = 0;
        var isOfServer = false;

        // As in the server, the modules' endpoints are mapped on the application itself.
        app.UseInternalPort(() => inside, endpoints => InternalPages.Map(endpoints, metrics, app.Lifetime, () => false),
            _ => new(isOfServer));
        app.Map("/live/{**path}", () => "media");
        app.Map("/t/{token}/live/{**path}", () => "media");
        app.MapGet("/api/v1/channels", () => "channels");
        app.MapGet("/api/v1/peers", () => "peers").WithMetadata(new PeerEndpoint());
        app.MapFallback(() => "pages");
        await app.StartAsync();
        var ports = app.Urls.Select(url => new Uri(url)).ToList();
        inside = ports[1].Port;
        using var client = new HttpClient();

        foreach (var path in new[] { "/live/demo/index.m3u8", "/t/x/live/demo/index.m3u8", "/api/v1/channels", "/" })
        {
            using var there = await client.GetAsync(new Uri(ports[1], path));
            there.StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
            using var here = await client.GetAsync(new Uri(ports[0], path));
            here.StatusCode.ShouldBe(HttpStatusCode.OK, path);
        }

        using (var spoofed = new HttpRequestMessage(HttpMethod.Get, new Uri(ports[1], "/api/v1/peers")))
        using (var response = await client.SendAsync(spoofed))
        {
            response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }

        isOfServer = true;
        (await client.GetStringAsync(new Uri(ports[1], "/api/v1/peers"))).ShouldBe("peers");
        using (var response = await client.GetAsync(new Uri(ports[1], "/api/v1/channels")))
        {
            response.StatusCode.ShouldBe(HttpStatusCode.NotFound, "an endpoint that other servers do not call");
        }

        foreach (var path in new[] { "/healthz", "/readyz", "/metrics" })
        {
            using var there = await client.GetAsync(new Uri(ports[1], path));
            there.StatusCode.ShouldBe(HttpStatusCode.OK, path);
            (await client.GetStringAsync(new Uri(ports[0], path))).ShouldBe("pages", path);
        }
    }
}
