using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Codecs;

/// <summary>Any bytes give a configuration or an <see cref="InvalidCodecConfigException"/>: nothing else, and not much memory.</summary>
public sealed class HostileBytesTests
{
    private const int Rounds = 20_000;

    [Fact]
    public void Mutated_records_of_H264() => Hold(
        [.. AvcRecords.All.Select(Convert.FromHexString)], bytes => Sound(CodecConfig.Avc.Parse(bytes).Sequence));

    [Fact]
    public void Mutated_parameter_sets_of_H264() => Hold(
        [
            .. AvcRecords.All.Select(hex => CodecConfig.Avc.Parse(Convert.FromHexString(hex)).Configuration.SequenceParameterSets[0].ToArray()),
            new Sps { OrderCountType = 1, OrderCountCycle = 255, OrderCountOffsets = 255 }.Write(),
            new Sps { Profile = 100, Chroma = 3, Crop = (1, 1, 1, 1), Aspect = (255, 4, 3), FullRange = true }.Write(),
        ],
        bytes => Sound(AvcSequenceParameters.Parse(bytes)));

    [Fact]
    public void Mutated_configurations_of_AAC() => Hold(
        [[0x12, 0x10], [0x11, 0x90, 0x56, 0xe5, 0], [0x2b, 0x11, 0x88, 0], [0x17, 0x80, 0x7d, 0, 0x10]],
        bytes =>
        {
            var audio = CodecConfig.Aac.Parse(bytes).Audio;
            audio.SampleRate.ShouldBeInRange(7350, 96_000);
            audio.Channels.ShouldBeInRange(1, 8);
        });

    private static void Sound(AvcSequenceParameters read)
    {
        read.Width.ShouldBeInRange(1, AvcSequenceParameters.MaxSide);
        read.Height.ShouldBeInRange(1, AvcSequenceParameters.MaxSide);
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

        // A refusal costs an exception; nothing may cost what the bytes claim.
        ((GC.GetAllocatedBytesForCurrentThread() - before) / Rounds).ShouldBeLessThan(16_384);
        accepted.ShouldBeGreaterThan(Rounds / 100);
        refused.ShouldBeGreaterThan(Rounds / 100);
    }
}
