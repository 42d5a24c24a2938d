using System.Buffers.Binary;

namespace Broadcast.Media;

/// <summary>ISO/IEC 14496-15, 5.3.3.1: what a decoder of H.264 needs before the first picture.</summary>
/// <param name="NalLengthSize">Bytes of the length before each NAL unit: 1, 2 or 4.</param>
/// <param name="SequenceParameterSets">NAL units of type 7; at least one.</param>
/// <param name="PictureParameterSets">NAL units of type 8; at least one.</param>
/// <param name="Sequence">What the first SPS says.</param>
public sealed record AvcDecoderConfiguration(
    int NalLengthSize, IReadOnlyList<ReadOnlyMemory<byte>> SequenceParameterSets, IReadOnlyList<ReadOnlyMemory<byte>> PictureParameterSets,
    AvcSequenceParameters Sequence)
{
    /// <summary>Longest record accepted, in bytes. Real ones have 30 to 200.</summary>
    public const int MaxLength = 65_536;

    private const int MaxSequences = 31;

    /// <summary>Reads a record.</summary>
    /// <exception cref="InvalidCodecConfigException">It is broken; the message says where.</exception>
    public static AvcDecoderConfiguration Parse(ReadOnlyMemory<byte> record)
    {
        var bytes = record.Span;
        CheckLength(bytes.Length);

        if (bytes[0] != 1)
        {
            throw new InvalidCodecConfigException($"AVC configuration version {bytes[0]} is unknown; 1 is the only one.");
        }

        var lengthSize = (bytes[4] & 3) + 1;
        if (lengthSize == 3)
        {
            throw new InvalidCodecConfigException("An AVC configuration record asks for NAL lengths of 3 bytes, which ISO/IEC 14496-15 forbids.");
        }

        var position = 5;
        var sequenceSets = ReadSets(record, ref position, bytes[position++] & 31, 7, "SPS");
        if (position >= bytes.Length)
        {
            throw new InvalidCodecConfigException("An AVC configuration record ends before its count of PPS.");
        }

        var pictureSets = ReadSets(record, ref position, bytes[position++], 8, "PPS");
        if (sequenceSets.Count == 0 || pictureSets.Count == 0)
        {
            throw new InvalidCodecConfigException("An AVC configuration record without SPS or PPS cannot be decoded.");
        }

        return new AvcDecoderConfiguration(lengthSize, sequenceSets, pictureSets, AvcSequenceParameters.Parse(sequenceSets[0].Span));
    }

    /// <summary>A record with what a sync sample's parameter sets say anew.</summary>
    /// <returns><see langword="null"/> when they say nothing new.</returns>
    /// <exception cref="InvalidCodecConfigException">They are broken or over our limits.</exception>
    internal byte[]? Renew(ReadOnlySpan<byte> syncSample)
    {
        if (ParameterSets.Renewed([.. SequenceParameterSets, .. PictureParameterSets], syncSample, NalLengthSize, SetCodec.Instance) is not { } sets)
        {
            return null;
        }

        var (sequences, pictures) = (sets.FindAll(set => (set.Span[0] & 31) == 7), sets.FindAll(set => (set.Span[0] & 31) == 8));
        var sequence = AvcSequenceParameters.Parse(sequences[0].Span);
        var record = new List<byte>
        {
            1, sequence.ProfileIdc, sequence.ConstraintFlags, sequence.LevelIdc, (byte)(0xFC | (NalLengthSize - 1)), (byte)(0xE0 | Math.Min(sequences.Count, MaxSequences)),
        };
        foreach (var set in sequences.Take(MaxSequences))
        {
            ParameterSets.Append(record, set.Span);
        }

        record.Add((byte)Math.Min(pictures.Count, byte.MaxValue));
        foreach (var set in pictures.Take(byte.MaxValue))
        {
            ParameterSets.Append(record, set.Span);
        }

        if (AvcSequenceParameters.IsHigh(sequence.ProfileIdc))
        {
            record.AddRange([(byte)(0xFC | sequence.ChromaFormat), (byte)(0xF8 | (sequence.BitDepth - 8)), (byte)(0xF8 | (sequence.ChromaBitDepth - 8)), 0]);
        }

        return [.. record];
    }

    internal static void CheckLength(int length)
    {
        if (length is < 7 or > MaxLength)
        {
            throw new InvalidCodecConfigException($"An AVC configuration record of {length} bytes is not 7 to {MaxLength} bytes long.");
        }
    }

    /// <summary>Types 7 and 8 (ITU-T H.264, table 7-1), and their numbers (7.3.2.1.1 and 7.3.2.2).</summary>
    private sealed class SetCodec : IParameterSetCodec
    {
        public static readonly SetCodec Instance = new();

        public bool IsSet(ReadOnlySpan<byte> unit) => (unit[0] & 0x9F) is 7 or 8;

        public int ReadNumber(ref BitReader bits)
        {
            bits.Skip(3);
            var type = (int)bits.Bits(5);
            bits.Skip(type == 7 ? 24 : 0);
            return (type << 8) | (int)(type == 7 ? bits.UnsignedGolomb(31, "seq_parameter_set_id") : bits.UnsignedGolomb(255, "pic_parameter_set_id"));
        }
    }

    private static List<ReadOnlyMemory<byte>> ReadSets(ReadOnlyMemory<byte> record, ref int position, int count, int type, string what)
    {
        var sets = new List<ReadOnlyMemory<byte>>(count);
        for (var i = 0; i < count; i++)
        {
            var rest = record.Span[Math.Min(position, record.Length)..];
            if (rest.Length < 2 || rest.Length - 2 < BinaryPrimitives.ReadUInt16BigEndian(rest))
            {
                throw new InvalidCodecConfigException($"{what} {i} of an AVC configuration record reaches past its end.");
            }

            var length = BinaryPrimitives.ReadUInt16BigEndian(rest);
            if (length == 0 || (rest[2] & 31) != type)
            {
                throw new InvalidCodecConfigException($"{what} {i} of an AVC configuration record is not a NAL unit of type {type}.");
            }

            sets.Add(record.Slice(position + 2, length));
            position += 2 + length;
        }

        return sets;
    }
}
