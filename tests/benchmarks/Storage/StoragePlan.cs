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
                                outage   streams during an outage of the bucket: effect on live delivery, and the time until everything is uploaded
          --rounds N            rounds of the upload part; the median counts (3)
          --files N             files of 1 MB per round (400)
          --streams N           streams during the outage (20)
          --outage SECONDS      duration of the outage (600)
          --quick               a minimal run of every part, as a check; its figures are meaningless

        The bucket is Ceph's gateway on this machine, in memory. To test kills, use `./broadcast soak --recording MINUTES --kills N`. Progress goes to standard error, results in Markdown to standard output.
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
        foreach (var (option, value) in PlanArguments.Pairs("storage", arguments,
            ["--only", "--rounds", "--files", "--streams", "--outage"]))
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
