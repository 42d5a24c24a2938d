namespace Broadcast.Benchmarks;

/// <summary>Arguments of <c>bench storage</c>.</summary>
internal sealed record StoragePlan
{
    /// <summary>All parts in the order of execution.</summary>
    public static IReadOnlyList<string> AllParts { get; } = ["upload", "outage"];

    /// <summary>Text of <c>--help</c>.</summary>
    public const string Usage = """
        usage: ./broadcast bench storage [OPTIONS]

          --only PART[,PART…]   upload   files through the spool into a bucket, next to plain PUTs of the same files by the same client library
                                outage   streams whose bucket is away for a while: whether live notices, and how long until the bucket has everything
          --rounds N            how often uploads are taken; the median counts (3)
          --files N             files of 1 MB a round (400)
          --streams N           streams of the outage (20)
          --outage SECONDS      how long the bucket is away (600)
          --quick               every part with little of everything: to see that it works, not for figures

        The bucket is Ceph's gateway on this machine, in memory. Kills are `./broadcast soak --recording MINUTES --kills N`. Standard error tells what happens, standard output the figures in Markdown.
        """;

    /// <summary>Parts to run.</summary>
    public IReadOnlyList<string> Parts { get; init; } = AllParts;

    /// <summary>Number of rounds of the upload part.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Files per round.</summary>
    public int Files { get; init; } = 400;

    /// <summary>Number of streams during the outage.</summary>
    public int Streams { get; init; } = 20;

    /// <summary>Duration of the outage.</summary>
    public TimeSpan Outage { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Parses the arguments after <c>storage</c>.</summary>
    /// <exception cref="FormatException">The arguments are invalid; the message explains the expected format.</exception>
    public static StoragePlan Parse(IReadOnlyList<string> arguments)
    {
        var plan = new StoragePlan();
        foreach (var (option, value) in PlanArguments.Pairs("storage", arguments, ["--only", "--rounds", "--files", "--streams", "--outage"]))
        {
            plan = option switch
            {
                "--quick" => plan with { Rounds = 1, Files = 50, Streams = 3, Outage = TimeSpan.FromSeconds(20) },
                "--only" => plan with { Parts = PlanArguments.Parts(value, AllParts) },
                "--rounds" => plan with { Rounds = PlanArguments.Number(option, value, 1, 20) },
                "--files" => plan with { Files = PlanArguments.Number(option, value, 10, 10_000) },
                "--streams" => plan with { Streams = PlanArguments.Number(option, value, 1, 100) },
                _ => plan with { Outage = TimeSpan.FromSeconds(PlanArguments.Number(option, value, 5, 3600)) },
            };
        }

        return plan;
    }
}
