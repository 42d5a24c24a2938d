using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage.Spooling;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

/// <summary>Objects that are read once from disk or store, and cached for later reads.</summary>
public sealed class ObjectCacheTests
{
    private static readonly ObjectName Name = ObjectName.Parse("live/a/1.m4s");
    private readonly ObjectCache _hot = new(400);
    private readonly byte[] _bytes = [.. Enumerable.Range(0, 100).Select(i => (byte)i)];
    private int _opened;

    [Fact]
    public async Task Concurrent_requests_share_one_read_and_the_next_needs_none()
    {
        var gate = new TaskCompletionSource();
        var asked = Enumerable.Range(0, 50).Select(i => _hot.ReadAsync(Name, i, 10, OpenLater, default).AsTask()).ToList();
        asked.ShouldAllBe(task => !task.IsCompleted);
        gate.SetResult();

        for (var i = 0; i < 50; i++)
        {
            await using var content = await asked[i];
            content!.Slices!.Single().ToArray().ShouldBe(_bytes[i..(i + 10)]);
            (content.Offset, content.Length, content.TotalLength).ShouldBe((i, 10, 100));
        }

        (await ReadAsync(Name, 90, null)).ShouldBe(_bytes[90..]);
        (_opened, _hot.Used).ShouldBe((1, 100));

        async ValueTask<SpoolContent?> OpenLater(long offset, long? length, CancellationToken cancellationToken)
        {
            await gate.Task;
            return await Open(offset, length, cancellationToken);
        }
    }

    [Fact]
    public async Task Least_recently_requested_objects_are_evicted_first_and_the_budget_is_never_exceeded()
    {
        for (var i = 0; i < 4; i++)
        {
            await ReadAsync(Numbered(i));
        }

        await ReadAsync(Numbered(0));
        await ReadAsync(Numbered(4));
        (_opened, _hot.Used).ShouldBe((5, 400));
        await ReadAsync(Numbered(0));
        _opened.ShouldBe(5);
        await ReadAsync(Numbered(1));
        _opened.ShouldBe(6);
    }

    [Fact]
    public async Task Object_larger_than_a_quarter_of_the_budget_is_streamed_without_caching()
    {
        var hot = new ObjectCache(396);
        await using var content = await hot.ReadAsync(Name, 20, 5, Open, default);
        content!.Stream.ShouldNotBeNull();
        (content.Offset, content.Length).ShouldBe((20, 5));
        hot.Used.ShouldBe(0);
    }

    [Fact]
    public async Task Without_a_budget_every_request_reads_separately()
    {
        var hot = new ObjectCache(0);
        await using var first = await hot.ReadAsync(Name, 0, null, Open, default);
        await using var second = await hot.ReadAsync(Name, 0, null, Open, default);
        (first!.Stream is not null, _opened).ShouldBe((true, 2));
    }

    [Fact]
    public async Task Failed_read_fails_all_waiting_requests_and_is_retried_by_the_next()
    {
        await Should.ThrowAsync<IOException>(async () =>
            await _hot.ReadAsync(Name, 0, null, (_, _, _) => throw new IOException("disk on fire"), default));
        (await _hot.ReadAsync(Name, 0, null, (_, _, _) => new((SpoolContent?)null), default)).ShouldBeNull();
        (await ReadAsync(Name)).ShouldBe(_bytes);
        _hot.Used.ShouldBe(100);
    }

    [Fact]
    public async Task Object_deleted_while_it_is_read_is_not_cached()
    {
        var gate = new TaskCompletionSource();
        var asked = _hot.ReadAsync(Name, 0, null, async (offset, length, cancellationToken) =>
        {
            await gate.Task;
            return await Open(offset, length, cancellationToken);
        }, default);
        _hot.RemoveAll("live/a/");
        gate.SetResult();
        await using (await asked)
        {
            _hot.Used.ShouldBe(100, "whoever asked has it in hand");
        }

        _hot.Used.ShouldBe(0);

        await ReadAsync(Name);
        _hot.Used.ShouldBe(100);
        _hot.Remove(Name);
        _hot.Used.ShouldBe(0);
    }

    [Fact]
    public async Task Cancelled_request_does_not_stop_the_read_for_the_others()
    {
        using var gone = new CancellationTokenSource();
        var gate = new TaskCompletionSource();
        OpenRange later = async (offset, length, cancellationToken) =>
        {
            await gate.Task;
            return await Open(offset, length, cancellationToken);
        };
        var first = _hot.ReadAsync(Name, 0, null, later, gone.Token).AsTask();
        var second = _hot.ReadAsync(Name, 0, null, later, default).AsTask();
        await gone.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => first);
        gate.SetResult();

        await using (var content = await second)
        {
            content!.Length.ShouldBe(100);
        }

        _opened.ShouldBe(1);
        _hot.Remove(Name);
        _hot.Used.ShouldBe(0, "who stopped waiting has nothing in hand");
    }

    [Fact]
    public async Task Objects_in_use_count_until_the_last_reader_releases_them_and_block_further_caching()
    {
        var slow = new List<SpoolContent>();
        for (var i = 0; i < 4; i++)
        {
            slow.Add((await _hot.ReadAsync(Numbered(i), 0, 10, Open, default))!);
        }

        var again = await _hot.ReadAsync(Numbered(0), 50, null, Open, default);
        _opened.ShouldBe(4);
        await using (var through = await _hot.ReadAsync(Numbered(4), 20, 5, Open, default))
        {
            (through!.Stream is not null, through.Offset, through.Length).ShouldBe((true, 20, 5), "nothing that is in hand makes room");
        }

        _hot.Used.ShouldBe(400);
        await slow[0].DisposeAsync();
        await slow[0].DisposeAsync();
        (await IsKeptAsync(4)).ShouldBeFalse("one reader is left");
        await again!.DisposeAsync();
        (await IsKeptAsync(4)).ShouldBeTrue();
        _hot.Used.ShouldBe(400);

        foreach (var content in slow)
        {
            content.Slices!.Single().ToArray().ShouldBe(_bytes[..10]);
            await content.DisposeAsync();
        }

        _hot.Used.ShouldBe(400, "they are kept for whoever asks next");
    }

    [Fact]
    public async Task Deleted_object_in_use_counts_until_its_reader_releases_it()
    {
        var content = await _hot.ReadAsync(Name, 0, null, Open, default);
        _hot.Remove(Name);
        _hot.Used.ShouldBe(100);
        await using (await _hot.ReadAsync(Name, 0, null, Open, default))
        {
            (_opened, _hot.Used).ShouldBe((2, 200));
        }

        await content!.DisposeAsync();
        _hot.Used.ShouldBe(100);
    }

    [Fact]
    public async Task Object_read_into_memory_again_during_its_deletion_is_not_cached()
    {
        await ReadAsync(Name);
        Task<byte[]>? raced = null;
        _hot.Remove(Name, () =>
        {
            _hot.Remove(Name);      // as after an eviction
            raced = ReadAsync(Name);
        });
        (await raced!).ShouldBe(_bytes, "the file was still there");
        _hot.Used.ShouldBe(0);
        (await _hot.ReadAsync(Name, 0, null, (_, _, _) => new((SpoolContent?)null), default)).ShouldBeNull(
            "memory must not know what is gone");
    }

    [Fact]
    public async Task Spool_reads_a_sealed_file_or_stored_object_once_and_a_deleted_one_never()
    {
        await using var bench = new SpoolHarness(change: options => options.MemoryBytes = 0);
        bench.Write("live/a/1", [1, 2], [3]).Seal();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => bench.Read("live/a/1")));
        await using (var content = await bench.Spool.ReadAsync(ObjectName.Parse("live/a/1"), 1, null, default))
        {
            content!.Slices!.Single().ToArray().ShouldBe([2, 3]);
        }

        bench.Spool.ObjectCacheBytes.ShouldBe(3);
        bench.Spool.Open(ObjectName.Parse("live/a/1")).Append([new byte[] { 4 }]);
        (await bench.Read("live/a/1")).ShouldBe([1, 2, 3, 4], "a file that is opened again grows");
        bench.Spool.ObjectCacheBytes.ShouldBe(0);

        await bench.Flaky.PutAsync(ObjectName.Parse("live/a/2"), new byte[] { 7, 8 }, PutCondition.CreateOnly, default);
        (await bench.Read("live/a/2")).ShouldBe([7, 8]);
        bench.Flaky.Fault = ObjectStoreErrorKind.Unreachable;
        (await bench.Read("live/a/2")).ShouldBe([7, 8], "the store is not asked again");
        bench.Spool.DeleteAll("live/");
        (await bench.Read("live/a/2")).ShouldBeNull();
        bench.Spool.ObjectCacheBytes.ShouldBe(0);
    }

    private async Task<bool> IsKeptAsync(int number)
    {
        await using var content = await _hot.ReadAsync(Numbered(number), 0, null, Open, default);
        return content!.Stream is null;
    }

    private static ObjectName Numbered(int number) => ObjectName.Parse($"live/a/{number}.m4s");

    private ValueTask<SpoolContent?> Open(long offset, long? length, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _opened);
        var count = (int)Math.Min(length ?? long.MaxValue, _bytes.Length - offset);
        return new(new SpoolContent(new MemoryStream(_bytes, (int)offset, count), offset, count, _bytes.Length));
    }

    private async Task<byte[]> ReadAsync(ObjectName name, long offset = 0, long? length = null)
    {
        await using var content = await _hot.ReadAsync(name, offset, length, Open, default);
        return [.. content!.Slices!.SelectMany(slice => slice.ToArray())];
    }
}
