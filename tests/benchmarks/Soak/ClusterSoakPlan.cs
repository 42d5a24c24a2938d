using System.Globalization;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>Length and disruptions of <see cref="ClusterSoak"/>.</summary>
/// <param name="Length">Duration, without the checks at the end.</param>
/// <param name="Kills">Number of <c>kill -9</c> with a restart.</param>
/// <param name="Pauses">Number of SIGSTOP with a SIGCONT after 3, 8 or 20 s.</param>
/// <param name="Drains">Number of <c>server drain</c>, each with a stop and a restart.</param>
/// <param name="Servers">Number of servers.</param>
/// <param name="Seed">Seed of order, times and targets.</param>
/// <param name="Logs">Existing folder for the servers' logs; <see langword="null"/> to discard them.</param>
internal sealed record ClusterSoakPlan(TimeSpan Length, int Kills, int Pauses, int Drains, int Servers, int Seed, string? Logs)
{
    /// <summary>Appends the log of a server's process, before the process is replaced.</summary>
    public void Save(BroadcastServer server, int number)
    {
        if (Logs is not null)
        {
            File.AppendAllLines(Path.Combine(Logs, string.Create(CultureInfo.InvariantCulture, $"server-{number}.log")),
                server.Process.ErrorLines);
        }
    }
}
