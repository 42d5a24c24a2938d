namespace Broadcast.Control.Webhooks;

/// <summary>Retry schedule of webhook deliveries: eleven attempts within a day, with increasing delays.</summary>
internal static class RetrySchedule
{
    /// <summary>
    /// Number of failed attempts up to which a delivery holds up later ones, so that a receiver that is down for minutes gets events in
    /// order. Later ones then pass it, so that one event that the receiver cannot process does not block the rest for a day.
    /// </summary>
    public const int MaxBlockingFailures = 4;

    /// <summary>Time of continuous failure after which a webhook is disabled, together with <see cref="DisableFailures"/>.</summary>
    public static readonly TimeSpan DisableAfter = TimeSpan.FromDays(5);

    /// <summary>Number of failures after which a webhook is disabled, together with <see cref="DisableAfter"/>.</summary>
    public const int DisableFailures = 20;

    /// <summary>Maximum delay that a receiver can request.</summary>
    public static readonly TimeSpan MaxRequestedDelay = TimeSpan.FromHours(1);

    /// <summary>Delays between attempts: 23 h 42 min in total.</summary>
    public static IReadOnlyList<TimeSpan> Delays { get; } =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30),
        TimeSpan.FromHours(1), TimeSpan.FromHours(2), TimeSpan.FromHours(4), TimeSpan.FromHours(8), TimeSpan.FromHours(8),
    ];

    /// <summary>Gets the delay until the next attempt; <see langword="null"/> for none.</summary>
    /// <param name="failures">Number of failed attempts, from 1.</param>
    /// <param name="requestedDelay">Delay requested by the receiver.</param>
    /// <param name="jitter">Random number from 0 to 1, for a jitter of ±10 % that spreads simultaneous retries.</param>
    public static TimeSpan? DelayAfter(int failures, TimeSpan? requestedDelay, double jitter)
    {
        if (failures > Delays.Count)
        {
            return null;
        }

        var delay = Delays[failures - 1] * (0.9 + (0.2 * jitter));
        var bounded = requestedDelay is { } time && time > TimeSpan.Zero ? (time < MaxRequestedDelay ? time : MaxRequestedDelay)
            : TimeSpan.Zero;
        return bounded > delay ? bounded : delay;
    }
}
