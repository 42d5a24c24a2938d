using System.Net;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Broadcast.Origin.ViewerCounting;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Tests.ViewerCounting;

/// <summary>All players are counted, for any number of them.</summary>
public class ViewerCountsTests
{
    private static readonly ChannelName Demo = ChannelName.Parse("demo");
    private static readonly IPAddress Home = IPAddress.Parse("203.0.113.5");
    private readonly ManualTimeProvider _clock = new(FakePackager.Start);

    [Fact]
    public void Page_counts_until_it_leaves_or_its_beacons_stop()
    {
        var counts = Counts();
        Plays(counts, 1).ShouldBe(BeaconOutcome.Counted);
        Plays(counts, 1).ShouldBe(BeaconOutcome.Counted);
        Plays(counts, ulong.MaxValue).ShouldBe(BeaconOutcome.Counted);
        Seen(counts).ShouldBe(2);

        counts.Process(Demo, new(1, IsLeaving: true), Home).ShouldBe(BeaconOutcome.Left);
        Seen(counts).ShouldBe(1, "it is reported immediately, within the second");

        Pass(ViewerSet.Lifetime.TotalSeconds - 5);
        Plays(counts, 7);
        Seen(counts).ShouldBe(2);
        Pass(10);
        Seen(counts).ShouldBe(1);
        Pass(ViewerSet.Lifetime.TotalSeconds);
        counts.Find(Demo).ShouldBeNull();
        counts.Read().ShouldBeEmpty();
    }

    [Fact]
    public void Viewers_of_one_address_are_limited()
    {
        var counts = Counts(new() { MaxViewersPerClient = 5 });
        var answers = Enumerable.Range(1, 8).Select(id => Plays(counts, (ulong)id, Home)).ToList();
        answers.Count(a => a == BeaconOutcome.Counted).ShouldBe(5);
        answers.Count(a => a == BeaconOutcome.Crowded).ShouldBe(3);
        Plays(counts, 1, Home).ShouldBe(BeaconOutcome.Counted, "it is one of those that are");
        Plays(counts, 100, IPAddress.Parse("203.0.113.6")).ShouldBe(BeaconOutcome.Counted);
        Plays(counts, 101, null).ShouldBe(BeaconOutcome.Counted, "where it comes from is not known");

        counts.Process(Demo, new(1, IsLeaving: true), Home);
        Plays(counts, 8, Home).ShouldBe(BeaconOutcome.Counted, "somebody went");
        Seen(counts).ShouldBe(7);
    }

    [Fact]
    public void Forged_ids_in_deep_samples_count_no_more_than_one_address_is_allowed()
    {
        var counts = Counts();
        for (var id = 1UL; id <= 5_000; id++)
        {
            Plays(counts, id, Home);   // in the sample of every level
        }

        Seen(counts).ShouldBe(2_000);
        counts.GetLevel(Demo, 9).ShouldBe(9, "an audience of millions elsewhere");
        Pass(1);
        Seen(counts).ShouldBeLessThan(6_000);
        counts.GetLevel(Demo, 0);
        Pass(1);
        counts.Read();
        for (var id = 5_001UL; id <= 9_000; id++)
        {
            Plays(counts, id, Home);
        }

        Seen(counts).ShouldBeLessThan(6_000, "the deep sample is what is counted, for a while");
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(25, 0)]
    [InlineData(3_000, 0)]
    [InlineData(40_000, 0.05)]
    [InlineData(600_000, 0.05)]
    public void Viewer_count_is_accurate_while_the_audience_joins_stays_and_leaves(int most, double error)
    {
        var counts = Counts();
        var crowd = new Crowd(most, seed: most);
        for (var second = 0; second < 420; second++)
        {
            // All start within a minute, stay for three, and half of them leave one by one.
            var (from, to) = second < 60 ? (0, most * (second + 1) / 60)
                : second < 240 ? (0, most) : (Math.Min(most / 2, most / 2 * (second - 240) / 60), most);
            _clock.Advance(TimeSpan.FromSeconds(1));
            crowd.Second(second, from, to, counts.GetLevel(Demo, 0), (id, leaves) => counts.Process(Demo, new(id, leaves), null));
            if (second is 130 or 239 or 419)
            {
                Seen(counts).ShouldBeInRange((long)((to - from) * (1 - error)), (long)((to - from) * (1 + error)), $"after {second} s");
            }
        }

        counts.Find(Demo)!.Ids.Count.ShouldBeInRange(Math.Min(most / 3, 900), ViewerSketch.MaxIds);
        crowd.Busiest.ShouldBeLessThanOrEqualTo(500, "beacons in a second, once all have come");
    }

    [Fact]
    public void Number_of_stored_ids_is_bounded_for_forged_ids_too()
    {
        var counts = Counts();
        var random = new Random(5);
        for (var i = 0; i < 400_000; i++)
        {
            Plays(counts, (ulong)random.NextInt64() << 1);
        }

        Seen(counts).ShouldBeInRange(380_000L, 420_000L);
        for (var i = 0; i < 200_000; i++)
        {
            Plays(counts, (ulong)random.NextInt64(2, 1L << 40));   // all in the deepest sample
        }

        Seen(counts).ShouldBeInRange(380_000L, 420_000L, "those do not make the sample any deeper");
    }

    [Theory]
    [InlineData(0, 20)]
    [InlineData(0, 4)]
    [InlineData(0, 1)]
    [InlineData(100_000, 20)]
    [InlineData(100_000, 4)]
    public void Forged_ids_of_small_samples_do_not_inflate_the_viewer_count(int others, int zeros)
    {
        const int MadeUp = 16_000;
        var counts = Counts();
        var random = new Random(17);
        for (var i = 0; i < others; i++)
        {
            Plays(counts, (ulong)random.NextInt64() << 1);
        }

        Pass(1);
        var level = counts.GetLevel(Demo, 0);
        level.ShouldBe(others == 0 ? 0 : 3);
        ulong[] ids = [.. Enumerable.Range(0, MadeUp).Select(_ => (ulong)random.NextInt64() << 1 >> zeros)];
        for (var second = 0; second < 20; second++)
        {
            foreach (var id in ids)
            {
                Plays(counts, id);
            }

            Seen(counts).ShouldBeInRange((long)(others * 0.95), (long)(others * 1.05) + MadeUp);
            counts.GetLevel(Demo, 0).ShouldBe(level, "pages go on telling of themselves");
        }

        Pass(ViewerSet.Lifetime.TotalSeconds);
        Seen(counts).ShouldBe(0);
    }

    [Fact]
    public void Channel_that_cannot_reduce_its_sample_takes_no_capacity_from_other_channels()
    {
        var counts = Counts();
        var other = ChannelName.Parse("other");
        Plays(counts, 1);
        counts.GetLevel(Demo, BeaconSampling.MaxLevel);
        Pass(1);
        counts.Read();
        for (var id = 2UL; id <= ViewerCounts.MaxIds; id++)
        {
            Plays(counts, id).ShouldBe(BeaconOutcome.Counted);
        }

        for (var i = 1UL; i <= 1_000; i++)
        {
            counts.Process(other, new(i << 48, IsLeaving: false), null).ShouldBe(BeaconOutcome.Counted);
            counts.Process(Demo, new(i + ViewerCounts.MaxIds, IsLeaving: false), null)
                .ShouldBe(BeaconOutcome.Counted, "its older half made room");
        }

        counts.Process(Demo, new(ViewerCounts.MaxIds, IsLeaving: true), null)
            .ShouldBe(BeaconOutcome.Left, "whether or not it is still there");
        Pass(1);
        counts.Find(other)!.Viewers.ShouldBe(1_000);
    }

    [Fact]
    public void Sampling_level_of_another_process_is_offered_and_applied_locally()
    {
        var counts = Counts();
        counts.GetLevel(Demo, 3).ShouldBe(3, "nobody is here, and there is a large audience elsewhere");
        Plays(counts, 1UL << 60).ShouldBe(BeaconOutcome.Counted);
        counts.GetLevel(Demo, 4).ShouldBe(4);
        Pass(1);
        counts.Read();
        Plays(counts, 1UL << 62).ShouldBe(BeaconOutcome.Unsampled);
        Plays(counts, 1UL << 59).ShouldBe(BeaconOutcome.Counted);
        Pass(1);
        counts.Find(Demo).ShouldBe(new ViewerSketch(Demo, 16, 0, 4, counts.Find(Demo)!.Ids));
    }

    [Fact]
    public void Status_rounds_viewer_numbers_to_three_digits() =>
        new long[] { 0, 7, 999, 1_000, 1_004, 1_005, 99_949, 99_950, 5_123_456 }.Select(Broadcast.Origin.Delivery.ChannelStatusText.Rounded)
            .ShouldBe([0, 7, 999, 1_000, 1_000, 1_010, 99_900, 100_000, 5_120_000]);

    private ViewerCounts Counts(OriginOptions? options = null) =>
        new(Options.Create(options ?? new()), _clock, NullLogger<ViewerCounts>.Instance);

    private static BeaconOutcome Plays(ViewerCounts counts, ulong id, IPAddress? network = null) =>
        counts.Process(Demo, new(id, IsLeaving: false), network);

    private void Pass(double seconds) => _clock.Advance(TimeSpan.FromSeconds(seconds));

    private long Seen(ViewerCounts counts)
    {
        Pass(1);
        return counts.Find(Demo)?.Viewers ?? 0;
    }

    /// <summary>
    /// Simulated pages: each has an id and a beacon time within half a minute, and receives a new share some seconds later.
    /// </summary>
    private sealed class Crowd
    {
        private readonly ulong[] _ids;
        private readonly List<int>[] _turns = [.. Enumerable.Range(0, 30).Select(_ => new List<int>())];
        private readonly Queue<int> _levels = [];
        private int _gone;

        public Crowd(int count, int seed)
        {
            var random = new Random(seed);
            _ids = [.. Enumerable.Range(0, count).Select(_ => (ulong)random.NextInt64() << 1)];
            for (var i = 0; i < count; i++)
            {
                _turns[random.Next(30)].Add(i);
            }
        }

        /// <summary>Maximum number of beacons per second, once all pages have started and know the share.</summary>
        public int Busiest { get; private set; }

        public void Second(int second, int from, int to, int level, Action<ulong, bool> send)
        {
            _levels.Enqueue(level);
            var heard = _levels.Count > 10 ? _levels.Dequeue() : _levels.Peek();
            for (; _gone < from; _gone++)
            {
                send(_ids[_gone], true);
            }

            var playing = _turns[second % 30].Where(i => i >= from && i < to && BeaconSampling.Contains(_ids[i], heard)).ToList();
            playing.ForEach(i => send(_ids[i], false));
            Busiest = second is > 90 and < 240 ? Math.Max(Busiest, playing.Count) : Busiest;
        }
    }
}
