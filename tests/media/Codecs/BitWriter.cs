namespace Broadcast.Media.Tests.Codecs;

/// <summary>Writes bits and Exp-Golomb codes, for parameter sets that encoders do not produce.</summary>
internal sealed class BitWriter
{
    private readonly List<bool> _bits = [];

    public int Count => _bits.Count;

    public BitWriter Bits(ulong value, int count)
    {
        for (var i = count - 1; i >= 0; i--)
        {
            _bits.Add(((value >> i) & 1) == 1);
        }

        return this;
    }

    public BitWriter Flag(bool value) => Bits(value ? 1UL : 0, 1);

    public BitWriter Ue(ulong value)
    {
        var length = 64 - System.Numerics.BitOperations.LeadingZeroCount(value + 1);
        return Bits(0, length - 1).Bits(value + 1, length);
    }

    public BitWriter Se(long value) => Ue(value > 0 ? ((ulong)value * 2) - 1 : (ulong)-value * 2);

    public byte[] ToArray()
    {
        var bytes = new byte[(_bits.Count + 7) / 8];
        for (var i = 0; i < _bits.Count; i++)
        {
            bytes[i / 8] |= (byte)(_bits[i] ? 0x80 >> (i % 8) : 0);
        }

        return bytes;
    }

    /// <summary>Returns a NAL unit: with stop bit and emulation prevention bytes.</summary>
    public byte[] ToNalUnit()
    {
        Flag(true);
        var (result, zeros) = (new List<byte>(), 0);
        foreach (var value in ToArray())
        {
            if (zeros >= 2 && value <= 3)
            {
                result.Add(3);
                zeros = 0;
            }

            result.Add(value);
            zeros = value == 0 ? zeros + 1 : 0;
        }

        return [.. result];
    }
}
