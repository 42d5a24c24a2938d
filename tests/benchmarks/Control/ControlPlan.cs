namespace Broadcast.Benchmarks;

/// <summary>Arguments of <c>bench control</c>.</summary>
internal sealed record ControlPlan
{
    /// <summary>All parts in the order of execution.</summary>
    public static IReadOnlyList<string> AllParts { get; } = ["schedule", "api", "publish"];

    /// <summary>Text of <c>--help</c>.</summary>
    public const string Usage = """
        usage: ./broadcast bench control [OPTIONS]

          --only PART[,PART…]   schedule  punctuality of events, with two servers on one database, one of which is killed repeatedly
                                api       reads and writes per second on one core, next to a minimal web server and database
                                publish   time to authorize encoders at a constant rate, with and without the database
          --events N            events of the schedule (200)
          --spread SECONDS      time over which their starts are spread (180)
          --seed N              seed of their starts and of the kills (1)
          --rounds N            runs of each row of api; the median counts (3)
          --seconds N           duration of each round of api (3)
          --rate N              arriving encoders per second (1000)
          --handshakes N        arriving encoders per second over RTMP (200)
          --quick               a minimal run of every part, as a check; its figures are meaningless

        The api part needs two cores. Progress goes to standard error, results in Markdown to standard output. docs/benchmarks.md describes the method.
        """;

    /// <summary>Parts to run.</summary>
    public IReadOnlyList<string> Parts { get; init; } = AllParts;

    /// <summary>Number of events in the schedule.</summary>
    public int Events { get; init; } = 200;

    /// <summary>Time over which the event starts are spread.</summary>
    public TimeSpan Spread { get; init; } = TimeSpan.FromSeconds(180);

    /// <summary>Seed of the starts and the kills.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Number of runs of each row of the API part.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>
    /// Duration of the load before the first round of each row of the API part, until the runtime has compiled the server's code with all
    /// optimizations.
    /// </summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Duration of each API round, preceded by a third of it as warm-up.</summary>
    public TimeSpan Measured { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Arriving encoders per second without the network.</summary>
    public int Rate { get; init; } = 1000;

    /// <summary>Arriving encoders per second over RTMP.</summary>
    public int Handshakes { get; init; } = 200;

    /// <summary>Duration of the encoder arrivals.</summary>
    public TimeSpan Coming { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Parses the arguments after <c>control</c>.</summary>
    /// <exception cref="FormatException">The arguments are invalid; the message explains the expected format.</exception>
    public static ControlPlan Parse(IReadOnlyList<string> arguments)
    {
        var plan = new ControlPlan();
        foreach (var (option, value) in PlanArguments.Pairs(
            "control", arguments, ["--only", "--events", "--spread", "--seed", "--rounds", "--seconds", "--rate", "--handshakes"]))
        {
            plan = option switch
            {
                "--quick" => plan with
                {
                    Events = 10, Spread = TimeSpan.FromSeconds(20), Rounds = 1, WarmUp = TimeSpan.Zero,
                    Measured = TimeSpan.FromSeconds(1), Rate = 100,
                    Handshakes = 20, Coming = TimeSpan.FromSeconds(4),
                },
                "--only" => plan with { Parts = PlanArguments.Parts(value, AllParts) },
                "--events" => plan with { Events = PlanArguments.Number(option, value, 1, 300) },
                "--spread" => plan with { Spread = TimeSpan.FromSeconds(PlanArguments.Number(option, value, 10, 3600)) },
                "--seed" => plan with { Seed = PlanArguments.Number(option, value, 0, 1_000_000) },
                "--rounds" => plan with { Rounds = PlanArguments.Number(option, value, 1, 20) },
                "--seconds" => plan with { Measured = TimeSpan.FromSeconds(PlanArguments.Number(option, value, 1, 600)) },
                "--rate" => plan with { Rate = PlanArguments.Number(option, value, 1, 5000) },
                _ => plan with { Handshakes = PlanArguments.Number(option, value, 1, 2000) },
            };
        }

        return plan;
    }
}
