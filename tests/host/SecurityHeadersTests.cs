using System.Net;
using Broadcast.Host.Pages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

public sealed class SecurityHeadersTests
{
    [Theory]
    [InlineData("/json", HttpStatusCode.OK)]
    [InlineData("/problem", HttpStatusCode.Conflict)]
    [InlineData("/nowhere", HttpStatusCode.NotFound)]
    [InlineData("/branch", HttpStatusCode.NotFound)]
    public async Task Every_response_has_nosniff_and_no_referrer_headers(string path, HttpStatusCode status)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.UseSafeHeaders();
        app.MapWhen(context => context.Request.Path == "/branch", _ => { });
        app.MapGet("/json", () => Results.Json("<html>"));
        app.MapGet("/problem", () => Results.Problem("No.", statusCode: 409));
        await app.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };

        using var response = await client.GetAsync(path);

        response.StatusCode.ShouldBe(status);
        response.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        response.Headers.GetValues("Referrer-Policy").ShouldBe(["no-referrer"]);
    }
}
