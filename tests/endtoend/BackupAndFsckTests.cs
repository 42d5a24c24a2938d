using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>The commands that an operator takes to after a loss, on a server with a session behind it.</summary>
public sealed class BackupAndFsckTests
{
    [Fact]
    public async Task A_backup_brings_keys_back_and_fsck_finds_what_is_missing_and_nothing_else()
    {
        await using var server = await BroadcastServer.StartAsync();
        var channel = await server.CreateChannelAsync("kept", "--ladder", "passthrough", "--reconnect-window", "0");
        await using (var encoder = FfmpegTool.Publish(server.PublishUrl(channel)))
        {
            await HlsView.WaitAsync(server, "kept", v => v.Segments.Count >= 2, "two segments; " + encoder.Tail());
            (await server.CommandAsync("fsck", "--deep")).EnsureSuccess().Output.ShouldContain("Nothing is wrong");
        }

        await HlsView.WaitAsync(server, "kept", v => v.Ended, "the session is over");
        var backup = Path.Combine(server.Data, "backup");
        (await server.CommandAsync("backup", backup)).EnsureSuccess().Output.ShouldContain("1 stream keys");
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(backup).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        (await server.CommandAsync("restore", backup, "--replace")).Error.ShouldContain("Stop it");
        await server.CreateChannelAsync("made-since");

        (await server.StopAsync()).ShouldBe(0);
        (await server.CommandAsync("restore", backup, "--replace")).EnsureSuccess();
        var clean = (await server.CommandAsync("fsck", "--deep", "--json")).EnsureSuccess().Json();
        clean.GetProperty("found").GetInt64().ShouldBe(0);
        clean.GetProperty("verified").GetInt64().ShouldBe(clean.GetProperty("objects").GetInt64());

        var segment = Directory.EnumerateFiles(Path.Combine(server.Data, "objects", "live", "kept"), "1.m4s", SearchOption.AllDirectories).First(path => path.Contains("/source/", StringComparison.Ordinal));
        File.Delete(segment);
        var found = await server.CommandAsync("fsck", "kept");
        found.ExitCode.ShouldBe(1);
        found.Output.ShouldContain("source/1.m4s: ");
        (await server.CommandAsync("fsck", "kept", "--repair")).EnsureSuccess().Output.ShouldContain("marked as a gap");

        await server.RestartAsync();
        (await server.Client.GetStringAsync("/live/kept/index.m3u8")).ShouldContain("#EXTM3U");
        (await server.CommandAsync("channel", "list")).EnsureSuccess().Output.ShouldNotContain("made-since");
        await using var again = FfmpegTool.Publish(server.PublishUrl(channel));
        await HlsView.WaitAsync(server, "kept", v => !v.Ended && v.Segments.Count >= 1, "the key of the backup lets in; " + again.Tail());
    }
}
