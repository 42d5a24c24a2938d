using System.Buffers.Binary;

namespace Broadcast.Media.Codecs;

/// <summary>
/// Merges in-band parameter sets into the configuration record. Parameter sets of <c>avc1</c> and <c>hvc1</c> belong in the record (ISO/IEC
/// 14496-15, 5.4.2 and 8.4.1), so new ones in a sync sample require a new record.
/// </summary>
internal static class ParameterSets
{
    /// <summary>
    /// Maximum number of parameter sets in an access unit, repeated or not. Encoders send one or two of each type before a keyframe.
    /// </summary>
    public const int MaxPerAccessUnit = 32;

    /// <summary>Maximum length of a parameter set, in bytes. Those of encoders have at most some hundreds.</summary>
    public const int MaxLength = 4096;

    private const int MaxHeaderLength = 128;

    /// <summary>
    /// Merges the parameter sets of a record and a sync sample. A set replaces an earlier one of the same type and ID; new sets come first.
    /// </summary>
    /// <param name="known">Parameter sets of the record.</param>
    /// <param name="sample">The sync sample.</param>
    /// <param name="lengthSize">Size of the length before each NAL unit, in bytes.</param>
    /// <param name="codec">Codec-specific identification of parameter sets.</param>
    /// <returns><see langword="null"/> when the sample contains no new parameter sets.</returns>
    /// <exception cref="InvalidCodecConfigException">The ID of a parameter set cannot be read.</exception>
    public static List<ReadOnlyMemory<byte>>? Merge(KnownParameterSets known, ReadOnlySpan<byte> sample, int lengthSize,
        IParameterSetCodec codec)
    {
        KnownParameterSets? added = null;
        var units = new NalUnitReader(sample, lengthSize);
        while (units.TryRead(out var unit))
        {
            if (unit.Length > 2 && codec.IsSet(unit) && KnownParameterSets.Trim(unit) is { Length: > 2 } set && !known.Contains(set))
            {
                (added ??= new([])).Add(set);
            }
        }

        if (added is null)
        {
            return null;
        }

        var merged = new List<ReadOnlyMemory<byte>>();
        var indexes = new Dictionary<int, int>();
        foreach (var set in added.Sets)
        {
            // When a sample has two sets with the same ID, the last one wins.
            if (!indexes.TryAdd(NumberOf(set.Span, codec), merged.Count))
            {
                merged[indexes[NumberOf(set.Span, codec)]] = set;
                continue;
            }

            merged.Add(set);
        }

        merged.AddRange(known.Sets.Where(set => !indexes.ContainsKey(NumberOf(set.Span, codec))));
        return merged;
    }

    /// <summary>Appends a parameter set with its 2-byte length.</summary>
    public static void Append(List<byte> record, ReadOnlySpan<byte> set)
    {
        if (set.Length > ushort.MaxValue)
        {
            throw new InvalidCodecConfigException($"A parameter set of {set.Length} bytes exceeds {ushort.MaxValue}.");
        }

        Span<byte> length = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)set.Length);
        record.AddRange(length);
        record.AddRange(set);
    }

    private static int NumberOf(ReadOnlySpan<byte> set, IParameterSetCodec codec)
    {
        var head = set[..Math.Min(set.Length, MaxHeaderLength)];
        Span<byte> payload = stackalloc byte[MaxHeaderLength];
        var bits = new BitReader(payload[..NalUnitReader.RemoveEmulationPrevention(head, payload)], "A parameter set");
        return codec.ReadNumber(ref bits);
    }
}

/// <summary>Identification of parameter sets in a codec (H.264 or HEVC).</summary>
internal interface IParameterSetCodec
{
    /// <summary>Returns whether a NAL unit is a parameter set.</summary>
    bool IsSet(ReadOnlySpan<byte> unit);

    /// <summary>Reads the type and ID of a parameter set as one value.</summary>
    int ReadNumber(ref BitReader bits);
}
