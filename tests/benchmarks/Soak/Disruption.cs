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
    /// <summary>Seconds of the pauses: shorter than a lease, longer than it, and longer than the wait of an encoder.</summary>
    private static readonly int[] PauseSeconds = [3, 8, 20];

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

    /// <summary>Returns the disruptions of a plan in random order.</summary>
    public static Queue<Disruption> Of(ClusterSoakPlan plan, Random random)
    {
        Disruption[] all =
        [
            .. Enumerable.Repeat(Kill, plan.Kills),
            .. Enumerable.Range(0, plan.Pauses).Select(i => Pause(PauseSeconds[i % PauseSeconds.Length])),
            .. Enumerable.Repeat(Drain, plan.Drains),
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
}
