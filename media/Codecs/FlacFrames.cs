namespace Broadcast.Media;

/// <summary>
/// Takes apart FLAC frames that stand behind one another. A frame does not say how long it is: it ends where its checksum is right and another's header with a right checksum of
/// its own begins (RFC 9639, 9.1 and 9.3).
/// </summary>
public static class FlacFrames
{
    private static readonly byte[] HeaderSums = Table8();
    private static readonly ushort[] FrameSums = Table16();

    /// <summary>Bytes of the first frame; all of them where no other frame begins behind it.</summary>
    /// <param name="frames">Begins with a frame.</param>
    public static int LengthOfFirst(ReadOnlySpan<byte> frames)
    {
        if (FlacStreamInfo.SamplesIn(frames) == 0)
        {
            return frames.Length;
        }

        // The least a frame has is a header of 6 bytes, a subframe of 2 and a checksum of 2. Whether blocks vary in size is said in the sync code, which does not change.
        ushort sum = 0;
        var summed = 0;
        for (var at = 10; at < frames.Length; at++)
        {
            var next = frames[at..].IndexOf(frames[..2]);
            if (next < 0)
            {
                break;
            }

            at += next;
            if (!HasHeader(frames[at..]))
            {
                continue;
            }

            foreach (var value in frames[summed..at])
            {
                sum = (ushort)((sum << 8) ^ FrameSums[(sum >> 8) ^ value]);
            }

            summed = at;
            if (sum == 0)
            {
                return at; // the sum over a frame and its checksum is zero
            }
        }

        return frames.Length;
    }

    /// <summary>9.1.8: the byte behind what the header says is the sum over all before it.</summary>
    private static bool HasHeader(ReadOnlySpan<byte> frame)
    {
        var length = FlacStreamInfo.HeaderLength(frame);
        if (length == 0)
        {
            return false;
        }

        byte sum = 0;
        foreach (var value in frame[..length])
        {
            sum = HeaderSums[sum ^ value];
        }

        return sum == 0;
    }

    private static byte[] Table8()
    {
        var table = new byte[256];
        for (var i = 0; i < 256; i++)
        {
            var sum = i;
            for (var bit = 0; bit < 8; bit++)
            {
                sum = (sum & 0x80) != 0 ? (sum << 1) ^ 0x07 : sum << 1;
            }

            table[i] = (byte)sum;
        }

        return table;
    }

    private static ushort[] Table16()
    {
        var table = new ushort[256];
        for (var i = 0; i < 256; i++)
        {
            var sum = i << 8;
            for (var bit = 0; bit < 8; bit++)
            {
                sum = (sum & 0x8000) != 0 ? (sum << 1) ^ 0x8005 : sum << 1;
            }

            table[i] = (ushort)sum;
        }

        return table;
    }
}
