namespace Broadcast.Control.Servers;

/// <summary>Share of the machine's processors that this process uses. Not thread-safe.</summary>
internal sealed class ProcessorLoad(TimeProvider time)
{
    private TimeSpan _used = Environment.CpuUsage.TotalTime;
    private long _since = time.GetTimestamp();

    /// <summary>Measures the share since the last call, 0 to 1.</summary>
    public double Measure()
    {
        var (used, now) = (Environment.CpuUsage.TotalTime, time.GetTimestamp());
        var elapsed = time.GetElapsedTime(_since, now);
        var share = elapsed > TimeSpan.Zero ? (used - _used) / elapsed / Environment.ProcessorCount : 0;
        (_used, _since) = (used, now);
        return Math.Clamp(share, 0, 1);
    }
}
