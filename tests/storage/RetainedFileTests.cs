using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage.Integrity;
using Broadcast.Storage.Spooling;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

public sealed class RetainedFileTests
{
    [Fact]
    public async Task Uploaded_file_is_read_from_disk_during_a_store_outage_and_after_a_kill()
    {
        await using var bench = Bench();
        await UpAsync(bench, "live/a/1", [1, 2, 3]);
        (bench.Spool.RetainedBytes, bench.Spool.DiskBytes).ShouldBe((3, 0));

        bench.Flaky.Fault = ObjectStoreErrorKind.Unreachable;
        (await bench.Read("live/a/1")).ShouldBe([1, 2, 3]);
        bench.Restart();
        (bench.Spool.RetainedBytes, bench.Spool.DiskBytes).ShouldBe((3, 0));
        (await bench.Read("live/a/1", 1, 1)).ShouldBe([2]);
        bench.Spool.Status().WaitingFiles.ShouldBe(0, "it does not go up again");
        bench.Spool.List("").ShouldBeEmpty("the store has it");
        SnapshotOf(bench).Files.ShouldBeEmpty("whoever looks from outside finds it in the store");
        Should.Throw<IOException>(() => bench.Spool.Open(ObjectName.Parse("live/a/1"))).Message.ShouldContain("never change");
    }

    [Fact]
    public async Task Expired_retained_file_is_removed_from_disk_and_then_read_from_the_store()
    {
        var time = new ManualTimeProvider();
        await using var bench = Bench(time);
        await UpAsync(bench, "live/a/1", [1, 2, 3]);
        time.Advance(TimeSpan.FromSeconds(100));
        IsKept(bench, "live/a/1").ShouldBeTrue();
        time.Advance(TimeSpan.FromSeconds(21));
        IsKept(bench, "live/a/1").ShouldBeFalse();
        bench.Spool.RetainedBytes.ShouldBe(0);
        Directory.Exists(Path.Combine(bench.Folder, "live")).ShouldBeFalse("empty folders go too");
        (await bench.Read("live/a/1")).ShouldBe([1, 2, 3]);
    }

    [Theory]
    [InlineData("source/init-1.mp4")]
    [InlineData("chapters/1-33-0123abcd.chapters")]
    public async Task Init_segments_and_lists_of_index_blocks_are_retained_at_any_age_because_playback_and_recovery_need_them(string name)
    {
        var init = $"live/a/01JN8E0000000000000000000A/{name}";
        var time = new ManualTimeProvider();
        await using var bench = Bench(time);
        await UpAsync(bench, init, [1, 2, 3]);
        time.Advance(TimeSpan.FromHours(5));
        bench.Restart();
        time.Advance(TimeSpan.FromHours(5));
        bench.Flaky.Fault = ObjectStoreErrorKind.Unreachable;
        (await bench.Read(init)).ShouldBe([1, 2, 3]);
        bench.Spool.DeleteAll("live/a/");
        IsKept(bench, init).ShouldBeFalse();
    }

    [Fact]
    public async Task File_uploaded_late_is_not_retained()
    {
        var time = new ManualTimeProvider();
        await using var bench = Bench(time);
        bench.Flaky.Hold();
        bench.Write("live/a/1", [1, 2, 3]).Seal();
        await bench.Until(() => bench.Flaky.PutCalls == 1);
        time.Advance(TimeSpan.FromSeconds(130));
        bench.Flaky.Release();
        await bench.Until(() => bench.Spool.Status().Uploads == 1);
        Directory.GetFiles(bench.Folder, "1*", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    [Fact]
    public async Task Retained_bytes_are_limited_and_the_oldest_files_are_removed_first()
    {
        var time = new ManualTimeProvider();
        await using var bench = Bench(time, options => options.RetainBytes = 250);
        for (var i = 1; i <= 3; i++)
        {
            await UpAsync(bench, $"live/a/{i}", new byte[100], isStaying: i < 3);
        }

        await bench.Until(() => !IsKept(bench, "live/a/1"));
        (IsKept(bench, "live/a/2"), IsKept(bench, "live/a/3"), bench.Spool.RetainedBytes).ShouldBe((true, true, 200));
        bench.Write("live/a/4", new byte[251]).Seal();
        await bench.Until(() => bench.Spool.Status().Uploads == 4);
        (IsKept(bench, "live/a/2"), IsKept(bench, "live/a/3"), IsKept(bench, "live/a/4")).ShouldBe((true, true, false),
            "one that is too large is not worth the others");
    }

    [Fact]
    public async Task Retained_files_are_removed_for_files_not_yet_uploaded_when_the_limit_is_reached()
    {
        await using var bench = Bench(change: options => options.MaxBytes = 1 << 20);
        for (var i = 1; i <= 4; i++)
        {
            await UpAsync(bench, $"live/a/{i}", new byte[250_000]);
        }

        bench.Flaky.Fault = ObjectStoreErrorKind.Unreachable;
        var growing = bench.Write("live/a/5", new byte[300_000]);
        (bench.Spool.DiskBytes, bench.Spool.RetainedBytes).ShouldBe((300_000, 500_000));
        (IsKept(bench, "live/a/2"), IsKept(bench, "live/a/3")).ShouldBe((false, true));
        growing.Append([new byte[700_000]]);
        (bench.Spool.DiskBytes, bench.Spool.RetainedBytes).ShouldBe((1_000_000, 0));
        Should.Throw<IOException>(() => growing.Append([new byte[100_000]])).Message.ShouldContain("Spool:MaxBytes");
    }

    [Fact]
    public async Task Deleted_retained_file_is_removed_from_disk_immediately()
    {
        await using var bench = Bench();
        await UpAsync(bench, "live/a/1", [1, 2, 3]);
        await UpAsync(bench, "live/b/1", [4, 5, 6]);
        bench.Spool.Delete([ObjectName.Parse("live/a/1")]);
        bench.Spool.DeleteAll("live/b/");
        bench.Spool.RetainedBytes.ShouldBe(0);
        (IsKept(bench, "live/a/1"), IsKept(bench, "live/b/1")).ShouldBe((false, false));
        (await bench.Read("live/a/1")).ShouldBeNull();
        (await bench.Read("live/b/1")).ShouldBeNull();
    }

    [Fact]
    public async Task Retained_files_are_removed_when_the_disk_is_full()
    {
        using var disk = TinyDisk.Mount(4);
        if (disk is null)
        {
            Assert.Skip("Mounting a small disk needs root.");
        }

        await using var bench = new SpoolHarness(folder: Directory.CreateDirectory(Path.Combine(disk.Path, "data")).FullName,
            change: options => (options.RetainSeconds, options.MinFreeBytes) = (120, 0)).Run();
        for (var i = 1; i <= 3; i++)
        {
            await UpAsync(bench, $"live/{i}", new byte[1_000_000]);
        }

        var file = bench.Write("live/4", new byte[2_000_000]);
        (file.Length, IsKept(bench, "live/1"), IsKept(bench, "live/3")).ShouldBe((2_000_000, false, true));
        Should.Throw<IOException>(() => file.Append([new byte[3_000_000]])).Message.ShouldContain("full");
        bench.Spool.RetainedBytes.ShouldBe(0);
        file.Length.ShouldBe(2_000_000);
    }

    [Fact]
    public async Task Disk_with_little_free_space_retains_nothing()
    {
        await using var bench = Bench(change: options => options.MinFreeBytes = 0);
        await UpAsync(bench, "live/1", [1, 2, 3]);
        bench.Options.MinFreeBytes = long.MaxValue;
        bench.Restart();
        (bench.Spool.RetainedBytes, IsKept(bench, "live/1")).ShouldBe((0, false));
    }

    [Fact]
    public async Task Waiting_file_hides_a_retained_file_of_the_same_name()
    {
        await using var bench = Bench();
        Directory.CreateDirectory(Path.Combine(bench.Folder, "live"));
        await File.WriteAllBytesAsync(Path.Combine(bench.Folder, "live/1~kept"), [1]);
        await File.WriteAllBytesAsync(Path.Combine(bench.Folder, "live/1"), [1, 2]);
        bench.Restart();
        (bench.Spool.DiskBytes, bench.Spool.RetainedBytes).ShouldBe((2, 0));
        IsKept(bench, "live/1").ShouldBeFalse();
        (await bench.Read("live/1")).ShouldBe([1, 2]);
    }

    [Fact]
    public async Task Readers_always_get_the_bytes_while_files_are_retained_and_removed()
    {
        await using var bench = Bench(change: options =>
            (options.MemoryBytes, options.ObjectCacheBytes, options.RetainBytes) = (0, 0, 40_000));
        byte[] bytes = [.. Enumerable.Range(0, 10_000).Select(i => (byte)i)];
        var written = 0;
        var writing = Task.Run(() =>
        {
            for (var i = 0; i < 200; i++)
            {
                bench.Write($"live/{i}", bytes).Seal();
                Volatile.Write(ref written, i + 1);
            }
        });
        var reading = Enumerable.Range(0, 3).Select(seed => Task.Run(async () =>
        {
            var random = new Random(seed);
            var reads = 0;
            while (reads++ < 500 || !writing.IsCompleted || bench.Spool.Status().WaitingFiles > 0)
            {
                if (Volatile.Read(ref written) is > 0 and var count)
                {
                    (await bench.Read($"live/{random.Next(Math.Max(0, count - 8), count)}")).ShouldBe(bytes);
                }
            }
        })).ToArray();
        await writing;
        await Task.WhenAll(reading);
        bench.Spool.RetainedBytes.ShouldBeLessThanOrEqualTo(40_000);
    }

    private static SpoolHarness Bench(TimeProvider? time = null, Action<SpoolOptions>? change = null) =>
        new SpoolHarness(time: time, change: options =>
    {
        Keep(options);
        change?.Invoke(options);
    }).Run();

    private static void Keep(SpoolOptions options) => options.RetainSeconds = 120;

    private static async Task UpAsync(SpoolHarness bench, string name, byte[] bytes, bool isStaying = true)
    {
        var before = bench.Spool.Status().Uploads;
        bench.Write(name, bytes).Seal();
        await bench.Until(() => bench.Spool.Status().Uploads == before + 1);
        bench.OnDisk(name).ShouldBeFalse();
        if (isStaying)
        {
            IsKept(bench, name).ShouldBeTrue();
        }
    }

    private static bool IsKept(SpoolHarness bench, string name) => File.Exists(Path.Combine(bench.Folder, name + "~kept"));

    private static SpoolSnapshot SnapshotOf(SpoolHarness bench) => SpoolSnapshot.Take(new DataFolder(bench.Base));
}
