using Broadcast.Media.OriginToControl;
using Broadcast.Origin.ViewerCounting;

namespace Broadcast.Origin.Tests.ViewerCounting;

public class BeaconSamplingPolicyTests
{
    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(0, 15_000, 0)]
    [InlineData(0, 15_001, 1)]
    [InlineData(0, 5_000_000, 9)]
    [InlineData(9, 5_000_000, 9)]
    [InlineData(1, 15_000, 1)]   // back to all only with a margin
    [InlineData(1, 9_000, 0)]
    [InlineData(9, 100, 0)]
    [InlineData(0, long.MaxValue, BeaconSampling.MaxLevel)]
    public void Sampling_share_falls_at_once_and_rises_only_with_margin(int level, long viewers, int expected) =>
    BeaconSamplingPolicy.Level(level, viewers, 15_000).ShouldBe(expected);

    [Fact]
    public void Beacons_stay_within_capacity_for_any_audience_and_the_chosen_share_is_stable()
    {
        for (var viewers = 1L; viewers < 10_000_000_000; viewers += 1 + (viewers / 7))
        {
            var level = BeaconSamplingPolicy.Level(0, viewers, 15_000);
            (viewers * BeaconSampling.FractionOf(level)).ShouldBeLessThanOrEqualTo(15_000);
            BeaconSamplingPolicy.Level(level, viewers, 15_000).ShouldBe(level);
            BeaconSamplingPolicy.Level(level, viewers + (viewers / 100), 15_000).ShouldBeInRange(level, level + 1);
            var back = BeaconSamplingPolicy.Level(BeaconSampling.MaxLevel, viewers, 15_000);
            back.ShouldBeInRange(level, level + 1);
            BeaconSamplingPolicy.Level(back, viewers + (viewers / 2), 15_000).ShouldBe(back, "chance alone must not bring it back");
        }
    }

    [Fact]
    public void Small_channels_are_counted_completely_beside_a_large_one()
    {
        BeaconSamplingPolicy.MaxPerChannel([], 15_000).ShouldBe(15_000);
        BeaconSamplingPolicy.MaxPerChannel([15_000], 15_000).ShouldBe(15_000);
        var each = BeaconSamplingPolicy.MaxPerChannel([3, 5_000_000, 40, 2_000], 15_000);
        each.ShouldBe(15_000 - 3 - 40 - 2_000);
        BeaconSamplingPolicy.Level(0, 2_000, each).ShouldBe(0);
        BeaconSamplingPolicy.MaxPerChannel([9_000, 9_000, 9_000], 15_000).ShouldBe(5_000);
        BeaconSamplingPolicy.MaxPerChannel(Enumerable.Repeat(5_000L, 1_000), 15_000).ShouldBe(BeaconSamplingPolicy.MinSampleSize);
    }

    [Theory]
    [InlineData(0, 2_000)]
    [InlineData(1, 1_096)]
    [InlineData(9, 11)]
    [InlineData(20, 2)]
    public void Limit_for_many_viewers_behind_one_address_allows_for_random_variation(int level, int ids) =>
    BeaconSamplingPolicy.MaxPerNetwork(2_000, level).ShouldBe(ids);

    [Fact]
    public void Sample_size_limit_allows_random_variation_and_no_more()
    {
        foreach (var others in (int[])[0, 1, 10, 500, 8_000, 100_000])
        {
            for (var level = 1; level <= BeaconSampling.MaxLevel; level++)
            {
                var share = BeaconSampling.FractionOf(level);
                var most = BeaconSamplingPolicy.MaxByChance(others, share);
                most.ShouldBeGreaterThan(0);
                (most - Chance(others + most)).ShouldBeLessThanOrEqualTo(0);
                (most + 1 - Chance(others + most + 1)).ShouldBeGreaterThan(0);

                double Chance(int all) => (all * share) + (6 * Math.Sqrt(all * share)) + 1;
            }
        }

        BeaconSamplingPolicy.MaxByChance(8_000, 0.5).ShouldBeInRange(8_500, 9_200);
    }
}
