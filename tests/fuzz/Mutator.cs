using System.Buffers.Binary;

namespace Broadcast.Fuzz.Tests;

/// <summary>Mutates inputs.</summary>
/// <param name="random">Source of randomness; the same seed yields the same inputs.</param>
internal sealed class Mutator(Random random)
{
    private static readonly long[] Numbers =
    [
        0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 31, 32, 63, 64, 100, 127, 128, 129, 255, 256, 257, 319, 320, 512, 513, 1000, 1023, 1024, 4095,
        4096, 8191, 8192,
        16_383, 16_384, 32_767, 32_768, 65_535, 65_536, 65_599, 65_600, 0x7FFFFF, 0x800000, 0xFFFFFE, 0xFFFFFF, 0x1000000, int.MaxValue,
        0x80000000, 0xFFFFFFFE, 0xFFFFFFFF,
    ];

    /// <summary>Returns a mutated copy.</summary>
    /// <param name="from">The input to mutate.</param>
    /// <param name="other">The input to take pieces from.</param>
    /// <param name="target">Provides the elements and the maximum length.</param>
    public byte[] Mutate(byte[] from, byte[] other, FuzzTarget target)
    {
        var bytes = new List<byte>(from);
        var changes = 1 << random.Next(5);
        for (var i = 0; i < changes; i++)
        {
            Change(bytes, other, target);
        }

        if (bytes.Count > target.MaxLength)
        {
            bytes.RemoveRange(target.MaxLength, bytes.Count - target.MaxLength);
        }

        return [.. bytes];
    }

    private void Change(List<byte> bytes, byte[] other, FuzzTarget target)
    {
        var at = random.Next(bytes.Count + 1);
        switch (random.Next(bytes.Count == 0 ? 4 : 12))
        {
            case 0:
                Insert(bytes, at, RandomBytes(random.Next(1, 17)));
                break;
            case 1 when target.Words.Count > 0:
                Insert(bytes, at, target.Words[random.Next(target.Words.Count)]);
                break;
            case 2:
                Insert(bytes, at, Piece(other));
                break;
            case 3:
                Insert(bytes, at, Number());
                break;
            case 4 or 5:
                bytes[random.Next(bytes.Count)] ^= (byte)(1 << random.Next(8));
                break;
            case 6:
                bytes[random.Next(bytes.Count)] = (byte)random.Next(256);
                break;
            case 7:
                Overwrite(bytes, at, Number());
                break;
            case 8:
                var length = Math.Min(bytes.Count - Math.Min(at, bytes.Count - 1), 1 << random.Next(10));
                bytes.RemoveRange(Math.Min(at, bytes.Count - 1), length);
                break;
            case 9:
                Insert(bytes, at, Piece([.. bytes]));
                break;
            case 10:
                Overwrite(bytes, at, LengthOfRest(bytes.Count - at));
                break;
            default:
                Overwrite(bytes, at, target.Words.Count > 0 && random.Next(2) == 0 ? target.Words[random.Next(target.Words.Count)]
                    : Piece(other));
                break;
        }
    }

    /// <summary>Writes a length field that is correct or slightly wrong.</summary>
    private byte[] LengthOfRest(int rest)
    {
        var size = random.Next(1, 5);
        return BigEndian(rest - size + random.Next(-2, 3), size);
    }

    private byte[] Number()
    {
        var bytes = BigEndian(Numbers[random.Next(Numbers.Length)] + random.Next(-1, 2), random.Next(1, 5));
        if (random.Next(4) == 0)
        {
            Array.Reverse(bytes);
        }

        return bytes;
    }

    private static byte[] BigEndian(long value, int size)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes[(8 - size)..];
    }

    private byte[] Piece(byte[] from)
    {
        if (from.Length == 0)
        {
            return [];
        }

        var start = random.Next(from.Length);
        return from[start..Math.Min(from.Length, start + random.Next(1, 1 << random.Next(2, 11)))];
    }

    private byte[] RandomBytes(int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static void Insert(List<byte> bytes, int at, byte[] piece) => bytes.InsertRange(at, piece);

    private static void Overwrite(List<byte> bytes, int at, byte[] piece)
    {
        for (var i = 0; i < piece.Length && at + i < bytes.Count; i++)
        {
            bytes[at + i] = piece[i];
        }
    }
}
