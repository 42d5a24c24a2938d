namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// Decides when the next worker may start. Each failure lengthens the delay, and a source that keeps changing does not start a process per
/// change. Owned by one encoder.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class RestartBackoff(TimeProvider time)
{
    /// <summary>Consecutive failures after which the level is lowered.</summary>
    public const int FailuresBeforeDegrading = 3;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Minimum time between a start and the one after next: a source whose configuration changes with every keyframe must not start a
    /// process for each.
    /// </summary>
    private static readonly TimeSpan MinTimeBetweenStarts = TimeSpan.FromSeconds(2);

    /// <summary>A worker that ran this long resets the failure count.</summary>
    private static readonly TimeSpan StableRunTime = TimeSpan.FromMinutes(1);

    private long? _previousStart;
    private long _notBefore = long.MinValue;

    /// <summary>Consecutive failures.</summary>
    public int Failures { get; private set; }

    /// <summary>Indicates whether a worker may start now.</summary>
    public bool MayStart => time.GetTimestamp() >= _notBefore;

    /// <summary>Indicates whether so many workers failed that the next one is likely to fail too.</summary>
    public bool IsHopeless => Failures >= FailuresBeforeDegrading;

    /// <summary>Indicates whether to lower the level: after every third consecutive failure.</summary>
    public bool ShouldDegrade => Failures % FailuresBeforeDegrading == 0;

    /// <summary>Records a failed worker.</summary>
    /// <param name="runTime">How long the worker ran.</param>
    public void RecordFailure(TimeSpan runTime) => Failures = runTime >= StableRunTime ? 1 : Failures + 1;

    /// <summary>Delays the next start, longer with each failure.</summary>
    /// <returns>The delay.</returns>
    public TimeSpan Delay() => Delay(TimeSpan.FromTicks(Math.Min(MaxDelay.Ticks, FirstDelay.Ticks << Math.Min(Failures - 1, 20))));

    /// <summary>Delays the next start.</summary>
    /// <param name="delay">The delay.</param>
    /// <returns>The same delay.</returns>
    public TimeSpan Delay(TimeSpan delay)
    {
        _notBefore = After(time.GetTimestamp(), delay);
        return delay;
    }

    /// <summary>Shortens the delay to that of a first failure, after a likely cause was found.</summary>
    public void ResetDelay() => Delay(FirstDelay);

    /// <summary>Records that a worker was stopped because the source changed.</summary>
    /// <param name="startedAt">Start of the worker, as a timestamp of the clock.</param>
    public void RecordSourceChange(long startedAt)
    {
        _notBefore = _previousStart is { } before ? Math.Max(_notBefore, After(before, MinTimeBetweenStarts)) : _notBefore;
        _previousStart = startedAt;
    }

    private long After(long timestamp, TimeSpan delay) => timestamp + (long)(delay.TotalSeconds * time.TimestampFrequency);
}
