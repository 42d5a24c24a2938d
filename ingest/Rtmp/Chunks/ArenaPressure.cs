namespace Broadcast.Ingest.Rtmp.Chunks;

/// <summary>
/// Asks for a collection when much has been taken for large arrays since the last one. The collector's own measure is a multiple of what is alive, so a server that holds 100 MB of young media would let several times
/// as much of old media lie about. Media has no references to follow, so that a collection has little to do; how long it keeps threads waiting was not measured.
/// </summary>
internal static class ArenaPressure
{
    /// <summary>Bytes taken between collections: 1.3 s of 100 publishers at 4 Mbit/s.</summary>
    internal const long Most = 64L << 20;

    private static long _taken;
    private static int _collections;

    /// <summary>Bytes taken for an array since the last collection that looked at large arrays.</summary>
    public static void Add(int bytes)
    {
        var taken = Interlocked.Add(ref _taken, bytes);
        if (taken < Most || Interlocked.CompareExchange(ref _taken, 0, taken) != taken)
        {
            return;
        }

        // The collector may have been faster.
        var collections = GC.CollectionCount(2);
        if (Interlocked.Exchange(ref _collections, collections) == collections)
        {
            GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: false);
            Interlocked.Increment(ref _collections);
        }
    }
}
