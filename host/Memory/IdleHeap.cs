namespace Broadcast.Host.Memory;

/// <summary>
/// Decides when a process with nothing to do should collect: pure, told how much has been allocated so far. The runtime collects only while something is allocated, so without this a server would keep what its busiest
/// minute needed for as long as nobody publishes; and what streams leave behind is forgotten only minutes after them, so one collection is not enough.
/// </summary>
internal sealed class IdleHeap
{
    /// <summary>From one look to the next.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    /// <summary>Bytes allocated between two looks from which on the process is busy: less than one stream of 1 Mbit/s.</summary>
    public const long Busy = 4 << 20;

    /// <summary>Looks in an idle time that collect; after five minutes nothing is left to be forgotten.</summary>
    public const int MostCollections = 10;

    private long _allocated;
    private int _left;

    /// <summary>Looks once.</summary>
    /// <param name="allocated">Bytes allocated since the process began.</param>
    /// <returns>Whether to collect now.</returns>
    public bool Look(long allocated)
    {
        var isBusy = allocated - _allocated >= Busy;
        _allocated = allocated;
        _left = isBusy ? MostCollections : _left - 1;
        return !isBusy && _left >= 0;
    }
}
