using Broadcast.Media.Codecs;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Codecs;

public sealed class AacTests
{
    [Theory]
    [InlineData("1210", 2, 44_100, 2, 1024, "mp4a.40.2")]
    [InlineData("119056e500", 2, 48_000, 2, 1024, "mp4a.40.2")] // ffmpeg, with the flag for absent SBR
    [InlineData("120856e500", 2, 44_100, 1, 1024, "mp4a.40.2")]
    [InlineData("11b056e500", 2, 48_000, 6, 1024, "mp4a.40.2")]
    [InlineData("11b8", 2, 48_000, 8, 1024, "mp4a.40.2")]
    [InlineData("1194", 2, 48_000, 2, 960, "mp4a.40.2")]
    [InlineData("2b118800", 5, 24_000, 2, 1024, "mp4a.40.5")] // HE-AAC, 24 kHz core
    [InlineData("eb098800", 29, 24_000, 1, 1024, "mp4a.40.29")] // HE-AAC v2
    [InlineData("17807d0010", 2, 64_000, 2, 1024, "mp4a.40.2")] // sample rate in 24 bits
    public void Audio_configurations_are_read(string hex, int type, int rate, int channels, int samples, string codec)
    {
        var config = CodecConfig.Aac.Parse(Convert.FromHexString(hex));
        config.Audio.ShouldBe(new AudioSpecificConfig(type, rate, channels, samples));
        config.CodecString.ShouldBe(codec);
        config.ShouldBe(CodecConfig.Aac.Parse(Convert.FromHexString(hex)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("12")]
    [InlineData("0000")] // object type 0
    [InlineData("1680")] // reserved rate index 13
    [InlineData("1200")] // channels 0
    [InlineData("1240")] // channels 8 and above are reserved
    [InlineData("1278")]
    [InlineData("f8e01210")] // USAC by escape
    [InlineData("1780000010")] // rate 0 in 24 bits
    [InlineData("17ffffff90")] // rate 16,777,215
    [InlineData("1781")] // ends in the rate
    [InlineData("2b11")] // ends before the core's type
    [InlineData("ffff")]
    public void Unsupported_configurations_are_rejected_with_a_message(string hex) =>
        Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Aac.Parse(Convert.FromHexString(hex))).Message.ShouldNotBeEmpty();

    [Fact]
    public void Oversized_record_is_rejected() => Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Aac.Parse(new byte[65]));
}
