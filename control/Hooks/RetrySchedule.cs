namespace Broadcast.Control;

/// <summary>When what could not be delivered is tried again: eleven times within a day in all, closer together at first.</summary>
internal static class RetrySchedule
{
    /// <summary>
    /// Failed tries up to which a delivery holds those behind it, so that a receiver that is away for some minutes gets everything in its order. After that it steps aside, and others pass it:
    /// one event that a receiver chokes on must not keep the rest from it for a day.
    /// </summary>
    public const int Holding = 4;

    /// <summary>A webhook that has failed for so long, and <see cref="GivenUpFailures"/> times, is switched off.</summary>
    public static readonly TimeSpan GivenUpAfter = TimeSpan.FromDays(5);

    /// <summary>How often it must have failed for that.</summary>
    public const int GivenUpFailures = 20;

    /// <summary>Longest wait that a receiver may ask for.</summary>
    public static readonly TimeSpan MaxAsked = TimeSpan.FromHours(1);

    /// <summary>What is between one try and the next: 23 h 42 min together.</summary>
    public static IReadOnlyList<TimeSpan> Delays { get; } =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30),
        TimeSpan.FromHours(1), TimeSpan.FromHours(2), TimeSpan.FromHours(4), TimeSpan.FromHours(8), TimeSpan.FromHours(8),
    ];

    /// <summary>How long until the next try; <see langword="null"/> when there is none.</summary>
    /// <param name="failures">Failed tries so far, from 1.</param>
    /// <param name="asked">What the receiver asked for.</param>
    /// <param name="chance">0 to 1: moves it by a tenth to either side, so that all that failed together does not come back together.</param>
    public static TimeSpan? After(int failures, TimeSpan? asked, double chance)
    {
        if (failures > Delays.Count)
        {
            return null;
        }

        var delay = Delays[failures - 1] * (0.9 + (0.2 * chance));
        var wish = asked is { } time && time > TimeSpan.Zero ? (time < MaxAsked ? time : MaxAsked) : TimeSpan.Zero;
        return wish > delay ? wish : delay;
    }
}
