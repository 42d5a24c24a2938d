namespace Broadcast.Ingest.Rtmp.Chunks;

/// <summary>
/// Room for a publisher's messages, cut one after the other out of large arrays. Frames live for seconds, until the spool forgets them: as arrays of their own the collector would
/// copy each of them twice on the way to old age. Large arrays it never copies, and those of one publisher fall out of use in the order in which they were filled.
/// </summary>
internal sealed class PayloadArena
{
    /// <summary>Bytes of one array: half a second of 4 Mbit/s. Above 85,000 the collector does not move them.</summary>
    private const int ArrayLength = 256 * 1024;

    /// <summary>Longer messages get an array of their own, so that little is left over at an array's end.</summary>
    private const int Longest = 64 * 1024;

    private Memory<byte> _room;

    /// <summary>Room for a message, with whatever was in it.</summary>
    /// <param name="length">Bytes, all of which are about to come.</param>
    public Memory<byte> Take(int length)
    {
        if (length > Longest)
        {
            ArenaPressure.Add(length);
            return GC.AllocateUninitializedArray<byte>(length);
        }

        if (_room.Length < length)
        {
            ArenaPressure.Add(ArrayLength);
            _room = GC.AllocateUninitializedArray<byte>(ArrayLength);
        }

        var taken = _room[..length];
        _room = _room[length..];
        return taken;
    }
}
