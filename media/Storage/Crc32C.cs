using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Broadcast.Media.Storage;

/// <summary>
/// CRC-32C (Castagnoli; RFC 3720, 12.1), computed by the processor's own instruction where available, at some GB/s. The checksum of no
/// bytes is 0.
/// </summary>
public static class Crc32C
{
    /// <summary>Continues a checksum with more bytes.</summary>
    public static uint Append(uint sum, ReadOnlySpan<byte> bytes)
    {
        var crc = ~sum;
        foreach (var eight in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            crc = BitOperations.Crc32C(crc, BitConverter.IsLittleEndian ? eight : BinaryPrimitives.ReverseEndianness(eight));
        }

        foreach (var one in bytes[(bytes.Length & ~7)..])
        {
            crc = BitOperations.Crc32C(crc, one);
        }

        return ~crc;
    }

    /// <summary>Formats a checksum as eight hexadecimal digits.</summary>
    public static string Format(uint sum) => sum.ToString("x8", CultureInfo.InvariantCulture);

    /// <summary>Parses a text written by <see cref="Format"/>; <see langword="null"/> when it is invalid.</summary>
    public static uint? Parse(string? text) =>
        text is { Length: 8 } && uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var sum)
        ? sum : null;
}
