using Broadcast.Ingest.Health;
using Broadcast.Ingest.Rtmp.Flv;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Ingest.Tests.Clock;
using Broadcast.Ingest.Tests.Rtmp;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.IngestToControl;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Health;

/// <summary>Measurements of a source and the resulting health issues.</summary>
public sealed class HealthTests
{
    [Fact]
    public void Healthy_source_is_measured_and_has_no_issues()
    {
        var encoder = new Encoder { FrameSize = 20_000 }.Configured().Run(65);
        encoder.Feed.ApplyMetadata(new StreamMetadata(true, true, "OBS", new Dictionary<int, TrackLabel>(),
            new Dictionary<int, TrackLabel>()) { FrameRate = 30 });
        encoder.Run(5);

        var report = encoder.Meter.Report!;
        report.Issues.ShouldBeEmpty();
        report.Encoder.ShouldBe("OBS");
        report.Since.ShouldBe(Encoder.Start);
        report.LastMedia!.Value.ShouldBe(Encoder.Start.AddSeconds(70), TimeSpan.FromSeconds(1.1));
        ((double)report.BitsPerSecond).ShouldBe(30 * 20_004 * 8, 5000);
        ((double)report.BitsPerSecondLastMinute).ShouldBe(30 * 20_004 * 8, 5000);
        var video = report.Video.ShouldNotBeNull();
        (video.Width, video.Height).ShouldBe((320, 180));
        video.Codec.ShouldBe("avc1.64000d");
        video.FramesPerSecond.ShouldBe(30, 0.11);
        video.KeyframeInterval!.Value.TotalSeconds.ShouldBe(2, 0.001);
        video.MaxKeyframeInterval!.Value.TotalSeconds.ShouldBe(2, 0.001);
        report.Audio.ShouldBe(new SourceAudio("mp4a.40.2", 48_000, 2));
        (report.AvSkew, report.JumpsForward, report.JumpsBack, report.Dropped, report.Malformed).ShouldBe((report.AvSkew, 0, 0, 0L, 0L));
    }

    [Fact]
    public void Long_keyframe_interval_is_reported_with_the_setting_to_change()
    {
        var encoder = new Encoder { KeyframeSeconds = 8.3 }.Configured().Run(30);
        var finding = encoder.Meter.Report!.Issues.ShouldHaveSingleItem();
        finding.Code.ShouldBe("keyframe_interval_long");
        finding.Severity.ShouldBe(IssueSeverity.Warning);
        finding.Advice.ShouldContain("keyframe interval of 8.3 s");
        finding.Advice.ShouldContain("Settings → Output → Keyframe Interval");
        finding.Since.ShouldBe(Encoder.Start.AddSeconds(4), TimeSpan.FromSeconds(1.1), "it need not be over to be too long");
        encoder.Meter.Report!.Video!.MaxKeyframeInterval!.Value.TotalSeconds.ShouldBe(8.3, 0.01);
    }

    [Fact]
    public void F19_video_without_a_keyframe_is_reported_immediately()
    {
        var encoder = new Encoder { HasAudio = false }.Configured();
        for (var second = 0; second < 2; second++)
        {
            encoder.TakeAt(MessageType.Video, (uint)(second * 1000), Wire.VideoBody(false, 60), Encoder.Start.AddSeconds(second));
        }

        var finding = encoder.Meter.Report!.Issues.ShouldHaveSingleItem();
        (finding.Code, finding.Severity).ShouldBe(("no_keyframe", IssueSeverity.Error));
    }

    [Fact]
    public void F12_stream_without_audio_is_reported_until_audio_arrives()
    {
        var encoder = new Encoder { HasAudio = false }.Configured().Run(10);
        encoder.Meter.Report!.Issues.Select(f => (f.Code, f.Severity)).ShouldBe([("no_audio", IssueSeverity.Warning)]);
        encoder.HasAudio = true;
        encoder.ConfigureAudio();
        encoder.Run(3);
        encoder.Meter.Report!.Issues.ShouldBeEmpty();
    }

    [Fact]
    public void F15_audio_or_video_that_stops_is_reported()
    {
        var silent = new Encoder().Configured().Run(10);
        silent.HasAudio = false;
        silent.Run(8);
        silent.Meter.Report!.Issues.Select(f => (f.Code, f.Severity)).ShouldBe([("no_audio", IssueSeverity.Error)]);

        var blind = new Encoder().Configured().Run(10);
        blind.HasVideo = false;
        blind.Run(8);
        blind.Meter.Report!.Issues.Select(f => (f.Code, f.Severity)).ShouldBe([("no_video", IssueSeverity.Error)]);
    }

    [Fact]
    public void F14_audio_only_stream_has_no_issues() =>
        new Encoder { HasVideo = false }.Configured().Run(60).Meter.Report!.Issues.ShouldBeEmpty();

    [Theory]
    [InlineData(700, "0.7 s before")]
    [InlineData(-700, "0.7 s after")]
    public void F15_skew_between_audio_and_video_is_reported(int skew, string words)
    {
        var encoder = new Encoder { FrameTimes = 10_000, AudioFrameTimes = 10_000 + skew, Delay = _ => 1000 }.Configured().Run(30);
        var finding = encoder.Meter.Report!.Issues.ShouldHaveSingleItem();
        finding.Code.ShouldBe("av_skew");
        finding.Advice.ShouldContain(words);
    }

    [Fact]
    public void F22_bitrate_collapse_is_reported()
    {
        var encoder = new Encoder { FrameSize = 20_000 }.Configured().Run(90);
        encoder.FrameSize = 5000;
        encoder.Run(12);
        var finding = encoder.Meter.Report!.Issues.ShouldHaveSingleItem();
        finding.Code.ShouldBe("bitrate_collapse");
        finding.Advice.ShouldContain("1.2 Mbit/s");
        finding.Advice.ShouldContain("4.8 Mbit/s");
        encoder.FrameSize = 20_000;
        encoder.Run(12);
        encoder.Meter.Report!.Issues.ShouldBeEmpty();
    }

    [Fact]
    public void Connection_too_slow_for_the_stream_is_reported()
    {
        var encoder = new Encoder { Delay = time => time / 5 }.Configured().Run(30);
        encoder.Meter.Report!.Issues.ShouldContain(f => f.Code == "line_slow" && f.Advice.Contains("s late", StringComparison.Ordinal));
    }

    [Fact]
    public void F08_repeated_clock_jumps_are_reported_and_counted_by_direction()
    {
        var encoder = new Encoder { FrameTimes = 9_000_000, AudioFrameTimes = 9_000_000 }.Configured();
        for (var i = 0; i < 4; i++)
        {
            encoder.Run(20);
            encoder.Jump(i == 1 ? 100_000 : -100_000);
        }

        encoder.Run(3);
        var report = encoder.Meter.Report!;
        report.Issues.ShouldHaveSingleItem().Code.ShouldBe("timestamp_jumps");
        (report.JumpsForward, report.JumpsBack).ShouldBe((1, 3));
    }

    [Fact]
    public void F17_variable_frame_rate_is_reported()
    {
        var random = new Random(17);
        var encoder = new Encoder { Length = _ => random.Next(16, 80) }.Configured().Run(30);
        encoder.Meter.Report!.Issues.Select(f => (f.Code, f.Severity)).ShouldBe([("variable_frame_rate", IssueSeverity.Information)]);
    }

    [Fact]
    public void Jitter_is_reported_although_frames_leave_at_a_constant_rate()
    {
        // 60 fps; every other frame is 5 ms late, the others 5 ms early.
        var encoder = new Encoder { Length = i => (1000 / 60.0) + (i % 2 == 0 ? 10 : -10) }.Configured().Run(30);
        encoder.Video.Steps().TakeLast(1000).ShouldAllBe(step => Math.Abs(step - (1000 / 60.0)) < 0.05);
        encoder.Meter.Report!.Issues.ShouldHaveSingleItem().Code.ShouldBe("variable_frame_rate");
    }

    [Fact]
    public void Frame_rate_lower_than_declared_is_reported()
    {
        var encoder = new Encoder { FrameRate = 24 }.Configured().Run(30);
        encoder.Meter.Report!.Issues.ShouldHaveSingleItem()
            .Code.ShouldBe("frame_rate_mismatch", "the codec configuration of the test says 30");
    }

    [Fact]
    public void F16_frames_presented_before_their_preceding_keyframe_are_reported()
    {
        var encoder = new Encoder { Offset = i => i % 60 == 1 ? -66 : 66 }.Configured().Run(30);
        encoder.Meter.Report!.Issues.Select(f => f.Code).ShouldBe(["b_frames_open_gop"]);
    }

    [Fact]
    public void F21_malformed_messages_are_reported()
    {
        var encoder = new Encoder().Configured().Run(20);
        for (var i = 0; i < 12; i++)
        {
            encoder.Take(MessageType.Video, encoder.Time, [0x27, 1, 0, 0, 0, 0, 0, 0, 99, 1]);
        }

        encoder.Run(3);
        var report = encoder.Meter.Report!;
        report.Malformed.ShouldBe(12);
        report.Issues.ShouldHaveSingleItem().Code.ShouldBe("malformed_media");
    }

    [Fact]
    public void Dropped_frames_are_reported()
    {
        var encoder = new Encoder { HasVideo = false }.Configured().Run(10);
        for (var i = 0; i < 20; i++)
        {
            encoder.Take(MessageType.Audio, encoder.Time, [0xAF, 1, 0x21, 1, 2, 3]);
        }

        encoder.Run(2);
        encoder.Meter.Report!.Issues.ShouldHaveSingleItem().Code.ShouldBe("samples_dropped");
    }

    [Fact]
    public void Issues_keep_their_start_time_and_are_sorted_by_severity()
    {
        var encoder = new Encoder { KeyframeSeconds = 8.3 }.Configured().Run(20);
        encoder.HasAudio = false;
        encoder.Run(20);
        var findings = encoder.Meter.Report!.Issues;
        findings.Select(f => f.Code).ShouldBe(["no_audio", "keyframe_interval_long"]);
        findings[0].Since.ShouldBe(Encoder.Start.AddSeconds(26), TimeSpan.FromSeconds(1.1));
        findings[1].Since.ShouldBe(Encoder.Start.AddSeconds(4), TimeSpan.FromSeconds(1.1));
    }

    [Fact]
    public void Counting_a_sample_allocates_no_memory()
    {
        var encoder = new Encoder();
        var track = new Track(1, CodecConfig.Avc.Parse(Wire.AvcRecord), 90_000);
        encoder.Meter.Advance(Encoder.Start, encoder.Feed);
        Run(0, 100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Run(100, 10_000);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);

        void Run(int from, int to)
        {
            for (var i = from; i < to; i++)
            {
                encoder.Meter.Advance(Encoder.Start.AddTicks(i), encoder.Feed);
                encoder.Meter.Count(new MediaSample(track, new MediaTime(i * 3000, 90_000), new MediaTime(i * 3000, 90_000), i % 60 == 0,
                    ReadOnlyMemory<byte>.Empty, Encoder.Start), i * 33_333_333L);
            }
        }
    }

    [Fact]
    public void Seconds_without_samples_count_as_zero()
    {
        var window = new RateWindow(11);
        window.Advance(1000);
        window.Add(50);
        window.Advance(1001);
        window.PerSecond(10).ShouldBe(50);
        window.Advance(1004);
        window.Sum(10).ShouldBe(50);
        window.PerSecond(10).ShouldBe(12.5);
        window.Advance(1011);
        window.Sum(10).ShouldBe(0);
        window.Advance(900_000);
        (window.Sum(10), window.PerSecond(10)).ShouldBe((0, 0));
    }

    [Fact]
    public void Registry_returns_active_sources_and_hands_their_position_to_the_next()
    {
        var time = new Broadcast.Testing.ManualTimeProvider();
        var register = new SourceRegistry(time);
        var session = new BroadcastSession(ChannelName.Parse("main"), SessionId.New(time.GetUtcNow()), 1, time.GetUtcNow(),
            LatencyProfile.Standard);
        var grant = new PublishGrant(Guid.NewGuid(), session, "passthrough", CancellationToken.None);
        var encoder = new Encoder().Configured();
        var meter = register.Add(grant);
        register.Find(session.Channel).ShouldBeEmpty("nothing is measured yet");
        for (var second = 0; second < 3; second++)
        {
            meter.Advance(time.GetUtcNow().AddSeconds(second), encoder.Feed);
        }

        register.Find(session.Channel).ShouldHaveSingleItem().Publication.ShouldBe(grant.PublicationId);
        register.Find(ChannelName.Parse("other")).ShouldBeEmpty();
        register.Remove(meter, TimeSpan.FromSeconds(40));
        register.Find(session.Channel).ShouldBeEmpty();
        register.GetResumePoint(session).ShouldBe(TimeSpan.FromSeconds(40));
        time.Advance(TimeSpan.FromSeconds(41));
        register.GetResumePoint(session).ShouldBe(TimeSpan.Zero, "the clock has caught up");
    }
}
