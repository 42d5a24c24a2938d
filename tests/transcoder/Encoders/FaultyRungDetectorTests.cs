using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Ladder;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Encoders;

/// <summary>Rungs that are dropped after worker crashes.</summary>
public sealed class FaultyRungDetectorTests
{
    private static readonly IReadOnlyList<Rung> All = [Rung("720p"), Rung("480p"), Rung("360p")];
    private readonly FaultyRungDetector _detector = new(failuresBeforeSuspicion: 3);
    private TimeSpan _now;

    [Theory]
    [InlineData("720p", 3)]
    [InlineData("480p", 4)]
    [InlineData("360p", 5)]
    public void Rung_that_crashes_workers_is_found_by_omitting_each_rung_in_sequence(string bad, int deaths)
    {
        DieOf(bad).ShouldBe(deaths);
        _detector.OmittedRung.ShouldBe(bad);
        Live(FaultyRungDetector.ProvenRunTime).ShouldBeFalse();
        _detector.Filter(All).Select(r => r.Name).ShouldBe(All.Select(r => r.Name).Where(n => n != bad));
    }

    [Fact]
    public void Faulty_rung_is_retried_later_and_another_crash_doubles_its_exclusion()
    {
        DieOf("480p");
        for (var rest = FaultyRungDetector.FirstExclusion; rest < FaultyRungDetector.MaxExclusion; rest *= 2)
        {
            Live(FaultyRungDetector.ProvenRunTime).ShouldBeFalse();
            var left = rest - TimeSpan.FromSeconds(1) - (rest == FaultyRungDetector.FirstExclusion ? TimeSpan.Zero
                : FaultyRungDetector.ProvenRunTime);
            Live(left).ShouldBeFalse();
            Live(TimeSpan.FromSeconds(1)).ShouldBeTrue();
            _detector.Filter(All).ShouldBe(All);
            _detector.RecordFailure(TimeSpan.FromSeconds(1), All, _now).ShouldBeTrue();
            _detector.OmittedRung.ShouldBe("480p");
        }
    }

    [Fact]
    public void Rung_that_survives_its_retry_is_kept()
    {
        DieOf("720p");
        Live(FaultyRungDetector.ProvenRunTime);
        Live(FaultyRungDetector.FirstExclusion).ShouldBeTrue();
        Live(FaultyRungDetector.ProvenRunTime).ShouldBeFalse();
        _detector.OmittedRung.ShouldBeNull();

        // A new series: a single crash is no reason.
        _detector.RecordFailure(TimeSpan.FromSeconds(1), All, _now).ShouldBeFalse();
    }

    [Fact]
    public void No_rung_is_omitted_without_a_single_cause_until_a_worker_has_survived()
    {
        var answers = Enumerable.Range(0, 12).Select(_ => _detector.RecordFailure(TimeSpan.Zero, All, _now)).ToList();
        answers.ShouldBe([false, false, true, true, true, .. Enumerable.Repeat(false, 7)]);
        _detector.Filter(All).ShouldBe(All);

        Live(FaultyRungDetector.ProvenRunTime);
        DieOf("360p").ShouldBe(5);
    }

    [Fact]
    public void Crash_of_a_long_lived_worker_is_not_attributed_to_a_rung()
    {
        for (var i = 0; i < 5; i++)
        {
            _detector.RecordFailure(FaultyRungDetector.ProvenRunTime, All, _now).ShouldBeFalse();
        }
    }

    [Fact]
    public void Re_encoded_source_and_a_single_rung_are_never_omitted()
    {
        IReadOnlyList<Rung> copied = [Rung(SourceReencode.Name), Rung("360p")];
        var alone = new FaultyRungDetector(failuresBeforeSuspicion: 3);
        for (var i = 0; i < 10; i++)
        {
            alone.RecordFailure(TimeSpan.Zero, [copied[1]], _now).ShouldBeFalse();
            _detector.RecordFailure(TimeSpan.Zero, copied, _now);
            _detector.Filter(copied)[0].ShouldBe(copied[0]);
        }
    }

    [Fact]
    public void Source_change_clears_the_detector()
    {
        DieOf("720p");
        _detector.Reset();
        _detector.Filter(All).ShouldBe(All);
        _detector.RecordFailure(TimeSpan.Zero, All, _now).ShouldBeFalse();
    }

    /// <summary>Simulates workers that crash on a rung immediately until it is dropped.</summary>
    /// <returns>Number of crashes.</returns>
    private int DieOf(string bad)
    {
        var deaths = 0;
        while (_detector.Filter(All).Any(r => r.Name == bad))
        {
            deaths++;
            _detector.RecordFailure(TimeSpan.Zero, All, _now);
        }

        return deaths;
    }

    private bool Live(TimeSpan time)
    {
        _now += time;
        return _detector.RecordRunning(FaultyRungDetector.ProvenRunTime, _now);
    }

    private static Rung Rung(string name) => new(name, 16, 16, IsHalfRate: false, 100_000);
}
