using System.Collections.Concurrent;
using System.Net;
using Broadcast.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>The shipped edge configurations in front of an origin that records requests.</summary>
public sealed class EdgeAddressTests : IAsyncLifetime
{
    private const string Media = "01JN8E0000000000000000000A/source/1.m4s";
    private readonly ConcurrentQueue<(string Target, string? For, string? Proto)> _seen = [];
    private readonly TempFolder _folder = TempFolder.Create();
    private WebApplication _origin = null!;
    private ChildProcess _edge = null!;
    private HttpClient _client = null!;

    [Theory]
    [InlineData("nginx")]
    [InlineData("varnish")]
    public async Task Edge_replaces_the_address_that_a_viewer_claims(string kind)
    {
        await StartAsync(kind);
        foreach (var path in new[] { $"/live/public/{Media}", "/live/public/index.m3u8", "/watch/public", "/api/v1/session" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.TryAddWithoutValidation("X-Forwarded-For", "203.0.113.7");
            request.Headers.TryAddWithoutValidation("X-Forwarded-Proto", "https");
            using var response = await _client.SendAsync(request);
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        _seen.Count.ShouldBeGreaterThanOrEqualTo(5);
        _seen.ShouldAllBe(seen => seen.For == "127.0.0.1" && (seen.Proto == null || seen.Proto == "http"));
    }

    [Theory]
    [InlineData("nginx")]
    [InlineData("varnish")]
    public async Task Spelling_of_a_path_does_not_give_access_to_the_cached_objects_of_another_channel(string kind)
    {
        await StartAsync(kind);
        (await GetAsync($"/live/private/{Media}")).ShouldBe(HttpStatusCode.Forbidden);
        (await GetAsync($"/t/holder/live/private/{Media}")).ShouldBe(HttpStatusCode.OK);
        (await GetAsync($"/live/public/{Media}")).ShouldBe(HttpStatusCode.OK);
        foreach (var folder in new[] { ".", "public/..", "%2e", "public/%2e%2e", "", "x/..", "./.", "public/../." })
        {
            // The edge decides about a public object with this spelling, and stores the private one for a viewer with a token.
            await GetAsync($"/live/{folder}/public/{Media}");
            await GetAsync($"/t/holder/live/{folder}/private/{Media}");
            (await GetAsync($"/live/{folder}/private/{Media}")).ShouldNotBe(HttpStatusCode.OK, folder);
        }

        (await GetAsync($"/live/%70rivate/{Media}")).ShouldNotBe(HttpStatusCode.OK);
        (await GetAsync($"//live/private/{Media}")).ShouldNotBe(HttpStatusCode.OK);
    }

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _origin = builder.Build();
        _origin.Run(AnswerAsync);
        await _origin.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        if (_edge is not null)
        {
            await _edge.DisposeAsync();
        }

        await _origin.DisposeAsync();
        await _folder.DisposeAsync();
    }

    private async Task StartAsync(string kind)
    {
        var (origin, port) = (new Uri(_origin.Urls.Single()).Port, FreePort.Next());
        _edge = kind == "nginx" ? await EdgeCacheTests.StartAsync(_folder, origin, port)
            : await LowLatencyEdgeTests.StartAsync(_folder, origin, port);
        _client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await Poll.UntilAsync(async () => (await _client.GetAsync("/edge-health")).IsSuccessStatusCode,
            description: "the edge answers; " + _edge.Tail());
    }

    private async Task<HttpStatusCode> GetAsync(string path)
    {
        var address = new Uri(_client.BaseAddress!.ToString().TrimEnd('/') + path,
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var response = await _client.GetAsync(address);
        return response.StatusCode;
    }

    /// <summary>Everything is public, except what is under <c>/live/private/</c>, which requires a token; paths are resolved.</summary>
    private Task AnswerAsync(HttpContext context)
    {
        var headers = context.Request.Headers;
        _seen.Enqueue((context.Features.Get<IHttpRequestFeature>()!.RawTarget, headers["X-Forwarded-For"], headers["X-Forwarded-Proto"]));
        var path = context.Request.Path.Value!.Replace("//", "/", StringComparison.Ordinal);
        var isAllowed = !path.Contains("/live/private/", StringComparison.Ordinal)
            || path.Contains("/t/holder/", StringComparison.Ordinal);
        context.Response.Headers.CacheControl = "public, max-age=60";
        context.Response.StatusCode = !isAllowed ? StatusCodes.Status403Forbidden
            : path.StartsWith("/auth/", StringComparison.Ordinal) ? StatusCodes.Status204NoContent : StatusCodes.Status200OK;
        return context.Response.StatusCode == StatusCodes.Status200OK ? context.Response.WriteAsync(path) : Task.CompletedTask;
    }
}
