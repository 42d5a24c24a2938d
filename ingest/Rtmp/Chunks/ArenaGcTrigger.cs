namespace Broadcast.Ingest.Rtmp.Chunks;

/// <summary>
/// Triggers garbage collections after a number of bytes of complete messages. The collector's own budget is a multiple of the live data:
/// with 100 MB of live media, several times as much dead media would remain. Media contains no references, so a collection has little to
/// do; its pause times were not measured. Messages that a peer begins and aborts do not count, and collections have a minimum interval, so
/// no peer can stop the server with collections.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="countCollections">Returns the number of collections so far, forced or not.</param>
/// <param name="collect">Collects all generations.</param>
internal sealed class ArenaGcTrigger(TimeProvider time, Func<int> countCollections, Action collect)
{
    /// <summary>Bytes received between collections: 1.3 s of 50 publishers at 4 Mbit/s.</summary>
    internal const long Threshold = 32L << 20;

    /// <summary>
    /// Minimum time between collections. The dead media of 50 publishers at 4 Mbit/s then has at most 40 MB. Collections cost less than the
    /// fresh pages that media would otherwise fill.
    /// </summary>
    internal static readonly TimeSpan MinInterval = TimeSpan.FromSeconds(1.5);

    private long _received;
    private long _collectedAt = time.GetTimestamp() - (long)(MinInterval.TotalSeconds * time.TimestampFrequency);
    private int _collections;

    /// <summary>Instance for the messages of all publishers.</summary>
    public static ArenaGcTrigger Shared { get; } = new(TimeProvider.System, static () => GC.CollectionCount(2),
        static () => GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: false));

    /// <summary>Counts bytes of a complete message, and collects at the limit.</summary>
    public void Add(int bytes)
    {
        var received = Interlocked.Add(ref _received, bytes);
        if (received < Threshold || time.GetElapsedTime(Volatile.Read(ref _collectedAt)) < MinInterval
            || Interlocked.CompareExchange(ref _received, 0, received) != received)
        {
            return;
        }

        // Skip if the collector ran meanwhile.
        var collections = countCollections();
        if (Interlocked.Exchange(ref _collections, collections) == collections)
        {
            Volatile.Write(ref _collectedAt, time.GetTimestamp());
            collect();
            Interlocked.Increment(ref _collections);
        }
    }
}
