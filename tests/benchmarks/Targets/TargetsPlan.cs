namespace Broadcast.Benchmarks;

/// <summary>Arguments of <c>bench targets</c>.</summary>
internal sealed record TargetsPlan
{
    /// <summary>All parts in the order of execution.</summary>
    public static IReadOnlyList<string> AllParts { get; } = ["cost", "switch", "losses", "slow"];

    /// <summary>Text of <c>--help</c>.</summary>
    public const string Usage = """
        usage: ./broadcast bench targets [OPTIONS]

          --only PART[,PART…]   cost     CPU time and memory of 50 targets of five channels, next to nginx-rtmp's push
                                switch   time from enabling a target to its first frame, while another target stays
                                losses   what two targets receive while the encoder is lost, and when the server is killed
                                slow     frames that a slow target loses
          --rounds N            number of rounds; the median counts (3)
          --seconds N           duration of each measurement of cost and slow (15)
          --switches N          switches per round (100)
          --losses N            losses of the encoder per round (20)
          --quick               a minimal run of every part, as a check; its figures are meaningless

        Progress goes to standard error, results in Markdown to standard output. docs/benchmarks.md describes the method.
        """;

    /// <summary>Parts to run.</summary>
    public IReadOnlyList<string> Parts { get; init; } = AllParts;

    /// <summary>Number of rounds.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Duration of each measurement.</summary>
    public TimeSpan Measured { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Time before each measurement.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Number of switches per round.</summary>
    public int Switches { get; init; } = 100;

    /// <summary>Number of losses of the encoder per round.</summary>
    public int Losses { get; init; } = 20;

    /// <summary>Parses the arguments after <c>targets</c>.</summary>
    /// <exception cref="FormatException">The arguments are invalid; the message explains the expected format.</exception>
    public static TargetsPlan Parse(IReadOnlyList<string> arguments)
    {
        var plan = new TargetsPlan();
        foreach (var (option, value) in PlanArguments.Pairs("targets", arguments,
            ["--only", "--rounds", "--seconds", "--switches", "--losses"]))
        {
            plan = option switch
            {
                "--quick" => plan with
                {
                    Rounds = 1, Measured = TimeSpan.FromSeconds(5), WarmUp = TimeSpan.FromSeconds(3), Switches = 3, Losses = 2,
                },
                "--only" => plan with { Parts = PlanArguments.Parts(value, AllParts) },
                "--rounds" => plan with { Rounds = PlanArguments.Number(option, value, 1, 20) },
                "--seconds" => plan with { Measured = TimeSpan.FromSeconds(PlanArguments.Number(option, value, 5, 3600)) },
                "--switches" => plan with { Switches = PlanArguments.Number(option, value, 1, 10_000) },
                _ => plan with { Losses = PlanArguments.Number(option, value, 1, 1000) },
            };
        }

        return plan;
    }
}
