namespace Broadcast.Benchmarks;

/// <summary>Arguments of <c>bench cluster</c>.</summary>
internal sealed record ClusterPlan
{
    /// <summary>All parts in the order of execution.</summary>
    public static IReadOnlyList<string> AllParts { get; } = ["mirror", "relay", "cost", "kills"];

    /// <summary>Text of <c>--help</c>.</summary>
    public const string Usage = """
        usage: ./broadcast bench cluster [OPTIONS]

          --only PART[,PART…]   mirror   age of parts at a mirror, and share of playlists and MPDs that both servers render identically
                                relay    latency that forwarding an encoder adds
                                cost     CPU time, traffic and database statements of mirrors and forwarded encoders
                                kills    standstill, missing and lost media when the owner of a session is killed
          --rounds N            number of rounds; the median counts (3)
          --seconds N           duration of each measurement (30)
          --streams N           streams of cost (20)
          --kills N             kills per round and latency profile (10)
          --quick               a minimal run of every part, as a check; its figures are meaningless

        Progress goes to standard error, results in Markdown to standard output. docs/benchmarks.md describes the method.
        """;

    /// <summary>Parts to run.</summary>
    public IReadOnlyList<string> Parts { get; init; } = AllParts;

    /// <summary>Number of rounds.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Duration of each measurement.</summary>
    public TimeSpan Measured { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time before each measurement.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Number of streams whose cost is measured.</summary>
    public int Streams { get; init; } = 20;

    /// <summary>Number of kills per round and latency profile.</summary>
    public int Kills { get; init; } = 10;

    /// <summary>Parses the arguments after <c>cluster</c>.</summary>
    /// <exception cref="FormatException">The arguments are invalid; the message explains the expected format.</exception>
    public static ClusterPlan Parse(IReadOnlyList<string> arguments)
    {
        var plan = new ClusterPlan();
        foreach (var (option, value) in PlanArguments.Pairs("cluster", arguments,
            ["--only", "--rounds", "--seconds", "--streams", "--kills"]))
        {
            plan = option switch
            {
                "--quick" => plan with
                {
                    Rounds = 1, Measured = TimeSpan.FromSeconds(8), WarmUp = TimeSpan.FromSeconds(3), Streams = 3, Kills = 1,
                },
                "--only" => plan with { Parts = PlanArguments.Parts(value, AllParts) },
                "--rounds" => plan with { Rounds = PlanArguments.Number(option, value, 1, 20) },
                "--seconds" => plan with { Measured = TimeSpan.FromSeconds(PlanArguments.Number(option, value, 5, 3600)) },
                "--streams" => plan with { Streams = PlanArguments.Number(option, value, 1, 500) },
                _ => plan with { Kills = PlanArguments.Number(option, value, 1, 1000) },
            };
        }

        return plan;
    }
}
