using System.Diagnostics;
using Broadcast.Media.Codecs;

namespace Broadcast.Media.Bmff;

/// <summary>Writes the sample entry of a codec, the content of <c>stsd</c>.</summary>
internal static class SampleEntryWriter
{
    /// <summary>Writes the sample entry of a track.</summary>
    /// <exception cref="ArgumentException">The configuration does not contain the frame size yet.</exception>
    public static void Write(BoxWriter writer, Track track)
    {
        switch (track.Config)
        {
            case CodecConfig.Aac aac:
                WriteAac(writer, aac);
                break;
            case { VideoFormat: { } videoFormat } video:
                WriteVideo(writer, track, video, videoFormat);
                break;
            case { AudioFormat: { } audioFormat } audio:
                WriteAudio(writer, audio, audioFormat);
                break;
            default:
                throw new ArgumentException("A sample entry needs a configuration with the frame size.", nameof(track));
        }
    }

    private static void WriteVideo(BoxWriter writer, Track track, CodecConfig video, VideoFormat videoFormat)
    {
        using (writer.Box(video switch
        {
            CodecConfig.Avc => "avc1"u8, // ISO/IEC 14496-15, 5.4.2: parameter sets are only in the record, so not avc3
            CodecConfig.Hevc => "hvc1"u8, // 8.4.1: likewise, so not hev1, which Apple's players reject
            CodecConfig.Av1 => "av01"u8,
            CodecConfig.Vp9 => "vp09"u8,
            _ => throw new UnreachableException(),
        }))
        {
            WriteVisualEntry(writer, videoFormat.Width, videoFormat.Height);
            CodecBoxes.Write(writer, video);
            if (videoFormat.SampleAspectWidth != videoFormat.SampleAspectHeight)
            {
                using (writer.Box("pasp"u8))
                {
                    writer.UInt32((uint)videoFormat.SampleAspectWidth);
                    writer.UInt32((uint)videoFormat.SampleAspectHeight);
                }
            }

            WriteColors(writer, track);
        }
    }

    /// <summary>Writes the known color boxes of <c>colr</c>, <c>mdcv</c> and <c>clli</c> (ISO/IEC 14496-12, 12.1.5 to 12.1.7).</summary>
    private static void WriteColors(BoxWriter writer, Track track)
    {
        if (track.Color is { } color)
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

        if (track.ColorInfo?.Mastering is { } mastering)
        {
            using (writer.Box("mdcv"u8))
            {
                // In the order of the SEI message: green, blue, red (ITU-T H.265, D.3.28).
                foreach (var point in (ReadOnlySpan<Chromaticity>)[mastering.Green, mastering.Blue, mastering.Red, mastering.White])
                {
                    writer.UInt16(point.X);
                    writer.UInt16(point.Y);
                }

                writer.UInt32(mastering.MaxLuminance);
                writer.UInt32(mastering.MinLuminance);
            }
        }

        if (track.ColorInfo?.Light is { } light)
        {
            using (writer.Box("clli"u8))
            {
                writer.UInt16(light.Max);
                writer.UInt16(light.MaxFrameAverage);
            }
        }
    }

    private static void WriteAudio(BoxWriter writer, CodecConfig audio, AudioFormat audioFormat)
    {
        var (bits, rate) = (16, audioFormat.SampleRate);
        if (audio is CodecConfig.Flac flac)
        {
            // FLAC in ISO BMFF, 3.3.1: a rate above 16 bits is halved until it fits, which an odd rate never does.
            bits = flac.Stream.BitsPerSample;
            while (rate > ushort.MaxValue && (rate & 1) == 0)
            {
                rate /= 2;
            }
        }

        using (writer.Box(audio switch
        {
            CodecConfig.Opus => "Opus"u8,
            CodecConfig.Flac => "fLaC"u8,
            CodecConfig.Ac3 => "ac-3"u8,
            CodecConfig.Eac3 => "ec-3"u8,
            _ => throw new UnreachableException(),
        }))
        {
            WriteAudioEntry(writer, audioFormat.Channels, bits, Math.Min(rate, ushort.MaxValue));
            CodecBoxes.Write(writer, audio);
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
        writer.UInt16(1); // frames per sample
        writer.Zeros(32); // compressor name
        writer.UInt16(0x0018); // depth
        writer.UInt16(0xFFFF); // no color table
    }

    /// <summary>ISO/IEC 14496-14, 6.7.2, with the descriptors of ISO/IEC 14496-1, 7.2.6.</summary>
    private static void WriteAac(BoxWriter writer, CodecConfig.Aac aac)
    {
        // An AudioSpecificConfig has at most 64 bytes, so every descriptor length fits into one byte of 7 bits.
        var specific = aac.Record.Span;
        using (writer.Box("mp4a"u8))
        {
            // The integer part of the rate has 16 bits: 88.2 and 96 kHz do not fit.
            WriteAudioEntry(writer, aac.Audio.Channels, 16, aac.Audio.SampleRate <= ushort.MaxValue ? aac.Audio.SampleRate : 0);
            using (writer.FullBox("esds"u8, version: 0, flags: 0))
            {
                Descriptor(writer, tag: 3, 3 + 2 + 13 + 2 + specific.Length + 3);
                writer.UInt16(0); // ES_ID: none in a file
                writer.UInt8(0);
                Descriptor(writer, tag: 4, 13 + 2 + specific.Length);
                writer.UInt8(0x40); // MPEG-4 audio
                writer.UInt8(0x15); // audio stream, reserved bit
                writer.Zeros(3 + 4 + 4); // buffer size, maximum and average bitrate: unknown
                Descriptor(writer, tag: 5, specific.Length);
                writer.Bytes(specific);
                Descriptor(writer, tag: 6, 1);
                writer.UInt8(2); // predefined value for MP4 files
            }
        }
    }

    /// <summary>ISO/IEC 14496-12, 12.2.3.</summary>
    private static void WriteAudioEntry(BoxWriter writer, int channels, int bitsPerSample, int sampleRate)
    {
        WriteEntryHead(writer);
        writer.Zeros(8);
        writer.UInt16((ushort)channels);
        writer.UInt16((ushort)bitsPerSample); // 16 by convention where the codec does not define it
        writer.Zeros(4);
        writer.UInt32((uint)sampleRate << 16);
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
