using Broadcast.Media.Caching;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Caching;

/// <summary>The cache that limits the size of its values. Loads finish when a test lets them, and the clock is advanced by hand.</summary>
public class ByteBudgetCacheTests
{
    private readonly ManualTimeProvider _time = new(DateTimeOffset.UnixEpoch);
    private readonly ByteBudgetCache<string, byte[]> _cache = new(100, bytes => bytes.Length);
    private int _loads;

    [Fact]
    public async Task Concurrent_requests_share_a_load_and_later_ones_use_its_value()
    {
        var gate = new TaskCompletionSource<byte[]?>();
        var requests = Enumerable.Range(0, 50).Select(_ => _cache.GetAsync("a", Later(gate), default)).ToList();
        requests.ShouldAllBe(request => !request.IsCompleted);
        gate.SetResult(new byte[10]);
        var values = await Task.WhenAll(requests);
        values.Distinct().ShouldHaveSingleItem();
        (await _cache.GetAsync("a", Never, default)).ShouldBeSameAs(values[0]);
        (_loads, _cache.Loads, _cache.Hits, _cache.Count, _cache.Bytes).ShouldBe((1, 1, 50, 1, 10));
    }

    [Fact]
    public async Task The_least_recently_used_values_are_evicted_first()
    {
        await LoadAsync("a", 40);
        await LoadAsync("b", 40);
        await _cache.GetAsync("a", Never, default);
        await LoadAsync("c", 40);
        (_cache.Bytes, _cache.Evictions).ShouldBe((80, 1));
        _cache.Peek("b").ShouldBeNull();
        _cache.Peek("a").ShouldNotBeNull();
        await LoadAsync("d", 100);
        (_cache.Bytes, _cache.Count, _cache.Evictions).ShouldBe((100, 1, 3));
    }

    [Fact]
    public async Task A_value_larger_than_the_budget_is_returned_and_evicts_nothing()
    {
        await LoadAsync("a", 40);
        (await LoadAsync("b", 101))!.Length.ShouldBe(101);
        (_cache.Bytes, _cache.Evictions).ShouldBe((40, 0));
        await LoadAsync("b", 101);
        _loads.ShouldBe(3);
    }

    [Fact]
    public async Task The_maximum_of_one_value_may_be_smaller_or_larger_than_the_budget()
    {
        var small = new ByteBudgetCache<string, byte[]>(100, bytes => bytes.Length) { MaxEntryBytes = 50 };
        await small.GetAsync("a", Bytes(51), default);
        small.Bytes.ShouldBe(0);
        await small.GetAsync("a", Bytes(50), default);
        small.Bytes.ShouldBe(50);

        var large = new ByteBudgetCache<string, byte[]>(100, bytes => bytes.Length) { MaxEntryBytes = long.MaxValue };
        await large.GetAsync("a", Bytes(10), default);
        await large.GetAsync("b", Bytes(1000), default);
        (large.Count, large.Bytes).ShouldBe((1, 1000));
        await large.GetAsync("c", Bytes(10), default);
        (large.Count, large.Bytes).ShouldBe((1, 10));
    }

    [Fact]
    public async Task A_failure_reaches_all_waiting_requests_and_is_not_cached()
    {
        var gate = new TaskCompletionSource<byte[]?>();
        var requests = Enumerable.Range(0, 5).Select(_ => _cache.GetAsync("a", Later(gate), default)).ToList();
        gate.SetException(new IOException("broken"));
        foreach (var request in requests)
        {
            (await Should.ThrowAsync<IOException>(() => request)).Message.ShouldBe("broken");
        }

        (await LoadAsync("a", 10)).ShouldNotBeNull();
        (_loads, _cache.Bytes).ShouldBe((2, 10));
    }

    [Fact]
    public async Task A_missing_value_is_not_cached()
    {
        (await _cache.GetAsync("a", Later(Done(null)), default)).ShouldBeNull();
        (await LoadAsync("a", 10)).ShouldNotBeNull();
        _loads.ShouldBe(2);
    }

    [Fact]
    public async Task A_canceled_request_cancels_neither_the_load_nor_the_others()
    {
        var gate = new TaskCompletionSource<byte[]?>();
        using var cancellation = new CancellationTokenSource();
        var canceled = _cache.GetAsync("a", Later(gate), cancellation.Token);
        var other = _cache.GetAsync("a", Later(gate), default);
        await cancellation.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => canceled);
        gate.SetResult(new byte[10]);
        (await other)!.Length.ShouldBe(10);
        (_loads, _cache.Bytes).ShouldBe((1, 10));
    }

    [Fact]
    public async Task A_value_whose_load_was_removed_is_not_cached()
    {
        var gate = new TaskCompletionSource<byte[]?>();
        var old = _cache.GetAsync("a", Later(gate), default);
        _cache.Remove("a");
        var next = await LoadAsync("a", 20);
        gate.SetResult(new byte[10]);
        (await old)!.Length.ShouldBe(10);
        _cache.Peek("a").ShouldBeSameAs(next);
        _cache.Remove("a");
        (_cache.Count, _cache.Bytes, _cache.Evictions).ShouldBe((0, 0, 0));
    }

    [Fact]
    public async Task A_value_is_loaded_again_after_its_lifetime()
    {
        var cache = new ByteBudgetCache<string, byte[]>(100, bytes => bytes.Length, _time)
        {
            LifetimeOf = bytes => bytes.Length < 50 ? TimeSpan.FromSeconds(2) : null,
        };
        var first = await cache.GetAsync("short", Bytes(10), default);
        await cache.GetAsync("long", Bytes(50), default);
        _time.Advance(TimeSpan.FromSeconds(1.9));
        (await cache.GetAsync("short", Never, default)).ShouldBeSameAs(first);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        cache.Peek("short").ShouldBeSameAs(first);
        (await cache.GetAsync("short", Bytes(10), default)).ShouldNotBeSameAs(first);
        await cache.GetAsync("long", Never, default);
        cache.Bytes.ShouldBe(60);
    }

    [Fact]
    public async Task A_higher_version_replaces_the_value_and_the_load_of_a_lower_one()
    {
        var (slow, gate) = (new TaskCompletionSource<byte[]?>(), new TaskCompletionSource<byte[]?>());
        _cache.TryGet("a", 1, null, Later(slow), out var first).ShouldBeTrue();
        _cache.TryGet("a", 2, null, Later(gate), out var second).ShouldBeTrue();
        _cache.TryGet("a", 1, null, Never, out var joined).ShouldBeTrue();
        joined.ShouldBeSameAs(second);
        gate.SetResult(new byte[20]);
        (await second)!.Length.ShouldBe(20);
        slow.SetResult(new byte[10]);
        (await first)!.Length.ShouldBe(10);
        _cache.Peek("a")!.Length.ShouldBe(20);
        _cache.TryGet("a", 3, null, Later(Done(new byte[30])), out var third).ShouldBeTrue();
        await third;
        (_cache.Bytes, _cache.Count, _cache.Evictions).ShouldBe((30, 1, 0));
    }

    [Fact]
    public async Task A_load_that_cannot_start_is_reported()
    {
        _cache.TryGet("a", 0, () => false, Never, out var value).ShouldBeFalse();
        (await value).ShouldBeNull();
        _cache.Loads.ShouldBe(0);
        await LoadAsync("a", 10);
        _cache.TryGet("a", 0, () => throw new InvalidOperationException(), Never, out value).ShouldBeTrue();
        (await value)!.Length.ShouldBe(10);
    }

    [Fact]
    public async Task The_size_stays_exact_and_within_the_budget_under_concurrent_use()
    {
        var random = new Random(7);
        var plan = Enumerable.Range(0, 4000)
            .Select(_ => (Key: $"{random.Next(20)}", Length: random.Next(1, 60), Remove: random.Next(10) == 0, Fail: random.Next(10) == 0))
            .ToList();
        await Parallel.ForEachAsync(plan, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (step, token) =>
        {
            if (step.Remove)
            {
                _cache.Remove(step.Key);
                return;
            }

            try
            {
                await _cache.GetAsync(step.Key, async () =>
                {
                    await Task.Yield();
                    return step.Fail ? throw new IOException() : new byte[step.Length];
                }, token);
            }
            catch (IOException)
            {
                // Some loads fail.
            }

            _cache.Bytes.ShouldBeLessThanOrEqualTo(160);
        });

        _cache.Bytes.ShouldBe(Enumerable.Range(0, 20).Sum(key => _cache.Peek($"{key}")?.Length ?? 0));
        _cache.Bytes.ShouldBeLessThanOrEqualTo(100);
    }

    [Fact]
    public async Task A_leased_value_is_not_evicted_and_counts_until_it_is_released()
    {
        var a = await LeaseAsync("a", 60);
        await LoadAsync("b", 40);
        await LoadAsync("c", 40);
        (_cache.Peek("a"), _cache.Peek("b")).ShouldBe((a.Value, null), "the older value is in use");

        _cache.Remove("a");
        _cache.Peek("a").ShouldBeNull();
        _cache.Bytes.ShouldBe(100);
        a.Release();
        _cache.Bytes.ShouldBe(40);
    }

    [Fact]
    public async Task Reservation_evicts_unused_values_and_fails_when_the_budget_is_in_use()
    {
        var a = await LeaseAsync("a", 60);
        await LoadAsync("b", 40);
        (await LeaseAsync("c", 40)).Release();
        (_cache.Peek("b"), _cache.Bytes).ShouldBe((null, 100));
        var d = await LeaseAsync("d", 50);
        d.Value.Length.ShouldBe(50);
        (_cache.Peek("d"), _cache.Bytes).ShouldBe((null, 60), "it is not counted, and nothing in use makes room");
        d.Release();
        a.Release();
        _cache.Bytes.ShouldBe(60);
        (await LeaseAsync("d", 50)).Release();
        (_cache.Count, _cache.Bytes).ShouldBe((1, 50));
    }

    [Fact]
    public async Task Reserved_size_counts_during_the_load_and_is_returned_after_a_failure()
    {
        var gate = new TaskCompletionSource<byte[]?>();
        var waiting = _cache.LeaseAsync("a", gate, (state, tryReserve) => tryReserve(70) ? state.Task : Never(), default).AsTask();
        var joined = _cache.GetAsync("a", Never, default);
        _cache.Bytes.ShouldBe(70);
        gate.SetException(new IOException("broken"));
        await Should.ThrowAsync<IOException>(() => waiting);
        await Should.ThrowAsync<IOException>(() => joined);
        (_cache.Bytes, _cache.Count).ShouldBe((0, 0));
    }

    [Fact]
    public async Task Values_of_matching_keys_are_removed_with_their_loads()
    {
        await LoadAsync("a1", 10);
        await LoadAsync("b1", 10);
        var gate = new TaskCompletionSource<byte[]?>();
        var loading = _cache.GetAsync("a2", Later(gate), default);
        _cache.RemoveAll(key => key[0] == 'a');
        gate.SetResult(new byte[10]);
        (await loading)!.Length.ShouldBe(10);
        (_cache.Count, _cache.Bytes, _cache.Peek("b1")?.Length).ShouldBe((1, 10, 10));
    }

    [Fact]
    public async Task Leases_and_reservations_never_exceed_the_budget_under_concurrent_use()
    {
        var random = new Random(11);
        var plan = Enumerable.Range(0, 4000).Select(_ => (Key: $"{random.Next(20)}", Length: random.Next(1, 60), Kind: random.Next(10)))
            .ToList();
        await Parallel.ForEachAsync(plan, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (step, token) =>
        {
            if (step.Kind == 0)
            {
                _cache.Remove(step.Key);
                return;
            }

            using var canceled = new CancellationTokenSource();
            var leasing = _cache.LeaseAsync(step.Key, step, async (planned, tryReserve) =>
            {
                await Task.Yield();
                _ = tryReserve(planned.Length);
                await Task.Yield();
                return planned.Kind == 1 ? throw new IOException("broken") : new byte[planned.Length];
            }, canceled.Token);
            if (step.Kind == 2)
            {
                await canceled.CancelAsync();
            }

            try
            {
                var lease = (await leasing).ShouldNotBeNull();
                _cache.Bytes.ShouldBeLessThanOrEqualTo(100);
                await Task.Yield();
                lease.Release();
            }
            catch (Exception failure) when (failure is IOException or OperationCanceledException)
            {
                // As planned for this request, or for the one that it joined.
            }
        });

        await Poll.UntilAsync(() => _cache.Bytes == Enumerable.Range(0, 20).Sum(key => _cache.Peek($"{key}")?.Length ?? 0));
    }

    private static TaskCompletionSource<byte[]?> Done(byte[]? value)
    {
        var done = new TaskCompletionSource<byte[]?>();
        done.SetResult(value);
        return done;
    }

    private static Func<Task<byte[]?>> Bytes(int length) => () => Task.FromResult<byte[]?>(new byte[length]);

    private static Task<byte[]?> Never() => throw new InvalidOperationException("The value must be cached.");

    private Func<Task<byte[]?>> Later(TaskCompletionSource<byte[]?> gate) => () =>
    {
        Interlocked.Increment(ref _loads);
        return gate.Task;
    };

    private Task<byte[]?> LoadAsync(string key, int length) => _cache.GetAsync(key, Later(Done(new byte[length])), default);

    private async Task<CacheLease<byte[]>> LeaseAsync(string key, int length) => (await _cache.LeaseAsync(key, length,
        (size, tryReserve) =>
        {
            _ = tryReserve(size);
            return Task.FromResult<byte[]?>(new byte[size]);
        },
        default)).ShouldNotBeNull();
}
