using Broadcast.Media.Codecs;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Codecs;

/// <summary>
/// Arbitrary bytes yield a configuration or an <see cref="InvalidCodecConfigException"/>: nothing else, with little memory.
/// </summary>
public sealed class HostileBytesTests
{
    private const int Rounds = 20_000;

    [Fact]
    public void Mutated_H264_records_are_valid_or_rejected() => Hold(
        [.. AvcRecords.All.Select(Convert.FromHexString)], bytes => Audio(CodecConfig.Avc.Parse(bytes).Sequence));

    [Fact]
    public void Mutated_H264_parameter_sets_are_valid_or_rejected() => Hold(
        [
            .. AvcRecords.All.Select(hex => CodecConfig.Avc.Parse(Convert.FromHexString(hex)).Configuration.SpsUnits[0].ToArray()),
            new Sps { OrderCountType = 1, OrderCountCycle = 255, OrderCountOffsets = 255 }.Write(),
            new Sps { Profile = 100, Chroma = 3, Crop = (1, 1, 1, 1), Aspect = (255, 4, 3), FullRange = true }.Write(),
        ],
        bytes => Audio(AvcSequenceParameterSet.Parse(bytes)));

    [Fact]
    public void Mutated_AAC_configurations_are_valid_or_rejected() => Hold(
        [[0x12, 0x10], [0x11, 0x90, 0x56, 0xe5, 0], [0x2b, 0x11, 0x88, 0], [0x17, 0x80, 0x7d, 0, 0x10]],
        bytes =>
        {
            var audio = CodecConfig.Aac.Parse(bytes).Audio;
            audio.SampleRate.ShouldBeInRange(7350, 96_000);
            audio.Channels.ShouldBeInRange(1, 8);
        });

    [Fact]
    public void Mutated_HEVC_records_are_valid_or_rejected() => Hold(
        [
            new HevcSps().WriteRecord(),
            new HevcSps { SubLayers = 3, ScalingLists = true, ReferenceSets = [3, 4, 5], LongTerm = 4, Aspect = (4, 3),
                Color = (9, 18, 9) }.WriteRecord(),
        ],
        bytes => Audio(CodecConfig.Hevc.Parse(bytes)));

    [Fact]
    public void Mutated_HEVC_parameter_sets_are_valid_or_rejected() => Hold(
        [new HevcSps { Window = (1, 1, 1, 1) }.Write(),
            new HevcSps { Chroma = 3, ScalingLists = true, ReferenceSets = [16, 16], LongTerm = 32 }.Write()],
        bytes => HevcSequenceParameterSet.Parse(bytes).VideoFormat.Width.ShouldBeInRange(1, VideoFormat.MaxSide));

    [Fact]
    public void Mutated_AV1_records_are_valid_or_rejected() => Hold(
        [
            new Av1Sequence().WriteRecord(),
            new Av1Sequence { Timing = (1, 60, 1), DecoderModel = true, DisplayDelay = true, Points = [(9, true), (4, false)], Depth = 10,
                Color = (9, 16, 9) }.WriteRecord(),
        ],
        bytes => Audio(CodecConfig.Av1.Parse(bytes)));

    [Fact]
    public void Mutated_VP9_records_are_valid_or_rejected() =>
    Hold([Vp9Tests.Record(), [1, 0, 0, 0, .. Vp9Tests.Record()]], bytes => Audio(CodecConfig.Vp9.Parse(bytes)));

    [Fact]
    public void Mutated_Opus_headers_are_valid_or_rejected() => Hold(
        [Convert.FromHexString(OpusTests.Stereo), Convert.FromHexString(OpusTests.Surround)],
        bytes => Audio(CodecConfig.Opus.Parse(bytes)));

    [Fact]
    public void Mutated_FLAC_headers_are_valid_or_rejected() =>
    Hold([FlacTests.Header, FlacTests.Header[4..]], bytes => Audio(CodecConfig.Flac.Parse(bytes)));

    [Fact]
    public void Mutated_AC3_frames_and_records_are_valid_or_rejected() => Hold(
        [Ac3Tests.Frame(0, 0, 2, false, 128), Ac3Tests.Frame(1, 0, 7, true, 138)], bytes => Audio(CodecConfig.Ac3.FromFrame(bytes)));

    [Fact]
    public void Mutated_EAC3_frames_are_valid_or_rejected() => Hold(
        [Eac3Tests.Frame(length: 64),
            [.. Eac3Tests.Frame(mode: 7, effects: true, length: 64), .. Eac3Tests.Frame(type: 1, map: 512, length: 40)]],
        bytes => Audio(CodecConfig.Eac3.FromFrame(bytes)));

    [Fact]
    public void Mutated_EAC3_records_are_valid_or_rejected() =>
    Hold([[0x0C, 0, 0x20, 0x0F, 2, 2], [0x0C, 0, 0x20, 0x04, 0]], bytes => Audio(CodecConfig.Eac3.Parse(bytes)));

    [Fact]
    public void Any_payload_is_a_sample_or_invalid_and_yields_a_valid_configuration()
    {
        byte[][] seeds =
        [
            [0, 0, 0, 3, 0x26, 1, 0x80, 0, 0, 0, 3, 0x02, 1, 0x80], [.. new Av1Sequence().Unit(), 0x32, 2, 0x10, 0], Vp9Tests.Key(320, 180),
            Vp9Tests.Key(320, 180, profile: 3, twelve: true, chroma: 2), [0xFB, 6, 1, 2, 3],
            [0xFF, 0xF8, 0x7A, 0x18, 0xC2, 0x80, 0x11, 0xFF],
            Ac3Tests.Frame(0, 0, 2, false, 128), Eac3Tests.Frame(length: 64), [0, 0, 0, 2, 0x65, 1],
        ];
        CodecConfig[] configs =
        [
            CodecConfig.Avc.Parse(Convert.FromHexString(AvcRecords.High1080P30)), CodecConfig.Hevc.Parse(new HevcSps().WriteRecord()),
            CodecConfig.Av1.Parse(new Av1Sequence().WriteRecord()), CodecConfig.Vp9.Parse(Vp9Tests.Record()), CodecConfig.Opus.Default(),
            CodecConfig.Flac.Parse(FlacTests.Header), CodecConfig.Ac3.FromFrame(Ac3Tests.Frame(0, 0, 2, false, 128)),
            CodecConfig.Eac3.FromFrame(Eac3Tests.Frame(length: 64)),
            CodecConfig.Aac.Parse([0x12, 0x10]),
        ];
        foreach (var config in configs)
        {
            var audio = 0;
            for (var seed = 0; seed < Rounds; seed++)
            {
                var payload = Mutation.Of(seeds, new Random(seed));
                if (!config.TryInspect(payload, out var frame))
                {
                    continue;
                }

                audio++;
                frame.Samples.ShouldBeInRange(config.Kind == TrackKind.Audio ? 1 : 0, config.Kind == TrackKind.Audio ? 1 << 20 : 0);
                try
                {
                    Audio(frame.IsSync ? config.CompleteFrom(payload) : config);
                }
                catch (InvalidCodecConfigException)
                {
                    // The sample's values exceed the limits.
                }
            }

            audio.ShouldBeGreaterThan(Rounds / 100, config.CodecString);
        }
    }

    private static void Audio(CodecConfig config)
    {
        config.CodecString.Length.ShouldBeInRange(4, 64);
        if (config.VideoFormat is { } frame)
        {
            frame.Width.ShouldBeInRange(1, VideoFormat.MaxSide);
            frame.Height.ShouldBeInRange(1, VideoFormat.MaxSide);
            frame.DisplayWidth.ShouldBeInRange(1, 65_535);
            (frame.FramesPerSecond is >= 0 and <= 1000).ShouldBeTrue();
        }

        if (config.AudioFormat is { } audio)
        {
            audio.SampleRate.ShouldBeInRange(7350, 384_000);
            audio.Channels.ShouldBeInRange(1, 32);
        }
    }

    private static void Audio(AvcSequenceParameterSet read)
    {
        read.Width.ShouldBeInRange(1, AvcSequenceParameterSet.MaxSide);
        read.Height.ShouldBeInRange(1, AvcSequenceParameterSet.MaxSide);
        read.SampleAspectWidth.ShouldBeInRange(1, 65_535);
        read.SampleAspectHeight.ShouldBeInRange(1, 65_535);
        read.DisplayWidth.ShouldBeInRange(1, 65_535);
        (read.FramesPerSecond is >= 0 and <= 1000).ShouldBeTrue();
    }

    private static void Hold(byte[][] seeds, Action<byte[]> parse)
    {
        var (accepted, refused) = (0, 0);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var seed = 0; seed < Rounds; seed++)
        {
            var bytes = Mutation.Of(seeds, new Random(seed));
            try
            {
                parse(bytes);
                accepted++;
            }
            catch (InvalidCodecConfigException)
            {
                refused++;
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"Seed {seed}, bytes {Convert.ToHexString(bytes)}", error);
            }
        }

        // A rejection costs an exception; memory must not depend on claimed sizes.
        ((GC.GetAllocatedBytesForCurrentThread() - before) / Rounds).ShouldBeLessThan(16_384);
        accepted.ShouldBeGreaterThan(Rounds / 100);
        refused.ShouldBeGreaterThan(Rounds / 100);
    }
}
