namespace Broadcast.Targets.Legs;

/// <summary>State of a target that outlasts its legs. Thread-safe.</summary>
/// <param name="time">Clock.</param>
internal sealed class TargetHistory(TimeProvider time)
{
    private long _lastLive = long.MinValue;

    /// <summary>Completes when the previous leg has ended its publication.</summary>
    public Task Ended { get; set; } = Task.CompletedTask;

    /// <summary>Time since the target was last live; <see langword="null"/> if that is not known.</summary>
    public TimeSpan? SinceLive => Interlocked.Read(ref _lastLive) is not long.MinValue and var at ? time.GetElapsedTime(at) : null;

    /// <summary>Records that the target is, or just was, live.</summary>
    public void RecordLive() => Interlocked.Exchange(ref _lastLive, time.GetTimestamp());
}
