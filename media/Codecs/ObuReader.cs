namespace Broadcast.Media.Codecs;

/// <summary>Types of open bitstream units (AV1, 6.2.2) that this server handles.</summary>
public enum ObuType
{
    /// <summary>OBU_SEQUENCE_HEADER.</summary>
    SequenceHeader = 1,

    /// <summary>OBU_TEMPORAL_DELIMITER; omitted in files.</summary>
    TemporalDelimiter = 2,

    /// <summary>OBU_FRAME_HEADER.</summary>
    FrameHeader = 3,

    /// <summary>OBU_FRAME: frame header and tiles in one unit.</summary>
    Frame = 6,
}

/// <summary>
/// Reads the open bitstream units of one temporal unit (AV1, 5.3). The sizes are untrusted input: <see cref="IsValid"/> is true only when
/// they add up to exactly the buffer size.
/// </summary>
/// <param name="temporalUnit">The temporal unit in low-overhead format; the last unit may omit its size.</param>
public ref struct ObuReader(ReadOnlySpan<byte> temporalUnit)
{
    /// <summary>Maximum number of units in a temporal unit; four layers of 64 tile groups with headers and metadata are fewer.</summary>
    public const int MaxCount = 512;

    private ReadOnlySpan<byte> _rest = temporalUnit;
    private int _count;
    private bool _broken;

    /// <summary>
    /// Indicates whether there was at least one unit, and all units are complete. Valid after <see cref="TryRead"/> has returned
    /// <see langword="false"/>.
    /// </summary>
    public readonly bool IsValid => !_broken && _count > 0;

    /// <summary>Reads the next unit; <see langword="false"/> at the end, or when the bytes are malformed.</summary>
    /// <param name="type">Type of the unit.</param>
    /// <param name="payload">Content of the unit after its header and size; may be empty.</param>
    public bool TryRead(out ObuType type, out ReadOnlySpan<byte> payload)
    {
        type = default;
        payload = default;
        if (_rest.IsEmpty || _broken)
        {
            return false;
        }

        // 5.3.2: forbidden bit, four bits of type, extension flag, size flag.
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

    /// <summary>Removes the leading temporal delimiter, which ISO BMFF excludes (AV1 in ISO BMFF, 2.4).</summary>
    public static ReadOnlyMemory<byte> WithoutDelimiter(ReadOnlyMemory<byte> temporalUnit)
    {
        var bytes = temporalUnit.Span;
        return bytes.Length > 2 && bytes[0] == 0x12 && bytes[1] == 0 ? temporalUnit[2..] : temporalUnit;
    }

    /// <summary>
    /// Inspects a temporal unit. It is a sync sample when it contains a sequence header and its first frame is a shown keyframe (AV1 in ISO
    /// BMFF, 2.4).
    /// </summary>
    internal static bool TryInspect(ReadOnlySpan<byte> temporalUnit, out FrameInfo frame)
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
                // 5.9.2: show_existing_frame, two bits of frame_type (0 is a keyframe), show_frame; absent in a reduced still image.
                isFirst = false;
                isSync = hasSequence && (isStill || (payload[0] & 0xF0) == 0x10);
            }
        }

        frame = FrameInfo.OfVideo(isSync);
        return units.IsValid && isWhole && !isFirst;
    }

    /// <summary>Finds the content of the first sequence header.</summary>
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

    /// <summary>leb128() (4.10.5): up to eight bytes of seven bits, lowest first.</summary>
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
