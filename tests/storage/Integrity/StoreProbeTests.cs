using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage.Integrity;
using Broadcast.Storage.Objects;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests.Integrity;

public sealed class StoreProbeTests
{
    [Fact]
    public async Task Working_store_passes_every_step_and_is_left_unchanged()
    {
        var store = new MemoryObjectStore(TimeProvider.System);

        var steps = await StoreProbe.RunAsync(store, TimeProvider.System, default);

        steps.Select(s => (s.Name, s.Error)).ShouldBe([("write", null), ("keep", null), ("read", null), ("list", null), ("delete", null)]);
        steps.ShouldAllBe(s => s.Duration >= TimeSpan.Zero);
        (await store.ListAsync("", default).ToListAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Error_of_a_failing_store_is_reported_and_later_steps_are_skipped()
    {
        var steps = await StoreProbe.RunAsync(new FullStore(), TimeProvider.System, default);

        var step = steps.ShouldHaveSingleItem();
        (step.Name, step.Error).ShouldBe(("write", "The disk is full: make room."));
    }

    [Fact]
    public async Task Store_that_overwrites_existing_objects_fails_the_conditional_write_step()
    {
        var store = new MemoryObjectStore(TimeProvider.System);

        var steps = await StoreProbe.RunAsync(new OverwritingStore(store), TimeProvider.System, default);

        steps.Select(s => s.Name).ShouldBe(["write", "keep"]);
        steps[^1].Error!.ShouldContain("conditional writes");
        (await store.ListAsync("", default).ToListAsync()).ShouldBeEmpty("what was tried is removed");
    }

    [Fact]
    public async Task Store_that_accepts_simultaneous_conditional_writes_fails_the_conditional_write_step()
    {
        var store = new MemoryObjectStore(TimeProvider.System);

        var steps = await StoreProbe.RunAsync(new RacingStore(store), TimeProvider.System, default);

        steps.Select(s => s.Name).ShouldBe(["write", "keep"]);
        steps[^1].Error!.ShouldStartWith("The store accepts 2 of 4 simultaneous writes of one object despite If-None-Match");
        (await store.ListAsync("", default).ToListAsync()).ShouldBeEmpty("what was tried is removed");
    }

    [Fact]
    public async Task Cancelled_probe_throws_OperationCanceledException()
    {
        using var given = new CancellationTokenSource();
        await given.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(
            StoreProbe.RunAsync(new MemoryObjectStore(TimeProvider.System), TimeProvider.System, given.Token));
    }

    private sealed class FullStore() : DelegatingStore(new MemoryObjectStore(TimeProvider.System))
    {
        public override Task<bool> PutAsync(ObjectName name, ReadOnlyMemory<byte> bytes, PutCondition condition,
            CancellationToken cancellationToken) =>
            throw new ObjectStoreException(ObjectStoreErrorKind.Full, "The disk is full: make room.");
    }

    /// <summary>Checks the condition before it writes, and not in one step: two writes of a new object pass.</summary>
    private sealed class RacingStore(IObjectStore inner) : DelegatingStore(inner)
    {
        private readonly System.Collections.Concurrent.ConcurrentDictionary<ObjectName, int> _writes = new();

        public override async Task<bool> PutAsync(ObjectName name, ReadOnlyMemory<byte> bytes, PutCondition condition,
            CancellationToken cancellationToken)
        {
            var isLate = _writes.AddOrUpdate(name, 1, (_, writes) => writes + 1) == 2
                && name.Value.EndsWith("contested", StringComparison.Ordinal);
            return await base.PutAsync(name, bytes, isLate ? PutCondition.Replace : condition, cancellationToken);
        }
    }

    private sealed class OverwritingStore(IObjectStore inner) : DelegatingStore(inner)
    {
        public override Task<bool> PutAsync(ObjectName name, ReadOnlyMemory<byte> bytes, PutCondition condition,
            CancellationToken cancellationToken) => base.PutAsync(name, bytes, PutCondition.Replace, cancellationToken);
    }
}
