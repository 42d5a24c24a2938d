namespace Broadcast.Host.GarbageCollection;

/// <summary>
/// Decides when an idle process should collect garbage. Pure; its input is the number of allocated bytes. The runtime collects only on
/// allocation, so without this an idle server would retain its peak memory. State of ended streams expires only after minutes, so one
/// collection is not enough.
/// </summary>
internal sealed class IdleGcPolicy
{
    /// <summary>Interval between checks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    /// <summary>Bytes allocated between two checks from which the process counts as busy: less than one stream of 1 Mbit/s.</summary>
    public const long BusyBytes = 4 << 20;

    /// <summary>Collections per idle period; after five minutes all state of streams has expired.</summary>
    public const int MaxCollections = 10;

    private long _allocated;
    private int _remainingCollections;

    /// <summary>Checks once.</summary>
    /// <param name="allocated">Bytes allocated since the process started.</param>
    /// <returns>Whether to collect now.</returns>
    public bool ShouldCollect(long allocated)
    {
        var wasBusy = allocated - _allocated >= BusyBytes;
        _allocated = allocated;
        _remainingCollections = wasBusy ? MaxCollections : _remainingCollections - 1;
        return !wasBusy && _remainingCollections >= 0;
    }
}
