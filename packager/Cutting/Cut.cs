using Broadcast.Media;
using Broadcast.Media.Bmff;

namespace Broadcast.Packager;

/// <summary>What the segmenter decided. Decisions come in the order in which they are to be written and announced.</summary>
internal abstract record Cut
{
    private Cut() { }

    /// <summary>The segment of this number begins a new run in every rendition.</summary>
    public sealed record Discontinuity(long Segment) : Cut;

    /// <summary>A part is complete. The first of a segment opens it; all parts of a segment have the same track configuration.</summary>
    public sealed record Part(
        string Rendition, long Segment, int Number, PartMedia Media, MediaTime Start, MediaTime Duration, bool Independent, DateTimeOffset WallClock) : Cut;

    /// <summary>A segment has all its parts, of which there is at least one.</summary>
    public sealed record Closed(string Rendition, long Segment, bool Leader, MediaTime Start, MediaTime Duration, DateTimeOffset WallClock) : Cut;

    /// <summary>The rendition has nothing for this number.</summary>
    public sealed record Gap(string Rendition, long Segment, MediaTime Start, MediaTime Duration, DateTimeOffset WallClock) : Cut;
}

/// <summary>The samples of a part. Payloads are referenced, never copied.</summary>
/// <param name="track">The track as it was when they were coded.</param>
/// <param name="decode">Decode time of the first, in ticks of the track's clock on the session's timeline.</param>
internal sealed class PartMedia(Track track, long decode)
{
    public Track Track { get; } = track;

    public long Decode { get; } = decode;

    public List<FragmentSample> Samples { get; } = new(16);

    /// <summary>What goes into the file: a place for the header (filled in by whoever writes it), then the payloads.</summary>
    public List<ReadOnlyMemory<byte>> Bytes { get; } = new(32) { default };

    /// <summary>Bytes of the payloads.</summary>
    public long PayloadLength { get; private set; }

    /// <summary>Sum of the samples' lengths.</summary>
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

/// <summary>Where a segment of a number begins, for all renditions.</summary>
internal sealed class SegmentOrigin(long number, MediaTime start, DateTimeOffset wallClock, bool discontinuity)
{
    public long Number { get; } = number;

    /// <summary>The instant of the cut, on the leader's clock.</summary>
    public MediaTime Start { get; } = start;

    public DateTimeOffset WallClock { get; } = wallClock;

    /// <summary>Whether a discontinuity stands before it.</summary>
    public bool Discontinuity { get; set; } = discontinuity;

    /// <summary>Whether a part of it, of any rendition, has been decided: from then on it is too late for a discontinuity.</summary>
    public bool HasParts { get; set; }

    /// <summary>The leader's length of it, once that has closed it.</summary>
    public MediaTime Duration { get; set; } = MediaTime.Zero(start.Timescale);

    public DateTimeOffset WallClockOf(MediaTime time) => WallClock + (time - Start.Rescale(time.Timescale)).ToTimeSpan();
}

/// <summary>Why the segmenter left a sample out; each is counted.</summary>
internal enum SampleLoss
{
    /// <summary>Nothing can be decoded before the first sync sample.</summary>
    BeforeSync,

    /// <summary>Its decode time does not lie after its predecessor's, or is no time at all.</summary>
    Disordered,

    /// <summary>Its segment was closed without it, because the rendition lagged.</summary>
    Late,

    /// <summary>Its segment would have become longer than the target duration.</summary>
    Overlong,

    /// <summary>Its codec configuration is new, and the segment that may begin with it has not come.</summary>
    ConfigurationChange,

    /// <summary>Too many samples wait for the leader to say where the next segment begins.</summary>
    Waiting,

    /// <summary>A rendition too many.</summary>
    TooManyRenditions,
}
