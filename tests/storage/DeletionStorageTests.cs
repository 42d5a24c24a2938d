using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage.Spooling;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

/// <summary>Writing pending deletions to disk: who waits for it, how many file operations it needs, and what it reads back.</summary>
public sealed class DeletionStorageTests : IDisposable
{
    private readonly TempFolder _root = TempFolder.Create();
    private readonly FlakyStore _store = new();
    private readonly ManualTimeProvider _time = new();
    private readonly CapturingLogger _log = new();
    private readonly ManualResetEventSlim _diskWorks = new(initialState: true);
    private readonly DeletionJournal _journal;
    private readonly Deletions _deletions;
    private int _fileFlushes;
    private int _folderFlushes;

    public DeletionStorageTests()
    {
        _journal = new DeletionJournal(_root.Path)
        {
            FlushFile = _ =>
            {
                Interlocked.Increment(ref _fileFlushes);
                _diskWorks.Wait();
            },
            FlushParent = _ => Interlocked.Increment(ref _folderFlushes),
        };
        _deletions = new Deletions(_store, _journal, _time, _log.For<Spool>());
    }

    public void Dispose()
    {
        _diskWorks.Set();
        _diskWorks.Dispose();
        _root.Dispose();
    }

    [Fact]
    public async Task Callers_and_readers_never_wait_for_the_disk()
    {
        _deletions.Add(Names("a/1"));
        _diskWorks.Reset();
        var writing = Task.Run(_deletions.PersistAll);
        await Poll.UntilAsync(() => Volatile.Read(ref _fileFlushes) == 1);

        // Completes only if neither waits for the writer, which is blocked until the test ends.
        await Task.Run(() =>
        {
            _deletions.Add(Names("a/2"));
            _deletions.Covers(ObjectName.Parse("a/1")).ShouldBeTrue();
            _deletions.Covers(ObjectName.Parse("a/2")).ShouldBeTrue();
            _deletions.Pending.ShouldBe(2);
        }).WaitAsync(TimeSpan.FromSeconds(20));
        writing.IsCompleted.ShouldBeFalse();
        _diskWorks.Set();
        await writing;
    }

    [Fact]
    public void Thousand_names_share_a_file_and_all_files_share_the_flush_of_the_folder()
    {
        for (var i = 0; i < 5000; i++)
        {
            _deletions.Add(Names($"a/{i}"));
        }

        _deletions.PersistAll();
        (_fileFlushes, _folderFlushes).ShouldBe((5, 1));
        Directory.GetFiles(_root.Path).Order(StringComparer.Ordinal).SelectMany(File.ReadAllLines)
            .ShouldBe(Enumerable.Range(0, 5000).Select(i => $"a/{i}"), "in the order of the calls");
        _deletions.PersistAll();
        _fileFlushes.ShouldBe(5, "nothing is written twice");
    }

    [Theory]
    [InlineData("prefix ")]
    [InlineData("prefix /")]
    [InlineData("prefix live")]
    [InlineData("prefix ../")]
    [InlineData("")]
    [InlineData("\0")]
    public async Task Malformed_line_is_skipped(string line)
    {
        await using var bench = new SpoolHarness(time: _time);
        var folder = Directory.CreateDirectory(Path.Combine(bench.Folder, ".deletions")).FullName;
        File.WriteAllText(Path.Combine(folder, Guid.CreateVersion7().ToString("N")), line + "\n");
        File.WriteAllText(Path.Combine(folder, Guid.CreateVersion7().ToString("N")), "a/1\n");
        await bench.Flaky.Inner.PutAsync(ObjectName.Parse("a/1"), new byte[] { 1 }, PutCondition.CreateOnly, default);
        bench.Restart();
        bench.Run();
        await bench.Until(() => bench.Spool.Status().PendingDeletions == 0);
        (await bench.Flaky.Inner.ListAsync("", default).CountAsync()).ShouldBe(0);
        Directory.GetFiles(folder).ShouldBeEmpty();
    }

    [Fact]
    public async Task Deletions_beyond_the_limit_wait_on_disk_while_the_store_hangs()
    {
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var bench = new SpoolHarness(time: _time);
        bench.Flaky.DeleteGate = held.Task;
        var folder = Path.Combine(bench.Folder, ".deletions");
        var last = PendingDeletions.MaxNames + 3;
        await bench.Flaky.Inner.PutAsync(ObjectName.Parse($"a/{last}"), new byte[] { 1 }, PutCondition.CreateOnly, default);
        bench.Spool.Delete([ObjectName.Parse("a/first")]);
        bench.Run();
        await Poll.UntilAsync(() => bench.Flaky.Deletes.Count == 1);
        Delete(0, PendingDeletions.MaxNames - 1);
        Directory.Exists(folder).ShouldBeFalse("the limit is not exceeded");
        Delete(PendingDeletions.MaxNames - 1, last + 1);

        // A file gets its name before its deletions leave memory.
        await Poll.UntilAsync(() => bench.Spool.Status().PendingDeletions <= PendingDeletions.MaxNames - 10_000);
        var files = Directory.GetFiles(folder);
        files.Length.ShouldBeLessThanOrEqualTo(20, "many names share a file");
        files.Sum(path => File.ReadLines(path).Count()).ShouldBeGreaterThanOrEqualTo(10_000);
        bench.Flaky.Deletes.Count.ShouldBe(1, "the store still hangs");
        held.SetResult();
        await bench.Until(() => Directory.GetFiles(folder).Length == 0 && bench.Spool.Status().PendingDeletions == 0);
        (await bench.Flaky.Inner.FindAsync(ObjectName.Parse($"a/{last}"), default)).ShouldBeNull();
        bench.Flaky.Deletes.SelectMany(names => names).Distinct().Count().ShouldBe(last + 2);

        void Delete(int from, int to)
        {
            for (var i = from; i < to; i++)
            {
                bench.Spool.Delete([ObjectName.Parse($"a/{i}")]);
            }
        }
    }

    [Fact]
    public void Folder_is_listed_once_whatever_its_number_of_files()
    {
        var listings = 0;
        var journal = new DeletionJournal(_root.Path)
        {
            FlushFile = _ => { },
            FlushParent = _ => { },
            ListFiles = path =>
            {
                listings++;
                return Directory.EnumerateFiles(path);
            },
        };
        for (var i = 0; i < 25; i++)
        {
            journal.Write(new Deletion([.. Enumerable.Range(0, 9000).Select(j => ObjectName.Parse($"a/{i}-{j}"))], null, null));
        }

        var pending = new PendingDeletions(_time);
        var storage = new DeletionStorage(pending, journal, _time, _log.For<Spool>());
        storage.List();
        var found = new List<string>();
        for (storage.Load(); pending.Ready > 0; storage.Load())
        {
            pending.Ready.ShouldBeLessThanOrEqualTo(1 + (PendingDeletions.MaxNames / 9000), "loads no more than the limit");
            while (pending.NextBatch() is { Count: > 0 } batch)
            {
                found.AddRange(batch.SelectMany(entry => entry.Deletion.Names).Select(name => name.Value));
                pending.Complete(batch, [], TimeSpan.Zero).ShouldBeEmpty();
            }
        }

        listings.ShouldBe(1);
        found.ShouldBe(Enumerable.Range(0, 25).SelectMany(i => Enumerable.Range(0, 9000).Select(j => $"a/{i}-{j}")));
    }

    [Fact]
    public void Deletions_are_forgotten_only_when_the_disk_fails_and_twice_the_limit_waits()
    {
        var pending = new PendingDeletions(_time);
        var journal = new DeletionJournal(_root.Path) { FlushFile = _ => throw new IOException("The test's disk is full.") };
        var storage = new DeletionStorage(pending, journal, _time, _log.For<Spool>());
        for (var i = 0; i < PendingDeletions.RefuseFrom; i++)
        {
            pending.TryAdd(Names($"a/{i}")).ShouldBeTrue();
        }

        pending.TryAdd(Names("a/more")).ShouldBeFalse();
        storage.Spill().ShouldBeFalse();
        storage.PersistAll();
        pending.Ready.ShouldBe(PendingDeletions.RefuseFrom, "nothing leaves memory before it is on disk");
        pending.Covers(ObjectName.Parse("a/199999")).ShouldBeTrue();
        _log.Entries.Count(entry => entry.ToString().Contains("6010", StringComparison.Ordinal)).ShouldBe(1);
    }

    private static Deletion Names(params string[] names) => new([.. names.Select(ObjectName.Parse)], null, null);
}
