using Broadcast.Media.Codecs;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Codecs;

public sealed class AvcTests
{
    [Theory]
    [InlineData(AvcRecords.High1080P30, "avc1.640028", 1920, 1080, 1920, 30.0)]
    [InlineData(AvcRecords.Baseline720P60, "avc1.42c020", 1280, 720, 1280, 60.0)]
    [InlineData(AvcRecords.Baseline360PNtsc, "avc1.42c01e", 640, 360, 640, 30000.0 / 1001)]
    [InlineData(AvcRecords.Main576IWide, "avc1.4d401e", 720, 576, 1024, 25.0)]
    [InlineData(AvcRecords.Main1080I25, "avc1.4d4028", 1920, 1080, 1920, 25.0)]
    [InlineData(AvcRecords.High444Odd, "avc1.f4000d", 323, 181, 323, 24.0)]
    [InlineData(AvcRecords.High422TenBit, "avc1.7a001f", 642, 362, 642, 50.0)]
    [InlineData(AvcRecords.Baseline2160PColors, "avc1.42c033", 3840, 2160, 3840, 24000.0 / 1001)]
    [InlineData(AvcRecords.HighScalingLists, "avc1.64001f", 1280, 720, 1280, 25.0)]
    public void Records_of_a_real_encoder_describe_its_output(string hex, string codec, int width, int height, int displayWidth,
        double rate)
    {
        var config = CodecConfig.Avc.Parse(Convert.FromHexString(hex));

        config.CodecString.ShouldBe(codec);
        (config.Sequence.Width, config.Sequence.Height, config.Sequence.DisplayWidth).ShouldBe((width, height, displayWidth));
        config.Sequence.FramesPerSecond.ShouldBe(rate, 1e-9);
        config.Configuration.NalLengthSize.ShouldBe(4);
        config.Record.ToArray().ShouldBe(Convert.FromHexString(hex));
    }

    [Fact]
    public void Sample_aspect_ratio_and_color_are_known_only_when_declared()
    {
        var wide = CodecConfig.Avc.Parse(Convert.FromHexString(AvcRecords.Main576IWide)).Sequence;
        (wide.SampleAspectWidth, wide.SampleAspectHeight).ShouldBe((64, 45));
        wide.Color.ShouldBeNull();
        CodecConfig.Avc.Parse(Convert.FromHexString(AvcRecords.Baseline2160PColors))
            .Sequence.Color.ShouldBe(new ColorDescription(1, 1, 1, FullRange: false));
        AvcSequenceParameterSet.Parse(new Sps { FullRange = true }.Write()).Color.ShouldBe(new ColorDescription(2, 2, 2, FullRange: true));
    }

    [Fact]
    public void Equal_records_are_equal_configurations()
    {
        var bytes = Convert.FromHexString(AvcRecords.High1080P30);
        var (one, two) = (CodecConfig.Avc.Parse(bytes), CodecConfig.Avc.Parse(bytes));
        one.ShouldBe(two);
        one.GetHashCode().ShouldBe(two.GetHashCode());
        one.ShouldNotBe(CodecConfig.Avc.Parse(Convert.FromHexString(AvcRecords.HighScalingLists)));
        bytes[0] = 0;
        one.Record.Span[0].ShouldBe((byte)1, "the bytes are copied");
    }

    [Fact]
    public void Changed_parameter_sets_of_a_sync_sample_produce_their_own_record()
    {
        foreach (var (from, to) in AvcRecords.All.SelectMany(_ => AvcRecords.All, (from, to) => (from, to)))
        {
            var (before, wanted) = (CodecConfig.Avc.Parse(Convert.FromHexString(from)), CodecConfig.Avc.Parse(Convert.FromHexString(to)));
            byte[] sample = Units([.. wanted.Configuration.SpsUnits, .. wanted.Configuration.PpsUnits]);
            var after = before.CompleteFrom(sample);
            after.ShouldBe(wanted, $"from {from} to {to}");
            after.CompleteFrom(sample).ShouldBeSameAs(after);
            ReferenceEquals(after, before).ShouldBe(from == to);
        }
    }

    [Fact]
    public void Sync_sample_without_parameter_sets_changes_nothing_and_H62_an_oversized_SPS_is_rejected()
    {
        var config = CodecConfig.Avc.Parse(Convert.FromHexString(AvcRecords.High1080P30));
        config.CompleteFrom(Units([])).ShouldBeSameAs(config);
        Should.Throw<InvalidCodecConfigException>(() => config.CompleteFrom(Units([new Sps { WidthBlocks = 513 }.Write()])));
    }

    /// <summary>An access unit of the parameter sets and an IDR slice.</summary>
    private static byte[] Units(IEnumerable<ReadOnlyMemory<byte>> sets) =>
        [.. sets.Append(new byte[] { 0x65, 0x80 })
            .SelectMany(unit => (byte[])[0, 0, (byte)(unit.Length >> 8), (byte)unit.Length, .. unit.Span])];

    [Fact]
    public void Truncated_record_is_rejected()
    {
        foreach (var hex in AvcRecords.All)
        {
            var record = Convert.FromHexString(hex);
            var profile = record[1];
            var whole = profile is 66 or 77 ? record.Length : record.Length - 4; // high profiles append four unused bytes
            for (var length = 0; length < whole; length++)
            {
                Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Avc.Parse(record.AsSpan(0, length)), $"{hex} cut at {length}");
            }
        }
    }

    [Theory]
    [InlineData("version 0", 0, 0x00)]
    [InlineData("version 2", 0, 0x02)]
    [InlineData("lengths of 3 bytes", 4, 0xFE)]
    [InlineData("no SPS", 5, 0xE0)]
    [InlineData("31 SPS", 5, 0xFF)]
    [InlineData("SPS of 65,307 bytes", 6, 0xFF)]
    [InlineData("SPS that is a PPS", 8, 0x68)]
    [InlineData("forbidden bit", 8, 0xE7)]
    [InlineData("no PPS", 0x23, 0x00)]
    [InlineData("255 PPS", 0x23, 0xFF)]
    [InlineData("PPS past the end", 0x24, 0x01)]
    [InlineData("PPS that is an SPS", 0x26, 0x67)]
    public void Malformed_record_is_rejected_with_a_message(string what, int position, byte value)
    {
        var record = Convert.FromHexString(AvcRecords.High1080P30);
        record[position] = value;
        Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Avc.Parse(record), what).Message.ShouldNotBeEmpty();
    }

    [Fact]
    public void Maximum_number_of_parameter_sets_is_read()
    {
        var original = CodecConfig.Avc.Parse(Convert.FromHexString(AvcRecords.High1080P30)).Configuration;
        var record = new List<byte> { 1, 0x64, 0, 0x28, 0xFF, 0xE0 | 31 };
        void Put(ReadOnlyMemory<byte> set) => record.AddRange([(byte)(set.Length >> 8), (byte)set.Length, .. set.Span]);
        for (var i = 0; i < 31; i++)
        {
            Put(original.SpsUnits[0]);
        }

        record.Add(255);
        for (var i = 0; i < 255; i++)
        {
            Put(original.PpsUnits[0]);
        }

        var read = CodecConfig.Avc.Parse(record.ToArray()).Configuration;
        (read.SpsUnits.Count, read.PpsUnits.Count).ShouldBe((31, 255));
        read.PpsUnits[254].ToArray().ShouldBe(original.PpsUnits[0].ToArray());
    }

    [Fact]
    public void Oversized_record_is_rejected_before_it_is_copied()
    {
        var huge = new byte[8 << 20];
        var before = GC.GetAllocatedBytesForCurrentThread();
        Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Avc.Parse(huge));
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1 << 20);
    }
}
