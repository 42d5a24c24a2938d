using Broadcast.Origin.Delivery;
using Broadcast.Origin.Dvr;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Tests.Rewinding;

/// <summary>Lists of ranges are drawn in turns, once for however many ask, and kept under a limit.</summary>
public class RangeShelfTests
{
    private static readonly TimeRange Noon = new(Broadcaster.Start, Broadcaster.Start.AddMinutes(1));
    private readonly TimeRangeCache _shelf = new(Options.Create(new OriginOptions { MaxRangeDrawings = 4, RangeMemory = 100_000 }));
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _drawn;

    [Fact]
    public async Task Many_who_ask_for_one_list_cost_one_drawing_and_one_turn_and_the_next_none()
    {
        var asked = Enumerable.Range(0, 50).Select(_ => Ask("source", later: true)).ToList();
        _shelf.UsedSlots.ShouldBe(1);
        _gate.SetResult();
        var document = (await Task.WhenAll(asked)).Distinct().ShouldHaveSingleItem().ShouldNotBeNull();
        (await Ask("source")).ShouldBeSameAs(document);
        (_drawn, _shelf.UsedSlots).ShouldBe((1, 0));
    }

    [Fact]
    public async Task A_newer_version_is_drawn_anew_and_an_older_one_is_not_asked_for_any_more()
    {
        var first = await Ask("source", version: 1);
        var second = await Ask("source", version: 2);
        second.ShouldNotBeSameAs(first);
        (await Ask("source", version: 1)).ShouldBeSameAs(second);
        _drawn.ShouldBe(2);
    }

    [Fact]
    public async Task Whoever_finds_no_turn_is_told_so_at_once_and_has_one_when_another_is_done()
    {
        var asked = Enumerable.Range(0, 4).Select(i => Ask($"rung{i}", later: true)).ToList();
        TryAsk("source", out _).ShouldBeFalse();
        var shared = Ask("rung0", later: true);
        _gate.SetResult();
        await Task.WhenAll([.. asked, shared]);
        (await Ask("source")).ShouldNotBeNull();
        _drawn.ShouldBe(5);
    }

    [Fact]
    public async Task A_long_list_takes_several_turns_and_one_that_needs_more_than_there_are_has_them_all()
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
    public async Task What_is_kept_has_a_limit_of_bytes_and_what_was_asked_for_longest_ago_goes_first()
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
        _drawn.ShouldBe(4);
        await Ask("rung0");
        await Ask("rung3");
        _drawn.ShouldBe(4, "they are still there");
        await Ask("rung1", bytes: 20_000);
        _drawn.ShouldBe(5);
        await Ask("long", bytes: 50_000);
        await Ask("long", bytes: 50_000);
        _drawn.ShouldBe(7, "one over half of the limit would push out everything else");
        _shelf.Bytes.ShouldBe(bytes);
    }

    [Fact]
    public async Task A_drawing_that_fails_is_told_to_all_who_wait_and_what_is_nothing_is_not_kept()
    {
        _shelf.TryGet(new RangeKey(Broadcaster.First, "source", Noon), 1, 0, () => throw new IOException("disk on fire"), out var failing).ShouldBeTrue();
        await failing.ShouldThrowAsync<IOException>();
        _shelf.TryGet(new RangeKey(Broadcaster.First, "source", Noon), 1, 0, () => Task.FromResult<Document?>(null), out var nothing).ShouldBeTrue();
        (await nothing).ShouldBeNull();
        (await Ask("source")).ShouldNotBeNull();
        _shelf.UsedSlots.ShouldBe(0);
    }

    private Task<Document?> Ask(string list, long version = 1, long segments = 0, bool later = false, int bytes = 100)
    {
        TryAsk(list, out var document, version, segments, later ? _gate.Task : Task.CompletedTask, bytes).ShouldBeTrue();
        return document;
    }

    private bool TryAsk(string list, out Task<Document?> document, long version = 1, long segments = 0, Task? until = null, int bytes = 100) =>
        _shelf.TryGet(new RangeKey(Broadcaster.First, list, Noon), version, segments, async () =>
        {
            await (until ?? Task.CompletedTask);
            Interlocked.Increment(ref _drawn);
            return new Document(new byte[bytes], ContentTypes.Hls);
        }, out document);
}
