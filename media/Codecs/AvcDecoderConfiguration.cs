using System.Buffers.Binary;

namespace Broadcast.Media.Codecs;

/// <summary>H.264 decoder configuration record (ISO/IEC 14496-15, 5.3.3.1).</summary>
/// <param name="NalLengthSize">Size of the length before each NAL unit in bytes: 1, 2 or 4.</param>
/// <param name="SpsUnits">NAL units of type 7; at least one.</param>
/// <param name="PpsUnits">NAL units of type 8; at least one.</param>
/// <param name="Sequence">The first SPS, parsed.</param>
public sealed record AvcDecoderConfiguration(
    int NalLengthSize, IReadOnlyList<ReadOnlyMemory<byte>> SpsUnits, IReadOnlyList<ReadOnlyMemory<byte>> PpsUnits,
    AvcSequenceParameterSet Sequence)
{
    /// <summary>Maximum record size in bytes. Typical records have 30 to 200.</summary>
    public const int MaxLength = 65_536;

    private const int MaxSequences = 31;

    private readonly KnownParameterSets _sets = new([.. SpsUnits, .. PpsUnits]);

    /// <summary>Parses a record.</summary>
    /// <exception cref="InvalidCodecConfigException">The record is malformed; the message says where.</exception>
    public static AvcDecoderConfiguration Parse(ReadOnlyMemory<byte> record)
    {
        var bytes = record.Span;
        CheckLength(bytes.Length);

        if (bytes[0] != 1)
        {
            throw new InvalidCodecConfigException($"AVC configuration version {bytes[0]} is not supported; expected 1.");
        }

        var lengthSize = (bytes[4] & 3) + 1;
        if (lengthSize == 3)
        {
            throw new InvalidCodecConfigException(
                "An AVC configuration record has NAL lengths of 3 bytes, which ISO/IEC 14496-15 forbids.");
        }

        var position = 5;
        var spsUnits = ReadSets(record, ref position, bytes[position++] & 31, 7, "SPS");
        if (position >= bytes.Length)
        {
            throw new InvalidCodecConfigException("An AVC configuration record ends before its PPS count.");
        }

        var ppsUnits = ReadSets(record, ref position, bytes[position++], 8, "PPS");
        if (spsUnits.Count == 0 || ppsUnits.Count == 0)
        {
            throw new InvalidCodecConfigException("An AVC configuration record without SPS or PPS cannot be decoded.");
        }

        return new AvcDecoderConfiguration(lengthSize, spsUnits, ppsUnits, AvcSequenceParameterSet.Parse(spsUnits[0].Span));
    }

    /// <summary>A record updated with the parameter sets of a sync sample.</summary>
    /// <returns><see langword="null"/> when the sample contains no new parameter sets.</returns>
    /// <exception cref="InvalidCodecConfigException">The parameter sets are malformed or exceed a limit.</exception>
    internal byte[]? UpdateRecord(ReadOnlySpan<byte> syncSample)
    {
        if (ParameterSets.Merge(_sets, syncSample, NalLengthSize, SetCodec.Instance) is not { } sets)
        {
            return null;
        }

        var (spsList, ppsList) = (sets.FindAll(set => (set.Span[0] & 31) == 7), sets.FindAll(set => (set.Span[0] & 31) == 8));
        var sequence = AvcSequenceParameterSet.Parse(spsList[0].Span);
        var record = new List<byte>
        {
            1, sequence.ProfileIdc, sequence.ConstraintFlags, sequence.LevelIdc, (byte)(0xFC | (NalLengthSize - 1)),
            (byte)(0xE0 | Math.Min(spsList.Count, MaxSequences)),
        };
        foreach (var set in spsList.Take(MaxSequences))
        {
            ParameterSets.Append(record, set.Span);
        }

        record.Add((byte)Math.Min(ppsList.Count, byte.MaxValue));
        foreach (var set in ppsList.Take(byte.MaxValue))
        {
            ParameterSets.Append(record, set.Span);
        }

        if (AvcSequenceParameterSet.IsHigh(sequence.ProfileIdc))
        {
            record.AddRange([(byte)(0xFC | sequence.ChromaFormat), (byte)(0xF8 | (sequence.BitDepth - 8)),
                (byte)(0xF8 | (sequence.ChromaBitDepth - 8)), 0]);
        }

        return [.. record];
    }

    internal static void CheckLength(int length)
    {
        if (length is < 7 or > MaxLength)
        {
            throw new InvalidCodecConfigException(
                $"An AVC configuration record of {length} bytes is invalid; expected 7 to {MaxLength} bytes.");
        }
    }

    /// <summary>NAL unit types 7 and 8 (ITU-T H.264, table 7-1) and their parameter set IDs (7.3.2.1.1 and 7.3.2.2).</summary>
    private sealed class SetCodec : IParameterSetCodec
    {
        public static readonly SetCodec Instance = new();

        public bool IsSet(ReadOnlySpan<byte> unit) => (unit[0] & 0x9F) is 7 or 8;

        public int ReadNumber(ref BitReader bits)
        {
            bits.Skip(3);
            var type = (int)bits.Bits(5);
            bits.Skip(type == 7 ? 24 : 0);
            return (type << 8) | (int)(type == 7 ? bits.UnsignedGolomb(31, "seq_parameter_set_id")
                : bits.UnsignedGolomb(255, "pic_parameter_set_id"));
        }
    }

    private static List<ReadOnlyMemory<byte>> ReadSets(ReadOnlyMemory<byte> record, ref int position, int count, int type, string setName)
    {
        var sets = new List<ReadOnlyMemory<byte>>(count);
        for (var i = 0; i < count; i++)
        {
            var rest = record.Span[Math.Min(position, record.Length)..];
            if (rest.Length < 2 || rest.Length - 2 < BinaryPrimitives.ReadUInt16BigEndian(rest))
            {
                throw new InvalidCodecConfigException($"{setName} {i} of an AVC configuration record extends past its end.");
            }

            var length = BinaryPrimitives.ReadUInt16BigEndian(rest);
            if (length == 0 || (rest[2] & 31) != type)
            {
                throw new InvalidCodecConfigException($"{setName} {i} of an AVC configuration record is not a NAL unit of type {type}.");
            }

            if (length > ParameterSets.MaxLength)
            {
                throw new InvalidCodecConfigException(
                    $"{setName} {i} of an AVC configuration record has {length} bytes; the maximum is {ParameterSets.MaxLength}.");
            }

            sets.Add(record.Slice(position + 2, length));
            position += 2 + length;
        }

        return sets;
    }
}
