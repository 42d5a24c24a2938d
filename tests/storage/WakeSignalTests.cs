using Broadcast.Storage.Spooling;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

public sealed class WakeSignalTests
{
    [Fact]
    public async Task Wait_lasts_at_least_as_long_as_its_timeout()
    {
        var time = new ManualTimeProvider();
        var signal = new WakeSignal(time);

        var wait = signal.WaitAsync(signal.Next, TimeSpan.FromMilliseconds(10.5), default);
        time.Advance(TimeSpan.FromMilliseconds(10.4));
        time.ArmedTimers.ShouldBe(1);
        time.Advance(TimeSpan.FromMilliseconds(1));
        await wait;

        var shortWait = signal.WaitAsync(signal.Next, TimeSpan.FromMilliseconds(0.4), default);
        shortWait.IsCompleted.ShouldBeFalse("a loop would repeat it without a pause");
        time.Advance(TimeSpan.FromMilliseconds(1));
        await shortWait;
    }

    [Fact]
    public async Task Signal_ends_a_wait_and_the_next_wait_needs_another_signal()
    {
        var time = new ManualTimeProvider();
        var signal = new WakeSignal(time);
        var first = signal.Next;
        signal.Set();

        await signal.WaitAsync(first, TimeSpan.FromHours(1), default);
        signal.WaitAsync(signal.Next, TimeSpan.FromHours(1), default).IsCompleted.ShouldBeFalse();
        time.ArmedTimers.ShouldBe(1, "the first wait has stopped its timer");
    }
}
