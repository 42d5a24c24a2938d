using Broadcast.Media.Codecs;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Codecs;

public sealed class OpusTests
{
    // Written by libopus through ffmpeg: stereo, and 5.1 in Vorbis order.
    public const string Stereo = "4f707573486561640102380180bb0000000000";
    public const string Surround = "4f707573486561640106380180bb00000000010402000401020305";

    [Fact]
    public void Header_is_read_and_written()
    {
        var opus = CodecConfig.Opus.Parse(Convert.FromHexString(Stereo));
        (opus.Header.Channels, opus.Header.PreSkip, opus.Header.InputSampleRate,
            opus.Header.MappingFamily).ShouldBe((2, 312, 48_000u, (byte)0));
        opus.AudioFormat.ShouldBe(new AudioFormat(48_000, 2));
        opus.CodecString.ShouldBe("opus");
        opus.ShouldBe(CodecConfig.Opus.Default());
        opus.Header.Write().ShouldBe(Convert.FromHexString(Stereo));
        CodecConfig.Opus.Parse(Convert.FromHexString(Surround)).AudioFormat.Channels.ShouldBe(6);
        CodecConfig.Opus.Default(1).AudioFormat.Channels.ShouldBe(1);
    }

    [Theory]
    [InlineData(Stereo)]
    [InlineData(Surround)]
    public void Truncated_header_is_rejected_with_a_message(string hex)
    {
        var header = Convert.FromHexString(hex);
        for (var length = 0; length < header.Length; length++)
        {
            Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Opus.Parse(header.AsSpan(0, length))).Message.ShouldNotBeEmpty();
        }
    }

    [Theory]
    [InlineData("another mark", 7, 0x65)]
    [InlineData("version 16", 8, 0x10)]
    [InlineData("no channels", 9, 0)]
    [InlineData("9 channels", 9, 9)]
    [InlineData("family 0 with 6 channels", 18, 0)]
    [InlineData("no streams", 19, 0)]
    [InlineData("more coupled streams than streams", 20, 5)]
    [InlineData("a place beyond the streams", 21, 6)]
    public void Malformed_header_is_rejected_with_a_message(string what, int position, byte value)
    {
        var header = Convert.FromHexString(Surround);
        header[position] = value;
        Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Opus.Parse(header), what).Message.ShouldNotBeEmpty();
    }

    [Fact]
    public void Oversized_header_is_rejected_before_it_is_copied()
    {
        var huge = new byte[8 << 20];
        var before = GC.GetAllocatedBytesForCurrentThread();
        Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Opus.Parse(huge));
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1 << 20);
    }

    [Theory]
    [InlineData("08", 960)] // SILK narrow, 20 ms
    [InlineData("00", 480)]
    [InlineData("18", 2880)]
    [InlineData("60", 480)] // hybrid
    [InlineData("78", 960)]
    [InlineData("80", 120)] // CELT, 2.5 ms
    [InlineData("98", 960)]
    [InlineData("fc", 960)] // full band, stereo, 20 ms, one frame
    [InlineData("fd", 1920)] // two equal frames
    [InlineData("fe", 1920)] // two frames
    [InlineData("fb06", 5760)] // six frames of 20 ms
    [InlineData("fb07", 0)] // 140 ms is too long
    [InlineData("fb00", 0)] // no frames
    [InlineData("fb", 0)] // a missing count
    [InlineData("1bc3", 0)] // three of 60 ms
    [InlineData("1b82", 5760)]
    [InlineData("", 0)]
    public void First_byte_of_a_packet_determines_its_sample_count(string hex, int samples)
    {
        var packet = Convert.FromHexString(hex);
        OpusHeader.SamplesIn(packet).ShouldBe(samples);
        CodecConfig.Opus.Default().TryInspect(packet, out var frame).ShouldBe(samples > 0);
        (frame.Samples, frame.IsSync).ShouldBe((samples, true));
    }
}
