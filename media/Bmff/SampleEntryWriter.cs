using System.Diagnostics;

namespace Broadcast.Media.Bmff;

/// <summary>Writes the sample entry of a codec: what stands in <c>stsd</c>.</summary>
internal static class SampleEntryWriter
{
    /// <summary>Writes the entry of a track's codec.</summary>
    public static void Write(BoxWriter writer, Track track)
    {
        switch (track.Config)
        {
            case CodecConfig.Avc avc:
                WriteAvc(writer, avc);
                break;
            case CodecConfig.Aac aac:
                WriteAac(writer, aac);
                break;
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>ISO/IEC 14496-15, 5.4.2: parameter sets are in the record only, hence <c>avc1</c> and not <c>avc3</c>.</summary>
    private static void WriteAvc(BoxWriter writer, CodecConfig.Avc avc)
    {
        var sequence = avc.Sequence;
        using (writer.Box("avc1"u8))
        {
            WriteVisualEntry(writer, sequence.Width, sequence.Height);
            using (writer.Box("avcC"u8))
            {
                writer.Bytes(avc.Record.Span);
            }

            if (sequence.SampleAspectWidth != sequence.SampleAspectHeight)
            {
                using (writer.Box("pasp"u8))
                {
                    writer.UInt32((uint)sequence.SampleAspectWidth);
                    writer.UInt32((uint)sequence.SampleAspectHeight);
                }
            }

            if (sequence.Color is { } color)
            {
                using (writer.Box("colr"u8))
                {
                    writer.Bytes("nclx"u8);
                    writer.UInt16(color.Primaries);
                    writer.UInt16(color.Transfer);
                    writer.UInt16(color.Matrix);
                    writer.UInt8((byte)(color.FullRange ? 0x80 : 0));
                }
            }
        }
    }

    /// <summary>ISO/IEC 14496-12, 12.1.3.</summary>
    private static void WriteVisualEntry(BoxWriter writer, int width, int height)
    {
        WriteEntryHead(writer);
        writer.Zeros(16);
        writer.UInt16((ushort)width);
        writer.UInt16((ushort)height);
        writer.UInt32(0x0048_0000); // 72 dpi
        writer.UInt32(0x0048_0000);
        writer.UInt32(0);
        writer.UInt16(1); // frames a sample
        writer.Zeros(32); // compressor name
        writer.UInt16(0x0018); // depth
        writer.UInt16(0xFFFF); // no color table
    }

    /// <summary>ISO/IEC 14496-14, 6.7.2, with the descriptors of ISO/IEC 14496-1, 7.2.6.</summary>
    private static void WriteAac(BoxWriter writer, CodecConfig.Aac aac)
    {
        // An AudioSpecificConfig is at most 64 bytes, so every descriptor's length fits into one byte of 7 bits.
        var specific = aac.Record.Span;
        using (writer.Box("mp4a"u8))
        {
            WriteEntryHead(writer);
            writer.Zeros(8);
            writer.UInt16((ushort)aac.Audio.Channels);
            writer.UInt16(16); // bits a sample, by convention
            writer.Zeros(4);
            writer.UInt32(aac.Audio.SampleRate <= ushort.MaxValue ? (uint)aac.Audio.SampleRate << 16 : 0); // 16.16: 88.2 and 96 kHz do not fit
            using (writer.FullBox("esds"u8, version: 0, flags: 0))
            {
                Descriptor(writer, tag: 3, 3 + 2 + 13 + 2 + specific.Length + 3);
                writer.UInt16(0); // ES_ID: none in a file
                writer.UInt8(0);
                Descriptor(writer, tag: 4, 13 + 2 + specific.Length);
                writer.UInt8(0x40); // MPEG-4 audio
                writer.UInt8(0x15); // audio stream, reserved bit
                writer.Zeros(3 + 4 + 4); // buffer size, highest and mean bit rate: not known
                Descriptor(writer, tag: 5, specific.Length);
                writer.Bytes(specific);
                Descriptor(writer, tag: 6, 1);
                writer.UInt8(2); // as MP4 files have it
            }
        }
    }

    private static void WriteEntryHead(BoxWriter writer)
    {
        writer.Zeros(6);
        writer.UInt16(1); // data_reference_index
    }

    private static void Descriptor(BoxWriter writer, byte tag, int length)
    {
        Debug.Assert(length < 128, "one byte holds 7 bits of length");
        writer.UInt8(tag);
        writer.UInt8((byte)length);
    }
}
