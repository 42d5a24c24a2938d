namespace Broadcast.Ingest.Rtmp.Chunks;

/// <summary>
/// Triggers garbage collections after a number of bytes allocated for large arrays. The collector's own budget is a multiple of the live
/// data: with 100 MB of live media, several times as much dead media would remain. Media contains no references, so a collection has little
/// to do; its pause times were not measured.
/// </summary>
internal static class ArenaGcTrigger
{
    /// <summary>Bytes allocated between collections: 1.3 s of 50 publishers at 4 Mbit/s.</summary>
    internal const long Threshold = 32L << 20;

    private static long _allocated;
    private static int _collections;

    /// <summary>Counts bytes of a new array since the last collection of generation 2, and collects at the limit.</summary>
    public static void Add(int bytes)
    {
        var allocated = Interlocked.Add(ref _allocated, bytes);
        if (allocated < Threshold || Interlocked.CompareExchange(ref _allocated, 0, allocated) != allocated)
        {
            return;
        }

        // Skip if the collector ran meanwhile.
        var collections = GC.CollectionCount(2);
        if (Interlocked.Exchange(ref _collections, collections) == collections)
        {
            GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: false);
            Interlocked.Increment(ref _collections);
        }
    }
}
