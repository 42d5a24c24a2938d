using System.Buffers;

namespace Broadcast.Transcoder.Nut;

/// <summary>
/// Reads NUT fields from a possibly incomplete buffer. <c>Try</c> methods return whether the field is complete; the other methods are for
/// complete headers.
/// </summary>
internal ref struct NutFields(ReadOnlySequence<byte> bytes)
{
    /// <summary>Maximum bytes of a number; 9 bytes hold 63 bits.</summary>
    private const int MaxNumberLength = 9;

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

    /// <summary>Reads an unsigned variable-length number.</summary>
    /// <exception cref="InvalidNutException">The number has more than 63 bits.</exception>
    public bool TryNumber(out ulong value)
    {
        value = 0;
        for (var i = 0; i < MaxNumberLength; i++)
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

        throw new InvalidNutException("A NUT number exceeds 63 bits.");
    }

    public ulong Unsigned(string fieldName) => TryNumber(out var value) ? value
        : throw new InvalidNutException($"A NUT header ends before its {fieldName}.");

    /// <summary>Reads a number with an upper limit.</summary>
    public int Int(int maximum, string fieldName)
    {
        var value = Unsigned(fieldName);
        return value <= (ulong)Math.Max(maximum, 0) ? (int)value
            : throw new InvalidNutException($"The NUT header's {fieldName} is {value}; the maximum is {maximum}.");
    }

    /// <summary>Reads a signed number: 0, 1, -1, 2, -2, …</summary>
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

    /// <summary>Reads bytes that must be available.</summary>
    public byte[] Bytes(int count)
    {
        var result = new byte[count];
        CopyTo(result);
        return result;
    }

    /// <summary>Fills the target with bytes that must be available.</summary>
    public void CopyTo(Span<byte> target)
    {
        if (!_reader.TryCopyTo(target))
        {
            throw new InvalidNutException("A NUT header is truncated.");
        }

        _reader.Advance(target.Length);
    }
}
