using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage.Objects;
using Broadcast.Storage.Spooling;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

public sealed class UploadTests
{
    [Theory]
    [InlineData(ObjectStoreErrorKind.Unreachable)]
    [InlineData(ObjectStoreErrorKind.Busy)]
    [InlineData(ObjectStoreErrorKind.Denied)]
    [InlineData(ObjectStoreErrorKind.NoBucket)]
    [InlineData(ObjectStoreErrorKind.Full)]
    [InlineData(ObjectStoreErrorKind.Other)]
    public async Task Uploads_to_a_failing_store_are_retried_until_all_succeed(ObjectStoreErrorKind fault)
    {
        var time = new ManualTimeProvider();
        await using var bench = new SpoolHarness(time: time);
        bench.Flaky.Fault = fault;
        bench.Run();
        for (var i = 0; i < 10; i++)
        {
            bench.Write($"u/{i}", [(byte)i]).Seal();
        }

        await bench.Until(() => bench.Spool.Status().Failures >= 10);
        var status = bench.Spool.Status();
        (status.WaitingFiles, status.WaitingBytes).ShouldBe((10, 10));
        status.OldestWaiting.ShouldBeGreaterThan(TimeSpan.Zero);
        if (fault != ObjectStoreErrorKind.Other)
        {
            (status.ErrorKind, status.ErrorMessage).ShouldBe((fault, $"The test store fails: {fault}."));
        }

        (await bench.Read("u/3")).ShouldBe([3]);

        bench.Flaky.Fault = null;
        await bench.Until(() => bench.Spool.Status() is { WaitingFiles: 0, Uploads: 10, ErrorKind: null });
        (await bench.Store.ListAsync("u/", default).CountAsync()).ShouldBe(10);
        if (fault != ObjectStoreErrorKind.Other)
        {
            bench.Log.Entries.Select(entry => entry.ToString()).ShouldContain(line => line.StartsWith("Information 6003"));
        }
    }

    [Theory]
    [InlineData("journal/demo/01Q3ENHRG0E28XJ9TJKPWJ9K5F/1-00000001.jsonl", new byte[] { 1, 2, 4 }, true)]
    [InlineData("journal/demo/01Q3ENHRG0E28XJ9TJKPWJ9K5F/1-00000001.jsonl", new byte[] { 1, 2, 3, 4 }, true)]
    [InlineData("journal/demo/01Q3ENHRG0E28XJ9TJKPWJ9K5F/1-00000001.jsonl", new byte[] { 1, 2, 3 }, false)]
    [InlineData("live/demo/01Q3ENHRG0E28XJ9TJKPWJ9K5F/source/1.m4s", new byte[] { 1, 2, 4 }, false)]
    public async Task Journal_file_that_another_writer_created_is_reported_and_not_overwritten(string name, byte[] other, bool isTaken)
    {
        await using var bench = new SpoolHarness(time: new ManualTimeProvider());
        (await bench.Store.PutAsync(ObjectName.Parse(name), other, PutCondition.CreateOnly, default)).ShouldBeTrue();
        var taken = new System.Collections.Concurrent.ConcurrentQueue<ObjectName>();
        bench.Spool.NameTaken += taken.Enqueue;
        bench.Run();

        bench.Write(name, [1, 2, 3]).Seal();

        await bench.Until(() => isTaken ? !taken.IsEmpty : bench.Spool.Status() is { WaitingFiles: 0 });
        taken.Select(found => found.Value).ShouldBe(isTaken ? [name] : []);
        await using var stored = await bench.Store.OpenAsync(ObjectName.Parse(name), 0, null, default);
        var bytes = new byte[stored.ShouldNotBeNull().Length];
        await stored.Stream.ReadExactlyAsync(bytes);
        bytes.ShouldBe(other);
        bench.Spool.Status().WaitingFiles.ShouldBe(isTaken ? 1 : 0);
    }

    [Fact]
    public async Task File_replaces_a_conflicting_object_only_on_request()
    {
        var (time, name) = (new ManualTimeProvider(), ObjectName.Parse("live/demo/01Q3ENHRG0E28XJ9TJKPWJ9K5F/source/1.m4s"));
        await using var bench = new SpoolHarness(time: time);
        (await bench.Store.PutAsync(name, new byte[] { 1, 2 }, PutCondition.CreateOnly, default)).ShouldBeTrue();
        var taken = 0;
        bench.Spool.NameTaken += _ => Interlocked.Increment(ref taken);
        bench.Run();
        bench.Write(name.Value, [1, 2, 3]).Seal();
        await bench.Until(() => Volatile.Read(ref taken) == 1);
        time.Advance(TimeSpan.FromSeconds(6));
        await bench.Until(() => Volatile.Read(ref taken) == 2);
        (await bench.Store.FindAsync(name, default)).ShouldNotBeNull().Length.ShouldBe(2);

        bench.Spool.Replace(name);
        time.Advance(TimeSpan.FromSeconds(6));
        await bench.Until(() => bench.Spool.Status() is { WaitingFiles: 0 });

        (await bench.Store.FindAsync(name, default)).ShouldNotBeNull().Length.ShouldBe(3);
        taken.ShouldBe(2);
    }

    [Fact]
    public async Task Upload_attempts_become_rare_while_the_store_fails()
    {
        var time = new ManualTimeProvider();
        await using var bench = new SpoolHarness(time: time);
        bench.Flaky.Fault = ObjectStoreErrorKind.Unreachable;
        bench.Run();
        for (var i = 0; i < 100; i++)
        {
            bench.Write($"u/{i}", [1]).Seal();
        }

        // Ten minutes, in steps small enough for every pause to end in time.
        for (var i = 0; i < 1200; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Delay(1);
        }

        // Pauses of 15 to 30 s: 20 to 40 of them, with up to 4 attempts each, and a few at the beginning.
        bench.Flaky.PutCalls.ShouldBeInRange(10, 220);
        bench.Log.Entries.Select(entry => entry.ToString()).Count(line => line.StartsWith("Error 6002")).ShouldBeInRange(2, 12);
    }

    [Fact]
    public async Task Sealed_file_has_a_known_length_and_cannot_be_opened_again_once_it_is_uploaded()
    {
        await using var bench = new SpoolHarness();
        var name = ObjectName.Parse("u/1");
        var file = bench.Write("u/1", [1, 2, 3]);
        bench.Spool.FindSealedLength(name).ShouldBeNull();
        file.Seal();

        bench.Run();
        await bench.Until(() => bench.Spool.Status().WaitingFiles == 0);

        bench.Spool.FindSealedLength(name).ShouldBe(3);
        Should.Throw<IOException>(() => bench.Spool.Open(name));
    }

    [Fact]
    public async Task Existing_object_of_another_length_is_logged_counted_and_blocks_the_upload_until_deleted()
    {
        var time = new ManualTimeProvider();
        await using var bench = new SpoolHarness(time: time);
        var name = ObjectName.Parse("u/1");
        await bench.Store.PutAsync(name, new byte[] { 9, 9 }, PutCondition.CreateOnly, default);
        bench.Run();
        bench.Write("u/1", [1, 2, 3]).Seal();

        await bench.Until(() => bench.Spool.Status().Failures == 1);
        bench.Log.Entries.Select(entry => entry.ToString()).Count(line => line.StartsWith("Error 6004", StringComparison.Ordinal))
            .ShouldBe(1);
        (await bench.Read("u/1")).ShouldBe([1, 2, 3]);
        (await bench.Flaky.Inner.FindAsync(name, default))!.Length.ShouldBe(2, "objects never change");
        var calls = bench.Flaky.PutCalls;
        for (var i = 0; i < 200; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1);
        }

        bench.Flaky.PutCalls.ShouldBe(calls, "it is not tried again at once");
        bench.Spool.Status().WaitingFiles.ShouldBe(1);

        await bench.Store.DeleteAsync([name], default);
        time.Advance(TimeSpan.FromMinutes(5));
        await bench.Until(() => bench.Spool.Status() is { WaitingFiles: 0, Uploads: 1 });
        (await bench.Store.FindAsync(name, default))!.Length.ShouldBe(3);
        bench.Log.Entries.Select(entry => entry.ToString()).Count(line => line.StartsWith("Error 6004", StringComparison.Ordinal))
            .ShouldBe(1);
    }

    [Fact]
    public void Recent_files_are_uploaded_newest_first_and_the_rest_oldest_first()
    {
        var time = new ManualTimeProvider();
        using var folder = new TemporarySpoolFolder();
        var queue = new UploadQueue(time);
        foreach (var name in (string[])["old1", "old2", "old3"])
        {
            queue.Add(folder.File(name, time));
            time.Advance(TimeSpan.FromSeconds(5));
        }

        time.Advance(TimeSpan.FromSeconds(40));
        foreach (var name in (string[])["new1", "new2"])
        {
            queue.Add(folder.File(name, time));
            time.Advance(TimeSpan.FromSeconds(5));
        }

        var order = new List<string>();
        while (queue.Take(out _) is { } file)
        {
            order.Add(file.Name.Value);
        }

        order.ShouldBe(["new2", "new1", "old1", "old2", "old3"]);
    }

    [Fact]
    public void Simultaneous_failures_lengthen_the_pause_once()
    {
        var time = new ManualTimeProvider();
        using var folder = new TemporarySpoolFolder();
        var queue = new UploadQueue(time);
        queue.Add(folder.File("a", time));
        var era = queue.PauseCount;
        for (var i = 0; i < 8; i++)
        {
            queue.Failed(era);
        }

        queue.IsPaused.ShouldBeTrue();
        queue.Take(out var wait).ShouldBeNull();
        wait.ShouldBeInRange(TimeSpan.FromMilliseconds(250), TimeSpan.FromMilliseconds(500));
        time.Advance(wait);
        queue.Take(out _).ShouldNotBeNull();
    }

    [Fact]
    public void Pause_doubles_up_to_half_a_minute_with_jitter()
    {
        for (var failures = 0; failures < 40; failures++)
        {
            var full = Math.Min(30, 0.5 * Math.Pow(2, failures));
            for (var i = 0; i < 20; i++)
            {
                Backoff.Next(failures).TotalSeconds.ShouldBeInRange(full / 2, full);
            }
        }

        Enumerable.Range(0, 20).Select(_ => Backoff.Next(5)).Distinct().Count().ShouldBeGreaterThan(1);
    }

    [Fact]
    public async Task Several_files_are_uploaded_concurrently_up_to_the_limit()
    {
        await using var bench = new SpoolHarness(change: options => options.MaxConcurrentUploads = 3);
        bench.Flaky.Hold();
        bench.Run();
        for (var i = 0; i < 10; i++)
        {
            bench.Write($"u/{i}", [1]).Seal();
        }

        await bench.Until(() => bench.Flaky.Puts.Count == 3);
        for (var i = 0; i < 20; i++)
        {
            await Task.Yield();
        }

        bench.Flaky.Puts.Count.ShouldBe(3);
        bench.Flaky.Release();
        await bench.Until(() => bench.Spool.Status().Uploads == 10);
    }

    [Fact]
    public async Task File_removed_by_another_process_is_reported_as_lost_and_the_others_are_uploaded()
    {
        await using var bench = new SpoolHarness();
        bench.Write("gone", [1]).Seal();
        bench.Write("stays", [1]).Seal();
        File.Delete(Path.Combine(bench.Folder, "gone"));
        bench.Run();
        await bench.Until(() => bench.Spool.Status().WaitingFiles == 0);
        bench.Log.Entries.Select(entry => entry.ToString()).ShouldContain(line => line.StartsWith("Error 6006") && line.Contains("gone"));
        (await bench.Store.FindAsync(ObjectName.Parse("stays"), default)).ShouldNotBeNull();
    }

    [Fact]
    public async Task With_a_disk_store_the_upload_is_a_rename()
    {
        var folder = Directory.CreateTempSubdirectory("broadcast-spool-").FullName;
        var store = new DiskObjectStore(Path.Combine(folder, "objects"), flush: true);
        await using var bench = new SpoolHarness(store, folder: folder).Run();
        var file = bench.Write("live/a/1", [1, 2, 3]);
        using var inode = File.OpenHandle(Path.Combine(bench.Folder, "live/a/1~open"), FileMode.Open, FileAccess.ReadWrite,
            FileShare.ReadWrite | FileShare.Delete);
        file.Seal();
        await bench.Until(() => bench.Spool.Status().Uploads == 1);
        RandomAccess.Write(inode, new byte[] { 9 }, 0);
        (await File.ReadAllBytesAsync(Path.Combine(folder, "objects/live/a/1"))).ShouldBe([9, 2, 3]);
        bench.OnDisk("live/a/1").ShouldBeFalse();
    }

    [Fact]
    public async Task Draining_uploads_waiting_files_and_does_not_wait_for_a_failing_store()
    {
        await using var bench = new SpoolHarness().Run();
        for (var i = 0; i < 50; i++)
        {
            bench.Write($"u/{i}", [1]).Seal();
        }

        await bench.Spool.DrainAsync(TimeSpan.FromSeconds(20));
        bench.Spool.Status().WaitingFiles.ShouldBe(0);

        bench.Flaky.Fault = ObjectStoreErrorKind.Unreachable;
        bench.Write("late", [1]).Seal();
        await bench.Until(() => bench.Spool.Status().Failures > 0);
        var drain = bench.Spool.DrainAsync(TimeSpan.FromHours(1));
        await bench.Until(() => drain.IsCompleted);
        bench.Spool.SavePendingWork();
        bench.Log.Entries.Select(entry => entry.ToString()).ShouldContain(line => line.StartsWith("Information 6011"));
    }

    private sealed class TemporarySpoolFolder : IDisposable, ISpoolFileOwner
    {
        private readonly string _path = Directory.CreateTempSubdirectory("broadcast-queue-").FullName;
        private readonly SpoolFolder _folder;

        public TemporarySpoolFolder() => _folder = new SpoolFolder(_path, 1 << 20);

        public SpoolFile File(string name, TimeProvider time) =>
            new SpoolFile(ObjectName.Parse(name), _folder, new TailBufferPool(0, TimeSpan.Zero, time), time,
                this).Adopt(new(ObjectName.Parse(name), Path.Combine(_path, name), SpoolState.Waiting, 0, time.GetUtcNow()));

        public void Sealed(SpoolFile file)
        {
        }

        public void Forget(SpoolFile file)
        {
        }

        public bool ShouldRetain(SpoolFile file) => false;

        public void Retained(SpoolFile file)
        {
        }

        public void CouldNotSeal(SpoolFile file, Exception exception)
        {
        }

        public void CouldNotRemove(SpoolFile file, string path, Exception exception)
        {
        }

        public void Dispose()
        {
            _folder.Dispose();
            Directory.Delete(_path, recursive: true);
        }
    }
}
