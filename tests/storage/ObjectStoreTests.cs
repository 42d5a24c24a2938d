using Broadcast.Media.Storage;
using Broadcast.Storage.Objects;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

public sealed class MemoryObjectStoreTests : ObjectStoreContract
{
    [Fact]
    public async Task Full_store_reports_it_and_keeps_its_objects()
    {
        var small = new MemoryObjectStore(TimeProvider.System, maxBytes: 100);
        await small.PutAsync(Name("a"), Bytes(60), PutCondition.Replace, default);
        (await Should.ThrowAsync<ObjectStoreException>(() => small.PutAsync(Name("b"), Bytes(60), PutCondition.Replace, default))).Kind
            .ShouldBe(ObjectStoreErrorKind.Full);
        await small.PutAsync(Name("a"), Bytes(90), PutCondition.Replace, default);
        await small.DeleteAsync([Name("a")], default);
        (await small.PutAsync(Name("b"), Bytes(100), PutCondition.Replace, default)).ShouldBeTrue();
    }

    private protected override Task<IObjectStore> CreateAsync(string folder) =>
        Task.FromResult<IObjectStore>(new MemoryObjectStore(TimeProvider.System));
}

public sealed class DiskObjectStoreTests : ObjectStoreContract
{
    private string _root = "";

    [Fact]
    public async Task Object_names_are_file_paths()
    {
        await Put("live/a/1.mp4", Bytes(10));
        (await File.ReadAllBytesAsync(Path.Combine(_root, "live/a/1.mp4"))).ShouldBe(Bytes(10));
    }

    [Fact]
    public async Task File_on_the_same_file_system_is_moved_without_copying()
    {
        var path = Path.Combine(Path.GetDirectoryName(_root)!, "take");
        await File.WriteAllBytesAsync(path, Bytes(1000));
        using var open = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        (await Store.PutFileAsync(Name("taken/1"), path, PutCondition.CreateOnly, default)).ShouldBeTrue();
        File.Exists(path).ShouldBeFalse();

        // The same inode: writes through the old handle are visible in the object.
        RandomAccess.Write(open, new byte[] { 1, 2, 3 }, 0);
        (await ReadAll("taken/1"))[..3].ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task File_on_another_file_system_is_copied_completely()
    {
        var path = Path.Combine("/dev/shm", "broadcast-" + Guid.NewGuid().ToString("N"));
        await File.WriteAllBytesAsync(path, Bytes(3_000_000));
        try
        {
            (await Store.PutFileAsync(Name("x/created"), path, PutCondition.CreateOnly, default)).ShouldBeTrue();
            (await Store.PutFileAsync(Name("x/created"), path, PutCondition.CreateOnly, default)).ShouldBeFalse();
            (await Store.PutFileAsync(Name("x/replaced"), path, PutCondition.Replace, default)).ShouldBeTrue();
            (await ReadAll("x/created")).ShouldBe(Bytes(3_000_000));
            (await ReadAll("x/replaced")).ShouldBe(Bytes(3_000_000));
            File.Exists(path).ShouldBeTrue();
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task Deleting_the_last_object_of_a_folder_removes_the_folder()
    {
        await Put("p/q/1", Bytes(1));
        await Put("p/r/1", Bytes(1));
        await Store.DeleteAsync([Name("p/q/1")], default);
        Directory.Exists(Path.Combine(_root, "p/q")).ShouldBeFalse();
        Directory.Exists(Path.Combine(_root, "p/r")).ShouldBeTrue();
        await Store.DeleteAsync([Name("p/r/1")], default);
        Directory.Exists(Path.Combine(_root, "p")).ShouldBeFalse();
        Directory.Exists(_root).ShouldBeTrue();
    }

    [Fact]
    public async Task Name_that_would_be_both_folder_and_object_is_rejected()
    {
        await Put("f", Bytes(1));
        (await Should.ThrowAsync<ObjectStoreException>(() => Put("f/g", Bytes(1)))).Message.ShouldContain("f/g");
        await Put("h/i", Bytes(1));
        (await Should.ThrowAsync<ObjectStoreException>(() => Put("h", Bytes(1), PutCondition.CreateOnly))).Message
            .ShouldContain("cannot be both object and folder");
        (await Should.ThrowAsync<ObjectStoreException>(() => Put("h", Bytes(1)))).Kind.ShouldBe(ObjectStoreErrorKind.Other);
        (await Store.OpenAsync(Name("h"), 0, null, default)).ShouldBeNull();
        (await List("")).ShouldBe(["f", "h/i"]);
    }

    [Fact]
    public async Task Partial_file_of_a_killed_process_is_removed_and_never_listed()
    {
        var half = Path.Combine(_root, ".writing", "half");
        await File.WriteAllBytesAsync(half, Bytes(10));
        await File.WriteAllBytesAsync(Path.Combine(_root, "a stranger's file"), Bytes(10));
        (await List("")).ShouldBeEmpty();
        _ = new DiskObjectStore(_root, flush: false);
        File.Exists(half).ShouldBeTrue("a server may be writing it, and a command is looking");
        File.SetLastWriteTimeUtc(half, TimeProvider.System.GetUtcNow().UtcDateTime - TimeSpan.FromHours(2));
        _ = new DiskObjectStore(_root, flush: false);
        File.Exists(half).ShouldBeFalse();
        File.Exists(Path.Combine(_root, "a stranger's file")).ShouldBeTrue();
    }

    [Fact]
    public async Task Missing_root_folder_is_distinguished_from_a_missing_object()
    {
        Directory.Delete(_root, recursive: true);
        var gone = await Should.ThrowAsync<ObjectStoreException>(() => Put("a", Bytes(1)));
        gone.Kind.ShouldBe(ObjectStoreErrorKind.NoBucket);
        gone.Message.ShouldContain(_root);
        Directory.CreateDirectory(_root);
    }

    [Fact]
    public async Task Missing_root_folder_fails_every_operation_and_is_not_created()
    {
        var source = Path.Combine(Path.GetDirectoryName(_root)!, "take");
        await File.WriteAllBytesAsync(source, Bytes(10));
        Directory.Move(_root, _root + ".away");
        foreach (var (operation, call) in ((string, Func<Task>)[])
                 [
                     ("delete", () => Store.DeleteAsync([Name("a/1")], default)),
                     ("open", () => Store.OpenAsync(Name("a/1"), 0, null, default)),
                     ("find", () => Store.FindAsync(Name("a/1"), default)),
                     ("list", async () => await Store.ListAsync("a/", default).CountAsync()),
                     ("put", () => Put("a/1", Bytes(1))),
                     ("put a file", () => Store.PutFileAsync(Name("a/1"), source, PutCondition.CreateOnly, default)),
                 ])
        {
            (await Should.ThrowAsync<ObjectStoreException>(call, operation)).Kind.ShouldBe(ObjectStoreErrorKind.NoBucket, operation);
            Directory.Exists(_root).ShouldBeFalse(operation);
        }

        Directory.Move(_root + ".away", _root);
    }

    [Fact]
    public async Task Name_too_long_for_the_disk_is_rejected_with_the_name_in_the_message()
    {
        var name = new string('x', 300);
        (await Should.ThrowAsync<ObjectStoreException>(() => Put(name, Bytes(1)))).Message.ShouldContain(name);
    }

    [Fact]
    public async Task Full_disk_is_reported_leaves_nothing_and_writes_continue_when_space_is_free()
    {
        using var disk = TinyDisk.Mount(megabytes: 1);
        if (disk is null)
        {
            return;
        }

        var store = new DiskObjectStore(Path.Combine(disk.Path, "objects"), flush: true);
        await store.PutAsync(Name("first"), Bytes(500_000), PutCondition.CreateOnly, default);
        var full = await Should.ThrowAsync<ObjectStoreException>(() =>
            store.PutAsync(Name("second"), Bytes(800_000), PutCondition.CreateOnly, default));
        full.Kind.ShouldBe(ObjectStoreErrorKind.Full);
        full.Message.ShouldContain(disk.Path);
        (await store.FindAsync(Name("second"), default)).ShouldBeNull();

        await store.DeleteAsync([Name("first")], default);
        (await store.PutAsync(Name("second"), Bytes(800_000), PutCondition.CreateOnly, default)).ShouldBeTrue();
    }

    private protected override Task<IObjectStore> CreateAsync(string folder) =>
        Task.FromResult<IObjectStore>(new DiskObjectStore(_root = Path.Combine(folder, "objects"), flush: false));
}

public sealed class S3ObjectStoreTests(CephFixture ceph) : ObjectStoreContract
{
    [Fact]
    public async Task Large_file_is_uploaded_in_parts_and_complete()
    {
        using var store = ceph.Store(multipartFrom: 20 << 20);
        var bytes = Bytes(40 << 20);
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, bytes);
            (await store.PutFileAsync(Name("big"), path, PutCondition.CreateOnly, default)).ShouldBeTrue();
            (await store.PutFileAsync(Name("big"), path, PutCondition.CreateOnly, default)).ShouldBeFalse();
        }
        finally
        {
            File.Delete(path);
        }

        await using var content = await store.OpenAsync(Name("big"), 0, null, default);
        content!.TotalLength.ShouldBe(bytes.Length);
        (await ReadAll(content)).AsSpan().SequenceEqual(bytes).ShouldBeTrue();
        await using var range = await store.OpenAsync(Name("big"), (16 << 20) - 5, 10, default);
        (await ReadAll(range!)).ShouldBe(bytes[((16 << 20) - 5)..((16 << 20) + 5)]);
    }

    [Fact]
    public async Task Stores_with_different_prefixes_do_not_see_each_other()
    {
        using var one = ceph.Store();
        using var two = ceph.Store();
        await one.PutAsync(Name("a/b"), Bytes(1), PutCondition.CreateOnly, default);
        (await two.FindAsync(Name("a/b"), default)).ShouldBeNull();
        (await two.ListAsync("", default).CountAsync()).ShouldBe(0);
        (await two.PutAsync(Name("a/b"), Bytes(2), PutCondition.CreateOnly, default)).ShouldBeTrue();
    }

    [Fact]
    public async Task Missing_bucket_yields_the_same_clear_error_for_every_call()
    {
        using var store = ceph.Store(options => options.Bucket = "no-such-bucket");
        Func<Task>[] calls =
        [
            () => store.PutAsync(Name("a"), Bytes(1), PutCondition.CreateOnly, default),
            () => store.FindAsync(Name("a"), default),
            () => store.OpenAsync(Name("a"), 0, null, default),
            () => store.OpenAsync(Name("a"), 0, 0, default),
            () => store.ListAsync("", default).CountAsync().AsTask(),
            () => store.DeleteAsync([Name("a")], default),
        ];
        foreach (var call in calls)
        {
            var refused = await Should.ThrowAsync<ObjectStoreException>(call);
            refused.Kind.ShouldBe(ObjectStoreErrorKind.NoBucket, refused.Message);
            refused.Message.ShouldContain("no-such-bucket");
            refused.Message.ShouldContain(ceph.Server.Endpoint);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Wrong_credentials_are_rejected_without_appearing_in_the_message(bool wrongKey)
    {
        const string Wrong = "WRONGWRONGWRONGWRONG";
        using var store = ceph.Store(options =>
        {
            options.AccessKey = wrongKey ? Wrong : options.AccessKey;
            options.SecretKey = wrongKey ? options.SecretKey : Wrong;
        });
        foreach (var call in (Func<Task>[])[() => store.PutAsync(Name("a"), Bytes(1), PutCondition.CreateOnly, default),
            () => store.ListAsync("", default).CountAsync().AsTask(), () => store.FindAsync(Name("a"), default)])
        {
            var refused = await Should.ThrowAsync<ObjectStoreException>(call);
            refused.Kind.ShouldBe(ObjectStoreErrorKind.Denied, refused.Message);
            refused.Message.ShouldContain(ceph.Bucket);
            foreach (var secret in (string[])[Wrong, ceph.Server.AccessKey, ceph.Server.SecretKey])
            {
                refused.ToString().ShouldNotContain(secret);
            }
        }
    }

    [Fact]
    public async Task Environment_credentials_are_used_when_none_are_configured()
    {
        // Every other test configures its own keys, so none reads these.
        string[] variables = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        var before = variables.Select(Environment.GetEnvironmentVariable).ToArray();
        try
        {
            Environment.SetEnvironmentVariable(variables[0], ceph.Server.AccessKey);
            Environment.SetEnvironmentVariable(variables[1], ceph.Server.SecretKey);
            using var store = ceph.Store(options => (options.AccessKey, options.SecretKey) = (null, null));
            (await store.PutAsync(Name("a"), Bytes(10), PutCondition.CreateOnly, default)).ShouldBeTrue();
        }
        finally
        {
            Environment.SetEnvironmentVariable(variables[0], before[0]);
            Environment.SetEnvironmentVariable(variables[1], before[1]);
        }
    }

    [Fact]
    public async Task Service_that_does_not_listen_is_unreachable()
    {
        using var store = ceph.Store(options => options.Endpoint = "http://127.0.0.1:1");
        var failed = await Should.ThrowAsync<ObjectStoreException>(() =>
            store.PutAsync(Name("a"), Bytes(1), PutCondition.CreateOnly, default));
        failed.Kind.ShouldBe(ObjectStoreErrorKind.Unreachable);
        failed.Message.ShouldContain("http://127.0.0.1:1");
    }

    [Fact]
    public async Task Concurrent_processes_never_overwrite_a_newer_manifest_with_an_older_one()
    {
        using var one = ceph.Store(options => options.Prefix = "two-writers");
        using var two = ceph.Store(options => options.Prefix = "two-writers");
        var name = Name("live/a/index.m3u8");
        var headers = ObjectHeaders.OfManifest(name, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3));
        (await one.ReplaceAsync(name, Bytes(10, 1), Rank(5), headers, default)).ShouldBeTrue();
        (await two.ReplaceAsync(name, Bytes(10, 2), Rank(5) with { Epoch = 3 }, headers, default)).ShouldBeTrue();

        // It assumes that its own object still exists.
        (await one.ReplaceAsync(name, Bytes(10, 3), Rank(6), headers, default)).ShouldBeFalse();
        (await one.ReplaceAsync(name, Bytes(10, 4), Rank(6) with { Epoch = 4 }, headers, default)).ShouldBeTrue();
        (await two.ReplaceAsync(name, Bytes(10, 5), Rank(7) with { Epoch = 3 }, headers, default)).ShouldBeFalse();
        (await two.ReplaceAsync(name, Bytes(10, 6), Rank(7) with { Epoch = 5 }, headers, default)).ShouldBeTrue();
        (await one.FindAsync(name, default))!.Rank.ShouldBe(Rank(7) with { Epoch = 5 });
    }

    [Fact]
    public async Task Objects_have_their_content_type_and_cache_lifetime()
    {
        const string Folder = "live/main/01JN8E0000000000000000000A/";
        using var store = ceph.Store(options => options.Prefix = "headers", multipartFrom: 5 << 20);
        var path = Path.GetTempFileName();
        await File.WriteAllBytesAsync(path, Bytes(6 << 20));
        await store.PutAsync(Name(Folder + "source/1.m4s"), Bytes(10), PutCondition.CreateOnly, default);
        await store.PutFileAsync(Name(Folder + "source/2.m4s"), path, PutCondition.CreateOnly, default);
        await store.PutAsync(Name(Folder + "audio-de/init-1.mp4"), Bytes(10), PutCondition.CreateOnly, default);
        await store.PutAsync(Name("journal/main/01JN8E0000000000000000000A/00000001.jsonl"), Bytes(10), PutCondition.CreateOnly, default);
        await store.ReplaceAsync(Name(Folder + "source.m3u8"), Bytes(10), Rank(1),
            ObjectHeaders.OfManifest(Name(Folder + "source.m3u8"), TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(3)), default);
        File.Delete(path);

        (await HeadAsync(Folder + "source/1.m4s")).ShouldBe(("video/mp4", "public, max-age=31536000, immutable"));
        (await HeadAsync(Folder + "source/2.m4s")).ShouldBe(("video/mp4", "public, max-age=31536000, immutable"));
        (await HeadAsync(Folder + "audio-de/init-1.mp4")).ShouldBe(("audio/mp4", "public, max-age=31536000, immutable"));
        (await HeadAsync("journal/main/01JN8E0000000000000000000A/00000001.jsonl")).ShouldBe(("application/octet-stream", null));
        (await HeadAsync(Folder + "source.m3u8")).ShouldBe(("application/vnd.apple.mpegurl", "public, max-age=1, stale-if-error=3"));

        async Task<(string? Type, string? CacheControl)> HeadAsync(string name)
        {
            var (type, cacheControl) = await ceph.Server.HeadersAsync(ceph.Bucket, "headers/" + name);
            return (type, cacheControl);
        }
    }

    private protected override Task<IObjectStore> CreateAsync(string folder) => Task.FromResult<IObjectStore>(ceph.Store());
}
