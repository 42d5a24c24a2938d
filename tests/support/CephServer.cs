using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Broadcast.Testing;

/// <summary>
/// A real S3 service for tests: Ceph's gateway with one monitor and one in-memory OSD, on loopback, in a temporary folder. Starts in about
/// 1.5 s. A shell ends its processes when this process ends for any reason.
/// </summary>
public sealed class CephServer : IAsyncDisposable
{
    private const int Sigstop = 19;
    private const int Sigcont = 18;
    private static readonly string[] Programs = ["ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "monmaptool"];
    private static readonly TimeSpan StartWithin = TimeSpan.FromSeconds(60);
    private readonly string _folder;
    private readonly string _address;
    private readonly int _monitorPort;
    private readonly int _port;
    private readonly List<Daemon> _daemons = [];
    private Daemon? _gateway;

    private CephServer(string folder, string address)
    {
        (_folder, _address) = (folder, address);
        (_monitorPort, _port) = (FreePort(), FreePort());
        Endpoint = $"http://{address}:{_port}";
    }

    /// <summary>Address of the service; the same after a restart of the gateway.</summary>
    public string Endpoint { get; }

    public string Region => "us-east-1";

    public string AccessKey { get; } = "AK" + Convert.ToHexString(RandomNumberGenerator.GetBytes(9));

    public string SecretKey { get; } = Convert.ToHexString(RandomNumberGenerator.GetBytes(20));

    private string Config => Path.Combine(_folder, "ceph.conf");

    /// <summary>Starts a service. Fails with the names of the packages when Ceph is not installed.</summary>
    /// <param name="address">Address of this machine on which the gateway listens.</param>
    public static async Task<CephServer> StartAsync(string address = "127.0.0.1")
    {
        var missing = Programs.Where(program => !Installed(program)).ToArray();
        if (missing.Length > 0)
        {
            throw new InvalidOperationException(
                $"{string.Join(", ", missing)} not found: the S3 tests run against Ceph. Install it with: apt-get install -y "
                + "--no-install-recommends radosgw ceph-mon ceph-osd ceph-common");
        }

        var server = new CephServer(Directory.CreateTempSubdirectory("broadcast-ceph-").FullName, address);
        try
        {
            await server.BringUpAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Creates a bucket, by default with a random name, as the owner of the keys.</summary>
    public async Task<string> CreateBucketAsync(string? name = null)
    {
        name ??= "b" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        using var http = new HttpClient();
        using var request = SignedRequest(HttpMethod.Put, "/" + name);
        using var response = await http.SendAsync(request);
        return response.IsSuccessStatusCode
            ? name
            : throw new InvalidOperationException(
                $"Ceph refused the bucket {name}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
    }

    /// <summary>Returns whether a bucket contains an object.</summary>
    /// <param name="bucket">The bucket.</param>
    /// <param name="name">Full name of the object; only letters, digits and <c>/ - . _</c>.</param>
    public async Task<bool> HasAsync(string bucket, string name)
    {
        using var http = new HttpClient();
        using var request = SignedRequest(HttpMethod.Head, $"/{bucket}/{name}");
        using var response = await http.SendAsync(request);
        return response.StatusCode switch
        {
            System.Net.HttpStatusCode.OK => true,
            System.Net.HttpStatusCode.NotFound => false,
            _ => throw new InvalidOperationException($"Ceph answered {(int)response.StatusCode} for {bucket}/{name}."),
        };
    }

    /// <summary>Returns the media type and <c>Cache-Control</c> of an object as the service sends them.</summary>
    /// <param name="bucket">The bucket.</param>
    /// <param name="name">Full name of the object; only letters, digits and <c>/ - . _</c>.</param>
    public async Task<(string? ContentType, string? CacheControl)> HeadersAsync(string bucket, string name)
    {
        using var http = new HttpClient();
        using var request = SignedRequest(HttpMethod.Head, $"/{bucket}/{name}");
        using var response = await http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return (response.Content.Headers.ContentType?.ToString(),
            response.Headers.NonValidated.TryGetValues("Cache-Control", out var values) ? values.ToString() : null);
    }

    /// <summary>Makes a bucket publicly readable, as behind a CDN.</summary>
    /// <param name="bucket">The bucket.</param>
    public async Task OpenAsync(string bucket)
    {
        var policy =
            $$"""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::{{bucket}}/*"]}]}""";
        using var http = new HttpClient();
        using var request = SignedRequest(HttpMethod.Put, $"/{bucket}", policy, "policy");
        using var response = await http.SendAsync(request);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException(
                $"Ceph refused the policy of {bucket}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        }
    }

    /// <summary>Allows pages of any origin to read the bucket and the response's <c>Date</c> (CORS).</summary>
    /// <param name="bucket">The bucket.</param>
    public async Task AllowBrowsersAsync(string bucket)
    {
        const string rule =
            "<CORSConfiguration "
            + "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedMethod>HEAD</AllowedMethod>"
            + "<AllowedHeader>Range</AllowedHeader><ExposeHeader>Date</ExposeHeader><ExposeHeader>Content-Length</ExposeHeader><ExposeHeader>Content-Range</ExposeHeader><MaxAgeSeconds>86400</MaxAgeSeconds></CORSRule></CORSConfiguration>";
        using var http = new HttpClient();
        using var request = SignedRequest(HttpMethod.Put, $"/{bucket}", rule, "cors");
        using var response = await http.SendAsync(request);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException(
                $"Ceph refused the CORS rule of {bucket}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        }
    }

    /// <summary>Suspends the gateway: it accepts connections and does not respond.</summary>
    public void Pause() => Signal(Sigstop);

    /// <summary>Resumes the gateway.</summary>
    public void Resume() => Signal(Sigcont);

    /// <summary>Kills the gateway: connections are refused. The objects remain.</summary>
    public async Task KillAsync()
    {
        if (_gateway is { } gateway)
        {
            _gateway = null;
            await gateway.EndAsync();
        }
    }

    /// <summary>Starts the gateway, also after a kill.</summary>
    public async Task StartGatewayAsync()
    {
        _gateway ??= Start("radosgw", "-f", "-n", "client.rgw");
        using var http = new HttpClient();
        await UntilAsync("the gateway answers", async () =>
        {
            try
            {
                using var response = await http.GetAsync(Endpoint);
                return true;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        foreach (var daemon in Enumerable.Reverse(_daemons))
        {
            await daemon.EndAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private static bool Installed(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task BringUpAsync()
    {
        var (cluster, osd) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        foreach (var part in new[] { "mon", "osd", "rgw" })
        {
            Directory.CreateDirectory(Path.Combine(_folder, part));
        }

        await File.WriteAllTextAsync(Config, $"""
            [global]
            fsid = {cluster}
            mon host = v1:127.0.0.1:{_monitorPort}
            mon initial members = a
            auth cluster required = none
            auth service required = none
            auth client required = none
            ms bind msgr2 = false
            run dir = {_folder}
            admin socket =
            pid file =
            log file = {_folder}/$name.log
            log to stderr = false
            paxos propose interval = 0.02
            paxos min wait = 0.01
            osd pool default size = 1
            osd pool default min size = 1
            osd pool default pg num = 1
            osd pool default pgp num = 1
            osd pool default pg autoscale mode = off
            mon allow pool size one = true
            osd crush chooseleaf type = 0
            [mon.a]
            host = h
            mon data = {_folder}/mon
            [osd]
            public addr = 127.0.0.1
            cluster addr = 127.0.0.1
            osd data = {_folder}/osd
            osd objectstore = memstore
            memstore device bytes = 12884901888
            osd class update on start = false
            osd crush update on start = false
            [client.rgw]
            rgw data = {_folder}/rgw
            rgw frontends = beast endpoint={_address}:{_port} tcp_nodelay=1

            """);

        var map = Path.Combine(_folder, "monmap");
        await RunAsync("monmaptool", "--create", "--clobber", "--fsid", cluster, "--addv", "a", $"[v1:127.0.0.1:{_monitorPort}]", map);
        await RunAsync("ceph-mon", "--mkfs", "-i", "a", "--monmap", map);
        _daemons.Add(Start("ceph-mon", "-f", "-i", "a"));
        await AskMonitorAsync("osd", "new", osd);
        await AskMonitorAsync("osd", "crush", "add", "osd.0", "1", "root=default", "host=h");
        await RunAsync("ceph-osd", "--mkfs", "-i", "0", "--osd-uuid", osd);
        _daemons.Add(Start("ceph-osd", "-f", "-i", "0"));
        await RunAsync("radosgw-admin", "-n", "client.rgw", "user", "create", "--uid", "tests", "--display-name", "tests", "--access-key",
            AccessKey, "--secret-key", SecretKey);
        await StartGatewayAsync();
    }

    /// <summary>Runs commands on the monitor. A starting monitor refuses some with EPERM; these are retried.</summary>
    private async Task AskMonitorAsync(params string[] command)
    {
        for (var again = 0; ; again++)
        {
            try
            {
                await RunAsync("ceph", command);
                return;
            }
            catch (InvalidOperationException e) when (again < 5 && e.Message.Contains("EPERM", StringComparison.Ordinal))
            {
                await Task.Delay(500);
            }
        }
    }

    private ProcessStartInfo StartInfo(string program)
    {
        var info = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true,
            RedirectStandardError = true, UseShellExecute = false };
        info.Environment["CEPH_CONF"] = Config;
        return info;
    }

    private async Task RunAsync(string program, params string[] arguments)
    {
        var info = StartInfo(program);
        foreach (var argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        using var process = Process.Start(info)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(StartWithin);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)} failed ({process.ExitCode}): {await error} {await output}");
        }
    }

    private Daemon Start(string program, params string[] arguments)
    {
        // The shell runs while its input is open, and ends the daemon with it.
        var info = StartInfo("/bin/sh");
        info.RedirectStandardError = false;
        foreach (var argument in (string[])["-c",
            "log=$1; shift; exec 2>/dev/null; \"$@\" </dev/null >>\"$log\" 2>&1 & echo $!; read -r end; kill -9 $!; wait $!", "sh",
                Path.Combine(_folder, program + ".out"), program, .. arguments])
        {
            info.ArgumentList.Add(argument);
        }

        var shell = Process.Start(info)!;
        return new Daemon(shell, int.Parse(shell.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture));
    }

    private void Signal(int signal)
    {
        if (_gateway is null || Kill(_gateway.Pid, signal) != 0)
        {
            throw new InvalidOperationException("The gateway does not run.");
        }
    }

    private static async Task UntilAsync(string what, Func<Task<bool>> condition)
    {
        var began = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(began) > StartWithin)
            {
                throw new TimeoutException($"Timed out after {StartWithin.TotalSeconds} s waiting until {what}.");
            }

            await Task.Delay(10);
        }
    }

    /// <summary>AWS signature 4 for a request without body and query. Avoids an S3 client in this file.</summary>
    private HttpRequestMessage SignedRequest(HttpMethod method, string path, string body = "", string? query = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        var time = now.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var scope = $"{time[..8]}/{Region}/s3/aws4_request";
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(body)));
        var canonical =
            $"{method}\n{path}\n{(query is null ? "" : query + "=")}\nhost:{_address}:{_port}\nx-amz-content-sha256:{hash}\nx-amz-date:{time}\n\nhost;x-amz-content-sha256;x-amz-date\n{hash}";
        var toSign = $"AWS4-HMAC-SHA256\n{time}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var key = Encoding.UTF8.GetBytes("AWS4" + SecretKey);
        foreach (var part in scope.Split('/'))
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)));
        var request = new HttpRequestMessage(method, Endpoint + path + (query is null ? "" : "?" + query));
        if (body.Length > 0)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        }

        request.Headers.Add("x-amz-content-sha256", hash);
        request.Headers.Add("x-amz-date", time);
        request.Headers.TryAddWithoutValidation(
            "Authorization",
            $"AWS4-HMAC-SHA256 Credential={AccessKey}/{scope}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}");
        return request;
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);

    private sealed class Daemon(Process shell, int pid)
    {
        public int Pid => pid;

        public async Task EndAsync()
        {
            _ = Kill(pid, 9);
            shell.StandardInput.Close();
            await shell.WaitForExitAsync();
            shell.Dispose();
        }
    }
}
