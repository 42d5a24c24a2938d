using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Ladder;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Encoders;

public class DegradationControllerTests
{
    private static readonly Rung[] Rungs = [new("720p", 1280, 720, false, 2_500_000), new("480p", 854, 480, false, 1_200_000)];
    private readonly DegradationController _pace = new();
    private TimeSpan _now;

    [Theory]
    [InlineData(0, 0, false, "720p 480p")]
    [InlineData(1, 1, false, "720p 480p")]
    [InlineData(2, 2, false, "720p 480p")]
    [InlineData(3, 2, true, "720p 480p")]
    [InlineData(4, 2, true, "480p")]
    [InlineData(5, 2, true, "")]
    public void Quality_is_reduced_first_then_frame_rate_then_rungs_starting_with_the_largest(int step, int speedLevel, bool isHalfRate,
        string names)
    {
        var profile = DegradationLadder.At(step, Rungs);
        (profile.SpeedLevel, profile.IsHalfRate, string.Join(' ', profile.Rungs.Select(r => r.Name))).ShouldBe(
            (speedLevel, isHalfRate, names));
        DegradationLadder.LastLevel(Rungs.Length).ShouldBe(5);
    }

    [Theory]
    [InlineData(3, "source 720p 480p")]
    [InlineData(4, "source 480p")]
    [InlineData(5, "source")]
    [InlineData(6, "")]
    public void Re_encoded_source_is_dropped_last(int step, string names)
    {
        Rung[] rungs = [new(SourceReencode.Name, 1920, 1080, false, 4_500_000), .. Rungs];
        string.Join(' ', DegradationLadder.At(step, rungs).Rungs.Select(r => r.Name)).ShouldBe(names);
        DegradationLadder.LastLevel(rungs.Length).ShouldBe(6);
    }

    [Fact]
    public void All_degradation_steps_can_be_taken_at_once()
    {
        _pace.Degrade(_now, DegradationLadder.LastLevel(Rungs.Length), isAll: true);
        _pace.Level.ShouldBe(5);
        Live(0, 31).ShouldBe(4);
    }

    [Fact]
    public void Short_stall_causes_no_degradation()
    {
        Live(0.5, 10).ShouldBe(0);
        Live(2, 1.5).ShouldBe(0);
        Live(0.5, 10).ShouldBe(0);
    }

    [Fact]
    public void Seconds_of_lag_cost_one_step_and_the_next_only_if_lag_remains()
    {
        Live(2, 2.5).ShouldBe(1);
        Live(2, 3).ShouldBe(1);
        Live(2, 4).ShouldBe(2);
        Live(0.3, 20).ShouldBe(2);
    }

    [Fact]
    public void Large_and_growing_lag_costs_steps_at_once()
    {
        _pace.Settle(_now);
        Falling(from: 1, by: 0.5, seconds: 2.4).ShouldBe(0);
        Falling(from: 2.25, by: 0.5, seconds: 1.1).ShouldBe(2);
    }

    [Theory]
    [InlineData(0.033, 1.6, 1.6)]
    [InlineData(0.1, 1.7, 1.0625)]
    [InlineData(0.1, 2.4, 1.5)]
    [InlineData(0.2, 4.8, 1.5)]
    public void Lag_threshold_is_higher_for_a_low_frame_rate_F17(double step, double behind, double weighed) =>
        DegradationController.NormalizeLag(TimeSpan.FromSeconds(behind), TimeSpan.FromSeconds(step)).TotalSeconds.ShouldBe(weighed, 0.01);

    [Fact]
    public void Large_but_stable_lag_costs_one_step() => Live(3, 1.1).ShouldBe(1);

    [Fact]
    public void Large_but_shrinking_lag_gets_time_to_settle()
    {
        _pace.Settle(_now);
        Falling(from: 3.5, by: -0.3, seconds: 5).ShouldBe(0);
    }

    [Fact]
    public void Degradation_never_exceeds_the_last_step() => Live(10, 300).ShouldBe(5);

    [Fact]
    public void Degradation_is_reverted_after_half_a_minute_without_lag()
    {
        Live(2, 2.5).ShouldBe(1);
        Live(0.3, 29).ShouldBe(1);
        Live(0.3, 10).ShouldBe(0);
    }

    [Fact]
    public void Next_recovery_is_delayed_after_a_failed_one()
    {
        Live(2, 2.5);
        Live(0.3, 40).ShouldBe(0);
        Live(2, 8).ShouldBe(1);
        Live(0.3, 50).ShouldBe(1);
        Live(0.3, 20).ShouldBe(0);
    }

    private int Falling(double from, double by, double seconds)
    {
        for (var end = _now + TimeSpan.FromSeconds(seconds); _now < end; _now += TimeSpan.FromMilliseconds(100), from += by / 10)
        {
            _pace.Evaluate(TimeSpan.FromSeconds(from), _now, DegradationLadder.LastLevel(Rungs.Length));
        }

        return _pace.Level;
    }

    private int Live(double behind, double seconds)
    {
        for (var end = _now + TimeSpan.FromSeconds(seconds); _now < end; _now += TimeSpan.FromMilliseconds(100))
        {
            _pace.Evaluate(TimeSpan.FromSeconds(behind), _now, DegradationLadder.LastLevel(Rungs.Length));
        }

        return _pace.Level;
    }
}
