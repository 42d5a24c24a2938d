using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>
/// The shipped Varnish edge in front of a live channel with low latency (rows F38 and F39 of the edge cases); only addresses are changed.
/// </summary>
public sealed partial class LowLatencyEdgeTests
{
    private const int Players = 1000;
    private const int Rounds = 5;

    [Fact]
    public async Task Edge_collapses_requests_of_a_thousand_players_and_survives_an_origin_outage_F38_F39()
    {
        await using var server = await BroadcastServer.StartAsync();
        var channel = await server.AddChannelAsync("main", new { latency = "low" });
        await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel), Signals.Small with { KeyframeSeconds = 2 });
        var view = await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 2, "two segments");
        await using var folder = TempFolder.Create();
        var port = FreePort.Next();
        await using var varnish = await StartAsync(folder, server.Http.Port, port);
        using var edge = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await Poll.UntilAsync(async () => (await edge.GetAsync("/edge-health")).IsSuccessStatusCode,
            description: "Varnish answers; " + varnish.Tail());
        var before = await RequestsAsync(server);

        // All requests arrive at the same time at an empty cache.
        var folderOf = $"/live/main/{view.Session}/";
        var playlist = folderOf + "source.m3u8";
        var segment = view.Segments[^1];
        var asked = 0;
        var began = Stopwatch.GetTimestamp();
        foreach (var address in new[] { "/live/main/index.m3u8", playlist, folderOf + segment.Map!.Split('"')[1],
            folderOf + segment.Address })
        {
            await AllGetAsync(address);
        }

        // Then each client repeatedly waits for the next part and the playlist that contains it.
        var text = await edge.GetStringAsync(playlist);
        var seconds = (int)Stopwatch.GetElapsedTime(began).TotalSeconds;
        for (var round = 0; round < Rounds; round++)
        {
            var hint = Hint().Match(text);
            var (part, number) = (hint.Groups["part"].Value, hint.Groups["segment"].Value);
            var playlists = AllGetAsync($"{playlist}?_HLS_msn={number}&_HLS_part={part}", $"{playlist}?_HLS_part={part}&_HLS_msn={number}");
            await AllGetAsync(folderOf + hint.Groups["uri"].Value);
            text = System.Text.Encoding.UTF8.GetString(await playlists);
        }

        var cost = (await RequestsAsync(server)) - before;
        // The two playlists without a sequence number in the request are cached for a second.
        cost.ShouldBeInRange(4 + (2 * Rounds), 4 + 1 + (2 * Rounds) + 1 + (2 * seconds), $"{asked} requests");
        (1 - (cost / asked)).ShouldBeGreaterThan(0.99);
        (await FfmpegTool.DecodeAsync(new Uri(edge.BaseAddress!, "/live/main/index.m3u8").ToString(), 2)).ShouldBeEmpty();
        (await edge.GetAsync("/live/nobody/index.m3u8")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await edge.GetAsync("/auth/live/main/index.m3u8")).StatusCode
            .ShouldBe(HttpStatusCode.NotFound, "the edge's internal requests are not public");

        await server.Front.StopAsync();
        await Poll.UntilAsync(async () => await StateAsync(playlist) is (HttpStatusCode.OK, "STALE"),
            description: "the last playlist remains");
        (await StateAsync(folderOf + segment.Address)).ShouldBe((HttpStatusCode.OK, "HIT"));
        var reload = Hint().Match(await edge.GetStringAsync(playlist));
        using var refused =
            await edge.GetAsync(
                $"{playlist}?_HLS_msn={long.Parse(reload.Groups["segment"].Value, System.Globalization.CultureInfo.InvariantCulture) + 1}&_HLS_part=0");
        refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable, "a request that cannot be fulfilled never gets the old playlist");
        refused.Headers.GetValues("Access-Control-Allow-Origin").ShouldBe(["*"]);

        async Task<byte[]> AllGetAsync(params string[] addresses)
        {
            asked += Players;
            var answers = await Task.WhenAll(Enumerable.Range(0, Players)
                .Select(i => edge.GetByteArrayAsync(addresses[i % addresses.Length])));
            answers.Count(a => !a.SequenceEqual(answers[0])).ShouldBe(0, addresses[0]);
            return answers[0];
        }

        async Task<(HttpStatusCode, string)> StateAsync(string address)
        {
            using var answer = await edge.GetAsync(address);
            return (answer.StatusCode, answer.Headers.TryGetValues("X-Cache", out var cache) ? cache.Single() : "");
        }
    }

    [GeneratedRegex("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"(?<uri>[^\"]*/(?<segment>[0-9]+)\\.(?<part>[0-9]+)\\.m4s)\"",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Hint();

    private static Task<double> RequestsAsync(BroadcastServer server) => server.Front.MetricAsync("broadcast_origin_requests_total");

    /// <summary>Starts Varnish with the shipped configuration in front of an origin.</summary>
    internal static async Task<ChildProcess> StartAsync(TempFolder folder, int origin, int port)
    {
        var config = await File.ReadAllTextAsync(Repository.PathOf("infra", "edge", "varnish.vcl"));
        foreach (var (delivered, own) in new[] { (".host = \"broadcast\";", ".host = \"127.0.0.1\";"),
            (".port = \"8080\";", $".port = \"{origin}\";") })
        {
            config.ShouldContain(delivered);
            config = config.Replace(delivered, own, StringComparison.Ordinal);
        }

        var path = folder.Sub("varnish.vcl");
        await File.WriteAllTextAsync(path, config);
        return ChildProcess.Start("/usr/sbin/varnishd",
            ["-F", "-j", "none", "-n", folder.Sub("varnish"), "-a", $"127.0.0.1:{port}", "-T", "none", "-f", path, "-s", "malloc,256m"]);
    }
}
