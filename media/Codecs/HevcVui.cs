namespace Broadcast.Media.Codecs;

/// <summary>Video usability information of an HEVC SPS (ITU-T H.265, E.2.1).</summary>
internal readonly record struct HevcVui(int AspectWidth, int AspectHeight, ColorDescription? Color, double FrameRate)
{
    private const int MaxReferences = 16;

    /// <summary>
    /// Reads the SPS fields after the bit depths (7.3.2.2.1). None of them is needed for playback. Where they are malformed, the remaining
    /// values stay unspecified.
    /// </summary>
    public static HevcVui ReadAfterBitDepths(ref BitReader bits, int subLayers)
    {
        var read = new HevcVui(1, 1, null, 0);
        try
        {
            if (!SkipToVui(ref bits, subLayers))
            {
                return read;
            }

            if (bits.Flag())
            {
                read = ReadAspect(ref bits, read);
            }

            if (bits.Flag())
            {
                bits.Skip(1);
            }

            if (bits.Flag())
            {
                bits.Skip(3);
                var fullRange = bits.Flag();
                const uint unknown = AvcSequenceParameterSet.Unspecified;
                var (primaries, transfer, matrix) = bits.Flag() ? (bits.Bits(8), bits.Bits(8), bits.Bits(8)) : (unknown, unknown, unknown);
                var isSpecified = fullRange || primaries != unknown || transfer != unknown || matrix != unknown;
                read = isSpecified ? read with { Color = new ColorDescription((byte)primaries, (byte)transfer, (byte)matrix, fullRange) }
                    : read;
            }

            if (bits.Flag())
            {
                bits.UnsignedGolomb();
                bits.UnsignedGolomb();
            }

            bits.Skip(3);
            if (bits.Flag())
            {
                for (var i = 0; i < 4; i++)
                {
                    bits.UnsignedGolomb();
                }
            }

            if (!bits.Flag())
            {
                return read;
            }

            // Unlike in H.264, a tick is one frame. An implausible rate is ignored.
            var (unitsInTick, timeScale) = (bits.Bits(32), bits.Bits(32));
            var rate = unitsInTick == 0 ? 0 : (double)timeScale / unitsInTick;
            return read with { FrameRate = rate is >= 0.1 and <= 1000 ? rate : 0 };
        }
        catch (InvalidCodecConfigException)
        {
            return read;
        }
    }

    private static HevcVui ReadAspect(ref BitReader bits, HevcVui read)
    {
        var index = bits.Bits(8);
        if (index == 255)
        {
            var (x, y) = ((int)bits.Bits(16), (int)bits.Bits(16));
            return x > 0 && y > 0 ? read with { AspectWidth = x, AspectHeight = y } : read;
        }

        return index < AvcSequenceParameterSet.SampleAspects.Length
            ? read with { AspectWidth = AvcSequenceParameterSet.SampleAspects[index].Width,
                AspectHeight = AvcSequenceParameterSet.SampleAspects[index].Height }
            : read;
    }

    /// <returns>Whether usability information is present; the reader is then at its first bit.</returns>
    private static bool SkipToVui(ref BitReader bits, int subLayers)
    {
        var orderBits = (int)bits.UnsignedGolomb(12, "log2_max_pic_order_cnt_lsb_minus4") + 4;
        for (var i = bits.Flag() ? 0 : subLayers; i <= subLayers; i++)
        {
            bits.UnsignedGolomb();
            bits.UnsignedGolomb();
            bits.UnsignedGolomb();
        }

        for (var i = 0; i < 6; i++)
        {
            bits.UnsignedGolomb(); // sizes of coding and transform blocks
        }

        if (bits.Flag() && bits.Flag())
        {
            SkipScalingLists(ref bits);
        }

        bits.Skip(2);
        if (bits.Flag())
        {
            bits.Skip(8);
            bits.UnsignedGolomb();
            bits.UnsignedGolomb();
            bits.Skip(1);
        }

        SkipReferenceSets(ref bits);
        if (bits.Flag())
        {
            for (var i = bits.UnsignedGolomb(32, "num_long_term_ref_pics_sps"); i > 0; i--)
            {
                bits.Skip(orderBits + 1);
            }
        }

        bits.Skip(2);
        return bits.Flag();
    }

    /// <summary>7.3.4: scaling_list_data.</summary>
    private static void SkipScalingLists(ref BitReader bits)
    {
        for (var size = 0; size < 4; size++)
        {
            for (var matrix = 0; matrix < 6; matrix += size == 3 ? 3 : 1)
            {
                if (!bits.Flag())
                {
                    bits.UnsignedGolomb();
                    continue;
                }

                if (size > 1)
                {
                    bits.SignedGolomb();
                }

                for (var i = Math.Min(64, 1 << (4 + (size << 1))); i > 0; i--)
                {
                    bits.SignedGolomb();
                }
            }
        }
    }

    /// <summary>
    /// 7.3.7. A set may be coded as a difference from the previous one, so its number of reference pictures must be tracked.
    /// </summary>
    private static void SkipReferenceSets(ref BitReader bits)
    {
        var count = bits.UnsignedGolomb(64, "num_short_term_ref_pic_sets");
        var references = 0;
        for (var i = 0; i < count; i++)
        {
            if (i > 0 && bits.Flag())
            {
                bits.Skip(1);
                bits.UnsignedGolomb();
                var used = 0;
                for (var j = 0; j <= references; j++)
                {
                    var isUsed = bits.Flag();
                    used += isUsed || bits.Flag() ? 1 : 0;
                }

                references = used;
            }
            else
            {
                var (before, after) = (bits.UnsignedGolomb(MaxReferences, "num_negative_pics"),
                    bits.UnsignedGolomb(MaxReferences, "num_positive_pics"));
                references = (int)(before + after);
                for (var j = 0; j < references; j++)
                {
                    bits.UnsignedGolomb();
                    bits.Skip(1);
                }
            }

            if (references > MaxReferences)
            {
                throw new InvalidCodecConfigException(
                    $"HEVC SPS: a reference picture set has {references} entries; the maximum is {MaxReferences}.");
            }
        }
    }
}
