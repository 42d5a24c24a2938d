namespace Broadcast.Media.Codecs;

/// <summary>A FLAC STREAMINFO block (RFC 9639, 8.2).</summary>
/// <param name="SampleRate">Sample rate in Hz, 1 to 655,350.</param>
/// <param name="Channels">Number of channels, 1 to 8.</param>
/// <param name="BitsPerSample">Bit depth, 4 to 32.</param>
/// <param name="MaxBlockSize">Maximum number of samples per frame, 16 to 65,535.</param>
public sealed record FlacStreamInfo(int SampleRate, int Channels, int BitsPerSample, int MaxBlockSize)
{
    /// <summary>Size of the block in bytes, including its 4-byte header.</summary>
    internal const int BlockLength = 38;

    /// <summary>Size of a block header in bytes.</summary>
    internal const int BlockHeaderLength = 4;

    /// <summary>Parses a STREAMINFO metadata block, including its header.</summary>
    /// <exception cref="InvalidCodecConfigException">The block is malformed; the message says where.</exception>
    public static FlacStreamInfo Parse(ReadOnlySpan<byte> block)
    {
        if (block.Length < BlockLength)
        {
            throw new InvalidCodecConfigException(
                $"A FLAC header of {block.Length} bytes is too short for STREAMINFO, which takes {BlockLength}.");
        }

        var bits = new BitReader(block[..BlockLength], "STREAMINFO of FLAC");
        bits.Skip(1);
        var (type, length) = (bits.Bits(7), bits.Bits(24));
        if (type != 0 || length != BlockLength - 4)
        {
            throw new InvalidCodecConfigException(
                $"A FLAC header starts with a block of type {type} and {length} bytes instead of STREAMINFO.");
        }

        var (minBlockSize, maxBlockSize) = ((int)bits.Bits(16), (int)bits.Bits(16));
        bits.Skip(24 + 24);
        var (rate, channels, depth) = ((int)bits.Bits(20), (int)bits.Bits(3) + 1, (int)bits.Bits(5) + 1);
        if (maxBlockSize < 16 || minBlockSize > maxBlockSize)
        {
            throw new InvalidCodecConfigException(
                $"STREAMINFO of FLAC: block sizes of {minBlockSize} to {maxBlockSize} samples are invalid.");
        }

        if (rate is < 8000 or > 384_000 || depth < 4)
        {
            throw new InvalidCodecConfigException(
                $"STREAMINFO of FLAC: {rate} Hz and {depth} bits are not supported; use 8,000 to 384,000 Hz and 4 to 32 bits.");
        }

        return new FlacStreamInfo(rate, channels, depth, maxBlockSize);
    }

    /// <summary>Number of samples in a frame, from its header (RFC 9639, 9.1).</summary>
    /// <returns>1 to 65,536, or 0 when the bytes are not a frame.</returns>
    public static int SamplesIn(ReadOnlySpan<byte> frame)
    {
        // Header: 15-bit sync code; codes of block size and sample rate; channels and depth; coded number; optional block size and rate;
        // checksum.
        if (frame.Length < 6 || frame[0] != 0xFF || (frame[1] & 0xFE) != 0xF8 || (frame[3] & 1) != 0)
        {
            return 0;
        }

        var code = frame[2] >> 4;
        var position = 4 + NumberLength(frame[4]);
        return code switch
        {
            0 => 0,
            1 => 192,
            <= 5 => 144 << code,
            6 => position < frame.Length ? frame[position] + 1 : 0,
            7 => position + 1 < frame.Length ? ((frame[position] << 8) | frame[position + 1]) + 1 : 0,
            _ => 1 << code,
        };
    }

    /// <summary>Size of a frame header in bytes, including its checksum (9.1); 0 when it is invalid or truncated.</summary>
    internal static int HeaderLength(ReadOnlySpan<byte> frame)
    {
        if (SamplesIn(frame) == 0)
        {
            return 0;
        }

        var (block, rate) = (frame[2] >> 4, frame[2] & 15);
        var length = 4 + NumberLength(frame[4]) + (block switch { 6 => 1, 7 => 2, _ => 0 })
            + (rate switch { 12 => 1, 13 or 14 => 2, _ => 0 }) + 1;
        return rate != 15 && length > 0 && length <= frame.Length ? length : 0;
    }

    /// <summary>
    /// Size in bytes of a number coded like UTF-8, up to 36 bits (9.1.5). An invalid first byte gives a size past any buffer.
    /// </summary>
    private static int NumberLength(byte first) => first switch
    {
        < 0x80 => 1,
        < 0xC0 => int.MaxValue / 2,
        < 0xE0 => 2,
        < 0xF0 => 3,
        < 0xF8 => 4,
        < 0xFC => 5,
        < 0xFE => 6,
        0xFE => 7,
        _ => int.MaxValue / 2,
    };
}
