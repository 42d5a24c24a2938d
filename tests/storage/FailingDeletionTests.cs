using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage.Objects;
using Broadcast.Storage.Spooling;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

/// <summary>Deletions of objects that the store cannot delete.</summary>
public sealed class FailingDeletionTests
{
    private readonly ManualTimeProvider _time = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Object_that_cannot_be_deleted_does_not_stop_the_others(bool listsFailedNames)
    {
        await using var bench = await StartAsync("a/1", "a/2", "a/3", "b/1");
        bench.Flaky.ListsFailedNames = listsFailedNames;
        bench.Flaky.Undeletable["a/2"] = true;
        bench.Spool.Delete([Name("a/1"), Name("a/2"), Name("a/3")]);
        bench.Spool.DeleteAll("b/");
        bench.Run();
        await bench.Until(async () => (await Stored(bench)).SequenceEqual(["a/2"]));
        await bench.Until(() => bench.Spool.FailingDeletions == 1 && bench.Spool.Status().PendingDeletions == 1);
        (await bench.Read("a/2")).ShouldBeNull();
        Journal(bench).ShouldBe(["a/2"]);

        bench.Flaky.Undeletable.Clear();
        await bench.Until(() => bench.Spool.Status().PendingDeletions == 0);
        (await Stored(bench)).ShouldBeEmpty();
        bench.Spool.FailingDeletions.ShouldBe(0);
        Journal(bench).ShouldBeEmpty();
    }

    [Fact]
    public async Task Folder_with_an_object_that_cannot_be_deleted_does_not_stop_the_others()
    {
        await using var bench = await StartAsync("a/1", "a/2", "b/1", "c/1");
        bench.Flaky.Undeletable["a/1"] = true;
        bench.Spool.DeleteAll("a/");
        bench.Spool.DeleteAll("b/");
        bench.Spool.Delete([Name("c/1")]);
        bench.Run();
        await bench.Until(async () => (await Stored(bench)).SequenceEqual(["a/1"]));
        await bench.Until(() => bench.Spool.FailingDeletions == 1);
        Journal(bench).ShouldBe(["prefix a/"]);
        (await bench.Read("a/1")).ShouldBeNull();

        bench.Flaky.Undeletable.Clear();
        await bench.Until(() => bench.Spool.Status().PendingDeletions == 0);
        (await Stored(bench)).ShouldBeEmpty();
        Journal(bench).ShouldBeEmpty();
    }

    [Fact]
    public async Task Failing_name_is_retried_with_growing_delays_of_at_most_10_minutes()
    {
        await using var bench = await StartAsync("a/1");
        bench.Flaky.Undeletable["a/1"] = true;
        var attempts = new List<DateTimeOffset>();
        bench.Flaky.Deleting = () => attempts.Add(_time.GetUtcNow());
        bench.Spool.Delete([Name("a/1")]);
        bench.Run();

        for (var attempt = 1; attempt <= 15; attempt++)
        {
            var step = TimeSpan.FromSeconds(Math.Min(600, 0.5 * Math.Pow(2, attempt)) / 10);
            await AdvanceUntil(bench, step, attempt);
        }

        var delays = attempts.Zip(attempts.Skip(1), (first, second) => (second - first).TotalSeconds).ToList();
        for (var i = 0; i < 14; i++)
        {
            delays[i].ShouldBeGreaterThanOrEqualTo(Math.Min(600, 0.5 * Math.Pow(2, i)) / 2, $"delay {i}");
        }

        // Three steps further, each just as long as the maximum.
        for (var i = 0; i < 3; i++)
        {
            await bench.Until(() => bench.Spool.FailingDeletions == 1);
            await AdvanceUntil(bench, TimeSpan.FromMinutes(10), bench.Flaky.Deletes.Count + 1);
        }

        Warnings(bench, 6014).ShouldBeInRange(2, MaxWarnings(attempts[0]));
    }

    [Fact]
    public async Task Restart_keeps_failing_names()
    {
        await using var bench = await StartAsync("a/1", "a/2", "a/3");
        using var stop = new CancellationTokenSource();
        bench.Flaky.Undeletable["a/2"] = true;
        bench.Spool.Delete([Name("a/1"), Name("a/2")]);
        bench.Spool.Delete([Name("a/3")]);
        var running = bench.Spool.RunAsync(stop.Token);
        await bench.Until(() => bench.Spool.FailingDeletions == 1);
        await stop.CancelAsync();
        await running;
        bench.Restart();
        bench.Spool.Status().PendingDeletions.ShouldBe(1);
        (await bench.Read("a/2")).ShouldBeNull();
        bench.Flaky.Deletes.Clear();
        bench.Flaky.Undeletable.Clear();
        bench.Run();
        await bench.Until(() => bench.Spool.Status().PendingDeletions == 0);
        bench.Flaky.Deletes.ShouldHaveSingleItem().ShouldBe(["a/2"]);
        (await Stored(bench)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(ObjectStoreErrorKind.Unreachable, 1)]
    [InlineData(ObjectStoreErrorKind.Busy, 1)]
    [InlineData(ObjectStoreErrorKind.Full, 1)]

    // Unknown errors may concern one object: a batch, then three of its names.
    [InlineData(ObjectStoreErrorKind.Denied, 4)]
    [InlineData(ObjectStoreErrorKind.Other, 4)]
    public async Task Store_that_fails_for_all_objects_gets_few_requests(ObjectStoreErrorKind fault, int requestsPerAttempt)
    {
        var names = Enumerable.Range(0, 900).Select(i => $"a/{i:000}").ToArray();
        await using var bench = await StartAsync(names);
        bench.Flaky.Fault = fault;
        var began = _time.GetUtcNow();
        bench.Spool.Delete([.. names.Select(Name)]);
        bench.Run();
        await bench.Until(() => bench.Flaky.Deletes.Count >= 5 * requestsPerAttempt);
        bench.Flaky.Deletes.Count(request => request.Count == 900).ShouldBeGreaterThanOrEqualTo(5);
        bench.Flaky.Deletes.Count(request => request.Count == 1)
            .ShouldBeLessThanOrEqualTo(3 * bench.Flaky.Deletes.Count(request => request.Count == 900));
        Warnings(bench, requestsPerAttempt == 1 ? 6009 : 6014).ShouldBeInRange(1, MaxWarnings(began));

        bench.Flaky.Fault = null;
        await bench.Until(() => bench.Spool.Status().PendingDeletions == 0);
        (await Stored(bench)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Thousands_of_failing_calls_are_retried_in_common_requests_and_never_stop_the_others()
    {
        var names = Enumerable.Range(0, 3000).Select(i => $"a/{i:0000}").ToArray();
        await using var bench = await StartAsync([.. names, "b/1"]);
        foreach (var name in names)
        {
            bench.Flaky.Undeletable[name] = true;
            bench.Spool.Delete([Name(name)]);
        }

        bench.Spool.Delete([Name("b/1")]);
        bench.Run();
        await bench.Until(() => bench.Spool.FailingDeletions == 3000 && bench.Spool.Status().PendingDeletions == 3);
        await bench.Until(async () => await bench.Flaky.Inner.FindAsync(Name("b/1"), default) is null);
        Journal(bench).Count.ShouldBe(3000);
        Directory.GetFiles(Path.Combine(bench.Folder, ".deletions")).Length.ShouldBe(3);
        bench.Flaky.Deletes.Count(request => request.Count == 1).ShouldBe(1);

        bench.Flaky.Undeletable.Clear();
        await bench.Until(() => bench.Spool.Status().PendingDeletions == 0);
        (await Stored(bench)).ShouldBeEmpty();
    }

    [Fact]
    public void Journal_flushes_a_deletion_before_it_gets_its_name_and_then_the_folder()
    {
        using var root = TempFolder.Create();
        var steps = new List<string>();
        var journal = new DeletionJournal(root.Path)
        {
            FlushFile = file => steps.Add($"{RandomAccess.GetLength(file)} bytes, {Directory.GetFiles(root.Path).Single()[^1]}"),
            FlushParent = path => steps.Add($"{path == root.Path}, {Directory.GetFiles(path).Single().EndsWith('~')}"),
        };
        var written = journal.Write(new Deletion([Name("a/1"), Name("a/2")], null, null));
        steps.ShouldBe(["8 bytes, ~", "True, False"]);
        journal.Read(10).ShouldHaveSingleItem().Names.ShouldBe(written.Names);
    }

    [Fact]
    public async Task Disk_deletes_all_other_objects_and_lists_the_failed_ones()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has files that not even root can delete.");
        using var root = TempFolder.Create();
        var store = new DiskObjectStore(root.Path, flush: false);
        foreach (var name in (string[])["a/1", "a/2"])
        {
            await store.PutAsync(Name(name), new byte[] { 1 }, PutCondition.CreateOnly, default);
        }

        Directory.CreateSymbolicLink(Path.Combine(root.Path, "proc"), "/proc/self");
        var error = await Should.ThrowAsync<ObjectStoreException>(
            () => store.DeleteAsync([Name("a/1"), Name("proc/status"), Name("a/2")], default));
        error.FailedNames.ShouldBe([Name("proc/status")]);
        error.Message.ShouldContain("proc/status");
        (await store.FindAsync(Name("a/1"), default)).ShouldBeNull();
        (await store.FindAsync(Name("a/2"), default)).ShouldBeNull();
    }

    [Fact]
    public async Task Deletions_are_retried_while_the_disk_of_the_store_is_not_mounted()
    {
        using var root = TempFolder.Create();
        var objects = Path.Combine(root.Path, "objects");
        await using var bench = new SpoolHarness(new DiskObjectStore(objects, flush: false), _time);
        await bench.Store.PutAsync(Name("a/1"), new byte[] { 1 }, PutCondition.CreateOnly, default);
        Directory.Move(objects, objects + ".away");
        bench.Spool.Delete([Name("a/1")]);
        bench.Run();
        await bench.Until(() => Warnings(bench, 6009) > 0);
        bench.Spool.Status().PendingDeletions.ShouldBe(1);
        Directory.Move(objects + ".away", objects);
        await bench.Until(() => bench.Spool.Status().PendingDeletions == 0);
        File.Exists(Path.Combine(objects, "a/1")).ShouldBeFalse();
    }

    private static ObjectName Name(string text) => ObjectName.Parse(text);

    private static List<string> Journal(SpoolHarness bench)
    {
        var folder = Path.Combine(bench.Folder, ".deletions");
        return Directory.Exists(folder) ? [.. Directory.GetFiles(folder).Order().SelectMany(File.ReadAllLines)] : [];
    }

    private static async Task<List<string>> Stored(SpoolHarness bench) =>
        await bench.Flaky.Inner.ListAsync("", default).Select(found => found.Name.Value).ToListAsync();

    private static int Warnings(SpoolHarness bench, int id) =>
        bench.Log.Entries.Count(entry => entry.ToString().StartsWith($"Warning {id}", StringComparison.Ordinal));

    private async Task<SpoolHarness> StartAsync(params string[] names)
    {
        var bench = new SpoolHarness(time: _time);
        foreach (var name in names)
        {
            await bench.Flaky.Inner.PutAsync(Name(name), new byte[] { 1 }, PutCondition.CreateOnly, default);
        }

        return bench;
    }

    /// <summary>Number of log lines since an instant at one per 10 minutes.</summary>
    private int MaxWarnings(DateTimeOffset since) => 1 + (int)((_time.GetUtcNow() - since) / TimeSpan.FromMinutes(10));

    private async Task AdvanceUntil(SpoolHarness bench, TimeSpan step, int requests)
    {
        for (var i = 0; bench.Flaky.Deletes.Count < requests; i++)
        {
            i.ShouldBeLessThan(5000, "advances without a request");
            _time.Advance(step);
            await Task.Delay(2);
        }
    }
}
