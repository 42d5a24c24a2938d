using Broadcast.Ingest.Rtmp;
using Broadcast.Ingest.Tests.Rtmp;
using Broadcast.Media;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Clock;

/// <summary>Rows F06 to F20 and F36 of the edge cases, for the samples that leave ingest.</summary>
public sealed class TimelineTests
{
    private const double Frame = 1000 / 30.0;

    [Theory]
    [InlineData(150)]
    [InlineData(400)]
    [InlineData(1000)]
    public void F06_forward_jump_of_up_to_a_second_does_not_show_in_the_timeline(int jump) => ShowsNothing(jump);

    [Theory]
    [InlineData(1001)]
    [InlineData(10_000)]
    [InlineData(3_600_000)]
    [InlineData(2_000_000_000)]
    public void F07_forward_jump_of_more_than_a_second_is_placed_at_its_arrival_time(int jump) => ShowsNothing(jump);

    [Theory]
    [InlineData(-300)]
    [InlineData(-1000)]
    [InlineData(-90_000)]
    [InlineData(-3_600_000)]
    public void F08_backward_jump_is_placed_at_its_arrival_time_and_times_never_decrease(int jump) => ShowsNothing(jump);

    [Fact]
    public void F08_one_track_may_jump_before_the_other()
    {
        var encoder = new Encoder { FrameTimes = 5_000_000, AudioFrameTimes = 5_000_000 }.Configured().Run(10);
        encoder.AudioFrameTimes -= 4_000_000;
        encoder.Run(0.4);
        encoder.FrameTimes -= 4_000_000;
        encoder.Run(10);
        Even(encoder);
        encoder.Feed.Jumps.ShouldBe(1);
    }

    [Theory]
    [InlineData(1L << 32)]
    [InlineData(1L << 24)]
    public void F09_timeline_continues_past_2_to_the_24_with_and_without_an_encoder_wrap(long modulus) => Wraps(1L << 24, modulus);

    [Theory]
    [InlineData(1L << 32)]
    [InlineData(1L << 31)]
    public void F10_timeline_continues_past_2_to_the_31_with_and_without_an_encoder_wrap(long modulus) => Wraps(1L << 31, modulus);

    [Fact]
    public void F11_timeline_continues_past_2_to_the_32() => Wraps(1L << 32, 1L << 32);

    [Fact]
    public void F11_audio_that_starts_after_the_video_timestamp_wrapped_stays_in_sync()
    {
        var clock = (1L << 24) - 5000;
        var encoder = new Encoder { Modulus = 1L << 24, FrameTimes = clock, AudioFrameTimes = clock, HasAudio = false }.Configured().Run(8);
        encoder.HasAudio = true;
        encoder.ConfigureAudio();
        encoder.Run(5);
        encoder.Audio.Leads().ShouldAllBe(lead => Math.Abs(lead) < 2);
        encoder.Feed.Jumps.ShouldBe(0);
    }

    [Fact]
    public void F12_video_without_audio_waits_briefly_for_audio_and_then_continues_alone()
    {
        var encoder = new Encoder { HasAudio = false }.Configured().Run(10);
        encoder.Audio.ShouldBeEmpty();
        encoder.Video.Count.ShouldBe(300);
        Even(encoder);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(30)]
    public void F13_late_audio_is_in_sync_with_video(int seconds)
    {
        var encoder = new Encoder { FrameTimes = 1234, AudioFrameTimes = 1234, HasAudio = false }.Configured().Run(seconds);
        encoder.HasAudio = true;
        encoder.ConfigureAudio();
        encoder.Run(10);
        encoder.Video.Count.ShouldBe((seconds + 10) * 30);
        encoder.Audio[0].Decode.TotalSeconds.ShouldBe(seconds, 0.03);
        Even(encoder);
    }

    [Fact]
    public void F13_late_audio_with_its_own_clock_is_placed_at_its_arrival_time()
    {
        var encoder = new Encoder { HasAudio = false, FrameTimes = 7_000_000 }.Configured().Run(20);
        encoder.HasAudio = true;
        encoder.AudioFrameTimes = -20_000;
        encoder.ConfigureAudio();
        encoder.Run(10);
        encoder.Audio[0].Decode.TotalSeconds.ShouldBe(20, 0.03);
        Even(encoder);
    }

    [Fact]
    public void F14_audio_only_stream_is_timed_by_its_sample_count()
    {
        var encoder = new Encoder { HasVideo = false }.Configured().Run(20);
        encoder.Video.ShouldBeEmpty();
        encoder.Audio.Zip(encoder.Audio.Skip(1)).ShouldAllBe(p => p.Second.Decode.Ticks - p.First.Decode.Ticks == 1024);
        encoder.Audio[^1].Decode.TotalSeconds.ShouldBe(20, 0.03);
    }

    [Fact]
    public void F15_audio_that_stops_and_resumes_is_in_sync_with_video()
    {
        var encoder = new Encoder().Configured().Run(10);
        encoder.HasAudio = false;
        encoder.Run(25);
        encoder.HasAudio = true;
        encoder.Run(10);
        var steps = encoder.Audio.Steps();
        steps.Max().ShouldBe(25_000, 50);
        steps.Count(step => Math.Abs(step - (1024 / 48.0)) > 0.05).ShouldBe(1);
        encoder.Audio.Leads().ShouldAllBe(lead => Math.Abs(lead) < 22);
        encoder.Video.Steps().ShouldAllBe(step => Math.Abs(step - Frame) < 1);
    }

    [Fact]
    public void F15_skew_between_audio_and_video_is_measured()
    {
        var encoder = new Encoder { AudioFrameTimes = 700 }.Configured().Run(30);
        encoder.Feed.Skew.TotalMilliseconds.ShouldBe(700, 30);
        encoder.Audio.Leads().ShouldAllBe(lead => Math.Abs(lead - 700) < 25, "it is what the encoder says: it may be right");
    }

    [Theory]
    [InlineData(1.02)]
    [InlineData(0.98)]
    public void F15_skew_is_bounded_when_audio_has_its_own_clock(double pace)
    {
        var encoder = new Encoder().Configured();
        for (var second = 0; second < 900; second++)
        {
            encoder.Run(1);
            encoder.AudioFrameTimes += 1000 * (pace - 1);
        }

        encoder.Audio.Leads().ShouldAllBe(lead => Math.Abs(lead) < 4500);
        encoder.Feed.Jumps.ShouldBeInRange(3, 8);
        encoder.Audio.Steps().ShouldAllBe(step => step > 20);
    }

    [Fact]
    public void F16_reordered_frames_keep_decode_and_presentation_order()
    {
        // I P B B P B B: shown as 0 3 1 2 6 4 5, with two frames of delay.
        var encoder = new Encoder { Offset = i => (int)(Math.Floor((i + 2 + (i == 0 ? 0 : i % 3 == 1 ? 2 : -1)) * Frame)
            - Math.Floor(i * Frame)) }.Configured().Run(10);
        var video = encoder.Video;
        video.Steps().ShouldAllBe(step => Math.Abs(step - Frame) < 1);
        video.ShouldAllBe(s => s.Present >= s.Decode);
        var shown = video.Skip(60).Select(s => s.Present.Ticks).Order().ToList();
        shown.Zip(shown.Skip(1), (a, b) => b - a).Skip(5).SkipLast(5).ShouldAllBe(step => step == 3000);
    }

    [Fact]
    public void F16_negative_composition_offsets_are_preserved()
    {
        var encoder = new Encoder { Offset = i => i % 2 == 0 ? -33 : 0 }.Configured().Run(5);
        encoder.Video.Skip(60).Where((_, i) => i % 2 == 0).ShouldAllBe(s => s.Present.Ticks - s.Decode.Ticks == -3000);
    }

    [Fact]
    public void F17_variable_frame_rate_of_a_phone_is_preserved()
    {
        var random = new Random(17);
        var lengths = Enumerable.Range(0, 2000).Select(_ => (double)random.Next(16, 101)).ToList();
        var encoder = new Encoder { Length = i => lengths[(int)i] }.Configured().Run(60);
        var steps = encoder.Video.Steps();
        steps.Zip(lengths).ShouldAllBe(p => Math.Abs(p.First - p.Second) < 0.001);
        encoder.Feed.Jumps.ShouldBe(0);
    }

    [Fact]
    public void F19_H75_without_a_keyframe_only_audio_is_emitted_and_the_publisher_disconnected_after_30_s()
    {
        var encoder = new Encoder { KeyframeSeconds = 0 }.Configured();
        var rejected = Should.Throw<RtmpProtocolException>(() =>
        {
            while (encoder.Time < 60_000)
            {
                encoder.Run(0.1);
            }
        });
        rejected.Reason.ShouldBe(IngestRejectionReason.NoKeyframe);
        encoder.Time.ShouldBe(30_000, 150);
        encoder.Audio.Count.ShouldBeGreaterThan(1000);
    }

    [Fact]
    public void F20_changed_parameter_sets_apply_at_the_next_sync_sample_and_repeated_ones_never()
    {
        byte[] other = [.. Wire.AvcRecord];
        other[^5] ^= 1; // the PPS
        var encoder = new Encoder { KeyframeSeconds = 1 }.Configured().Run(2.5);
        var first = encoder.Video[0].Track;
        encoder.ConfigureVideo();
        encoder.ConfigureVideo(other);
        encoder.Run(2);
        encoder.ConfigureVideo(other);
        encoder.ConfigureAudio();
        encoder.Run(2);

        var changes = encoder.Video.Zip(encoder.Video.Skip(1)).Where(p => !ReferenceEquals(p.First.Track, p.Second.Track)).ToList();
        var change = changes.ShouldHaveSingleItem();
        change.First.Track.ShouldBeSameAs(first);
        change.Second.IsSync.ShouldBeTrue();
        change.Second.Decode.TotalSeconds.ShouldBe(3, 0.02);
        encoder.Audio.Select(s => s.Track).Distinct(ReferenceEqualityComparer.Instance).Count().ShouldBe(1);
        Even(encoder);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(-200)]
    public void F36_drifting_encoder_stays_within_half_a_second_of_the_wall_clock_for_a_week(int perMillion)
    {
        // 5 video and 8 audio frames per second, on a connection with up to 150 ms of delay.
        var (clock, video, audio) = (new Broadcast.Ingest.Clock.EncoderClock(Encoder.Start), new Broadcast.Ingest.Clock.VideoClock(),
            new Broadcast.Ingest.Clock.AudioClock());
        var random = new Random(36);
        var (worst, longest, shortest, last) = (0.0, 0L, long.MaxValue, -1L);
        var pace = 1 + (perMillion / 1e6);
        for (var i = 0L; i < 5 * 7 * 86_400; i++)
        {
            var wall = i * 200.0;
            var arrival = Encoder.Start.AddMilliseconds(wall + random.Next(150));
            var (decode, _) = video.Next(clock.Map(1, TrackKind.Video, new(unchecked((uint)(long)(wall * pace))), arrival), 0);
            worst = Math.Max(worst, Math.Abs((decode.Ticks / 90.0) - wall));
            if (i > 0)
            {
                (longest, shortest) = (Math.Max(longest, decode.Ticks - last), Math.Min(shortest, decode.Ticks - last));
            }

            last = decode.Ticks;
            if (i % 5 == 0)
            {
                for (var frame = 0; frame < 8; frame++)
                {
                    var expected = wall + (frame * 125);
                    audio.TryNext(
                        clock.Map(2, TrackKind.Audio, new(unchecked((uint)(long)(expected * pace))), arrival), 8192, 1024,
                        out var time).ShouldBeTrue();
                    worst = Math.Max(worst, Math.Abs((time.TotalSeconds * 1000) - expected));
                }
            }
        }

        worst.ShouldBeInRange(250, 500);
        (longest / 18_000.0).ShouldBeLessThan(1.005 + (2 * 90 / 18_000.0),
            "no step is longer than its milliseconds say, by what anyone notices");
        (shortest / 18_000.0).ShouldBeGreaterThan(0.995 - (2 * 90 / 18_000.0));
        (audio.Jumps, audio.Dropped, clock.Jumps).ShouldBe((0, 0, 0));
    }

    [Fact]
    public void F36_drift_without_wall_clock_correction_would_be_two_minutes() =>
        (200 / 1e6 * 7 * 86_400).ShouldBeGreaterThan(120, "or the test above would show nothing");

    /// <summary>Both clocks jump in the middle; the output is as without the jump.</summary>
    private static void ShowsNothing(int jump)
    {
        var encoder = new Encoder { FrameTimes = 5_000_000, AudioFrameTimes = 5_000_000 }.Configured().Run(10.01);
        encoder.Jump(jump);
        encoder.Run(10);
        Even(encoder);
        encoder.Feed.Jumps.ShouldBe(1);
    }

    private static void Wraps(long at, long modulus)
    {
        var encoder = new Encoder { FrameTimes = at - 5000, AudioFrameTimes = at - 5000, Modulus = modulus }.Configured().Run(10);
        Even(encoder);
        encoder.Video[^1].Decode.TotalSeconds.ShouldBe(10 - (Frame / 1000), 0.002);
        encoder.Feed.Jumps.ShouldBe(0);
    }

    /// <summary>Checks that each interval is one frame, and both tracks stay at their arrival times.</summary>
    private static void Even(Encoder encoder)
    {
        encoder.Video.Steps().ShouldAllBe(step => Math.Abs(step - Frame) < 2.1);
        encoder.Audio.Steps().ShouldAllBe(step => Math.Abs(step - (1024 / 48.0)) < 0.05);
        encoder.Video.Leads().ShouldAllBe(lead => Math.Abs(lead) < 4);
        encoder.Audio.Leads().ShouldAllBe(lead => Math.Abs(lead) < 4);
    }
}
