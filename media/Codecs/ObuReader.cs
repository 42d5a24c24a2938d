namespace Broadcast.Media;

/// <summary>What an open bitstream unit is (AV1, 6.2.2), as far as it matters here.</summary>
public enum ObuType
{
    /// <summary>OBU_SEQUENCE_HEADER.</summary>
    SequenceHeader = 1,

    /// <summary>OBU_TEMPORAL_DELIMITER, which files leave out.</summary>
    TemporalDelimiter = 2,

    /// <summary>OBU_FRAME_HEADER.</summary>
    FrameHeader = 3,

    /// <summary>OBU_FRAME: header and tiles in one.</summary>
    Frame = 6,
}

/// <summary>
/// Walks the open bitstream units of one temporal unit (AV1, 5.3), because their sizes come from a stranger. Ends with <see cref="IsSound"/> only when they add up
/// to exactly the bytes there are.
/// </summary>
/// <param name="temporalUnit">The bytes, in the low-overhead format; the last unit may go without a size.</param>
public ref struct ObuReader(ReadOnlySpan<byte> temporalUnit)
{
    /// <summary>Most units in a temporal unit: four layers of 64 tile groups with headers and metadata are fewer.</summary>
    public const int MaxCount = 512;

    private ReadOnlySpan<byte> _rest = temporalUnit;
    private int _count;
    private bool _broken;

    /// <summary>Whether there was at least one unit, and all of them are whole. Known when <see cref="TryRead"/> has returned <see langword="false"/>.</summary>
    public readonly bool IsSound => !_broken && _count > 0;

    /// <summary>Reads the next unit; <see langword="false"/> at the end, or where the bytes are broken.</summary>
    /// <param name="type">What it is.</param>
    /// <param name="payload">What stands behind its header and size; may be empty.</param>
    public bool TryRead(out ObuType type, out ReadOnlySpan<byte> payload)
    {
        type = default;
        payload = default;
        if (_rest.IsEmpty || _broken)
        {
            return false;
        }

        // 5.3.2: a forbidden bit, four of type, whether an extension byte and a size follow.
        var head = _rest[0];
        var position = (head & 4) != 0 ? 2 : 1;
        _broken = head >= 0x80 || _rest.Length < position || ++_count > MaxCount;
        if (_broken)
        {
            return false;
        }

        var size = (ulong)(_rest.Length - position);
        if ((head & 2) != 0)
        {
            _broken = !TryReadSize(_rest, ref position, out size) || size > (ulong)(_rest.Length - position);
            if (_broken)
            {
                return false;
            }
        }

        type = (ObuType)((head >> 3) & 15);
        payload = _rest.Slice(position, (int)size);
        _rest = _rest[(position + (int)size)..];
        return true;
    }

    /// <summary>A temporal unit without the delimiter that it may begin with: ISO BMFF wants it left out (AV1 in ISO BMFF, 2.4).</summary>
    public static ReadOnlyMemory<byte> WithoutDelimiter(ReadOnlyMemory<byte> temporalUnit)
    {
        var bytes = temporalUnit.Span;
        return bytes.Length > 2 && bytes[0] == 0x12 && bytes[1] == 0 ? temporalUnit[2..] : temporalUnit;
    }

    /// <summary>
    /// A temporal unit: a sync sample when it brings a sequence header and its first frame is a key frame that is shown (AV1 in ISO BMFF, 2.4).
    /// </summary>
    internal static bool TryInspect(ReadOnlySpan<byte> temporalUnit, out CodedFrame frame)
    {
        var units = new ObuReader(temporalUnit);
        var (hasSequence, isStill, isFirst, isSync, isWhole) = (false, false, true, false, true);
        while (units.TryRead(out var type, out var payload))
        {
            if (type is not (ObuType.SequenceHeader or ObuType.FrameHeader or ObuType.Frame))
            {
                continue;
            }

            if (payload.IsEmpty)
            {
                isWhole = false;
            }
            else if (type == ObuType.SequenceHeader)
            {
                // 5.5.1: three bits of profile, still_picture, reduced_still_picture_header.
                (hasSequence, isStill) = (true, (payload[0] & 0x08) != 0);
            }
            else if (isFirst)
            {
                // 5.9.2: show_existing_frame, two bits of type (0 is a key frame), show_frame; a still picture has none of them.
                isFirst = false;
                isSync = hasSequence && (isStill || (payload[0] & 0xF0) == 0x10);
            }
        }

        frame = CodedFrame.OfPicture(isSync);
        return units.IsSound && isWhole && !isFirst;
    }

    /// <summary>The content of the first sequence header.</summary>
    internal static bool TryFindSequence(ReadOnlySpan<byte> units, out ReadOnlySpan<byte> sequence)
    {
        var reader = new ObuReader(units);
        while (reader.TryRead(out var type, out sequence))
        {
            if (type == ObuType.SequenceHeader)
            {
                return true;
            }
        }

        sequence = default;
        return false;
    }

    /// <summary>leb128() (4.10.5): up to eight bytes of seven bits, the lowest first.</summary>
    private static bool TryReadSize(ReadOnlySpan<byte> bytes, ref int position, out ulong size)
    {
        size = 0;
        for (var i = 0; i < 8 && position < bytes.Length; i++)
        {
            var next = bytes[position++];
            size |= (ulong)(next & 0x7F) << (7 * i);
            if (next < 0x80)
            {
                return true;
            }
        }

        return false;
    }
}
