using System.Buffers.Binary;

namespace Broadcast.Media;

/// <summary>
/// Walks the length-prefixed NAL units of one access unit (ISO/IEC 14496-15, 4.3.3 and 5.3.2), because the lengths come from a stranger. Ends with
/// <see cref="IsSound"/> only when they add up to exactly the bytes there are.
/// </summary>
/// <param name="accessUnit">The bytes.</param>
/// <param name="lengthSize">Bytes of each length: 1, 2 or 4.</param>
public ref struct NalUnitReader(ReadOnlySpan<byte> accessUnit, int lengthSize)
{
    /// <summary>Most NAL units in an access unit: a picture of 8192 lines in slices of one row of macroblocks has 512.</summary>
    public const int MaxCount = 512;

    /// <summary>Most bytes of supplemental information in an access unit: captions and color take hundreds.</summary>
    public const int MaxSupplement = 64 * 1024;

    private ReadOnlySpan<byte> _rest = accessUnit;
    private int _count;
    private bool _broken;

    /// <summary>Whether there was at least one unit, and all of them are whole. Known when <see cref="TryRead"/> has returned <see langword="false"/>.</summary>
    public readonly bool IsSound => !_broken && _count > 0;

    /// <summary>Reads the next unit; <see langword="false"/> at the end, or where the bytes are broken.</summary>
    /// <param name="unit">The unit without its length; never empty.</param>
    public bool TryRead(out ReadOnlySpan<byte> unit)
    {
        unit = default;
        if (_rest.IsEmpty || _broken)
        {
            return false;
        }

        _broken = _rest.Length <= lengthSize || ++_count > MaxCount;
        if (_broken)
        {
            return false;
        }

        var length = lengthSize switch
        {
            4 => BinaryPrimitives.ReadUInt32BigEndian(_rest),
            2 => BinaryPrimitives.ReadUInt16BigEndian(_rest),
            _ => _rest[0],
        };
        var units = _rest[lengthSize..];
        _broken = length == 0 || length > units.Length;
        if (_broken)
        {
            return false;
        }

        unit = units[..(int)length];
        _rest = units[(int)length..];
        return true;
    }

    /// <summary>An access unit of H.264: a sync sample when it has a slice of an IDR picture (ITU-T H.264, table 7-1).</summary>
    internal static bool TryInspectAvc(ReadOnlySpan<byte> accessUnit, int lengthSize, out CodedFrame frame)
    {
        var units = new NalUnitReader(accessUnit, lengthSize);
        var (isSync, supplement) = (false, 0);
        while (units.TryRead(out var unit))
        {
            isSync |= (unit[0] & 31) == 5;
            supplement += (unit[0] & 31) == 6 ? unit.Length : 0;
        }

        frame = CodedFrame.OfPicture(isSync);
        return units.IsSound && supplement <= MaxSupplement;
    }

    /// <summary>
    /// An access unit of HEVC: a sync sample when its picture is an intra random access point (ITU-T H.265, table 7-1: types 16 to 21, BLA, IDR and CRA); RASL
    /// pictures (8 and 9) behind one need what stood before it.
    /// </summary>
    internal static bool TryInspectHevc(ReadOnlySpan<byte> accessUnit, int lengthSize, out CodedFrame frame)
    {
        var units = new NalUnitReader(accessUnit, lengthSize);
        var (isSync, isSkipped, isPicture) = (true, false, false);
        var (isWhole, supplement) = (true, 0);
        while (units.TryRead(out var unit))
        {
            // 7.3.1.2: a forbidden bit, the type, the layer (other views and resolutions say nothing of the base), the temporal id.
            if (unit.Length < 2 || unit[0] >= 0x80)
            {
                isWhole = false;
                continue;
            }

            var type = unit[0] >> 1;
            supplement += type is 39 or 40 ? unit.Length : 0;
            if (type < 32 && (unit[0] & 1) == 0 && unit[1] < 8)
            {
                isPicture = true;
                isSync &= type is >= 16 and <= 21;
                isSkipped |= type is 8 or 9;
            }
        }

        frame = CodedFrame.OfPicture(isSync && isPicture, isSkipped);
        return units.IsSound && isWhole && supplement <= MaxSupplement;
    }

    /// <summary>Takes the bytes out that keep start codes from appearing: 00 00 03 stands for 00 00 (ITU-T H.264, 7.4.1.1; H.265, 7.4.2.1).</summary>
    /// <param name="nalUnit">The unit.</param>
    /// <param name="target">At least as long.</param>
    /// <returns>Bytes of <paramref name="target"/> that are used.</returns>
    internal static int RemoveEmulationPrevention(ReadOnlySpan<byte> nalUnit, Span<byte> target)
    {
        var (length, zeros) = (0, 0);
        foreach (var value in nalUnit)
        {
            if (zeros >= 2 && value == 3)
            {
                zeros = 0;
                continue;
            }

            target[length++] = value;
            zeros = value == 0 ? zeros + 1 : 0;
        }

        return length;
    }
}
