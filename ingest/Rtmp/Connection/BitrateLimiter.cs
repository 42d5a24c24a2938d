namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>
/// Checks a publisher's bit rate against a limit, over windows of 10 s, so keyframes and catching up after a pause do not exceed it.
/// </summary>
/// <param name="bytesPerSecond">Limit in bytes per second.</param>
/// <param name="time">The clock.</param>
internal sealed class BitrateLimiter(long bytesPerSecond, TimeProvider time)
{
    /// <summary>Averaging window.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private long _since = time.GetTimestamp();
    private long _startBytes;

    /// <summary>Evaluates each window at its end.</summary>
    /// <param name="received">Total number of received bytes.</param>
    /// <returns>Length in seconds of a window that just ended above the limit; otherwise 0.</returns>
    public long GetSecondsOverLimit(long received)
    {
        var elapsed = time.GetElapsedTime(_since);
        if (elapsed < Window)
        {
            return 0;
        }

        var isOver = received - _startBytes > bytesPerSecond * elapsed.TotalSeconds;
        (_startBytes, _since) = (received, time.GetTimestamp());
        return isOver ? (long)elapsed.TotalSeconds : 0;
    }
}
