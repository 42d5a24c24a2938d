using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Architecture.Tests;

/// <summary>Actions and messages of <c>./broadcast</c> before the start of the server program.</summary>
public sealed class LauncherTests : IAsyncLifetime
{
    private readonly LauncherFixture _launcher = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _launcher.DisposeAsync();

    [Fact]
    public async Task Launcher_passes_output_and_exit_code_through_and_writes_progress_to_stderr()
    {
        var result = await _launcher.RunAsync("channel", "create", "a b", "--json");
        result.ExitCode.ShouldBe(7);
        result.Output.ShouldBe("""{"arguments":"channel create a b --json"}""");
        result.Error.ShouldContain("Building the server");
    }

    [Fact]
    public async Task Second_start_does_not_rebuild_and_prints_nothing()
    {
        await _launcher.RunAsync("serve");
        var second = await _launcher.RunAsync("serve");
        second.Error.ShouldBeEmpty();
        _launcher.Builds.ShouldBe(1);
    }

    [Theory]
    [InlineData("packager/Code.cs")]
    [InlineData("Directory.Build.props")]
    [InlineData("dashboard/src/watch.ts")]
    public async Task Changed_source_is_rebuilt(string path)
    {
        await _launcher.RunAsync("serve");
        _launcher.Write(path, "changed");
        await _launcher.RunAsync("serve");
        _launcher.Builds.ShouldBe(2);
    }

    [Fact]
    public async Task Deleted_source_triggers_a_rebuild_and_build_output_does_not()
    {
        await _launcher.RunAsync("serve");
        _launcher.Write("ingest/obj/generated.cs", "");
        await _launcher.RunAsync("serve");
        _launcher.Builds.ShouldBe(1);
        _launcher.Delete("ingest/Code.cs");
        await _launcher.RunAsync("serve");
        _launcher.Builds.ShouldBe(2);
    }

    [Fact]
    public async Task Dashboard_packages_are_installed_again_only_when_the_lock_file_changes()
    {
        await _launcher.RunAsync("serve");
        _launcher.Exists("host/wwwroot/watch.html").ShouldBeTrue();
        _launcher.Write("dashboard/src/watch.ts", "changed");
        await _launcher.RunAsync("serve");
        _launcher.Calls.Count(c => c.Contains(" ci ", StringComparison.Ordinal)).ShouldBe(1);
        _launcher.Calls.Count(c => c.Contains(" run build", StringComparison.Ordinal)).ShouldBe(2);
        _launcher.Write("dashboard/package-lock.json", "{ }");
        await _launcher.RunAsync("serve");
        _launcher.Calls.Count(c => c.Contains(" ci ", StringComparison.Ordinal)).ShouldBe(2);
    }

    [Fact]
    public async Task Concurrent_starts_build_once()
    {
        _launcher.Write("hold", "");
        await using var first = _launcher.Start("serve");
        await Poll.UntilAsync(() => _launcher.Builds == 1);
        await using var second = _launcher.Start("serve");
        await second.WaitForLineAsync(l => l.Contains("waiting", StringComparison.Ordinal), TimeSpan.FromSeconds(20));
        _launcher.Delete("hold");
        (await first.WaitForExitAsync(TimeSpan.FromSeconds(20))).ShouldBe(7);
        (await second.WaitForExitAsync(TimeSpan.FromSeconds(20))).ShouldBe(7);
        _launcher.Builds.ShouldBe(1);
    }

    [Fact]
    public async Task Launcher_killed_during_a_build_does_not_block_the_next_start()
    {
        _launcher.Write("hold", "");
        await using (var first = _launcher.Start("serve"))
        {
            await Poll.UntilAsync(() => _launcher.Builds == 1);
            first.Kill();
            await first.WaitForExitAsync(TimeSpan.FromSeconds(10));
        }

        _launcher.Delete("hold");
        (await _launcher.RunAsync("serve")).ExitCode.ShouldBe(7);
    }

    [Fact]
    public async Task Failed_build_prints_compiler_errors_and_the_log_path()
    {
        _launcher.Write("broken", "");
        var result = await _launcher.RunAsync("serve");
        result.ExitCode.ShouldBe(1);
        result.Error.ShouldContain("host/Code.cs(3,7): error CS1002: ; expected");
        result.Error.ShouldContain(".build/host.log");
        result.Error.ShouldNotContain("noise");
        result.Output.ShouldBeEmpty();
        _launcher.Delete("broken");
        (await _launcher.RunAsync("serve")).ExitCode.ShouldBe(7);
    }

    [Fact]
    public async Task Launcher_finds_its_folder_through_symbolic_links()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_launcher.Root, "links")).FullName;
        File.CreateSymbolicLink(Path.Combine(folder, "one"), "../broadcast");
        File.CreateSymbolicLink(Path.Combine(folder, "two"), Path.Combine(folder, "one"));
        (await _launcher.RunFromAsync(Path.Combine(folder, "two"), "serve")).ExitCode.ShouldBe(7);
    }

    [Fact]
    public async Task Missing_SDK_or_Node_is_reported_with_download_addresses()
    {
        _launcher.Tool("dotnet", "echo '8.0.100 [/sdk]'");
        _launcher.Tool("node", "echo v18.2.0");
        var result = await _launcher.RunAsync("serve");
        result.ExitCode.ShouldBe(1);
        result.Error.ShouldContain("https://dotnet.microsoft.com/download/dotnet/10.0");
        result.Error.ShouldContain("this is 18.2.0");
        result.Error.ShouldContain("https://nodejs.org");
    }

    [Fact]
    public async Task Up_runs_no_package_manager_when_every_program_is_installed()
    {
        (await _launcher.RunAsync("up")).ExitCode.ShouldBe(7);
        _launcher.Calls.ShouldNotContain(c => c.StartsWith("apt-get", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Missing_program_is_reported_with_its_purpose_and_installed()
    {
        _launcher.RemoveTool("ffmpeg");
        var result = await _launcher.RunAsync("up");
        result.ExitCode.ShouldBe(7);
        result.Error.ShouldContain("ffmpeg: encodes ladders");
        _launcher.Calls.Where(c => c.StartsWith("apt-get", StringComparison.Ordinal))
            .ShouldBe(["apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends ffmpeg"]);
    }

    [Fact]
    public async Task Package_index_is_updated_only_when_a_package_is_not_found()
    {
        _launcher.RemoveTool("ffmpeg");
        _launcher.Write("stale", "");
        (await _launcher.RunAsync("up")).ExitCode.ShouldBe(7);
        _launcher.Calls.Where(c => c.StartsWith("apt-get", StringComparison.Ordinal)).Select(c => c.Split(' ')[3])
            .ShouldBe(["install", "update", "install"]);
    }

    [Fact]
    public async Task Unprivileged_user_installs_packages_through_sudo()
    {
        _launcher.RemoveTool("ffmpeg");
        _launcher.Tool("id", "echo 1000");
        _launcher.Tool("true", "");
        _launcher.Tool("sudo", "[ \"$1\" = -n ] && shift; exec \"$@\"");
        (await _launcher.RunAsync("up")).ExitCode.ShouldBe(7);
        _launcher.Calls.ShouldContain(c => c.StartsWith("sudo -n env DEBIAN_FRONTEND=noninteractive apt-get", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Unprivileged_user_without_sudo_gets_the_install_command()
    {
        _launcher.RemoveTool("ffmpeg");
        _launcher.Tool("id", "echo 1000");
        var result = await _launcher.RunAsync("up");
        result.ExitCode.ShouldBe(1);
        result.Error.ShouldContain("apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends ffmpeg");
        _launcher.Calls.ShouldNotContain(c => c.StartsWith("apt-get", StringComparison.Ordinal));
    }
}
