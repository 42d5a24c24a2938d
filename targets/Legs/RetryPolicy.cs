namespace Broadcast.Targets.Legs;

/// <summary>
/// Times between attempts to connect: exponential, with jitter, so that targets of one platform do not all return at the same moment. A
/// target that was live for a while begins again with a short time. Pure; not thread-safe.
/// </summary>
/// <param name="random">Source of the jitter, 0 to 1.</param>
internal sealed class RetryPolicy(Func<double> random)
{
    /// <summary>First time.</summary>
    public static readonly TimeSpan First = TimeSpan.FromSeconds(1);

    /// <summary>Maximum time while the failure may pass by itself.</summary>
    public static readonly TimeSpan Max = TimeSpan.FromSeconds(30);

    /// <summary>Time while the target is rejected: a user has to change something.</summary>
    public static readonly TimeSpan WhenRejected = TimeSpan.FromMinutes(1);

    /// <summary>Time for which a target must be live until a failure counts as the first one.</summary>
    public static readonly TimeSpan Stable = TimeSpan.FromSeconds(60);

    private const double Jitter = 0.25;
    private int _failures;

    /// <summary>Computes the time until the next attempt.</summary>
    /// <param name="liveFor">Time for which the target was live before the failure.</param>
    /// <param name="isRejected">Whether a user has to change something.</param>
    public TimeSpan Next(TimeSpan liveFor, bool isRejected)
    {
        _failures = liveFor >= Stable ? 1 : _failures + 1;
        var wait = isRejected ? WhenRejected : First * Math.Pow(2, Math.Min(_failures - 1, 10));
        wait = wait < Max || isRejected ? wait : Max;
        return wait * (1 - Jitter + (2 * Jitter * random()));
    }
}
