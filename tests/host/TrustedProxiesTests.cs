using Broadcast.Host.Listening;
using Broadcast.Origin.Live;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

public sealed class TrustedProxiesTests
{
    [Theory]
    [InlineData(null, "203.0.113.5", "127.0.0.1")]
    [InlineData("10.0.0.0/8", "203.0.113.5", "127.0.0.1")]
    [InlineData("127.0.0.1", "203.0.113.5", "203.0.113.5")]
    [InlineData("127.0.0.0/8, 10.0.0.0/8", "198.51.100.9, 203.0.113.5, 10.0.0.7", "203.0.113.5")]
    [InlineData("127.0.0.1", "203.0.113.5, nonsense", "127.0.0.1")]
    [InlineData("127.0.0.1", null, "127.0.0.1")]
    public async Task Viewer_address_is_the_one_from_the_last_trusted_proxy(string? trusted, string? header, string address)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.UseTrustedProxies(trusted);
        app.Run(context => context.Response.WriteAsync(context.Connection.RemoteIpAddress!.ToString()));
        await app.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        if (header is not null)
        {
            client.DefaultRequestHeaders.TryAddWithoutValidation("X-Forwarded-For", header);
        }

        (await client.GetStringAsync("/")).ShouldBe(address);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("10.0.0.0/8", false)]
    [InlineData("127.0.0.1", true)]
    public async Task Only_a_trusted_proxy_is_treated_as_shared_by_many_viewers(string? trusted, bool shared)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.UseTrustedProxies(trusted);
        app.Run(context => context.Response.WriteAsync($"{context.Features.Get<TrustedProxyFeature>() is not null}"));
        await app.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        client.DefaultRequestHeaders.TryAddWithoutValidation("X-Forwarded-For", "203.0.113.5");

        (await client.GetStringAsync("/")).ShouldBe($"{shared}");
    }

    [Theory]
    [InlineData(null, "203.0.113.5", null)]
    [InlineData("10.0.0.0/8", "203.0.113.5", null)]
    [InlineData("127.0.0.1", "203.0.113.5", true)]
    [InlineData("127.0.0.1", null, false)]
    [InlineData("127.0.0.1", "nonsense", false)]
    public async Task Only_the_forwarded_address_of_a_trusted_proxy_counts_as_the_viewer_and_not_a_header_of_the_client(string? trusted,
        string? header, bool? statesViewer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.UseTrustedProxies(trusted);
        app.Run(context => context.Response.WriteAsync($"{context.Features.Get<TrustedProxyFeature>()?.StatesViewer}"));
        await app.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        client.DefaultRequestHeaders.TryAddWithoutValidation("X-Original-For", "198.51.100.1:1");
        if (header is not null)
        {
            client.DefaultRequestHeaders.TryAddWithoutValidation("X-Forwarded-For", header);
        }

        (await client.GetStringAsync("/")).ShouldBe($"{statesViewer}");
    }

    [Theory]
    [InlineData(null, "http")]
    [InlineData("10.0.0.0/8", "http")]
    [InlineData("127.0.0.1", "https")]
    public async Task Only_a_trusted_proxy_can_state_that_the_viewer_uses_HTTPS(string? trusted, string scheme)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.UseTrustedProxies(trusted);
        app.Run(context => context.Response.WriteAsync(context.Request.Scheme));
        await app.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        client.DefaultRequestHeaders.TryAddWithoutValidation("X-Forwarded-For", "203.0.113.5");
        client.DefaultRequestHeaders.TryAddWithoutValidation("X-Forwarded-Proto", "https");
        (await client.GetStringAsync("/")).ShouldBe(scheme);
    }

    [Theory]
    [InlineData("10.0.0.0/33", "10.0.0.0/33")]
    [InlineData("10.0.0.0/8, proxy.example", "proxy.example")]
    [InlineData("192.0.2.7, 10.0.0.1/8", "10.0.0.1/8")]
    public void Invalid_address_or_network_is_named(string list, string wrong)
    {
        TrustedProxies.TryParse(list, out _, out var found).ShouldBeFalse();
        found.ShouldBe(wrong);
    }

    [Theory]
    [InlineData(null, null, "http://h:8080", "http://h:8080")]
    [InlineData("https://live.example.org/", null, "https://live.example.org", "https://live.example.org")]
    [InlineData("https://live.example.org", "https://cdn.example.org/", "https://live.example.org", "https://cdn.example.org")]
    public void Viewer_URLs_follow_the_configuration_or_the_requested_host(string? pages, string? media, string pagesAt, string mediaAt)
    {
        var found = ViewerUrlProvider.Of(new DeliveryOptions { PublicUrl = pages, MediaUrl = media }, "http://h:8080");
        (found.Pages, found.Media).ShouldBe((pagesAt, mediaAt));
    }
}
