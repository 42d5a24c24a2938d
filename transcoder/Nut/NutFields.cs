using System.Buffers;

namespace Broadcast.Transcoder.Nut;

/// <summary>Reads NUT's fields out of bytes of which more may come. What begins with <c>Try</c> says when they are not whole; the others are for headers, which are.</summary>
internal ref struct NutFields(ReadOnlySequence<byte> bytes)
{
    /// <summary>Most bytes of a number: nine hold 63 bits.</summary>
    private const int LongestNumber = 9;

    private SequenceReader<byte> _reader = new(bytes);

    public readonly long Remaining => _reader.Remaining;

    public readonly long Consumed => _reader.Consumed;

    public bool TryByte(out byte value) => _reader.TryRead(out value);

    public bool TryStartCode(out ulong value)
    {
        var isWhole = _reader.TryReadBigEndian(out long code);
        value = (ulong)code;
        return isWhole;
    }

    /// <summary>An unsigned number of variable length.</summary>
    /// <exception cref="InvalidNutException">It has more than 63 bits.</exception>
    public bool TryNumber(out ulong value)
    {
        value = 0;
        for (var i = 0; i < LongestNumber; i++)
        {
            if (!_reader.TryRead(out var next))
            {
                return false;
            }

            value = (value << 7) | (next & 127u);
            if (next < 128)
            {
                return true;
            }
        }

        throw new InvalidNutException("A number is too long.");
    }

    public ulong Unsigned(string what) => TryNumber(out var value) ? value : throw new InvalidNutException($"A header ends before its {what}.");

    /// <summary>A number that must not exceed a limit.</summary>
    public int Int(int most, string what)
    {
        var value = Unsigned(what);
        return value <= (ulong)Math.Max(most, 0) ? (int)value : throw new InvalidNutException($"A header's {what} is {value}, more than {most}.");
    }

    /// <summary>A signed number: 0, 1, -1, 2, -2, …</summary>
    public long Signed()
    {
        var coded = (long)Unsigned("signed number") + 1;
        return (coded & 1) != 0 ? -(coded >> 1) : coded >> 1;
    }

    public bool TrySkip(int count)
    {
        if (_reader.Remaining < count)
        {
            return false;
        }

        _reader.Advance(count);
        return true;
    }

    public void Skip(int count) => _reader.Advance(count);

    /// <summary>The next bytes, which are there.</summary>
    public byte[] Bytes(int count)
    {
        var taken = new byte[count];
        CopyTo(taken);
        return taken;
    }

    /// <summary>Fills with the next bytes, which are there.</summary>
    public void CopyTo(Span<byte> target)
    {
        if (!_reader.TryCopyTo(target))
        {
            throw new InvalidNutException("A header is cut off.");
        }

        _reader.Advance(target.Length);
    }
}
