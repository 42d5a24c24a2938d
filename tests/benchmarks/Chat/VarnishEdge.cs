using System.Globalization;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>Varnish in front of one server, with the shipped configuration and the parameters that it recommends.</summary>
internal sealed class VarnishEdge : IAsyncDisposable
{
    private const string Program = "/usr/sbin/varnishd";

    /// <summary>Maximum threads of each of the two pools, as the configuration recommends.</summary>
    private static readonly int MaxThreads = Math.Min(500 * Environment.ProcessorCount, 5000);

    private readonly TempFolder _folder;
    private readonly ChildProcess _process;

    private VarnishEdge(TempFolder folder, ChildProcess process, Uri http) => (_folder, _process, Http) = (folder, process, http);

    /// <summary>Its address.</summary>
    public Uri Http { get; }

    /// <summary>The manager and the worker process.</summary>
    public int[] Processes => [_process.Id, .. ChildrenMeter.Of(_process.Id)];

    /// <summary>Options of a server behind it.</summary>
    public static Dictionary<string, string?> Options { get; } =
        new(StringComparer.Ordinal) { ["BROADCAST__Delivery__TrustedProxies"] = "127.0.0.1" };

    /// <summary>Starts it, and waits until it forwards requests.</summary>
    /// <param name="server">Address of the server.</param>
    /// <exception cref="InvalidOperationException">Varnish is missing.</exception>
    public static async Task<VarnishEdge> StartAsync(Uri server)
    {
        if (!File.Exists(Program))
        {
            throw new InvalidOperationException($"{Program} is missing. Debian and Ubuntu: apt-get install varnish");
        }

        var (folder, http) = (TempFolder.Create(), new Uri($"http://127.0.0.1:{FreePort.Next()}"));
        var file = folder.Sub("varnish.vcl");
        await File.WriteAllTextAsync(file, VarnishFile.For([server]));
        var edge = new VarnishEdge(folder, ChildProcess.Start(Program,
            ["-F", "-j", "none", "-n", folder.Sub("varnish"), "-a", http.Authority, "-T", "none", "-f", file, "-s", "malloc,256m",
                "-p", string.Create(CultureInfo.InvariantCulture, $"thread_pool_max={MaxThreads}"), "-p", "thread_queue_limit=20000", "-p",
                "idle_send_timeout=10"]), http);
        try
        {
            using var client = new HttpClient();
            await Poll.UntilAsync(
                async () => !edge._process.HasExited ? (await client.GetAsync(new Uri(http, "/time"))).IsSuccessStatusCode
                    : throw new InvalidOperationException($"Varnish ended.\n{edge._process.Tail()}"),
                description: "Varnish answers");
            return edge;
        }
        catch
        {
            await edge.DisposeAsync();
            throw;
        }
    }

    /// <summary>Returns the number of requests to the origin since the start, with access checks and forwarded messages.</summary>
    public async Task<double> OriginRequestsAsync() => (await ChildProcess.RunAsync("varnishstat",
        ["-n", _folder.Sub("varnish"), "-j", "-f", "MAIN.backend_req"])).EnsureSuccess().Json()
        .GetProperty("counters").GetProperty("MAIN.backend_req").GetProperty("value").GetDouble();

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        await _folder.DisposeAsync();
    }
}
