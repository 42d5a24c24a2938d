using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage.Spooling;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

public sealed class SpoolTests
{
    [Fact]
    public async Task Appended_bytes_are_in_the_file_and_read_from_memory_without_copying()
    {
        await using var bench = new SpoolHarness();
        byte[] header = [1, 2, 3], payload = [4, 5, 6, 7];
        var file = bench.Spool.Open(ObjectName.Parse("live/a/1.mp4"));
        file.Append([header, ReadOnlyMemory<byte>.Empty, payload]);
        file.Append([]);
        file.Length.ShouldBe(7);

        (await File.ReadAllBytesAsync(Path.Combine(bench.Folder, "live/a/1.mp4~open"))).ShouldBe([1, 2, 3, 4, 5, 6, 7]);
        await using var content = await bench.Spool.ReadAsync(file.Name, 1, 4, default);
        content!.Slices.ShouldNotBeNull();
        (content.Offset, content.Length, content.TotalLength).ShouldBe((1, 4, 7));
        content.Slices.Select(slice => slice.ToArray()).ShouldBe([[2, 3], [4, 5]]);
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(content.Slices[1], out var array).ShouldBeTrue();
        array.Array.ShouldBeSameAs(payload, "nothing is copied");
    }

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task Only_the_owner_can_open_the_lock_file_of_a_spool()
    {
        await using var bench = new SpoolHarness();
        File.GetUnixFileMode(Path.Combine(bench.Folder, ".lock")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task Sealed_file_is_uploaded_and_removed_from_disk()
    {
        await using var bench = new SpoolHarness().Run();
        var file = bench.Write("live/a/1", [1, 2], [3]);
        file.Seal();
        file.Seal();
        await bench.Until(() => bench.Spool.Status().Uploads == 1);
        await bench.Until(() => !bench.OnDisk("live/a/1"));

        bench.Spool.List("").ShouldBeEmpty();
        bench.Spool.Status().Bytes.ShouldBe(0);
        Directory.Exists(Path.Combine(bench.Folder, "live")).ShouldBeFalse("empty folders go too");
        (await bench.Flaky.Inner.FindAsync(file.Name, default))!.Length.ShouldBe(3);
        (await bench.Read("live/a/1")).ShouldBe([1, 2, 3]);
        Should.Throw<InvalidOperationException>(() => file.Append([new byte[1]]));
        Should.Throw<InvalidOperationException>(() => file.Truncate(0));
        Should.Throw<IOException>(() => bench.Spool.Open(file.Name)).Message.ShouldContain("never change");
    }

    [Fact]
    public async Task Bytes_are_read_from_memory_then_from_the_file_then_from_the_store()
    {
        var time = new ManualTimeProvider();
        await using var bench = new SpoolHarness(time: time);
        var file = bench.Write("a/1", [1, 2, 3]);
        time.Advance(TimeSpan.FromSeconds(20));
        file.Append([new byte[] { 4, 5 }]);
        time.Advance(TimeSpan.FromSeconds(11));

        // The first append is now older than 30 s, the second is not.
        (await Kind(bench, "a/1", 0)).ShouldBe("file");
        (await Kind(bench, "a/1", 3)).ShouldBe("memory");
        (await bench.Read("a/1", 1, 3)).ShouldBe([2, 3, 4]);
        time.Advance(TimeSpan.FromSeconds(30));
        (await Kind(bench, "a/1", 3)).ShouldBe("file");
        bench.Spool.MemoryBytes.ShouldBe(0);

        file.Seal();
        (await bench.Read("a/1")).ShouldBe([1, 2, 3, 4, 5]);
        bench.Run();
        await bench.Until(() => !bench.OnDisk("a/1"));
        (await bench.Read("a/1", 1, 3)).ShouldBe([2, 3, 4]);
        (await bench.Read("none")).ShouldBeNull();
    }

    [Fact]
    public async Task Read_once_works_from_every_location_and_evicts_nothing()
    {
        var time = new ManualTimeProvider();
        await using var bench = new SpoolHarness(time: time);
        var file = bench.Write("a/1", [1, 2, 3, 4, 5]);
        (await Once()).ShouldBe([2, 3, 4], "memory");
        time.Advance(TimeSpan.FromSeconds(31));
        (await Once()).ShouldBe([2, 3, 4], "an open file");
        file.Seal();
        (await Once()).ShouldBe([2, 3, 4], "a sealed file");
        bench.Run();
        await bench.Until(() => !bench.OnDisk("a/1"));
        (await Once()).ShouldBe([2, 3, 4], "the store");
        bench.Spool.ObjectCacheBytes.ShouldBe(0);
        await bench.Read("a/1", 1, 3);
        bench.Spool.ObjectCacheBytes.ShouldBe(5, "another reader's is kept whole");
        (await bench.Spool.ReadOnceAsync(ObjectName.Parse("none"), 0, null, default)).ShouldBeNull();
        bench.Spool.Delete([file.Name]);
        (await bench.Spool.ReadOnceAsync(file.Name, 1, 3, default)).ShouldBeNull();

        async Task<byte[]> Once()
        {
            await using var content = (await bench.Spool.ReadOnceAsync(file.Name, 1, 3, default)).ShouldNotBeNull();
            var bytes = new byte[content.Length];
            if (content.Stream is { } stream)
            {
                await stream.ReadExactlyAsync(bytes);
                return bytes;
            }

            return [.. content.Slices!.SelectMany(slice => slice.ToArray())];
        }
    }

    [Fact]
    public async Task Memory_has_one_budget_and_the_oldest_bytes_of_any_file_are_evicted_first()
    {
        await using var bench = new SpoolHarness(change: options => options.MemoryBytes = 100_000);
        var (old, recent) = (bench.Write("old"), bench.Write("young"));
        for (var i = 0; i < 4; i++)
        {
            old.Append([new byte[20_000]]);
        }

        for (var i = 0; i < 3; i++)
        {
            recent.Append([new byte[20_000]]);
        }

        bench.Spool.MemoryBytes.ShouldBeLessThanOrEqualTo(100_000);
        (await Kind(bench, "old", 0)).ShouldBe("file");
        (await Kind(bench, "old", 40_000)).ShouldBe("file");
        (await Kind(bench, "old", 60_000)).ShouldBe("memory");
        (await Kind(bench, "young", 0)).ShouldBe("memory");
        (await bench.Read("old"))!.Length.ShouldBe(80_000);
    }

    [Fact]
    public async Task Range_that_starts_at_or_past_the_end_is_empty()
    {
        await using var bench = new SpoolHarness();
        bench.Write("a", [1, 2, 3]);
        await using var content = await bench.Spool.ReadAsync(ObjectName.Parse("a"), 3, null, default);
        (content!.Offset, content.Length, content.TotalLength).ShouldBe((3, 0, 3));
        (await bench.Read("a", 100, 5)).ShouldBe([]);
    }

    [Fact]
    public async Task Upload_or_deletion_of_the_file_does_not_affect_an_active_reader()
    {
        await using var bench = new SpoolHarness(change: options => options.MemoryBytes = 0).Run();
        var bytes = new byte[500_000];
        Random.Shared.NextBytes(bytes);
        var file = bench.Write("r/1", bytes);
        await using var one = await bench.Spool.ReadAsync(file.Name, 0, null, default);
        file.Seal();
        await bench.Until(() => !bench.OnDisk("r/1"));
        (await SpoolHarness.ReadAll(one!)).ShouldBe(bytes);

        var other = bench.Write("r/2", bytes);
        await using var two = await bench.Spool.ReadAsync(other.Name, 0, null, default);
        bench.Spool.Delete([other.Name]);
        bench.OnDisk("r/2").ShouldBeFalse();
        (await SpoolHarness.ReadAll(two!)).ShouldBe(bytes);
    }

    [Fact]
    public async Task After_a_kill_open_files_continue_and_sealed_ones_are_uploaded()
    {
        await using var bench = new SpoolHarness();
        bench.Write("s/open", [1, 2], [3]);
        bench.Write("s/sealed", [7, 8]).Seal();
        bench.Restart();

        bench.Spool.List("s/").Select(found => (found.Name.Value, found.Length)).ShouldBe([("s/open", 3), ("s/sealed", 2)]);
        (bench.Spool.Status().OpenFiles, bench.Spool.Status().WaitingFiles, bench.Spool.Status().Bytes).ShouldBe((1, 1, 5));
        (await bench.Read("s/open")).ShouldBe([1, 2, 3]);
        (await bench.Read("s/sealed")).ShouldBe([7, 8]);

        bench.Run();
        await bench.Until(() => bench.Spool.Status().Uploads == 1);
        bench.OnDisk("s/open").ShouldBeTrue("what was not sealed is not uploaded");

        var file = bench.Spool.Open(ObjectName.Parse("s/open"));
        file.Length.ShouldBe(3);
        file.Truncate(2);
        file.Append([new byte[] { 9 }]);
        (await bench.Read("s/open")).ShouldBe([1, 2, 9]);
        (await bench.Read("s/open", 2)).ShouldBe([9]);
        file.Seal();
        await bench.Until(() => bench.Spool.Status().Uploads == 2);
        bench.Spool.Delete([]);
        (await bench.Flaky.Inner.FindAsync(file.Name, default))!.Length.ShouldBe(3);
    }

    [Fact]
    public async Task File_sealed_before_the_kill_can_still_be_truncated_during_the_recovery_time()
    {
        var time = new ManualTimeProvider();
        await using var bench = new SpoolHarness(time: time, change: options => options.RecoverySeconds = 10);
        bench.Write("a", [1, 2, 3]).Seal();
        bench.Restart();
        bench.Run();

        var file = bench.Spool.Open(ObjectName.Parse("a"));
        file.Truncate(1);
        time.Advance(TimeSpan.FromSeconds(60));
        file.Seal();
        await bench.Until(() => bench.Spool.Status().Uploads == 1);
        (await bench.Read("a")).ShouldBe([1]);
        (await bench.Flaky.Inner.FindAsync(file.Name, default))!.Length.ShouldBe(1);
    }

    [Fact]
    public async Task Upload_interrupted_by_a_kill_after_the_store_had_it_counts_as_done()
    {
        await using var bench = new SpoolHarness();
        bench.Write("a", [1, 2, 3]).Seal();
        await bench.Store.PutAsync(ObjectName.Parse("a"), new byte[] { 1, 2, 3 }, PutCondition.CreateOnly, default);
        bench.Restart();
        bench.Run();
        await bench.Until(() => !bench.OnDisk("a"));
        bench.Spool.Status().Failures.ShouldBe(0);
    }

    [Fact]
    public async Task Truncation_applies_to_memory_and_disk_and_validates_its_range()
    {
        await using var bench = new SpoolHarness();
        var file = bench.Write("t", [1, 2, 3], [4, 5, 6], [7]);
        Should.Throw<ArgumentOutOfRangeException>(() => file.Truncate(8));
        Should.Throw<ArgumentOutOfRangeException>(() => file.Truncate(-1));
        file.Truncate(5);
        (await bench.Read("t")).ShouldBe([1, 2, 3, 4, 5]);
        (await File.ReadAllBytesAsync(Path.Combine(bench.Folder, "t~open"))).ShouldBe([1, 2, 3, 4, 5]);
        bench.Spool.Status().Bytes.ShouldBe(5);
        file.Append([new byte[] { 8, 9 }]);
        (await bench.Read("t", 3)).ShouldBe([4, 5, 8, 9]);
        (await Kind(bench, "t", 3)).ShouldBe("memory");
        file.Truncate(0);
        (await bench.Read("t")).ShouldBe([]);
    }

    [Fact]
    public async Task One_file_has_one_writer()
    {
        await using var bench = new SpoolHarness();
        bench.Write("w", [1]);
        Should.Throw<IOException>(() => bench.Spool.Open(ObjectName.Parse("w"))).Message.ShouldContain("already open");
    }

    [Fact]
    public async Task Two_processes_cannot_share_a_spool()
    {
        await using var bench = new SpoolHarness();
        var refused = Should.Throw<IOException>(() =>
            new Spool(bench.Folder, bench.Store, bench.Options, bench.Time, bench.Log.For<Spool>()));
        refused.Message.ShouldContain(bench.Folder);
        refused.Message.ShouldContain("another server");
    }

    [Fact]
    public async Task Append_beyond_the_disk_limit_fails_and_succeeds_after_an_upload_frees_space()
    {
        await using var bench = new SpoolHarness(change: options => options.MaxBytes = 1 << 20);
        bench.Flaky.Fault = ObjectStoreErrorKind.Unreachable;
        bench.Run();
        var first = bench.Write("1", new byte[700_000]);
        first.Seal();
        var second = bench.Write("2", [1]);
        var refused = Should.Throw<IOException>(() => second.Append([new byte[400_000]]));
        refused.Message.ShouldContain(bench.Folder);
        refused.Message.ShouldContain("Spool:MaxBytes");
        second.Length.ShouldBe(1);
        second.Append([new byte[10]]);

        bench.Flaky.Fault = null;
        await bench.Until(() => bench.Spool.Status().WaitingFiles == 0);
        second.Append([new byte[400_000]]);
        (await bench.Read("2"))!.Length.ShouldBe(400_011);
    }

    [Fact]
    public async Task Channel_that_fills_the_spool_does_not_cost_the_others_their_media()
    {
        const int Limit = 1 << 20;
        await using var bench = new SpoolHarness(change: options => options.MaxBytes = Limit);
        var first = bench.Write("live/small/01/source/1.m4s", new byte[1000]);
        var large = 0;
        Should.Throw<IOException>(() =>
        {
            for (var i = 0; ; i++)
            {
                var file = bench.Write($"live/large/01/source/{i}.m4s", new byte[10_000]);
                large += 10_000;
                file.Seal();
            }
        }).Message.ShouldContain("large");
        large.ShouldBeInRange(Limit * 75 / 100, Limit * 80 / 100, "the share that is refused first");
        Should.Throw<IOException>(() => bench.Write("journal/large/01/00000001.log", new byte[10_000])).Message.ShouldContain("large");

        first.Append([new byte[100_000]]);
        bench.Write("journal/small/01/00000001.log", new byte[10_000]);
        bench.Write("live/another/01/source/1.m4s", new byte[50_000]);
        bench.Spool.Delete([.. Enumerable.Range(0, 40).Select(i => ObjectName.Parse($"live/large/01/source/{i}.m4s"))]);
        bench.Write("live/large/01/source/next.m4s", new byte[10_000]);
    }

    [Fact]
    public async Task Channels_of_equal_size_and_a_single_channel_use_the_whole_spool()
    {
        const int Limit = 1 << 20;
        await using var bench = new SpoolHarness(change: options => options.MaxBytes = Limit);
        for (var i = 0; i < 52; i++)
        {
            bench.Write($"live/a/01/source/{i}.m4s", new byte[10_000]);
            bench.Write($"live/b/01/source/{i}.m4s", new byte[10_000]);
        }

        await using var single = new SpoolHarness(change: options => options.MaxBytes = Limit);
        for (var i = 0; i < 104; i++)
        {
            single.Write($"live/a/01/source/{i}.m4s", new byte[10_000]);
        }
    }

    [Fact]
    public async Task Append_on_a_full_disk_is_rolled_back_and_succeeds_once_space_is_free()
    {
        using var disk = TinyDisk.Mount(megabytes: 1);
        if (disk is null)
        {
            return;
        }

        await using var bench = new SpoolHarness(folder: Directory.CreateDirectory(Path.Combine(disk.Path, "data")).FullName);
        var file = bench.Write("a/1", new byte[300_000]);
        var ballast = Path.Combine(disk.Path, "ballast");
        await File.WriteAllBytesAsync(ballast, new byte[500_000]);

        var refused = Should.Throw<IOException>(() => file.Append([new byte[200_000], new byte[200_000]]));
        refused.Message.ShouldContain(bench.Folder);
        refused.Message.ShouldContain("full");
        file.Length.ShouldBe(300_000);
        new FileInfo(Path.Combine(bench.Folder, "a/1~open")).Length.ShouldBe(300_000);
        bench.Spool.Status().Bytes.ShouldBe(300_000);

        File.Delete(ballast);
        file.Append([new byte[] { 1, 2, 3 }]);
        (await bench.Read("a/1", 300_000)).ShouldBe([1, 2, 3]);
        new FileInfo(Path.Combine(bench.Folder, "a/1~open")).Length.ShouldBe(300_003);
    }

    [Fact]
    public async Task Device_without_space_is_reported_as_a_full_disk()
    {
        // Works without root: the file left by an earlier process is a link to the device that is always full.
        await using var bench = new SpoolHarness();
        bench.Write("f");
        bench.Spool.Dispose();
        var path = Path.Combine(bench.Folder, "f~open");
        File.Delete(path);
        File.CreateSymbolicLink(path, "/dev/full");
        bench.Restart();
        var file = bench.Spool.Open(ObjectName.Parse("f"));
        var (length, bytes) = (file.Length, bench.Spool.Status().Bytes);
        Should.Throw<IOException>(() => file.Append([new byte[10]])).Message.ShouldContain("full");
        (file.Length, bench.Spool.Status().Bytes).ShouldBe((length, bytes));
        bench.Spool.MemoryBytes.ShouldBe(0);
    }

    private static async Task<string> Kind(SpoolHarness bench, string name, long offset)
    {
        await using var content = await bench.Spool.ReadAsync(ObjectName.Parse(name), offset, null, default);
        return content!.Slices is not null ? "memory" : "file";
    }
}
