using System.Buffers.Binary;

namespace Broadcast.Media;

/// <summary>ISO/IEC 14496-15, 8.3.3.1: what a decoder of HEVC needs before the first picture.</summary>
/// <param name="NalLengthSize">Bytes of the length before each NAL unit: 1, 2 or 4.</param>
/// <param name="ParameterSets">NAL units of types 32 (VPS), 33 (SPS) and 34 (PPS), in the order of the record; at least one of each.</param>
/// <param name="Sequence">What the first SPS says.</param>
public sealed record HevcDecoderConfiguration(int NalLengthSize, IReadOnlyList<ReadOnlyMemory<byte>> ParameterSets, HevcSequenceParameters Sequence)
{
    /// <summary>Longest record accepted, in bytes. Real ones have 90 to 300; x265 adds a text of 2,000 about itself.</summary>
    public const int MaxLength = 65_536;

    /// <summary>Bytes before the arrays.</summary>
    internal const int HeadLength = 23;

    private const int MaxSets = 256;

    /// <summary>Reads a record.</summary>
    /// <exception cref="InvalidCodecConfigException">It is broken; the message says where.</exception>
    public static HevcDecoderConfiguration Parse(ReadOnlyMemory<byte> record)
    {
        var bytes = record.Span;
        CheckLength(bytes.Length);

        // Version 0 was written by encoders before the standard was done; its layout is the same.
        if (bytes[0] > 1)
        {
            throw new InvalidCodecConfigException($"HEVC configuration version {bytes[0]} is unknown; 1 is the only one.");
        }

        var lengthSize = (bytes[21] & 3) + 1;
        if (lengthSize == 3)
        {
            throw new InvalidCodecConfigException("An HEVC configuration record asks for NAL lengths of 3 bytes, which ISO/IEC 14496-15 forbids.");
        }

        var sets = new List<ReadOnlyMemory<byte>>();
        var (hasVideo, hasPicture) = (false, false);
        ReadOnlyMemory<byte>? sequence = null;
        var position = HeadLength;
        for (var array = 0; array < bytes[22]; array++)
        {
            if (bytes.Length - position < 3)
            {
                throw new InvalidCodecConfigException($"Array {array} of an HEVC configuration record reaches past its end.");
            }

            var (type, count) = (bytes[position] & 63, BinaryPrimitives.ReadUInt16BigEndian(bytes[(position + 1)..]));
            position += 3;
            for (var i = 0; i < count; i++)
            {
                var unit = ReadUnit(record, ref position, type, array, i);
                if (type is < 32 or > 34)
                {
                    continue; // SEI messages: nobody needs them to decode
                }

                if (sets.Count == MaxSets)
                {
                    throw new InvalidCodecConfigException($"An HEVC configuration record holds over {MaxSets} parameter sets.");
                }

                sets.Add(unit);
                hasVideo |= type == 32;
                hasPicture |= type == 34;
                if (type == 33)
                {
                    sequence ??= unit;
                }
            }
        }

        return sequence is { } first && hasVideo && hasPicture
            ? new HevcDecoderConfiguration(lengthSize, sets, HevcSequenceParameters.Parse(first.Span))
            : throw new InvalidCodecConfigException("An HEVC configuration record without VPS, SPS or PPS cannot be decoded.");
    }

    internal static void CheckLength(int length)
    {
        if (length is < HeadLength or > MaxLength)
        {
            throw new InvalidCodecConfigException($"An HEVC configuration record of {length} bytes is not {HeadLength} to {MaxLength} bytes long.");
        }
    }

    private static ReadOnlyMemory<byte> ReadUnit(ReadOnlyMemory<byte> record, ref int position, int type, int array, int index)
    {
        var rest = record.Span[position..];
        if (rest.Length < 2 || rest.Length - 2 < BinaryPrimitives.ReadUInt16BigEndian(rest))
        {
            throw new InvalidCodecConfigException($"NAL unit {index} of array {array} of an HEVC configuration record reaches past its end.");
        }

        var length = BinaryPrimitives.ReadUInt16BigEndian(rest);
        if (length < 3 || (rest[2] >> 1) != type)
        {
            throw new InvalidCodecConfigException($"NAL unit {index} of array {array} of an HEVC configuration record is not of type {type}.");
        }

        var unit = record.Slice(position + 2, length);
        position += 2 + length;
        return unit;
    }
}
