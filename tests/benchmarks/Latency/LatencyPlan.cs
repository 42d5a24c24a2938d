namespace Broadcast.Benchmarks;

/// <summary>Arguments of <c>bench latency</c>.</summary>
internal sealed record LatencyPlan
{
    /// <summary>All parts in the order of execution.</summary>
    public static IReadOnlyList<string> AllParts { get; } = ["source", "ladder", "glass"];

    /// <summary>Text of <c>--help</c>.</summary>
    public const string Usage = """
        usage: ./broadcast bench latency [OPTIONS]

          --only PART[,PART…]   source   from sending a frame to the availability of its part and its segment, passed through
                                ladder   the same for each rung of a ladder encoded on this machine
                                glass    from sending a frame to its display in Chromium by hls.js, dash.js and Shaka in turn
          --rounds N            number of rounds; the median counts (3)
          --seconds N           duration of each round (60)
          --quick               a minimal run of every part, as a check; its figures are meaningless

        Progress goes to standard error, results in Markdown to standard output. docs/benchmarks.md describes the method.
        """;

    /// <summary>Parts to run.</summary>
    public IReadOnlyList<string> Parts { get; init; } = AllParts;

    /// <summary>Number of rounds.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Duration of each round.</summary>
    public TimeSpan Measured { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Parses the arguments after <c>latency</c>.</summary>
    /// <exception cref="FormatException">The arguments are invalid; the message explains the expected format.</exception>
    public static LatencyPlan Parse(IReadOnlyList<string> arguments)
    {
        var plan = new LatencyPlan();
        foreach (var (option, value) in PlanArguments.Pairs("latency", arguments, ["--only", "--rounds", "--seconds"]))
        {
            plan = option switch
            {
                "--quick" => plan with { Rounds = 1, Measured = TimeSpan.FromSeconds(10) },
                "--only" => plan with { Parts = PlanArguments.Parts(value, AllParts) },
                "--rounds" => plan with { Rounds = PlanArguments.Number(option, value, 1, 20) },
                _ => plan with { Measured = TimeSpan.FromSeconds(PlanArguments.Number(option, value, 5, 3600)) },
            };
        }

        return plan;
    }
}
