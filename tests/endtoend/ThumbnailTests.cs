using System.Net;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>Posters made by the real server from a real encoder's stream.</summary>
public sealed class ThumbnailTests : IDisposable
{
    private readonly TempFolder _folder = TempFolder.Create();

    [Fact]
    public async Task Channel_poster_shows_the_encoders_video_and_survives_kill_9()
    {
        await using var server = await BroadcastServer.StartAsync();
        var channel = await server.AddChannelAsync("main");
        using (var none = await server.Client.GetAsync(new Uri("/live/main/poster.jpg", UriKind.Relative)))
        {
            none.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }

        await using (FfmpegTool.Publish(server.PublishUrl(channel),
            new TestSource { BFrames = 2, Frame = "color=0x20a040:s=640x480:r=30" }))
        {
            await Poll.UntilAsync(async () => (await PosterAsync(server)) is not null, description: "a poster");
            await ShouldBeAsync((await PosterAsync(server))!, 640, 480, (0x20, 0xa0, 0x40));
            await server.Kill();
        }

        await server.RestartAsync();
        await ShouldBeAsync((await PosterAsync(server)).ShouldNotBeNull("it was announced before"), 640, 480, (0x20, 0xa0, 0x40));
    }

    [Fact]
    public async Task Sprite_sheets_are_listed_by_WebVTT_and_both_manifests_live_and_after_the_end()
    {
        await using var server = await BroadcastServer.StartAsync(
            environment: new Dictionary<string, string?> { ["BROADCAST__THUMBNAILS__COLUMNS"] = "2" });
        var channel = await server.AddChannelAsync("main", new { reconnectWindowSeconds = 0 });
        string? cues = null;
        await using (FfmpegTool.Publish(server.PublishUrl(channel), new TestSource { Frame = "color=0x20a040:s=640x480:r=30" }))
        {
            await Poll.UntilAsync(async () => (cues = await TextAsync(server, "/live/main/thumbnails.vtt"))?.Contains("00:00:06.000 -->",
                StringComparison.Ordinal) == true, description: "two sheets");
        }

        // Four seconds per sprite sheet: two by two tiles with the maximum height of a thumbnail and the aspect ratio of the video.
        cues.ShouldNotBeNull().ShouldContain("/thumbnails/4000.jpg#xywh=240,0,240,180\n");
        var address = cues.Split('\n').First(line => line.Contains("/thumbnails/4000.jpg", StringComparison.Ordinal)).Split('#')[0];
        await ShouldBeAsync(await server.Client.GetByteArrayAsync(new Uri("/live/main/" + address, UriKind.Relative)), 480, 180,
            (0x20, 0xa0, 0x40), x: 120);

        await Poll.UntilAsync(async () => (await TextAsync(server, "/live/main/manifest.mpd"))?.Contains("type=\"static\"",
            StringComparison.Ordinal) == true, description: "the end");
        (await TextAsync(server, "/live/main/manifest.mpd")).ShouldNotBeNull().ShouldContain("http://dashif.org/guidelines/thumbnail_tile");
        var playlist = (await TextAsync(server, "/live/main/index.m3u8")).ShouldNotBeNull();
        playlist.ShouldContain("#EXT-X-IMAGE-STREAM-INF:");
        await EveryKeyframeDecodesAsync(server, playlist.Split("URI=\"").First(u => u.Contains("/iframes.m3u8\"", StringComparison.Ordinal))
            .Split('"')[0]);
        (await TextAsync(server, $"/live/main/{address.Split('/')[0]}/thumbnails.m3u8")).ShouldNotBeNull()
            .ShouldContain("#EXT-X-TILES:RESOLUTION=240x180,LAYOUT=2x1,DURATION=2.000\nthumbnails/4000.jpg\n");
        foreach (var url in new[] { server.Hls("main"), server.Dash("main") })
        {
            (await FfmpegTool.DecodeAsync(url.ToString(), 3)).ShouldBeEmpty();
        }
    }

    /// <summary>Checks that each entry of an I-frame playlist is exactly one independently decodable frame.</summary>
    private async Task EveryKeyframeDecodesAsync(BroadcastServer server, string address)
    {
        var lines = (await TextAsync(server, "/live/main/" + address)).ShouldNotBeNull().Split('\n');
        var ranges = lines.Where(l => l.StartsWith("#EXT-X-BYTERANGE:", StringComparison.Ordinal))
            .Select(l => l.Split(':', '@')[1]).ToList();
        var segments = lines.Where(l => l.EndsWith(".m4s", StringComparison.Ordinal)).ToList();
        ranges.Count.ShouldBe(segments.Count);
        var folder = $"/live/main/{address[..(address.LastIndexOf('/') + 1)]}";
        var init = await server.Client.GetByteArrayAsync(folder + lines.First(l => l.StartsWith("#EXT-X-MAP:", StringComparison.Ordinal))
            .Split('"')[1]);
        foreach (var (length, segment) in ranges.Zip(segments).Take(2))
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, folder
                + segment) { Headers = { Range = new(0, int.Parse(length, System.Globalization.CultureInfo.InvariantCulture) - 1) } };
            using var answer = await server.Client.SendAsync(request);
            var (file, frame) = (Path.Combine(_folder.Path, "key.mp4"), Path.Combine(_folder.Path, "key.rgb"));
            await File.WriteAllBytesAsync(file, [.. init, .. await answer.Content.ReadAsByteArrayAsync()]);
            (await ChildProcess.RunAsync("ffmpeg", ["-nostdin", "-v", "fatal", "-y", "-i", file, "-frames:v", "1", "-pix_fmt", "rgb24",
                "-f", "rawvideo", frame])).EnsureSuccess();
            new FileInfo(frame).Length.ShouldBe(640 * 480 * 3);
        }
    }

    [Fact]
    public async Task Hung_ffmpeg_costs_only_posters_and_thumbnails()
    {
        var program = Path.Combine(_folder.Path, "hangs");
        await File.WriteAllTextAsync(program, "#!/bin/sh\nexec sleep 1000\n");
        (await ChildProcess.RunAsync("chmod", ["+x", program])).EnsureSuccess();
        await using var server = await BroadcastServer.StartAsync(environment: new Dictionary<string,
            string?> { ["BROADCAST__ENCODING__FFMPEG"] = program, ["BROADCAST__THUMBNAILS__TIMEOUT"] = "00:00:01" });
        var channel = await server.AddChannelAsync("main");
        await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel));
        await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 3, "three segments");
        (await PosterAsync(server)).ShouldBeNull();
        (await FfmpegTool.DecodeAsync(server.Hls("main").ToString(), 2)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Channel_plays_without_images_when_they_are_disabled()
    {
        await using var server = await BroadcastServer.StartAsync(
            environment: new Dictionary<string, string?> { ["BROADCAST__THUMBNAILS__ENABLED"] = "false" });
        var channel = await server.AddChannelAsync("main");
        await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel));
        await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 3, "three segments");
        (await PosterAsync(server)).ShouldBeNull();
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<byte[]?> PosterAsync(BroadcastServer server)
    {
        using var response = await server.Client.GetAsync(new Uri("/live/main/poster.jpg", UriKind.Relative));
        return response.StatusCode == HttpStatusCode.OK ? await response.Content.ReadAsByteArrayAsync() : null;
    }

    private static async Task<string?> TextAsync(BroadcastServer server, string path)
    {
        using var response = await server.Client.GetAsync(new Uri(path, UriKind.Relative));
        return response.StatusCode == HttpStatusCode.OK ? await response.Content.ReadAsStringAsync() : null;
    }

    private async Task ShouldBeAsync(byte[] jpeg, int width, int height, (int Red, int Green, int Blue) color, int? x = null)
    {
        var (file, raw) = (Path.Combine(_folder.Path, "poster.jpg"), Path.Combine(_folder.Path, "poster.rgb"));
        await File.WriteAllBytesAsync(file, jpeg);
        (await ChildProcess.RunAsync("ffmpeg",
            ["-nostdin", "-v", "error", "-y", "-i", file, "-f", "rawvideo", "-pix_fmt", "rgb24", raw])).EnsureSuccess();
        var pixels = await File.ReadAllBytesAsync(raw);
        pixels.Length.ShouldBe(width * height * 3);
        var middle = ((height / 2 * width) + (x ?? width / 2)) * 3;
        var far = Math.Abs(pixels[middle] - color.Red) + Math.Abs(pixels[middle + 1] - color.Green)
            + Math.Abs(pixels[middle + 2] - color.Blue);
        far.ShouldBeLessThan(24, $"{pixels[middle]} {pixels[middle + 1]} {pixels[middle + 2]}");
    }
}
