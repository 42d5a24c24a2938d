namespace Broadcast.Benchmarks;

/// <summary>Arguments of <c>bench chat</c>.</summary>
internal sealed record ChatPlan
{
    /// <summary>Maximum number of readers: one connection each from one address of this machine.</summary>
    public const int MaxReaders = 20_000;

    /// <summary>All parts in the order of execution.</summary>
    public static IReadOnlyList<string> AllParts { get; } = ["shown", "cost", "removal"];

    /// <summary>Text of <c>--help</c>.</summary>
    public const string Usage = """
        usage: ./broadcast bench chat [OPTIONS]

          --only PART[,PART…]   shown    time from sending a message until readers behind Varnish have it; requests, CPU time and traffic
                                cost     CPU time per delivered message, next to Prosody's MUC over WebSocket
                                removal  time until a removed message has disappeared from all responses of Varnish
          --rounds N            number of rounds; the median counts (3)
          --seconds N           duration of each measurement (30)
          --readers N[,N…]      numbers of readers of shown (100,1000,10000)
          --peers N             readers of cost, of both servers (500)
          --rate N              messages per second of shown and cost (5)
          --removals N          removed messages per round (6)
          --quick               a minimal run of every part, as a check; its figures are meaningless

        cost needs Prosody: apt-get install prosody
        Progress goes to standard error, results in Markdown to standard output. docs/benchmarks.md describes the method.
        """;

    /// <summary>Parts to run.</summary>
    public IReadOnlyList<string> Parts { get; init; } = AllParts;

    /// <summary>Number of rounds.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Duration of each measurement.</summary>
    public TimeSpan Measured { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time with readers and messages before each measurement.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Numbers of readers of <c>shown</c>.</summary>
    public IReadOnlyList<int> Readers { get; init; } = [100, 1000, 10_000];

    /// <summary>Number of readers of <c>cost</c>.</summary>
    public int Peers { get; init; } = 500;

    /// <summary>Messages per second.</summary>
    public int Rate { get; init; } = 5;

    /// <summary>Removed messages per round.</summary>
    public int Removals { get; init; } = 6;

    /// <summary>Indicates whether <c>removal</c> also waits for minutes that are no longer among the two newest.</summary>
    public bool HasOldMinutes { get; init; } = true;

    /// <summary>Parses the arguments after <c>chat</c>.</summary>
    /// <exception cref="FormatException">The arguments are invalid; the message explains the expected format.</exception>
    public static ChatPlan Parse(IReadOnlyList<string> arguments)
    {
        var plan = new ChatPlan();
        foreach (var (option, value) in PlanArguments.Pairs("chat", arguments,
            ["--only", "--rounds", "--seconds", "--readers", "--peers", "--rate", "--removals"]))
        {
            plan = option switch
            {
                "--quick" => plan with
                {
                    Rounds = 1, Measured = TimeSpan.FromSeconds(5), WarmUp = TimeSpan.FromSeconds(3), Readers = [100], Peers = 50,
                    Removals = 2, HasOldMinutes = false,
                },
                "--only" => plan with { Parts = PlanArguments.Parts(value, AllParts) },
                "--rounds" => plan with { Rounds = PlanArguments.Number(option, value, 1, 20) },
                "--seconds" => plan with { Measured = TimeSpan.FromSeconds(PlanArguments.Number(option, value, 5, 3600)) },
                "--readers" => plan with { Readers = [.. value.Split(',', StringSplitOptions.TrimEntries)
                    .Select(n => PlanArguments.Number(option, n, 1, MaxReaders))] },
                "--peers" => plan with { Peers = PlanArguments.Number(option, value, 20, 2000) },
                "--rate" => plan with { Rate = PlanArguments.Number(option, value, 1, 20) },
                _ => plan with { Removals = PlanArguments.Number(option, value, 1, 20) },
            };
        }

        return plan;
    }
}
