namespace Broadcast.Testing;

/// <summary>Captions by hand: CEA-608 in user data of pictures, as ATSC A/53 part 4 has it.</summary>
public static class Captioning
{
    /// <summary>Nothing to show: what fills a channel.</summary>
    public static readonly (byte First, byte Second) Filler = (0x80, 0x80);

    /// <summary>Pairs of bytes, one for each picture, that show a line of text at the bottom (roll-up of two rows) and let it roll on: its letters are among those that ASCII has, too.</summary>
    public static IReadOnlyList<(byte First, byte Second)> Line(string text)
    {
        List<(int, int)> pairs = [(0x14, 0x25), (0x14, 0x2d), (0x14, 0x70)];
        for (var i = 0; i < text.Length; i += 2)
        {
            pairs.Add((text[i], i + 1 < text.Length ? text[i + 1] : 0));
        }

        pairs.Add((0x14, 0x2d));
        return [.. pairs.Select(pair => (Odd(pair.Item1), Odd(pair.Item2)))];
    }

    /// <summary>A picture with captions before its slices.</summary>
    /// <param name="picture">Of H.264 or HEVC, with lengths of four bytes.</param>
    /// <param name="isHevc">Which of the two.</param>
    /// <param name="triplets">Type (0 and 1: fields of CEA-608; 2 and 3: CEA-708) and two bytes, each.</param>
    public static byte[] With(ReadOnlyMemory<byte> picture, bool isHevc, params (byte Type, byte First, byte Second)[] triplets)
    {
        byte[] data = [0xb5, 0x00, 0x31, .. "GA94"u8, 0x03, (byte)(0x40 | triplets.Length), 0xff, .. triplets.SelectMany(t => (byte[])[(byte)(0xfc | t.Type), t.First, t.Second]), 0xff];
        List<byte> unit = [.. isHevc ? (byte[])[39 << 1, 1] : [6]];
        var zeros = 0;
        foreach (var value in (byte[])[4, (byte)data.Length, .. data, 0x80])
        {
            if (zeros >= 2 && value <= 3)
            {
                unit.Add(3);
                zeros = 0;
            }

            unit.Add(value);
            zeros = value == 0 ? zeros + 1 : 0;
        }

        return [0, 0, (byte)(unit.Count >> 8), (byte)unit.Count, .. unit, .. picture.Span];
    }

    /// <summary>Seven bits and one that makes the number of ones odd.</summary>
    private static byte Odd(int value) => (byte)(int.PopCount(value) % 2 == 0 ? value | 0x80 : value);
}
