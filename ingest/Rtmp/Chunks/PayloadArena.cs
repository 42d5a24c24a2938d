namespace Broadcast.Ingest.Rtmp.Chunks;

/// <summary>
/// Allocates memory for a publisher's messages consecutively from large arrays. Frames stay in memory for seconds, until the spool releases
/// them. The collector would copy small arrays twice while promoting them, but never moves large ones. Arrays of one publisher become
/// garbage in the order in which they were filled. The first arrays are small and grow: a publication that ends after a few messages costs
/// no large array, and large arrays trigger full collections.
/// </summary>
/// <param name="collections">Collects the garbage of complete messages; by default shared by all publishers.</param>
internal sealed class PayloadArena(ArenaGcTrigger? collections = null)
{
    /// <summary>Size of the first array: the commands and codec configurations at the start of a publication.</summary>
    private const int FirstLength = 4 * 1024;

    /// <summary>Factor from one array to the next.</summary>
    private const int Growth = 8;

    /// <summary>
    /// Maximum size of an array: half a second at 4 Mbit/s. The collector does not move arrays above 85,000 bytes.
    /// </summary>
    private const int MaxLength = 256 * 1024;

    /// <summary>Maximum message size for shared arrays. Larger messages get their own array, which limits the unused remainder.</summary>
    private const int MaxShared = 64 * 1024;

    private readonly ArenaGcTrigger _collections = collections ?? ArenaGcTrigger.Shared;
    private Memory<byte> _free;
    private int _nextLength = FirstLength;

    /// <summary>Counts a complete message, which becomes garbage after some seconds.</summary>
    public void Count(int length) => _collections.Add(length);

    /// <summary>Allocates uninitialized memory for a message.</summary>
    /// <param name="length">Number of bytes, all of which are about to arrive.</param>
    public Memory<byte> Allocate(int length)
    {
        if (length > MaxShared)
        {
            return GC.AllocateUninitializedArray<byte>(length);
        }

        if (_free.Length < length)
        {
            while (_nextLength < length)
            {
                Grow();
            }

            _free = GC.AllocateUninitializedArray<byte>(_nextLength);
            Grow();
        }

        var result = _free[..length];
        _free = _free[length..];
        return result;
    }

    private void Grow() => _nextLength = Math.Min(_nextLength * Growth, MaxLength);
}
