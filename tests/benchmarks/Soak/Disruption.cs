using System.Globalization;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>Something that happens to one server of a cluster, after which the server is there again.</summary>
/// <param name="Name">Name in the results.</param>
/// <param name="Happen">Makes it happen, and completes when the server runs again. Calls the action before the process is replaced.</param>
internal sealed record Disruption(string Name, Func<BroadcastServer, Random, Action, Task> Happen)
{
    /// <summary>Seconds of the pauses: shorter than a lease, longer than it, and longer than the wait of an encoder.</summary>
    private static readonly int[] PauseSeconds = [3, 8, 20];

    private static readonly Disruption Kill = new("kill -9", async (server, random, replace) =>
    {
        await server.Kill();
        await Task.Delay(TimeSpan.FromSeconds(random.NextDouble() * 12), TimeProvider.System);
        replace();
        await server.RestartAsync();
    });

    /// <summary>Returns the disruptions of a plan in random order.</summary>
    public static Queue<Disruption> Of(ClusterSoakPlan plan, Random random)
    {
        Disruption[] all =
        [
            .. Enumerable.Repeat(Kill, plan.Kills),
            .. Enumerable.Range(0, plan.Pauses).Select(i => Pause(PauseSeconds[i % PauseSeconds.Length])),
        ];
        random.Shuffle(all);
        return new Queue<Disruption>(all);
    }

    private static Disruption Pause(int seconds) => new(string.Create(CultureInfo.InvariantCulture, $"pause of {seconds} s"),
        async (server, _, _) =>
        {
            server.Process.Signal(UnixSignal.Stop);
            await Task.Delay(TimeSpan.FromSeconds(seconds), TimeProvider.System);
            server.Process.Signal(UnixSignal.Continue);
        });
}
