using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>Recovery commands after a loss, on a server with a recorded session.</summary>
[SingleServer("A database is restored while all of its servers are stopped.")]
public sealed class BackupAndFsckTests
{
    [Fact]
    public async Task Restore_brings_keys_back_and_fsck_finds_and_repairs_exactly_the_missing_data()
    {
        await using var server = await BroadcastServer.StartAsync();
        var channel = await server.AddChannelAsync("kept", new { ladder = "passthrough", reconnectWindowSeconds = 0 });
        var backup = Path.Combine(server.Data, "backup");
        (await server.CommandAsync("backup", backup)).EnsureSuccess().Output.ShouldContain("1 stream keys");
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(backup).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        await using (var encoder = FfmpegTool.Publish(server.PublishUrl(channel)))
        {
            await HlsView.WaitAsync(server, "kept", v => v.Segments.Count >= 2, "two segments; " + encoder.Tail());
        }

        await HlsView.WaitAsync(server, "kept", v => v.Ended, "the session is over");
        (await server.CommandAsync("fsck", "--deep")).EnsureSuccess().Output.ShouldContain("No issues found");
        (await server.CommandAsync("restore", backup, "--replace")).Error.ShouldContain("Stop it");

        // The store now contains media broadcast since the backup, which the database does not know; and a segment is lost.
        (await server.StopAsync()).ShouldBe(0);
        (await server.CommandAsync("restore", backup, "--replace")).EnsureSuccess();
        File.Delete(Directory.EnumerateFiles(Path.Combine(server.Data, "objects", "live", "kept"), "1.m4s", SearchOption.AllDirectories)
            .First(path => path.Contains("/source/", StringComparison.Ordinal)));
        var found = await server.CommandAsync("fsck", "kept");
        found.ExitCode.ShouldBe(1);
        found.Output.ShouldSatisfyAllConditions(o => o.ShouldContain("source/1.m4s: "), o => o.ShouldContain("unknown-session"),
            o => o.ShouldContain("2 issues found."));

        (await server.CommandAsync("fsck", "kept", "--repair")).EnsureSuccess().Output.ShouldSatisfyAllConditions(
            o => o.ShouldContain("marked as a gap"), o => o.ShouldContain("added from its journal"), o => o.ShouldContain("2 repaired"));

        await server.RestartAsync();
        (await HlsView.ReadAsync(server, "kept")).ShouldNotBeNull().Ended.ShouldBeTrue();
        await using var again = FfmpegTool.Publish(server.PublishUrl(channel));
        await HlsView.WaitAsync(server, "kept", v => !v.Ended && v.Segments.Count >= 1,
            "the key in the backup is accepted;  " + again.Tail());
    }
}
