using System.Net;
using Broadcast.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Broadcast.Architecture.Tests;

/// <summary>The shipped Varnish configuration with all servers of a cluster as backends.</summary>
public sealed class VarnishServersTests
{
    private static readonly string[] Channels = [.. Enumerable.Range(0, 16).Select(i => $"channel{i}")];

    [Fact]
    public async Task Requests_of_a_channel_go_to_one_server_and_to_another_after_503()
    {
        await using var first = await StartAsync("first");
        await using var second = await StartAsync("second");
        await using var folder = TempFolder.Create("edge");
        var (file, port) = (folder.Sub("varnish.vcl"), FreePort.Next());
        await File.WriteAllTextAsync(file, VarnishFile.For([new Uri(first.Urls.First()), new Uri(second.Urls.First())]));
        await using var varnish = ChildProcess.Start("/usr/sbin/varnishd", ["-F", "-j", "none", "-n", folder.Sub("varnish"), "-a",
            $"127.0.0.1:{port}", "-T", "none", "-f", file, "-s", "malloc,64m"]);
        using var edge = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await Poll.UntilAsync(async () => (await AllAsync("up")).All(answer => answer.Status == HttpStatusCode.OK),
            description: "both servers are used; " + varnish.Tail());

        var (playlists, media) = (await AllAsync("a.m3u8"), await AllAsync("b.m4s"));
        playlists.Select(answer => answer.Body).Distinct().Order().ShouldBe(["first", "second"]);
        media.Select(answer => answer.Body).ShouldBe(playlists.Select(answer => answer.Body));

        // The second server has lost the owners of its sessions.
        var lost = await AllAsync("lost.m3u8");
        lost.ShouldAllBe(answer => answer.Status == HttpStatusCode.OK && answer.Body == "first");

        async Task<List<(HttpStatusCode Status, string Body)>> AllAsync(string file)
        {
            var answers = new List<(HttpStatusCode, string)>();
            foreach (var channel in Channels)
            {
                using var answer = await edge.GetAsync($"/live/{channel}/{file}");
                answers.Add((answer.StatusCode, await answer.Content.ReadAsStringAsync()));
            }

            return answers;
        }
    }

    private static async Task<WebApplication> StartAsync(string name)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = builder.Build();
        server.Run(async context =>
        {
            var path = context.Request.Path.Value!;
            if (path.StartsWith("/auth/", StringComparison.Ordinal))
            {
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                context.Response.Headers.CacheControl = "max-age=60";
                return;
            }

            if (name == "second" && path.EndsWith("/lost.m3u8", StringComparison.Ordinal))
            {
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return;
            }

            context.Response.Headers.CacheControl = "max-age=60";
            await context.Response.WriteAsync(name);
        });
        await server.StartAsync();
        return server;
    }
}
