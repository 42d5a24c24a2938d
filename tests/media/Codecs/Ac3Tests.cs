using Broadcast.Media.Codecs;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Codecs;

public sealed class Ac3Tests
{
    [Theory]
    [InlineData(0, 20, 2, false, 48_000, 2, 768)] // 192 kbit/s
    [InlineData(0, 30, 7, true, 48_000, 6, 1792)] // 448 kbit/s
    [InlineData(1, 20, 2, false, 44_100, 2, 834)]
    [InlineData(1, 21, 2, false, 44_100, 2, 836)]
    [InlineData(2, 36, 1, false, 32_000, 1, 3840)] // 640 kbit/s, mono
    [InlineData(0, 0, 4, true, 48_000, 4, 128)]
    [InlineData(0, 37, 0, false, 48_000, 2, 2560)]
    public void Frame_describes_itself_completely(int rate, int size, int mode, bool effects, int sampleRate, int channels, int length)
    {
        var frame = Frame(rate, size, mode, effects, length);
        var ac3 = CodecConfig.Ac3.FromFrame(frame);
        ac3.AudioFormat.ShouldBe(new AudioFormat(sampleRate, channels));
        ac3.CodecString.ShouldBe("ac-3");
        ac3.ShouldBe(CodecConfig.Ac3.Parse(ac3.Record.Span));
        ac3.TryInspect(frame, out var one).ShouldBeTrue();
        one.Samples.ShouldBe(1536);
        ac3.TryInspect((byte[])[.. frame, .. frame], out var two).ShouldBeTrue();
        two.Samples.ShouldBe(3072);
        ac3.TryInspect((byte[])[.. frame, 0], out _).ShouldBeFalse("what is behind the frame is no frame");
        for (var cut = 0; cut < frame.Length; cut++)
        {
            ac3.TryInspect(frame.AsSpan(0, cut), out _).ShouldBeFalse();
            Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Ac3.FromFrame(frame.AsSpan(0, cut)));
        }
    }

    [Fact]
    public void Record_holds_the_fields_of_dac3() =>
        Convert.ToHexString(CodecConfig.Ac3.FromFrame(Frame(0, 30, 7, true, 1792)).Record.Span).ShouldBe("103DE0");

    [Theory]
    [InlineData(4, 0xC0)] // a rate that is reserved
    [InlineData(4, 38)] // a size that is reserved
    [InlineData(5, 0x48)] // bsid 9
    [InlineData(0, 0x0C)]
    public void Malformed_frame_is_rejected(int position, byte value)
    {
        var frame = Frame(0, 20, 2, false, 768);
        frame[position] = value;
        Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Ac3.FromFrame(frame));
    }

    [Theory]
    [InlineData("")]
    [InlineData("103D")]
    [InlineData("103DE000")]
    [InlineData("D03DE0")]
    [InlineData("183DE0")]
    public void Malformed_record_is_rejected(string hex) =>
        Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Ac3.Parse(Convert.FromHexString(hex))).Message.ShouldNotBeEmpty();

    [Fact]
    public void Changed_bitrate_keeps_the_configuration_and_changed_channels_replace_it()
    {
        var stereo = CodecConfig.Ac3.FromFrame(Frame(0, 20, 2, false, 768));
        stereo.CompleteFrom(Frame(0, 24, 2, false, 1024)).ShouldBeSameAs(stereo);
        stereo.CompleteFrom(Frame(0, 30, 7, true, 1792)).AudioFormat!.Channels.ShouldBe(6);
        stereo.CompleteFrom(Frame(2, 20, 2, false, 1152)).AudioFormat!.SampleRate.ShouldBe(32_000);
    }

    internal static byte[] Frame(int rate, int size, int mode, bool effects, int length)
    {
        var bits = new BitWriter().Bits(0x0B77, 16).Bits(0, 16).Bits((ulong)rate, 2).Bits((ulong)size, 6).Bits(8, 5).Bits(0, 3)
            .Bits((ulong)mode, 3);
        bits.Bits(0, (mode & 1) != 0 && mode != 1 ? 2 : 0).Bits(0, (mode & 4) != 0 ? 2 : 0).Bits(0, mode == 2 ? 2 : 0).Flag(effects);
        var frame = new byte[length];
        bits.ToArray().CopyTo(frame, 0);
        return frame;
    }
}
