using System.Buffers.Binary;

namespace Broadcast.Media.Bmff;

/// <summary>Reads the fields of a box, big-endian. Reading past the end throws <see cref="InvalidBmffException"/>.</summary>
/// <param name="bytes">The content of the box.</param>
/// <param name="boxName">Type of the box, for error messages.</param>
public ref struct BoxFields(ReadOnlySpan<byte> bytes, string boxName)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private readonly string _boxName = boxName;
    private int _position;

    /// <summary>The unread bytes.</summary>
    public readonly ReadOnlySpan<byte> Rest => _bytes[_position..];

    /// <summary>Reads the version and flags of a full box.</summary>
    public (byte Version, uint Flags) FullBox()
    {
        var head = UInt32();
        return ((byte)(head >> 24), head & 0xFF_FFFF);
    }

    /// <summary>Reads one byte.</summary>
    public byte UInt8() => Bytes(1)[0];

    /// <summary>Reads 16 bits.</summary>
    public ushort UInt16() => BinaryPrimitives.ReadUInt16BigEndian(Bytes(2));

    /// <summary>Reads 32 bits.</summary>
    public uint UInt32() => BinaryPrimitives.ReadUInt32BigEndian(Bytes(4));

    /// <summary>Reads a signed 32-bit number.</summary>
    public int Int32() => BinaryPrimitives.ReadInt32BigEndian(Bytes(4));

    /// <summary>Reads 64 bits.</summary>
    public ulong UInt64() => BinaryPrimitives.ReadUInt64BigEndian(Bytes(8));

    /// <summary>Skips bytes.</summary>
    public void Skip(int count) => Bytes(count);

    /// <summary>Reads bytes.</summary>
    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (count < 0 || count > _bytes.Length - _position)
        {
            throw new InvalidBmffException(
                $"Box '{_boxName}' is truncated: {count} bytes expected at offset {_position} of {_bytes.Length}.");
        }

        var read = _bytes.Slice(_position, count);
        _position += count;
        return read;
    }
}
