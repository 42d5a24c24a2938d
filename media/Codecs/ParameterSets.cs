using System.Buffers.Binary;

namespace Broadcast.Media;

/// <summary>
/// Parameter sets that stand in a sync sample beside its pictures. Those of <c>avc1</c> and <c>hvc1</c> belong into the record (ISO/IEC 14496-15, 5.4.2 and 8.4.1), so what a
/// stream says anew makes a new record.
/// </summary>
internal static class ParameterSets
{
    private const int LongestHead = 128;

    /// <summary>The sets of a record with those of a sync sample: one of the same kind and number takes the other's place, and what is new comes first.</summary>
    /// <param name="known">The record's.</param>
    /// <param name="sample">The sync sample.</param>
    /// <param name="lengthSize">Bytes of the length before each NAL unit.</param>
    /// <param name="codec">How sets are told from other units.</param>
    /// <returns><see langword="null"/> when the sample says nothing new.</returns>
    /// <exception cref="InvalidCodecConfigException">The number of a set cannot be read.</exception>
    public static List<ReadOnlyMemory<byte>>? Renewed(IReadOnlyList<ReadOnlyMemory<byte>> known, ReadOnlySpan<byte> sample, int lengthSize, IParameterSetCodec codec)
    {
        List<ReadOnlyMemory<byte>>? told = null;
        var units = new NalUnitReader(sample, lengthSize);
        while (units.TryRead(out var unit))
        {
            // Zeros behind a unit are padding (ITU-T H.264, 7.4.1; H.265, 7.4.2.1).
            unit = unit.TrimEnd((byte)0);
            if (unit.Length > 2 && codec.IsSet(unit) && !Holds(known, unit) && (told is null || !Holds(told, unit)))
            {
                (told ??= []).Add(unit.ToArray());
            }
        }

        if (told is null)
        {
            return null;
        }

        var renewed = new List<ReadOnlyMemory<byte>>();
        var places = new Dictionary<int, int>();
        foreach (var set in told)
        {
            // Of two with one number in one sample the last counts.
            if (!places.TryAdd(NumberOf(set.Span, codec), renewed.Count))
            {
                renewed[places[NumberOf(set.Span, codec)]] = set;
                continue;
            }

            renewed.Add(set);
        }

        renewed.AddRange(known.Where(set => !places.ContainsKey(NumberOf(set.Span, codec))));
        return renewed;
    }

    /// <summary>Appends a set with its length of two bytes.</summary>
    public static void Append(List<byte> record, ReadOnlySpan<byte> set)
    {
        if (set.Length > ushort.MaxValue)
        {
            throw new InvalidCodecConfigException($"A parameter set of {set.Length} bytes is over {ushort.MaxValue}.");
        }

        Span<byte> length = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)set.Length);
        record.AddRange(length);
        record.AddRange(set);
    }

    private static bool Holds(IReadOnlyList<ReadOnlyMemory<byte>> sets, ReadOnlySpan<byte> unit)
    {
        foreach (var set in sets)
        {
            if (set.Span.TrimEnd((byte)0).SequenceEqual(unit))
            {
                return true;
            }
        }

        return false;
    }

    private static int NumberOf(ReadOnlySpan<byte> set, IParameterSetCodec codec)
    {
        var head = set[..Math.Min(set.Length, LongestHead)];
        Span<byte> payload = stackalloc byte[LongestHead];
        var bits = new BitReader(payload[..NalUnitReader.RemoveEmulationPrevention(head, payload)], "A parameter set");
        return codec.ReadNumber(ref bits);
    }
}

/// <summary>How H.264 and HEVC tell their parameter sets apart.</summary>
internal interface IParameterSetCodec
{
    /// <summary>Whether a NAL unit is a parameter set.</summary>
    bool IsSet(ReadOnlySpan<byte> unit);

    /// <summary>Its kind and number within that kind, as one value.</summary>
    int ReadNumber(ref BitReader bits);
}
