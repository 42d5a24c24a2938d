using System.Globalization;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>Length and disruptions of <see cref="ClusterSoak"/>.</summary>
/// <param name="Length">Duration, without the checks at the end.</param>
internal sealed record ClusterSoakPlan(TimeSpan Length)
{
    /// <summary>Number of <c>kill -9</c> with a restart.</summary>
    public int Kills { get; init; }

    /// <summary>Number of SIGSTOP with a SIGCONT after 3, 8 or 20 s.</summary>
    public int Pauses { get; init; }

    /// <summary>Number of <c>server drain</c>, each with a stop and a restart.</summary>
    public int Drains { get; init; }

    /// <summary>Number of power losses with a restart. Requires <see cref="Network"/>.</summary>
    public int PowerLosses { get; init; }

    /// <summary>Number of interruptions of the network for 3, 8 or 20 s. Requires <see cref="Network"/>.</summary>
    public int Cuts { get; init; }

    /// <summary>Number of failovers of the database, of which each second one follows a kill of a server.</summary>
    public int Failovers { get; init; }

    /// <summary>Number of servers.</summary>
    public int Servers { get; init; } = 2;

    /// <summary>Runs each server in a network namespace of its own.</summary>
    public bool Network { get; init; }

    /// <summary>Runs HAProxy and Varnish in front of the servers.</summary>
    public bool Edges { get; init; }

    /// <summary>Plays each channel in Chromium with four players. Requires <see cref="Edges"/>.</summary>
    public bool Browser { get; init; }

    /// <summary>Seed of order, times and targets.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Existing folder for logs; <see langword="null"/> to discard them.</summary>
    public string? Logs { get; init; }

    /// <summary>Parses the arguments of <c>soak --cluster MINUTES</c>.</summary>
    /// <exception cref="FormatException">The arguments are invalid; the message explains the expected format.</exception>
    public static ClusterSoakPlan Parse(double minutes, string[] arguments)
    {
        var plan = new ClusterSoakPlan(TimeSpan.FromMinutes(minutes))
        {
            Kills = Number("--kills", (int)minutes),
            Pauses = Number("--pauses", (int)minutes),
            Drains = Number("--drains", 0),
            PowerLosses = Number("--power", 0),
            Cuts = Number("--cuts", 0),
            Failovers = Number("--failovers", 0),
            Servers = Number("--servers", 2),
            Network = arguments.Contains("--network"),
            Edges = arguments.Contains("--edges"),
            Browser = arguments.Contains("--browser"),
            Seed = Number("--seed", 1),
            Logs = Value("--logs"),
        };
        return plan switch
        {
            { Browser: true, Edges: false } => throw new FormatException("--browser needs --edges: players have one address."),
            { Network: false } when plan.PowerLosses + plan.Cuts > 0 =>
                throw new FormatException("--power and --cuts need --network, which runs each server in a network namespace of its own."),
            { Network: true } when !Environment.IsPrivilegedProcess =>
                throw new FormatException("--network needs root for network namespaces: run as root, or without it."),
            _ => plan,
        };

        string? Value(string name) => arguments.SkipWhile(a => a != name).Skip(1).FirstOrDefault();

        int Number(string name, int otherwise) => Value(name) switch
        {
            null => otherwise,
            { } text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
            { } text => throw new FormatException($"{name} takes a number, not '{text}'."),
        };
    }

    /// <summary>Appends the log of a server's process, before the process is replaced.</summary>
    public void Save(BroadcastServer server, int number) =>
        Save(string.Create(CultureInfo.InvariantCulture, $"server-{number}"), server.Process);

    /// <summary>Appends the log of a process.</summary>
    public void Save(string name, ChildProcess process)
    {
        if (Logs is not null)
        {
            File.AppendAllLines(Path.Combine(Logs, name + ".log"), process.ErrorLines);
        }
    }
}
