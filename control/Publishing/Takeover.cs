namespace Broadcast.Control.Publishing;

/// <summary>Takeover policy of a channel.</summary>
public enum TakeoverPolicy
{
    /// <summary>The current encoder keeps its input until it has been silent for a while.</summary>
    Silent,

    /// <summary>The newest encoder takes over at once.</summary>
    Newest,
}

/// <summary>Decision about an encoder that connects while another publishes.</summary>
internal enum TakeoverDecision
{
    /// <summary>The new encoder is rejected.</summary>
    Reject,

    /// <summary>The new encoder waits until the current one has been silent for long enough.</summary>
    Wait,

    /// <summary>The new encoder takes over.</summary>
    TakeOver,
}

/// <summary>Rules for takeovers.</summary>
/// <param name="Policy">Policy of the channel.</param>
/// <param name="Silence">Time without media after which a takeover is allowed under either policy.</param>
/// <param name="MaxPerMinute">Takeovers of non-silent encoders per minute after which <see cref="TakeoverPolicy.Silent"/> applies, because
/// two encoders replace each other.</param>
internal readonly record struct TakeoverRules(TakeoverPolicy Policy, TimeSpan Silence, int MaxPerMinute)
{
    /// <summary>
    /// Minimum silence for a wait. A healthy encoder never leaves that much between two frames, so a new encoder is rejected at once before
    /// it.
    /// </summary>
    public static readonly TimeSpan MinSilence = TimeSpan.FromMilliseconds(500);

    /// <summary>Time for which a takeover counts.</summary>
    public static readonly TimeSpan CountingPeriod = TimeSpan.FromMinutes(1);

    private static readonly EnumNames<TakeoverPolicy> PolicyNames = new("takeover policy",
        (TakeoverPolicy.Silent, "silent"), (TakeoverPolicy.Newest, "newest"));

    /// <summary>Decides about a new encoder.</summary>
    /// <param name="silence">Time since the current encoder's last usable frame.</param>
    /// <param name="recent">Number of counted takeovers.</param>
    /// <param name="maxWait">Time that the new encoder may wait.</param>
    public TakeoverDecision Evaluate(TimeSpan silence, int recent, TimeSpan maxWait)
    {
        if (silence >= Silence || (Policy == TakeoverPolicy.Newest && recent < MaxPerMinute))
        {
            return TakeoverDecision.TakeOver;
        }

        return silence >= MinSilence && Silence - silence <= maxWait ? TakeoverDecision.Wait : TakeoverDecision.Reject;
    }

    /// <summary>Names of the policies.</summary>
    internal static IReadOnlyList<string> Names => PolicyNames.All;

    /// <summary>Gets the name of a policy.</summary>
    internal static string Name(TakeoverPolicy policy) => PolicyNames.Name(policy);

    /// <summary>Parses the name of a policy.</summary>
    /// <exception cref="FormatException">The name is unknown.</exception>
    internal static TakeoverPolicy Parse(string name) => PolicyNames.Parse(name);
}
