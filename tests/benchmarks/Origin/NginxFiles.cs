using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>The comparison server: nginx with one worker and <c>sendfile</c>, serving a folder on tmpfs.</summary>
internal sealed class NginxFiles : IAsyncDisposable
{
    private readonly TempFolder _folder;
    private readonly ChildProcess _process;
    private readonly string _root;

    private NginxFiles(TempFolder folder, ChildProcess process, string root, int port) =>
        (_folder, _process, _root, Port) = (folder, process, root, port);

    /// <summary>Port on loopback.</summary>
    public int Port { get; }

    /// <summary>Master and worker process.</summary>
    public int[] Processes => [_process.Id, .. File.ReadAllText($"/proc/{_process.Id}/task/{_process.Id}/children")
        .Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];

    /// <summary>Starts nginx.</summary>
    /// <param name="shared">Folder on tmpfs.</param>
    /// <param name="files">Served folder.</param>
    public static async Task<NginxFiles> StartAsync(string shared, params (string Name, byte[] Bytes)[] files)
    {
        var (folder, port, root) = (TempFolder.Create(), FreePort.Next(), Path.Combine(shared, "nginx-files"));
        Directory.CreateDirectory(root);
        foreach (var (name, bytes) in files)
        {
            await File.WriteAllBytesAsync(Path.Combine(root, name), bytes);
        }

        await File.WriteAllTextAsync(folder.Sub("nginx.conf"), $$"""
            daemon off;
            {{(Environment.IsPrivilegedProcess ? "user root;" : "")}}
            worker_processes 1;
            pid {{folder.Sub("nginx.pid")}};
            error_log {{folder.Sub("error.log")}} warn;
            events { worker_connections 4096; }
            http {
              access_log off;
              sendfile on;
              tcp_nopush on;
              tcp_nodelay on;
              keepalive_requests 100000000;
              keepalive_timeout 300s;
              client_body_temp_path {{folder.Sub("body")}};
              proxy_temp_path {{folder.Sub("proxy")}};
              fastcgi_temp_path {{folder.Sub("fastcgi")}};
              uwsgi_temp_path {{folder.Sub("uwsgi")}};
              scgi_temp_path {{folder.Sub("scgi")}};
              types { video/mp4 m4s; application/vnd.apple.mpegurl m3u8; }
              server { listen 127.0.0.1:{{port}}; location / { root {{root}}; add_header Cache-Control "public, max-age=31536000, immutable"; } }
            }
            """);
        var process = ChildProcess.Start("/usr/sbin/nginx",
            ["-p", folder.Path, "-c", folder.Sub("nginx.conf"), "-e", folder.Sub("error.log")]);
        await Poll.UntilAsync(
            () => process.HasExited ? throw new InvalidOperationException("nginx ended: " + process.Tail())
                : System.Net.NetworkInformation.IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(e => e.Port == port),
            TimeSpan.FromSeconds(10), "nginx listens");
        return new NginxFiles(folder, process, root, port);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.TerminateAsync(TimeSpan.FromSeconds(10));
        await _process.DisposeAsync();
        await _folder.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }
}
