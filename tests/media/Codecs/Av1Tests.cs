using Broadcast.Media.Codecs;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Codecs;

public sealed class Av1Tests
{
    [Fact]
    public void Valid_record_is_read()
    {
        var av1 = CodecConfig.Av1.Parse(new Av1Sequence().WriteRecord());
        av1.CodecString.ShouldBe("av01.0.08M.08");
        av1.VideoFormat.ShouldBe(new VideoFormat(1920, 1080, 1, 1, 0, null));
        av1.IsComplete.ShouldBeTrue();
        av1.ShouldBe(CodecConfig.Av1.Parse(new Av1Sequence().WriteRecord()));
        av1.ShouldNotBe(CodecConfig.Av1.Parse(new Av1Sequence { Height = 1088 }.WriteRecord()));
    }

    [Fact]
    public void Fields_before_the_color_information_are_skipped_to_the_bit()
    {
        var read = Av1SequenceHeader.Parse(new Av1Sequence
        {
            Timing = (1001, 30_000, 1), DecoderModel = true, DisplayDelay = true, Points = [(13, true), (5, false), (9, false)],
            FrameIds = true, OrderHint = false,
            ScreenTools = 1, Depth = 10, Color = (9, 16, 9), Position = 2,
        }.Write());
        read.ShouldBe(new Av1SequenceHeader(
            0, 13, true, 10, new Av1Chroma(false, true, true, 2),
            new VideoFormat(1920, 1080, 1, 1, 30_000.0 / 1001, new ColorDescription(9, 16, 9, FullRange: false))));
        Av1SequenceHeader.Parse(new Av1Sequence { ScreenTools = 0, Color = (1, 1, 1) }.Write())
            .VideoFormat.Color.ShouldBe(new ColorDescription(1, 1, 1, FullRange: false));
    }

    public static TheoryData<string, string> Strings => new()
    {
        { "av01.0.04M.08", nameof(Small) },
        { "av01.0.13H.10.0.112.09.16.09.0", nameof(High) },
        { "av01.0.08M.08.1.110.01.01.01.0", nameof(Gray) },
        { "av01.1.08M.08.0.000.01.13.00.1", nameof(Rgb) },
        { "av01.2.08M.12", nameof(Deep) },
        { "av01.2.08M.10.0.100.01.01.01.0", nameof(Wide) },
        { "av01.0.08M.08.0.110.02.02.02.1", nameof(Full) },
        { "av01.0.08M.08", nameof(Said) },
        { "av01.0.31M.08", nameof(Unbounded) },
    };

    private static Av1Sequence Small => new() { Points = [(4, false)] };

    private static Av1Sequence High => new() { Points = [(13, true)], Depth = 10, Color = (9, 16, 9), Position = 2 };

    private static Av1Sequence Gray => new() { Mono = true };

    private static Av1Sequence Rgb => new() { Profile = 1, Color = (1, 13, 0) };

    private static Av1Sequence Deep => new() { Profile = 2, Depth = 12, Color = (1, 1, 1) };

    private static Av1Sequence Wide => new() { Profile = 2, Depth = 10 };

    private static Av1Sequence Full => new() { FullRange = true };

    private static Av1Sequence Said => new() { Color = (1, 1, 1) };

    private static Av1Sequence Unbounded => new() { Points = [(31, false)] };

    [Theory, MemberData(nameof(Strings))]
    public void Codec_strings_omit_default_values(string codec, string which) => CodecConfig.Av1.Parse((which switch
    {
        nameof(Small) => Small,
        nameof(High) => High,
        nameof(Gray) => Gray,
        nameof(Rgb) => Rgb,
        nameof(Deep) => Deep,
        nameof(Wide) => Wide,
        nameof(Full) => Full,
        nameof(Said) => Said,
        _ => Unbounded,
    }).WriteRecord()).CodecString.ShouldBe(codec);

    [Fact]
    public void Still_image_has_a_reduced_header()
    {
        var still = CodecConfig.Av1.Parse(new Av1Sequence { Still = true, Points = [(5, false)] }.WriteRecord());
        still.VideoFormat!.Height.ShouldBe(1080);
        still.TryInspect((byte[])[.. new Av1Sequence { Still = true }.Unit(), 0x32, 1, 0], out var frame).ShouldBeTrue();
        frame.IsSync.ShouldBeTrue();
    }

    [Fact]
    public void Truncated_record_is_rejected_or_has_no_sequence_header()
    {
        var record = new Av1Sequence { Timing = (1, 30, 1), DecoderModel = true }.WriteRecord();
        for (var length = 0; length < record.Length; length++)
        {
            if (length == 4)
            {
                CodecConfig.Av1.Parse(record.AsSpan(0, length)).IsComplete.ShouldBeFalse();
                continue;
            }

            Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Av1.Parse(record.AsSpan(0, length)), $"cut at {length}");
        }
    }

    [Fact]
    public void Malformed_records_are_rejected_with_a_message()
    {
        void Refused(byte[] record) => Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Av1.Parse(record))
            .Message.ShouldNotBeEmpty();
        Refused(new Av1Sequence { Width = 8193 }.WriteRecord());
        Refused(new Av1Sequence { Height = 65_536 }.WriteRecord());
        Refused([0x82, .. new Av1Sequence().WriteRecord()[1..]]);
        Refused([0x01, .. new Av1Sequence().WriteRecord()[1..]]);
        Refused(new Av1Sequence { Profile = 3 }.WriteRecord());
        Refused([.. new Av1Sequence().WriteRecord(), 0x82]);
        Refused([0x81, 0, 0, 0, 0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]);
        Refused([0x81, 0, 0, 0, 0x0A, 0xD8, 0x04, .. new byte[600]]);
        Refused(new byte[5000]);
        CodecConfig.Av1.Parse(new Av1Sequence { Width = 8192, Height = 8192 }.WriteRecord()).VideoFormat!.Width.ShouldBe(8192);
    }

    [Fact]
    public void Record_without_a_header_takes_that_of_the_first_sync_sample()
    {
        var bare = CodecConfig.Av1.Parse([0x81, 0x08, 0x0C, 0]);
        (bare.IsComplete, bare.CodecString).ShouldBe((false, "av01.0.08M.08"));
        byte[] sample = [.. new Av1Sequence().Unit(), 0x32, 2, 0x10, 0];
        var complete = bare.CompleteFrom(sample);
        complete.ShouldBe(CodecConfig.Av1.Parse(new Av1Sequence().WriteRecord()));
        complete.CompleteFrom(sample).ShouldBeSameAs(complete);

        byte[] other = [.. new Av1Sequence { Width = 1280, Height = 720, Points = [(13, true)], Depth = 10 }.Unit(), 0x32, 2, 0x10, 0];
        var changed = complete.CompleteFrom(other);
        changed.VideoFormat.ShouldBe(new VideoFormat(1280, 720, 1, 1, 0, null));
        Convert.ToHexString(changed.Record.Span[..4]).ShouldBe("810DCC00");
        CodecConfig.Av1.Parse(changed.Record.Span).ShouldBe(changed);
    }

    [Theory]
    [InlineData("320110", true, false)] // a shown key frame without a sequence header
    [InlineData("SS320110", true, true)]
    [InlineData("1200SS320110", true, true)] // after a temporal delimiter
    [InlineData("SS1A01102201002201003201B0", true, true)] // header and tile groups in separate units; then another frame
    [InlineData("SS320100", true, false)] // a hidden key frame
    [InlineData("SS320130", true, false)] // an inter frame
    [InlineData("SS320190", true, false)] // shown again
    [InlineData("SS3010", true, true)] // the last unit has no size
    [InlineData("SS", false, false)] // no frame
    [InlineData("SS3200", false, false)] // an empty one
    [InlineData("SS320210", false, false)] // truncated
    [InlineData("SSB20110", false, false)] // the forbidden bit
    [InlineData("36000110", true, false)] // an extension byte
    [InlineData("36", false, false)]
    [InlineData("", false, false)]
    public void Temporal_unit_type_follows_from_its_OBUs(string hex, bool audio, bool sync)
    {
        var unit = Convert.FromHexString(hex.Replace("SS", Convert.ToHexString(new Av1Sequence().Unit()), StringComparison.Ordinal));
        CodecConfig.Av1.Parse(new Av1Sequence().WriteRecord()).TryInspect(unit, out var frame).ShouldBe(audio);
        frame.IsSync.ShouldBe(sync);
    }

    [Fact]
    public void Number_of_OBUs_in_a_temporal_unit_is_bounded()
    {
        var av1 = CodecConfig.Av1.Parse(new Av1Sequence().WriteRecord());
        byte[] Many(int count) => [.. Enumerable.Repeat<byte[]>([0x32, 1, 0x30], count).SelectMany(unit => unit)];
        av1.TryInspect(Many(ObuReader.MaxCount), out _).ShouldBeTrue();
        av1.TryInspect(Many(ObuReader.MaxCount + 1), out _).ShouldBeFalse();
    }

    [Fact]
    public void Temporal_delimiter_is_removed_without_copying()
    {
        byte[] unit = [0x12, 0, 0x32, 1, 0x30];
        ObuReader.WithoutDelimiter(unit).ToArray().ShouldBe([0x32, 1, 0x30]);
        ObuReader.WithoutDelimiter(unit.AsMemory(2)).ToArray().ShouldBe([0x32, 1, 0x30]);
    }
}
