using Broadcast.Control.Database;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class WorkLoopTests : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private readonly ManualTimeProvider _clock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Exception> _failures = [];
    private readonly WorkLoop _loop;
    private int _rounds;

    public WorkLoopTests() => _loop = new(_clock);

    public void Dispose()
    {
        _loop.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task A_round_follows_when_the_time_is_over_that_the_one_before_named()
    {
        var running = RunAsync(_ => Task.FromResult(Pause));
        await WaitsAfterAsync(1);

        _clock.Advance(Pause - TimeSpan.FromMilliseconds(1));
        Rounds.ShouldBe(1);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await WaitsAfterAsync(2);

        await StopAsync(running);
    }

    [Fact]
    public async Task A_round_follows_at_once_when_it_is_woken()
    {
        var running = RunAsync(_ => Task.FromResult(Pause));
        await WaitsAfterAsync(1);

        _loop.Wake();
        await WaitsAfterAsync(2);

        await StopAsync(running);
    }

    [Fact]
    public async Task However_often_it_is_woken_during_a_round_one_more_follows()
    {
        var running = RunAsync(round =>
        {
            if (round == 1)
            {
                _loop.Wake();
                _loop.Wake();
                _loop.Wake();
            }

            return Task.FromResult(Pause);
        });

        await WaitsAfterAsync(2);

        await StopAsync(running);
    }

    [Fact]
    public async Task One_that_names_no_time_goes_on_at_once_and_forgets_no_word()
    {
        var running = RunAsync(round =>
        {
            if (round == 1)
            {
                _loop.Wake();
            }

            return Task.FromResult(round == 1 ? TimeSpan.Zero : Pause);
        });

        // The second follows the first, and the third the word.
        await WaitsAfterAsync(3);

        await StopAsync(running);
    }

    [Fact]
    public async Task A_round_that_fails_is_told_and_done_again_after_a_while()
    {
        var running = RunAsync(round => round == 1 ? throw new InvalidOperationException("no") : Task.FromResult(Pause));
        await WaitsAfterAsync(1);
        _failures.ShouldHaveSingleItem().Message.ShouldBe("no");

        _clock.Advance(Retry);
        await WaitsAfterAsync(2);
        _failures.Count.ShouldBe(1);

        await StopAsync(running);
    }

    [Fact]
    public async Task That_the_database_is_away_is_told_by_others_and_it_is_done_again()
    {
        var running = RunAsync(round => round == 1 ? throw new TimeoutException() : Task.FromResult(Pause));
        await WaitsAfterAsync(1);
        _failures.ShouldBeEmpty();

        _clock.Advance(Retry);
        await WaitsAfterAsync(2);

        await StopAsync(running);
    }

    [Fact]
    public async Task It_stops_in_the_middle_of_a_round()
    {
        var running = _loop.RunAsync(
            async token =>
            {
                Interlocked.Increment(ref _rounds);
                await Task.Delay(Timeout.Infinite, token);
                return Pause;
            },
            Retry, _failures.Add, _stop.Token);

        await StopAsync(running);

        (Rounds, _failures.Count).ShouldBe((1, 0));
    }

    [Fact]
    public void Who_wakes_it_when_it_is_gone_does_no_harm()
    {
        _loop.Dispose();
        Should.NotThrow(_loop.Wake);
    }

    private int Rounds => Volatile.Read(ref _rounds);

    private Task RunAsync(Func<int, Task<TimeSpan>> round) => _loop.RunAsync(_ => round(Interlocked.Increment(ref _rounds)), Retry, _failures.Add, _stop.Token);

    private Task WaitsAfterAsync(int rounds) => Poll.UntilAsync(() => Rounds == rounds && _clock.ArmedTimers == 1);

    private async Task StopAsync(Task running)
    {
        await _stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(20));
    }
}
