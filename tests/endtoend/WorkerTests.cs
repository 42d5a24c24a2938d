using System.Globalization;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>Processes left by a killed server.</summary>
public sealed class WorkerTests : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private readonly TempFolder _folder = TempFolder.Create();

    [Fact]
    public async Task Hung_worker_dies_with_a_killed_server_and_the_next_start_removes_its_folder()
    {
        // It does not read, so no closed socket makes it exit.
        var pids = _folder.Sub("pids");
        var program = _folder.Sub("ffmpeg");
        await File.WriteAllTextAsync(program,
            $"#!/bin/sh\ncase \"$*\" in *pipe:3*) echo \"$$ $*\" >> {pids}; exec sleep 1000;; *) exec ffmpeg \"$@\";; esac\n");
        (await ChildProcess.RunAsync("chmod", ["+x", program])).EnsureSuccess();
        var temp = Directory.CreateDirectory(_folder.Sub("tmp")).FullName;
        await using var server = await BroadcastServer.StartAsync(
            environment: new Dictionary<string, string?> { ["BROADCAST__Encoding__Ffmpeg"] = program,
                ["BROADCAST__Encoding__Encoder"] = "x264", ["TMPDIR"] = temp });
        var channel = await server.AddChannelAsync("main", new { ladder = "auto" });
        await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel), new TestSource());
        await Poll.UntilAsync(() => File.Exists(pids) && File.ReadAllText(pids).EndsWith('\n'), Timeout);
        var worker = int.Parse((await File.ReadAllTextAsync(pids)).Split(' ')[0], CultureInfo.InvariantCulture);
        Lives(worker).ShouldBeTrue();
        Folders().ShouldNotBeEmpty();

        await server.Kill();

        await Poll.UntilAsync(() => !Lives(worker), Timeout);
        Folders().ShouldNotBeEmpty();
        await server.RestartAsync();
        await Poll.UntilAsync(() => Folders().Length == 0, Timeout);

        string[] Folders() => Directory.GetDirectories(temp, "broadcast-worker-*");
    }

    public void Dispose() => _folder.Dispose();

    private static bool Lives(int process) => File.Exists($"/proc/{process}/stat")
        && !File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);
}
