using Broadcast.Host.Commands;
using Broadcast.Host.Diagnostics;
using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage;
using Broadcast.Storage.Spooling;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

public sealed class FsckTests : IAsyncDisposable
{
    private readonly TempFolder _folder = TempFolder.Create();
    private readonly ManualTimeProvider _later = new(TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(2));
    private readonly string _orphan = $"live/main/{SessionId.New(TimeProvider.System.GetUtcNow())}/source/1.m4s";

    public ValueTask DisposeAsync() => _folder.DisposeAsync();

    [Fact]
    public async Task Empty_store_has_no_findings() => (await RunAsync(new(null, true, true, true))).ShouldBeEmpty();

    [Fact]
    public void Fsck_repairs_are_audited_in_one_row()
    {
        var kinds = new Dictionary<string, long> { ["orphan"] = 3, ["missing"] = 2 };

        var (action, subject, detail) = FsckCommand.AuditEntryOf(new FsckRequest(null, Deep: false, Repair: true, DeleteOrphans: true),
            kinds);
        (action, subject, detail["repair"], detail["deleteOrphans"],
            detail["repaired"]).ShouldBe(("media.repair", "media/all", "true", "true", "missing 2, orphan 3"));
        FsckCommand.AuditEntryOf(new FsckRequest(ChannelName.Parse("demo"), Deep: false, Repair: true, DeleteOrphans: false), kinds)
            .Subject.ShouldBe("channel/demo");
    }

    [Fact]
    public async Task Orphans_are_listed_and_deleted_only_on_request()
    {
        await PutAsync(_orphan);

        foreach (var wishes in new FsckRequest[] { new(null, false, false, false), new(null, true, true, false),
            new(ChannelName.Parse("main"), false, false, false) })
        {
            var line = (await RunAsync(wishes)).ShouldHaveSingleItem();
            (line.Fault, line.Channel, line.Repaired).ShouldBe(("no-journal", "main", null));
        }

        (await RunAsync(new(ChannelName.Parse("other"), false, false, true))).ShouldBeEmpty();
        (await RunAsync(new(null, false, false, true))).ShouldHaveSingleItem().Repaired.ShouldBe("deleted");
        (await RunAsync(new(null, false, false, false))).ShouldBeEmpty();
    }

    [Fact]
    public async Task Manifests_of_a_channel_without_sessions_are_orphans()
    {
        await PutAsync("live/main/index.m3u8");
        await PutAsync("live/main/manifest.mpd");

        (await RunAsync(new(null, false, true, false))).Select(line => (line.Fault, line.Object, line.Repaired))
            .ShouldBe([("orphan", "live/main/index.m3u8", null), ("orphan", "live/main/manifest.mpd", null)]);
        (await RunAsync(new(null, false, false, true))).ShouldAllBe(line => line.Repaired == "deleted");
        (await RunAsync(new(null, false, false, false))).ShouldBeEmpty();

        await PutAsync("live/main/index.m3u8");
        await PutAsync(_orphan);
        (await RunAsync(new(null, false, false, false))).ShouldHaveSingleItem().Fault.ShouldBe("no-journal");
    }

    [Fact]
    public async Task Recent_files_are_not_deleted()
    {
        await PutAsync(_orphan);

        (await RunAsync(new(null, false, true, true), TimeProvider.System)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Spooled_files_are_reported_and_uploaded_unless_the_server_is_running()
    {
        var path = Path.Combine(_folder.Path, "spool", _orphan);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path, "bytes");

        // Uses the system clock: the session is young, so the output mentions only the spool.
        var told = (await RunAsync(new(null, false, false, false), TimeProvider.System)).ShouldHaveSingleItem();
        (told.Fault, told.Repaired).ShouldBe(("not-uploaded", null));
        (await RunAsync(new(null, false, true, false), TimeProvider.System, isServerRunning: true)).ShouldBeEmpty();
        File.Exists(path).ShouldBeTrue();

        (await RunAsync(new(null, false, true, false), TimeProvider.System)).ShouldHaveSingleItem().Repaired.ShouldBe("1 uploaded");
        (File.Exists(path), await Store().FindAsync(ObjectName.Parse(_orphan), default) is not null).ShouldBe((false, true));
    }

    private IObjectStore Store() => StorageModule.CreateStore(new StorageOptions(), new DataFolder(_folder.Path), TimeProvider.System);

    private Task PutAsync(string name) => Store().PutAsync(ObjectName.Parse(name), new byte[10], PutCondition.CreateOnly, default);

    private async Task<List<FsckLine>> RunAsync(FsckRequest wishes, TimeProvider? time = null, bool isServerRunning = false) =>
        await new Fsck(new DataFolder(_folder.Path), Store(), null, new SpoolOptions(), isServerRunning, isShared: false, time
            ?? _later).RunAsync(wishes, default).ToListAsync();
}
