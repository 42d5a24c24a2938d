using System.Buffers.Binary;

namespace Broadcast.Media.Codecs;

/// <summary>
/// Reads the length-prefixed NAL units of one access unit (ISO/IEC 14496-15, 4.3.3 and 5.3.2). The lengths are untrusted input:
/// <see cref="IsValid"/> is true only when they add up to exactly the buffer size.
/// </summary>
/// <param name="accessUnit">The access unit.</param>
/// <param name="lengthSize">Size of each length in bytes: 1, 2 or 4.</param>
public ref struct NalUnitReader(ReadOnlySpan<byte> accessUnit, int lengthSize)
{
    /// <summary>Maximum number of NAL units in an access unit: a frame of 8192 lines with one slice per macroblock row has 512.</summary>
    public const int MaxCount = 512;

    /// <summary>Maximum size of SEI messages in an access unit, in bytes; captions and color metadata take hundreds.</summary>
    public const int MaxSupplement = 64 * 1024;

    private ReadOnlySpan<byte> _rest = accessUnit;
    private int _count;
    private bool _broken;

    /// <summary>
    /// Indicates whether there was at least one unit, and all units are complete. Valid after <see cref="TryRead"/> has returned
    /// <see langword="false"/>.
    /// </summary>
    public readonly bool IsValid => !_broken && _count > 0;

    /// <summary>Reads the next unit; <see langword="false"/> at the end, or when the bytes are malformed.</summary>
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

    /// <summary>
    /// Inspects an H.264 access unit. It is a sync sample when it contains a slice of an IDR picture (ITU-T H.264, table 7-1).
    /// </summary>
    internal static bool TryInspectAvc(ReadOnlySpan<byte> accessUnit, int lengthSize, out FrameInfo frame)
    {
        var units = new NalUnitReader(accessUnit, lengthSize);
        var (isSync, supplement) = (false, 0);
        var sets = default(ParameterSetLimit);
        while (units.TryRead(out var unit))
        {
            var type = unit[0] & 31;
            isSync |= type == 5;
            supplement += type == 6 ? unit.Length : 0;
            sets.Count(type is 7 or 8, unit);
        }

        frame = FrameInfo.OfVideo(isSync);
        return units.IsValid && supplement <= MaxSupplement && !sets.IsExceeded;
    }

    /// <summary>
    /// Inspects an HEVC access unit. It is a sync sample when it is an intra random access point (ITU-T H.265, table 7-1, types 16 to 21:
    /// BLA, IDR and CRA). RASL pictures (types 8 and 9) after it reference earlier frames.
    /// </summary>
    internal static bool TryInspectHevc(ReadOnlySpan<byte> accessUnit, int lengthSize, out FrameInfo frame)
    {
        var units = new NalUnitReader(accessUnit, lengthSize);
        var (isSync, isSkipped, hasSlice) = (true, false, false);
        var (isWhole, supplement) = (true, 0);
        var sets = default(ParameterSetLimit);
        while (units.TryRead(out var unit))
        {
            // 7.3.1.2: forbidden bit, type, layer id, temporal id. Layers other than the base layer (views, resolutions) are ignored.
            if (unit.Length < 2 || unit[0] >= 0x80)
            {
                isWhole = false;
                continue;
            }

            var type = unit[0] >> 1;
            supplement += type is 39 or 40 ? unit.Length : 0;
            sets.Count(type is >= 32 and <= 34, unit);
            if (type < 32 && (unit[0] & 1) == 0 && unit[1] < 8)
            {
                hasSlice = true;
                isSync &= type is >= 16 and <= 21;
                isSkipped |= type is 8 or 9;
            }
        }

        frame = FrameInfo.OfVideo(isSync && hasSlice, isSkipped);
        return units.IsValid && isWhole && supplement <= MaxSupplement && !sets.IsExceeded;
    }

    /// <summary>Number and length of the parameter sets in an access unit.</summary>
    private struct ParameterSetLimit
    {
        private int _count;
        private bool _isTooLong;

        public readonly bool IsExceeded => _isTooLong || _count > ParameterSets.MaxPerAccessUnit;

        public void Count(bool isSet, ReadOnlySpan<byte> unit)
        {
            _count += isSet ? 1 : 0;
            _isTooLong |= isSet && unit.Length > ParameterSets.MaxLength;
        }
    }

    /// <summary>Removes emulation prevention bytes: 00 00 03 becomes 00 00 (ITU-T H.264, 7.4.1.1; H.265, 7.4.2.1).</summary>
    /// <param name="nalUnit">The NAL unit.</param>
    /// <param name="target">Destination, at least as long as the unit.</param>
    /// <returns>Number of bytes written to <paramref name="target"/>.</returns>
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
