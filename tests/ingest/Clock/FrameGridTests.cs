using Broadcast.Ingest.Clock;
using Broadcast.Media;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Clock;

/// <summary>Timestamps that jitter around a constant frame rate, and sources that only resemble them.</summary>
public sealed class FrameGridTests
{
    private const long Millisecond = Nanoseconds.PerMillisecond;

    /// <summary>Frames within which the grid is found and its phase settles.</summary>
    private const int Settled = 1200;

    /// <summary>Every frame rate with every distribution of jitter.</summary>
    public static TheoryData<int, int, string> Encoders()
    {
        var data = new TheoryData<int, int, string>();
        foreach (var (frames, seconds) in ((int, int)[])[(24, 1), (24_000, 1001), (25, 1), (30_000, 1001), (30, 1), (50, 1),
            (60_000, 1001), (60, 1)])
        {
            foreach (var jitter in (string[])["uniform", "bell", "two values", "small"])
            {
                data.Add(frames, seconds, jitter);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Encoders))]
    public void Jittering_timestamps_are_replaced_at_the_exact_frame_rate(int frames, int seconds, string jitter)
    {
        foreach (var declared in (double[])[0, (double)frames / seconds])
        {
            var random = new Random((frames * 31) + jitter.Length);
            var clock = new VideoClock();
            clock.SetDeclaredRate(declared);
            var decoded = new List<long>();
            for (var i = 0L; i < 6000; i++)
            {
                var (decode, present) = clock.Next(Jittered(random, jitter, Exact(i, frames, seconds)), 0);
                present.ShouldBe(decode);
                (decode.Ticks / 90.0).ShouldBe(Exact(i, frames, seconds), i < Settled ? 17 : 6, $"frame {i} stays in sync with the audio");
                decoded.Add(decode.Ticks);
            }

            clock.FramesPerSecond.ShouldBe((double)frames / seconds);
            Steps(decoded).ShouldAllBe(step => step > 0);
            var period = 90_000.0 * seconds / frames;
            var settled = Steps(decoded).Skip(Settled).ToList();
            settled.ShouldAllBe(step => Math.Abs(step - period) <= 3,
                "each frame has the exact duration, apart from the rounding to ticks");
            settled.Count(step => Math.Abs(step - period) >= 1).ShouldBeLessThan(settled.Count / 50);
        }
    }

    [Theory]
    [InlineData(30, 1, 200)]
    [InlineData(30, 1, -200)]
    [InlineData(30_000, 1001, 200)]
    [InlineData(60, 1, -200)]
    [InlineData(60_000, 1001, 200)]
    [InlineData(24, 1, 200)]
    [InlineData(24_000, 1001, -200)]
    public void Grid_follows_a_drifting_encoder_without_a_visible_step(int frames, int seconds, int perMillion)
    {
        var random = new Random(perMillion + frames);
        var clock = new VideoClock();
        var last = -1L;
        var period = 90_000.0 * seconds / frames;
        for (var i = 0L; i < 100_000; i++)
        {
            var exact = Exact(i, frames, seconds) * (1 + (perMillion / 1e6));
            var decode = clock.Next(Jittered(random, "uniform", exact), 0).Decode.Ticks;
            (decode / 90.0).ShouldBe(exact, i < Settled ? 17 : 6, $"frame {i}");
            if (i > Settled)
            {
                ((double)(decode - last)).ShouldBe(period, (period / 1000) + 1, $"frame {i}");
                clock.FramesPerSecond.ShouldBe((double)frames / seconds);
            }

            last = decode;
        }
    }

    [Theory]
    [InlineData(24, 1)]
    [InlineData(25, 1)]
    [InlineData(30_000, 1001)]
    [InlineData(30, 1)]
    public void Dropped_frame_doubles_a_duration_and_shifts_nothing(int frames, int seconds)
    {
        var random = new Random(frames);
        var clock = new VideoClock();
        clock.SetDeclaredRate((double)frames / seconds);
        var (first, doubled) = (double.NaN, 0);
        var (last, lastSlot) = (0L, 0L);
        var period = 90_000.0 * seconds / frames;
        for (var i = 0L; i < 8000; i++)
        {
            if (i > Settled && random.Next(10) == 0)
            {
                continue;
            }

            var decode = clock.Next(Jittered(random, "uniform", Exact(i, frames, seconds)), 0).Decode.Ticks;
            if (i > Settled)
            {
                first = double.IsNaN(first) ? decode - (i * period) : first;
                (decode - (i * period) - first).ShouldBe(0, 400, $"frame {i} keeps its slot");
                ((double)(decode - last)).ShouldBe((i - lastSlot) * period, 4, $"frame {i}");
                doubled += i - lastSlot == 2 ? 1 : 0;
            }

            (last, lastSlot) = (decode, i);
        }

        doubled.ShouldBeGreaterThan(300);
    }

    [Theory]
    [InlineData(50, 1)]
    [InlineData(60, 1)]
    [InlineData(60_000, 1001)]
    public void Dropped_frame_of_a_high_rate_shifts_the_grid_for_a_few_frames_at_most(int frames, int seconds)
    {
        // With 16.7 ms frames and 10 ms of jitter, the frame after a drop can have the timestamp of a late ordinary frame.
        var random = new Random(frames);
        var clock = new VideoClock();
        clock.SetDeclaredRate((double)frames / seconds);
        var (off, last) = (0, -1L);
        for (var i = 0L; i < 8000; i++)
        {
            if (i > Settled && i % 40 == 0)
            {
                continue;
            }

            var exact = Exact(i, frames, seconds);
            var decode = clock.Next(Jittered(random, "uniform", exact), 0).Decode.Ticks;
            decode.ShouldBeGreaterThan(last);
            last = decode;
            if (i > Settled)
            {
                off = Math.Abs((decode / 90.0) - exact) > 6 ? off + 1 : 0;
                off.ShouldBeLessThan(32, $"frame {i}");
            }
        }
    }

    [Theory]
    [InlineData(24, 1, 2)]
    [InlineData(25, 1, 2)]
    [InlineData(30_000, 1001, 2)]
    [InlineData(30, 1, 3)]
    public void Reordered_frames_are_presented_on_the_grid_when_every_capture_time_jitters(int frames, int seconds, int bFrames)
    {
        // Encoders derive decode times by sorting the presentation times, so both jitter and the difference is no whole number of frames.
        var random = new Random(frames + bFrames);
        var (clock, shown) = (new VideoClock(), new List<long>());
        var captured = new List<long>();
        const int Count = 5000;
        for (var i = 0L; i < Count + 10; i++)
        {
            captured.Add(Jittered(random, "uniform", Exact(i, frames, seconds)));
        }

        var period = 90_000.0 * seconds / frames;
        var order = DecodeOrder(Count, bFrames);
        var delay = (long)Math.Ceiling((bFrames > 0 ? 2 : 0) * 1000.0 * seconds / frames) * Millisecond;
        for (var i = 0; i < order.Count; i++)
        {
            var time = i < 2 ? captured[0] - delay + (i * delay / 2) : captured[i - 2];
            var (decode, present) = clock.Next(time, captured[order[i]] - time);
            present.ShouldBeGreaterThanOrEqualTo(decode);
            if (i > Settled)
            {
                shown.Add(present.Ticks);
                ((present.Ticks - decode.Ticks) / period).ShouldBe(order[i] - (i - 2), 0.01, $"frame {i}");
            }
        }

        shown.Sort();
        Steps(shown).Skip(8).SkipLast(8).ShouldAllBe(step => Math.Abs(step - period) <= 4);
    }

    [Theory]
    [InlineData(50, 1)]
    [InlineData(60, 1)]
    public void Reordered_frames_of_a_high_rate_keep_their_order(int frames, int seconds)
    {
        var random = new Random(frames);
        var clock = new VideoClock();
        var captured = new List<long>();
        for (var i = 0L; i < 5010; i++)
        {
            captured.Add(Math.Max(Jittered(random, "uniform", Exact(i, frames, seconds)), i == 0 ? 0 : captured[^1] + Millisecond));
        }

        var shown = new List<(int Frame, long Time)>();
        var order = DecodeOrder(5000, 2);
        for (var i = 0; i < order.Count; i++)
        {
            var time = i < 2 ? captured[0] - ((2 - i) * 20 * Millisecond) : captured[i - 2];
            var (decode, present) = clock.Next(time, captured[order[i]] - time);
            present.ShouldBeGreaterThanOrEqualTo(decode);
            if (i > Settled)
            {
                shown.Add((order[i], present.Ticks));
            }
        }

        shown.Sort((a, b) => a.Frame.CompareTo(b.Frame));
        var steps = Steps([.. shown.Skip(8).SkipLast(8).Select(s => s.Time)]).ToList();
        steps.ShouldAllBe(step => step > 0);
        steps.Count(step => Math.Abs(step - (90_000.0 * seconds / frames)) <= 2).ShouldBeGreaterThan(steps.Count * 7 / 10);
    }

    [Fact]
    public void Whole_composition_offsets_stay_whole_frames_when_decode_times_jitter()
    {
        var (clock, random) = (new VideoClock(), new Random(5));
        int[] pattern = [2, 5, 2, 0, 1];
        for (var i = 0L; i < 3000; i++)
        {
            var frames = pattern[i % 5];
            var offset = (long)Math.Round(frames * 1000 / 60.0) * Millisecond;
            var (decode, present) = clock.Next(Jittered(random, "uniform", Exact(i, 60, 1)), offset);
            if (i > Settled)
            {
                (present.Ticks - decode.Ticks).ShouldBe(frames * 1500L);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Variable_frame_rate_keeps_the_timestamps_of_the_encoder(int seed)
    {
        // The second half of each range is a screen that changes now and then; the first resembles a frame rate the most.
        foreach (var (low, high) in ((int, int)[])[(16, 101), (20, 60), (8, 40), (33, 400), (10, 1000)])
        {
            var (random, clock, time) = (new Random(seed), new VideoClock(), 0L);
            var moved = 0;
            for (var i = 0; i < 20_000; i++)
            {
                time += random.Next(low, high);
                moved += Math.Abs((clock.Next(time * Millisecond, 0).Decode.Ticks / 90.0) - time) > 1.02 ? 1 : 0;
            }

            moved.ShouldBeLessThan(100, $"frames every {low} to {high} ms");
        }
    }

    [Fact]
    public void Held_frame_keeps_its_duration()
    {
        var (clock, random) = (new VideoClock(), new Random(11));
        var time = 0.0;
        var (last, lastTime) = (0L, 0.0);
        for (var i = 0; i < 6000; i++)
        {
            var held = i > 300 && random.Next(60) == 0 ? random.Next(200, 5000) : 0;
            time += (1000 / 30.0) + held;
            var decode = clock.Next(Jittered(random, "uniform", time), 0).Decode.Ticks;
            if (i > 0)
            {
                ((decode - last) / 90.0).ShouldBe(time - lastTime, 32, $"frame {i}");
                (decode / 90.0).ShouldBe(time, 27, $"frame {i}");
            }

            (last, lastTime) = (decode, time);
        }
    }

    [Fact]
    public void Changed_frame_rate_is_followed_within_a_second_or_two_of_frames()
    {
        var (clock, random) = (new VideoClock(), new Random(7));
        var time = 0.0;
        foreach (var rate in (double[])[30, 60, 25, 15, 30, 50, 60, 30_000 / 1001.0, 24])
        {
            var (last, wrong) = (-1L, 0);
            for (var i = 0; i < 1500; i++)
            {
                time += 1000 / rate;
                var decode = clock.Next(Jittered(random, "uniform", time), 0).Decode.Ticks;
                (decode / 90.0).ShouldBe(time, 27, $"frame {i} at {rate} fps");
                wrong = i > 0 && Math.Abs((decode - last) - (90_000 / rate)) > 9 ? i : wrong;
                last = decode;
            }

            clock.FramesPerSecond.ShouldBe(rate, 0.0001);
            wrong.ShouldBeLessThan(600, $"the last uneven frame at {rate} fps");
        }
    }

    [Fact]
    public void Phone_that_alternates_between_15_and_30_frames_keeps_its_pace()
    {
        var (clock, random) = (new VideoClock(), new Random(15));
        var (time, last) = (0.0, -1L);
        for (var i = 0; i < 12_000; i++)
        {
            time += i / 300 % 2 == 0 ? 1000 / 30.0 : 1000 / 15.0;
            var decode = clock.Next(Jittered(random, "uniform", time), 0).Decode.Ticks;
            decode.ShouldBeGreaterThan(last);
            (decode / 90.0).ShouldBe(time, 27, $"frame {i}");
            last = decode;
        }
    }

    [Fact]
    public void Slew_of_the_timeline_does_not_disturb_the_grid()
    {
        var (clock, random) = (new VideoClock(), new Random(2));
        var (slew, last) = (0L, -1L);
        for (var i = 0L; i < 6000; i++)
        {
            // 0.5 % of 33 ms.
            slew -= i > 3000 ? 166_667 : 0;
            var decode = clock.Next(Jittered(random, "uniform", Exact(i, 30, 1)) + slew, 0, slew).Decode.Ticks;
            if (i > 3001)
            {
                (decode - last).ShouldBeInRange(2984, 2986);
            }

            last = decode;
        }
    }

    [Fact]
    public void Any_mixture_of_rates_jitter_drops_and_pauses_keeps_order_and_stays_by_the_encoder_clock()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var (random, clock) = (new Random(seed), new VideoClock());
            var (time, last) = (0.0, -1L);
            var (step, jitter, drops) = (1000 / 30.0, 10, 0);
            for (var i = 0; i < 3000; i++)
            {
                if (random.Next(500) == 0)
                {
                    (step, jitter, drops) = (1000.0 / random.Next(10, 61), random.Next(11), random.Next(30));
                }

                time += random.Next(700) == 0 ? random.Next(5000) : step;
                if (random.Next(100) < drops)
                {
                    continue;
                }

                var stamp = Math.Floor(time + ((random.NextDouble() - 0.5) * 2 * jitter));
                var (decode, present) = clock.Next((long)stamp * Millisecond, random.Next(3) * 33 * Millisecond);
                decode.Ticks.ShouldBeGreaterThan(last, $"seed {seed}, frame {i}");
                present.ShouldBeGreaterThanOrEqualTo(decode);
                (decode.Ticks / 90.0).ShouldBe(stamp, 40, $"seed {seed}, frame {i}");
                last = decode.Ticks;
            }
        }
    }

    private static double Exact(long frame, int frames, int seconds) => 1000 + (frame * 1000.0 * seconds / frames);

    /// <summary>A time in milliseconds with jitter of up to 10 ms, truncated to milliseconds; in nanoseconds.</summary>
    private static long Jittered(Random random, string jitter, double time)
    {
        var by = jitter switch
        {
            "uniform" => (random.NextDouble() * 20) - 10,
            "bell" => Math.Clamp(Enumerable.Range(0, 12).Sum(_ => random.NextDouble() - 0.5) * 4, -10, 10),
            "two values" => random.Next(2) == 0 ? -8 : 8,
            _ => (random.NextDouble() * 5) - 2.5,
        };
        return (long)Math.Floor(time + by) * Millisecond;
    }

    /// <summary>Frame numbers in decode order: each reference frame precedes the B-frames that it follows in display order.</summary>
    private static List<int> DecodeOrder(int count, int bFrames)
    {
        var order = new List<int> { 0 };
        for (var reference = bFrames + 1; reference < count; reference += bFrames + 1)
        {
            order.Add(reference);
            for (var b = reference - bFrames; b < reference; b++)
            {
                order.Add(b);
            }
        }

        return order;
    }

    private static IEnumerable<long> Steps(List<long> times) => times.Zip(times.Skip(1), (a, b) => b - a);
}
