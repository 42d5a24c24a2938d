using System.Buffers.Binary;

namespace Broadcast.Media;

/// <summary>What the identification header of Opus says (RFC 7845, 5.1).</summary>
/// <param name="Channels">Output channels, 1 to 255; 1 to 8 are taken.</param>
/// <param name="PreSkip">Samples at 48 kHz that a decoder makes before the first that is meant.</param>
/// <param name="InputSampleRate">Rate of the original, for information; 0 when not known.</param>
/// <param name="OutputGain">Gain to apply, in 1/256 dB.</param>
/// <param name="MappingFamily">0 for mono and stereo, 1 for up to 8 channels in Vorbis order, 255 for channels without meaning.</param>
/// <param name="Mapping">Stream count, coupled count and the channels' places; empty in family 0.</param>
public sealed record OpusHeader(int Channels, int PreSkip, uint InputSampleRate, short OutputGain, byte MappingFamily, ReadOnlyMemory<byte> Mapping)
{
    /// <summary>The clock of Opus, whatever the original's.</summary>
    public const int SampleRate = 48_000;

    private const int HeadLength = 19;

    /// <summary>Reads a header.</summary>
    /// <exception cref="InvalidCodecConfigException">It is broken or nothing that players take; the message says where.</exception>
    public static OpusHeader Parse(ReadOnlyMemory<byte> header)
    {
        var bytes = header.Span;
        if (bytes.Length is < HeadLength or > HeadLength + 2 + 255)
        {
            throw new InvalidCodecConfigException($"An Opus header of {bytes.Length} bytes is not {HeadLength} to {HeadLength + 2 + 255} bytes long.");
        }

        if (!bytes.StartsWith("OpusHead"u8) || bytes[8] >= 16)
        {
            throw new InvalidCodecConfigException("An Opus header does not begin with OpusHead and a version below 16.");
        }

        var (channels, family) = (bytes[9], bytes[18]);
        if (channels is < 1 or > 8 || (family == 0 && channels > 2))
        {
            throw new InvalidCodecConfigException($"Opus with {channels} channels in mapping family {family} is not supported.");
        }

        var mapping = family == 0 ? default : header[HeadLength..];
        if (family != 0)
        {
            CheckMapping(mapping.Span, channels);
        }

        return new OpusHeader(
            channels,
            BinaryPrimitives.ReadUInt16LittleEndian(bytes[10..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]),
            BinaryPrimitives.ReadInt16LittleEndian(bytes[16..]),
            family,
            family == 0 ? default : mapping[..(2 + channels)]);
    }

    /// <summary>The header as bytes.</summary>
    public byte[] Write()
    {
        var bytes = new byte[HeadLength + Mapping.Length];
        "OpusHead"u8.CopyTo(bytes);
        (bytes[8], bytes[9], bytes[18]) = (1, (byte)Channels, MappingFamily);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(10), (ushort)PreSkip);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), InputSampleRate);
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(16), OutputGain);
        Mapping.Span.CopyTo(bytes.AsSpan(HeadLength));
        return bytes;
    }

    /// <summary>
    /// Samples at 48 kHz in a packet (RFC 6716, 3.1 and 3.2): the frame's length from its first byte, times the number of frames. Of several streams in one packet
    /// all have the same length, and the first says it.
    /// </summary>
    /// <returns>120 to 5,760, or 0 when the packet is broken.</returns>
    public static int SamplesIn(ReadOnlySpan<byte> packet)
    {
        if (packet.IsEmpty)
        {
            return 0;
        }

        var configuration = packet[0] >> 3;
        var frame = configuration switch
        {
            < 12 => (configuration & 3) switch { 0 => 480, 1 => 960, 2 => 1920, _ => 2880 },
            < 16 => (configuration & 1) == 0 ? 480 : 960,
            _ => 120 << (configuration & 3),
        };
        var count = (packet[0] & 3) switch { 0 => 1, 3 => packet.Length > 1 ? packet[1] & 63 : 0, _ => 2 };

        // 120 ms at most (3.2.5, R5).
        return frame * count <= 5760 ? frame * count : 0;
    }

    private static void CheckMapping(ReadOnlySpan<byte> mapping, int channels)
    {
        if (mapping.Length < 2 + channels)
        {
            throw new InvalidCodecConfigException("An Opus header ends in its channel mapping.");
        }

        var (streams, coupled) = (mapping[0], mapping[1]);
        if (streams == 0 || coupled > streams || streams + coupled > 255)
        {
            throw new InvalidCodecConfigException($"An Opus header has {streams} streams of which {coupled} are coupled, which cannot be.");
        }

        foreach (var place in mapping[2..(2 + channels)])
        {
            if (place != 255 && place >= streams + coupled)
            {
                throw new InvalidCodecConfigException($"An Opus header takes a channel from place {place} of {streams + coupled}.");
            }
        }
    }
}
