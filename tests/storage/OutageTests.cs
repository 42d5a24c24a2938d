using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage.Objects;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

/// <summary>The spool with a real S3 service that hangs, crashes, returns, or rejects requests. Uses its own service.</summary>
public sealed class OutageTests : IAsyncLifetime
{
    private CephServer _ceph = null!;
    private string _bucket = null!;

    public async ValueTask InitializeAsync()
    {
        _ceph = await CephServer.StartAsync();
        _bucket = await _ceph.CreateBucketAsync();
    }

    public ValueTask DisposeAsync() => _ceph.DisposeAsync();

    [Fact]
    public async Task Live_continues_while_S3_hangs_or_fails_and_everything_is_uploaded_afterwards()
    {
        using var store = Store(timeoutSeconds: 1);
        await using var bench = new SpoolHarness(store).Run();
        var written = 0;
        Write(20);
        await bench.Until(() => bench.Spool.Status().Uploads == 20);

        _ceph.Pause();
        Write(20);
        await bench.Until(() => bench.Spool.Status().ErrorKind == ObjectStoreErrorKind.Unreachable);
        bench.Spool.Status().ErrorMessage!.ShouldContain("did not answer within");
        for (var i = 20; i < 40; i++)
        {
            (await bench.Read($"live/{i}")).ShouldBe(Bytes(i), "what the store does not have is read from here");
        }

        _ceph.Resume();
        await bench.Until(() => bench.Spool.Status().Uploads == 40);
        bench.Spool.Status().ErrorKind.ShouldBeNull();

        await _ceph.KillAsync();
        Write(20);
        await bench.Until(() => bench.Spool.Status().ErrorMessage?.Contains("could not be reached", StringComparison.Ordinal) == true);
        bench.Spool.Delete([ObjectName.Parse("live/0")]);
        await _ceph.StartGatewayAsync();
        await bench.Until(() => bench.Spool.Status() is { Uploads: 60, PendingDeletions: 0, WaitingFiles: 0, Bytes: 0 });

        var expected = Enumerable.Range(1, 59).Select(i => $"live/{i}").Order(StringComparer.Ordinal);
        (await store.ListAsync("", default).Select(found => found.Name.Value).ToListAsync()).ShouldBe(expected);
        for (var i = 1; i < 60; i++)
        {
            await using var content = await store.OpenAsync(ObjectName.Parse($"live/{i}"), 0, null, default);
            var all = new MemoryStream();
            await content!.Stream.CopyToAsync(all);
            all.ToArray().ShouldBe(Bytes(i));
        }

        void Write(int count)
        {
            for (var end = written + count; written < end; written++)
            {
                bench.Write($"live/{written}", Bytes(written)).Seal();
            }
        }
    }

    [Fact]
    public async Task Files_wait_during_wrong_credentials_and_upload_with_correct_ones_after_a_restart()
    {
        var folder = Directory.CreateTempSubdirectory("broadcast-spool-").FullName;
        using (var refused = Store(change: options => options.SecretKey = "not-the-secret-of-this-test"))
        {
            await using var bench = new SpoolHarness(refused, folder: folder).Run();
            bench.Write("a/1", [1, 2, 3]).Seal();
            await bench.Until(() => bench.Spool.Status().ErrorKind == ObjectStoreErrorKind.Denied);
            bench.Spool.Status().ErrorMessage!.ShouldContain("Storage:SecretKey");
            bench.Log.Entries.Select(entry => entry.ToString())
                .ShouldAllBe(line => !line.Contains("not-the-secret") && !line.Contains(_ceph.AccessKey));
            (await bench.Read("a/1")).ShouldBe([1, 2, 3]);
            await bench.StopAsync();
            bench.Spool.Dispose();
            Directory.Move(Path.Combine(folder, "spool"), folder + "-kept");
        }

        Directory.CreateDirectory(folder);
        Directory.Move(folder + "-kept", Path.Combine(folder, "spool"));
        using var store = Store();
        await using var again = new SpoolHarness(store, folder: folder).Run();
        await again.Until(() => again.Spool.Status().Uploads == 1);
        (await store.FindAsync(ObjectName.Parse("a/1"), default))!.Length.ShouldBe(3);
    }

    [Fact]
    public async Task Missing_bucket_is_reported_at_the_start_and_used_once_created()
    {
        using var store = Store(change: options => options.Bucket = "made-later");
        await using var bench = new SpoolHarness(store).Run();
        await bench.Until(() => bench.Log.Entries.Select(entry => entry.ToString())
            .Any(line => line.StartsWith("Error 6002") && line.Contains("made-later")));
        bench.Write("a", [1]).Seal();
        await _ceph.CreateBucketAsync("made-later");
        await bench.Until(() => bench.Spool.Status().Uploads == 1);
    }

    [Fact]
    public async Task Hanging_service_and_stalled_body_fail_a_call_within_the_timeout()
    {
        using var store = Store(timeoutSeconds: 1);
        var bytes = new byte[32 << 20];
        await store.PutAsync(ObjectName.Parse("big"), bytes, PutCondition.CreateOnly, default);
        await using var content = await store.OpenAsync(ObjectName.Parse("big"), 0, null, default);
        _ceph.Pause();
        try
        {
            (await Should.ThrowAsync<ObjectStoreException>(() => store.FindAsync(ObjectName.Parse("big"), default))).Kind
                .ShouldBe(ObjectStoreErrorKind.Unreachable);
            var stalled = await Should.ThrowAsync<ObjectStoreException>(() => content!.Stream.CopyToAsync(Stream.Null));
            stalled.Kind.ShouldBe(ObjectStoreErrorKind.Unreachable);
            stalled.Message.ShouldContain("did not answer within 1 s");
        }
        finally
        {
            _ceph.Resume();
        }

        (await store.FindAsync(ObjectName.Parse("big"), default))!.Length.ShouldBe(bytes.Length);
    }

    private static byte[] Bytes(int seed)
    {
        var bytes = new byte[10_000 + seed];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private S3ObjectStore Store(int timeoutSeconds = 5, Action<StorageOptions>? change = null)
    {
        var options = CephFixture.Options(_ceph, _bucket);
        options.TimeoutSeconds = timeoutSeconds;
        change?.Invoke(options);
        return new S3ObjectStore(options, TimeProvider.System);
    }
}
