using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>A server that is about to be disrupted.</summary>
/// <param name="Cluster">Its cluster.</param>
/// <param name="Index">Its index in the cluster.</param>
/// <param name="Random">Source of random times.</param>
/// <param name="Replace">Called before the process of the server is replaced by another one.</param>
internal sealed record DisruptedServer(BroadcastCluster Cluster, int Index, Random Random, Action Replace)
{
    /// <summary>The server.</summary>
    public BroadcastServer Server => Cluster.Servers[Index];
}

/// <summary>Something that happens to one server of a cluster, after which the server is there again.</summary>
/// <param name="Name">Name in the results.</param>
/// <param name="Happen">Makes it happen, and completes when the server runs again.</param>
internal sealed record Disruption(string Name, Func<DisruptedServer, Task> Happen)
{
    /// <summary>Seconds of pauses and cuts: shorter than a lease, longer than it, and longer than the wait of an encoder.</summary>
    private static readonly int[] Lengths = [3, 8, 20];

    private static readonly NetworkCut[] CutKinds = Enum.GetValues<NetworkCut>();

    private static readonly Disruption Kill = new("kill -9", async target =>
    {
        await target.Server.Kill();
        await Task.Delay(TimeSpan.FromSeconds(target.Random.NextDouble() * 12), TimeProvider.System);
        target.Replace();
        await target.Server.RestartAsync();
    });

    private static readonly Disruption Drain = new("drain, stop and restart", async target =>
    {
        var servers = await target.Server.Api.GetFromJsonAsync<JsonElement>("/api/v1/servers");
        var number = servers.EnumerateArray().Single(server => server.TryGetProperty("address", out var address)
            && address.GetString() == $"{target.Server.Internal.Host}:{target.Server.Internal.Port}").GetProperty("number").GetRawText();
        (await target.Server.CommandAsync("server", "drain", number, "--wait", "60")).EnsureSuccess();
        await target.Server.StopAsync();
        target.Replace();
        await target.Server.RestartAsync();
    });

    private static readonly Disruption PowerLoss = new("power loss", async target =>
    {
        var network = target.Cluster.Network!;
        await network.PowerOffAsync(target.Index);
        await Task.Delay(TimeSpan.FromSeconds(4 + (target.Random.NextDouble() * 11)), TimeProvider.System);
        target.Replace();
        await network.PowerOnAsync(target.Index);
        await target.Server.RestartAsync();
    });

    private static readonly Disruption Failover = new("failover of the database", async target =>
    {
        await target.Cluster.Database.StopReplicationAsync();
        await Task.Delay(TimeSpan.FromSeconds(target.Random.NextDouble() * 3), TimeProvider.System);
        await FailOverAsync(target);
    });

    /// <summary>A failover that loses the claims after a kill: in between is about the time in which a lease expires.</summary>
    private static readonly Disruption KillAndFailover = new("kill -9, then failover of the database", async target =>
    {
        await target.Cluster.Database.StopReplicationAsync();
        await target.Server.Kill();
        await Task.Delay(TimeSpan.FromSeconds(5 + (target.Random.NextDouble() * 4)), TimeProvider.System);
        await FailOverAsync(target);
        target.Replace();
        await target.Server.RestartAsync();
    });

    /// <summary>Returns the disruptions of a plan in random order.</summary>
    public static Queue<Disruption> Of(ClusterSoakPlan plan, Random random)
    {
        Disruption[] all =
        [
            .. Enumerable.Repeat(Kill, plan.Kills),
            .. Enumerable.Range(0, plan.Pauses).Select(i => Pause(Lengths[i % Lengths.Length])),
            .. Enumerable.Repeat(Drain, plan.Drains),
            .. Enumerable.Repeat(PowerLoss, plan.PowerLosses),
            .. Enumerable.Range(0, plan.Cuts).Select(i => Cut(CutKinds[i % CutKinds.Length], Lengths[i % Lengths.Length])),
            .. Enumerable.Range(0, plan.Failovers).Select(i => i % 2 == 0 ? KillAndFailover : Failover),
        ];
        random.Shuffle(all);
        return new Queue<Disruption>(all);
    }

    private static Disruption Pause(int seconds) => new(string.Create(CultureInfo.InvariantCulture, $"pause of {seconds} s"),
        async target =>
        {
            target.Server.Process.Signal(UnixSignal.Stop);
            await Task.Delay(TimeSpan.FromSeconds(seconds), TimeProvider.System);
            target.Server.Process.Signal(UnixSignal.Continue);
        });

    private static Disruption Cut(NetworkCut kind, int seconds) => new(
        string.Create(CultureInfo.InvariantCulture, $"{NameOf(kind)} for {seconds} s"),
        async target =>
        {
            await target.Cluster.Network!.CutAsync(target.Index, kind, target.Cluster.Database.Ports);
            await Task.Delay(TimeSpan.FromSeconds(seconds), TimeProvider.System);
            await target.Cluster.Network.MendAsync(target.Index);
        });

    private static string NameOf(NetworkCut kind) => kind switch
    {
        NetworkCut.Link => "link cut",
        NetworkCut.Database => "cut from the database",
        NetworkCut.Servers => "cut from the other servers",
        NetworkCut.Outgoing => "outgoing packets dropped",
        _ => "incoming packets dropped",
    };

    private static async Task FailOverAsync(DisruptedServer target)
    {
        var database = target.Cluster.Database;
        await database.FailOverAsync();
        await Task.Delay(TimeSpan.FromSeconds(5 + (target.Random.NextDouble() * 10)), TimeProvider.System);
        await database.RenewStandbyAsync();
    }
}
