using System.Buffers.Binary;

namespace Broadcast.Media.Bmff;

/// <summary>A box header (ISO/IEC 14496-12, 4.2) with a 32-bit or 64-bit size.</summary>
/// <param name="Type">Box type.</param>
/// <param name="HeaderLength">Header size in bytes: 8, or 16 with a 64-bit size.</param>
/// <param name="Length">Box size in bytes, including the header; 0 when the box extends to the end of the file.</param>
public readonly record struct BoxHeader(BoxType Type, int HeaderLength, long Length)
{
    /// <summary>Reads a header; <see langword="false"/> when there are too few bytes.</summary>
    /// <exception cref="InvalidBmffException">The size is smaller than the header.</exception>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out BoxHeader header)
    {
        header = default;
        if (bytes.Length < 8)
        {
            return false;
        }

        var type = new BoxType(BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]));
        var (headerLength, length) = (8, (ulong)BinaryPrimitives.ReadUInt32BigEndian(bytes));
        if (length == 1)
        {
            if (bytes.Length < 16)
            {
                return false;
            }

            (headerLength, length) = (16, BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));
        }

        if ((length < (ulong)headerLength && (length != 0 || headerLength == 16)) || length > long.MaxValue)
        {
            throw new InvalidBmffException($"Box '{type}' has an invalid size of {length} bytes.");
        }

        header = new BoxHeader(type, headerLength, (long)length);
        return true;
    }
}

/// <summary>A box found in a buffer.</summary>
/// <param name="Type">Box type.</param>
/// <param name="Offset">Offset of the header in the buffer.</param>
/// <param name="HeaderLength">Header size in bytes.</param>
/// <param name="Length">Box size in bytes, including the header.</param>
public readonly record struct Box(BoxType Type, int Offset, int HeaderLength, int Length)
{
    /// <summary>Offset of the content in the buffer.</summary>
    public int BodyOffset => Offset + HeaderLength;

    /// <summary>Content size in bytes.</summary>
    public int BodyLength => Length - HeaderLength;
}

/// <summary>
/// Reads the boxes of one level in order: those of a file, or of a box. Pure and allocation-free; never reads outside the buffer.
/// </summary>
/// <param name="bytes">A file, or the content of a box.</param>
public ref struct BoxReader(ReadOnlySpan<byte> bytes)
{
    /// <summary>Maximum number of boxes on one level.</summary>
    public const int MaxBoxes = 4096;

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _position;
    private int _count;

    /// <summary>Reads the next box; <see langword="false"/> after the last one.</summary>
    /// <exception cref="InvalidBmffException">The next box is truncated, larger than its parent, or exceeds
    /// <see cref="MaxBoxes"/>.</exception>
    public bool TryRead(out Box box)
    {
        box = default;
        var rest = _bytes[_position..];
        if (rest.IsEmpty)
        {
            return false;
        }

        if (++_count > MaxBoxes)
        {
            throw new InvalidBmffException($"More than {MaxBoxes} boxes on one level.");
        }

        if (!BoxHeader.TryRead(rest, out var header))
        {
            throw new InvalidBmffException($"{rest.Length} bytes at {_position} are too few for a box.");
        }

        var length = header.Length == 0 ? rest.Length : header.Length;
        if (length > rest.Length)
        {
            throw new InvalidBmffException(
                $"Box '{header.Type}' at {_position} has a size of {length} bytes, but only {rest.Length} remain.");
        }

        box = new Box(header.Type, _position, header.HeaderLength, (int)length);
        _position += (int)length;
        return true;
    }

    /// <summary>The content of a box that this reader returned.</summary>
    public readonly ReadOnlySpan<byte> Body(scoped in Box box) => _bytes.Slice(box.BodyOffset, box.BodyLength);

    /// <summary>Finds the content of the first box on a path.</summary>
    /// <param name="bytes">A file, or the content of a box.</param>
    /// <param name="path">Types joined by <c>/</c>, as in <c>"moov/trak/mdia"u8</c>. No box on the path except the last may have fields
    /// before its child boxes.</param>
    /// <param name="body">Content of the last box on the path.</param>
    /// <exception cref="InvalidBmffException">A level on the path is malformed.</exception>
    public static bool TryFind(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> path, out ReadOnlySpan<byte> body)
    {
        body = bytes;
        while (!path.IsEmpty)
        {
            var type = BoxType.Of(path[..4]);
            path = path.Length > 4 ? path[5..] : default;
            var reader = new BoxReader(body);
            var found = false;
            while (!found && reader.TryRead(out var box))
            {
                if (box.Type == type)
                {
                    body = reader.Body(box);
                    found = true;
                }
            }

            if (!found)
            {
                body = default;
                return false;
            }
        }

        return true;
    }

    /// <summary>Finds the content of the first box on a path, which must exist.</summary>
    /// <exception cref="InvalidBmffException">The box is missing, or a level on the path is malformed.</exception>
    public static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> path) => TryFind(bytes, path, out var body)
        ? body
        : throw new InvalidBmffException($"Box {System.Text.Encoding.ASCII.GetString(path)} is missing.");
}
