using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.EndToEnd;

public sealed class RealEncoderTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(40);

    [Fact]
    public async Task Ffmpeg_publishes_two_seconds_and_every_frame_arrives_in_order()
    {
        await using var server = await IngestServer.StartAsync();
        await PublishAsync(FfmpegTool.Publish(server.Url("good"),
            new TestSource { Seconds = 2, RealTime = false, BFrames = 2, KeyframeSeconds = 1 }));

        await Poll.UntilAsync(() => server.Authority.Ended.Count == 1);
        var received = server.Sink.Single;
        received.Publication.Tracks.Select(t => t.Kind).ShouldBe([TrackKind.Video, TrackKind.Audio], ignoreOrder: true);
        var video = received.Of(TrackKind.Video);
        video.Length.ShouldBe(60);
        video.Count(s => s.IsSync).ShouldBe(2);
        video[0].IsSync.ShouldBeTrue();
        Gaps(video).ShouldAllBe(gap => gap >= (33 * 90) - 68 && gap <= (34 * 90) + 68);
        Gaps(video)[10..].ShouldAllBe(gap => gap == 3000, "once the frame rate is known, its times are exact");
        video.ShouldAllBe(s => s.Present >= s.Decode);
        video.Any(s => s.Present > s.Decode).ShouldBeTrue();

        var audio = received.Of(TrackKind.Audio);
        audio.Length.ShouldBeInRange(93, 96);
        Gaps(audio).ShouldAllBe(gap => gap == 1024);
        (audio[0].Present.TotalSeconds - video[0].Present.TotalSeconds).ShouldBeInRange(-0.08, 0.08);
        server.Authority.Asked.Single().Encoder.ShouldContain("Lavf");
        server.Log.Contains("good").ShouldBeFalse();
    }

    [Theory]
    [InlineData(30, 2)]
    [InlineData(25, 0)]
    public async Task Capture_times_that_jitter_leave_on_a_smooth_grid(int rate, int bFrames)
    {
        await using var server = await IngestServer.StartAsync();
        await PublishAsync(ChildProcess.Start("ffmpeg",
        [
            "-v", "error", "-f", "lavfi", "-i", $"testsrc2=size=160x90:rate={rate}:duration=12",
            "-vf", "settb=1/1000,setpts=PTS+floor(random(0)*21)-10", "-fps_mode", "passthrough", "-enc_time_base", "1:1000",
            "-c:v", "libx264", "-preset", "ultrafast", "-bf", $"{bFrames}", "-g", $"{rate}", "-f", "flv", server.Url("good"),
        ]));
        await Poll.UntilAsync(() => server.Authority.Ended.Count == 1);
        var video = server.Sink.Single.Of(TrackKind.Video);
        video.Length.ShouldBe(12 * rate);
        video.ShouldAllBe(s => s.Present >= s.Decode);
        var period = 90_000 / rate;

        // Lookahead and reordering end with the last frames.
        var gaps = Gaps(video)[60..^8];
        var shown = video.Select(s => s.Present.Ticks).Order().ToArray();
        var shownGaps = shown.Zip(shown.Skip(1), (a, b) => b - a).Skip(60).SkipLast(8).ToArray();
        gaps.ShouldAllBe(gap => Math.Abs(gap - period) <= 4, $"decode intervals {Histogram(gaps)}");
        shownGaps.ShouldAllBe(gap => Math.Abs(gap - period) <= 4, $"presentation intervals {Histogram(shownGaps)}");
        TestContext.Current.TestOutputHelper?.WriteLine($"{Histogram(gaps)}; {Histogram(shownGaps)}");
    }

    private static string Histogram(IEnumerable<long> gaps) =>
        string.Join(", ", gaps.GroupBy(gap => gap / 90).OrderBy(group => group.Key).Select(group => $"{group.Key} ms: {group.Count()}"));

    [Fact]
    public async Task Ffmpeg_publishes_audio_only()
    {
        await using var server = await IngestServer.StartAsync();
        await PublishAsync(FfmpegTool.Publish(server.Url("good"), new TestSource { Seconds = 2, Video = false, RealTime = false }));
        await Poll.UntilAsync(() => server.Authority.Ended.Count == 1);
        server.Sink.Single.Publication.Tracks.Single().Kind.ShouldBe(TrackKind.Audio);
        server.Sink.Single.Of(TrackKind.Audio).Length.ShouldBeInRange(93, 96);
    }

    [Fact]
    public async Task Ffmpeg_publishes_video_only()
    {
        await using var server = await IngestServer.StartAsync();
        await PublishAsync(FfmpegTool.Publish(server.Url("good"), new TestSource { Seconds = 2, Audio = false, RealTime = false }));
        await Poll.UntilAsync(() => server.Authority.Ended.Count == 1);
        server.Sink.Single.Publication.Tracks.Single().Kind.ShouldBe(TrackKind.Video);
        server.Sink.Single.Of(TrackKind.Video).Length.ShouldBe(60);
    }

    [Theory]
    [InlineData("rtmp2sink")]
    [InlineData("rtmpsink")]
    public async Task GStreamer_publishes_video_and_audio(string sink)
    {
        await using var server = await IngestServer.StartAsync();
        var location = sink == "rtmpsink" ? server.Url("good") + " live=1" : server.Url("good");
        await PublishAsync(ChildProcess.Start("gst-launch-1.0",
        [
            "-q", "videotestsrc", "num-buffers=60", "!", "video/x-raw,width=320,height=180,framerate=30/1", "!",
            "x264enc", "tune=zerolatency", "key-int-max=30", "speed-preset=ultrafast", "!", "h264parse", "!", "mux.",
            "audiotestsrc", "num-buffers=90", "samplesperbuffer=1024", "!", "audio/x-raw,rate=44100,channels=2", "!", "voaacenc", "!",
            "aacparse", "!", "mux.",
            "flvmux", "name=mux", "streamable=true", "!", sink, $"location={location}",
        ]));
        await Poll.UntilAsync(() => server.Authority.Ended.Count == 1);
        var video = server.Sink.Single.Of(TrackKind.Video);
        video.Length.ShouldBe(60);
        video.Count(s => s.IsSync).ShouldBe(2);
        Gaps(video).ShouldAllBe(gap => gap >= (33 * 90) - 68 && gap <= (34 * 90) + 68);
        var audio = server.Sink.Single.Of(TrackKind.Audio);
        audio.Length.ShouldBeGreaterThan(80);
        Gaps(audio).ShouldAllBe(gap => gap == 1024);
        server.Log.Contains("good").ShouldBeFalse();
    }

    [Fact]
    public async Task Wrong_key_is_rejected_with_a_reason_that_the_encoder_displays()
    {
        await using var server = await IngestServer.StartAsync(("RejectionDelay", "00:00:00.1"));
        await using var ffmpeg = FfmpegTool.Publish(server.Url("wrong-secret"), new TestSource { Seconds = 5 });
        (await ffmpeg.WaitForExitAsync(Deadline)).ShouldNotBe(0);
        ffmpeg.ErrorLines.ShouldContain(l => l.Contains("Unknown stream key", StringComparison.Ordinal));
        server.Sink.All.ShouldBeEmpty();
        await Poll.UntilAsync(() => server.Log.Contains("UnknownKey"));
        server.Log.Contains("wrong-secret").ShouldBeFalse();
    }

    [Fact]
    public async Task Received_samples_decode_without_errors()
    {
        await using var server = await IngestServer.StartAsync();
        await PublishAsync(FfmpegTool.Publish(server.Url("good"),
            new TestSource { Seconds = 2, Audio = false, RealTime = false, BFrames = 2 }));
        await Poll.UntilAsync(() => server.Authority.Ended.Count == 1);

        using var folder = TempFolder.Create();
        var path = Path.Combine(folder.Path, "video.h264");
        await File.WriteAllBytesAsync(path, AnnexB(server.Sink.Single.Of(TrackKind.Video)));
        (await FfmpegTool.DecodeAsync(path, 10)).ShouldBeEmpty();
    }

    private static async Task PublishAsync(ChildProcess encoder)
    {
        await using (encoder)
        {
            (await encoder.WaitForExitAsync(Deadline)).ShouldBe(0, encoder.Tail());
        }
    }

    private static long[] Gaps(MediaSample[] samples) => [.. samples.Skip(1).Zip(samples, (b, a) => b.Decode.Ticks - a.Decode.Ticks)];

    private static byte[] AnnexB(MediaSample[] samples)
    {
        using var bytes = new MemoryStream();
        var configuration = ((CodecConfig.Avc)samples[0].Track.Config).Configuration;
        foreach (var set in configuration.SpsUnits.Concat(configuration.PpsUnits))
        {
            bytes.Write([0, 0, 0, 1, .. set.Span]);
        }

        foreach (var sample in samples)
        {
            var rest = sample.Payload.Span;
            while (!rest.IsEmpty)
            {
                var length = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(rest);
                bytes.Write([0, 0, 0, 1, .. rest.Slice(4, length)]);
                rest = rest[(4 + length)..];
            }
        }

        return bytes.ToArray();
    }
}
