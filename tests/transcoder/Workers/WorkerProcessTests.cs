using Broadcast.Testing;
using Broadcast.Transcoder.Workers;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Workers;

/// <summary>Restrictions of a worker, observed by a script in its place.</summary>
public sealed class WorkerProcessTests : IDisposable
{
    private const UnixFileMode OpenToAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly TempFolder _folder = TempFolder.Create(mode: OpenToAll);

    [Fact]
    public async Task Worker_cannot_gain_privileges_has_limits_and_no_capabilities()
    {
        var said = await SaidAsync(
            "grep -E 'NoNewPrivs|CapEff|CapBnd' /proc/self/status >&2; echo files $(ulimit -n) core $(ulimit -c) data $(ulimit -d) >&2");

        said.ShouldContain("NoNewPrivs:\t1");
        said.ShouldContain("CapEff:\t0000000000000000");
        said.ShouldContain($"files {WorkerLimits.Software.OpenFiles} core 0 data {WorkerLimits.Software.DataBytes / 1024}");
    }

    [Fact]
    public async Task Worker_of_a_root_server_runs_as_another_user_if_its_program_is_accessible()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can start a process as another user.");

        (await SaidAsync("id -u >&2; id -G >&2")).ShouldContain($"{Sandbox.WorkerUser} | {Sandbox.WorkerUser}");
    }

    [Fact]
    public async Task Worker_with_an_inaccessible_program_runs_as_the_server_user_with_the_other_restrictions()
    {
        var said = await SaidAsync("echo uid $(id -u) >&2; grep NoNewPrivs /proc/self/status >&2", "0700");

        Sandbox.Of(_folder.Sub("worker"), WorkerLimits.Software).Gaps.ShouldBe(Environment.IsPrivilegedProcess
            ? "ffmpeg cannot be executed by user 60999, so its processes run as root: install it in a folder that all users can read"
            : null);
        said.ShouldContain(Environment.IsPrivilegedProcess ? "uid 0" : $"uid {(await ChildProcess.RunAsync("id", ["-u"])).Output.Trim()}");
        said.ShouldContain("NoNewPrivs:\t1");
    }

    [Fact]
    public async Task Worker_cannot_fill_the_disk()
    {
        var file = _folder.Sub("file");
        await File.WriteAllTextAsync(file, "");
        (await ChildProcess.RunAsync("chmod", ["a+w", file])).EnsureSuccess();

        await SaidAsync($"head -c 1000000 /dev/zero > {file}");

        new FileInfo(file).Length.ShouldBeLessThanOrEqualTo(WorkerLimits.Software.FileBytes);
    }

    [Fact]
    public async Task Worker_inherits_no_environment() => (await SaidAsync("env >&2")).ShouldNotContain("HOME=");

    [Fact]
    public void Abandoned_folder_is_removed_and_one_in_use_is_kept()
    {
        // State left by a killed server: the lock file exists and is not held.
        using var alive = new WorkerFolder();
        var dead = Directory.CreateTempSubdirectory("broadcast-worker-");
        File.WriteAllText(Path.Combine(dead.FullName, "lock"), "");
        var newborn = Directory.CreateTempSubdirectory("broadcast-worker-");

        WorkerFolder.RemoveLeftovers(new DateTimeOffset(newborn.LastWriteTimeUtc)).ShouldBeGreaterThanOrEqualTo(1);

        Directory.Exists(dead.FullName).ShouldBeFalse();
        Directory.Exists(newborn.FullName).ShouldBeTrue();
        Directory.Exists(alive.Path).ShouldBeTrue();
        WorkerFolder.RemoveLeftovers(new DateTimeOffset(newborn.LastWriteTimeUtc) + TimeSpan.FromMinutes(2));
        Directory.Exists(newborn.FullName).ShouldBeFalse();
        Directory.Exists(alive.Path).ShouldBeTrue();
    }

    public void Dispose() => _folder.Dispose();

    private async Task<string> SaidAsync(string script, string mode = "0755")
    {
        var program = _folder.Sub("worker");
        await File.WriteAllTextAsync(program, $"#!/bin/sh\n{script}\n", TestContext.Current.CancellationToken);
        (await ChildProcess.RunAsync("chmod", [mode, program])).EnsureSuccess();
        await using var process = WorkerProcess.Start(program, []);
        var talk = process.DiscardOutputAsync();
        var said = await process.WaitAsync(TestContext.Current.CancellationToken);
        await talk;
        return said;
    }
}
