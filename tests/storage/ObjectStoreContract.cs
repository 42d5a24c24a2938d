using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage.Objects;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

/// <summary>Contract of all stores. Each test gets an empty store.</summary>
public abstract partial class ObjectStoreContract : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("broadcast-contract-").FullName;

    private protected IObjectStore Store { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Store = await CreateAsync(_folder);

    public virtual ValueTask DisposeAsync()
    {
        (Store as IDisposable)?.Dispose();
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
        return default;
    }

    private protected abstract Task<IObjectStore> CreateAsync(string folder);

    [Fact]
    public async Task Written_object_is_read_back_completely()
    {
        var bytes = Bytes(100_000);
        (await Put("live/a/1.mp4", bytes)).ShouldBeTrue();

        await using var content = await Store.OpenAsync(Name("live/a/1.mp4"), 0, null, default);
        content.ShouldNotBeNull();
        (content.Offset, content.Length, content.TotalLength).ShouldBe((0, 100_000, 100_000));
        (await ReadAll(content)).ShouldBe(bytes);
    }

    [Fact]
    public async Task Missing_object_is_not_found()
    {
        (await Store.OpenAsync(Name("nothing"), 0, null, default)).ShouldBeNull();
        (await Store.OpenAsync(Name("no/folder/either"), 5, 10, default)).ShouldBeNull();
        (await Store.OpenAsync(Name("nothing"), 0, 0, default)).ShouldBeNull();
        (await Store.FindAsync(Name("no/folder/either"), default)).ShouldBeNull();
    }

    [Theory]
    [InlineData(0L, 10L, 0L, 10)]
    [InlineData(10L, 20L, 10L, 20)]
    [InlineData(90L, 10L, 90L, 10)]
    [InlineData(90L, 500L, 90L, 10)]
    [InlineData(99L, null, 99L, 1)]
    [InlineData(0L, null, 0L, 100)]
    [InlineData(100L, null, 100L, 0)]
    [InlineData(100L, 5L, 100L, 0)]
    [InlineData(5000L, 5L, 100L, 0)]
    [InlineData(40L, 0L, 40L, 0)]
    [InlineData(1L, long.MaxValue, 1L, 99)]
    public async Task Range_is_truncated_at_the_end_of_the_object(long offset, long? length, long expectedOffset, int expectedLength)
    {
        var bytes = Bytes(100);
        await Put("a", bytes);

        await using var content = await Store.OpenAsync(Name("a"), offset, length, default);
        content.ShouldNotBeNull();
        (content.Offset, content.Length, content.TotalLength).ShouldBe((expectedOffset, expectedLength, 100));
        (await ReadAll(content)).ShouldBe(bytes[(int)expectedOffset..][..expectedLength]);
    }

    [Fact]
    public async Task An_empty_object_is_an_object()
    {
        (await Put("empty", [])).ShouldBeTrue();
        (await Store.FindAsync(Name("empty"), default))!.Length.ShouldBe(0);
        await using var content = await Store.OpenAsync(Name("empty"), 0, null, default);
        content!.Length.ShouldBe(0);
        (await ReadAll(content)).ShouldBeEmpty();
        await using var range = await Store.OpenAsync(Name("empty"), 0, 10, default);
        range!.Length.ShouldBe(0);
        (await Put("empty", Bytes(5), PutCondition.CreateOnly)).ShouldBeFalse();
    }

    [Fact]
    public async Task Replacing_changes_the_whole_object()
    {
        await Put("a/b", Bytes(100));
        var shorter = Bytes(10, seed: 2);
        (await Put("a/b", shorter)).ShouldBeTrue();
        (await ReadAll("a/b")).ShouldBe(shorter);
    }

    [Fact]
    public async Task Create_only_write_fails_for_an_existing_name_and_changes_nothing()
    {
        var first = Bytes(100);
        (await Put("j/0001", first, PutCondition.CreateOnly)).ShouldBeTrue();
        (await Put("j/0001", Bytes(50, seed: 2), PutCondition.CreateOnly)).ShouldBeFalse();
        (await Put("j/0001", first, PutCondition.CreateOnly)).ShouldBeFalse();
        (await ReadAll("j/0001")).ShouldBe(first);
    }

    [Fact]
    public async Task Exactly_one_of_many_concurrent_creations_of_a_name_succeeds()
    {
        for (var round = 0; round < 5; round++)
        {
            var name = $"race/{round}";
            var results = await Task.WhenAll(Enumerable.Range(0, 8)
                .Select(i => Task.Run(() => Put(name, Bytes(1000, seed: i), PutCondition.CreateOnly))));
            results.Count(created => created).ShouldBe(1);
            (await ReadAll(name)).ShouldBe(Bytes(1000, seed: Array.IndexOf(results, true)));
        }
    }

    [Fact]
    public async Task Reader_sees_the_old_or_the_new_bytes_and_never_a_mixture()
    {
        await Put("m", Bytes(50_000, seed: 0));
        var versions = Enumerable.Range(0, 20).Select(i => Bytes(50_000, seed: i)).ToArray();
        var writing = Task.Run(async () =>
        {
            foreach (var version in versions)
            {
                await Put("m", version);
            }
        });

        do
        {
            var seen = await ReadAll("m");
            versions.ShouldContain(version => version.SequenceEqual(seen));
        }
        while (!writing.IsCompleted);
        await writing;
        (await ReadAll("m")).ShouldBe(versions[^1]);
    }

    [Fact]
    public async Task File_is_stored_like_bytes()
    {
        var bytes = Bytes(300_000);
        var path = Path.Combine(_folder, "source");
        await File.WriteAllBytesAsync(path, bytes);
        (await Store.PutFileAsync(Name("f/1"), path, PutCondition.CreateOnly, default)).ShouldBeTrue();
        (await ReadAll("f/1")).ShouldBe(bytes);

        await File.WriteAllBytesAsync(path, Bytes(10, seed: 3));
        (await Store.PutFileAsync(Name("f/1"), path, PutCondition.CreateOnly, default)).ShouldBeFalse();
        File.Exists(path).ShouldBeTrue("what was not taken stays");
        (await ReadAll("f/1")).ShouldBe(bytes);

        (await Store.PutFileAsync(Name("f/1"), path, PutCondition.Replace, default)).ShouldBeTrue();
        (await ReadAll("f/1")).ShouldBe(Bytes(10, seed: 3));
    }

    [Fact]
    public async Task Missing_source_file_throws_FileNotFoundException()
    {
        await Should.ThrowAsync<FileNotFoundException>(() =>
            Store.PutFileAsync(Name("f/2"), Path.Combine(_folder, "nowhere"), PutCondition.CreateOnly, default));
        (await Store.FindAsync(Name("f/2"), default)).ShouldBeNull();
    }

    [Fact]
    public async Task Find_returns_length_and_time()
    {
        var before = TimeProvider.System.GetUtcNow();
        await Put("t", Bytes(123));
        var found = await Store.FindAsync(Name("t"), default);
        found.ShouldNotBeNull();
        (found.Name, found.Length).ShouldBe((Name("t"), 123));
        found.LastModified.ShouldBeInRange(before.AddSeconds(-5), before.AddMinutes(1));
    }

    [Fact]
    public async Task Listing_returns_every_name_with_the_prefix_in_ordinal_order()
    {
        // '-' and '.' sort before '/', digits and letters after it: folders must not be sorted by their bare names.
        string[] names = ["a-b", "a.b", "a/b", "a/b.c/d", "a/b-", "a/c", "aB", "a0", "b/x", "A"];
        foreach (var name in names)
        {
            await Put(name, Bytes(name.Length));
        }

        (await List("")).ShouldBe(names.Order(StringComparer.Ordinal));
        (await List("a")).ShouldBe(names.Where(n => n.StartsWith('a')).Order(StringComparer.Ordinal));
        (await List("a/")).ShouldBe(["a/b", "a/b-", "a/b.c/d", "a/c"]);
        (await List("a/b")).ShouldBe(["a/b", "a/b-", "a/b.c/d"]);
        (await List("a/b.c/")).ShouldBe(["a/b.c/d"]);
        (await List("none")).ShouldBeEmpty();
        await foreach (var found in Store.ListAsync("a", default))
        {
            found.Length.ShouldBe(found.Name.Value.Length);
        }
    }

    [Theory]
    [InlineData("../")]
    [InlineData("/")]
    [InlineData("a//")]
    [InlineData("a/../")]
    [InlineData(".")]
    [InlineData("a b")]
    public async Task Prefix_that_no_name_can_have_matches_nothing(string prefix)
    {
        await Put("a/b", Bytes(1));
        (await List(prefix)).ShouldBeEmpty();
        if (prefix[^1] == '/')
        {
            (await Folders(prefix)).ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task Listing_pages_through_any_number_of_objects()
    {
        var names = Enumerable.Range(0, 1105).Select(i => Name($"many/{i % 7}/{i:00000}")).ToArray();
        await Parallel.ForEachAsync(names, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (name, token) =>
            await Store.PutAsync(name, ReadOnlyMemory<byte>.Empty, PutCondition.CreateOnly, token));

        (await List("many/")).ShouldBe(names.Select(n => n.Value).Order(StringComparer.Ordinal));
        (await Folders("many/")).ShouldBe(["0", "1", "2", "3", "4", "5", "6"]);

        await Store.DeleteAsync(names, default);
        (await List("")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Folders_are_the_distinct_names_one_level_below()
    {
        foreach (var name in (string[])["journal/a/1", "journal/a/2", "journal/b/x/y", "journal/file", "journalist/z/1", "live/c/1"])
        {
            await Put(name, Bytes(1));
        }

        (await Folders("")).ShouldBe(["journal", "journalist", "live"]);
        (await Folders("journal/")).ShouldBe(["a", "b"]);
        (await Folders("journal/b/")).ShouldBe(["x"]);
        (await Folders("journal/a/")).ShouldBeEmpty();
        (await Folders("nothing/")).ShouldBeEmpty();
        Should.Throw<ArgumentException>(() => Store.ListFoldersAsync("journal", default));
    }

    [Fact]
    public async Task Deletion_removes_existing_objects_and_ignores_missing_ones()
    {
        await Put("d/1", Bytes(1));
        await Put("d/2", Bytes(1));
        await Put("e/f/g", Bytes(1));
        await Store.DeleteAsync([Name("d/1"), Name("d/none"), Name("e/f/g"), Name("x/y/z")], default);
        await Store.DeleteAsync([], default);

        (await List("")).ShouldBe(["d/2"]);
        (await Folders("")).ShouldBe(["d"], "a folder without objects is none");
        (await Store.FindAsync(Name("d/1"), default)).ShouldBeNull();
        (await Put("d/1", Bytes(2), PutCondition.CreateOnly)).ShouldBeTrue("a deleted name is free");
    }

    [Fact]
    public async Task Deletion_does_not_affect_a_reader_that_has_started()
    {
        var bytes = Bytes(50_000);
        await Put("r", bytes);
        await using var content = await Store.OpenAsync(Name("r"), 0, null, default);
        await Store.DeleteAsync([Name("r")], default);
        (await ReadAll(content!)).ShouldBe(bytes);
    }

    [Fact]
    public async Task Concurrent_writes_and_deletions_of_neighbours_lose_nothing()
    {
        await Task.WhenAll(Enumerable.Range(0, 6).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 15; i++)
            {
                var name = $"n/{i % 3}/{worker}";
                (await Put(name, Bytes(10, worker), PutCondition.CreateOnly)).ShouldBeTrue();
                (await ReadAll(name)).ShouldBe(Bytes(10, worker));
                await Store.DeleteAsync([Name(name)], default);
            }
        })));
        (await List("")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Cancelled_call_throws_OperationCanceledException()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => Store.OpenAsync(Name("c"), 0, null, cancelled.Token));
        await Should.ThrowAsync<OperationCanceledException>(() =>
            Store.PutAsync(Name("c"), Bytes(10), PutCondition.Replace, cancelled.Token));
        (await Store.FindAsync(Name("c"), default)).ShouldBeNull();
    }

    [Fact]
    public async Task Every_object_is_read_with_the_checksum_of_its_written_bytes()
    {
        var path = Path.Combine(_folder, "summed");
        await File.WriteAllBytesAsync(path, Bytes(150_000));
        await Put("c/bytes", Bytes(150_000));
        await Store.PutFileAsync(Name("c/file"), path, PutCondition.CreateOnly, default);
        await Put("c/empty", []);
        foreach (var (name, sum) in new[] { ("c/bytes", Crc32C.Append(0, Bytes(150_000))), ("c/file", Crc32C.Append(0, Bytes(150_000))),
            ("c/empty", 0u) })
        {
            await using var content = await Store.OpenAsync(Name(name), 0, null, default);
            content!.Checksum.ShouldBe(sum, name);
            (await ObjectVerification.VerifyAsync(Store, Name(name), default)).ShouldBe(VerificationResult.Valid, name);
        }

        await using var range = await Store.OpenAsync(Name("c/bytes"), 10, 20, default);
        range!.Checksum.ShouldBe(Crc32C.Append(0, Bytes(150_000)), "that of all of it");
        (await ObjectVerification.VerifyAsync(Store, Name("c/none"), default)).ShouldBe(VerificationResult.Missing);
    }

    [Fact]
    public async Task Slice_of_a_larger_array_is_stored_as_that_slice()
    {
        var bytes = Bytes(1000);
        await Store.PutAsync(Name("s"), bytes.AsMemory(100, 50), PutCondition.CreateOnly, default);
        (await ReadAll("s")).ShouldBe(bytes[100..150]);
    }

    private protected static ObjectName Name(string text) => ObjectName.Parse(text);

    private protected static byte[] Bytes(int count, int seed = 1)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private protected static async Task<byte[]> ReadAll(ObjectContent content)
    {
        var all = new MemoryStream();
        await content.Stream.CopyToAsync(all);
        return all.ToArray();
    }

    private protected async Task<byte[]> ReadAll(string name)
    {
        await using var content = await Store.OpenAsync(Name(name), 0, null, default);
        content.ShouldNotBeNull();
        return await ReadAll(content);
    }

    private protected Task<bool> Put(string name, byte[] bytes, PutCondition condition = PutCondition.Replace) =>
        Store.PutAsync(Name(name), bytes, condition, default);

    private protected async Task<List<string>> List(string prefix) =>
        await Store.ListAsync(prefix, default).Select(found => found.Name.Value).ToListAsync();

    private protected async Task<List<string>> Folders(string prefix) => await Store.ListFoldersAsync(prefix, default).ToListAsync();
}
