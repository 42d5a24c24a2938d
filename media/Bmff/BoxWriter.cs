using System.Buffers.Binary;

namespace Broadcast.Media.Bmff;

/// <summary>
/// Writes ISO BMFF boxes (ISO/IEC 14496-12, 4.2), big-endian, into a growing, reusable buffer. A box is a scope; its size is written when
/// the scope ends.
/// <code>
/// using (writer.FullBox("mfhd"u8, version: 0, flags: 0))
/// {
///     writer.UInt32(sequenceNumber);
/// }
/// </code>
/// Not thread-safe.
/// </summary>
/// <param name="capacity">Initial buffer size in bytes.</param>
public sealed class BoxWriter(int capacity = 1024)
{
    private byte[] _buffer = new byte[Math.Max(capacity, 16)];

    /// <summary>Number of bytes written; the offset of the next byte.</summary>
    public int Position { get; private set; }

    /// <summary>The bytes written so far; valid until the next write.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, Position);

    /// <summary>Clears the writer and keeps its buffer.</summary>
    public void Clear() => Position = 0;

    /// <summary>Copies the written bytes.</summary>
    public byte[] ToArray() => Written.ToArray();

    /// <summary>Opens a box; it ends when the returned scope is disposed.</summary>
    public BoxScope Box(ReadOnlySpan<byte> type)
    {
        var start = Position;
        UInt32(0);
        UInt32(BoxType.Of(type).Value);
        return new BoxScope(this, start);
    }

    /// <summary>Opens a full box, which starts with a version and 24 bits of flags.</summary>
    public BoxScope FullBox(ReadOnlySpan<byte> type, byte version, uint flags)
    {
        var scope = Box(type);
        UInt8(version);
        UInt24(flags);
        return scope;
    }

    /// <summary>Writes one byte.</summary>
    public void UInt8(byte value) => Reserve(1)[0] = value;

    /// <summary>Writes 16 bits.</summary>
    public void UInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Reserve(2), value);

    /// <summary>Writes the low 24 bits.</summary>
    public void UInt24(uint value)
    {
        var target = Reserve(3);
        target[0] = (byte)(value >> 16);
        target[1] = (byte)(value >> 8);
        target[2] = (byte)value;
    }

    /// <summary>Writes 32 bits.</summary>
    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Reserve(4), value);

    /// <summary>Writes a signed 32-bit number.</summary>
    public void Int32(int value) => BinaryPrimitives.WriteInt32BigEndian(Reserve(4), value);

    /// <summary>Writes 64 bits.</summary>
    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Reserve(8), value);

    /// <summary>Writes bytes unchanged.</summary>
    public void Bytes(ReadOnlySpan<byte> value) => value.CopyTo(Reserve(value.Length));

    /// <summary>Writes zero bytes.</summary>
    public void Zeros(int count) => Reserve(count).Clear();

    /// <summary>Overwrites 32 bits that were written before, for values that are known only later.</summary>
    /// <param name="position">Offset of the bits to overwrite, taken from <see cref="Position"/>.</param>
    /// <param name="value">The new value.</param>
    public void PatchUInt32(int position, uint value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, Position - 4);
        BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(position), value);
    }

    /// <summary>Overwrites 64 bits that were written before.</summary>
    /// <param name="position">Offset of the bits to overwrite, taken from <see cref="Position"/>.</param>
    /// <param name="value">The new value.</param>
    public void PatchUInt64(int position, ulong value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, Position - 8);
        BinaryPrimitives.WriteUInt64BigEndian(_buffer.AsSpan(position), value);
    }

    /// <summary>Returns the written bytes without copying them, and continues with a new buffer.</summary>
    public ReadOnlyMemory<byte> Detach()
    {
        var written = _buffer.AsMemory(0, Position);
        (_buffer, Position) = (new byte[16], 0);
        return written;
    }

    private Span<byte> Reserve(int count)
    {
        if (_buffer.Length - Position < count)
        {
            Array.Resize(ref _buffer, Math.Max(checked(Position + count), (int)Math.Min((long)_buffer.Length * 2, Array.MaxLength)));
        }

        var reserved = _buffer.AsSpan(Position, count);
        Position += count;
        return reserved;
    }

    /// <summary>An open box.</summary>
    public readonly ref struct BoxScope
    {
        private readonly BoxWriter _writer;

        internal BoxScope(BoxWriter writer, int start) => (_writer, Start) = (writer, start);

        /// <summary>Offset of the first byte of the box.</summary>
        public int Start { get; }

        /// <summary>Ends the box and writes its size.</summary>
        public void Dispose() => _writer.PatchUInt32(Start, (uint)(_writer.Position - Start));
    }
}
