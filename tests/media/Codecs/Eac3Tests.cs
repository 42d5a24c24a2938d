using Broadcast.Media.Codecs;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Codecs;

public sealed class Eac3Tests
{
    [Theory]
    [InlineData(0, 3, 2, false, 48_000, 2, 1536)]
    [InlineData(0, 3, 7, true, 48_000, 6, 1536)]
    [InlineData(1, 0, 2, false, 44_100, 2, 256)]
    [InlineData(2, 1, 1, false, 32_000, 1, 512)]
    [InlineData(0, 2, 0, false, 48_000, 2, 768)]
    public void Frame_describes_itself_completely(int rate, int blocks, int mode, bool effects, int sampleRate, int channels, int samples)
    {
        var frame = Frame(rate: rate, blocks: blocks, mode: mode, effects: effects);
        var eac3 = CodecConfig.Eac3.FromFrame(frame);
        eac3.AudioFormat.ShouldBe(new AudioFormat(sampleRate, channels));
        eac3.CodecString.ShouldBe("ec-3");
        eac3.ShouldBe(CodecConfig.Eac3.Parse(eac3.Record.Span));
        eac3.TryInspect(frame, out var coded).ShouldBeTrue();
        coded.Samples.ShouldBe(samples);
        for (var cut = 0; cut < frame.Length; cut++)
        {
            eac3.TryInspect(frame.AsSpan(0, cut), out _).ShouldBeFalse();
            Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Eac3.FromFrame(frame.AsSpan(0, cut)));
        }
    }

    [Fact]
    public void Dependent_substream_channels_are_counted_and_short_frames_add_up()
    {
        // 7.1: 5.1 and a dependent substream with the rear pair (bit 6 of chanmap, bit 1 of chan_loc).
        byte[] unit = [.. Frame(mode: 7, effects: true), .. Frame(type: 1, mode: 2, map: 1 << (15 - 6))];
        var eac3 = CodecConfig.Eac3.FromFrame(unit);
        eac3.AudioFormat.Channels.ShouldBe(8);
        Convert.ToHexString(eac3.Record.Span[2..]).ShouldBe("200F" + "0202");
        eac3.TryInspect(unit, out var one).ShouldBeTrue();
        one.Samples.ShouldBe(1536);

        byte[] six = [.. Enumerable.Range(0, 6).SelectMany(_ => Frame(blocks: 0))];
        CodecConfig.Eac3.FromFrame(six).TryInspect(six, out var many).ShouldBeTrue();
        many.Samples.ShouldBe(1536);
        (CodecConfig.Eac3.FromFrame(six).Record.Span[1] & 7).ShouldBe(0, "the same substream six times is one");
    }

    [Fact]
    public void Frames_unsupported_by_players_are_rejected()
    {
        Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Eac3.FromFrame(Frame(rate: 3)));
        Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Eac3.FromFrame(Frame(type: 1)), "a dependent substream alone");
        Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Eac3.FromFrame(Frame(type: 3)));
        Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Eac3.FromFrame(Frame(stream: 8)), "AC-3");
        Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Eac3.FromFrame(default));
    }

    [Theory]
    [InlineData("")]
    [InlineData("06002004")]
    [InlineData("0600E00400")]
    [InlineData("0600100400")]
    [InlineData("0600200F02")] // a dependent substream without its channel locations
    public void Malformed_record_is_rejected(string hex) =>
        Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Eac3.Parse(Convert.FromHexString(hex))).Message.ShouldNotBeEmpty();

    [Fact]
    public void Changed_bitrate_keeps_the_configuration_and_changed_channels_replace_it()
    {
        var stereo = CodecConfig.Eac3.FromFrame(Frame());
        stereo.CompleteFrom(Frame(length: 1200)).ShouldBeSameAs(stereo);
        stereo.CompleteFrom(Frame(mode: 7, effects: true)).AudioFormat!.Channels.ShouldBe(6);
    }

    internal static byte[] Frame(int type = 0, int rate = 0, int blocks = 3, int mode = 2, bool effects = false, int stream = 16,
        int length = 768, int? map = null)
    {
        var bits = new BitWriter().Bits(0x0B77, 16).Bits((ulong)type, 2).Bits(0, 3).Bits((ulong)(length / 2) - 1, 11).Bits((ulong)rate, 2)
            .Bits((ulong)blocks, 2)
            .Bits((ulong)mode, 3).Flag(effects).Bits((ulong)stream, 5);
        for (var programs = mode == 0 ? 2 : 1; programs > 0; programs--)
        {
            bits.Bits(31, 5).Flag(true).Bits(0x55, 8);
        }

        if (type == 1)
        {
            bits.Flag(map is not null).Bits((ulong)(map ?? 0), map is null ? 0 : 16);
        }

        var frame = new byte[length];
        bits.ToArray().CopyTo(frame, 0);
        return frame;
    }
}
