namespace Broadcast.Benchmarks;

/// <summary>Arguments of <c>bench latency</c>.</summary>
internal sealed record LatencyPlan
{
    /// <summary>All parts in the order of execution.</summary>
    public static IReadOnlyList<string> AllParts { get; } = ["source", "ladder", "glass"];

    /// <summary>Text of <c>--help</c>.</summary>
    public const string Usage = """
        usage: ./broadcast bench latency [OPTIONS]

          --only PART[,PART…]   source   from a picture's being sent by the encoder to the part and the segment it is in being there, as it came
                                ladder   the same for each rung of a ladder that is encoded on this machine
                                glass    from a picture's being sent to its being shown in Chromium, by hls.js, dash.js and Shaka, one after the other
          --rounds N            how often each is taken; the median counts (3)
          --seconds N           how long each round measures (60)
          --quick               every part with little of everything: to see that it works, not for figures

        Standard error tells what happens, standard output the figures in Markdown. docs/benchmarks.md says how they are taken.
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
