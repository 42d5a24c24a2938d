using System.Net;
using Broadcast.Control.Lookups;
using Broadcast.Database;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class LookupSlotsTests
{
    private static readonly IPAddress Guesser = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Viewer = IPAddress.Parse("192.0.2.2");
    private static readonly IPAddress Third = IPAddress.Parse("192.0.2.3");

    [Fact]
    public async Task Client_that_looks_up_many_ids_leaves_slots_for_others()
    {
        var slots = new LookupSlots();
        var guesses = Enumerable.Range(0, 40).Select(_ => slots.TryAcquireAsync(Guesser, default).AsTask()).ToList();

        var answers = await Task.WhenAll(guesses.Where(g => g.IsCompleted));
        answers.Count(isGranted => isGranted).ShouldBe(LookupSlots.MaxPerClient);
        answers.Count(isGranted => !isGranted)
            .ShouldBe(40 - LookupSlots.MaxPerClient - LookupSlots.MaxWaitingPerClient, "the rest is rejected at once");
        slots.Waiting.ShouldBe(LookupSlots.MaxWaitingPerClient);
        (await slots.TryAcquireAsync(Viewer, default)).ShouldBeTrue();
    }

    [Fact]
    public async Task Freed_slot_goes_to_the_client_with_the_fewest()
    {
        var slots = new LookupSlots();
        for (var i = 0; i < LookupSlots.MaxPerClient; i++)
        {
            (await slots.TryAcquireAsync(Guesser, default)).ShouldBeTrue();
            (await slots.TryAcquireAsync(Viewer, default)).ShouldBeTrue();
        }

        var first = slots.TryAcquireAsync(Guesser, default).AsTask();
        var later = slots.TryAcquireAsync(Third, default).AsTask();
        (first.IsCompleted, later.IsCompleted).ShouldBe((false, false));

        slots.Release(Guesser);
        (await later).ShouldBeTrue();
        first.IsCompleted.ShouldBeFalse();
        slots.Running.ShouldBe(LookupSlots.MaxRunning);

        slots.Release(Guesser);
        (await first).ShouldBeTrue();
    }

    [Fact]
    public async Task Canceled_wait_takes_no_slot()
    {
        var slots = new LookupSlots();
        for (var i = 0; i < LookupSlots.MaxPerClient; i++)
        {
            await slots.TryAcquireAsync(Guesser, default);
        }

        using var cancellation = new CancellationTokenSource();
        var waiting = slots.TryAcquireAsync(Guesser, cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(waiting);

        slots.Waiting.ShouldBe(0);
        for (var i = 0; i < LookupSlots.MaxPerClient; i++)
        {
            slots.Release(Guesser);
        }

        slots.Running.ShouldBe(0);
        (await slots.TryAcquireAsync(Guesser, default)).ShouldBeTrue();
    }

    [Fact]
    public async Task Waiting_lookups_of_all_clients_are_limited()
    {
        var slots = new LookupSlots();
        var lookups = Enumerable.Range(0, 250)
            .Select(i => slots.TryAcquireAsync(new IPAddress([10, 0, 0, (byte)i]), default).AsTask()).ToList();

        slots.Running.ShouldBe(LookupSlots.MaxRunning);
        slots.Waiting.ShouldBe(LookupSlots.MaxWaiting);
        (await Task.WhenAll(lookups.Where(l => l.IsCompleted))).Count(isGranted => !isGranted)
            .ShouldBe(250 - LookupSlots.MaxRunning - LookupSlots.MaxWaiting);
    }

    [Fact]
    public void Expiring_set_is_bounded_and_forgets_the_oldest_first()
    {
        var clock = new ManualTimeProvider();
        var set = new ExpiringSet(clock, TimeSpan.FromSeconds(5));
        for (var i = 0; i <= ExpiringSet.MaxCount; i++)
        {
            set.Add($"{i}");
            clock.Advance(TimeSpan.FromTicks(1));
        }

        set.Count.ShouldBeLessThanOrEqualTo(ExpiringSet.MaxCount);
        (set.Contains("0"), set.Contains($"{ExpiringSet.MaxCount}")).ShouldBe((false, true));
        clock.Advance(TimeSpan.FromSeconds(5));
        set.Contains($"{ExpiringSet.MaxCount}").ShouldBeFalse();
    }
}
