using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>nginx with Debian's libnginx-mod-rtmp, HLS and DASH on, one worker, files in a folder of its own: the peer.</summary>
internal sealed class NginxRtmp : IAsyncDisposable
{
    private readonly TempFolder _folder;
    private readonly ChildProcess _process;

    private NginxRtmp(TempFolder folder, ChildProcess process, int rtmpPort, int httpPort)
    {
        (_folder, _process, RtmpPort, HttpPort) = (folder, process, rtmpPort, httpPort);
    }

    /// <summary>Where it takes RTMP; the application is <c>live</c>.</summary>
    public int RtmpPort { get; }

    /// <summary>Where it serves <c>/hls/NAME.m3u8</c>.</summary>
    public int HttpPort { get; }

    /// <summary>All its processes.</summary>
    public int[] Processes => [_process.Id, .. Children(_process.Id)];

    /// <summary>Starts it.</summary>
    /// <param name="root">A folder on tmpfs for segments, as the server under test gets one.</param>
    public static async Task<NginxRtmp> StartAsync(string root)
    {
        var folder = TempFolder.Create();
        var (rtmp, http) = (FreePort.Next(), FreePort.Next());
        var media = Path.Combine(root, "nginx");
        Directory.CreateDirectory(Path.Combine(media, "hls"));
        Directory.CreateDirectory(Path.Combine(media, "dash"));
        var configuration = $$"""
            load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
            user root;
            daemon off;
            worker_processes 1;
            pid {{folder.Sub("nginx.pid")}};
            error_log {{folder.Sub("error.log")}} warn;
            events { worker_connections 4096; }
            rtmp {
              access_log off;
              server {
                listen 127.0.0.1:{{rtmp}};
                chunk_size 4096;
                application live {
                  live on;
                  hls on; hls_path {{media}}/hls; hls_fragment 2s; hls_playlist_length 60s;
                  dash on; dash_path {{media}}/dash; dash_fragment 2s; dash_playlist_length 60s;
                }
              }
            }
            http {
              access_log off;
              server { listen 127.0.0.1:{{http}}; location / { root {{media}}; } }
            }
            """;
        await File.WriteAllTextAsync(folder.Sub("nginx.conf"), configuration);
        var process = ChildProcess.Start("/usr/sbin/nginx", ["-p", folder.Path, "-c", folder.Sub("nginx.conf"), "-e", folder.Sub("error.log")]);
        await Poll.UntilAsync(
            () => process.HasExited ? throw new InvalidOperationException("nginx ended: " + process.Tail()) : IsListening(rtmp),
            TimeSpan.FromSeconds(10), "nginx listens");
        return new NginxRtmp(folder, process, rtmp, http);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.TerminateAsync(TimeSpan.FromSeconds(10));
        await _process.DisposeAsync();
        await _folder.DisposeAsync();
    }

    private static bool IsListening(int port) => System.Net.NetworkInformation.IPGlobalProperties.GetIPGlobalProperties()
        .GetActiveTcpListeners().Any(e => e.Port == port);

    private static IEnumerable<int> Children(int parent) => File.ReadAllText($"/proc/{parent}/task/{parent}/children")
        .Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse);
}
