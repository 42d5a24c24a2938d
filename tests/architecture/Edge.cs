using System.Collections.Concurrent;
using System.Net;
using Broadcast.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Broadcast.Architecture.Tests;

/// <summary>An edge and a simple origin behind it, both on loopback.</summary>
public abstract class Edge : IAsyncLifetime
{
    public static readonly byte[] Body = [.. Enumerable.Range(0, 5000).Select(i => (byte)(i * 7))];

    private readonly ConcurrentDictionary<string, int> _requests = new();
    private WebApplication? _origin;
    private HttpClient? _client;

    /// <summary>Folder that the edge can write to.</summary>
    protected TempFolder Folder { get; } = TempFolder.Create("edge");

    /// <summary>The edge's process.</summary>
    protected ChildProcess? Program { get; private set; }

    public ConcurrentDictionary<string, bool> Missing { get; } = new();

    /// <summary>Paths whose connections the origin aborts, like a killed server.</summary>
    public ConcurrentDictionary<string, bool> Away { get; } = new();

    /// <summary>Requests for <c>/held/</c> get their response when this completes.</summary>
    public TaskCompletionSource Held { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Paths of access checks that the origin answers as during an outage of the auth callback.</summary>
    public ConcurrentDictionary<string, bool> Lapsed { get; } = new();

    public Uri Address { get; private set; } = null!;

    /// <summary>Key under which the edge last cached a decision about viewers.</summary>
    public string? CacheScope { get; private set; }

    public int Requests(string path) => _requests.GetValueOrDefault(path);

    /// <summary>Returns the number of fetches of an object with any token.</summary>
    public int Fetches(string path) => _requests.Where(r => r.Key.EndsWith(path, StringComparison.Ordinal)
        && !r.Key.StartsWith("/auth/", StringComparison.Ordinal)).Sum(r => r.Value);

    /// <summary>Returns the number of authorization requests for a token.</summary>
    public int Questions(string token) => _requests.Where(r => r.Key.StartsWith($"/auth/t/{token}/", StringComparison.Ordinal))
        .Sum(r => r.Value);

    public string Errors() => string.Join('\n', Program!.ErrorLines);

    public Task<HttpResponseMessage> GetAsync(string path, Action<HttpRequestMessage>? with = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        with?.Invoke(request);
        return _client!.SendAsync(request);
    }

    public async ValueTask InitializeAsync()
    {
        await StartOriginAsync();
        Address = new Uri($"http://127.0.0.1:{FreePort.Next()}");
        Program = await StartAsync(Folder, new Uri(_origin!.Urls.First()), Address);
        _client = new HttpClient { BaseAddress = Address };
        await Poll.UntilAsync(async () => (await GetAsync("/edge-health")).StatusCode == HttpStatusCode.NoContent,
            description: "the edge answers; " + Program!.Tail());
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        if (Program is { } program)
        {
            await program.TerminateAsync(TimeSpan.FromSeconds(10));
            await program.DisposeAsync();
        }

        if (_origin is not null)
        {
            await _origin.DisposeAsync();
        }

        await Folder.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Starts the shipped edge with changed addresses and folders.</summary>
    protected abstract Task<ChildProcess> StartAsync(TempFolder folder, Uri origin, Uri address);

    private async Task StartOriginAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _origin = builder.Build();
        _origin.Run(AnswerAsync);
        await _origin.StartAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        var count = _requests.AddOrUpdate(path, 1, (_, n) => n + 1);
        if (Away.GetValueOrDefault(path))
        {
            context.Abort();
            return;
        }

        if (path.StartsWith("/auth/", StringComparison.Ordinal))
        {
            CacheScope = context.Request.Headers["X-Cache-Scope"];
            if (Lapsed.GetValueOrDefault(path))
            {
                context.Response.StatusCode = 403;
                context.Response.Headers.CacheControl = "no-store";
                context.Response.Headers["X-Denial-Reason"] = "unavailable";
                return;
            }

            var refusal = Array.Find(["revoked", "no_channel"], word => path.StartsWith($"/auth/t/{word}/", StringComparison.Ordinal));
            context.Response.StatusCode = refusal is null ? 204 : 403;
            context.Response.Headers.CacheControl = path switch
            {
                _ when path.StartsWith("/auth/t/1.", StringComparison.Ordinal) => "max-age=60",
                _ when path.StartsWith("/auth/t/once/", StringComparison.Ordinal) => "no-store",
                _ => "max-age=1",
            };
            context.Response.Headers["X-Denial-Reason"] = refusal;
            return;
        }

        if (path.StartsWith("/live/guarded/", StringComparison.Ordinal))
        {
            context.Response.StatusCode = 403;
            context.Response.Headers.CacheControl = "private, max-age=1";
            return;
        }

        if (path.Contains("/event/", StringComparison.Ordinal))
        {
            var isForAll = path.StartsWith("/event/", StringComparison.Ordinal) && !path.Contains("ASKED", StringComparison.Ordinal);
            context.Response.StatusCode = path.Contains("REFVSED", StringComparison.Ordinal) ? 403 : 200;
            context.Response.Headers.CacheControl = isForAll
                && context.Response.StatusCode == 200 ? "public, max-age=2, stale-if-error=60" : "private, max-age=2";
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync($"{{\"count\":{count}}}");
            return;
        }

        if (Missing.GetValueOrDefault(path))
        {
            context.Response.StatusCode = 404;
            context.Response.Headers.CacheControl = "max-age=1";
            return;
        }

        if (path.StartsWith("/api/", StringComparison.Ordinal))
        {
            await context.Response.WriteAsync(
                $"{context.Request.Headers.Authorization} host={context.Request.Host} for={context.Request.Headers["X-Forwarded-For"]}");
        }
        else if (path.EndsWith("/download.mp4", StringComparison.Ordinal))
        {
            context.Response.Headers.CacheControl = "private, no-cache";
            context.Response.Headers["X-Asked"] = $"{context.Request.QueryString} {context.Request.Headers.Range}";
            context.Response.Headers.ContentRange = $"bytes 100-199/{Body.Length}";
            context.Response.StatusCode = 206;
            await context.Response.Body.WriteAsync(Body.AsMemory(100, 100));
        }
        else if (path.EndsWith(".m3u8", StringComparison.Ordinal))
        {
            context.Response.Headers.CacheControl = "max-age=1";
            context.Response.ContentType = "application/vnd.apple.mpegurl";
            await context.Response.WriteAsync($"#EXTM3U {context.Request.QueryString} {count}");
        }
        else
        {
            if (path.Contains("/held/", StringComparison.Ordinal))
            {
                await Held.Task;
            }

            if (path.Contains("slow", StringComparison.Ordinal))
            {
                // Long enough for all viewers of the test to connect before the response.
                await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System);
            }

            context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
            context.Response.Headers.AcceptRanges = "bytes";
            context.Response.ContentType = "video/mp4";
            context.Response.ContentLength = Body.Length;
            await context.Response.Body.WriteAsync(Body);
        }
    }
}

/// <summary>nginx in front of a server.</summary>
public sealed class NginxEdge() : NginxProgram("nginx.conf", "broadcast:8080")
{
    /// <summary>Maximum number of concurrent requests of one address, instead of the shipped 2,000.</summary>
    public const int MaxPerClient = 100;

    public string Log() => string.Join('\n', Program!.OutputLines);
}

/// <summary>nginx in front of a bucket; the origin takes the bucket's place.</summary>
public sealed class BucketEdge() : NginxProgram("bucket.conf", "s3:9000");

/// <summary>nginx with a shipped configuration.</summary>
/// <param name="configuration">File name of the configuration.</param>
/// <param name="upstream">Address of the origin in it.</param>
public abstract class NginxProgram(string configuration, string upstream) : Edge
{
    protected override async Task<ChildProcess> StartAsync(TempFolder folder, Uri origin, Uri address)
    {
        var adapted = Sources.Text($"infra/edge/{configuration}")
            .Replace($"server {upstream}", $"server {origin.Authority}", StringComparison.Ordinal)
            .Replace("listen 8080;", $"listen {address.Authority};", StringComparison.Ordinal)
            .Replace("/var/cache/nginx/", folder.Sub("cache-"), StringComparison.Ordinal)
            .Replace(" /tmp/nginx", " " + folder.Sub("nginx"), StringComparison.Ordinal)
            .Replace("limit_conn clients 2000;", $"limit_conn clients {NginxEdge.MaxPerClient};", StringComparison.Ordinal)
            .Replace("worker_processes auto;", "worker_processes 2;", StringComparison.Ordinal);
        var file = folder.Sub("nginx.conf");
        await File.WriteAllTextAsync(file, adapted);

        // If started as root, its workers would run as another user without access to the folder.
        var globals = "daemon off;" + (Environment.UserName == "root" ? " user root;" : "");
        string[] arguments = ["-p", folder.Path, "-c", file, "-g", globals];
        var check = await ChildProcess.RunAsync("/usr/sbin/nginx", [.. arguments, "-t"]);
        check.ExitCode.ShouldBe(0, check.Error);
        check.Error.ShouldNotContain("[warn]");
        return ChildProcess.Start("/usr/sbin/nginx", arguments);
    }
}

/// <summary>Varnish.</summary>
public sealed class VarnishEdge : Edge
{
    protected override async Task<ChildProcess> StartAsync(TempFolder folder, Uri origin, Uri address)
    {
        var adapted = Sources.Text("infra/edge/varnish.vcl")
            .Replace(".host = \"broadcast\";", $".host = \"{origin.Host}\";", StringComparison.Ordinal)
            .Replace(".port = \"8080\";", $".port = \"{origin.Port}\";", StringComparison.Ordinal);
        var file = folder.Sub("varnish.vcl");
        await File.WriteAllTextAsync(file, adapted);
        return ChildProcess.Start("/usr/sbin/varnishd",
            ["-F", "-j", "none", "-n", folder.Sub("varnish"), "-a", address.Authority, "-T", "none", "-f", file, "-s", "malloc,64m"]);
    }
}
