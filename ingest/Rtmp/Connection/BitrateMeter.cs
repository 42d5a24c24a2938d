namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>Holds what a publisher sends against a bit rate, over windows of ten seconds: a keyframe, or an encoder that catches up after a pause, is not over it.</summary>
/// <param name="bytesPerSecond">The most.</param>
/// <param name="time">The clock.</param>
internal sealed class BitrateMeter(long bytesPerSecond, TimeProvider time)
{
    /// <summary>What is averaged over.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private long _since = time.GetTimestamp();
    private long _from;

    /// <summary>Looks at the end of each window.</summary>
    /// <param name="received">Bytes received so far.</param>
    /// <returns>Seconds of a window that has just ended over the limit; otherwise 0.</returns>
    public long SecondsOver(long received)
    {
        var elapsed = time.GetElapsedTime(_since);
        if (elapsed < Window)
        {
            return 0;
        }

        var over = received - _from > bytesPerSecond * elapsed.TotalSeconds;
        (_from, _since) = (received, time.GetTimestamp());
        return over ? (long)elapsed.TotalSeconds : 0;
    }
}
