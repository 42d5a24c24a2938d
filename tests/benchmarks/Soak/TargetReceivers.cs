using System.Net.NetworkInformation;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>nginx-rtmp that records what it gets: one file per publication of application <c>live</c>.</summary>
internal sealed class RecordingNginx : IAsyncDisposable
{
    private readonly TempFolder _folder;
    private readonly ChildProcess _process;

    private RecordingNginx(TempFolder folder, ChildProcess process, int port) => (_folder, _process, Port) = (folder, process, port);

    /// <summary>RTMP port on the loopback address.</summary>
    public int Port { get; }

    /// <summary>Starts nginx.</summary>
    public static async Task<RecordingNginx> StartAsync()
    {
        var (folder, port) = (TempFolder.Create(), FreePort.Next());
        Directory.CreateDirectory(folder.Sub("recorded"));
        await File.WriteAllTextAsync(folder.Sub("nginx.conf"), $$"""
            load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
            user root;
            daemon off;
            worker_processes 1;
            pid {{folder.Sub("nginx.pid")}};
            error_log {{folder.Sub("error.log")}} warn;
            events { }
            rtmp {
              access_log {{folder.Sub("access.log")}};
              server {
                listen 127.0.0.1:{{port}};
                application live { live on; record all; record_path {{folder.Sub("recorded")}}; record_unique on; }
                application switched { live on; }
              }
            }
            """);
        var process = ChildProcess.Start("/usr/sbin/nginx",
            ["-p", folder.Path, "-c", folder.Sub("nginx.conf"), "-e", folder.Sub("error.log")]);
        await Listening.WaitAsync(process, port, "nginx");
        return new RecordingNginx(folder, process, port);
    }

    /// <summary>Recorded files of a stream key.</summary>
    public IReadOnlyList<string> FilesOf(string key) => Directory.GetFiles(_folder.Sub("recorded"), $"{key}-*.flv");

    /// <summary>Counts the publications of a stream key that have ended.</summary>
    public int EndedOf(string key) => File.Exists(_folder.Sub("access.log"))
        ? File.ReadAllLines(_folder.Sub("access.log")).Count(line => line.Contains($"PUBLISH \"", StringComparison.Ordinal)
            && line.Contains($"\"{key}\"", StringComparison.Ordinal))
        : 0;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _process.TerminateAsync(TimeSpan.FromSeconds(10));
        await _process.DisposeAsync();
        await _folder.DisposeAsync();
    }
}

/// <summary>ffmpeg that listens for one publication and writes it to a file.</summary>
internal sealed class FfmpegListener : IAsyncDisposable
{
    private readonly ChildProcess _process;

    private FfmpegListener(ChildProcess process, string file, int port) => (_process, File, Port) = (process, file, port);

    /// <summary>The file.</summary>
    public string File { get; }

    /// <summary>RTMP port on the loopback address.</summary>
    public int Port { get; }

    /// <summary>Messages of ffmpeg: warnings and errors.</summary>
    public IReadOnlyList<string> Messages => _process.ErrorLines;

    /// <summary>Starts ffmpeg.</summary>
    /// <param name="file">File to write.</param>
    /// <param name="key">Stream key.</param>
    public static async Task<FfmpegListener> StartAsync(string file, string key)
    {
        var port = FreePort.Next();
        var process = ChildProcess.Start("ffmpeg", ["-nostdin", "-hide_banner", "-v", "warning", "-listen", "1", "-i",
            $"rtmp://127.0.0.1:{port}/live/{key}", "-c", "copy", "-flvflags", "no_duration_filesize", "-f", "flv", "-y", file]);
        await Listening.WaitAsync(process, port, "ffmpeg");
        return new FfmpegListener(process, file, port);
    }

    /// <summary>Waits until the publication has ended and the file is complete.</summary>
    public Task<int> WaitAsync() => _process.WaitForExitAsync(TimeSpan.FromSeconds(30));

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _process.DisposeAsync();
}

/// <summary>Waits for processes that listen.</summary>
internal static class Listening
{
    /// <summary>Waits until a port is open.</summary>
    /// <exception cref="InvalidOperationException">The process has ended.</exception>
    public static Task WaitAsync(ChildProcess process, int port, string name) => Poll.UntilAsync(
        () => process.HasExited ? throw new InvalidOperationException($"{name} ended: {process.Tail()}")
            : IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(end => end.Port == port),
        TimeSpan.FromSeconds(10), $"{name} listens");
}
