using System.Buffers.Binary;
using Broadcast.Media.Codecs;

namespace Broadcast.Media.Bmff;

/// <summary>Reads and writes the codec configuration boxes inside sample entries.</summary>
internal static class CodecBoxes
{
    /// <summary>Bytes of fields in a visual sample entry before its child boxes (ISO/IEC 14496-12, 12.1.3).</summary>
    public const int VisualFields = 78;

    /// <summary>Bytes of fields in an audio sample entry before its child boxes (12.2.3).</summary>
    public const int AudioFields = 28;

    /// <summary>Writes the configuration box of any codec except AAC, which uses descriptors instead.</summary>
    public static void Write(BoxWriter writer, CodecConfig config)
    {
        switch (config)
        {
            case CodecConfig.Avc:
                Write(writer, "avcC"u8, config.Record.Span);
                break;
            case CodecConfig.Hevc:
                using (writer.Box("hvcC"u8))
                {
                    WriteComplete(writer, config.Record.Span);
                }

                break;
            case CodecConfig.Av1:
                Write(writer, "av1C"u8, config.Record.Span);
                break;
            case CodecConfig.Vp9:
                using (writer.FullBox("vpcC"u8, version: 1, flags: 0))
                {
                    writer.Bytes(config.Record.Span);
                }

                break;
            case CodecConfig.Opus opus:
                WriteOpus(writer, opus.Header);
                break;
            case CodecConfig.Flac:
                using (writer.FullBox("dfLa"u8, version: 0, flags: 0))
                {
                    writer.Bytes(config.Record.Span);
                }

                break;
            case CodecConfig.Ac3:
                Write(writer, "dac3"u8, config.Record.Span);
                break;
            case CodecConfig.Eac3:
                Write(writer, "dec3"u8, config.Record.Span);
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    /// <summary>Reads the codec configuration of a sample entry.</summary>
    /// <param name="entry">Type of the sample entry.</param>
    /// <param name="body">Content of the sample entry.</param>
    /// <returns><see langword="null"/> when the type is not one that this class writes.</returns>
    /// <exception cref="InvalidBmffException">The entry or its configuration box is malformed.</exception>
    /// <exception cref="InvalidCodecConfigException">The codec configuration is invalid.</exception>
    public static CodecConfig? Read(BoxType entry, ReadOnlySpan<byte> body)
    {
        var fields = new BoxFields(body, "sample entry");
        if (entry == BoxType.Of("avc1"u8))
        {
            return CodecConfig.Avc.Parse(Find(fields, VisualFields, "avcC"u8));
        }

        if (entry == BoxType.Of("hvc1"u8))
        {
            return CodecConfig.Hevc.Parse(Find(fields, VisualFields, "hvcC"u8));
        }

        if (entry == BoxType.Of("av01"u8))
        {
            return CodecConfig.Av1.Parse(Find(fields, VisualFields, "av1C"u8));
        }

        if (entry == BoxType.Of("vp09"u8))
        {
            var box = Find(fields, VisualFields, "vpcC"u8);
            return CodecConfig.Vp9.Parse(box, BinaryPrimitives.ReadUInt16BigEndian(body[24..]),
                BinaryPrimitives.ReadUInt16BigEndian(body[26..]));
        }

        if (entry == BoxType.Of("Opus"u8))
        {
            return ReadOpus(Find(fields, AudioFields, "dOps"u8));
        }

        if (entry == BoxType.Of("fLaC"u8))
        {
            var box = new BoxFields(Find(fields, AudioFields, "dfLa"u8), "dfLa");
            box.FullBox();
            return CodecConfig.Flac.Parse(box.Rest);
        }

        if (entry == BoxType.Of("ac-3"u8))
        {
            return CodecConfig.Ac3.Parse(Find(fields, AudioFields, "dac3"u8));
        }

        return entry == BoxType.Of("ec-3"u8) ? CodecConfig.Eac3.Parse(Find(fields, AudioFields, "dec3"u8)) : null;
    }

    private static void Write(BoxWriter writer, ReadOnlySpan<byte> type, ReadOnlySpan<byte> record)
    {
        using (writer.Box(type))
        {
            writer.Bytes(record);
        }
    }

    private static ReadOnlySpan<byte> Find(BoxFields fields, int skipped, ReadOnlySpan<byte> box)
    {
        fields.Skip(skipped);
        return BoxReader.Find(fields.Rest, box);
    }

    /// <summary>
    /// Writes an <c>hvcC</c> record with its parameter set arrays marked as complete, as <c>hvc1</c> requires (ISO/IEC 14496-15, 8.3.3.1
    /// and 8.4.1). Streaming encoders leave the mark unset.
    /// </summary>
    private static void WriteComplete(BoxWriter writer, ReadOnlySpan<byte> record)
    {
        const int head = HevcDecoderConfiguration.HeadLength;
        writer.UInt8(1); // version 0, written by early encoders, has the same layout
        writer.Bytes(record[1..head]);
        var rest = record[head..];
        for (var arrays = record[head - 1]; arrays > 0; arrays--)
        {
            var type = rest[0] & 63;
            writer.UInt8((byte)(type is >= 32 and <= 34 ? 0x80 | type : type));
            var length = 3;
            for (var units = BinaryPrimitives.ReadUInt16BigEndian(rest[1..]); units > 0; units--)
            {
                length += 2 + BinaryPrimitives.ReadUInt16BigEndian(rest[length..]);
            }

            writer.Bytes(rest[1..length]);
            rest = rest[length..];
        }
    }

    /// <summary>Writes the Opus header fields in big-endian order (Opus in ISO BMFF, 4.3.2).</summary>
    private static void WriteOpus(BoxWriter writer, OpusHeader header)
    {
        using (writer.Box("dOps"u8))
        {
            writer.UInt8(0);
            writer.UInt8((byte)header.Channels);
            writer.UInt16((ushort)header.PreSkip);
            writer.UInt32(header.InputSampleRate);
            writer.UInt16((ushort)header.OutputGain);
            writer.UInt8(header.MappingFamily);
            writer.Bytes(header.Mapping.Span);
        }
    }

    private static CodecConfig.Opus ReadOpus(ReadOnlySpan<byte> body)
    {
        var fields = new BoxFields(body, "dOps");
        var version = fields.UInt8();
        if (version != 0)
        {
            throw new InvalidBmffException($"Box 'dOps' has version {version}; only version 0 is supported.");
        }

        var (channels, preSkip, rate, gain, family) =
            (fields.UInt8(), fields.UInt16(), fields.UInt32(), (short)fields.UInt16(), fields.UInt8());
        return CodecConfig.Opus
            .Parse(new OpusHeader(channels, preSkip, rate, gain, family, family == 0 ? default : fields.Rest.ToArray()).Write());
    }
}
