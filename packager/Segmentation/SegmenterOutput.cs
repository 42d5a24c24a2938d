using Broadcast.Media;
using Broadcast.Media.Bmff;

namespace Broadcast.Packager.Segmentation;

/// <summary>Output of the segmenter, in the order in which it is written and announced.</summary>
internal abstract record SegmenterOutput
{
    private SegmenterOutput() { }

    /// <summary>A segment starts a new period in every rendition.</summary>
    public sealed record Discontinuity(long Segment) : SegmenterOutput;

    /// <summary>
    /// A part is complete. The first part of a segment opens it. All parts of a segment have the same track configuration.
    /// </summary>
    public sealed record Part(
        string Rendition, long Segment, int Number, PartSamples Media, MediaTime Start, MediaTime Duration, bool Independent,
        DateTimeOffset WallClock) : SegmenterOutput;

    /// <summary>A segment is complete and has at least one part.</summary>
    public sealed record Closed(string Rendition, long Segment, bool Leader, MediaTime Start, MediaTime Duration, DateTimeOffset WallClock)
        : SegmenterOutput;

    /// <summary>The rendition has no samples for this segment.</summary>
    public sealed record Gap(string Rendition, long Segment, MediaTime Start, MediaTime Duration, DateTimeOffset WallClock)
        : SegmenterOutput;
}

/// <summary>Samples of a part. Payloads are referenced, never copied.</summary>
/// <param name="track">Track state when the samples were coded.</param>
/// <param name="decode">Decode time of the first sample, in ticks of the track on the session's timeline.</param>
internal sealed class PartSamples(Track track, long decode)
{
    public Track Track { get; } = track;

    public long Decode { get; } = decode;

    public List<FragmentSample> Samples { get; } = new(16);

    /// <summary>Contents of the file: a placeholder for the header, which the writer fills in, then the payloads.</summary>
    public List<ReadOnlyMemory<byte>> Bytes { get; } = new(32) { default };

    /// <summary>Total bytes of the payloads.</summary>
    public long PayloadLength { get; private set; }

    /// <summary>Total duration of the samples.</summary>
    public long Duration { get; private set; }

    public void Add(in MediaSample sample, long duration)
    {
        var offset = Math.Clamp(sample.Present.Ticks - sample.Decode.Ticks, int.MinValue, int.MaxValue);
        Samples.Add(new FragmentSample((uint)duration, sample.Payload.Length, sample.IsSync, (int)offset));
        Bytes.Add(sample.Payload);
        PayloadLength += sample.Payload.Length;
        Duration += duration;
    }
}

/// <summary>Start of a segment in all renditions.</summary>
internal sealed class SegmentStart(long number, MediaTime start, DateTimeOffset wallClock, bool discontinuity)
{
    public long Number { get; } = number;

    /// <summary>Time of the cut, in the leader's timescale.</summary>
    public MediaTime Start { get; } = start;

    public DateTimeOffset WallClock { get; } = wallClock;

    /// <summary>Indicates whether a discontinuity precedes the segment.</summary>
    public bool Discontinuity { get; set; } = discontinuity;

    /// <summary>Indicates whether a part of the segment exists in any rendition. A discontinuity can no longer be inserted then.</summary>
    public bool HasParts { get; set; }

    /// <summary>Duration in the leading rendition, once closed there.</summary>
    public MediaTime Duration { get; set; } = MediaTime.Zero(start.Timescale);

    public DateTimeOffset GetWallClock(MediaTime time) => WallClock + (time - Start.Rescale(time.Timescale)).ToTimeSpan();
}

/// <summary>Reasons for dropping a sample; each is counted.</summary>
internal enum SampleDropReason
{
    /// <summary>No sync sample precedes it.</summary>
    BeforeSync,

    /// <summary>The decode time is not after the previous one, or is invalid.</summary>
    Disordered,

    /// <summary>The segment was closed before the sample arrived, because the rendition lagged.</summary>
    Late,

    /// <summary>The segment would exceed the target duration.</summary>
    Overlong,

    /// <summary>The codec configuration changed, and the next segment has not started.</summary>
    ConfigurationChange,

    /// <summary>Too many samples wait for the leader.</summary>
    Waiting,

    /// <summary>The input ended just after a segment's start, at which another rendition has no sample.</summary>
    ShortEnd,

    /// <summary>The session has too many renditions.</summary>
    TooManyRenditions,
}
