using Broadcast.Media.Codecs;
using Broadcast.Testing;
using Broadcast.Transcoder.Audio;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Audio;

public sealed class AudioPlanTests
{
    [Theory]
    [InlineData("1190", true, null)] // AAC-LC, 48 kHz, stereo
    [InlineData("1408", true, null)] // 16 kHz, mono
    [InlineData("2B118800", true, null)] // HE-AAC
    [InlineData("11B0", true, "48000 2 160000")] // 5.1
    [InlineData("1010", false, "48000 2 160000")] // 96 kHz
    [InlineData("1090", false, "44100 2 160000")] // 88.2 kHz
    [InlineData("1588", false, "16000 1 48000")] // 8 kHz, mono
    [InlineData("0990", false, "48000 2 160000")] // AAC Main
    public void AAC_that_players_support_passes_through_and_other_AAC_is_re_encoded(string record, bool passes, string? target) =>
        Of(CodecConfig.Aac.Parse(Convert.FromHexString(record))).ShouldBe((passes, target));

    [Fact]
    public void Stereo_Opus_passes_through_without_a_re_encode() => Of(CodecConfig.Opus.Default()).ShouldBe((true, null));

    [Theory]
    [InlineData("Opus 5.1", true)]
    [InlineData("ac-3", true)]
    [InlineData("ec-3", true)]
    [InlineData("fLaC", false)]
    public async Task Other_codecs_are_re_encoded(string recipe, bool passes)
    {
        var track = (await CodedTrack.MakeAsync(recipe, 0.2)).Track;
        Of(track.Config).ShouldBe((passes, "48000 2 160000"));
        AudioEncodeCommand.Source(track).ShouldNotBeNull();
    }

    [Fact]
    public void Encode_command_reads_only_its_socket()
    {
        var line =
            string.Join(' ', new AudioEncodeCommand("unix:/run/in", "pipe:4", "ac3", new AudioEncodeTarget(44_100, 1, 80_000)).Arguments());
        line.ShouldBe(
            "-nostdin -hide_banner -nostats -loglevel warning -copyts -analyzeduration 100000 -probesize 4096 "
            + "-c:a ac3 -protocol_whitelist unix -format_whitelist nut -codec_whitelist aac,opus,libopus,flac,ac3,eac3 "
            + "-f nut -i unix:/run/in -map 0:a:0 "
            + "-af aresample=44100:async=1000,aformat=channel_layouts=mono -c:a aac -profile:a aac_low -b:a 80000 -f nut -write_index 0 "
                + "-flush_packets 1 pipe:4");
    }

    private static (bool Passes, string? Target) Of(CodecConfig config)
    {
        var plan = AudioPlan.For(config);
        return (plan.Passes, plan.Target is { } target ? $"{target.SampleRate} {target.Channels} {target.BitsPerSecond}" : null);
    }
}
