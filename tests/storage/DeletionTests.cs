using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

public sealed class DeletionTests
{
    [Fact]
    public async Task Deletion_removes_a_file_from_memory_disk_and_store()
    {
        await using var bench = new SpoolHarness().Run();
        bench.Write("d/stored", [1]).Seal();
        await bench.Until(() => bench.Spool.Status().Uploads == 1);
        bench.Flaky.Hold();
        var open = bench.Write("d/open", [2]);
        bench.Write("d/uploading", [3]).Seal();
        await bench.Until(() => bench.Flaky.Puts.Contains("d/uploading"));

        bench.Spool.Delete([Name("d/stored"), Name("d/open"), Name("d/uploading"), Name("d/none")]);
        foreach (var name in (string[])["d/stored", "d/open", "d/uploading"])
        {
            (await bench.Read(name)).ShouldBeNull();
            bench.OnDisk(name).ShouldBeFalse();
        }

        bench.Spool.Status().Bytes.ShouldBe(0);
        bench.Spool.MemoryBytes.ShouldBe(0);
        Should.Throw<IOException>(() => open.Append([new byte[1]])).Message.ShouldContain("deleted");
        open.Seal();

        bench.Flaky.Release();
        await bench.Until(() => bench.Spool.Status().PendingDeletions == 0);
        (await bench.Flaky.Inner.ListAsync("", default).CountAsync()).ShouldBe(0);
        (await bench.Read("d/stored")).ShouldBeNull();
    }

    [Fact]
    public async Task Deleting_a_prefix_removes_only_the_objects_below_it()
    {
        await using var bench = new SpoolHarness().Run();
        foreach (var name in (string[])["live/a/1", "live/a/b/2", "live/ab/3", "live/a.x"])
        {
            bench.Write(name, [1]).Seal();
        }

        await bench.Until(() => bench.Spool.Status().Uploads == 4);
        bench.Write("live/a/open", [1]);
        bench.Spool.DeleteAll("live/a/");
        bench.Spool.List("").ShouldBeEmpty();
        await bench.Until(() => bench.Spool.Status().PendingDeletions == 0);
        (await bench.Flaky.Inner.ListAsync("", default).Select(found => found.Name.Value)
            .ToListAsync()).ShouldBe(["live/a.x", "live/ab/3"]);
        Directory.Exists(Path.Combine(bench.Folder, ".deletions")).ShouldBeTrue();
        Directory.GetFiles(Path.Combine(bench.Folder, ".deletions")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("live")]
    [InlineData("../")]
    public async Task Prefix_that_is_not_a_folder_deletes_nothing(string prefix)
    {
        await using var bench = new SpoolHarness();
        bench.Write("live", [1]);
        Should.Throw<ArgumentException>(() => bench.Spool.DeleteAll(prefix));
        (await bench.Read("live")).ShouldBe([1]);
    }

    [Fact]
    public async Task Objects_deleted_during_a_store_outage_stay_invisible_and_are_removed_afterwards()
    {
        var time = new ManualTimeProvider();
        await using var bench = new SpoolHarness(time: time).Run();
        await bench.Flaky.Inner.PutAsync(Name("a/1"), new byte[] { 1 }, PutCondition.CreateOnly, default);
        await bench.Flaky.Inner.PutAsync(Name("b/1"), new byte[] { 1 }, PutCondition.CreateOnly, default);
        bench.Flaky.Fault = ObjectStoreErrorKind.Unreachable;
        bench.Spool.Delete([Name("a/1")]);
        bench.Spool.DeleteAll("b/");
        await bench.Until(() => bench.Log.Entries.Select(entry => entry.ToString()).Any(line => line.StartsWith("Warning 6009")));
        (await bench.Read("a/1")).ShouldBeNull();
        (await bench.Read("b/1")).ShouldBeNull();

        bench.Flaky.Fault = null;
        await bench.Until(() => bench.Spool.Status().PendingDeletions == 0);
        (await bench.Flaky.Inner.ListAsync("", default).CountAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Thousands_of_pending_folders_hide_exactly_the_objects_below_them()
    {
        await using var bench = new SpoolHarness(time: new ManualTimeProvider());
        foreach (var name in (string[])["live/c/7/source/1", "live/c/7x/source/1", "live/c/70000/1", "live/c", "live/d/7/1"])
        {
            await bench.Flaky.Inner.PutAsync(Name(name), new byte[] { 1 }, PutCondition.CreateOnly, default);
        }

        for (var i = 0; i < 3000; i++)
        {
            bench.Spool.DeleteAll($"live/c/{i}/");
        }

        bench.Spool.DeleteAll("live/c/7/");
        (await bench.Read("live/c/7/source/1")).ShouldBeNull();
        foreach (var name in (string[])["live/c/7x/source/1", "live/c/70000/1", "live/c", "live/d/7/1"])
        {
            (await bench.Read(name)).ShouldBe([1], name);
        }

        bench.Run();
        await bench.Until(() => bench.Spool.Status().PendingDeletions == 0);
        (await bench.Flaky.Inner.ListAsync("", default).CountAsync()).ShouldBe(4);
    }

    [Fact]
    public async Task Restart_resumes_pending_deletions()
    {
        var time = new ManualTimeProvider();
        await using var bench = new SpoolHarness(time: time);
        await bench.Flaky.Inner.PutAsync(Name("a/1"), new byte[] { 1 }, PutCondition.CreateOnly, default);
        await bench.Flaky.Inner.PutAsync(Name("b/1"), new byte[] { 1 }, PutCondition.CreateOnly, default);
        await bench.Flaky.Inner.PutAsync(Name("c/1"), new byte[] { 1 }, PutCondition.CreateOnly, default);
        bench.Spool.Delete([Name("a/1")]);
        bench.Spool.SavePendingWork();
        bench.Spool.DeleteAll("b/");
        bench.Restart();

        bench.Spool.Status().PendingDeletions.ShouldBe(2);
        (await bench.Read("a/1")).ShouldBeNull();
        (await bench.Read("b/1")).ShouldBeNull();
        bench.Run();
        await bench.Until(() => bench.Spool.Status().PendingDeletions == 0);
        (await bench.Flaky.Inner.ListAsync("", default).Select(found => found.Name.Value).ToListAsync()).ShouldBe(["c/1"]);
        bench.Restart();
        bench.Spool.Status().PendingDeletions.ShouldBe(0);
    }

    [Fact]
    public async Task Name_reused_after_a_deletion_keeps_its_new_bytes()
    {
        var time = new ManualTimeProvider();
        await using var bench = new SpoolHarness(time: time).Run();
        bench.Write("x/1", [1]).Seal();
        await bench.Until(() => bench.Spool.Status().Uploads == 1);
        bench.Flaky.Fault = ObjectStoreErrorKind.Unreachable;
        bench.Spool.Delete([Name("x/1")]);
        bench.Write("x/1", [2, 2]).Seal();
        (await bench.Read("x/1")).ShouldBe([2, 2]);

        bench.Flaky.Fault = null;
        await bench.Until(() => bench.Spool.Status().Uploads == 2);
        bench.Spool.Status().PendingDeletions.ShouldBe(0);
        (await bench.Flaky.Inner.FindAsync(Name("x/1"), default))!.Length.ShouldBe(2);
        bench.Spool.Status().Failures.ShouldBe(0);
    }

    private static ObjectName Name(string text) => ObjectName.Parse(text);
}
