using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage.Integrity;
using Broadcast.Storage.Objects;
using Broadcast.Storage.Spooling;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests.Integrity;

public sealed class SpoolSnapshotTests
{
    [Fact]
    public async Task Snapshot_sees_the_files_of_a_running_server_and_leftover_files_are_uploaded_afterwards()
    {
        await using var bench = new SpoolHarness();
        bench.Write("live/a/s/1.m4s", [1, 2, 3]).Seal();
        bench.Write("live/a/s/2.m4s", [1]);
        bench.Flaky.Fault = ObjectStoreErrorKind.Unreachable;
        bench.Spool.Delete([ObjectName.Parse("live/a/s/0.m4s")]);
        bench.Spool.DeleteAll("live/b/");
        var data = new DataFolder(bench.Base);

        var seen = SpoolSnapshot.Take(data);
        seen.Files.Keys.ShouldBe(["live/a/s/1.m4s", "live/a/s/2.m4s"]);
        seen.Waiting.ShouldHaveSingleItem().Found.Length.ShouldBe(3);
        (seen.IsPendingDeletion(ObjectName.Parse("live/b/x")),
            seen.IsPendingDeletion(ObjectName.Parse("live/c/x"))).ShouldBe((true, false));
        seen.Folders("live/").ShouldBe(["a"]);
        (await SpoolSnapshot.VerifyAsync(seen.Files["live/a/s/1.m4s"], default)).ShouldBe(VerificationResult.Valid);
        await Should.ThrowAsync<IOException>(() => OfflineSpoolUploader.RunAsync(data, bench.Store, new SpoolOptions(),
            TimeProvider.System, default));

        bench.Spool.Dispose();
        bench.Flaky.Fault = null;
        (await OfflineSpoolUploader.RunAsync(data, bench.Store, new SpoolOptions(), TimeProvider.System, default)).ShouldBe(
            new SpoolUploadResult(1, 0, null));
        (await bench.Store.FindAsync(ObjectName.Parse("live/a/s/1.m4s"), default)).ShouldNotBeNull();
        SpoolSnapshot.Take(data).Files.Keys.ShouldBe(["live/a/s/2.m4s"]);
    }

    [Fact]
    public async Task Missing_spool_is_empty()
    {
        await using var folder = TempFolder.Create();
        SpoolSnapshot.Take(new DataFolder(folder.Path)).Files.ShouldBeEmpty();
    }
}
