using System.Buffers.Binary;
using Broadcast.Media.Codecs;

namespace Broadcast.Media.Tests.Bmff;

/// <summary>Real H.264 and AAC from ffmpeg as FLV, demuxed to the tracks and samples that ingest would create.</summary>
internal sealed record EncodedMedia(Track? Video, Track? Audio, IReadOnlyList<MediaSample> Samples)
{
    public IReadOnlyList<MediaSample> Of(TrackKind kind) => [.. Samples.Where(sample => sample.Track.Kind == kind)];

    public static async Task<EncodedMedia> GenerateAsync(params string[] arguments) =>
        Demux(await Tool.RunAsync("ffmpeg",
            ["-nostdin", "-v", "error", .. arguments, "-f", "flv", "-flvflags", "no_duration_filesize", "-"]));

    private static EncodedMedia Demux(ReadOnlyMemory<byte> flv)
    {
        Track? video = null, audio = null;
        var samples = new List<MediaSample>();
        var audioFrames = 0L;
        for (var position = 13; position + 11 < flv.Length;)
        {
            var tag = flv.Span[position..];
            var length = (tag[1] << 16) | (tag[2] << 8) | tag[3];
            var milliseconds = (long)((tag[7] << 24) | (tag[4] << 16) | (tag[5] << 8) | tag[6]);
            var body = flv.Slice(position + 11, length);
            position += 11 + length + 4;
            switch (tag[0] & 31, length)
            {
                case (9, > 5) when body.Span[1] == 0:
                    video = new Track(1, CodecConfig.Avc.Parse(body.Span[5..]), MediaTime.VideoTimescale);
                    break;
                case (9, > 5) when body.Span[1] == 1:
                    var offset = (BinaryPrimitives.ReadInt32BigEndian(body.Span[1..]) << 8) >> 8;
                    samples.Add(new MediaSample(
                        video!, new(milliseconds * 90, 90_000), new((milliseconds + offset) * 90, 90_000), body.Span[0] >> 4 == 1,
                        body[5..], default));
                    break;
                case (8, > 2) when body.Span[1] == 0:
                    var config = CodecConfig.Aac.Parse(body.Span[2..]);
                    audio = new Track(2, config, config.Audio.SampleRate, "de-CH");
                    break;
                case (8, > 2):
                    var time = new MediaTime(audioFrames++ * 1024, audio!.Timescale);
                    samples.Add(new MediaSample(audio, time, time, true, body[2..], default));
                    break;
            }
        }

        return new EncodedMedia(video, audio, samples);
    }
}
