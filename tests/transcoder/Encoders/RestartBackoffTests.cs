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
    private readonly RestartBackoff _backoff;

    public RestartBackoffTests() => _backoff = new(_clock);

    [Fact]
    public void First_worker_may_start_at_once() => _backoff.MayStart.ShouldBeTrue();

    [Fact]
    public void Delay_doubles_with_each_consecutive_failure_up_to_ten_seconds()
    {
        double[] pauses = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10];
        foreach (var pause in pauses)
        {
            _backoff.RecordFailure(TimeSpan.FromSeconds(59));
            _backoff.Delay().ShouldBe(TimeSpan.FromSeconds(pause));
            _clock.Advance(TimeSpan.FromSeconds(pause) - Moment);
            _backoff.MayStart.ShouldBeFalse();
            _clock.Advance(Moment);
            _backoff.MayStart.ShouldBeTrue();
        }
    }

    [Fact]
    public void Delay_stays_at_its_maximum_for_any_number_of_failures()
    {
        for (var i = 0; i < 100; i++)
        {
            _backoff.RecordFailure(TimeSpan.Zero);
        }

        _backoff.Delay().ShouldBe(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void Long_lived_worker_resets_the_failure_count()
    {
        for (var i = 0; i < 5; i++)
        {
            _backoff.RecordFailure(TimeSpan.Zero);
        }

        _backoff.RecordFailure(TimeSpan.FromMinutes(1));

        _backoff.Failures.ShouldBe(1);
        _backoff.Delay().ShouldBe(TimeSpan.FromSeconds(0.1));
    }

    [Fact]
    public void Every_third_failure_causes_degradation_and_backoff_are_hopeless_from_the_third()
    {
        var said = new List<(bool Less, bool Hopeless)>();
        for (var i = 0; i < 6; i++)
        {
            _backoff.RecordFailure(TimeSpan.Zero);
            said.Add((_backoff.ShouldDegrade, _backoff.IsHopeless));
        }

        said.ShouldBe([(false, false), (false, false), (true, true), (false, true), (false, true), (true, true)]);
    }

    [Fact]
    public void Reset_shortens_the_delay_to_that_of_the_first_failure()
    {
        _backoff.Delay(TimeSpan.FromMinutes(10)).ShouldBe(TimeSpan.FromMinutes(10));
        _backoff.ResetDelay();
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        _backoff.MayStart.ShouldBeTrue();
    }

    [Fact]
    public void Constantly_changing_source_gets_two_starts_in_two_seconds()
    {
        _backoff.RecordSourceChange(_clock.GetTimestamp());
        _backoff.MayStart.ShouldBeTrue("the first change costs nothing");
        _clock.Advance(TimeSpan.FromSeconds(0.5));
        _backoff.RecordSourceChange(_clock.GetTimestamp());

        _backoff.MayStart.ShouldBeFalse();
        _clock.Advance(TimeSpan.FromSeconds(1.5));
        _backoff.MayStart.ShouldBeTrue();
    }

    [Fact]
    public void Source_change_does_not_shorten_a_delay()
    {
        _backoff.RecordSourceChange(_clock.GetTimestamp());
        _backoff.Delay(TimeSpan.FromSeconds(5));
        _backoff.RecordSourceChange(_clock.GetTimestamp());
        _clock.Advance(TimeSpan.FromSeconds(5) - Moment);
        _backoff.MayStart.ShouldBeFalse();
        _clock.Advance(Moment);
        _backoff.MayStart.ShouldBeTrue();
    }
}
