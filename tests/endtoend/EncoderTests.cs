using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>Real encoders publish to the real server; ffprobe and ffmpeg check the result over HTTP.</summary>
[LongRunning]
public sealed class EncoderTests(SharedServer shared)
{
    private readonly BroadcastServer _server = shared.Server;

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task HLS_and_DASH_streams_published_by_ffmpeg_decode_without_errors(int bFrames)
    {
        var channel = await _server.AddChannelAsync($"ffmpeg-{bFrames}");
        await using var encoder = FfmpegTool.Publish(_server.PublishUrl(channel), new TestSource { BFrames = bFrames });
        await HlsView.WaitAsync(_server, channel.Name, v => v.Segments.Count >= 3, "three segments");

        foreach (var address in new[] { _server.Hls(channel.Name), _server.Dash(channel.Name) })
        {
            (await FfmpegTool.DecodeAsync(address.ToString(), 3)).ShouldBeEmpty();
            var streams = (await FfmpegTool.ProbeAsync(address.ToString())).GetProperty("streams").EnumerateArray().ToList();
            var video = streams.Single(s => s.GetProperty("codec_type").GetString() == "video");
            (video.GetProperty("codec_name").GetString(), video.GetProperty("width").GetInt32(),
                video.GetProperty("height").GetInt32()).ShouldBe(("h264", 640, 360));
            var audio = streams.Single(s => s.GetProperty("codec_type").GetString() == "audio");
            (audio.GetProperty("codec_name").GetString(), audio.GetProperty("sample_rate").GetString(),
                audio.GetProperty("channels").GetInt32()).ShouldBe(("aac", "48000", 2));
        }
    }

    [Theory]
    [InlineData("rtmp2sink")]
    [InlineData("rtmpsink")]
    public async Task Streams_published_by_GStreamer_and_librtmp_decode_without_errors(string sink)
    {
        var channel = await _server.AddChannelAsync($"gstreamer-{sink}");
        await using var encoder = ChildProcess.Start("gst-launch-1.0",
        [
            "-q", "flvmux", "name=mux", "streamable=true", "!", sink, $"location={_server.PublishUrl(channel)}",
            "videotestsrc", "is-live=true", "!", "video/x-raw,width=640,height=360,framerate=30/1", "!", "x264enc", "tune=zerolatency",
            "speed-preset=ultrafast",
            "key-int-max=60", "bitrate=800", "!", "h264parse", "!", "mux.",
            "audiotestsrc", "is-live=true", "!", "audio/x-raw,rate=48000,channels=2", "!", "voaacenc", "!", "aacparse", "!", "mux.",
        ]);
        await HlsView.WaitAsync(_server, channel.Name, v => v.Segments.Count >= 2, "two segments; " + encoder.Tail());

        // On a busy machine GStreamer's first frames can be closer together than the later ones, which ffmpeg reports as a discontinuity.
        var said = await FfmpegTool.DecodeAsync(_server.Hls(channel.Name).ToString(), 3);
        said.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !line.Contains("DTS discontinuity in stream", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public async Task RTMPS_works_with_the_self_signed_certificate()
    {
        var channel = await _server.AddChannelAsync("secure");
        await using var encoder = FfmpegTool.Publish($"{_server.Rtmps}/live/{channel.StreamKey}");
        await HlsView.WaitAsync(_server, channel.Name, v => v.Segments.Count >= 1, "a segment");
    }

    [Theory]
    [InlineData(true, false, "audio")]
    [InlineData(false, true, "source")]
    public async Task Audio_only_and_video_only_encoders_are_playable(bool audio, bool video, string rendition)
    {
        var channel = await _server.AddChannelAsync(audio ? "radio" : "silent");
        await using var encoder = FfmpegTool.Publish(_server.PublishUrl(channel), new TestSource { Audio = audio, Video = video });
        await HlsView.WaitAsync(_server, channel.Name, v => v.Segments.Count >= 2, "two segments", rendition);

        (await FfmpegTool.DecodeAsync(_server.Hls(channel.Name).ToString(), 3)).ShouldBeEmpty();
        (await FfmpegTool.DecodeAsync(_server.Dash(channel.Name).ToString(), 3)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Segments_of_8_second_keyframe_intervals_stay_within_the_target_and_claim_no_independence()
    {
        var channel = await _server.AddChannelAsync("obs", new { ladder = "passthrough" });
        await using var encoder = FfmpegTool.Publish(_server.PublishUrl(channel), new TestSource { KeyframeSeconds = 8.3 });
        var view = await HlsView.WaitAsync(_server, "obs", v => v.Segments.Count >= 5, "five segments");

        view.TargetDuration.ShouldBe(3);
        view.Segments.ShouldAllBe(s => s.Duration <= 3.0 && !s.Discontinuity && !s.Gap);
        (await _server.Client.GetStringAsync($"/live/obs/{view.Session}/source.m3u8")).ShouldNotContain("EXT-X-INDEPENDENT-SEGMENTS");
        (await _server.Client.GetStringAsync("/live/obs/index.m3u8")).ShouldNotContain("EXT-X-INDEPENDENT-SEGMENTS");
        (await FfmpegTool.ProbeAsync(_server.Hls("obs").ToString())).GetProperty("streams").GetArrayLength().ShouldBe(2);

        // From the first keyframe of the playlist, every frame decodes.
        var copy = await DownloadAsync(view);
        (await FfmpegTool.DecodeAsync(copy, 60)).ShouldBeEmpty();
        File.Delete(copy);
    }

    [Fact]
    public async Task Sequence_numbers_sizes_and_times_are_shared_by_audio_video_HLS_and_DASH()
    {
        var channel = await _server.AddChannelAsync("common");
        await using var encoder = FfmpegTool.Publish(_server.PublishUrl(channel));
        var video = await HlsView.WaitAsync(_server, channel.Name, v => v.Segments.Count >= 4, "four segments");
        var audio = await HlsView.WaitAsync(_server, channel.Name, v => v.Last >= video.Last, "audio up to the same segment", "audio");

        video.TargetDuration.ShouldBe(3);
        audio.Sequence.ShouldBe(video.Sequence);
        video.Segments.ShouldAllBe(s => s.Duration > 1.9 && s.Duration <= 3);
        video.Segments[0].Address.ShouldEndWith("/1.m4s");
        foreach (var (videoSegment, audioSegment) in video.Segments.Zip(audio.Segments))
        {
            Math.Abs((videoSegment.WallClock - audioSegment.WallClock).TotalSeconds).ShouldBeLessThan(0.05);
        }

        foreach (var (one, next) in video.Segments.Zip(video.Segments.Skip(1)))
        {
            Math.Abs((next.WallClock - one.WallClock).TotalSeconds - one.Duration).ShouldBeLessThan(0.01);
        }

        var mpd = await _server.Client.GetStringAsync($"/live/{channel.Name}/manifest.mpd");
        mpd.ShouldContain("$Number$");
        using var media = await _server.Client.GetAsync(
            new Uri(new Uri(_server.Http, $"/live/{channel.Name}/{video.Session}/source.m3u8"), video.Segments[0].Address));
        media.EnsureSuccessStatusCode();
        media.Headers.CacheControl!.ToString().ShouldContain("immutable");
    }

    /// <summary>Writes the init segment and all listed segments to one file.</summary>
    private async Task<string> DownloadAsync(HlsView view)
    {
        var playlist = new Uri(_server.Http, $"/live/obs/{view.Session}/source.m3u8");
        List<byte> bytes = [.. await _server.Client.GetByteArrayAsync(new Uri(playlist, view.Segments[0].Map!.Split('"')[1]))];
        foreach (var segment in view.Segments)
        {
            bytes.AddRange(await _server.Client.GetByteArrayAsync(new Uri(playlist, segment.Address)));
        }

        var path = Path.Combine(Path.GetTempPath(), $"bc-{Guid.NewGuid():N}.mp4");
        await File.WriteAllBytesAsync(path, [.. bytes]);
        return path;
    }
}
