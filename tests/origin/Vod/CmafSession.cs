using Broadcast.Media;
using Broadcast.Media.Bmff;
using Broadcast.Media.Codecs;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Vod;

namespace Broadcast.Origin.Tests.Vod;

/// <summary>
/// A session's renditions as CMAF objects, with random samples in two parts per segment, and the samples that a player would read.
/// </summary>
internal sealed class CmafSession
{
    private static readonly Track Frames = new(
        1, CodecConfig.Avc.Parse(Convert.FromHexString(
            "01640028ffe1001b67640028acd940780227e5c044000003000400000300f03c60c65801000668ebe3cb22c0fdf8f800")), 90_000);

    private static readonly Track Audio = new(2, CodecConfig.Aac.Parse([0x11, 0x90]), 48_000);

    private readonly Random _random = new(7);

    public static ChannelName Channel { get; } = ChannelName.Parse("demo");

    public Dictionary<string, byte[]> Objects { get; } = [];

    /// <summary>Payloads of a rendition's segments.</summary>
    public Dictionary<(string Rendition, long Number), byte[]> Payloads { get; } = [];

    /// <summary>Segments of 2 s: 60 video frames of a given size, or 94 audio frames.</summary>
    public DownloadTrack Add(string name, TrackKind kind, int count, int bytes = 50)
    {
        var (track, samples, duration) = kind == TrackKind.Video ? (Frames, 60, 3000u) : (Audio, 94, 1024u);
        Objects[Path(name, "init-1.mp4")] = InitSegmentWriter.Write(track);
        var segments = new List<IndexedSegment>();
        var (writer, decode) = (new FragmentWriter(), 0L);
        for (var number = 1L; number <= count; number++)
        {
            using var segment = new MemoryStream();
            using var payloads = new MemoryStream();
            var start = decode;
            foreach (var part in (int[])[samples / 2, samples - (samples / 2)])
            {
                var said = Enumerable.Range(0, part).Select(i =>
                    new FragmentSample(duration, _random.Next(1, bytes), kind == TrackKind.Audio || (i == 0 && decode == start))).ToArray();
                var payload = new byte[said.Sum(sample => sample.Size)];
                _random.NextBytes(payload);
                segment.Write(writer.Write(new FragmentHeader((uint)number, decode,
                    decode == start ? SegmentTypeBox.Segment : SegmentTypeBox.None), said));
                segment.Write(payload);
                payloads.Write(payload);
                decode += part * duration;
            }

            Objects[Path(name, $"{number}.m4s")] = segment.ToArray();
            Payloads[(name, number)] = payloads.ToArray();
            var begin = new MediaTime(start, track.Timescale);
            segments.Add(new IndexedSegment(
                number, 1, begin, new MediaTime(decode - start, track.Timescale), FakePackager.Start + begin.ToTimeSpan(), false, false,
                true, segment.Length));
        }

        return new DownloadTrack(name, kind, segments);
    }

    public static DownloadPlan Plan(params DownloadTrack[] tracks) => new(new FakePackager().Session, FakePackager.Start, tracks);

    public static string Path(string rendition, string file) => $"live/{Channel}/{FakePackager.First}/{rendition}/{file}";
}
