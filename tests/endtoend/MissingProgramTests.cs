using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>A machine with missing programs: one message names the package to install.</summary>
public sealed class MissingProgramTests
{
    [Fact]
    public async Task Server_starts_without_ffmpeg_and_demo_and_doctor_explain_how_to_install_it()
    {
        await using var programs = TempFolder.Create();
        foreach (var folder in new[] { "/usr/sbin", "/usr/bin", "/sbin", "/bin" })
        {
            foreach (var program in Directory.EnumerateFiles(folder)
                .Where(p => !Path.GetFileName(p).StartsWith("ff", StringComparison.Ordinal)))
            {
                var link = programs.Sub(Path.GetFileName(program));
                if (!File.Exists(link))
                {
                    File.CreateSymbolicLink(link, program);
                }
            }
        }

        await using var server = await BroadcastServer.StartAsync(
            environment: new Dictionary<string, string?> { ["PATH"] = programs.Path });
        var channel = await server.AddChannelAsync("main");

        var demo = await server.CommandAsync("demo", "--channel", "main", "--seconds", "3");
        demo.ExitCode.ShouldNotBe(0);
        demo.Error.ShouldContain("apt-get install ffmpeg");
        demo.Error.ShouldNotContain("   at ");
        var doctor = await server.CommandAsync("doctor");
        doctor.ExitCode.ShouldNotBe(0);
        doctor.Output.ShouldContain("apt-get install ffmpeg");

        await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel), Signals.Small);
        await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 1, "passed through without ffmpeg");
    }

    [Fact]
    public async Task Serve_without_PostgreSQL_explains_how_to_install_or_configure_it()
    {
        await using var folder = TempFolder.Create();
        const string hidden = "for d in /usr/lib/postgresql /usr/local/pgsql; do [ -d $d ] && mount -t tmpfs tmpfs $d; done; exec \"$@\"";

        var refusal = await ChildProcess.RunAsync("unshare",
        [
            .. System.Environment.IsPrivilegedProcess ? Array.Empty<string>() : ["--user", "--map-root-user"],
            "--mount", "sh", "-c", hidden, "sh", "dotnet", Repository.ServerProgram(), "serve", "--data", folder.Sub("data"),
            "--http", "127.0.0.1:0", "--rtmp", "127.0.0.1:0", "--internal", "127.0.0.1:0", "--json",
        ]);

        refusal.ExitCode.ShouldNotBe(0);
        refusal.Output.ShouldBeEmpty();
        refusal.Error.ShouldContain("apt install postgresql");
        refusal.Error.ShouldContain("Database:ConnectionString");
        refusal.Error.ShouldNotContain("   at ");
    }
}
