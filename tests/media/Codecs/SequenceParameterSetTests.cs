using Broadcast.Media.Codecs;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Codecs;

public sealed class SequenceParameterSetTests
{
    [Fact]
    public void Valid_SPS_is_read()
    {
        var read = AvcSequenceParameterSet.Parse(new Sps().Write());
        read.ShouldBe(new AvcSequenceParameterSet(66, 0, 30, 320, 192, 1, 1, 30));
    }

    [Theory]
    [InlineData(1, true, 2, 2)]
    [InlineData(1, false, 2, 4)]
    [InlineData(2, true, 2, 1)]
    [InlineData(3, true, 1, 1)]
    [InlineData(0, true, 1, 1)]
    [InlineData(0, false, 1, 2)]
    public void Cropping_counts_in_units_of_the_chroma_format(ulong chroma, bool framesOnly, int unitX, int unitY)
    {
        var read =
            AvcSequenceParameterSet.Parse(new Sps { Profile = 100, Chroma = chroma, FramesOnly = framesOnly, Crop = (1, 2, 3, 4) }.Write());
        read.Width.ShouldBe(320 - (3 * unitX));
        read.Height.ShouldBe((framesOnly ? 192 : 384) - (7 * unitY));
        read.MayBeInterlaced.ShouldBe(!framesOnly);
    }

    [Fact]
    public void H62_cropping_of_the_complete_frame_is_rejected()
    {
        Refused(new Sps { Crop = (80, 80, 0, 0) });
        Refused(new Sps { Crop = (0, 0, 96, 0) });
        Refused(new Sps { Crop = (uint.MaxValue - 1, uint.MaxValue - 1, uint.MaxValue - 1, uint.MaxValue - 1) });
        AvcSequenceParameterSet.Parse(new Sps { Crop = (80, 79, 0, 0) }.Write()).Width.ShouldBe(2);
    }

    [Fact]
    public void H62_video_beyond_the_size_limit_is_rejected()
    {
        AvcSequenceParameterSet.Parse(new Sps { WidthBlocks = 512, HeightBlocks = 512 }.Write()).Width.ShouldBe(8192);
        Refused(new Sps { WidthBlocks = 513 });
        Refused(new Sps { HeightBlocks = 513 });
        Refused(new Sps { HeightBlocks = 257, FramesOnly = false });
        Refused(new Sps { WidthBlocks = 65_536 });
        Refused(new Sps { WidthBlocks = uint.MaxValue });
    }

    [Fact]
    public void H62_order_count_cycle_of_a_billion_is_rejected_immediately()
    {
        Refused(new Sps { OrderCountType = 1, OrderCountCycle = 1_000_000_000 });
        Refused(new Sps { OrderCountType = 1, OrderCountCycle = 256, OrderCountOffsets = 256 });
        AvcSequenceParameterSet.Parse(new Sps { OrderCountType = 1, OrderCountCycle = 255, OrderCountOffsets = 255 }.Write())
            .Width.ShouldBe(320);
        Refused(new Sps { OrderCountType = 3 });
        Refused(new Sps { Id = 32 });
    }

    [Theory]
    [InlineData(1UL, 60UL, 30.0)]
    [InlineData(1001UL, 60_000UL, 30_000.0 / 1001)]
    [InlineData(0UL, 60UL, 0.0)]
    [InlineData(1UL, 0UL, 0.0)]
    [InlineData(0UL, 0UL, 0.0)]
    [InlineData(0x8000_0000UL, 60UL, 0.0)]
    [InlineData(uint.MaxValue, uint.MaxValue, 0.5)]
    [InlineData(1UL, uint.MaxValue, 0.0)]
    public void H62_implausible_frame_rate_is_ignored(ulong units, ulong scale, double rate) =>
        AvcSequenceParameterSet.Parse(new Sps { Timing = (units, scale) }.Write()).FramesPerSecond.ShouldBe(rate, 1e-9);

    [Theory]
    [InlineData(0UL, 0UL, 0UL, 1, 1)]
    [InlineData(1UL, 0UL, 0UL, 1, 1)]
    [InlineData(14UL, 0UL, 0UL, 4, 3)]
    [InlineData(16UL, 0UL, 0UL, 2, 1)]
    [InlineData(17UL, 0UL, 0UL, 1, 1)]
    [InlineData(254UL, 0UL, 0UL, 1, 1)]
    [InlineData(255UL, 64UL, 45UL, 64, 45)]
    [InlineData(255UL, 0UL, 45UL, 1, 1)]
    [InlineData(255UL, 64UL, 0UL, 1, 1)]
    public void Aspect_ratios_match_table_E_1(ulong index, ulong x, ulong y, int width, int height)
    {
        var read = AvcSequenceParameterSet.Parse(new Sps { Aspect = (index, x, y) }.Write());
        (read.SampleAspectWidth, read.SampleAspectHeight).ShouldBe((width, height));
    }

    [Theory]
    [InlineData(65_535UL, 1UL, 65_535)]
    [InlineData(1UL, 65_535UL, 1)]
    public void Extreme_aspect_ratio_still_yields_a_valid_display_width(ulong x, ulong y, int width) =>
        AvcSequenceParameterSet.Parse(new Sps { Aspect = (255, x, y) }.Write()).DisplayWidth.ShouldBe(width);

    [Fact]
    public void H62_VUI_truncated_at_any_bit_keeps_the_video_size()
    {
        var whole = new Sps { Aspect = (255, 64, 45), FullRange = true };
        var bytes = whole.Body(out var vuiStart).ToArray();
        var read = new HashSet<int>();
        for (var length = (vuiStart + 7) / 8; length <= bytes.Length; length++)
        {
            var cut = AvcSequenceParameterSet.Parse(bytes.AsSpan(0, length));
            cut.Width.ShouldBe(320);
            cut.SampleAspectWidth.ShouldBeOneOf(1, 64);
            cut.FramesPerSecond.ShouldBeOneOf(0, 30);
            read.Add(cut.SampleAspectWidth);
        }

        read.Count.ShouldBe(2);
        for (var length = 0; length < vuiStart / 8; length++)
        {
            Should.Throw<InvalidCodecConfigException>(() => AvcSequenceParameterSet.Parse(bytes.AsSpan(0, length)));
        }
    }

    [Fact]
    public void H62_Exp_Golomb_codes_with_more_than_31_zeros_are_rejected()
    {
        for (var zeros = 0; zeros <= 64; zeros++)
        {
            var bytes = new BitWriter().Bits(0, Math.Min(zeros, 32)).Bits(0, Math.Max(zeros - 32, 0)).Flag(true).Bits(0, 64).ToArray();
            if (zeros <= 31)
            {
                new BitReader(bytes, "test").UnsignedGolomb().ShouldBe((uint)((1UL << zeros) - 1));
            }
            else
            {
                Should.Throw<InvalidCodecConfigException>(() => new BitReader(bytes, "test").UnsignedGolomb());
            }
        }

        Should.Throw<InvalidCodecConfigException>(() => new BitReader(new byte[4096], "test").UnsignedGolomb());
        Should.Throw<InvalidCodecConfigException>(() => new BitReader(default, "test").UnsignedGolomb());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-1)]
    [InlineData(12_345)]
    [InlineData(int.MaxValue)]
    [InlineData(-int.MaxValue)]
    public void Signed_Golomb_codes_round_trip(int value) =>
        new BitReader(new BitWriter().Se(value).ToArray(), "test").SignedGolomb().ShouldBe(value);

    [Fact]
    public void Unsigned_Golomb_codes_round_trip_up_to_the_largest()
    {
        foreach (var value in new uint[] { 0u, 1u, 2u, 255u, 65_535u, int.MaxValue, uint.MaxValue - 1 })
        {
            new BitReader(new BitWriter().Ue(value).ToArray(), "test").UnsignedGolomb().ShouldBe(value);
        }
    }

    [Fact]
    public void Bits_past_the_end_and_invalid_bit_counts_are_rejected()
    {
        Should.Throw<InvalidCodecConfigException>(() => { var bits = new BitReader([1, 2], "test"); bits.Bits(17); });
        Should.Throw<ArgumentOutOfRangeException>(() => { var bits = new BitReader(new byte[64], "test"); bits.Bits(33); });
        var whole = new BitReader([0xA5, 0x0F], "test");
        whole.Bits(16).ShouldBe(0xA50Fu);
        whole.Remaining.ShouldBe(0);
        whole.Bits(0).ShouldBe(0u);
    }

    private static void Refused(Sps sps) => Should.Throw<InvalidCodecConfigException>(() => AvcSequenceParameterSet.Parse(sps.Write()),
        sps.ToString());
}
