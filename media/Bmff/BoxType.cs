using System.Buffers.Binary;

namespace Broadcast.Media.Bmff;

/// <summary>A box type or a brand: four bytes, usually ASCII letters (ISO/IEC 14496-12, 4.2).</summary>
/// <param name="Value">The four bytes as a big-endian number.</param>
public readonly record struct BoxType(uint Value)
{
    /// <summary>Creates a type from four bytes, as in <c>BoxType.Of("moof"u8)</c>.</summary>
    /// <exception cref="ArgumentException">The code is not four bytes long.</exception>
    public static BoxType Of(ReadOnlySpan<byte> code) => code.Length == 4
        ? new(BinaryPrimitives.ReadUInt32BigEndian(code))
        : throw new ArgumentException("A box type has exactly four bytes.", nameof(code));

    /// <summary>The four characters. Bytes that are not printable ASCII are replaced by <c>?</c>, so that the text can be logged.</summary>
    public override string ToString() => string.Create(4, Value, static (text, value) =>
    {
        for (var i = 3; i >= 0; i--, value >>= 8)
        {
            text[i] = (value & 255) is >= 32 and < 127 ? (char)(value & 255) : '?';
        }
    });
}
