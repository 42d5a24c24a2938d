using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Packager.Recovery;
using Broadcast.Testing;

namespace Broadcast.Packager.Tests;

public sealed class RecoverySlotsTests
{
    private readonly RecoverySlots _slots = new(count: 4, reserved: 1);
    private readonly ConcurrentDictionary<string, TaskCompletionSource<bool>> _running = new();

    private IEnumerable<string> Running => _running.Keys.Order(StringComparer.Ordinal);

    [Fact]
    public async Task Viewers_cannot_take_the_slots_of_encoders()
    {
        Run(isForEncoder: false, "v1", "v2", "v3", "v4", "v5");
        await RunningAsync("v1", "v2", "v3");
        Run(isForEncoder: true, "e");
        await RunningAsync("e", "v1", "v2", "v3");

        End("v1");
        End("e");
        await RunningAsync("v2", "v3", "v4");
        End("v2");
        await RunningAsync("v3", "v4", "v5");
    }

    [Fact]
    public async Task Encoders_use_all_slots_and_come_before_viewers_that_wait_longer()
    {
        Run(isForEncoder: true, "e1", "e2", "e3", "e4");
        await RunningAsync("e1", "e2", "e3", "e4");
        Run(isForEncoder: false, "v");
        Run(isForEncoder: true, "late");
        End("e1");
        await RunningAsync("e2", "e3", "e4", "late");
        End("e2");
        await RunningAsync("e3", "e4", "late");
        End("e3");
        await RunningAsync("e4", "late", "v");
    }

    [Fact]
    public async Task Encoder_for_a_channel_that_viewers_requested_promotes_it()
    {
        Run(isForEncoder: false, "v1", "v2", "v3", "v4", "v5");
        await RunningAsync("v1", "v2", "v3");
        _slots.Promote(ChannelName.Parse("none"));
        _slots.Promote(ChannelName.Parse("v5"));
        await RunningAsync("v1", "v2", "v3", "v5");
    }

    [Fact]
    public async Task Canceled_wait_takes_no_slot()
    {
        using var stop = new CancellationTokenSource();
        Run(isForEncoder: true, "e1", "e2", "e3", "e4");
        await RunningAsync("e1", "e2", "e3", "e4");
        var canceled = _slots.RunAsync(ChannelName.Parse("gone"), isForEncoder: true, () => Task.FromResult(true), stop.Token);
        Run(isForEncoder: true, "next");
        await stop.CancelAsync();
        (await canceled).ShouldBeFalse();
        End("e1");
        await RunningAsync("e2", "e3", "e4", "next");
    }

    [Fact]
    public async Task Failed_recovery_frees_its_slot()
    {
        for (var i = 0; i < 5; i++)
        {
            await Should.ThrowAsync<IOException>(_slots.RunAsync(ChannelName.Parse("bad"), isForEncoder: true,
                () => throw new IOException(), CancellationToken.None));
        }
    }

    private void Run(bool isForEncoder, params string[] channels)
    {
        foreach (var channel in channels)
        {
            _ = _slots.RunAsync(ChannelName.Parse(channel), isForEncoder,
                () => (_running[channel] = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously)).Task,
                CancellationToken.None);
        }

    }

    private void End(string channel)
    {
        _running.TryRemove(channel, out var recovery).ShouldBeTrue();
        recovery!.SetResult(true);
    }

    private Task RunningAsync(params string[] channels) =>
        Poll.UntilAsync(() => Running.SequenceEqual(channels), description: string.Join(' ', channels));
}
