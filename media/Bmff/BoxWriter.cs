using System.Buffers.Binary;

namespace Broadcast.Media.Bmff;

/// <summary>
/// Writes ISO BMFF boxes (ISO/IEC 14496-12, 4.2), big-endian, into a buffer that grows and can be used again. A box is a scope: its size is put in when the scope ends.
/// <code>
/// using (writer.FullBox("mfhd"u8, version: 0, flags: 0))
/// {
///     writer.UInt32(sequenceNumber);
/// }
/// </code>
/// Not thread-safe.
/// </summary>
/// <param name="capacity">Bytes to begin with; more are taken when needed.</param>
public sealed class BoxWriter(int capacity = 1024)
{
    private byte[] _buffer = new byte[Math.Max(capacity, 16)];

    /// <summary>Bytes written so far, which is also where the next one goes.</summary>
    public int Position { get; private set; }

    /// <summary>What has been written; valid until the next write.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, Position);

    /// <summary>Begins again, in the same buffer.</summary>
    public void Clear() => Position = 0;

    /// <summary>A copy of what has been written, of exactly its size.</summary>
    public byte[] ToArray() => Written.ToArray();

    /// <summary>Opens a box; it ends where the returned scope is disposed of.</summary>
    public BoxScope Box(ReadOnlySpan<byte> type)
    {
        var start = Position;
        UInt32(0);
        UInt32(BoxType.Of(type).Value);
        return new BoxScope(this, start);
    }

    /// <summary>Opens a box that begins with a version and 24 bits of flags.</summary>
    public BoxScope FullBox(ReadOnlySpan<byte> type, byte version, uint flags)
    {
        var scope = Box(type);
        UInt8(version);
        UInt24(flags);
        return scope;
    }

    /// <summary>Writes one byte.</summary>
    public void UInt8(byte value) => Take(1)[0] = value;

    /// <summary>Writes 16 bits.</summary>
    public void UInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Take(2), value);

    /// <summary>Writes the low 24 bits.</summary>
    public void UInt24(uint value)
    {
        var target = Take(3);
        target[0] = (byte)(value >> 16);
        target[1] = (byte)(value >> 8);
        target[2] = (byte)value;
    }

    /// <summary>Writes 32 bits.</summary>
    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(4), value);

    /// <summary>Writes 32 bits, signed.</summary>
    public void Int32(int value) => BinaryPrimitives.WriteInt32BigEndian(Take(4), value);

    /// <summary>Writes 64 bits.</summary>
    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Take(8), value);

    /// <summary>Writes bytes as they are.</summary>
    public void Bytes(ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

    /// <summary>Writes bytes of zero.</summary>
    public void Zeros(int count) => Take(count).Clear();

    /// <summary>Puts a value where 32 bits were written before, for what is known only later.</summary>
    /// <param name="position">Where they were written, from <see cref="Position"/>.</param>
    /// <param name="value">What they are.</param>
    public void PatchUInt32(int position, uint value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, Position - 4);
        BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(position), value);
    }

    /// <summary>The same with 64 bits.</summary>
    /// <param name="position">Where they were written, from <see cref="Position"/>.</param>
    /// <param name="value">What they are.</param>
    public void PatchUInt64(int position, ulong value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, Position - 8);
        BinaryPrimitives.WriteUInt64BigEndian(_buffer.AsSpan(position), value);
    }

    /// <summary>Hands out what has been written, without copying it, and begins again in another buffer.</summary>
    public ReadOnlyMemory<byte> Detach()
    {
        var written = _buffer.AsMemory(0, Position);
        (_buffer, Position) = (new byte[16], 0);
        return written;
    }

    private Span<byte> Take(int count)
    {
        if (_buffer.Length - Position < count)
        {
            Array.Resize(ref _buffer, Math.Max(checked(Position + count), (int)Math.Min((long)_buffer.Length * 2, Array.MaxLength)));
        }

        var taken = _buffer.AsSpan(Position, count);
        Position += count;
        return taken;
    }

    /// <summary>A box that is being written.</summary>
    public readonly ref struct BoxScope
    {
        private readonly BoxWriter _writer;

        internal BoxScope(BoxWriter writer, int start) => (_writer, Start) = (writer, start);

        /// <summary>Where its first byte is.</summary>
        public int Start { get; }

        /// <summary>Ends the box and puts its size in.</summary>
        public void Dispose() => _writer.PatchUInt32(Start, (uint)(_writer.Position - Start));
    }
}
