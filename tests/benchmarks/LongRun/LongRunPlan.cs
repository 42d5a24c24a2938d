namespace Broadcast.Benchmarks;

/// <summary>Arguments of <c>bench longrun</c>.</summary>
internal sealed record LongRunPlan
{
    /// <summary>All parts in the order of execution.</summary>
    public static IReadOnlyList<string> AllParts { get; } = ["live", "recorded"];

    /// <summary>Text of <c>--help</c>.</summary>
    public const string Usage = """
        usage: ./broadcast bench longrun [OPTIONS]

          --only PART[,PART…]   live       a session that is not recorded
                                recorded   a recorded session
          --days LIST           simulated days after which sizes are measured (1,7,30)
          --quick               1 and 2 hours instead of days, as a check

        The encoder is lost once a minute, and the slate is shown in between. Time is simulated. Progress goes to standard error, results in Markdown to standard output.
        """;

    /// <summary>Parts to run.</summary>
    public IReadOnlyList<string> Parts { get; init; } = AllParts;

    /// <summary>Simulated minutes after which sizes are measured, ascending.</summary>
    public IReadOnlyList<int> Minutes { get; init; } = [1440, 7 * 1440, 30 * 1440];

    /// <summary>Parses the arguments after <c>longrun</c>.</summary>
    /// <exception cref="FormatException">The arguments are invalid; the message explains the expected format.</exception>
    public static LongRunPlan Parse(IReadOnlyList<string> arguments)
    {
        var plan = new LongRunPlan();
        foreach (var (option, value) in PlanArguments.Pairs("longrun", arguments, ["--only", "--days"]))
        {
            plan = option switch
            {
                "--quick" => plan with { Minutes = [60, 120] },
                "--only" => plan with { Parts = PlanArguments.Parts(value, AllParts) },
                _ => plan with { Minutes = [.. value.Split(',').Select(day => PlanArguments.Number(option, day, 1, 365) * 1440).Order()] },
            };
        }

        return plan;
    }
}
