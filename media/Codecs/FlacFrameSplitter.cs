namespace Broadcast.Media.Codecs;

/// <summary>
/// Splits consecutive FLAC frames. A frame does not contain its size. It ends where its checksum is correct and the next frame starts with
/// a valid header checksum (RFC 9639, 9.1 and 9.3).
/// </summary>
public static class FlacFrameSplitter
{
    private static readonly byte[] HeaderSums = Table8();
    private static readonly ushort[] FrameSums = Table16();

    /// <summary>Size of the first frame in bytes; the whole buffer when no other frame follows.</summary>
    /// <param name="frames">The frames.</param>
    public static int LengthOfFirst(ReadOnlySpan<byte> frames)
    {
        if (FlacStreamInfo.SamplesIn(frames) == 0)
        {
            return frames.Length;
        }

        // A frame has at least a 6-byte header, a 2-byte subframe and a 2-byte checksum. The blocking strategy is part of the sync code and
        // never changes.
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
                return at; // the CRC over a frame and its checksum is zero
            }
        }

        return frames.Length;
    }

    /// <summary>9.1.8. The byte after the header fields is their CRC.</summary>
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
