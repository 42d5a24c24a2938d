namespace Broadcast.Benchmarks;

/// <summary>Arguments of <c>bench transcode</c>.</summary>
internal sealed record TranscodePlan
{
    /// <summary>All parts in the order of execution.</summary>
    public static IReadOnlyList<string> AllParts { get; } = ["cost", "delay", "kills", "overload"];

    /// <summary>Text of <c>--help</c>.</summary>
    public const string Usage = """
        usage: ./broadcast bench transcode [OPTIONS]

          --only PART[,PART…]   cost      CPU time of a ladder, next to a bare ffmpeg and to one process per rung
                                delay     delay of a frame in the stage
                                kills     kill -9 of the worker: interruption of the output
                                overload  streams that together need twice the machine: lag of their rungs
          --rounds N            rounds of the cost part; the median counts (3)
          --seconds N           duration of the delay part (20)
          --kills N             workers to kill (20)
          --overload N          seconds of overload (120)
          --quick               a minimal run of every part, as a check; its figures are meaningless

        Progress goes to standard error, results in Markdown to standard output. docs/benchmarks.md describes the method.
        """;

    /// <summary>Parts to run.</summary>
    public IReadOnlyList<string> Parts { get; init; } = AllParts;

    /// <summary>Number of rounds of the cost part.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Seconds of media in each round of the cost.</summary>
    public int CostSeconds { get; init; } = 30;

    /// <summary>Duration of the delay part.</summary>
    public TimeSpan Measured { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Number of workers to kill.</summary>
    public int Kills { get; init; } = 20;

    /// <summary>Duration of the overload.</summary>
    public TimeSpan Overload { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Parses the arguments after <c>transcode</c>.</summary>
    /// <exception cref="FormatException">The arguments are invalid; the message explains the expected format.</exception>
    public static TranscodePlan Parse(IReadOnlyList<string> arguments)
    {
        var plan = new TranscodePlan();
        foreach (var (option, value) in PlanArguments.Pairs("transcode", arguments,
            ["--only", "--rounds", "--seconds", "--kills", "--overload"]))
        {
            plan = option switch
            {
                "--quick" => plan with { Rounds = 1, CostSeconds = 6, Measured = TimeSpan.FromSeconds(4), Kills = 2,
                    Overload = TimeSpan.FromSeconds(20) },
                "--only" => plan with { Parts = PlanArguments.Parts(value, AllParts) },
                "--rounds" => plan with { Rounds = PlanArguments.Number(option, value, 1, 20) },
                "--kills" => plan with { Kills = PlanArguments.Number(option, value, 2, 1000) },
                "--overload" => plan with { Overload = TimeSpan.FromSeconds(PlanArguments.Number(option, value, 10, 3600)) },
                _ => plan with { Measured = TimeSpan.FromSeconds(PlanArguments.Number(option, value, 2, 600)) },
            };
        }

        return plan;
    }
}
