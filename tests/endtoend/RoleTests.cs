using System.Net;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>A cluster whose servers have one role each: control, ingest, media and origin, with one database and one bucket.</summary>
[LongRunning]
[SingleServer("Starts its own cluster.")]
public sealed class RoleTests
{
    private const string Connection = "BROADCAST__Database__ConnectionString";
    private const string Mirrors = "broadcast_cluster_mirrors";

    [Fact]
    public async Task Encoders_enter_at_ingest_viewers_play_at_origin_and_a_second_media_server_continues_when_the_first_is_lost()
    {
        await using var ceph = await CephServer.StartAsync();
        var bucket = await ceph.CreateBucketAsync();
        await using var database = await BroadcastServer.StartAsync();
        await database.Kill();   // its PostgreSQL goes on
        await using var control = await StartAsync("control", database, ceph, bucket);
        await using var owner = await StartAsync("media", database, ceph, bucket);
        await using var spare = await StartAsync("media", database, ceph, bucket);
        await using var origin = await StartAsync("origin", database, ceph, bucket);
        await using var ingest = await StartAsync("ingest", database, ceph, bucket);
        var channel = await control.CreateChannelAsync("main", "--latency", "low");

        await using var encoder = FfmpegTool.Publish(ingest.PublishUrl(channel), Signals.Small);
        var view = await HlsView.WaitAsync(origin, "main", v => v.Segments.Count >= 3, "the origin plays the channel");

        view.Segments.ShouldAllBe(segment => !segment.Gap && !segment.Discontinuity);
        (await FfmpegTool.DecodeAsync(origin.Hls("main").ToString(), 2)).ShouldBeEmpty();
        (await origin.MetricAsync(Mirrors)).ShouldBe(1);
        (await ingest.MetricAsync(Mirrors)).ShouldBe(0, "it owns no sessions and so needs no copy");
        await Poll.UntilAsync(async () => await owner.MetricAsync(Mirrors) + await spare.MetricAsync(Mirrors) == 1,
            description: "the other media server has a copy");
        (await SessionsAsync(control)).ShouldBe(["control 0", "ingest 0", "media 0", "media 1", "origin 0"]);
        await CheckListenersAsync(control, owner, origin, ingest);

        await (await owner.MetricAsync(Mirrors) == 0 ? owner : spare).Kill();
        var next = await HlsView.WaitAsync(origin, "main", v => v.Last > view.Last + 6, "the channel continues");
        next.Session.ShouldBe(view.Session);
        encoder.HasExited.ShouldBeFalse();
    }

    /// <summary>Roles and number of open sessions of each server.</summary>
    private static async Task<List<string>> SessionsAsync(BroadcastServer control) =>
        [.. (await control.CommandAsync("server", "list", "--json")).EnsureSuccess().Json().EnumerateArray()
            .Select(server => $"{server.GetProperty("roles").GetString()} {server.GetProperty("sessions").GetInt32()}")
            .Where(server => !server.StartsWith("all", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    private static async Task CheckListenersAsync(BroadcastServer control, BroadcastServer media, BroadcastServer origin,
        BroadcastServer ingest)
    {
        foreach (var server in new[] { control, media, origin, ingest })
        {
            using var client = new HttpClient { BaseAddress = server.Internal };
            foreach (var path in new[] { "/healthz", "/readyz", "/metrics" })
            {
                (await client.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.OK, path);
            }
        }

        Listeners(media).ShouldBe([]);
        Listeners(ingest).ShouldBe(["rtmp", "rtmps"]);
        Listeners(origin).ShouldBe(["http"]);
        Listeners(control).ShouldBe(["http"]);
        (await origin.Client.GetAsync("/api/v1/openapi.json")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await origin.Client.GetAsync("/dashboard")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await control.Client.GetAsync("/api/v1/openapi.json")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await control.Client.GetAsync("/live/main/index.m3u8")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Doctor_and_log_warn_of_servers_that_share_a_database_but_no_secret_keys()
    {
        await using var first = await BroadcastServer.StartAsync();
        var environment = new Dictionary<string, string?> { [Connection] = ConnectionTo(first) };
        await using var second = await BroadcastServer.StartAsync(environment: environment);
        File.ReadAllText(Directory.GetFiles(Path.Combine(second.Data, "logs")).Single()).ShouldContain("2 servers share the database");

        var check = await SecretKeysAsync();
        check.ShouldContain("2 servers share the database");
        check.ShouldContain("Set Control:SecretKeys to the same value on all servers");
        check.ShouldNotContain("\"outcome\":\"good\"");

        (await second.StopAsync()).ShouldBe(0);
        environment["BROADCAST__Control__SecretKeys"] = Convert.ToBase64String(new byte[32]);
        await second.RestartAsync();
        (await SecretKeysAsync()).ShouldContain("all stream keys of targets can be decrypted");

        async Task<string> SecretKeysAsync() => (await second.CommandAsync("doctor", "--json")).Output.Split('\n')
            .Single(line => line.Contains("\"check\":\"secret keys\"", StringComparison.Ordinal));
    }

    private static string ConnectionTo(BroadcastServer database) =>
        $"Host={Path.Combine(database.Data, "postgres")};Username=broadcast;Database=broadcast";

    private static IEnumerable<string> Listeners(BroadcastServer server) =>
        server.Ready.EnumerateObject().Select(member => member.Name).Where(name => name is "rtmp" or "rtmps" or "http").Order();

    private static Task<BroadcastServer> StartAsync(string roles, BroadcastServer database, CephServer ceph, string bucket) =>
        BroadcastServer.StartAsync(["--roles", roles], new Dictionary<string, string?>
        {
            [Connection] = ConnectionTo(database),
            ["BROADCAST__Storage__Endpoint"] = ceph.Endpoint,
            ["BROADCAST__Storage__Bucket"] = bucket,
            ["BROADCAST__Storage__Region"] = ceph.Region,
            ["BROADCAST__Storage__AccessKey"] = ceph.AccessKey,
            ["BROADCAST__Storage__SecretKey"] = ceph.SecretKey,
            ["BROADCAST__Slate__Enabled"] = "false",
            ["BROADCAST__Thumbnails__Enabled"] = "false",
        });
}
