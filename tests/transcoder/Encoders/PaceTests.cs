using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Ladder;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Encoders;

public class PaceTests
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
    public void Quality_goes_first_then_pictures_then_rungs_from_the_largest(int step, int haste, bool isHalfRate, string names)
    {
        var effort = DegradationLadder.At(step, Rungs);
        (effort.SpeedLevel, effort.IsHalfRate, string.Join(' ', effort.Rungs.Select(r => r.Name))).ShouldBe((haste, isHalfRate, names));
        DegradationLadder.LastLevel(Rungs.Length).ShouldBe(5);
    }

    [Theory]
    [InlineData(3, "source 720p 480p")]
    [InlineData(4, "source 480p")]
    [InlineData(5, "source")]
    [InlineData(6, "")]
    public void A_copy_of_the_source_is_the_last_that_goes(int step, string names)
    {
        Rung[] rungs = [new(SourceReencode.Name, 1920, 1080, false, 4_500_000), .. Rungs];
        string.Join(' ', DegradationLadder.At(step, rungs).Rungs.Select(r => r.Name)).ShouldBe(names);
        DegradationLadder.LastLevel(rungs.Length).ShouldBe(6);
    }

    [Fact]
    public void All_can_be_given_up_at_once()
    {
        _pace.Degrade(_now, DegradationLadder.LastLevel(Rungs.Length), isAll: true);
        _pace.Level.ShouldBe(5);
        Live(0, 31).ShouldBe(4);
    }

    [Fact]
    public void Nothing_is_given_up_for_a_hiccup()
    {
        Live(0.5, 10).ShouldBe(0);
        Live(2, 1.5).ShouldBe(0);
        Live(0.5, 10).ShouldBe(0);
    }

    [Fact]
    public void Being_late_for_seconds_costs_a_step_and_the_next_only_when_that_did_not_help()
    {
        Live(2, 2.5).ShouldBe(1);
        Live(2, 3).ShouldBe(1);
        Live(2, 4).ShouldBe(2);
        Live(0.3, 20).ShouldBe(2);
    }

    [Fact]
    public void Being_far_behind_and_falling_back_costs_steps_at_once()
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
    public void A_source_of_few_pictures_is_late_later_F17(double step, double behind, double weighed) =>
        DegradationController.NormalizeLag(TimeSpan.FromSeconds(behind), TimeSpan.FromSeconds(step)).TotalSeconds.ShouldBe(weighed, 0.01);

    [Fact]
    public void Being_far_behind_without_falling_back_costs_one_step() => Live(3, 1.1).ShouldBe(1);

    [Fact]
    public void Who_is_far_behind_and_catches_up_has_the_time_to_settle()
    {
        _pace.Settle(_now);
        Falling(from: 3.5, by: -0.3, seconds: 5).ShouldBe(0);
    }

    [Fact]
    public void It_never_goes_beyond_the_last_step() => Live(10, 300).ShouldBe(5);

    [Fact]
    public void What_was_given_up_is_taken_back_after_half_a_minute_of_calm()
    {
        Live(2, 2.5).ShouldBe(1);
        Live(0.3, 29).ShouldBe(1);
        Live(0.3, 10).ShouldBe(0);
    }

    [Fact]
    public void The_next_try_comes_later_when_taking_it_back_was_a_mistake()
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
