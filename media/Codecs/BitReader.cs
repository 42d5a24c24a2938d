namespace Broadcast.Media;

/// <summary>Reads bits, most significant first, out of bytes from outside. Never reads past the end: that is an <see cref="InvalidCodecConfigException"/>.</summary>
/// <param name="bytes">What is read.</param>
/// <param name="what">What it is, for the message.</param>
public ref struct BitReader(ReadOnlySpan<byte> bytes, string what)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private readonly string _what = what;
    private long _position;

    /// <summary>Bits not yet read.</summary>
    public readonly long Remaining => (_bytes.Length * 8L) - _position;

    /// <summary>Reads 0 to 32 bits as an unsigned number.</summary>
    public uint Bits(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 32);
        if (count > Remaining)
        {
            throw new InvalidCodecConfigException($"{_what} ends early, at bit {_position} of {_bytes.Length * 8L}.");
        }

        uint value = 0;
        for (var i = 0; i < count; i++, _position++)
        {
            value = (value << 1) | (uint)((_bytes[(int)(_position >> 3)] >> (int)(7 - (_position & 7))) & 1);
        }

        return value;
    }

    /// <summary>Reads one bit.</summary>
    public bool Flag() => Bits(1) == 1;

    /// <summary>Passes over bits.</summary>
    public void Skip(int count)
    {
        while (count > 0)
        {
            var step = Math.Min(count, 32);
            Bits(step);
            count -= step;
        }
    }

    /// <summary>Reads ue(v), an unsigned Exp-Golomb number of at most 32 bits (ITU-T H.264, 9.1).</summary>
    public uint UnsignedGolomb()
    {
        var zeros = 0;
        while (!Flag())
        {
            if (++zeros > 31)
            {
                throw new InvalidCodecConfigException($"{_what} holds an Exp-Golomb code of over 32 bits, at bit {_position}.");
            }
        }

        return zeros == 0 ? 0 : (uint)((1UL << zeros) - 1 + Bits(zeros));
    }

    /// <summary>Reads ue(v) and holds it against a limit that the specification or we set.</summary>
    public uint UnsignedGolomb(uint max, string name)
    {
        var value = UnsignedGolomb();
        return value <= max ? value : throw new InvalidCodecConfigException($"{_what}: {name} is {value}, over {max}.");
    }

    /// <summary>Reads se(v), a signed Exp-Golomb number (ITU-T H.264, 9.1.1).</summary>
    public int SignedGolomb()
    {
        var code = UnsignedGolomb();
        return (code & 1) == 1 ? (int)((code >> 1) + 1) : -(int)(code >> 1);
    }
}
