using Broadcast.Media.Codecs;

namespace Broadcast.Fuzz.Tests.Targets;

/// <summary>Concatenated FLAC frames: splitting them terminates, loses no byte, and returns none twice.</summary>
internal sealed class FlacTarget : CodecTarget
{
    public override string Name => "flac-frames";

    public override IReadOnlyList<byte[]> Words { get; } =
        [[0xFF, 0xF8, 0xC9, 0x18, 0x00, 0xC2], [0xFF, 0xF9], [0xFF, 0xF8, 0x69, 0x08], [0, 0]];

    public override void Run(byte[] input, ref Shape shape)
    {
        var count = 0;
        for (ReadOnlySpan<byte> rest = input; !rest.IsEmpty;)
        {
            var length = FlacFrameSplitter.LengthOfFirst(rest);
            Hold(length >= 1 && length <= rest.Length, "a frame that is empty, or longer than what there is");
            var samples = FlacStreamInfo.SamplesIn(rest);
            Hold(samples is >= 0 and <= 65_536, "a frame with a number of samples that none has");
            shape.Size(length);
            shape.Size(samples);
            rest = rest[length..];
            count++;
        }

        Hold(count <= 1 + (input.Length / 10), "frames that are shorter than the shortest");
        shape.Kind(count);
    }
}
