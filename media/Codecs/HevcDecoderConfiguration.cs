using System.Buffers.Binary;

namespace Broadcast.Media.Codecs;

/// <summary>HEVC decoder configuration record (ISO/IEC 14496-15, 8.3.3.1).</summary>
/// <param name="NalLengthSize">Size of the length before each NAL unit in bytes: 1, 2 or 4.</param>
/// <param name="ParameterSets">NAL units of types 32 (VPS), 33 (SPS) and 34 (PPS), in the order of the record; at least one of
/// each.</param>
/// <param name="Sequence">The first SPS, parsed.</param>
public sealed record HevcDecoderConfiguration(int NalLengthSize, IReadOnlyList<ReadOnlyMemory<byte>> ParameterSets,
    HevcSequenceParameterSet Sequence)
{
    /// <summary>Maximum record size in bytes. Typical records have 90 to 300; x265 adds an SEI text of 2,000.</summary>
    public const int MaxLength = 65_536;

    /// <summary>Size of the fields before the arrays, in bytes.</summary>
    internal const int HeadLength = 23;

    private const int MaxSets = 256;

    private readonly KnownParameterSets _sets = new(ParameterSets);

    /// <summary>Parses a record.</summary>
    /// <exception cref="InvalidCodecConfigException">The record is malformed; the message says where.</exception>
    public static HevcDecoderConfiguration Parse(ReadOnlyMemory<byte> record)
    {
        var bytes = record.Span;
        CheckLength(bytes.Length);

        // Encoders older than the final standard write version 0; its layout is the same.
        if (bytes[0] > 1)
        {
            throw new InvalidCodecConfigException($"HEVC configuration version {bytes[0]} is not supported; expected 1.");
        }

        var lengthSize = (bytes[21] & 3) + 1;
        if (lengthSize == 3)
        {
            throw new InvalidCodecConfigException(
                "An HEVC configuration record has NAL lengths of 3 bytes, which ISO/IEC 14496-15 forbids.");
        }

        var sets = new List<ReadOnlyMemory<byte>>();
        var (hasVps, hasPps) = (false, false);
        ReadOnlyMemory<byte>? sequence = null;
        var position = HeadLength;
        for (var array = 0; array < bytes[22]; array++)
        {
            if (bytes.Length - position < 3)
            {
                throw new InvalidCodecConfigException($"Array {array} of an HEVC configuration record extends past its end.");
            }

            var (type, count) = (bytes[position] & 63, BinaryPrimitives.ReadUInt16BigEndian(bytes[(position + 1)..]));
            position += 3;
            for (var i = 0; i < count; i++)
            {
                var unit = ReadUnit(record, ref position, type, array, i);
                if (type is < 32 or > 34)
                {
                    continue; // SEI messages are not needed for decoding
                }

                if (sets.Count == MaxSets)
                {
                    throw new InvalidCodecConfigException($"An HEVC configuration record has more than {MaxSets} parameter sets.");
                }

                if (unit.Length > Broadcast.Media.Codecs.ParameterSets.MaxLength)
                {
                    throw new InvalidCodecConfigException(
                        $"NAL unit {i} of array {array} of an HEVC configuration record has {unit.Length} bytes; the maximum is "
                        + $"{Broadcast.Media.Codecs.ParameterSets.MaxLength}.");
                }

                sets.Add(unit);
                hasVps |= type == 32;
                hasPps |= type == 34;
                if (type == 33)
                {
                    sequence ??= unit;
                }
            }
        }

        return sequence is { } first && hasVps && hasPps
            ? new HevcDecoderConfiguration(lengthSize, sets, HevcSequenceParameterSet.Parse(first.Span))
            : throw new InvalidCodecConfigException("An HEVC configuration record without VPS, SPS or PPS cannot be decoded.");
    }

    /// <summary>A record updated with the parameter sets of a sync sample.</summary>
    /// <param name="record">The record from which this instance was parsed.</param>
    /// <param name="syncSample">The sync sample.</param>
    /// <returns><see langword="null"/> when the sample contains no new parameter sets.</returns>
    /// <exception cref="InvalidCodecConfigException">The parameter sets are malformed or exceed a limit.</exception>
    internal byte[]? UpdateRecord(ReadOnlySpan<byte> record, ReadOnlySpan<byte> syncSample)
    {
        if (Broadcast.Media.Codecs.ParameterSets.Merge(_sets, syncSample, NalLengthSize, SetCodec.Instance) is not { } sets)
        {
            return null;
        }

        // 8.3.3.1.2: the fields before the arrays repeat values of the active SPS.
        var sequence = HevcSequenceParameterSet.Parse(sets.Find(set => SetCodec.TypeOf(set.Span) == 33).Span);
        var (profile, renewed) = (sequence.Profile, new List<byte>(record[..HeadLength].ToArray()));
        renewed[0] = 1;
        renewed[1] = (byte)((profile.Space << 6) | (profile.IsHighTier ? 0x20 : 0) | profile.Profile);
        for (var i = 0; i < 4; i++)
        {
            renewed[2 + i] = (byte)(profile.Compatibility >> (24 - (8 * i)));
        }

        for (var i = 0; i < 6; i++)
        {
            renewed[6 + i] = (byte)(profile.Constraints >> (40 - (8 * i)));
        }

        (renewed[12], renewed[16]) = ((byte)profile.Level, (byte)(0xFC | sequence.ChromaFormat));
        (renewed[17], renewed[18]) = ((byte)(0xF8 | (sequence.BitDepth - 8)), (byte)(0xF8 | (sequence.ChromaBitDepth - 8)));
        renewed[22] = 3;
        for (var type = 32; type <= 34; type++)
        {
            var ofType = sets.FindAll(set => SetCodec.TypeOf(set.Span) == type);
            renewed.AddRange([(byte)(0x80 | type), (byte)(ofType.Count >> 8), (byte)ofType.Count]);
            ofType.ForEach(set => Broadcast.Media.Codecs.ParameterSets.Append(renewed, set.Span));
        }

        return [.. renewed];
    }

    internal static void CheckLength(int length)
    {
        if (length is < HeadLength or > MaxLength)
        {
            throw new InvalidCodecConfigException(
                $"An HEVC configuration record of {length} bytes is invalid; expected {HeadLength} to {MaxLength} bytes.");
        }
    }

    /// <summary>
    /// NAL unit types 32 to 34 of the base layer (ITU-T H.265, 7.3.1.2) and their parameter set IDs (7.3.2.1 to 7.3.2.3).
    /// </summary>
    private sealed class SetCodec : IParameterSetCodec
    {
        public static readonly SetCodec Instance = new();

        public static int TypeOf(ReadOnlySpan<byte> unit) => (unit[0] >> 1) & 63;

        public bool IsSet(ReadOnlySpan<byte> unit) => TypeOf(unit) is >= 32 and <= 34 && (unit[0] & 1) == 0 && unit[1] < 8;

        public int ReadNumber(ref BitReader bits)
        {
            bits.Skip(1);
            var type = (int)bits.Bits(6);
            bits.Skip(9);
            return (type << 8) | (int)(type switch
            {
                32 => bits.Bits(4),
                33 => HevcSequenceParameterSet.ReadNumber(ref bits, out _),
                _ => bits.UnsignedGolomb(63, "pps_pic_parameter_set_id"),
            });
        }
    }

    private static ReadOnlyMemory<byte> ReadUnit(ReadOnlyMemory<byte> record, ref int position, int type, int array, int index)
    {
        var rest = record.Span[position..];
        if (rest.Length < 2 || rest.Length - 2 < BinaryPrimitives.ReadUInt16BigEndian(rest))
        {
            throw new InvalidCodecConfigException(
                $"NAL unit {index} of array {array} of an HEVC configuration record extends past its end.");
        }

        var length = BinaryPrimitives.ReadUInt16BigEndian(rest);
        if (length < 3 || (rest[2] >> 1) != type)
        {
            throw new InvalidCodecConfigException(
                $"NAL unit {index} of array {array} of an HEVC configuration record is not of type {type}.");
        }

        var unit = record.Slice(position + 2, length);
        position += 2 + length;
        return unit;
    }
}
