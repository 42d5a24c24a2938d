using Broadcast.Ingest.Clock;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Ingest.Tests.Rtmp;
using Broadcast.Media;
using Broadcast.Testing;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Clock;

/// <summary>Invariants for any sequence of timestamps.</summary>
public sealed class TimelineProperties
{
    [Fact]
    public void Times_of_any_input_increase_per_track_and_stay_within_a_minute_of_arrival()
    {
        ForAnySeed(seed =>
        {
            var random = new Random(seed);
            var encoder = new Encoder();
            encoder.Configured();
            var (clock, arrival) = ((uint)random.NextInt64(1L << 32), Encoder.Start);
            var wildness = random.Next(1, 40);
            for (var i = 0; i < 2000; i++)
            {
                clock = random.Next(wildness) != 0 ? clock + (uint)random.Next(0, 50) : Wild(random, clock);
                arrival = random.Next(100) == 0 ? arrival.AddMilliseconds(random.Next(20_000))
                    : arrival.AddMilliseconds(random.Next(0, 50));
                if (random.Next(2) == 0)
                {
                    encoder.TakeAt(MessageType.Video, clock,
                        Wire.VideoBody(true, 20, random.Next(8) == 0 ? random.Next(-0x800000, 0x7FFFFF) : 0), arrival);
                }
                else
                {
                    encoder.TakeAt(MessageType.Audio, clock, [0xAF, 1, 0x21, 1], arrival);
                }
            }

            foreach (var track in (List<MediaSample>[])[encoder.Video, encoder.Audio])
            {
                track.Zip(track.Skip(1)).ShouldAllBe(p => p.Second.Decode > p.First.Decode);
                track.ShouldAllBe(s => s.Decode.Ticks >= 0);
                track.Leads().ShouldAllBe(lead => lead < 60_100, "nothing runs further ahead");
                track.Leads().ShouldAllBe(lead => lead > -60_100, "nothing lags further behind");
            }

            encoder.Video.ShouldAllBe(s => Math.Abs((s.Present - s.Decode).TotalSeconds) <= 12);
        });
    }

    [Fact]
    public void Regular_encoder_on_an_unstable_connection_keeps_its_duration_and_stays_in_sync()
    {
        ForAnySeed(seed =>
        {
            var random = new Random(seed);
            var rate = (double[])[10, 23.976, 25, 29.97, 30, 50, 60];
            var begin = random.NextInt64(1L << 32);
            var stall = random.Next(2000, 9000);
            var encoder = new Encoder
            {
                FrameRate = rate[random.Next(rate.Length)],
                FrameTimes = begin,
                AudioFrameTimes = begin,
                Delay = time => time > 5000 && time < 5000 + stall ? 5000 + stall - time : random.Next(0, 40),
            };
            encoder.Configured().Run(20);
            encoder.Feed.Jumps.ShouldBe(0);
            var (video, audio) = (encoder.Video, encoder.Audio);
            (video[^1].Decode - video[0].Decode).TotalSeconds.ShouldBe((video.Count - 1) / encoder.FrameRate, 0.0025);
            (audio[^1].Decode - audio[0].Decode).TotalSeconds.ShouldBe((audio.Count - 1) * 1024 / 48_000.0, 0.002);
            (video[0].Decode.TotalSeconds - audio[0].Decode.TotalSeconds).ShouldBe(0, 0.002);
        });
    }

    [Fact]
    public void Smoothing_stays_within_a_millisecond_of_a_steady_encoder_and_35_ms_of_an_uneven_one()
    {
        ForAnySeed(seed =>
        {
            var random = new Random(seed);
            var clock = new VideoClock();
            var (time, last, changed) = (0.0, -1L, false);
            var (step, jitter) = (random.Next(5, 60) + (random.Next(3) * 0.3333), random.Next(4) == 0 ? random.Next(1, 6) : 0);
            for (var i = 0; i < 1500; i++)
            {
                if (random.Next(400) == 0)
                {
                    (step, changed) = (random.Next(5, 60), true);
                }

                time += step;
                var stamp = (long)time + random.Next(jitter + 1);
                var decode = clock.Next(stamp * 1_000_000, 0).Decode.Ticks;
                decode.ShouldBeGreaterThan(last);
                if (decode != last + 1)
                {
                    // Uneven: at most the average difference that the grid accepts (12 ms) plus the spread of a frame (22 ms).
                    (decode / 90.0).ShouldBe(stamp, jitter == 0 && !changed ? 1.02 : 35);
                }

                last = decode;
            }
        });
    }

    private static uint Wild(Random random, uint clock) => random.Next(6) switch
    {
        0 => (uint)random.NextInt64(1L << 32),
        1 => 0,
        2 => unchecked(clock + (uint)random.Next(-20_000, 20_000)),
        3 => (1u << 24) - (uint)random.Next(100),
        4 => (1u << 31) - (uint)random.Next(100),
        _ => unchecked(clock - (uint)random.Next(1000)),
    };

    private static void ForAnySeed(Action<int> check) => Check.One(
        PropertyTest.Config.WithMaxTest(60),
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
        {
            check(seed);
            return true;
        }));
}
