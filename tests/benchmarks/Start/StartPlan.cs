namespace Broadcast.Benchmarks;

/// <summary>Arguments of <c>bench start</c>.</summary>
internal sealed record StartPlan
{
    /// <summary>Text of <c>--help</c>.</summary>
    public const string Usage = """
        usage: ./broadcast bench start [OPTIONS]

          --rounds N            rounds (3)
          --recordings N        instead: start with N recordings in a bucket in memory and in the database
          --channels N          their channels (half as many as recordings)
          --journal-objects N   their journal objects (15 per recording)
          --latency MS          delay of each response of the bucket, in milliseconds (20)
          --quick               with 100 recordings, as a check

        Progress goes to standard error, results in Markdown to standard output.
        """;

    /// <summary>Number of starts that are measured.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Number of recordings; 0 for an ordinary start.</summary>
    public int Recordings { get; init; }

    /// <summary>Number of channels.</summary>
    public int Channels { get; init; }

    /// <summary>Number of journal objects.</summary>
    public int JournalObjects { get; init; }

    /// <summary>Delay of each response of the bucket.</summary>
    public TimeSpan Latency { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Parses the arguments after <c>start</c>.</summary>
    /// <exception cref="FormatException">The arguments are invalid; the message explains the expected format.</exception>
    public static StartPlan Parse(IReadOnlyList<string> arguments)
    {
        var plan = new StartPlan();
        foreach (var (option, value) in PlanArguments.Pairs("start", arguments,
            ["--rounds", "--recordings", "--channels", "--journal-objects", "--latency"]))
        {
            plan = option switch
            {
                "--quick" => plan with { Recordings = 100, Rounds = 1 },
                "--rounds" => plan with { Rounds = PlanArguments.Number(option, value, 1, 100) },
                "--recordings" => plan with { Recordings = PlanArguments.Number(option, value, 1, 100_000) },
                "--channels" => plan with { Channels = PlanArguments.Number(option, value, 1, 100_000) },
                "--journal-objects" => plan with { JournalObjects = PlanArguments.Number(option, value, 1, 1_000_000) },
                _ => plan with { Latency = TimeSpan.FromMilliseconds(PlanArguments.Number(option, value, 0, 1000)) },
            };
        }

        if (plan.Recordings == 0)
        {
            return plan.Channels + plan.JournalObjects == 0 ? plan
                : throw new FormatException("--channels and --journal-objects need --recordings.");
        }

        plan = plan with
        {
            Channels = plan.Channels > 0 ? plan.Channels : Math.Max(1, plan.Recordings / 2),
            JournalObjects = plan.JournalObjects > 0 ? plan.JournalObjects : plan.Recordings * 15,
        };
        return plan.Channels > plan.Recordings || plan.JournalObjects < plan.Recordings
            ? throw new FormatException("There must be at least as many recordings as channels, and as many journal objects as recordings.")
            : plan;
    }
}
