using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>
/// Players in Chromium with access to the bucket of a real S3 service alone, on another origin than the page: headers, manifests, media.
/// </summary>
public sealed class BucketPlaybackTests(Chromium chromium, PlayerPages pages)
{
    [Fact]
    public async Task Three_players_play_a_live_channel_from_the_bucket_without_the_origin()
    {
        await using var ceph = await CephServer.StartAsync();
        var bucket = await ceph.CreateBucketAsync();
        await ceph.OpenAsync(bucket);
        await ceph.AllowBrowsersAsync(bucket);
        await using var server = await BroadcastServer.StartAsync(environment: new Dictionary<string, string?>
        {
            ["BROADCAST__Storage__Bucket"] = bucket,
            ["BROADCAST__Storage__Endpoint"] = ceph.Endpoint,
            ["BROADCAST__Storage__Region"] = ceph.Region,
            ["BROADCAST__Storage__AccessKey"] = ceph.AccessKey,
            ["BROADCAST__Storage__SecretKey"] = ceph.SecretKey,
            ["BROADCAST__Origin__PublishManifests"] = "true",
        });
        var channel = await server.AddChannelAsync("main", new { ladder = "passthrough" });
        await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel),
            new TestSource { Width = 320, Height = 180, FrameRate = 15, VideoBitRate = 200_000 });
        var live = new Uri($"{ceph.Endpoint}/{bucket}/live/main/");
        await Poll.UntilAsync(() => ceph.HasAsync(bucket, "live/main/manifest.mpd"), TimeSpan.FromSeconds(40),
            "the lists are in the bucket");

        var players = await Task.WhenAll(new (string Kind, string List)[] { ("hls", "index.m3u8"), ("dash", "manifest.mpd"),
            ("shaka", "manifest.mpd") }.Select(async player =>
        {
            var page = await chromium.OpenPlayerAsync(pages.Page(player.Kind, new Uri(live, player.List)));
            List<string> asked = [];
            page.Request += (_, request) => asked.Add(request.Url);
            return (player.Kind, Page: page, Asked: asked);
        }));
        foreach (var (kind, page, asked) in players)
        {
            var before = new PlayerReport();
            await Poll.UntilAsync(
                async () => (before = await PlayerReport.OfAsync(page)) is { Time: > 0, Frames: > 0, AudioBytes: > 0 }
                || before.Errors.Length > 0, TimeSpan.FromSeconds(40), $"{kind} plays");
            var after = before;
            await Poll.UntilAsync(async () => (after = await PlayerReport.OfAsync(page)).Time >= before.Time + 5 || after.Errors.Length > 0,
                TimeSpan.FromSeconds(30), $"{kind} goes on");
            after.Errors.ShouldBeEmpty(kind);
            after.Frames.ShouldBeGreaterThan(before.Frames, kind);
            await page.Context.CloseAsync();
            asked.Where(address => !address.StartsWith(pages.Address.ToString(), StringComparison.Ordinal)
                && !address.StartsWith("blob:", StringComparison.Ordinal))
                .ShouldAllBe(address => address.StartsWith(live.ToString(), StringComparison.Ordinal), kind);
        }
    }
}
