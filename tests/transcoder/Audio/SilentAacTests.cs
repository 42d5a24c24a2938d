using System.Runtime.InteropServices;
using Broadcast.Media.Codecs;
using Broadcast.Testing;
using Broadcast.Transcoder.Audio;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Audio;

public sealed class SilentAacTests
{
    [Fact]
    public void Silent_AAC_has_the_requested_configuration_and_a_frame_of_a_few_bytes()
    {
        var stereo = SilentAac.Of();
        stereo.Config.Record.ToArray().ShouldBe([0x11, 0x90]);
        stereo.Config.CodecString.ShouldBe("mp4a.40.2");
        (stereo.Config.Audio, stereo.Samples).ShouldBe((new AudioSpecificConfig(2, 48_000, 2, 1024), 1024));
        stereo.Payload.ToArray().ShouldBe([0x21, 0, 0, 0, 0, 0x1c]);
        SilentAac.Of(16_000, 1).Payload.ToArray().ShouldBe([0, 0, 0, 7]);
        SilentAac.Of(16_000, 1).Config.Audio.ShouldBe(new AudioSpecificConfig(2, 16_000, 1, 1024));
    }

    [Theory]
    [InlineData(47_999, 2)]
    [InlineData(48_000, 0)]
    [InlineData(48_000, 7)]
    [InlineData(48_000, 9)]
    public void Sample_rates_and_channel_counts_without_an_AAC_index_are_rejected(int sampleRate, int channels) =>
        Should.Throw<ArgumentOutOfRangeException>(() => SilentAac.Of(sampleRate, channels));

    [Theory]
    [InlineData(48_000, 1)]
    [InlineData(48_000, 2)]
    [InlineData(44_100, 2)]
    [InlineData(16_000, 1)]
    [InlineData(22_050, 2)]
    [InlineData(48_000, 3)]
    [InlineData(48_000, 4)]
    [InlineData(48_000, 5)]
    [InlineData(48_000, 6)]
    [InlineData(48_000, 8)]
    public async Task Decoded_silence_contains_only_zeros(int sampleRate, int channels)
    {
        await using var folder = TempFolder.Create();
        var silence = SilentAac.Of(sampleRate, channels);
        const int frames = 50;
        var (adts, raw) = (folder.Sub("silence.aac"), folder.Sub("silence.raw"));
        await File.WriteAllBytesAsync(adts, [.. Enumerable.Range(0, frames).SelectMany(_ => Adts(silence))],
            TestContext.Current.CancellationToken);

        (await ChildProcess.RunAsync("ffmpeg", ["-nostdin", "-v", "error", "-xerror", "-i", adts, "-f", "f32le", raw])).EnsureSuccess()
            .Error.ShouldBeEmpty();

        var samples = await File.ReadAllBytesAsync(raw, TestContext.Current.CancellationToken);
        samples.Length.ShouldBe(frames * 1024 * channels * sizeof(float));
        MemoryMarshal.Cast<byte, float>(samples).ToArray().Count(sample => sample != 0).ShouldBe(0);
    }

    [Fact]
    public void Silence_reuses_an_existing_AAC_LC_configuration()
    {
        var config = CodecConfig.Aac.Parse([0x12, 0x10]);
        SilentAac.ForConfig(config)!.Config.ShouldBeSameAs(config);
        SilentAac.ForConfig(config)!.Payload.Length.ShouldBe(6);
        SilentAac.ForConfig(CodecConfig.Aac.Parse([0x2b, 0x11, 0x88, 0x00])).ShouldBeNull("spectral band replication is said in it");
        SilentAac.ForConfig(CodecConfig.Opus.Default()).ShouldBeNull();
    }

    [Fact]
    public void AAC_configurations_that_differ_only_in_encoding_are_equivalent()
    {
        var ours = SilentAac.Of().Config;
        SilentAac.AreEquivalent(ours, CodecConfig.Aac.Parse([0x11, 0x90, 0x56, 0xe5, 0x00])).ShouldBeTrue("so OBS and ffmpeg spell it");
        SilentAac.AreEquivalent(ours, CodecConfig.Aac.Parse([0x11, 0x90, 0x56, 0xe5, 0x98]))
            .ShouldBeFalse("that has spectral band replication");
        SilentAac.AreEquivalent(ours, CodecConfig.Aac.Parse([0x12, 0x10])).ShouldBeFalse("44.1 kHz");
        SilentAac.AreEquivalent(ours, CodecConfig.Aac.Parse([0x11, 0x88])).ShouldBeFalse("mono");
    }

    /// <summary>A frame with the header of ISO/IEC 14496-3, 1.A.2.2.</summary>
    private static byte[] Adts(SilentAac silence)
    {
        var config = silence.Config.Record.Span;
        var (rate, layout) = (((config[0] & 7) << 1) | (config[1] >> 7), (config[1] >> 3) & 15);
        var length = silence.Payload.Length + 7;
        return
        [
            0xff, 0xf1, (byte)((1 << 6) | (rate << 2) | (layout >> 2)), (byte)(((layout & 3) << 6) | (length >> 11)), (byte)(length >> 3),
            (byte)(((length & 7) << 5) | 0x1f), 0xfc,
            .. silence.Payload.Span,
        ];
    }
}
