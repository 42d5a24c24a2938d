using System.Runtime.ExceptionServices;
using Broadcast.Database;
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
    public async Task Next_pass_starts_after_the_delay_that_the_last_one_returned()
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
    public async Task Wake_starts_the_next_pass_at_once()
    {
        var running = RunAsync(_ => Task.FromResult(Pause));
        await WaitsAfterAsync(1);

        _loop.Wake();
        await WaitsAfterAsync(2);

        await StopAsync(running);
    }

    [Fact]
    public async Task Several_wakes_during_a_pass_cause_one_more_pass()
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
    public void Wake_of_a_pending_pass_throws_no_exception_inside()
    {
        var thrown = new List<Exception>();
        var thread = Environment.CurrentManagedThreadId;
        void Record(object? sender, FirstChanceExceptionEventArgs e)
        {
            if (Environment.CurrentManagedThreadId == thread)
            {
                thrown.Add(e.Exception);
            }
        }

        AppDomain.CurrentDomain.FirstChanceException += Record;
        _loop.Wake();
        _loop.Wake();
        _loop.Wake();
        AppDomain.CurrentDomain.FirstChanceException -= Record;

        thrown.ShouldBeEmpty("an exception costs more than the connection that causes the wake");
    }

    [Fact]
    public async Task Pass_without_delay_continues_at_once_and_keeps_a_pending_wake()
    {
        var running = RunAsync(round =>
        {
            if (round == 1)
            {
                _loop.Wake();
            }

            return Task.FromResult(round == 1 ? TimeSpan.Zero : Pause);
        });

        // The second run follows the first, and the third the notification.
        await WaitsAfterAsync(3);

        await StopAsync(running);
    }

    [Fact]
    public async Task Failed_pass_is_reported_and_retried_after_a_delay()
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
    public async Task Pass_failed_by_a_database_outage_is_retried_without_a_report()
    {
        var running = RunAsync(round => round == 1 ? throw new TimeoutException() : Task.FromResult(Pause));
        await WaitsAfterAsync(1);
        _failures.ShouldBeEmpty();

        _clock.Advance(Retry);
        await WaitsAfterAsync(2);

        await StopAsync(running);
    }

    [Fact]
    public async Task Loop_can_be_stopped_during_a_pass()
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
    public void Wake_after_dispose_has_no_effect()
    {
        _loop.Dispose();
        Should.NotThrow(_loop.Wake);
    }

    private int Rounds => Volatile.Read(ref _rounds);

    private Task RunAsync(Func<int, Task<TimeSpan>> round) =>
        _loop.RunAsync(_ => round(Interlocked.Increment(ref _rounds)), Retry, _failures.Add, _stop.Token);

    private Task WaitsAfterAsync(int rounds) => Poll.UntilAsync(() => Rounds == rounds && _clock.ArmedTimers == 1);

    private async Task StopAsync(Task running)
    {
        await _stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(20));
    }
}
