using Broadcast.Ingest.Clock;
using Broadcast.Media;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Clock;

public sealed class EncoderClockTests
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void First_sample_is_placed_at_its_arrival_time()
    {
        Video(new EncoderClock(Start), 777_777, 5000).ShouldBe(5000);
        Video(new EncoderClock(Start), 777_777, -5000).ShouldBe(0);
    }

    [Fact]
    public void Publisher_cannot_produce_hours_of_timeline_in_a_second()
    {
        foreach (var step in (int[])[60, 99, 2_500, 9_999])
        {
            var clock = new EncoderClock(Start);
            double[] reached = [0, 0];
            for (var i = 0; i <= 10_000; i++)
            {
                var mapped = i % 2 == 0 ? Video(clock, (uint)(i * step), 1000 + (i / 10)) : Audio(clock, (uint)(i * step), 1000 + (i / 10));
                mapped.ShouldBeGreaterThanOrEqualTo(reached[i % 2]);
                reached[i % 2] = mapped;
            }

            var last = reached.Max();
            last.ShouldBeLessThanOrEqualTo(2000 + EncoderClock.MaxLead.TotalMilliseconds);
            if (step < 100)
            {
                last.ShouldBe(2000 + EncoderClock.MaxLead.TotalMilliseconds, 1, "what is believed is bounded by nothing else");
            }
        }
    }

    [Fact]
    public void Reconnecting_does_not_grant_a_second_minute_of_lead()
    {
        var front = TimeSpan.Zero;
        for (var connection = 0; connection < 5; connection++)
        {
            var clock = new EncoderClock(Start, front);
            for (var i = 0; i < 2000; i++)
            {
                Video(clock, (uint)(i * 90), 1000 + connection);
            }

            clock.Position.ShouldBeGreaterThanOrEqualTo(front);
            front = clock.Position;
        }

        front.ShouldBe(TimeSpan.FromMilliseconds(1004) + EncoderClock.MaxLead);
    }

    [Fact]
    public void Session_resumes_at_the_new_time_after_the_wall_clock_was_set_back() =>
        Video(new EncoderClock(Start, TimeSpan.FromHours(1)), 0, 5000).ShouldBe(5000);

    [Fact]
    public void Samples_queued_during_a_connection_stall_keep_their_timestamps()
    {
        var clock = new EncoderClock(Start);
        for (var i = 0; i < 6000; i++)
        {
            // 40 ms apart; every 50 s, a burst after 50 s of silence.
            Video(clock, (uint)(i * 40), 1000 + ((i + 1249) / 1250 * 50_000)).ShouldBe(1000 + (i * 40));
        }

        clock.Jumps.ShouldBe(0);
    }

    [Fact]
    public void Samples_more_than_a_minute_late_are_placed_at_their_arrival_time()
    {
        var clock = new EncoderClock(Start);
        Video(clock, 0, 0);
        Video(clock, 40, 70_000).ShouldBe(70_000);
        Video(clock, 80, 70_040).ShouldBe(70_040);
        clock.Jumps.ShouldBe(1);
    }

    [Theory]
    [InlineData(900)]
    [InlineData(-900)]
    [InlineData(86_400_000)]
    [InlineData(-3_600_000)]
    public void Track_continues_after_a_jump_where_it_would_be_without_it(int step)
    {
        var clock = new EncoderClock(Start);
        for (var i = 0; i < 50; i++)
        {
            Video(clock, (uint)(5_000_000 + (i * 40)), 1000 + (i * 40));
        }

        Video(clock, (uint)(5_002_000 + step), 3000).ShouldBe(3000, 0.01);
        Video(clock, (uint)(5_002_040 + step), 3040).ShouldBe(3040, 0.01);
        (clock.JumpsForward, clock.JumpsBack).ShouldBe(step > 0 ? (1, 0) : (0, 1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(40)]
    [InlineData(240)]
    public void Time_goes_on_when_timestamps_run_backwards(int step)
    {
        var clock = new EncoderClock(Start);
        for (var i = 0; i < 50; i++)
        {
            Video(clock, (uint)(5_000_000 + (i * 40)), 1000 + (i * 40));
        }

        for (var i = 0; i < 1000; i++)
        {
            var arrival = 3000 + (i * 40);
            Video(clock, (uint)(5_001_960 - ((i + 1) * step)), arrival).ShouldBeInRange(arrival - (i < 250 ? 10_300 : 0), arrival + 1);
        }

        clock.JumpsBack.ShouldBeGreaterThan(500);
        Video(clock, 5_000_040, 43_000).ShouldBe(43_000, 1);
    }

    [Fact]
    public void Small_steps_back_that_outweigh_the_steps_forward_are_a_jump()
    {
        var clock = new EncoderClock(Start);
        var timestamp = 5_000_000u;
        for (var i = 0; i < 1000; i++)
        {
            timestamp += i % 2 == 0 ? 40u : unchecked((uint)-60);
            Video(clock, timestamp, 1000 + (i * 40)).ShouldBeInRange(1000 + (i * 40) - 1500, 1000 + (i * 40) + 300);
        }

        clock.JumpsBack.ShouldBeGreaterThan(20);
    }

    [Fact]
    public void Audio_and_video_whose_timestamps_run_backwards_stay_in_sync()
    {
        var clock = new EncoderClock(Start);
        var (video, audio) = (0.0, 0.0);
        for (var i = 0; i < 1000; i++)
        {
            video = Video(clock, (uint)(5_000_000 - (i * 40)), 1000 + (i * 40));
            audio = Audio(clock, (uint)(5_000_000 - (i * 40)), 1000 + (i * 40));
            Audio(clock, (uint)(4_999_980 - (i * 40)), 1020 + (i * 40));
        }

        // Both may go back by 250 ms before the next jump.
        video.ShouldBe(40_960, 550);
        audio.ShouldBe(40_960, 550);
    }

    [Fact]
    public void Pause_advances_time_and_is_not_a_jump()
    {
        var clock = new EncoderClock(Start);
        Video(clock, 0, 1000);
        Video(clock, 40, 1040);
        Video(clock, 9_040, 10_020).ShouldBe(10_040);
        clock.Jumps.ShouldBe(0);
    }

    [Fact]
    public void Frames_dropped_on_a_slow_connection_advance_time_and_are_not_a_jump()
    {
        var clock = new EncoderClock(Start);
        for (var i = 0; i < 100; i++)
        {
            Video(clock, (uint)(i * 40), 1000 + (i * 40)); // in time
        }

        Video(clock, 4000, 7000).ShouldBe(5000); // 2 s late
        Video(clock, 5800, 7000).ShouldBe(6800); // all frames between were dropped by the encoder
        clock.Jumps.ShouldBe(0);
    }

    [Fact]
    public void Long_video_gap_is_accepted_when_audio_has_advanced_as_far()
    {
        var clock = new EncoderClock(Start);
        Video(clock, 0, 1000);
        Video(clock, 40, 1000);
        for (uint t = 0; t <= 3000; t += 20)
        {
            Audio(clock, t, 1000); // a burst: all at once
        }

        Video(clock, 3000, 1000).ShouldBe(4000);
        clock.Jumps.ShouldBe(0);
    }

    [Fact]
    public void Audio_keeps_its_offset_to_video_across_a_jump()
    {
        var clock = new EncoderClock(Start);
        Video(clock, 1000, 500).ShouldBe(500);
        Audio(clock, 970, 510).ShouldBe(470);
        Video(clock, 3_000_000, 540).ShouldBe(540);
        Audio(clock, 991, 541).ShouldBe(491); // still the previous clock: no correction
        Audio(clock, 2_999_980, 560).ShouldBe(520);
        Video(clock, 3_000_040, 580).ShouldBe(580);
        clock.Jumps.ShouldBe(1);
    }

    [Fact]
    public void Stray_timestamp_does_not_affect_later_samples()
    {
        var clock = new EncoderClock(Start);
        for (var i = 0; i < 100; i++)
        {
            var mapped = Video(clock, i == 50 ? 900_000 : (uint)(i * 40), 1000 + (i * 40));
            mapped.ShouldBe(1000 + (i * 40), i == 50 ? 1 : 0.001);
            Audio(clock, (uint)(i * 40), 1000 + (i * 40)).ShouldBe(1000 + (i * 40));
        }

        clock.Jumps.ShouldBe(1);
    }

    [Fact]
    public void Audio_a_minute_ahead_of_video_is_placed_at_its_arrival_time()
    {
        var clock = new EncoderClock(Start);
        Video(clock, 0, 500).ShouldBe(500);
        Audio(clock, 60_000, 510).ShouldBe(510);
    }

    [Fact]
    public void Constant_timestamps_are_replaced_by_arrival_times()
    {
        var clock = new EncoderClock(Start);
        for (var i = 0; i < 250; i++)
        {
            Video(clock, 0, 1000 + (i * 200)).ShouldBe(1000 + (i * 200));
            Audio(clock, 0, 1000 + (i * 200)).ShouldBe(1000 + (i * 200));
        }
    }

    [Fact]
    public void Sub_millisecond_timestamps_are_preserved()
    {
        var clock = new EncoderClock(Start);
        clock.Map(1, TrackKind.Video, new RtmpTimestamp(0, 500_000), Start).ShouldBe(0);
        clock.Map(1, TrackKind.Video, new RtmpTimestamp(33, 833_333), Start).ShouldBe(33_333_333);
    }

    [Fact]
    public void Tracks_of_the_same_kind_do_not_affect_each_other()
    {
        var clock = new EncoderClock(Start);
        Video(clock, 0, 0);
        for (var i = 0; i < 200; i++)
        {
            for (var track = 2; track < 6; track++)
            {
                clock.Map(track, TrackKind.Audio, new RtmpTimestamp((uint)(i * 20)), At((i * 20) + track)).ShouldBe(i * 20_000_000L);
            }
        }

        clock.Jumps.ShouldBe(0);
    }

    [Fact]
    public void Wall_clock_step_does_not_distort_arrival_times()
    {
        var time = new SteppedTime();
        var clock = new ArrivalClock(time);
        var began = clock.Read();
        time.Pass(TimeSpan.FromSeconds(10));
        clock.Read().ShouldBe(began.AddSeconds(10));
        time.Step(TimeSpan.FromHours(1));
        time.Pass(TimeSpan.FromSeconds(10));
        (clock.Read() - began).TotalSeconds.ShouldBe(20, 0.006);
        time.Step(TimeSpan.FromHours(-2));
        time.Pass(TimeSpan.FromSeconds(10));
        (clock.Read() - began).TotalSeconds.ShouldBe(30, 0.011);
        time.Step(TimeSpan.FromHours(1) + TimeSpan.FromMilliseconds(-20));
        for (var i = 0; i < 100; i++)
        {
            time.Pass(TimeSpan.FromSeconds(1));
            clock.Read();
        }

        clock.Read().ShouldBe(time.GetUtcNow(), TimeSpan.FromMilliseconds(1), "a small difference is worked off");
    }

    private static double Video(EncoderClock clock, uint timestamp, double arrival) =>
        clock.Map(1, TrackKind.Video, new RtmpTimestamp(timestamp), At(arrival)) / 1e6;

    private static double Audio(EncoderClock clock, uint timestamp, double arrival) =>
        clock.Map(2, TrackKind.Audio, new RtmpTimestamp(timestamp), At(arrival)) / 1e6;

    private static DateTimeOffset At(double milliseconds) => Start.AddMilliseconds(milliseconds);

    private sealed class SteppedTime : TimeProvider
    {
        private TimeSpan _passed;
        private TimeSpan _stepped;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _passed.Ticks;

        public override DateTimeOffset GetUtcNow() => Start + _passed + _stepped;

        public void Pass(TimeSpan time) => _passed += time;

        public void Step(TimeSpan by) => _stepped += by;
    }
}
