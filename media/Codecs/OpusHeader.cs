using System.Buffers.Binary;

namespace Broadcast.Media.Codecs;

/// <summary>The Opus identification header (RFC 7845, 5.1).</summary>
/// <param name="Channels">Number of output channels, 1 to 8.</param>
/// <param name="PreSkip">Number of samples at 48 kHz to discard from the start of the decoder output.</param>
/// <param name="InputSampleRate">Sample rate of the original in Hz, for information; 0 when unknown.</param>
/// <param name="OutputGain">Output gain in 1/256 dB.</param>
/// <param name="MappingFamily">0 for mono and stereo, 1 for up to 8 channels in Vorbis order, 255 for channels without defined
/// meaning.</param>
/// <param name="Mapping">Stream count, coupled count and channel mapping; empty in family 0.</param>
public sealed record OpusHeader(int Channels, int PreSkip, uint InputSampleRate, short OutputGain, byte MappingFamily,
    ReadOnlyMemory<byte> Mapping)
{
    /// <summary>Timescale of Opus in Hz, independent of the original sample rate.</summary>
    public const int SampleRate = 48_000;

    private const int HeadLength = 19;

    /// <summary>Parses a header.</summary>
    /// <exception cref="InvalidCodecConfigException">The header is malformed, or not playable; the message says where.</exception>
    public static OpusHeader Parse(ReadOnlyMemory<byte> header)
    {
        var bytes = header.Span;
        if (bytes.Length is < HeadLength or > HeadLength + 2 + 255)
        {
            throw new InvalidCodecConfigException(
                $"An Opus header of {bytes.Length} bytes is invalid; expected {HeadLength} to {HeadLength + 2 + 255} bytes.");
        }

        if (!bytes.StartsWith("OpusHead"u8) || bytes[8] >= 16)
        {
            throw new InvalidCodecConfigException("An Opus header does not start with OpusHead and a version below 16.");
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

    /// <summary>Serializes the header.</summary>
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
    /// Number of samples at 48 kHz in a packet (RFC 6716, 3.1 and 3.2): the frame size from its first byte, times the number of frames. All
    /// streams in a packet have the same duration, so the first one is read.
    /// </summary>
    /// <returns>120 to 5,760, or 0 when the packet is malformed.</returns>
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

        // At most 120 ms (3.2.5, R5).
        return frame * count <= 5760 ? frame * count : 0;
    }

    private static void CheckMapping(ReadOnlySpan<byte> mapping, int channels)
    {
        if (mapping.Length < 2 + channels)
        {
            throw new InvalidCodecConfigException("An Opus header is truncated in its channel mapping.");
        }

        var (streams, coupled) = (mapping[0], mapping[1]);
        if (streams == 0 || coupled > streams || streams + coupled > 255)
        {
            throw new InvalidCodecConfigException($"An Opus header has an invalid count of {streams} streams, {coupled} of them coupled.");
        }

        foreach (var index in mapping[2..(2 + channels)])
        {
            if (index != 255 && index >= streams + coupled)
            {
                throw new InvalidCodecConfigException($"An Opus header maps a channel to index {index} of {streams + coupled}.");
            }
        }
    }
}
