using Broadcast.Origin.Live;
using Broadcast.Testing;

namespace Broadcast.Origin.Tests;

public class SharedWaitsTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task Signal_completes_the_wait()
    {
        var waits = new SharedWaits(_time);
        var wait = waits.UntilAsync(_news.Task, waits.After(TimeSpan.FromSeconds(3)));
        wait.IsCompleted.ShouldBeFalse();
        _news.SetResult();

        (await wait).ShouldBeTrue();
        (waits.Count, _time.ArmedTimers).ShouldBe((0, 0));
        (await waits.UntilAsync(_news.Task, 0)).ShouldBeTrue();
    }

    [Fact]
    public async Task Deadline_completes_the_wait_and_never_early()
    {
        var waits = new SharedWaits(_time);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        var wait = waits.UntilAsync(_news.Task, waits.After(TimeSpan.FromSeconds(3)));
        _time.Advance(TimeSpan.FromSeconds(3));
        wait.IsCompleted.ShouldBeFalse();
        _time.Advance(SharedWaits.Granularity);

        (await wait).ShouldBeFalse();
        (waits.Count, _time.ArmedTimers).ShouldBe((0, 0));
    }

    [Fact]
    public async Task Passed_deadline_completes_the_wait_immediately()
    {
        var waits = new SharedWaits(_time);
        var deadline = waits.After(TimeSpan.Zero);
        _time.Advance(SharedWaits.Granularity);

        (await waits.UntilAsync(_news.Task, deadline)).ShouldBeFalse();
    }

    [Fact]
    public void Ten_thousand_waits_for_the_same_signal_share_one_timer()
    {
        var waits = new SharedWaits(_time);
        var tasks = Enumerable.Range(0, 10_000).Select(_ => waits.UntilAsync(_news.Task, waits.After(TimeSpan.FromSeconds(3)))).Distinct();

        _ = tasks.ShouldHaveSingleItem();
        (waits.Count, _time.ArmedTimers).ShouldBe((1, 1));
    }

    [Fact]
    public async Task Different_signals_and_different_deadlines_are_separate_waits()
    {
        var (waits, other) = (new SharedWaits(_time), new TaskCompletionSource());
        var (soon, late) = (waits.After(TimeSpan.FromSeconds(1)), waits.After(TimeSpan.FromSeconds(2)));
        var (first, second, third) = (waits.UntilAsync(_news.Task, soon), waits.UntilAsync(_news.Task, late),
            waits.UntilAsync(other.Task, late));
        _time.Advance(TimeSpan.FromSeconds(1.1));
        (await first).ShouldBeFalse();
        second.IsCompleted.ShouldBeFalse();
        _news.SetResult();

        (await second).ShouldBeTrue();
        third.IsCompleted.ShouldBeFalse();
        waits.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Release_ends_all_current_and_future_waits()
    {
        var waits = new SharedWaits(_time);
        var wait = waits.UntilAsync(_news.Task, waits.After(TimeSpan.FromSeconds(3)));
        waits.Release();

        (await wait).ShouldBeFalse();
        (await waits.UntilAsync(new TaskCompletionSource().Task, waits.After(TimeSpan.FromSeconds(3)))).ShouldBeFalse();
        (waits.Count, _time.ArmedTimers).ShouldBe((0, 0));
    }
}
