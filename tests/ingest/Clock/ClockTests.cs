using Broadcast.Ingest.Clock;
using Broadcast.Media;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Clock;

public sealed class ClockTests
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_first_sample_is_put_where_it_arrived()
    {
        new EncoderClock(Start).Map(TrackKind.Video, 777_777, At(5000)).ShouldBe(5000);
        new EncoderClock(Start).Map(TrackKind.Video, 777_777, At(-5000)).ShouldBe(0);
    }

    [Theory]
    [InlineData((1u << 24) - 60)]
    [InlineData((1u << 31) - 60)]
    [InlineData(uint.MaxValue - 60)]
    public void Time_goes_on_where_32_bits_or_their_halves_run_over(uint from)
    {
        var clock = new EncoderClock(Start);
        for (uint i = 0; i < 10; i++)
        {
            clock.Map(TrackKind.Video, unchecked(from + (i * 40)), At(1000 + (int)i)).ShouldBe(1000 + (i * 40));
        }

        clock.Jumps.ShouldBe(0);
    }

    [Theory]
    [InlineData(1u << 24)]
    [InlineData(1u << 31)]
    public void An_encoder_that_wraps_early_is_put_where_it_arrives(uint wrap)
    {
        var clock = new EncoderClock(Start);
        clock.Map(TrackKind.Video, wrap - 40, At(1000)).ShouldBe(1000);
        clock.Map(TrackKind.Video, 0, At(1041)).ShouldBe(1041);
        clock.Map(TrackKind.Video, 40, At(1080)).ShouldBe(1081);
        clock.Jumps.ShouldBe(1);
    }

    [Theory]
    [InlineData(2_500)]
    [InlineData(9_999)]
    public void A_publisher_cannot_make_hours_of_timeline_in_a_second(int step)
    {
        var clock = new EncoderClock(Start);
        var last = 0L;
        for (var i = 0; i <= 10_000; i++)
        {
            var mapped = clock.Map(i % 2 == 0 ? TrackKind.Video : TrackKind.Audio, (uint)(i * step), At(1000 + (i / 10)));
            mapped.ShouldBeGreaterThanOrEqualTo(last);
            last = mapped;
        }

        last.ShouldBe(2000 + EncoderClock.LongestLead);
    }

    [Fact]
    public void What_piled_up_while_a_line_was_down_keeps_its_times()
    {
        var clock = new EncoderClock(Start);
        var arrival = 1000;
        for (var i = 0; i < 6000; i++)
        {
            // 40 ms apart; every 50 s of them come at once, after 50 s of nothing.
            arrival = i % 1250 == 0 ? 1000 + (i * 40) : arrival;
            clock.Map(TrackKind.Video, (uint)(i * 40), At(arrival)).ShouldBe(1000 + (i * 40));
        }
    }

    [Theory]
    [InlineData(-3_600_000)]
    [InlineData(3_600_000)]
    public void A_step_of_the_wall_clock_does_not_bend_the_timeline(int step)
    {
        var clock = new EncoderClock(Start);
        for (var i = 0; i < 5000; i++)
        {
            clock.Map(TrackKind.Video, (uint)(i * 40), At(4_000_000 + (i * 40) + (i < 2500 ? 0 : step))).ShouldBe(4_000_000 + (i * 40));
        }
    }

    [Theory]
    [InlineData(10_000, 1_000 + 10_000, 0)] // believed
    [InlineData(10_001, 1_050, 1)] // a jump: put where it arrived
    [InlineData(86_400_000, 1_050, 1)]
    [InlineData(-1_000, 0, 0)] // believed
    [InlineData(-1_001, 1_050, 1)]
    [InlineData(-3_600_000, 1_050, 1)]
    public void Steps_are_believed_up_to_a_limit(int step, long expected, int jumps)
    {
        var clock = new EncoderClock(Start);
        clock.Map(TrackKind.Video, 5_000_000, At(1000));
        clock.Map(TrackKind.Video, (uint)(5_000_000 + step), At(1050)).ShouldBe(expected);
        clock.Jumps.ShouldBe(jumps);
    }

    [Fact]
    public void A_jump_never_leads_behind_what_was_there()
    {
        var clock = new EncoderClock(Start);
        clock.Map(TrackKind.Video, 0, At(1000));
        clock.Map(TrackKind.Video, 9_000, At(1010)).ShouldBe(10_000);
        clock.Map(TrackKind.Video, 900_000, At(1020)).ShouldBe(10_001);
    }

    [Fact]
    public void Sound_keeps_its_offset_to_the_picture_also_over_a_jump()
    {
        var clock = new EncoderClock(Start);
        clock.Map(TrackKind.Video, 1000, At(500)).ShouldBe(500);
        clock.Map(TrackKind.Audio, 970, At(510)).ShouldBe(470);
        clock.Map(TrackKind.Video, 3_000_000, At(540)).ShouldBe(540);
        clock.Map(TrackKind.Audio, 991, At(541)).ShouldBe(491); // still the old clock: stays where it is
        clock.Map(TrackKind.Audio, 2_999_980, At(560)).ShouldBe(520);
        clock.Map(TrackKind.Video, 3_000_040, At(580)).ShouldBe(580);
    }

    [Fact]
    public void Sound_a_minute_ahead_of_the_picture_is_put_where_it_arrives()
    {
        var clock = new EncoderClock(Start);
        clock.Map(TrackKind.Video, 0, At(500)).ShouldBe(500);
        clock.Map(TrackKind.Audio, 60_000, At(510)).ShouldBe(510);
    }

    [Fact]
    public void Random_timestamps_never_lead_below_zero_or_overflow()
    {
        var random = new Random(1);
        var clock = new EncoderClock(Start);
        var audio = new AudioClock();
        var video = new VideoClock();
        var (lastVideo, lastAudio) = (-1L, -1L);
        for (var i = 0; i < 100_000; i++)
        {
            var kind = random.Next(2) == 0 ? TrackKind.Video : TrackKind.Audio;
            var mapped = clock.Map(kind, (uint)random.NextInt64(1L << 32), At(i));
            mapped.ShouldBeGreaterThanOrEqualTo(0);
            if (kind == TrackKind.Video)
            {
                var (decode, present) = video.Next(mapped, random.Next(-0x800000, 0x7FFFFF));
                decode.Ticks.ShouldBeGreaterThan(lastVideo);
                Math.Abs(present.Ticks - (mapped * 90)).ShouldBeLessThanOrEqualTo((VideoClock.LongestOffset * 90) + decode.Ticks - (mapped * 90));
                lastVideo = decode.Ticks;
            }
            else if (audio.TryNext(mapped, 48_000, 1024, out var time))
            {
                time.Ticks.ShouldBeGreaterThan(lastAudio);
                lastAudio = time.Ticks;
            }
        }
    }

    [Fact]
    public void Equal_and_descending_decode_times_rise_by_one_tick_and_are_counted()
    {
        var clock = new VideoClock();
        clock.Next(100, 0).Decode.Ticks.ShouldBe(9000);
        clock.Next(100, 0).ShouldBe((new MediaTime(9001, 90_000), new MediaTime(9001, 90_000)));
        clock.Next(60, 20).ShouldBe((new MediaTime(9002, 90_000), new MediaTime(9002, 90_000)));
        clock.Next(140, 80).ShouldBe((new MediaTime(12_600, 90_000), new MediaTime(19_800, 90_000)));
        clock.Clamped.ShouldBe(2);
    }

    [Fact]
    public void Composition_offsets_may_be_negative_and_are_bounded()
    {
        new VideoClock().Next(1000, -40).Present.Ticks.ShouldBe(960 * 90);
        new VideoClock().Next(1000, 0x7FFFFF).Present.Ticks.ShouldBe(11_000 * 90);
        new VideoClock().Next(20_000, -0x800000).Present.Ticks.ShouldBe(10_000 * 90);
    }

    [Fact]
    public void Sound_counts_samples_however_the_milliseconds_are_rounded()
    {
        var clock = new AudioClock();
        for (var i = 0; i < 10_000; i++)
        {
            clock.TryNext(i * 1024L * 1000 / 44_100, 44_100, 1024, out var time).ShouldBeTrue();
            time.Ticks.ShouldBe(i * 1024L);
        }

        (clock.Jumps, clock.Dropped).ShouldBe((0, 0));
    }

    [Fact]
    public void Sound_that_was_left_out_moves_the_count_on_by_whole_frames()
    {
        var clock = new AudioClock();
        clock.TryNext(0, 48_000, 1024, out _);
        clock.TryNext(500, 48_000, 1024, out var time).ShouldBeTrue();
        time.Ticks.ShouldBe(23 * 1024);
        (time.Ticks % 1024).ShouldBe(0);
        clock.Jumps.ShouldBe(1);
    }

    [Fact]
    public void Sound_that_runs_ahead_of_the_encoders_clock_loses_frames_and_never_goes_back()
    {
        var clock = new AudioClock();
        var last = -1L;
        for (var i = 0; i < 1000; i++)
        {
            // A frame of 21.3 ms every 20 ms by the encoder's clock: 6 % too much sound.
            if (clock.TryNext(i * 20, 48_000, 1024, out var time))
            {
                time.Ticks.ShouldBeGreaterThan(last);
                (time.Ticks / 48 - (i * 20)).ShouldBeLessThanOrEqualTo(AudioClock.Tolerance);
                last = time.Ticks;
            }
        }

        clock.Dropped.ShouldBeInRange(55, 65);
    }

    [Fact]
    public void Another_sample_rate_goes_on_at_the_same_instant()
    {
        var clock = new AudioClock();
        clock.TryNext(0, 48_000, 1024, out _);
        clock.TryNext(21, 44_100, 1024, out var time).ShouldBeTrue();
        time.Timescale.ShouldBe(44_100);
        time.TotalSeconds.ShouldBeInRange(1024 / 48_000.0, (1024 / 48_000.0) + 0.001);
    }

    private static DateTimeOffset At(int milliseconds) => Start.AddMilliseconds(milliseconds);
}
