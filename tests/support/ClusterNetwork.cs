using System.Globalization;
using System.Text.RegularExpressions;

namespace Broadcast.Testing;

/// <summary>Interruptions of a server's network.</summary>
public enum NetworkCut
{
    /// <summary>The link is down: nothing is sent or received.</summary>
    Link,

    /// <summary>Packets from and to the database are dropped.</summary>
    Database,

    /// <summary>Packets from and to the other servers are dropped.</summary>
    Servers,

    /// <summary>Packets that the server sends are dropped.</summary>
    Outgoing,

    /// <summary>Packets that the server receives are dropped.</summary>
    Incoming,
}

/// <summary>
/// Network namespaces, one per server, connected by a bridge to each other and to this machine, on which databases, buckets, encoders and
/// players run. Links can be cut silently: no connection is reset. Requires root. Namespaces and links have this process's id in their
/// names, so that a later run deletes those of a killed run.
/// </summary>
public sealed partial class ClusterNetwork : IAsyncDisposable
{
    private const string Prefix = "bcs";
    private const string Interface = "eth0";
    private readonly string _name = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}");
    private readonly string _subnet;
    private readonly int _count;

    private ClusterNetwork(string subnet, int count) => (_subnet, _count) = (subnet, count);

    /// <summary>Address of this machine in the network.</summary>
    public string Address => _subnet + "1";

    /// <summary>All addresses of the network, such as <c>10.213.0.0/24</c>.</summary>
    public string Range => _subnet + "0/24";

    private string Bridge => _name + "-b";

    /// <summary>Creates a network for a number of servers, after deleting those of killed runs.</summary>
    /// <exception cref="InvalidOperationException">The user is not root, or a program is missing.</exception>
    public static async Task<ClusterNetwork> CreateAsync(int count)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw new InvalidOperationException("Network namespaces need root: run the command as root, or without --network.");
        }

        foreach (var program in new[] { "ip", "iptables", "nsenter" })
        {
            if (!new[] { "/usr/sbin", "/sbin", "/usr/bin", "/bin" }.Any(folder => File.Exists(Path.Combine(folder, program))))
            {
                throw new InvalidOperationException(
                    $"{program} is missing. Debian and Ubuntu: apt-get install iproute2 iptables util-linux");
            }
        }

        await DeleteNetworksOfEndedProcessesAsync();
        var used = await IpAsync("-4", "-o", "address", "show");
        var free = Enumerable.Range(0, 256).Select(i => string.Create(CultureInfo.InvariantCulture, $"10.213.{i}."))
            .FirstOrDefault(subnet => !used.Contains(" " + subnet, StringComparison.Ordinal))
            ?? throw new InvalidOperationException("All networks of 10.213.0.0/16 are in use on this machine.");
        var network = new ClusterNetwork(free, count);
        try
        {
            await IpAsync("link", "add", "name", network.Bridge, "type", "bridge");
            await IpAsync("address", "add", network.Address + "/24", "dev", network.Bridge);
            await IpAsync("link", "set", network.Bridge, "up");
            for (var server = 0; server < count; server++)
            {
                await network.AddAsync(server);
            }

            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <summary>Address of a server.</summary>
    public string AddressOf(int server) => string.Create(CultureInfo.InvariantCulture, $"{_subnet}{11 + server}");

    /// <summary>Command in front of another one that runs it in the namespace of a server, as the same process.</summary>
    public IReadOnlyList<string> CommandIn(int server) => ["nsenter", $"--net=/run/netns/{Namespace(server)}"];

    /// <summary>Cuts a server off the network, as a power loss does: its peers notice nothing. Then kills its processes.</summary>
    public async Task PowerOffAsync(int server)
    {
        await IpAsync("link", "set", Link(server), "down");
        await KillProcessesAsync(Namespace(server));
    }

    /// <summary>Restores the network of a server without its old connections, as a start of its machine does.</summary>
    public async Task PowerOnAsync(int server)
    {
        // Connections that wait for acknowledgments keep the old namespace, which has no name and no link anymore.
        await IpAsync("netns", "delete", Namespace(server));
        await IpAsync("link", "delete", Link(server));
        await AddAsync(server);
    }

    /// <summary>Begins an interruption.</summary>
    /// <param name="server">Index of the server.</param>
    /// <param name="cut">Kind of the interruption.</param>
    /// <param name="database">Ports of the database on this machine, for <see cref="NetworkCut.Database"/>.</param>
    public async Task CutAsync(int server, NetworkCut cut, IReadOnlyList<int> database)
    {
        if (cut == NetworkCut.Link)
        {
            await IpAsync("link", "set", Link(server), "down");
            return;
        }

        if (cut is NetworkCut.Database or NetworkCut.Servers)
        {
            foreach (var port in cut == NetworkCut.Database ? database : [])
            {
                var number = port.ToString(CultureInfo.InvariantCulture);
                await DropAsync(server, "OUTPUT", "-d", Address, "-p", "tcp", "--dport", number);
                await DropAsync(server, "INPUT", "-s", Address, "-p", "tcp", "--sport", number);
            }

            foreach (var other in cut == NetworkCut.Servers ? Enumerable.Range(0, _count).Where(i => i != server).Select(AddressOf) : [])
            {
                await DropAsync(server, "OUTPUT", "-d", other);
                await DropAsync(server, "INPUT", "-s", other);
            }

            return;
        }

        await (cut == NetworkCut.Outgoing ? DropAsync(server, "OUTPUT", "-o", Interface) : DropAsync(server, "INPUT", "-i", Interface));
    }

    /// <summary>Ends all interruptions of a server.</summary>
    public async Task MendAsync(int server)
    {
        await RunInAsync(server, "iptables", "-w", "-F");
        await IpAsync("link", "set", Link(server), "up");
    }

    /// <summary>Kills what runs in the namespaces, and deletes namespaces and links.</summary>
    public async ValueTask DisposeAsync() => await DeleteAsync(name => name.StartsWith(_name + "-", StringComparison.Ordinal));

    private static async Task DeleteNetworksOfEndedProcessesAsync() =>
        await DeleteAsync(name => OwnName().Match(name) is { Success: true } match
            && !Directory.Exists("/proc/" + match.Groups["process"].Value));

    private static async Task DeleteAsync(Func<string, bool> isMeant)
    {
        foreach (var name in NamesIn("/run/netns").Where(isMeant))
        {
            await KillProcessesAsync(name);
            await IpAsync("netns", "delete", name);
        }

        // The links of a deleted namespace can remain for a while.
        foreach (var name in NamesIn("/sys/class/net").Where(isMeant))
        {
            await ChildProcess.RunAsync("ip", ["link", "delete", name]);
        }
    }

    private static List<string> NamesIn(string folder) =>
        Directory.Exists(folder) ? [.. Directory.EnumerateFileSystemEntries(folder).Select(path => Path.GetFileName(path))] : [];

    private static async Task KillProcessesAsync(string name)
    {
        foreach (var process in (await IpAsync("netns", "pids", name)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            _ = ChildProcess.NativeMethods.Kill(int.Parse(process, CultureInfo.InvariantCulture), (int)UnixSignal.Kill);
        }
    }

    private static async Task<string> IpAsync(params string[] arguments) =>
        (await ChildProcess.RunAsync("ip", arguments)).EnsureSuccess().Output;

    private string Namespace(int server) => string.Create(CultureInfo.InvariantCulture, $"{_name}-{server + 1}");

    private string Link(int server) => string.Create(CultureInfo.InvariantCulture, $"{_name}-v{server + 1}");

    private async Task AddAsync(int server)
    {
        var (own, link) = (Namespace(server), Link(server));
        await IpAsync("netns", "add", own);
        // The same hardware address after a restart, as a machine has.
        await IpAsync("link", "add", link, "type", "veth", "peer", "name", Interface, "address",
            string.Create(CultureInfo.InvariantCulture, $"02:bc:5f:00:00:{server + 1:x2}"), "netns", own);
        await IpAsync("link", "set", link, "master", Bridge, "up");
        await IpAsync("-n", own, "link", "set", "lo", "up");
        await IpAsync("-n", own, "address", "add", AddressOf(server) + "/24", "dev", Interface);
        await IpAsync("-n", own, "link", "set", Interface, "up");
    }

    private Task DropAsync(int server, string chain, params string[] packets) =>
        RunInAsync(server, "iptables", ["-w", "-A", chain, .. packets, "-j", "DROP"]);

    private async Task RunInAsync(int server, string program, params string[] arguments)
    {
        var command = CommandIn(server);
        (await ChildProcess.RunAsync(command[0], [.. command.Skip(1), program, .. arguments])).EnsureSuccess();
    }

    [GeneratedRegex("^bcs(?<process>[0-9]+)-")]
    private static partial Regex OwnName();
}
