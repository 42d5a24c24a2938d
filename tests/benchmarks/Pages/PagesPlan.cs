namespace Broadcast.Benchmarks;

/// <summary>Arguments of <c>bench pages</c>.</summary>
internal sealed record PagesPlan
{
    /// <summary>All parts in the order of execution.</summary>
    public static IReadOnlyList<string> AllParts { get; } = ["dashboard", "watch"];

    /// <summary>Text of <c>--help</c>.</summary>
    public const string Usage = """
        usage: ./broadcast bench pages [OPTIONS]

          --only PART[,PART…]   dashboard   load size of the dashboard's first page, and the time until it is usable
                                watch       time to the first frame of the watch page, next to a bare hls.js page on the same stream
          --rounds N            number of times that each page is opened with an empty cache; the median counts (15)
          --quick               two rounds of everything, as a check; its figures are meaningless

        Progress goes to standard error, results in Markdown to standard output. docs/benchmarks.md describes the method.
        """;

    /// <summary>Parts to run.</summary>
    public IReadOnlyList<string> Parts { get; init; } = AllParts;

    /// <summary>Number of times that each page is opened.</summary>
    public int Rounds { get; init; } = 15;

    /// <summary>Parses the arguments after <c>pages</c>.</summary>
    /// <exception cref="FormatException">The arguments are invalid; the message explains the expected format.</exception>
    public static PagesPlan Parse(IReadOnlyList<string> arguments)
    {
        var plan = new PagesPlan();
        foreach (var (option, value) in PlanArguments.Pairs("pages", arguments, ["--only", "--rounds"]))
        {
            plan = option switch
            {
                "--quick" => plan with { Rounds = 2 },
                "--only" => plan with { Parts = PlanArguments.Parts(value, AllParts) },
                _ => plan with { Rounds = PlanArguments.Number(option, value, 1, 200) },
            };
        }

        return plan;
    }
}
