using System.Buffers.Binary;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>Walks the length-prefixed NAL units of one access unit (ISO/IEC 14496-15, 5.3.2), because the lengths come from a stranger.</summary>
internal static class NalUnits
{
    /// <summary>Most NAL units in an access unit: a picture of 8192 lines in slices of one row of macroblocks has 512.</summary>
    public const int MaxCount = 512;

    private const int IdrSlice = 5;

    /// <summary>Whether the lengths add up to exactly the bytes there are.</summary>
    /// <param name="accessUnit">The bytes.</param>
    /// <param name="lengthSize">Bytes of each length: 1, 2 or 4.</param>
    /// <param name="isSync">Whether there is a slice of an IDR picture (ITU-T H.264, table 7-1).</param>
    public static bool TryWalk(ReadOnlySpan<byte> accessUnit, int lengthSize, out bool isSync)
    {
        isSync = false;
        var count = 0;
        while (!accessUnit.IsEmpty)
        {
            if (accessUnit.Length <= lengthSize || ++count > MaxCount)
            {
                return false;
            }

            var length = lengthSize switch
            {
                4 => BinaryPrimitives.ReadUInt32BigEndian(accessUnit),
                2 => BinaryPrimitives.ReadUInt16BigEndian(accessUnit),
                _ => accessUnit[0],
            };
            accessUnit = accessUnit[lengthSize..];
            if (length == 0 || length > accessUnit.Length)
            {
                return false;
            }

            isSync |= (accessUnit[0] & 31) == IdrSlice;
            accessUnit = accessUnit[(int)length..];
        }

        return count > 0;
    }
}
