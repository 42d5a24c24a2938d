using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Packager.Segmentation;

namespace Broadcast.Packager.Tests;

/// <summary>Samples of a simulated encoder.</summary>
internal static class Encoder
{
    public static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public static readonly Track Video = new(1, CodecConfig.Avc.Parse(Convert.FromHexString(
        "0142C01EFFE100196742C01EDA0280BFE5C044000003000400000300F03C58BA8001000468CE0FC8")), 90_000);

    /// <summary>Four parts per segment, so that a segment has inner parts.</summary>
    public static readonly LatencyProfile Latency = LatencyProfile.Standard with { PartTarget = TimeSpan.FromMilliseconds(500) };

    /// <summary>The same record with another PPS: another configuration.</summary>
    public static readonly Track OtherVideo = Video with
    {
        Config = CodecConfig.Avc
            .Parse(Convert.FromHexString("0142C01EFFE100196742C01EDA0280BFE5C044000003000400000300F03C58BA8001000468CE0FC9")),
    };

    public static readonly Track Audio = new(2, CodecConfig.Aac.Parse([0x11, 0x90]), 48_000);

    public static readonly Track OtherAudio = new(2, CodecConfig.Aac.Parse([0x12, 0x10]), 44_100);

    public static readonly Rendition Source = new("source", TrackKind.Video, IsLeading: true);

    public static readonly Rendition AudioTrack = new("audio", TrackKind.Audio, IsLeading: false);

    public static readonly Rendition OnlyAudio = new("audio", TrackKind.Audio, IsLeading: true);

    public static RenditionSample Sample(Rendition rendition, Track track, long decode, bool sync, long offset = 0, int size = 10,
        DateTimeOffset? arrival = null) =>
        new(rendition, new MediaSample(track, new MediaTime(decode, track.Timescale), new MediaTime(decode + offset, track.Timescale), sync,
            Payload(size, decode), arrival ?? (Noon + new MediaTime(decode, track.Timescale).ToTimeSpan())));

    /// <summary>
    /// A frame every 1/<paramref name="rate"/> s from a given time, with a sync sample every <paramref name="keyframe"/> frames.
    /// </summary>
    public static IEnumerable<RenditionSample> VideoFrames(double seconds, int keyframe, double from = 0, int rate = 30,
        Track? track = null, long offset = 0)
    {
        var ticks = 90_000 / rate;
        for (var i = 0; i < (int)(seconds * rate); i++)
        {
            yield return Sample(Source, track ?? Video, (long)(from * 90_000) + (i * ticks), i % keyframe == 0, offset);
        }
    }

    /// <summary>Audio frames from a given time.</summary>
    public static IEnumerable<RenditionSample> Frames(double seconds, double from = 0, Track? track = null, Rendition? rendition = null)
    {
        track ??= Audio;
        for (long i = 0, time = (long)(from * track.Timescale); i * 1024 < seconds * track.Timescale; i++)
        {
            yield return Sample(rendition ?? AudioTrack, track, time + (i * 1024), sync: true);
        }
    }

    /// <summary>Interleaves several tracks by decode time.</summary>
    public static List<RenditionSample> Interleave(params IEnumerable<RenditionSample>[] tracks) =>
        [.. tracks.SelectMany(samples => samples).OrderBy(sample => sample.Sample.Decode.TotalSeconds)
            .ThenBy(sample => sample.Rendition.Name, StringComparer.Ordinal)];

    public static BroadcastSession Session(string channel = "main", LatencyProfile? latency = null, DateTimeOffset? at = null) =>
        new(ChannelName.Parse(channel), SessionId.New(at ?? Noon), 1, at ?? Noon, latency ?? Encoder.Latency);

    private static byte[] Payload(int size, long decode)
    {
        var bytes = new byte[size];
        BitConverter.TryWriteBytes(bytes.AsSpan(), decode);
        return bytes;
    }
}

/// <summary>Output of a segmenter, by rendition and number.</summary>
internal sealed class Story
{
    public List<SegmenterOutput> Cuts { get; } = [];

    public IEnumerable<SegmenterOutput.Part> Parts(string rendition) =>
        Cuts.OfType<SegmenterOutput.Part>().Where(part => part.Rendition == rendition);

    public IEnumerable<SegmenterOutput.Closed> Closed(string rendition) =>
        Cuts.OfType<SegmenterOutput.Closed>().Where(segment => segment.Rendition == rendition);

    public IEnumerable<SegmenterOutput.Gap> Gaps(string rendition) =>
        Cuts.OfType<SegmenterOutput.Gap>().Where(gap => gap.Rendition == rendition);

    public IEnumerable<long> Discontinuities => Cuts.OfType<SegmenterOutput.Discontinuity>().Select(cut => cut.Segment);

    public double[] Lengths(string rendition) => [.. Closed(rendition).Select(segment => Math.Round(segment.Duration.TotalSeconds, 3))];

    public static Story Of(Segmenter segmenter, IEnumerable<RenditionSample> samples, bool finish = true)
    {
        foreach (var sample in samples)
        {
            segmenter.Push(sample);
        }

        if (finish)
        {
            segmenter.Finish();
        }

        var story = new Story();
        story.Cuts.AddRange(segmenter.Output);
        segmenter.Output.Clear();
        return story;
    }

    public static Segmenter Segmenter(LatencyProfile? latency = null, SegmenterStart? start = null, params Rendition[] renditions) =>
        new(latency ?? Encoder.Latency, new SegmenterLimits(), start ?? SegmenterStart.Empty,
            renditions.Length > 0 ? renditions : [Encoder.Source, Encoder.AudioTrack]);
}
