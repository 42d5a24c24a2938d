using System.Buffers;

namespace Broadcast.Media.Codecs;

/// <summary>Color description (ITU-T H.273), with the code points of <c>nclx</c> in <c>colr</c>.</summary>
/// <param name="Primaries">ColourPrimaries; 1 is BT.709, 2 is unspecified.</param>
/// <param name="Transfer">TransferCharacteristics.</param>
/// <param name="Matrix">MatrixCoefficients.</param>
/// <param name="FullRange">Whether luma uses the full range of values instead of 16 to 235.</param>
public sealed record ColorDescription(byte Primaries, byte Transfer, byte Matrix, bool FullRange);

/// <summary>Fields of an H.264 sequence parameter set (ITU-T H.264, 7.3.2.1.1) that the packager needs.</summary>
/// <param name="ProfileIdc">profile_idc.</param>
/// <param name="ConstraintFlags">The byte of constraint flags after profile_idc.</param>
/// <param name="LevelIdc">level_idc.</param>
/// <param name="Width">Width in luma samples, after cropping.</param>
/// <param name="Height">Height in luma samples, after cropping.</param>
/// <param name="SampleAspectWidth">Width of the sample aspect ratio; 1 when unspecified.</param>
/// <param name="SampleAspectHeight">Height of the sample aspect ratio; 1 when unspecified.</param>
/// <param name="FramesPerSecond">Frame rate from the VUI timing; 0 when unspecified.</param>
/// <param name="Color">Color description; <see langword="null"/> when unspecified.</param>
public sealed record AvcSequenceParameterSet(
    byte ProfileIdc, byte ConstraintFlags, byte LevelIdc, int Width, int Height, int SampleAspectWidth, int SampleAspectHeight,
    double FramesPerSecond,
    ColorDescription? Color = null)
{
    /// <summary>Display width in pixels: the width with the sample aspect ratio applied, 1 to 65,535. The height stays unchanged.</summary>
    public int DisplayWidth =>
        (int)Math.Clamp((((long)Width * SampleAspectWidth) + (SampleAspectHeight / 2)) / SampleAspectHeight, 1, ushort.MaxValue);

    /// <summary>chroma_format_idc: 1 is 4:2:0.</summary>
    public int ChromaFormat { get; init; } = 1;

    /// <summary>Bit depth of luma samples.</summary>
    public int BitDepth { get; init; } = 8;

    /// <summary>Bit depth of chroma samples.</summary>
    public int ChromaBitDepth { get; init; } = 8;

    /// <summary>Indicates whether the stream may contain interlaced frames: frame_mbs_only_flag is 0. Each frame signals its own
    /// type.</summary>
    public bool MayBeInterlaced { get; init; }

    /// <summary>Maximum frame width or height, in pixels.</summary>
    public const int MaxSide = 8192;

    internal const uint Unspecified = 2;

    // Table E-1, which HEVC shares.
    internal static readonly (byte Width, byte Height)[] SampleAspects =
        [(1, 1), (1, 1), (12, 11), (10, 11), (16, 11), (40, 33), (24, 11), (20, 11), (32, 11), (80, 33), (18, 11), (15, 11), (64, 33),
            (160, 99), (4, 3), (3, 2), (2, 1)];

    /// <summary>Parses an SPS NAL unit, including its header byte.</summary>
    /// <exception cref="InvalidCodecConfigException">The SPS is malformed or exceeds a limit; the message says where.</exception>
    public static AvcSequenceParameterSet Parse(ReadOnlySpan<byte> nalUnit)
    {
        if (nalUnit.Length is < 5 or > 4096)
        {
            throw new InvalidCodecConfigException($"An SPS of {nalUnit.Length} bytes is invalid; expected 5 to 4,096 bytes.");
        }

        if ((nalUnit[0] & 0x9F) != 7)
        {
            throw new InvalidCodecConfigException($"A NAL unit that starts with {nalUnit[0]:x2} is not an SPS.");
        }

        var rented = ArrayPool<byte>.Shared.Rent(nalUnit.Length);
        try
        {
            return ParsePayload(rented.AsSpan(0, NalUnitReader.RemoveEmulationPrevention(nalUnit, rented)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static AvcSequenceParameterSet ParsePayload(ReadOnlySpan<byte> bytes)
    {
        var bits = new BitReader(bytes, "SPS");
        bits.Skip(8);
        var profile = (byte)bits.Bits(8);
        var constraints = (byte)bits.Bits(8);
        var level = (byte)bits.Bits(8);
        bits.UnsignedGolomb(31, "seq_parameter_set_id");

        var (chroma, depth, chromaDepth) = (1u, 8u, 8u);
        var separatePlanes = false;
        if (IsHigh(profile))
        {
            chroma = bits.UnsignedGolomb(3, "chroma_format_idc");
            separatePlanes = chroma == 3 && bits.Flag();
            depth = bits.UnsignedGolomb(6, "bit_depth_luma_minus8") + 8;
            chromaDepth = bits.UnsignedGolomb(6, "bit_depth_chroma_minus8") + 8;
            bits.Skip(1);
            if (bits.Flag())
            {
                for (var i = 0; i < (chroma == 3 ? 12 : 8); i++)
                {
                    if (bits.Flag())
                    {
                        SkipScalingList(ref bits, i < 6 ? 16 : 64);
                    }
                }
            }
        }

        bits.UnsignedGolomb(12, "log2_max_frame_num_minus4");
        switch (bits.UnsignedGolomb(2, "pic_order_cnt_type"))
        {
            case 0:
                bits.UnsignedGolomb(12, "log2_max_pic_order_cnt_lsb_minus4");
                break;
            case 1:
                bits.Skip(1);
                bits.SignedGolomb();
                bits.SignedGolomb();
                var cycle = bits.UnsignedGolomb(255, "num_ref_frames_in_pic_order_cnt_cycle");
                for (var i = 0; i < cycle; i++)
                {
                    bits.SignedGolomb();
                }

                break;
        }

        bits.UnsignedGolomb(16, "max_num_ref_frames");
        bits.Skip(1);
        var widthInBlocks = bits.UnsignedGolomb((MaxSide / 16) - 1, "pic_width_in_mbs_minus1") + 1;
        var heightInUnits = bits.UnsignedGolomb((MaxSide / 16) - 1, "pic_height_in_map_units_minus1") + 1;
        var framesOnly = bits.Flag();
        if (!framesOnly)
        {
            bits.Skip(1);
        }

        bits.Skip(1);
        var width = (long)widthInBlocks * 16;
        var height = (long)heightInUnits * 16 * (framesOnly ? 1 : 2);
        if (height > MaxSide)
        {
            throw new InvalidCodecConfigException($"SPS: a height of {height} exceeds {MaxSide}.");
        }

        if (bits.Flag())
        {
            // 7.4.2.1.1: the unit of the crop offsets depends on the chroma format and on interlacing.
            var array = separatePlanes ? 0 : chroma;
            var unitX = array is 1 or 2 ? 2 : 1;
            var unitY = (array == 1 ? 2 : 1) * (framesOnly ? 1 : 2);
            width -= (long)unitX * ((long)bits.UnsignedGolomb() + bits.UnsignedGolomb());
            height -= (long)unitY * ((long)bits.UnsignedGolomb() + bits.UnsignedGolomb());
            if (width <= 0 || height <= 0)
            {
                throw new InvalidCodecConfigException("SPS: the cropping rectangle leaves no image.");
            }
        }

        var vui = bits.Flag() ? ReadVui(ref bits) : new AvcVui(1, 1, null, 0);
        return new AvcSequenceParameterSet(
            profile, constraints, level, (int)width, (int)height, vui.AspectWidth, vui.AspectHeight, vui.FrameRate, vui.Color)
        {
            ChromaFormat = (int)chroma, BitDepth = (int)depth, ChromaBitDepth = (int)chromaDepth, MayBeInterlaced = !framesOnly,
        };
    }

    /// <summary>
    /// Returns whether an SPS of this profile contains chroma format and bit depths, which the configuration record then repeats.
    /// </summary>
    internal static bool IsHigh(byte profile) => profile is 100 or 110 or 122 or 244 or 44 or 83 or 86 or 118 or 128 or 138 or 139
        or 134 or 135;

    private readonly record struct AvcVui(int AspectWidth, int AspectHeight, ColorDescription? Color, double FrameRate);

    /// <summary>Reads annex E.1.1 up to the timing. Truncated VUI is common and harmless; missing values stay unspecified.</summary>
    private static AvcVui ReadVui(ref BitReader bits)
    {
        var read = new AvcVui(1, 1, null, 0);
        try
        {
            if (bits.Flag())
            {
                var index = bits.Bits(8);
                if (index == 255)
                {
                    var (x, y) = ((int)bits.Bits(16), (int)bits.Bits(16));
                    read = x > 0 && y > 0 ? read with { AspectWidth = x, AspectHeight = y } : read;
                }
                else if (index < SampleAspects.Length)
                {
                    read = read with { AspectWidth = SampleAspects[index].Width, AspectHeight = SampleAspects[index].Height };
                }
            }

            if (bits.Flag())
            {
                bits.Skip(1);
            }

            if (bits.Flag())
            {
                bits.Skip(3);
                var fullRange = bits.Flag();
                var (primaries, transfer, matrix) = bits.Flag() ? (bits.Bits(8), bits.Bits(8), bits.Bits(8))
                    : (Unspecified, Unspecified, Unspecified);
                var isSpecified = fullRange || primaries != Unspecified || transfer != Unspecified || matrix != Unspecified;
                read = isSpecified ? read with { Color = new ColorDescription((byte)primaries, (byte)transfer, (byte)matrix, fullRange) }
                    : read;
            }

            if (bits.Flag())
            {
                bits.UnsignedGolomb();
                bits.UnsignedGolomb();
            }

            if (!bits.Flag())
            {
                return read;
            }

            var (unitsInTick, timeScale) = (bits.Bits(32), bits.Bits(32));

            // A frame lasts two ticks (E.2.1). An implausible rate is ignored.
            var rate = unitsInTick == 0 ? 0 : (double)timeScale / unitsInTick / 2;
            return read with { FrameRate = rate is >= 0.1 and <= 1000 ? rate : 0 };
        }
        catch (InvalidCodecConfigException)
        {
            return read;
        }
    }

    private static void SkipScalingList(ref BitReader bits, int size)
    {
        var (last, next) = (8, 8);
        for (var i = 0; i < size; i++)
        {
            if (next != 0)
            {
                next = (last + bits.SignedGolomb()) & 255;
            }

            last = next == 0 ? last : next;
        }
    }
}
