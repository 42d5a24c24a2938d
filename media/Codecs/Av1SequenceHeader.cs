namespace Broadcast.Media.Codecs;

/// <summary>Fields of an AV1 sequence header (AV1, 5.5) that the packager needs.</summary>
/// <param name="Profile">seq_profile, 0 to 2.</param>
/// <param name="Level">seq_level_idx of the first operating point, 0 to 31.</param>
/// <param name="IsHighTier">seq_tier of the first operating point.</param>
/// <param name="BitDepth">8, 10 or 12.</param>
/// <param name="Chroma">Chroma subsampling, for <c>av1C</c> and codec strings.</param>
/// <param name="VideoFormat">Maximum frame size, frame rate and colors.</param>
public sealed record Av1SequenceHeader(int Profile, int Level, bool IsHighTier, int BitDepth, Av1Chroma Chroma, VideoFormat VideoFormat)
{
    /// <summary>Maximum header size in bytes; 32 operating points with all optional fields take less.</summary>
    public const int MaxLength = 512;

    /// <summary>Parses the content of a sequence header OBU.</summary>
    /// <exception cref="InvalidCodecConfigException">The header is malformed or exceeds a limit; the message says where.</exception>
    public static Av1SequenceHeader Parse(ReadOnlySpan<byte> payload)
    {
        if (payload.Length > MaxLength)
        {
            throw new InvalidCodecConfigException($"An AV1 sequence header of {payload.Length} bytes exceeds {MaxLength}.");
        }

        var bits = new BitReader(payload, "AV1 sequence header");
        var profile = (int)bits.Bits(3);
        if (profile > 2)
        {
            throw new InvalidCodecConfigException($"AV1 profile {profile} is reserved.");
        }

        bits.Skip(1);
        var isStill = bits.Flag();
        var (level, isHighTier, rate) = isStill ? ((int)bits.Bits(5), false, 0) : ReadOperatingPoints(ref bits);
        var (widthBits, heightBits) = ((int)bits.Bits(4) + 1, (int)bits.Bits(4) + 1);
        var (width, height) = (bits.Bits(widthBits) + 1, bits.Bits(heightBits) + 1);
        if (width > VideoFormat.MaxSide || height > VideoFormat.MaxSide)
        {
            throw new InvalidCodecConfigException(
                $"AV1 sequence header: a frame size of {width}x{height} exceeds {VideoFormat.MaxSide} pixels per side.");
        }

        SkipTools(ref bits, isStill);
        bits.Skip(3);
        var (depth, chroma, color) = ReadColors(ref bits, profile);
        return new Av1SequenceHeader(profile, level, isHighTier, depth, chroma,
            new VideoFormat((int)width, (int)height, 1, 1, rate, color));
    }

    private static (int Level, bool IsHighTier, double Rate) ReadOperatingPoints(ref BitReader bits)
    {
        var (rate, delayBits) = (0.0, 0);
        if (bits.Flag())
        {
            var (unitsInTick, timeScale) = (bits.Bits(32), bits.Bits(32));
            var ticks = bits.Flag() ? bits.UnsignedGolomb() + 1.0 : 0;
            rate = unitsInTick == 0 || ticks == 0 ? 0 : timeScale / (unitsInTick * ticks);
            if (bits.Flag())
            {
                delayBits = (int)bits.Bits(5) + 1;
                bits.Skip(32 + 5 + 5);
            }
        }

        var hasDisplayDelay = bits.Flag();
        var (level, isHighTier) = (0, false);
        var count = bits.Bits(5) + 1;
        for (var i = 0; i < count; i++)
        {
            bits.Skip(12);
            var pointLevel = (int)bits.Bits(5);
            var pointTier = pointLevel > 7 && bits.Flag();
            (level, isHighTier) = i == 0 ? (pointLevel, pointTier) : (level, isHighTier);
            if (delayBits > 0 && bits.Flag())
            {
                bits.Skip((2 * delayBits) + 1);
            }

            if (hasDisplayDelay && bits.Flag())
            {
                bits.Skip(4);
            }
        }

        // An implausible rate is ignored.
        return (level, isHighTier, rate is >= 0.1 and <= 1000 ? rate : 0);
    }

    /// <summary>Skips the coding tool flags, from frame ids to order hints.</summary>
    private static void SkipTools(ref BitReader bits, bool isStill)
    {
        if (!isStill && bits.Flag())
        {
            bits.Skip(7);
        }

        bits.Skip(3);
        if (isStill)
        {
            return;
        }

        bits.Skip(4);
        var hasOrderHint = bits.Flag();
        bits.Skip(hasOrderHint ? 2 : 0);
        var maySwitchTools = bits.Flag() || bits.Flag();
        if (maySwitchTools && !bits.Flag())
        {
            bits.Skip(1);
        }

        bits.Skip(hasOrderHint ? 3 : 0);
    }

    /// <summary>5.5.2: color_config.</summary>
    private static (int Depth, Av1Chroma Chroma, ColorDescription? Color) ReadColors(ref BitReader bits, int profile)
    {
        const uint unknown = AvcSequenceParameterSet.Unspecified;
        var isHigh = bits.Flag();
        var depth = isHigh && profile == 2 && bits.Flag() ? 12 : isHigh ? 10 : 8;
        var isMonochrome = profile != 1 && bits.Flag();
        var (primaries, transfer, matrix) = bits.Flag() ? (bits.Bits(8), bits.Bits(8), bits.Bits(8)) : (unknown, unknown, unknown);
        bool fullRange;
        Av1Chroma chroma;
        if (isMonochrome)
        {
            fullRange = bits.Flag();
            chroma = new Av1Chroma(true, true, true, 0);
        }
        else if (primaries == 1 && transfer == 13 && matrix == 0)
        {
            fullRange = true; // sRGB
            chroma = new Av1Chroma(false, false, false, 0);
        }
        else
        {
            fullRange = bits.Flag();
            var subsamplingX = profile switch { 0 => true, 1 => false, _ => depth != 12 || bits.Flag() };
            var subsamplingY = profile == 0 || (profile == 2 && depth == 12 && subsamplingX && bits.Flag());
            chroma = new Av1Chroma(false, subsamplingX, subsamplingY, subsamplingX && subsamplingY ? (int)bits.Bits(2) : 0);
        }

        var isSpecified = fullRange || primaries != unknown || transfer != unknown || matrix != unknown;
        return (depth, chroma, isSpecified ? new ColorDescription((byte)primaries, (byte)transfer, (byte)matrix, fullRange) : null);
    }
}

/// <summary>Chroma subsampling.</summary>
/// <param name="IsMonochrome">mono_chrome: there is no chroma.</param>
/// <param name="SubsamplingX">subsampling_x.</param>
/// <param name="SubsamplingY">subsampling_y.</param>
/// <param name="Position">chroma_sample_position, 0 to 3.</param>
public sealed record Av1Chroma(bool IsMonochrome, bool SubsamplingX, bool SubsamplingY, int Position);
