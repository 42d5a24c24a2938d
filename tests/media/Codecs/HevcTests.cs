using Broadcast.Media.Codecs;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Codecs;

public sealed class HevcTests
{
    [Fact]
    public void Valid_record_is_read()
    {
        var hevc = CodecConfig.Hevc.Parse(new HevcSps().WriteRecord());
        hevc.CodecString.ShouldBe("hvc1.1.6.L93.B0");
        hevc.VideoFormat.ShouldBe(new VideoFormat(1280, 720, 1, 1, 50, null));
        (hevc.Sequence.ChromaFormat, hevc.Sequence.BitDepth, hevc.Configuration.NalLengthSize,
            hevc.Configuration.ParameterSets.Count).ShouldBe((1, 8, 4, 3));
        hevc.ShouldBe(CodecConfig.Hevc.Parse(new HevcSps().WriteRecord()));
        hevc.ShouldNotBe(CodecConfig.Hevc.Parse(new HevcSps { Level = 90 }.WriteRecord()));
    }

    [Fact]
    public void Fields_before_the_VUI_are_skipped_to_the_bit()
    {
        var hevc = CodecConfig.Hevc.Parse(new HevcSps
        {
            SubLayers = 2, Chroma = 3, DepthMinus8 = 2, ScalingLists = true, LongTerm = 32, ReferenceSets = [4, 5, 6, 7],
            Window = (1, 2, 3, 4),
            Aspect = (64, 45), Color = (9, 16, 9), Timing = (1001, 60_000),
        }.WriteRecord());
        hevc.VideoFormat.ShouldBe(new VideoFormat(1277, 713, 64, 45, 60_000.0 / 1001, new ColorDescription(9, 16, 9, FullRange: false)));
        hevc.Sequence.BitDepth.ShouldBe(10);
    }

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(1, 2, 2)]
    [InlineData(2, 2, 1)]
    [InlineData(3, 1, 1)]
    public void Conformance_window_counts_in_units_of_the_chroma_format(ulong chroma, int unitX, int unitY)
    {
        var frame = HevcSequenceParameterSet.Parse(new HevcSps { Chroma = chroma, Window = (1, 2, 3, 4) }.Write()).VideoFormat;
        (frame.Width, frame.Height).ShouldBe((1280 - (3 * unitX), 720 - (7 * unitY)));
    }

    [Theory]
    [InlineData(0u, false, 1u, 0x60000000u, 0xB000_0000_0000ul, 93u, "hvc1.1.6.L93.B0")]
    [InlineData(0u, false, 2u, 0x20000000u, 0x9000_0000_0000ul, 120u, "hvc1.2.4.L120.90")]
    [InlineData(1u, true, 4u, 0x08000000u, 0x9E08_0000_0000ul, 153u, "hvc1.A4.10.H153.9E.8")]
    [InlineData(0u, false, 1u, 0x60000000u, 0ul, 30u, "hvc1.1.6.L30")]
    [InlineData(3u, false, 31u, 0xFFFFFFFFu, 1ul, 255u, "hvc1.C31.FFFFFFFF.L255.0.0.0.0.0.1")]
    public void Codec_strings_match_the_standard(uint space, bool high, uint profile, uint compatibility, ulong constraints, uint level,
        string codec) =>
        CodecConfig.Hevc.Parse(new HevcSps
        {
            Space = space, HighTier = high, Profile = profile, Compatibility = compatibility, Constraints = constraints, Level = level,
        }.WriteRecord()).CodecString.ShouldBe(codec);

    [Fact]
    public void Oversized_video_and_invalid_parameter_sets_are_rejected()
    {
        HevcSequenceParameterSet.Parse(new HevcSps { Width = 8192, Height = 8192 }.Write()).VideoFormat.Width.ShouldBe(8192);
        Refused(new HevcSps { Width = 8193 });
        Refused(new HevcSps { Height = 8193 });
        Refused(new HevcSps { Width = 0 });
        Refused(new HevcSps { Window = (320, 320, 0, 0) });
        Refused(new HevcSps { Window = (uint.MaxValue - 1, uint.MaxValue - 1, 0, 0) });
        Refused(new HevcSps { Chroma = 4 });
        Refused(new HevcSps { DepthMinus8 = 9 });
        Refused(new HevcSps { SubLayers = 7 });
    }

    [Fact]
    public void Malformed_or_implausible_VUI_does_not_affect_the_other_fields()
    {
        HevcSequenceParameterSet.Parse(new HevcSps { ReferenceSets = [40] }.Write())
            .VideoFormat.ShouldBe(new VideoFormat(1280, 720, 1, 1, 0, null));
        HevcSequenceParameterSet.Parse(new HevcSps { LongTerm = 40 }.Write()).VideoFormat.FramesPerSecond.ShouldBe(0);
        HevcSequenceParameterSet.Parse(new HevcSps { Timing = (0, 50) }.Write()).VideoFormat.FramesPerSecond.ShouldBe(0);
        HevcSequenceParameterSet.Parse(new HevcSps { Timing = (1, 1_000_000) }.Write()).VideoFormat.FramesPerSecond.ShouldBe(0);
        HevcSequenceParameterSet.Parse(new HevcSps { Aspect = (0, 3) }.Write()).VideoFormat.SampleAspectWidth.ShouldBe(1);
        HevcSequenceParameterSet.Parse(new HevcSps { Vui = false }.Write()).VideoFormat.FramesPerSecond.ShouldBe(0);
    }

    [Fact]
    public void Changed_parameter_sets_of_a_sync_sample_produce_a_new_record()
    {
        var before = CodecConfig.Hevc.Parse(new HevcSps().WriteRecord());
        var other = new HevcSps { Profile = 2, Compatibility = 0x20000000, Level = 120, Width = 1920, Height = 1080, DepthMinus8 = 2,
            Color = (9, 16, 9) };

        var after = before.CompleteFrom(Units(other.Write())).ShouldBeOfType<CodecConfig.Hevc>();

        after.CodecString.ShouldBe("hvc1.2.4.L120.B0");
        after.VideoFormat.ShouldBe(new VideoFormat(1920, 1080, 1, 1, 50, new ColorDescription(9, 16, 9, FullRange: false)));
        after.Configuration.ParameterSets.Count.ShouldBe(3, "the SPS is in the other's place");
        after.Record.Span[12].ShouldBe((byte)120);
        (after.Record.Span[16], after.Record.Span[17], after.Record.Span[18]).ShouldBe(((byte)0xFD, (byte)0xFA, (byte)0xFA));
        after.CompleteFrom(Units(other.Write())).ShouldBeSameAs(after);
    }

    [Fact]
    public void Repeated_and_other_layer_parameter_sets_of_a_sync_sample_change_nothing()
    {
        var config = CodecConfig.Hevc.Parse(new HevcSps().WriteRecord());
        var layered = new HevcSps { Width = 1920 }.Write();
        layered[1] |= 8;
        config.CompleteFrom(Units([32 << 1, 1, 0x0C], new HevcSps().Write(), [34 << 1, 1, 0xC1])).ShouldBeSameAs(config);
        config.CompleteFrom(Units([.. new HevcSps().Write(), 0, 0])).ShouldBeSameAs(config, "zeros behind it");
        config.CompleteFrom(Units(layered)).ShouldBeSameAs(config);
        config.CompleteFrom(Units()).ShouldBeSameAs(config);
    }

    [Fact]
    public void PPS_with_a_new_ID_is_added_and_H62_an_oversized_SPS_is_rejected()
    {
        var config = CodecConfig.Hevc.Parse(new HevcSps().WriteRecord());
        var added = (CodecConfig.Hevc)config.CompleteFrom(Units([34 << 1, 1, 0x5C]));
        added.Configuration.ParameterSets.Count.ShouldBe(4);
        added.VideoFormat.ShouldBe(config.VideoFormat);
        Should.Throw<InvalidCodecConfigException>(() => config.CompleteFrom(Units(new HevcSps { Width = 8193 }.Write())));
    }

    /// <summary>An access unit of the parameter sets and an IDR picture.</summary>
    private static byte[] Units(params byte[][] sets) =>
        [.. sets.Append([19 << 1, 1, 0x80]).SelectMany(unit => (byte[])[0, 0, (byte)(unit.Length >> 8), (byte)unit.Length, .. unit])];

    [Fact]
    public void Truncated_record_is_rejected()
    {
        var record = new HevcSps { SubLayers = 1, ReferenceSets = [2, 3] }.WriteRecord();
        for (var length = 0; length < record.Length; length++)
        {
            Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Hevc.Parse(record.AsSpan(0, length)), $"cut at {length}");
        }
    }

    [Fact]
    public void Malformed_records_are_rejected_with_a_message()
    {
        byte[][] vps = [[32 << 1, 1, 0x0C]], pps = [[34 << 1, 1, 0xC1]], sps = [new HevcSps().Write()];
        CodecConfig.Hevc.Parse(HevcSps.Record(0, vps, sps, pps)).VideoFormat.Width.ShouldBe(1280, "early encoders said version 0");
        void Refused(byte[] record) => Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Hevc.Parse(record))
            .Message.ShouldNotBeEmpty();
        Refused(HevcSps.Record(2, vps, sps, pps));
        Refused(HevcSps.Record(1, [], sps, pps));
        Refused(HevcSps.Record(1, vps, [], pps));
        Refused(HevcSps.Record(1, vps, sps, []));
        Refused(HevcSps.Record(1, vps, sps, pps, lengths: 0xF6));
        Refused(HevcSps.Record(1, vps, pps, sps));
        Refused(HevcSps.Record(1, vps, [[33 << 1, 1]], pps));
        Refused(HevcSps.Record(1, [.. Enumerable.Repeat(vps[0], 300)], sps, pps));
        Refused(new byte[HevcDecoderConfiguration.MaxLength + 1]);
    }

    [Theory]
    [InlineData(true, false, 19)] // IDR
    [InlineData(true, false, 20)]
    [InlineData(true, false, 21)] // CRA
    [InlineData(true, false, 16)] // BLA
    [InlineData(false, false, 1)]
    [InlineData(false, false, 0)]
    [InlineData(false, false, 22)] // reserved
    [InlineData(false, false, 7)] // RADL: decodes without earlier frames
    [InlineData(false, true, 9)] // RASL
    [InlineData(false, true, 8)]
    [InlineData(true, false, 35, 32, 33, 34, 39, 19, 19)]
    [InlineData(false, false, 35, 1, 1)]
    [InlineData(false, false, 19, 1)]
    [InlineData(false, false, 32, 33, 34)] // parameter sets alone are no frame
    public void Frame_type_follows_from_its_NAL_units(bool sync, bool skipped, params int[] types)
    {
        var hevc = CodecConfig.Hevc.Parse(new HevcSps().WriteRecord());
        hevc.TryInspect(Unit([.. types.Select(type => (byte[])[(byte)(type << 1), 1, 0x80])]), out var frame).ShouldBeTrue();
        frame.ShouldBe(new FrameInfo(sync, skipped, 0));
    }

    [Fact]
    public void NAL_units_of_other_layers_do_not_affect_the_base_layer()
    {
        var hevc = CodecConfig.Hevc.Parse(new HevcSps().WriteRecord());
        hevc.TryInspect(Unit([19 << 1, 1, 0x80], [1 << 1, 9, 0x80], [(1 << 1) | 1, 1, 0x80]), out var frame).ShouldBeTrue();
        frame.IsSync.ShouldBeTrue();
    }

    [Fact]
    public void Frame_with_inconsistent_NAL_lengths_is_invalid()
    {
        var hevc = CodecConfig.Hevc.Parse(new HevcSps().WriteRecord());
        var unit = Unit([19 << 1, 1, 0x80], [19 << 1, 1, 0x80]);
        for (var length = 0; length < unit.Length; length++)
        {
            hevc.TryInspect(unit.AsSpan(0, length), out _).ShouldBe(length == unit.Length / 2, $"cut at {length}");
        }

        hevc.TryInspect(Unit([19 << 1]), out _).ShouldBeFalse("half a header");
        hevc.TryInspect(Unit([0x80 | (19 << 1), 1, 0]), out _).ShouldBeFalse("the forbidden bit");
        hevc.TryInspect(Unit([.. Enumerable.Repeat<byte[]>([19 << 1, 1, 0x80], NalUnitReader.MaxCount)]), out _).ShouldBeTrue();
        hevc.TryInspect(Unit([.. Enumerable.Repeat<byte[]>([19 << 1, 1, 0x80], NalUnitReader.MaxCount + 1)]), out _).ShouldBeFalse();
    }

    private static byte[] Unit(params byte[][] units) => [.. units.SelectMany(unit => (byte[])[0, 0, 0, (byte)unit.Length, .. unit])];

    private static void Refused(HevcSps sps) =>
        Should.Throw<InvalidCodecConfigException>(() => HevcSequenceParameterSet.Parse(sps.Write()), sps.ToString())
        .Message.ShouldNotBeEmpty();
}
