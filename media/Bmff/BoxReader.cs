using System.Buffers.Binary;

namespace Broadcast.Media.Bmff;

/// <summary>A box's header (ISO/IEC 14496-12, 4.2), however it gives its size.</summary>
/// <param name="Type">Its type.</param>
/// <param name="HeaderLength">Bytes of the header: 8, or 16 with a 64-bit size.</param>
/// <param name="Length">Bytes of the box, header included; 0 when it reaches to the end of its file.</param>
public readonly record struct BoxHeader(BoxType Type, int HeaderLength, long Length)
{
    /// <summary>Reads a header; <see langword="false"/> when there are not enough bytes for one yet.</summary>
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
            throw new InvalidBmffException($"Box '{type}' claims {length} bytes, which no box can have.");
        }

        header = new BoxHeader(type, headerLength, (long)length);
        return true;
    }
}

/// <summary>A box found in a buffer.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Offset">Where its header begins in what is read.</param>
/// <param name="HeaderLength">Bytes of its header.</param>
/// <param name="Length">Bytes of the box, header included.</param>
public readonly record struct Box(BoxType Type, int Offset, int HeaderLength, int Length)
{
    /// <summary>Where its content begins.</summary>
    public int BodyOffset => Offset + HeaderLength;

    /// <summary>Bytes of its content.</summary>
    public int BodyLength => Length - HeaderLength;
}

/// <summary>
/// Reads the boxes of one level, one after the other: of a file, or of a box's content. Pure; never reads outside of what it was given, and allocates nothing.
/// </summary>
/// <param name="bytes">A file, or the content of a box.</param>
public ref struct BoxReader(ReadOnlySpan<byte> bytes)
{
    /// <summary>Most boxes accepted on one level.</summary>
    public const int MaxBoxes = 4096;

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _position;
    private int _count;

    /// <summary>Reads the next box; <see langword="false"/> after the last.</summary>
    /// <exception cref="InvalidBmffException">The next box is cut off, larger than what it is in, or one too many.</exception>
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
            throw new InvalidBmffException($"There are over {MaxBoxes} boxes on one level.");
        }

        if (!BoxHeader.TryRead(rest, out var header))
        {
            throw new InvalidBmffException($"{rest.Length} bytes at {_position} are too few for a box.");
        }

        var length = header.Length == 0 ? rest.Length : header.Length;
        if (length > rest.Length)
        {
            throw new InvalidBmffException($"Box '{header.Type}' at {_position} claims {length} bytes where {rest.Length} are left.");
        }

        box = new Box(header.Type, _position, header.HeaderLength, (int)length);
        _position += (int)length;
        return true;
    }

    /// <summary>The content of a box that this reader returned.</summary>
    public readonly ReadOnlySpan<byte> Body(scoped in Box box) => _bytes.Slice(box.BodyOffset, box.BodyLength);

    /// <summary>Finds the content of the first box of a path.</summary>
    /// <param name="bytes">A file, or the content of a box.</param>
    /// <param name="path">Types joined by <c>/</c>, as in <c>"moov/trak/mdia"u8</c>, none of them with fields before their boxes.</param>
    /// <param name="body">The content of the last.</param>
    /// <exception cref="InvalidBmffException">A level on the way is broken.</exception>
    public static bool TryFind(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> path, out ReadOnlySpan<byte> body)
    {
        body = bytes;
        while (!path.IsEmpty)
        {
            var wanted = BoxType.Of(path[..4]);
            path = path.Length > 4 ? path[5..] : default;
            var reader = new BoxReader(body);
            var found = false;
            while (!found && reader.TryRead(out var box))
            {
                if (box.Type == wanted)
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

    /// <summary>Finds the content of the first box of a path, which has to be there.</summary>
    /// <exception cref="InvalidBmffException">It is not there, or a level on the way is broken.</exception>
    public static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> path) => TryFind(bytes, path, out var body)
        ? body
        : throw new InvalidBmffException($"There is no box {System.Text.Encoding.ASCII.GetString(path)}.");
}
