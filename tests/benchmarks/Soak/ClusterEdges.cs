using System.Globalization;
using System.Text.RegularExpressions;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// HAProxy for encoders and Varnish for viewers in front of the servers of a cluster, with the shipped configurations: only addresses and
/// the list of servers are changed.
/// </summary>
internal sealed partial class ClusterEdges : IAsyncDisposable
{
    private static readonly string[] Programs = ["/usr/sbin/haproxy", "/usr/sbin/varnishd"];
    private readonly TempFolder _folder;

    private ClusterEdges(TempFolder folder, string address) =>
        (_folder, Rtmp, Http) = (folder, $"rtmp://{address}:{FreePort.Next()}", new Uri($"http://{address}:{FreePort.Next()}"));

    /// <summary>Address of HAProxy for encoders, without a path.</summary>
    public string Rtmp { get; }

    /// <summary>Address of Varnish.</summary>
    public Uri Http { get; }

    /// <summary>HAProxy.</summary>
    public ChildProcess Balancer { get; private set; } = null!;

    /// <summary>Varnish.</summary>
    public ChildProcess Cache { get; private set; } = null!;

    /// <summary>Options of servers behind HAProxy and Varnish.</summary>
    /// <param name="address">Address from which these connect.</param>
    public static Dictionary<string, string?> Environment(string address) => new()
    {
        ["BROADCAST__Ingest__TrustedProxies"] = address,
        ["BROADCAST__Delivery__TrustedProxies"] = address,
    };

    /// <summary>Starts both, and waits until they forward requests.</summary>
    /// <param name="servers">Servers with the options of <see cref="Environment"/>.</param>
    /// <param name="address">Address of this machine to listen on.</param>
    /// <exception cref="InvalidOperationException">A program is missing.</exception>
    public static async Task<ClusterEdges> StartAsync(IReadOnlyList<BroadcastServer> servers, string address)
    {
        if (Programs.FirstOrDefault(program => !File.Exists(program)) is { } missing)
        {
            throw new InvalidOperationException($"{missing} is missing. Debian and Ubuntu: apt-get install haproxy varnish");
        }

        var edges = new ClusterEdges(TempFolder.Create(), address);
        try
        {
            await edges.RunAsync(servers, address);
            return edges;
        }
        catch
        {
            await edges.DisposeAsync();
            throw;
        }
    }

    /// <summary>The channel's HLS address at Varnish.</summary>
    public Uri Hls(string channel) => new(Http, $"/live/{channel}/index.m3u8");

    /// <summary>Stops both.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in new[] { Balancer, Cache })
        {
            await (process?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        await _folder.DisposeAsync();
    }

    /// <summary>Configuration of HAProxy for servers.</summary>
    private static string BalancerFor(IReadOnlyList<BroadcastServer> servers, string address, int rtmp)
    {
        var text = File.ReadAllText(Repository.PathOf("infra", "haproxy", "haproxy.cfg"));
        text = Bind().Replace(text, match => string.Create(CultureInfo.InvariantCulture,
            $"bind {address}:{(match.Groups["port"].Value == "1935" ? rtmp : FreePort.Next())}"));
        var first = true;
        text = Server().Replace(text, match =>
        {
            // The first of each two lines becomes one for each server.
            (first, var replaced) = (!first, first);
            return replaced ? string.Concat(servers.Select((server, i) => string.Create(CultureInfo.InvariantCulture,
                $"    server s{i + 1} {server.Internal.Host}:{PortOf(server, match)}{match.Groups["options"].Value} port {server.Internal.Port}\n")))
                : "";
        });
        return text;

        static int PortOf(BroadcastServer server, Match match) => match.Groups["port"].Value switch
        {
            "1935" => new Uri(server.Rtmp).Port,
            "8080" => server.Http.Port,
            var tls => int.Parse(tls, CultureInfo.InvariantCulture),
        };
    }

    private async Task RunAsync(IReadOnlyList<BroadcastServer> servers, string address)
    {
        var (balancer, cache) = (_folder.Sub("haproxy.cfg"), _folder.Sub("varnish.vcl"));
        await File.WriteAllTextAsync(balancer, BalancerFor(servers, address, new Uri(Rtmp).Port));
        await File.WriteAllTextAsync(cache, VarnishFile.For([.. servers.Select(server => server.Http)]));
        Balancer = ChildProcess.Start(Programs[0], ["-db", "-f", balancer]);
        Cache = ChildProcess.Start(Programs[1],
            ["-F", "-j", "none", "-n", _folder.Sub("varnish"), "-a", Http.Authority, "-T", "none", "-f", cache, "-s", "malloc,256m"]);
        using var client = new HttpClient();
        await Poll.UntilAsync(
            async () => !Cache.HasExited && !Balancer.HasExited
                ? (await client.GetAsync(new Uri(Http, "/time"))).IsSuccessStatusCode
                : throw new InvalidOperationException($"HAProxy or Varnish ended.\n{Balancer.Tail()}\n{Cache.Tail()}"),
            description: "Varnish answers");
    }

    [GeneratedRegex(@"(?<=\n {4})bind :(?<port>\d+)")]
    private static partial Regex Bind();

    [GeneratedRegex(@" {4}server [ab] server-[ab]:(?<port>\d+)(?<options>.*)\n")]
    private static partial Regex Server();
}
