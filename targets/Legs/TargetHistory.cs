namespace Broadcast.Targets.Legs;

/// <summary>State of a target that outlasts its legs. Thread-safe.</summary>
/// <param name="time">Clock.</param>
internal sealed class TargetHistory(TimeProvider time)
{
    private long _lastLive = long.MinValue;
    private (string Url, string StreamKey)? _connection;

    /// <summary>Completes when the previous leg has ended its publication.</summary>
    public Task Ended { get; set; } = Task.CompletedTask;

    /// <summary>Time since the target was last live; <see langword="null"/> if that is not known.</summary>
    public TimeSpan? SinceLive => Interlocked.Read(ref _lastLive) is not long.MinValue and var at ? time.GetElapsedTime(at) : null;

    /// <summary>Sets the address and key of the next leg. With others than before, the platform has no earlier connection.</summary>
    public void Use(string url, string streamKey)
    {
        if (_connection is { } earlier && earlier != (url, streamKey))
        {
            Interlocked.Exchange(ref _lastLive, long.MinValue);
        }

        _connection = (url, streamKey);
    }

    /// <summary>Records that the target is, or just was, live.</summary>
    public void RecordLive() => Interlocked.Exchange(ref _lastLive, time.GetTimestamp());
}
