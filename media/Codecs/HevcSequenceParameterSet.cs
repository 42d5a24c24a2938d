using System.Buffers;
using System.Globalization;

namespace Broadcast.Media.Codecs;

/// <summary>HEVC profile, tier and level (ITU-T H.265, 7.3.3), as used in codec strings.</summary>
/// <param name="Space">general_profile_space, 0 to 3.</param>
/// <param name="IsHighTier">general_tier_flag.</param>
/// <param name="Profile">general_profile_idc, 0 to 31.</param>
/// <param name="Compatibility">The 32 general_profile_compatibility_flags, flag 0 in the highest bit.</param>
/// <param name="Constraints">The 48 constraint bits after the compatibility flags, in the low bits.</param>
/// <param name="Level">general_level_idc: 30 times the level.</param>
public sealed record HevcProfile(int Space, bool IsHighTier, int Profile, uint Compatibility, ulong Constraints, int Level)
{
    /// <summary>ISO/IEC 14496-15, E.3: the part of the codec string after <c>hvc1.</c>, such as <c>1.6.L93.B0</c>.</summary>
    public override string ToString()
    {
        uint reversed = 0;
        for (var i = 0; i < 32; i++)
        {
            reversed |= ((Compatibility >> i) & 1) << (31 - i);
        }

        var space = Space == 0 ? "" : $"{(char)('A' + Space - 1)}";
        var text = string.Create(CultureInfo.InvariantCulture, $"{space}{Profile}.{reversed:X}.{(IsHighTier ? 'H' : 'L')}{Level}");
        for (var rest = Constraints << 16; rest != 0; rest <<= 8)
        {
            text += string.Create(CultureInfo.InvariantCulture, $".{rest >> 56:X}");
        }

        return text;
    }
}

/// <summary>Fields of an HEVC sequence parameter set (ITU-T H.265, 7.3.2.2) that the packager needs.</summary>
/// <param name="Profile">Profile, tier and level.</param>
/// <param name="VideoFormat">Frame size, aspect ratio, frame rate and colors.</param>
/// <param name="ChromaFormat">chroma_format_idc: 1 is 4:2:0.</param>
/// <param name="BitDepth">Bit depth of luma samples.</param>
public sealed record HevcSequenceParameterSet(HevcProfile Profile, VideoFormat VideoFormat, int ChromaFormat, int BitDepth)
{
    /// <summary>Bit depth of chroma samples.</summary>
    public int ChromaBitDepth { get; init; } = 8;

    /// <summary>Parses an SPS NAL unit, including its 2-byte header.</summary>
    /// <exception cref="InvalidCodecConfigException">The SPS is malformed or exceeds a limit; the message says where.</exception>
    public static HevcSequenceParameterSet Parse(ReadOnlySpan<byte> nalUnit)
    {
        if (nalUnit.Length is < 15 or > 4096)
        {
            throw new InvalidCodecConfigException($"An HEVC SPS of {nalUnit.Length} bytes is invalid; expected 15 to 4,096 bytes.");
        }

        if (nalUnit[0] >> 1 != 33)
        {
            throw new InvalidCodecConfigException($"A NAL unit that starts with {nalUnit[0]:x2} is not an HEVC SPS.");
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

    private static HevcSequenceParameterSet ParsePayload(ReadOnlySpan<byte> bytes)
    {
        var bits = new BitReader(bytes, "HEVC SPS");
        bits.Skip(16);
        ReadNumber(ref bits, out var head);
        var (subLayers, profile) = head;
        var chroma = bits.UnsignedGolomb(3, "chroma_format_idc");
        var separatePlanes = chroma == 3 && bits.Flag();
        long width = bits.UnsignedGolomb(VideoFormat.MaxSide, "pic_width_in_luma_samples");
        long height = bits.UnsignedGolomb(VideoFormat.MaxSide, "pic_height_in_luma_samples");
        if (bits.Flag())
        {
            // 7.4.3.2.1: the unit of the conformance window depends on the chroma format.
            var array = separatePlanes ? 0 : chroma;
            width -= (array is 1 or 2 ? 2L : 1) * ((long)bits.UnsignedGolomb() + bits.UnsignedGolomb());
            height -= (array == 1 ? 2L : 1) * ((long)bits.UnsignedGolomb() + bits.UnsignedGolomb());
        }

        if (width <= 0 || height <= 0)
        {
            throw new InvalidCodecConfigException("HEVC SPS: the conformance window leaves no image.");
        }

        var depth = (int)bits.UnsignedGolomb(8, "bit_depth_luma_minus8") + 8;
        var chromaDepth = (int)bits.UnsignedGolomb(8, "bit_depth_chroma_minus8") + 8;
        var vui = HevcVui.ReadAfterBitDepths(ref bits, subLayers);
        return new HevcSequenceParameterSet(
            profile,
            new VideoFormat((int)width, (int)height, vui.AspectWidth, vui.AspectHeight, vui.FrameRate, vui.Color),
            (int)chroma,
            depth) { ChromaBitDepth = chromaDepth };
    }

    /// <summary>Reads from the end of the 2-byte header up to the parameter set ID, which it returns.</summary>
    internal static uint ReadNumber(ref BitReader bits, out (int SubLayers, HevcProfile Profile) head)
    {
        bits.Skip(4);
        var subLayers = (int)bits.Bits(3);
        if (subLayers == 7)
        {
            throw new InvalidCodecConfigException("HEVC SPS: sps_max_sub_layers_minus1 is 7; the maximum is 6.");
        }

        bits.Skip(1);
        head = (subLayers, ReadProfile(ref bits, subLayers));
        return bits.UnsignedGolomb(15, "sps_seq_parameter_set_id");
    }

    /// <summary>7.3.3: profile_tier_level.</summary>
    private static HevcProfile ReadProfile(ref BitReader bits, int subLayers)
    {
        var (space, tier, idc) = ((int)bits.Bits(2), bits.Flag(), (int)bits.Bits(5));
        var compatibility = bits.Bits(32);
        var constraints = ((ulong)bits.Bits(32) << 16) | bits.Bits(16);
        var level = (int)bits.Bits(8);
        Span<bool> present = stackalloc bool[14];
        for (var i = 0; i < 2 * subLayers; i++)
        {
            present[i] = bits.Flag();
        }

        if (subLayers > 0)
        {
            bits.Skip(2 * (8 - subLayers));
        }

        for (var i = 0; i < subLayers; i++)
        {
            bits.Skip((present[2 * i] ? 88 : 0) + (present[(2 * i) + 1] ? 8 : 0));
        }

        return new HevcProfile(space, tier, idc, compatibility, constraints, level);
    }
}
