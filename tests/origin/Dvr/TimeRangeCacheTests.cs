using System.Net;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Dvr;
using Broadcast.Testing;
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
    public async Task Long_playlist_takes_several_slots_but_never_more_than_half_of_them()
    {
        var all = Ask("all", later: true, segments: TimeRangeCache.SegmentsPerSlot * 100L);
        _shelf.UsedSlots.ShouldBe(2);
        var two = Ask("two", later: true, segments: TimeRangeCache.SegmentsPerSlot);
        _shelf.UsedSlots.ShouldBe(4);
        TryAsk("source", out _).ShouldBeFalse();
        _gate.SetResult();
        await Task.WhenAll(all, two);
        _shelf.UsedSlots.ShouldBe(0);
    }

    [Fact]
    public async Task Client_takes_at_most_half_of_the_slots_and_leaves_the_others_to_other_clients()
    {
        var one = IPAddress.Parse("192.0.2.1");
        var taken = new[] { Ask("a", later: true, client: one), Ask("b", later: true, client: one) };
        TryAsk("c", out _, client: one).ShouldBeFalse();
        TryAsk("a", out var shared, client: one).ShouldBeTrue("what is being rendered takes no further slot");
        var other = Ask("c", later: true, client: IPAddress.Parse("192.0.2.2"));
        _gate.SetResult();
        await Task.WhenAll([.. taken, shared, other]);
        (await Ask("d", client: one)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Time_ranges_recordings_and_the_bucket_have_slots_of_their_own()
    {
        var taken = Enumerable.Range(0, 4).Select(i => Ask($"rung{i}", later: true)).ToList();
        TryAsk("source", out _).ShouldBeFalse();
        (await Ask("vod", purpose: RenderPurpose.Vod)).ShouldNotBeNull();
        (await Ask("bucket", purpose: RenderPurpose.Bucket)).ShouldNotBeNull();
        _gate.SetResult();
        await Task.WhenAll(taken);
    }

    [Fact]
    public async Task Rendering_is_canceled_when_its_last_request_is_and_the_next_request_starts_another()
    {
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var canceled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var rendering = new[] { Hang(first.Token), Hang(second.Token) };
        // A rendering that is canceled before it starts never starts.
        await started.Task;
        await first.CancelAsync();
        await rendering[0].ShouldThrowAsync<OperationCanceledException>();
        (canceled.Task.IsCompleted, _shelf.UsedSlots).ShouldBe((false, 1), "one request still waits");
        await second.CancelAsync();
        await rendering[1].ShouldThrowAsync<OperationCanceledException>();
        await canceled.Task;
        (await Ask("source")).ShouldNotBeNull();
        await Poll.UntilAsync(() => _shelf.UsedSlots == 0);

        Task<Document?> Hang(CancellationToken aborted)
        {
            _shelf.TryGet(new RangeKey(FakePackager.First, "source", Noon), 1, 0, new RenderRequest(RenderPurpose.Dvr, null, aborted),
                async abandoned =>
                {
                    started.TrySetResult();
                    try
                    {
                        await Task.Delay(Timeout.Infinite, abandoned);
                    }
                    finally
                    {
                        canceled.TrySetResult();
                    }

                    return null;
                }, out var document).ShouldBeTrue();
            return document;
        }
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
        _shelf.TryGet(new RangeKey(FakePackager.First, "source", Noon), 1, 0, default, _ => throw new IOException("disk on fire"),
            out var failing)
            .ShouldBeTrue();
        await failing.ShouldThrowAsync<IOException>();
        _shelf.TryGet(new RangeKey(FakePackager.First, "source", Noon), 1, 0, default, _ => Task.FromResult<Document?>(null),
            out var nothing)
            .ShouldBeTrue();
        (await nothing).ShouldBeNull();
        (await Ask("source")).ShouldNotBeNull();
        _shelf.UsedSlots.ShouldBe(0);
    }

    private Task<Document?> Ask(string list, long version = 1, long segments = 0, bool later = false, int bytes = 100,
        IPAddress? client = null, RenderPurpose purpose = RenderPurpose.Dvr)
    {
        TryAsk(list, out var document, version, segments, later ? _gate.Task : Task.CompletedTask, bytes, client, purpose).ShouldBeTrue();
        return document;
    }

    private bool TryAsk(string list, out Task<Document?> document, long version = 1, long segments = 0, Task? until = null,
        int bytes = 100, IPAddress? client = null, RenderPurpose purpose = RenderPurpose.Dvr) =>
        _shelf.TryGet(new RangeKey(FakePackager.First, list, Noon), version, segments,
            new RenderRequest(purpose, client, CancellationToken.None), async _ =>
            {
                await (until ?? Task.CompletedTask);
                Interlocked.Increment(ref _rendered);
                return new Document(new byte[bytes], ContentTypes.Hls);
            }, out document);
}
