using Broadcast.Media;
using Broadcast.Publisher;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.EndToEnd;

/// <summary>Encoders with Enhanced RTMP: recordings of ffmpeg 7.1, sent over a real connection, and the end of such a connection.</summary>
public sealed class EnhancedEncoderTests
{
    [Theory]
    [InlineData("hevc", "hvc1.")]
    [InlineData("av1", "av01.")]
    [InlineData("vp9", "vp09.")]
    public async Task Media_from_ffmpeg_in_newer_codecs_arrives_frame_for_frame(string recording, string codec)
    {
        await using var server = await IngestServer.StartAsync();
        var media = Recorded(recording);
        await using var publisher = await RtmpPublisher.ConnectAsync(Target(server));
        await publisher.SendAsync(media.Tags, 0);
        await publisher.CloseAsync();
        await Poll.UntilAsync(() => server.Authority.Ended.Count == 1);

        var received = server.Sink.Single;
        received.Publication.Tracks.Select(t => (t.Id, t.Kind)).ShouldBe([(1, TrackKind.Video), (2, TrackKind.Audio)]);
        received.Publication.Tracks[0].Config.CodecString.ShouldStartWith(codec);
        received.Publication.Tracks[0].Config.VideoFormat!.Width.ShouldBe(256);
        var video = received.Of(TrackKind.Video);
        video.Length.ShouldBe(40);
        video.Select((s, i) => (s.IsSync, i)).Where(p => p.IsSync).Select(p => p.i).ShouldBe([0, 20]);
        video.Zip(video.Skip(1)).ShouldAllBe(p => p.Second.Decode.Ticks - p.First.Decode.Ticks == 9000);
        video.ShouldAllBe(s => s.Present >= s.Decode);
        video.Any(s => s.Present > s.Decode).ShouldBe(recording == "hevc");
        received.Of(TrackKind.Audio).Length.ShouldBe(media.Tags.Count(t => t.IsAudio && !t.IsConfiguration));
    }

    [Theory]
    [InlineData("ac3", "ac-3")]
    [InlineData("eac3", "ec-3")]
    public async Task Self_describing_frames_of_a_real_encoder_need_no_configuration(string encoder, string codec)
    {
        using var folder = TempFolder.Create();
        var path = Path.Combine(folder.Path, "audio." + encoder);
        (await ChildProcess.RunAsync("ffmpeg",
            ["-nostdin", "-v", "error", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", "2", "-ac", "6", "-c:a", encoder,
                "-b:a", "384k", "-f", encoder, path])).EnsureSuccess();
        var frames = (await File.ReadAllBytesAsync(path)).Chunk(384_000 / 8 * 1536 / 48_000).ToList();

        await using var server = await IngestServer.StartAsync();
        await using var publisher = await RtmpPublisher.ConnectAsync(Target(server));
        var tags = frames.Select((f, i) => new FlvTag(8, (uint)(i * 32), EnhancedBody.Audio(EnhancedPacket.CodedFrames, codec, f)))
            .ToList();
        await publisher.SendAsync(tags, 0);
        await publisher.CloseAsync();
        await Poll.UntilAsync(() => server.Authority.Ended.Count == 1);
        var audio = server.Sink.Single.Of(TrackKind.Audio);
        audio.Length.ShouldBe(frames.Count);
        (audio[0].Track.Config.CodecString, audio[0].Track.Config.AudioFormat!.Channels,
            audio[0].Track.Timescale).ShouldBe((codec, 6, 48_000));
        audio.ShouldAllBe(s => ReferenceEquals(s.Track, audio[0].Track));
        audio.Zip(audio.Skip(1)).ShouldAllBe(p => p.Second.Decode.Ticks - p.First.Decode.Ticks == 1536);
    }

    [Fact]
    public async Task Stopping_server_sends_a_reconnect_request_and_the_encoder_ends_by_itself()
    {
        await using var server = await IngestServer.StartAsync(("ReconnectUrl", "rtmp://other.example.org/live"),
            ("ReconnectWait", "00:00:30"));
        await using var publisher = await RtmpPublisher.ConnectAsync(Target(server));
        var media = Recorded("hevc");
        await publisher.SendAsync(media.Tags, 0);
        var stopping = server.StopAsync();
        (await publisher.ReconnectRequested.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System)).ShouldBe(
            "rtmp://other.example.org/live");

        // The old connection is read up to the keyframe of the switch.
        await publisher.SendAsync(media.Tags, 4000);
        await publisher.CloseAsync();
        await stopping;
        server.Authority.Ended.Single().Reason.ShouldBe("the encoder finished");
        server.Sink.Single.Of(TrackKind.Video).Length.ShouldBe(80);
    }

    [Fact]
    public async Task Publisher_that_ignores_a_reconnect_request_is_disconnected_after_the_wait()
    {
        await using var server = await IngestServer.StartAsync(("ReconnectWait", "00:00:00.3"));
        await using var publisher = await RtmpPublisher.ConnectAsync(Target(server));
        await publisher.SendAsync(Recorded("hevc").Tags, 0);
        await server.StopAsync();
        (await publisher.ReconnectRequested).ShouldBeNull();
        (await Should.ThrowAsync<RtmpPublishException>(() => publisher.Completion)).Message.ShouldContain("stopping");
        server.Authority.Ended.Single().Reason.ShouldBe("The server is stopping.");
    }

    [Fact]
    public async Task H08_silent_peer_that_does_not_answer_pings_is_distinguished_from_one_that_does()
    {
        await using var server = await IngestServer.StartAsync(("PingInterval", "00:00:00.2"), ("FirstMediaTimeout", "00:00:01"));
        using var gone = await server.ConnectAsync();
        await gone.GetStream().WriteAsync(Broadcast.Ingest.Tests.Rtmp.Wire.Opening("good1"));
        await using var there = await RtmpPublisher.ConnectAsync(Target(server, "good2"));
        await Poll.UntilAsync(() => server.Authority.Ended.Count == 2);
        server.Authority.Ended.Select(e => e.Reason)
            .ShouldBe(["Neither media nor ping responses arrived.", "No usable audio or video arrived."], ignoreOrder: true);
        await Poll.UntilAsync(() => server.Log.Contains("Neither media nor ping responses"));
    }

    private static FlvFile Recorded(string name) =>
        FlvFileReader.Read(File.ReadAllBytes(Repository.PathOf("tests", "support", "recordings", name + ".flv")));

    private static RtmpTarget Target(IngestServer server, string key = "good") =>
        new("127.0.0.1", server.Port, "live", key) { IsEnhanced = true };
}
