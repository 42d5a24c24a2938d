namespace Broadcast.Benchmarks;

/// <summary>Arguments of <c>bench origin</c>.</summary>
internal sealed record OriginPlan
{
    /// <summary>All parts in the order of execution.</summary>
    public static IReadOnlyList<string> AllParts { get; } = ["segments", "playlists", "held"];

    /// <summary>Text of <c>--help</c>.</summary>
    public const string Usage = """
        usage: ./broadcast bench origin [OPTIONS]

          --only PART[,PART…]   segments   CPU time of segments of 1 MB over HTTP/1.1, next to nginx with the same file on tmpfs
                                playlists  CPU time of a playlist of 2 KB, next to nginx with the same file
                                held       players that all hold a blocking reload of the playlist: response delay, memory and CPU time of each
          --rounds N            number of rounds; the median counts (3)
          --seconds N           duration of each round (6)
          --players N[,N…]      numbers of waiting players (100,1000,10000)
          --wait PATH           requested path; {rendition}, {segment} and {part} are replaced: {rendition}.m3u8?_HLS_msn={segment}&_HLS_part={part},
                                or for parts {rendition}/{segment}.{part}.m4s
          --quick               a minimal run of every part, as a check; its figures are meaningless

        Progress goes to standard error, results in Markdown to standard output. docs/benchmarks.md describes the method.
        """;

    /// <summary>Parts to run.</summary>
    public IReadOnlyList<string> Parts { get; init; } = AllParts;

    /// <summary>Number of rounds.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Duration of each round.</summary>
    public TimeSpan Measured { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>Numbers of waiting players.</summary>
    public IReadOnlyList<int> Players { get; init; } = [100, 1000, 10_000];

    /// <summary>Requested resource, relative to the session.</summary>
    public string Wait { get; init; } = "{rendition}.m3u8?_HLS_msn={segment}&_HLS_part={part}";

    /// <summary>Parses the arguments after <c>origin</c>.</summary>
    /// <exception cref="FormatException">The arguments are invalid; the message explains the expected format.</exception>
    public static OriginPlan Parse(IReadOnlyList<string> arguments)
    {
        var plan = new OriginPlan();
        foreach (var (option, value) in PlanArguments.Pairs("origin", arguments,
            ["--only", "--rounds", "--seconds", "--players", "--wait"]))
        {
            plan = option switch
            {
                "--quick" => plan with { Rounds = 1, Measured = TimeSpan.FromSeconds(2), Players = [100] },
                "--only" => plan with { Parts = PlanArguments.Parts(value, AllParts) },
                "--rounds" => plan with { Rounds = PlanArguments.Number(option, value, 1, 20) },
                "--players" => plan with { Players = [.. value.Split(',', StringSplitOptions.TrimEntries)
                    .Select(n => PlanArguments.Number(option, n, 1, 15_000))] },
                "--wait" => plan with { Wait = value },
                _ => plan with { Measured = TimeSpan.FromSeconds(PlanArguments.Number(option, value, 1, 600)) },
            };
        }

        return plan;
    }
}
