using Broadcast.Testing;
using Broadcast.Transcoder.Encoders;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Encoders;

/// <summary>Time of the next worker's start.</summary>
public sealed class RestartBackoffTests
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);
    private readonly ManualTimeProvider _clock = new();
    private readonly RestartBackoff _restarts;

    public RestartBackoffTests() => _restarts = new(_clock);

    [Fact]
    public void First_worker_may_start_at_once() => _restarts.MayStart.ShouldBeTrue();

    [Fact]
    public void Delay_doubles_with_each_consecutive_failure_up_to_ten_seconds()
    {
        double[] pauses = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10];
        foreach (var pause in pauses)
        {
            _restarts.RecordFailure(TimeSpan.FromSeconds(59));
            _restarts.Delay().ShouldBe(TimeSpan.FromSeconds(pause));
            _clock.Advance(TimeSpan.FromSeconds(pause) - Moment);
            _restarts.MayStart.ShouldBeFalse();
            _clock.Advance(Moment);
            _restarts.MayStart.ShouldBeTrue();
        }
    }

    [Fact]
    public void Delay_stays_at_its_maximum_for_any_number_of_failures()
    {
        for (var i = 0; i < 100; i++)
        {
            _restarts.RecordFailure(TimeSpan.Zero);
        }

        _restarts.Delay().ShouldBe(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void Long_lived_worker_resets_the_failure_count()
    {
        for (var i = 0; i < 5; i++)
        {
            _restarts.RecordFailure(TimeSpan.Zero);
        }

        _restarts.RecordFailure(TimeSpan.FromMinutes(1));

        _restarts.Failures.ShouldBe(1);
        _restarts.Delay().ShouldBe(TimeSpan.FromSeconds(0.1));
    }

    [Fact]
    public void Every_third_failure_causes_degradation_and_restarts_are_hopeless_from_the_third()
    {
        var said = new List<(bool Less, bool Hopeless)>();
        for (var i = 0; i < 6; i++)
        {
            _restarts.RecordFailure(TimeSpan.Zero);
            said.Add((_restarts.ShouldDegrade, _restarts.IsHopeless));
        }

        said.ShouldBe([(false, false), (false, false), (true, true), (false, true), (false, true), (true, true)]);
    }

    [Fact]
    public void Reset_shortens_the_delay_to_that_of_the_first_failure()
    {
        _restarts.Delay(TimeSpan.FromMinutes(10)).ShouldBe(TimeSpan.FromMinutes(10));
        _restarts.ResetDelay();
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        _restarts.MayStart.ShouldBeTrue();
    }

    [Fact]
    public void Constantly_changing_source_gets_two_starts_in_two_seconds()
    {
        _restarts.RecordSourceChange(_clock.GetTimestamp());
        _restarts.MayStart.ShouldBeTrue("the first change costs nothing");
        _clock.Advance(TimeSpan.FromSeconds(0.5));
        _restarts.RecordSourceChange(_clock.GetTimestamp());

        _restarts.MayStart.ShouldBeFalse();
        _clock.Advance(TimeSpan.FromSeconds(1.5));
        _restarts.MayStart.ShouldBeTrue();
    }

    [Fact]
    public void Source_change_does_not_shorten_a_delay()
    {
        _restarts.RecordSourceChange(_clock.GetTimestamp());
        _restarts.Delay(TimeSpan.FromSeconds(5));
        _restarts.RecordSourceChange(_clock.GetTimestamp());
        _clock.Advance(TimeSpan.FromSeconds(5) - Moment);
        _restarts.MayStart.ShouldBeFalse();
        _clock.Advance(Moment);
        _restarts.MayStart.ShouldBeTrue();
    }
}
