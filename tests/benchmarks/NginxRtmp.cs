using System.Globalization;
using System.Xml.Linq;
using Broadcast.Publisher;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>Output of nginx-rtmp.</summary>
[Flags]
internal enum NginxOutput
{
    /// <summary>Ingest only.</summary>
    None = 0,

    /// <summary>HLS.</summary>
    Hls = 1,

    /// <summary>MPEG-DASH.</summary>
    Dash = 2,
}

/// <summary>The comparison server: nginx with Debian's libnginx-mod-rtmp, one worker, files in its own folder.</summary>
internal sealed class NginxRtmp : IServerUnderTest
{
    private readonly TempFolder _folder;
    private readonly ChildProcess _process;

    private readonly string _media;

    private NginxRtmp(TempFolder folder, ChildProcess process, string media, int rtmpPort, int httpPort)
    {
        (_folder, _process, _media, RtmpPort, HttpPort) = (folder, process, media, rtmpPort, httpPort);
    }

    public string Name => "nginx-rtmp";

    /// <summary>RTMP port; the application is <c>live</c>.</summary>
    public int RtmpPort { get; }

    /// <summary>HTTP port of <c>/hls/NAME.m3u8</c>.</summary>
    public int HttpPort { get; }

    /// <summary>All processes of nginx.</summary>
    public int[] Processes => [_process.Id, .. Children(_process.Id)];

    /// <summary>Starts nginx.</summary>
    /// <param name="root">Folder on tmpfs for segments, as for the server under test.</param>
    /// <param name="output">Output of nginx-rtmp.</param>
    /// <param name="pushes">Addresses to which it pushes each stream.</param>
    public static async Task<NginxRtmp> StartAsync(string root, NginxOutput output = NginxOutput.Hls | NginxOutput.Dash,
        params IReadOnlyList<string> pushes)
    {
        var folder = TempFolder.Create();
        var (rtmp, http) = (FreePort.Next(), FreePort.Next());
        var media = Path.Combine(root, "nginx");
        Directory.CreateDirectory(Path.Combine(media, "hls"));
        Directory.CreateDirectory(Path.Combine(media, "dash"));
        var hls = $"hls on; hls_path {media}/hls; hls_fragment 2s; hls_playlist_length 60s;";
        var dash = $"dash on; dash_path {media}/dash; dash_fragment 2s; dash_playlist_length 60s;";
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
                  {{(output.HasFlag(NginxOutput.Hls) ? hls : "")}}
                  {{(output.HasFlag(NginxOutput.Dash) ? dash : "")}}
                  {{string.Join(' ', pushes.Select(address => $"push {address};"))}}
                }
              }
            }
            http {
              access_log off;
              server { listen 127.0.0.1:{{http}}; location / { root {{media}}; } location = /counts { rtmp_stat all; } }
            }
            """;
        await File.WriteAllTextAsync(folder.Sub("nginx.conf"), configuration);
        var process = ChildProcess.Start("/usr/sbin/nginx",
            ["-p", folder.Path, "-c", folder.Sub("nginx.conf"), "-e", folder.Sub("error.log")]);
        await Poll.UntilAsync(
            () => process.HasExited ? throw new InvalidOperationException("nginx ended: " + process.Tail()) : IsListening(rtmp),
            TimeSpan.FromSeconds(10), "nginx listens");
        return new NginxRtmp(folder, process, media, rtmp, http);
    }

    public Task<IReadOnlyList<RtmpTarget>> TargetsAsync(int count) =>
        Task.FromResult<IReadOnlyList<RtmpTarget>>([.. Enumerable.Range(1, count)
            .Select(n => new RtmpTarget("127.0.0.1", RtmpPort, "live", $"bench{n}"))]);

    /// <summary>nginx-rtmp counts bytes, not frames. The number of connections is the number of the worker's open handles.</summary>
    public async Task<ServerCounts> CountAsync()
    {
        using var client = new HttpClient();
        var counts = XDocument.Parse(await client.GetStringAsync(new Uri($"http://127.0.0.1:{HttpPort}/counts")));
        var bytes = double.Parse(counts.Root!.Element("bytes_in")!.Value, CultureInfo.InvariantCulture);
        return new ServerCounts(null, bytes, null, null, Processes.Sum(p => Directory.EnumerateFileSystemEntries($"/proc/{p}/fd").Count()));
    }

    public async ValueTask DisposeAsync()
    {
        await _process.TerminateAsync(TimeSpan.FromSeconds(10));
        await _process.DisposeAsync();
        await _folder.DisposeAsync();
        Directory.Delete(_media, recursive: true);
    }

    private static bool IsListening(int port) => System.Net.NetworkInformation.IPGlobalProperties.GetIPGlobalProperties()
        .GetActiveTcpListeners().Any(e => e.Port == port);

    private static IEnumerable<int> Children(int parent) => File.ReadAllText($"/proc/{parent}/task/{parent}/children")
        .Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse);
}
