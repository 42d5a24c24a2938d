using Broadcast.Origin.Delivery;
using Broadcast.Origin.Dvr;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Tests.Dvr;

/// <summary>Manifests of time ranges are rendered in turn, once for concurrent requests, and cached under a limit.</summary>
public class TimeRangeCacheTests
{
    private static readonly TimeRange Noon = new(FakePackager.Start, FakePackager.Start.AddMinutes(1));
    private readonly TimeRangeCache _shelf = new(Options.Create(new OriginOptions { MaxConcurrentRenders = 4, RangeCacheBytes = 100_000 }));
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _rendered;

    [Fact]
    public async Task Concurrent_requests_for_one_playlist_share_one_rendering_and_slot_and_then_the_cache()
    {
        var asked = Enumerable.Range(0, 50).Select(_ => Ask("source", later: true)).ToList();
        _shelf.UsedSlots.ShouldBe(1);
        _gate.SetResult();
        var document = (await Task.WhenAll(asked)).Distinct().ShouldHaveSingleItem().ShouldNotBeNull();
        (await Ask("source")).ShouldBeSameAs(document);
        (_rendered, _shelf.UsedSlots).ShouldBe((1, 0));
    }

    [Fact]
    public async Task Newer_version_is_rendered_again_and_replaces_an_older_one()
    {
        var first = await Ask("source", version: 1);
        var second = await Ask("source", version: 2);
        second.ShouldNotBeSameAs(first);
        (await Ask("source", version: 1)).ShouldBeSameAs(second);
        _rendered.ShouldBe(2);
    }

    [Fact]
    public async Task Request_without_a_free_slot_is_rejected_at_once_and_succeeds_later()
    {
        var asked = Enumerable.Range(0, 4).Select(i => Ask($"rung{i}", later: true)).ToList();
        TryAsk("source", out _).ShouldBeFalse();
        var shared = Ask("rung0", later: true);
        _gate.SetResult();
        await Task.WhenAll([.. asked, shared]);
        (await Ask("source")).ShouldNotBeNull();
        _rendered.ShouldBe(5);
    }

    [Fact]
    public async Task Long_playlist_takes_several_slots_and_an_oversized_one_takes_all()
    {
        var two = Ask("two", later: true, segments: TimeRangeCache.SegmentsPerSlot);
        _shelf.UsedSlots.ShouldBe(2);
        TryAsk("all", out _, segments: TimeRangeCache.SegmentsPerSlot * 100L).ShouldBeFalse();
        _gate.SetResult();
        await two;
        var gate = new TaskCompletionSource();
        TryAsk("all", out var all, segments: TimeRangeCache.SegmentsPerSlot * 100L, until: gate.Task).ShouldBeTrue();
        TryAsk("source", out _).ShouldBeFalse();
        gate.SetResult();
        await all;
        _shelf.UsedSlots.ShouldBe(0);
    }

    [Fact]
    public async Task Cache_is_limited_in_bytes_and_evicts_the_least_recently_used_entry()
    {
        for (var i = 0; i < 3; i++)
        {
            await Ask($"rung{i}", bytes: 20_000);
        }

        var bytes = _shelf.Bytes;
        bytes.ShouldBeInRange(60_000, 100_000);
        await Ask("rung0");
        await Ask("rung3", bytes: 20_000);
        _shelf.Bytes.ShouldBe(bytes);
        _rendered.ShouldBe(4);
        await Ask("rung0");
        await Ask("rung3");
        _rendered.ShouldBe(4, "they are still there");
        await Ask("rung1", bytes: 20_000);
        _rendered.ShouldBe(5);
        await Ask("long", bytes: 50_000);
        await Ask("long", bytes: 50_000);
        _rendered.ShouldBe(7, "one over half of the limit would push out everything else");
        _shelf.Bytes.ShouldBe(bytes);
    }

    [Fact]
    public async Task Failed_rendering_fails_all_waiting_requests_and_an_empty_result_is_not_cached()
    {
        _shelf.TryGet(new RangeKey(FakePackager.First, "source", Noon), 1, 0, () => throw new IOException("disk on fire"), out var failing)
            .ShouldBeTrue();
        await failing.ShouldThrowAsync<IOException>();
        _shelf.TryGet(new RangeKey(FakePackager.First, "source", Noon), 1, 0, () => Task.FromResult<Document?>(null), out var nothing)
            .ShouldBeTrue();
        (await nothing).ShouldBeNull();
        (await Ask("source")).ShouldNotBeNull();
        _shelf.UsedSlots.ShouldBe(0);
    }

    private Task<Document?> Ask(string list, long version = 1, long segments = 0, bool later = false, int bytes = 100)
    {
        TryAsk(list, out var document, version, segments, later ? _gate.Task : Task.CompletedTask, bytes).ShouldBeTrue();
        return document;
    }

    private bool TryAsk(string list, out Task<Document?> document, long version = 1, long segments = 0, Task? until = null,
        int bytes = 100) =>
        _shelf.TryGet(new RangeKey(FakePackager.First, list, Noon), version, segments, async () =>
        {
            await (until ?? Task.CompletedTask);
            Interlocked.Increment(ref _rendered);
            return new Document(new byte[bytes], ContentTypes.Hls);
        }, out document);
}
