namespace Broadcast.Media;

/// <summary>What the video usability information of an HEVC SPS says (ITU-T H.265, E.2.1).</summary>
internal readonly record struct HevcUsability(int AspectWidth, int AspectHeight, CodedColor? Color, double FrameRate)
{
    private const int MaxPictures = 16;

    /// <summary>
    /// Reads on behind the bit depths (7.3.2.2.1). Nothing there is needed to play the stream: where it is broken, what it did not say stays unknown.
    /// </summary>
    public static HevcUsability ReadBehindDepth(ref BitReader bits, int subLayers)
    {
        var read = new HevcUsability(1, 1, null, 0);
        try
        {
            if (!SkipToUsability(ref bits, subLayers))
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
                const uint unknown = AvcSequenceParameters.Unspecified;
                var (primaries, transfer, matrix) = bits.Flag() ? (bits.Bits(8), bits.Bits(8), bits.Bits(8)) : (unknown, unknown, unknown);
                var said = fullRange || primaries != unknown || transfer != unknown || matrix != unknown;
                read = said ? read with { Color = new CodedColor((byte)primaries, (byte)transfer, (byte)matrix, fullRange) } : read;
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

            // A tick is a picture here, unlike in H.264. A rate outside sense is no rate.
            var (unitsInTick, timeScale) = (bits.Bits(32), bits.Bits(32));
            var rate = unitsInTick == 0 ? 0 : (double)timeScale / unitsInTick;
            return read with { FrameRate = rate is >= 0.1 and <= 1000 ? rate : 0 };
        }
        catch (InvalidCodecConfigException)
        {
            return read;
        }
    }

    private static HevcUsability ReadAspect(ref BitReader bits, HevcUsability read)
    {
        var index = bits.Bits(8);
        if (index == 255)
        {
            var (x, y) = ((int)bits.Bits(16), (int)bits.Bits(16));
            return x > 0 && y > 0 ? read with { AspectWidth = x, AspectHeight = y } : read;
        }

        return index < AvcSequenceParameters.SampleAspects.Length
            ? read with { AspectWidth = AvcSequenceParameters.SampleAspects[index].Width, AspectHeight = AvcSequenceParameters.SampleAspects[index].Height }
            : read;
    }

    /// <returns>Whether there is usability information, at whose first bit the reader then is.</returns>
    private static bool SkipToUsability(ref BitReader bits, int subLayers)
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

    /// <summary>7.3.4.</summary>
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

    /// <summary>7.3.7: each set may be told as a difference from the one before, and only its number of pictures matters to the next.</summary>
    private static void SkipReferenceSets(ref BitReader bits)
    {
        var count = bits.UnsignedGolomb(64, "num_short_term_ref_pic_sets");
        var pictures = 0;
        for (var i = 0; i < count; i++)
        {
            if (i > 0 && bits.Flag())
            {
                bits.Skip(1);
                bits.UnsignedGolomb();
                var kept = 0;
                for (var j = 0; j <= pictures; j++)
                {
                    var isUsed = bits.Flag();
                    kept += isUsed || bits.Flag() ? 1 : 0;
                }

                pictures = kept;
            }
            else
            {
                var (before, after) = (bits.UnsignedGolomb(MaxPictures, "num_negative_pics"), bits.UnsignedGolomb(MaxPictures, "num_positive_pics"));
                pictures = (int)(before + after);
                for (var j = 0; j < pictures; j++)
                {
                    bits.UnsignedGolomb();
                    bits.Skip(1);
                }
            }

            if (pictures > MaxPictures)
            {
                throw new InvalidCodecConfigException($"SPS of HEVC: a reference picture set has {pictures} pictures, over {MaxPictures}.");
            }
        }
    }
}
