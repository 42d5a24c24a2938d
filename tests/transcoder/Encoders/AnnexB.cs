using System.Buffers.Binary;
using Broadcast.Media;
using Broadcast.Media.Codecs;

namespace Broadcast.Transcoder.Tests.Encoders;

/// <summary>H.264 files for ffmpeg: parameter sets and frames, each NAL unit after a start code.</summary>
internal static class AnnexB
{
    /// <summary>Writes frames of one configuration.</summary>
    public static async Task WriteAsync(string path, IReadOnlyList<MediaSample> frames)
    {
        var configuration = ((CodecConfig.Avc)frames[0].Track.Config).Configuration;
        await using var stream = File.Create(path);
        foreach (var unit in configuration.SpsUnits.Concat(configuration.PpsUnits).Concat(frames.SelectMany(p => Units(p.Payload))))
        {
            stream.Write([0, 0, 0, 1, .. unit.Span]);
        }
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Units(ReadOnlyMemory<byte> payload)
    {
        for (var at = 0; at < payload.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(payload.Span[at..]);
            yield return payload.Slice(at + 4, length);
            at += 4 + length;
        }
    }
}
