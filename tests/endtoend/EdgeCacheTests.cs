using System.Net.Http.Json;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>The shipped nginx edge in front of a live server; only addresses and folders are changed.</summary>
public sealed class EdgeCacheTests
{
    [Fact]
    public async Task Edge_fetches_media_of_a_live_channel_once_and_keeps_playlists_fresh()
    {
        await using var server = await BroadcastServer.StartAsync();
        var channel = await server.AddChannelAsync("main");
        await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel));
        var view = await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 2, "two segments");
        await using var folder = TempFolder.Create();
        var port = FreePort.Next();
        await using var nginx = await StartAsync(folder, server.Http.Port, port);
        using var edge = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await Poll.UntilAsync(async () => (await edge.GetAsync("/edge-health")).IsSuccessStatusCode,
            description: "nginx answers; " + nginx.Tail());

        (await FfmpegTool.DecodeAsync(new Uri(edge.BaseAddress!, "/live/main/index.m3u8").ToString(), 3)).ShouldBeEmpty();
        (await FfmpegTool.ProbeAsync(new Uri(edge.BaseAddress!, "/live/main/index.m3u8").ToString())).GetProperty("streams")
            .GetArrayLength().ShouldBe(2);

        var segment = $"/live/main/{view.Session}/{view.Segments[0].Address}";
        using var whole = await edge.GetAsync(segment);
        using var again = await edge.GetAsync(segment);
        again.Headers.GetValues("X-Cache").ShouldBe(["HIT"]);
        (await again.Content.ReadAsByteArrayAsync()).ShouldBe(await server.Client.GetByteArrayAsync(segment));
        using var ranged = new HttpRequestMessage(HttpMethod.Get, segment) { Headers = { Range = new(10, 19) } };
        using var range = await edge.SendAsync(ranged);
        range.StatusCode.ShouldBe(System.Net.HttpStatusCode.PartialContent);
        (await range.Content.ReadAsByteArrayAsync()).Length.ShouldBe(10);

        var playlist = $"/live/main/{view.Session}/source.m3u8";
        var seen = await edge.GetStringAsync(playlist);
        await Poll.UntilAsync(async () => await edge.GetStringAsync(playlist) is var now && now.Length > 0 && now != seen,
            description: "the playlist advances at the edge");
        (await edge.GetAsync("/live/nobody/index.m3u8")).StatusCode.ShouldBe(System.Net.HttpStatusCode.NotFound);
        (await edge.GetAsync("/metrics")).StatusCode.ShouldBe(System.Net.HttpStatusCode.NotFound);

        await KeepWhatEverybodyMayKnowOfEventsAsync(server, edge);
        await CloseAndOpenByTokenAsync(server, edge);
        (await File.ReadAllTextAsync(folder.Sub("access.log"))).ShouldNotContain("/t/1.");
        nginx.Tail(1000).ShouldNotContain("/t/1.");
        server.Process.Tail(1000).ShouldNotContain("/t/1.");
    }

    /// <summary>
    /// An event's status is fetched once for all viewers, and again after its expiry; the status of a restricted event is not cached.
    /// </summary>
    private static async Task KeepWhatEverybodyMayKnowOfEventsAsync(BroadcastServer server, HttpClient edge)
    {
        using var admin = new HttpClient { BaseAddress = server.Http };
        admin.DefaultRequestHeaders.Authorization = new("Bearer", server.AdminToken);
        var (open, ticketed) = (await PlanAsync("public", 10), await PlanAsync("token", 20));
        await Poll.UntilAsync(async () => (await server.Client.GetAsync($"/event/{open}/status.json")).IsSuccessStatusCode,
            description: "the event is known");

        using var first = await edge.GetAsync($"/event/{open}/status.json");
        first.StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
        first.Headers.CacheControl!.MaxAge.ShouldBe(TimeSpan.FromSeconds(2));
        await Poll.UntilAsync(
            async () => (await edge.GetAsync($"/event/{open}/status.json?{Guid.NewGuid():N}")).Headers.GetValues("X-Cache")
            .Single() == "HIT", description: "it is there once, whatever stands behind its address");
        (await admin.PatchAsJsonAsync($"/api/v1/events/{open}", new { title = "Another title" })).EnsureSuccessStatusCode();
        await Poll.UntilAsync(async () => (await edge.GetStringAsync($"/event/{open}/status.json")).Contains("Another title",
            StringComparison.Ordinal), description: "it is cached for two seconds only");

        var token = (await server.CommandAsync("viewer-token", "create", "main", "--expires", "2h", "--json")).EnsureSuccess().Json()
            .GetProperty("token").GetString()!;
        for (var i = 0; i < 3; i++)
        {
            using var refused = await edge.GetAsync($"/event/{ticketed}/status.json");
            (refused.StatusCode, refused.Headers.GetValues("X-Denial-Reason").Single(),
                refused.Headers.GetValues("X-Cache").Single()).ShouldBe((System.Net.HttpStatusCode.Forbidden, "no_token", "MISS"));
            using var let = await edge.GetAsync($"/t/{token}/event/{ticketed}/status.json");
            (let.StatusCode, let.Headers.Contains("X-Cache")).ShouldBe((System.Net.HttpStatusCode.OK, false));
        }

        async Task<string> PlanAsync(string access, int days)
        {
            var start = TimeProvider.System.GetUtcNow().AddDays(days);
            using var answer = await admin.PostAsJsonAsync("/api/v1/events", new
            {
                title = "Gala", channel = "main", access, start = start.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"),
                end = start.AddHours(1).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"),
            });
            return (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<System.Text.Json.JsonElement>()).GetProperty("id")
                .GetString()!;
        }
    }

    /// <summary>
    /// On a restricted channel two viewers with tokens cost one fetch of an object, and a viewer with a revoked token gets nothing.
    /// </summary>
    private static async Task CloseAndOpenByTokenAsync(BroadcastServer server, HttpClient edge)
    {
        var seen = (await HlsView.WaitAsync(server, "main", _ => true, "a playlist")).Last;
        var view = await HlsView.WaitAsync(server, "main", v => v.Last > seen, "a segment not yet requested from the edge");
        using var admin = new HttpClient { BaseAddress = server.Http };
        admin.DefaultRequestHeaders.Authorization = new("Bearer", server.AdminToken);
        (await admin.PatchAsJsonAsync("/api/v1/channels/main", new { access = "token" })).EnsureSuccessStatusCode();
        var jane = await MakeAsync();
        var made = (await server.Front.CommandAsync("viewer-token", "create", "main", "--expires", "2h", "--label", "John",
            "--json")).EnsureSuccess().Json();
        var john = (Token: made.GetProperty("token").GetString()!, Id: made.GetProperty("id").GetString()!);
        made.GetProperty("hls").GetString()
            .ShouldBe($"{server.Http.GetLeftPart(UriPartial.Authority)}/t/{john.Token}/live/main/index.m3u8");
        await Poll.UntilAsync(
            async () => (await edge.GetAsync("/live/main/index.m3u8")).StatusCode == System.Net.HttpStatusCode.Forbidden,
            description: "the edge's cached decision has expired");

        var object_ = $"/live/main/{view.Session}/{view.Segments[^1].Address}";
        using var first = await edge.GetAsync($"/t/{jane.Token}{object_}");
        using var second = await edge.GetAsync($"/t/{john.Token}{object_}");
        (first.Headers.GetValues("X-Cache").Single(), second.Headers.GetValues("X-Cache").Single()).ShouldBe(("MISS", "HIT"));
        (await second.Content.ReadAsByteArrayAsync()).ShouldBe(await first.Content.ReadAsByteArrayAsync());

        // The server itself can reject a playlist request while the edge still has its cached decision, for 5 s.
        await Poll.UntilAsync(async () => (await edge.GetAsync(object_)).StatusCode == System.Net.HttpStatusCode.Forbidden,
            description: "cached objects require a token too");
        (await edge.GetAsync($"/t/{jane.Token}x{object_}")).StatusCode.ShouldBe(System.Net.HttpStatusCode.Forbidden);
        foreach (var manifest in (string[])["index.m3u8", "manifest.mpd"])
        {
            (await FfmpegTool.DecodeAsync(new Uri(edge.BaseAddress!, $"/t/{jane.Token}/live/main/{manifest}").ToString(), 1)).ShouldBeEmpty(
                manifest);
            (await edge.GetStringAsync($"/t/{john.Token}/live/main/{manifest}")).ShouldNotContain("/t/");
        }

        (await admin.DeleteAsync($"/api/v1/channels/main/viewer-tokens/{jane.Id}")).EnsureSuccessStatusCode();
        (await server.Client.GetAsync($"/t/{jane.Token}{object_}")).StatusCode
            .ShouldBe(System.Net.HttpStatusCode.Forbidden, "the server applies it at once");
        await Poll.UntilAsync(
            async () => (await edge.GetAsync($"/t/{jane.Token}{object_}")).StatusCode == System.Net.HttpStatusCode.Forbidden,
            description: "the edge learns of the revoked token");
        (await edge.GetAsync($"/t/{john.Token}{object_}")).StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);

        async Task<(string Token, string Id)> MakeAsync()
        {
            using var answer = await admin.PostAsJsonAsync("/api/v1/channels/main/viewer-tokens", new { label = "a viewer" });
            var body = await answer.Content.ReadFromJsonAsync<System.Text.Json.JsonElement>();
            return (body.GetProperty("token").GetString()!, body.GetProperty("info").GetProperty("id").GetString()!);
        }
    }

    /// <summary>Starts nginx with the shipped configuration in front of an origin.</summary>
    internal static async Task<ChildProcess> StartAsync(TempFolder folder, int origin, int port)
    {
        var config = await File.ReadAllTextAsync(Repository.PathOf("infra", "edge", "nginx.conf"));
        foreach (var (delivered, own) in new[]
        {
            ("server broadcast:8080 ", $"server 127.0.0.1:{origin} "),
            ("listen 8080;", $"listen 127.0.0.1:{port};"),
            ("/var/cache/nginx/broadcast", folder.Sub("cache")),
            ("pid /tmp/nginx.pid;", $"pid {folder.Sub("nginx.pid")};{(System.Environment.IsPrivilegedProcess ? " user root;" : "")}"),
            ("/tmp/nginx-", folder.Sub("nginx-")),
            ("access_log /dev/stdout edge;", $"access_log {folder.Sub("access.log")} edge;"),
        })
        {
            config.ShouldContain(delivered);
            config = config.Replace(delivered, own, StringComparison.Ordinal);
        }

        var path = folder.Sub("nginx.conf");
        await File.WriteAllTextAsync(path, config);
        var program = new[] { "/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx" }.FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException("nginx is not installed: apt-get install nginx-light.");
        return ChildProcess.Start(program, ["-e", "stderr", "-p", folder.Path, "-c", path, "-g", "daemon off;"]);
    }
}
