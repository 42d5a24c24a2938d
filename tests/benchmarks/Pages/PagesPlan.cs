namespace Broadcast.Benchmarks;

/// <summary>Arguments of <c>bench pages</c>.</summary>
internal sealed record PagesPlan
{
    /// <summary>All parts in the order of execution.</summary>
    public static IReadOnlyList<string> AllParts { get; } = ["dashboard", "watch"];

    /// <summary>Text of <c>--help</c>.</summary>
    public const string Usage = """
        usage: ./broadcast bench pages [OPTIONS]

          --only PART[,PART…]   dashboard   what the dashboard's first page loads, and how long it takes to be usable
                                watch       how long the watch page takes to its first picture, next to a bare hls.js page on the same stream
          --rounds N            how often each page is opened, each time by a browser that has nothing of it yet; the median counts (15)
          --quick               everything twice: to see that it works, not for figures

        Standard error tells what happens, standard output the figures in Markdown. docs/benchmarks.md says how they are taken.
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
