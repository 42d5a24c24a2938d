namespace Broadcast.Control;

/// <summary>What a channel does with an encoder that comes while another has its place.</summary>
public enum TakeoverPolicy
{
    /// <summary>The one that publishes keeps its place until it has been silent for a while.</summary>
    Silent,

    /// <summary>The newest wins at once.</summary>
    Newest,
}

/// <summary>What becomes of an encoder that comes while another has its place.</summary>
internal enum TakeoverStep
{
    /// <summary>It is refused.</summary>
    Refuse,

    /// <summary>It waits for the rest of the other one's silence.</summary>
    Wait,

    /// <summary>The other one gives way.</summary>
    TakeOver,
}

/// <summary>By what an encoder's claim to a place is judged.</summary>
/// <param name="Policy">The channel's policy.</param>
/// <param name="Silence">From which silence on a holder gives way under either policy.</param>
/// <param name="MostPerMinute">Takeovers of a holder that is not silent within a minute; from then on it is judged as <see cref="TakeoverPolicy.Silent"/>, because two encoders fight.</param>
internal readonly record struct TakeoverTerms(TakeoverPolicy Policy, TimeSpan Silence, int MostPerMinute)
{
    /// <summary>No encoder that is well leaves that much between two frames: whoever comes earlier is refused without waiting.</summary>
    public static readonly TimeSpan Lull = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a takeover counts.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);

    /// <summary>Decides.</summary>
    /// <param name="silence">How long the holder has not sent a usable frame.</param>
    /// <param name="recent">Takeovers that count.</param>
    /// <param name="patience">How long the newcomer may wait.</param>
    public TakeoverStep Judge(TimeSpan silence, int recent, TimeSpan patience)
    {
        if (silence >= Silence || (Policy == TakeoverPolicy.Newest && recent < MostPerMinute))
        {
            return TakeoverStep.TakeOver;
        }

        return silence >= Lull && Silence - silence <= patience ? TakeoverStep.Wait : TakeoverStep.Refuse;
    }

    internal static string Name(TakeoverPolicy policy) => policy == TakeoverPolicy.Newest ? "newest" : "silent";
}
