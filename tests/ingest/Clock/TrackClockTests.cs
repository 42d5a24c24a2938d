using Broadcast.Ingest.Clock;
using Broadcast.Media;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Clock;

public sealed class TrackClockTests
{
    private const long Millisecond = 1_000_000;

    [Theory]
    [InlineData(30, 1)]
    [InlineData(30_000, 1001)]
    [InlineData(60, 1)]
    [InlineData(60_000, 1001)]
    [InlineData(24_000, 1001)]
    [InlineData(24, 1)]
    [InlineData(25, 1)]
    [InlineData(50, 1)]
    [InlineData(15, 1)]
    [InlineData(120, 1)]
    public void Millisecond_timestamps_are_smoothed_to_the_exact_frame_rate(int frames, int seconds)
    {
        foreach (var rounding in (double[])[0, 0.5, 0.999])
        {
            var clock = new VideoClock();
            var decoded = new List<long>();
            for (var i = 0L; i < 5000; i++)
            {
                var exact = 777_333 + (i * 1000.0 * seconds / frames);
                var (decode, present) = clock.Next((long)Math.Floor(exact + rounding) * Millisecond, 0);
                decoded.Add(decode.Ticks);
                present.ShouldBe(decode);
                (decode.Ticks / 90.0).ShouldBe(Math.Floor(exact + rounding), 1.02, $"frame {i} stays by the encoder's clock");
            }

            // The remaining difference is the rounding to ticks if a frame is not a whole number of them.
            var period = 90_000.0 * seconds / frames;
            clock.FramesPerSecond.ShouldBe((double)frames / seconds);
            decoded.Zip(decoded.Skip(1), (a, b) => b - a).Skip(150).ShouldAllBe(step => Math.Abs(step - period) < 1);
            ((decoded[^1] - decoded[200]) / (double)(decoded.Count - 201)).ShouldBe(period, 0.001);
        }
    }

    [Fact]
    public void Exact_timestamps_are_not_changed_by_smoothing()
    {
        for (var fraction = 0; fraction < 50; fraction++)
        {
            var clock = new VideoClock();
            var decoded = Enumerable.Range(0, 100).Select(i => clock.Next((i * 40 * Millisecond) + (fraction * 777), 0).Decode.Ticks)
                .ToList();
            decoded.Zip(decoded.Skip(1), (a, b) => b - a).ShouldAllBe(step => step == 3600);
        }
    }

    [Fact]
    public void Declared_frame_rate_is_used_immediately_when_it_fits()
    {
        var clock = new VideoClock();
        clock.SetDeclaredRate(29.97);
        var last = 0L;
        for (var i = 0L; i < 60; i++)
        {
            var decode = clock.Next((long)(i * 1001.0 / 30) * Millisecond, 0).Decode.Ticks;
            if (i > 9)
            {
                (decode - last).ShouldBeInRange(2985, 3021);
            }

            last = decode;
        }

        clock.FramesPerSecond.ShouldBe(30_000 / 1001.0);
    }

    [Fact]
    public void Smoothing_follows_encoder_clock_drift()
    {
        var clock = new VideoClock();
        for (var i = 0L; i < 200_000; i++)
        {
            // 300 ppm slow: 2 s at the end.
            var exact = i * 1000 / 30.0 * 1.0003;
            var decode = clock.Next((long)exact * Millisecond, 0).Decode.Ticks;
            (decode / 90.0).ShouldBe(exact, 2);
        }
    }

    [Fact]
    public void Dropped_frames_keep_the_remaining_frames_on_the_grid()
    {
        var clock = new VideoClock();
        var random = new Random(3);
        var first = -1L;
        for (var i = 0L; i < 3000; i++)
        {
            if (i > 50 && random.Next(4) == 0)
            {
                continue;
            }

            var decode = clock.Next((long)(i * 1000 / 30.0) * Millisecond, 0).Decode.Ticks;
            if (i > 50)
            {
                first = first < 0 ? decode - (i * 3000) : first;
                (decode - (i * 3000)).ShouldBe(first);
            }
        }
    }

    [Fact]
    public void Variable_frame_rate_is_not_smoothed()
    {
        var clock = new VideoClock();
        var random = new Random(8);
        var time = 0L;
        for (var i = 0; i < 20_000; i++)
        {
            time += random.Next(16, 101);
            clock.Next(time * Millisecond, 0).Decode.Ticks.ShouldBe(time * 90);
        }

        clock.FramesPerSecond.ShouldBe(0);
    }

    [Fact]
    public void Changed_frame_rate_is_detected_again()
    {
        var clock = new VideoClock();
        var time = 0.0;
        foreach (var rate in (double[])[30, 60, 25, 30_000 / 1001.0])
        {
            for (var i = 0; i < 1500; i++)
            {
                time += 1000 / rate;
                (clock.Next((long)time * Millisecond, 0).Decode.Ticks / 90.0).ShouldBe(Math.Floor(time), 1.02);
            }

            clock.FramesPerSecond.ShouldBe(rate, 0.0001);
        }
    }

    [Fact]
    public void Composition_offsets_of_whole_frames_stay_whole_frames()
    {
        var clock = new VideoClock();
        int[] pattern = [2, 5, 2, 0, 1];
        for (var i = 0L; i < 2000; i++)
        {
            var frames = pattern[i % 5];
            var dts = Math.Floor(i * 1000 / 30.0);
            var offset = (long)(Math.Floor((i + frames) * 1000 / 30.0) - dts);
            var (decode, present) = clock.Next((long)dts * Millisecond, offset * Millisecond);
            if (i > 100)
            {
                (present.Ticks - decode.Ticks).ShouldBe(frames * 3000L);
            }
        }
    }

    [Fact]
    public void Equal_and_decreasing_decode_times_increase_by_one_tick_and_are_counted()
    {
        var clock = new VideoClock();
        clock.Next(100 * Millisecond, 0).Decode.Ticks.ShouldBe(9000);
        clock.Next(100 * Millisecond, 0).ShouldBe((new MediaTime(9001, 90_000), new MediaTime(9001, 90_000)));
        clock.Next(60 * Millisecond, 20 * Millisecond).ShouldBe((new MediaTime(9002, 90_000), new MediaTime(9002, 90_000)));
        clock.Next(140 * Millisecond, 80 * Millisecond).ShouldBe((new MediaTime(12_600, 90_000), new MediaTime(19_800, 90_000)));
        clock.Clamped.ShouldBe(2);
    }

    [Fact]
    public void Composition_offsets_may_be_negative_and_are_bounded()
    {
        new VideoClock().Next(1000 * Millisecond, -40 * Millisecond).Present.Ticks.ShouldBe(960 * 90);
        new VideoClock().Next(1000 * Millisecond, 0x7FFFFF * Millisecond).Present.Ticks.ShouldBe(11_000 * 90);
        new VideoClock().Next(20_000 * Millisecond, -0x800000 * Millisecond).Present.Ticks.ShouldBe(10_000 * 90);
    }

    [Fact]
    public void Audio_time_counts_samples_regardless_of_rounded_milliseconds()
    {
        var clock = new AudioClock();
        for (var i = 0; i < 10_000; i++)
        {
            clock.TryNext(i * 1024L * 1000 / 44_100 * Millisecond, 44_100, 1024, out var time).ShouldBeTrue();
            time.Ticks.ShouldBe(i * 1024L);
        }

        (clock.Jumps, clock.Dropped).ShouldBe((0, 0));
    }

    [Theory]
    [InlineData(1.0006)]
    [InlineData(0.9994)]
    public void Audio_that_drifts_from_the_encoder_clock_follows_it_without_a_gap(double pace)
    {
        var clock = new AudioClock();
        var last = -1024L;
        for (var i = 0; i < 100_000; i++)
        {
            var exact = i * 1024 / 48.0 * pace;
            clock.TryNext((long)exact * Millisecond, 48_000, 1024, out var time).ShouldBeTrue();
            (time.Ticks - last).ShouldBeInRange(1022, 1026);
            (time.Ticks / 48.0).ShouldBe(exact, 15);
            last = time.Ticks;
        }

        (clock.Jumps, clock.Dropped).ShouldBe((0, 0));
    }

    [Fact]
    public void Missing_audio_advances_the_sample_count_by_whole_frames()
    {
        var clock = new AudioClock();
        clock.TryNext(0, 48_000, 1024, out _);
        clock.TryNext(500 * Millisecond, 48_000, 1024, out var time).ShouldBeTrue();
        time.Ticks.ShouldBe(23 * 1024);
        clock.Jumps.ShouldBe(1);
    }

    [Fact]
    public void Audio_ahead_of_the_encoder_clock_loses_frames_and_never_goes_back()
    {
        var clock = new AudioClock();
        var last = -1L;
        for (var i = 0; i < 1000; i++)
        {
            // A frame of 21.3 ms every 20 ms by the encoder's clock: 6 % too much audio.
            if (clock.TryNext(i * 20 * Millisecond, 48_000, 1024, out var time))
            {
                time.Ticks.ShouldBeGreaterThan(last);
                ((time.Ticks / 48) - (i * 20)).ShouldBeLessThanOrEqualTo(AudioClock.Tolerance);
                last = time.Ticks;
            }
        }

        clock.Dropped.ShouldBeInRange(55, 65);
    }

    [Fact]
    public void New_sample_rate_continues_at_the_same_instant()
    {
        var clock = new AudioClock();
        clock.TryNext(0, 48_000, 1024, out _);
        clock.TryNext(21 * Millisecond, 44_100, 1024, out var time).ShouldBeTrue();
        time.Timescale.ShouldBe(44_100);
        time.TotalSeconds.ShouldBeInRange(1024 / 48_000.0, (1024 / 48_000.0) + 0.001);
    }

    [Theory]
    [InlineData(24_000, 1001, 0)]
    [InlineData(24_000, 1001, 23.976)]
    [InlineData(24_000, 1001, 24)]
    [InlineData(24, 1, 23.976)]
    [InlineData(30_000, 1001, 30)]
    [InlineData(60_000, 1001, 0)]
    public void Similar_frame_rates_are_distinguished_within_seconds_and_times_follow_the_encoder(int frames, int seconds, double claimed)
    {
        var clock = new VideoClock();
        clock.SetDeclaredRate(claimed);
        for (var i = 0L; i < 3000; i++)
        {
            var stamp = i * seconds * 1000 / frames;
            (clock.Next(stamp * 1_000_000, 0).Decode.TotalSeconds * 1000).ShouldBe(stamp, 1.02, $"frame {i}");
            if (i > 200)
            {
                clock.FramesPerSecond.ShouldBe((double)frames / seconds, 0.0001, $"frame {i}");
            }
        }
    }

    [Theory]
    [InlineData(24_000, 1001, 2)]
    [InlineData(30_000, 1001, 2)]
    [InlineData(60_000, 1001, 3)]
    [InlineData(30, 1, 2)]
    public void Timestamps_truncated_towards_zero_on_both_sides_are_smoothed(int frames, int seconds, int bFrames)
    {
        // Like OBS: decode times begin below zero because of B-frames, are truncated to milliseconds, and are then counted from the first.
        var clock = new VideoClock();
        clock.SetDeclaredRate((double)frames / seconds);
        var first = -(long)bFrames * seconds * 1000 / frames;
        for (var i = 0L; i < 1500; i++)
        {
            var stamp = ((i - bFrames) * seconds * 1000 / frames) - first;
            clock.Next(stamp * 1_000_000, 0);
            if (i > 60)
            {
                clock.FramesPerSecond.ShouldBe((double)frames / seconds, 0.0001, $"frame {i}");
            }
        }
    }
}
