using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>
/// The viewers' stream during input loss (rows F01 to F05 of the edge cases): the last frame, then the slate with silence, then the
/// encoder's media, on one timeline.
/// </summary>
[LongRunning]
public sealed class SlateTests
{
    [Theory]
    [InlineData("passthrough", "source", UnixSignal.Kill)]
    [InlineData("auto", "240p", UnixSignal.Kill)]
    [InlineData("passthrough", "source", UnixSignal.Stop)]
    public async Task Last_frame_is_held_then_the_slate_plays_with_silence_until_the_reconnect_F02(string ladder, string rendition,
        UnixSignal signal)
    {
        await using var server = await BroadcastServer.StartAsync();
        var channel = await server.AddChannelAsync("main", new { ladder });
        var token = server.AdminToken;
        await using var red = FfmpegTool.Publish(server.PublishUrl(channel), Source("red"));
        var before = await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 2, "two segments", rendition);
        red.Signal(signal);

        var slate = await HlsView.WaitAsync(server, "main", v => v.Segments.Count(s => s.Discontinuity) == 1
            && v.Segments.SkipWhile(s => !s.Discontinuity).Count() >= 3, "three segments of the slate", rendition);
        slate.Session.ShouldBe(before.Session);
        var shown = slate.Segments.SkipWhile(s => !s.Discontinuity).ToList();
        shown.Skip(rendition == "source" ? 0 : 1).ShouldAllBe(s => !s.Gap,
            "on a busy machine a rung's encoder may not be ready for the first");
        var source = (await HlsView.ReadAsync(server, "main", "source"))!;
        var colors = await ColorsAsync(server, source, "source", source.Segments.First(s => s.Discontinuity));
        colors.Count(c => c == "red").ShouldBeInRange(25, 35, "the last frame is held for a second");
        colors.SkipWhile(c => c == "red").ShouldAllBe(c => c == "dark");
        (await ColorsAsync(server, slate, rendition, shown[1])).ShouldAllBe(c => c == "dark");
        (await StateAsync(server, token)).ShouldBe("waiting");
        Gaps(slate).ShouldAllBe(gap => gap > -0.05 && gap < 0.1, "no time is missing");
        var audio = (await HlsView.ReadAsync(server, "main", "audio"))!;
        (await LoudnessAsync(server, audio, audio.Segments
            .Single(s => s.Address.Split('/')[^1] == shown[1].Address.Split('/')[^1]))).ShouldBeLessThan(-80, "silence");
        server.Logged(2014).ShouldHaveSingleItem();

        await using var blue = FfmpegTool.Publish(server.PublishUrl(channel), Source("blue"));
        var after = await HlsView.WaitAsync(server, "main", v => v.Segments.Count(s => s.Discontinuity) == 2
            && v.Segments.Reverse().TakeWhile(s => !s.Discontinuity).Count() >= 2, "two segments of the encoder", rendition);
        after.Session.ShouldBe(before.Session);
        (await ColorsAsync(server, after, rendition, after.Segments[^1])).ShouldAllBe(c => c == "blue");
        Gaps(after).ShouldAllBe(gap => gap > -0.05 && gap < 2.5, "a keyframe of the encoder follows the slate");
        (await StateAsync(server, token)).ShouldBe("live");
        (await FfmpegTool.DecodeAsync(server.Hls("main").ToString(), 3)).ShouldBeEmpty();
        (await server.Client.GetStringAsync($"/live/main/{after.Session}/manifest.mpd")).Split("<Period ")
            .Length.ShouldBe(4, "encoder, slate, encoder");
    }

    [Fact]
    public async Task Slate_plays_until_the_reconnect_window_ends_and_then_the_session_ends_F03()
    {
        await using var server = await BroadcastServer.StartAsync();
        // Not a multiple of a segment: the last segment of the slate has audio, too. ffmpeg reports gaps as missing segments.
        var channel = await server.AddChannelAsync("main", new { reconnectWindowSeconds = 5 });
        await using (FfmpegTool.Publish(server.PublishUrl(channel), Source("red")))
        {
            await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 1, "a segment");
        }

        var ended = await HlsView.WaitAsync(server, "main", v => v.Ended, "the end");
        ended.Segments.Count(s => s.Discontinuity).ShouldBe(1);
        (await ColorsAsync(server, ended, "source", ended.Segments[^1])).ShouldAllBe(c => c == "dark");
        ended.Segments.SkipWhile(s => !s.Discontinuity).Sum(s => s.Duration).ShouldBeInRange(2, 6);
        (await server.Client.GetStringAsync("/live/main/manifest.mpd")).ShouldContain("type=\"static\"");
        var replay = await server.Client.GetStringAsync($"/vod/{ended.Session}/source.m3u8");
        replay.ShouldContain("#EXT-X-ENDLIST");
        replay.Split("#EXTINF:").Length.ShouldBe(1 + ended.Segments.TakeWhile(s => !s.Discontinuity).Count(),
            "the recording ends where the encoder did");

        // ffmpeg ignores the second configuration; it finds the parameter sets in the frames.
        (await FfmpegTool.DecodeAsync(server.Hls("main").ToString(), 20)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Channel_can_have_its_own_slate_which_a_restarted_server_shows_until_the_encoder_returns()
    {
        await using var server = await BroadcastServer.StartAsync();
        var channel = await server.AddChannelAsync("main");
        await using var folder = TempFolder.Create();
        var (file, text) = (Path.Combine(folder.Path, "slate.mp4"), Path.Combine(folder.Path, "text.png"));
        (await ChildProcess.RunAsync("ffmpeg", ["-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=green:s=320x180:r=25", "-frames:v",
            "50", "-pix_fmt", "yuv420p", file])).EnsureSuccess();
        await File.WriteAllBytesAsync(text, [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, 1, 2, 3]);
        var refused = await server.CommandAsync("channel", "set", "main", "--slate", text);
        (refused.ExitCode == 0, refused.Error.Contains("is not a usable PNG image", StringComparison.Ordinal)).ShouldBe((false, true),
            refused.Error);
        (await server.CommandAsync("channel", "set", "main", "--slate", file)).EnsureSuccess();

        await using (FfmpegTool.Publish(server.PublishUrl(channel), Source("red")))
        {
            await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 1, "a segment");
        }

        var slate = await HlsView.WaitAsync(server, "main", v => v.Segments.SkipWhile(s => !s.Discontinuity).Count() >= 3,
            "three segments of the slate");
        (await ColorsAsync(server, slate, "source", slate.Segments[^1], "crop=8:8:316:176")).ShouldAllBe(c => c == "green");

        await server.Kill();
        await server.RestartAsync();
        var resumed = await HlsView.WaitAsync(server, "main", v => v.Last >= slate.Last + 3, "segments after the restart");
        resumed.Session.ShouldBe(slate.Session);
        resumed.Segments.Count(s => s.Discontinuity).ShouldBe(2);
        (await ColorsAsync(server, resumed, "source", resumed.Segments[^1], "crop=8:8:316:176")).ShouldAllBe(c => c == "green");
    }

    [Fact]
    public async Task Encoder_that_reconnects_at_once_is_shown_without_a_slate_F01_F04()
    {
        await using var server = await BroadcastServer.StartAsync();
        var channel = await server.AddChannelAsync("main");
        await using var first = FfmpegTool.Publish(server.PublishUrl(channel), Source("red"));
        var before = await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 2, "two segments");

        // The new encoder waits for the previous one's slot and gets it immediately.
        await using var second = FfmpegTool.Publish(server.PublishUrl(channel),
            Source("blue") with { Width = 480, Height = 270, Frame = "color=blue:s=480x270:r=30" });
        first.Kill();
        var after = await HlsView.WaitAsync(server, "main", v => v.Last >= before.Last + 3, "three more segments");
        after.Session.ShouldBe(before.Session);
        (await ColorsAsync(server, after, "source", after.Segments[^1])).ShouldAllBe(c => c == "blue");
        (await FfmpegTool.DecodeAsync(server.Dash("main").ToString(), 2)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Encoder_continues_after_a_gap_and_without_a_slate_when_ffmpeg_is_missing()
    {
        await using var server = await BroadcastServer.StartAsync(
            environment: new Dictionary<string, string?> { ["BROADCAST__Encoding__Ffmpeg"] = "/nowhere/ffmpeg" });
        var channel = await server.AddChannelAsync("main");
        await using (FfmpegTool.Publish(server.PublishUrl(channel), Source("red")))
        {
            await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 1, "a segment");
        }

        await Poll.UntilAsync(() => server.Logged(2060).Count == 1, description: "the missing slate is reported");
        await using var again = FfmpegTool.Publish(server.PublishUrl(channel), Source("blue"));
        var after = await HlsView.WaitAsync(server, "main", v => v.Segments.SkipWhile(s => !s.Discontinuity).Count() >= 2,
            "two more segments");
        (await ColorsAsync(server, after, "source", after.Segments[^1])).ShouldAllBe(c => c == "blue");
        after.Segments.Count(s => s.Discontinuity).ShouldBe(1);
    }

    private static TestSource Source(string color) => new() { Width = 640, Height = 360, FrameRate = 30, VideoBitRate = 200_000,
        KeyframeSeconds = 1, Frame = $"color={color}:s=640x360:r=30" };

    /// <summary>Colors of a segment's frames.</summary>
    private static async Task<IReadOnlyList<string>> ColorsAsync(BroadcastServer server, HlsView view, string rendition, HlsSegment segment,
        string crop = "crop=16:16:0:0")
    {
        await using var folder = TempFolder.Create();
        var pixels = Path.Combine(folder.Path, "pixels.rgb");
        (await ChildProcess.RunAsync("ffmpeg",
            ["-nostdin", "-v", "error", "-i", await FileAsync(server, view, rendition, segment, folder.Path), "-vf", $"{crop},scale=1:1",
                "-pix_fmt", "rgb24", "-f", "rawvideo", pixels])).EnsureSuccess();
        return [.. (await File.ReadAllBytesAsync(pixels)).Chunk(3)
            .Select(p => p[0] > 128 ? "red" : p[2] > 128 ? "blue" : p[1] > 90 ? "green" : "dark")];
    }

    /// <summary>Decibels of a segment's loudest sample.</summary>
    private static async Task<double> LoudnessAsync(BroadcastServer server, HlsView view, HlsSegment segment)
    {
        await using var folder = TempFolder.Create();
        var told = (await ChildProcess.RunAsync("ffmpeg",
            ["-nostdin", "-hide_banner", "-i", await FileAsync(server, view, "audio", segment, folder.Path), "-af", "volumedetect", "-f",
                "null", "-"])).EnsureSuccess().Error;
        return double.Parse(told.Split("max_volume:")[1].Split("dB")[0], CultureInfo.InvariantCulture);
    }

    private static async Task<string> FileAsync(BroadcastServer server, HlsView view, string rendition, HlsSegment segment, string folder)
    {
        var playlist = new Uri(server.Http, $"/live/main/{view.Session}/{rendition}.m3u8");
        var file = Path.Combine(folder, "segment.mp4");
        await File.WriteAllBytesAsync(
            file, [.. await server.Client.GetByteArrayAsync(new Uri(playlist, segment.Map!.Split('"')[1])),
                .. await server.Client.GetByteArrayAsync(new Uri(playlist, segment.Address))]);
        return file;
    }

    private static async Task<string> StateAsync(BroadcastServer server, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/channels/main");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await server.Client.SendAsync(request);
        using var channel = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return channel.RootElement.GetProperty("live").GetProperty("state").GetString()!;
    }

    /// <summary>Seconds between each segment's end and the start of the next one.</summary>
    private static IEnumerable<double> Gaps(HlsView view) =>
        view.Segments.Zip(view.Segments.Skip(1), (one, next) => (next.WallClock - one.WallClock).TotalSeconds - one.Duration);
}
