using System.Globalization;

namespace Broadcast.Benchmarks;

/// <summary>Publishers of one run.</summary>
/// <param name="Count">Number of publishers.</param>
/// <param name="Megabits">Video bit rate of each publisher, in megabits per second.</param>
internal sealed record LoadSize(int Count, double Megabits)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Count:#,0} publisher{(Count == 1 ? "" : "s")} at {Megabits:0.##} Mbit/s");
}

/// <summary>Arguments of <c>bench ingest</c>.</summary>
internal sealed record IngestPlan
{
    /// <summary>All parts in the order of execution.</summary>
    public static IReadOnlyList<string> AllParts { get; } = ["parsers", "memory", "publish", "chunks", "cpu"];

    /// <summary>Text of <c>--help</c>.</summary>
    public const string Usage = """
        usage: ./broadcast bench ingest [OPTIONS]

          --only PART[,PART…]   cpu      CPU time and memory per stream, with and without packaging, next to nginx-rtmp
                                chunks   chunks of 128 bytes against 4,096
                                publish  publications per second, and the time until a single one is accepted
                                memory   memory of a connection that does not publish
                                parsers  the parsers alone
          --counts N[@MBIT],…   publishers, and the bit rate of each in Mbit/s if other than 4 (1,50,100,300,1000@1); part cpu
          --rounds N            measurements of each figure; the median counts (1)
          --seconds N           duration of each measurement, after 20 s of warm-up (15)
          --quick               a minimal run of every part, as a check; its figures are meaningless

        Progress goes to standard error, results in Markdown to standard output. docs/benchmarks.md describes the method.
        """;

    private const int MaxPublishers = 5000;
    private const double DefaultMegabits = 4;

    /// <summary>Parts to run.</summary>
    public IReadOnlyList<string> Parts { get; init; } = AllParts;

    /// <summary>Loads of part <c>cpu</c>.</summary>
    public IReadOnlyList<LoadSize> Loads { get; init; } = [new(1, 4), new(50, 4), new(100, 4), new(300, 4), new(1000, 1)];

    /// <summary>Publishers of part <c>chunks</c>.</summary>
    public int ChunkPublishers { get; init; } = 50;

    /// <summary>Concurrent encoders of part <c>publish</c>.</summary>
    public int AtOnce { get; init; } = 200;

    /// <summary>Connections of part <c>memory</c>.</summary>
    public int IdleConnections { get; init; } = 2000;

    /// <summary>Number of measurements of each figure; the median counts.</summary>
    public int Rounds { get; init; } = 1;

    /// <summary>Duration of load before the measurement.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Duration of load during the measurement.</summary>
    public TimeSpan Measured { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Duration of each loop of part <c>parsers</c>.</summary>
    public TimeSpan ParserLoop { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Parses the arguments after <c>ingest</c>.</summary>
    /// <exception cref="FormatException">The arguments are invalid; the message explains the expected format.</exception>
    public static IngestPlan Parse(IReadOnlyList<string> arguments)
    {
        var plan = new IngestPlan();
        foreach (var (option, value) in PlanArguments.Pairs("ingest", arguments, ["--only", "--counts", "--rounds", "--seconds"]))
        {
            plan = option switch
            {
                "--quick" => Quick,
                "--only" => plan with { Parts = PlanArguments.Parts(value, AllParts) },
                "--counts" => plan with { Loads = [.. value.Split(',').Select(ReadLoad)] },
                "--rounds" => plan with { Rounds = (int)ReadNumber(option, value, 1, 20) },
                _ => plan with { Measured = TimeSpan.FromSeconds(ReadNumber(option, value, 1, 600)) },
            };
        }

        return plan;
    }

    private static IngestPlan Quick => new()
    {
        Loads = [new(1, 4), new(3, 4), new(5, 1)], ChunkPublishers = 5, AtOnce = 20, IdleConnections = 200,
        WarmUp = TimeSpan.FromSeconds(3),
        Measured = TimeSpan.FromSeconds(3), ParserLoop = TimeSpan.FromSeconds(0.2),
    };

    private static LoadSize ReadLoad(string text)
    {
        var parts = text.Split('@');
        if (parts.Length > 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || count is < 1 or > MaxPublishers)
        {
            throw new FormatException($"--counts: '{text}' is not N or N@MBIT with 1 to {MaxPublishers} publishers, as in 300 or 1000@1.");
        }

        return new LoadSize(count, parts.Length == 2 ? ReadNumber("--counts", parts[1], 0.2, 50) : DefaultMegabits);
    }

    private static double ReadNumber(string option, string text, double least, double most) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number >= least
        && number <= most
            ? number
            : throw new FormatException($"{option}: '{text}' is not a number from {Report.Plain(least)} to {Report.Plain(most)}.");
}
