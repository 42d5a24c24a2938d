namespace Broadcast.Media.Codecs;

/// <summary>
/// Reads bits of untrusted input, most significant bit first. Reading past the end throws <see cref="InvalidCodecConfigException"/>.
/// </summary>
/// <param name="bytes">The input.</param>
/// <param name="source">Name of the structure, for error messages.</param>
public ref struct BitReader(ReadOnlySpan<byte> bytes, string source)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private readonly string _source = source;
    private long _position;

    /// <summary>Number of unread bits.</summary>
    public readonly long Remaining => (_bytes.Length * 8L) - _position;

    /// <summary>Reads 0 to 32 bits as an unsigned number.</summary>
    public uint Bits(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 32);
        if (count > Remaining)
        {
            throw new InvalidCodecConfigException($"{_source} is truncated at bit {_position} of {_bytes.Length * 8L}.");
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

    /// <summary>Skips bits.</summary>
    public void Skip(int count)
    {
        while (count > 0)
        {
            var step = Math.Min(count, 32);
            Bits(step);
            count -= step;
        }
    }

    /// <summary>Reads ue(v), an unsigned Exp-Golomb code of at most 32 bits (ITU-T H.264, 9.1).</summary>
    public uint UnsignedGolomb()
    {
        var zeros = 0;
        while (!Flag())
        {
            if (++zeros > 31)
            {
                throw new InvalidCodecConfigException($"{_source} has an Exp-Golomb code of more than 32 bits at bit {_position}.");
            }
        }

        return zeros == 0 ? 0 : (uint)((1UL << zeros) - 1 + Bits(zeros));
    }

    /// <summary>Reads ue(v) and checks it against a limit of the specification or of this parser.</summary>
    public uint UnsignedGolomb(uint max, string name)
    {
        var value = UnsignedGolomb();
        return value <= max ? value : throw new InvalidCodecConfigException($"{_source}: {name} is {value}; the maximum is {max}.");
    }

    /// <summary>Reads se(v), a signed Exp-Golomb code (ITU-T H.264, 9.1.1).</summary>
    public int SignedGolomb()
    {
        var code = UnsignedGolomb();
        return (code & 1) == 1 ? (int)((code >> 1) + 1) : -(int)(code >> 1);
    }
}
