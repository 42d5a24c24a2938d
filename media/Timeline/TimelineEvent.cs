using System.Text.Json.Serialization;
using Broadcast.Media.Codecs;
using Broadcast.Media.TranscoderToPackager;

namespace Broadcast.Media.Timeline;

/// <summary>
/// Media format of a rendition, as described in manifests. All values are measured from the media, never taken from metadata.
/// </summary>
/// <param name="Kind">Media type.</param>
/// <param name="Codecs">RFC 6381 codec string, such as <c>avc1.64001f</c> or <c>mp4a.40.2</c>.</param>
/// <param name="Timescale">Timescale in ticks per second.</param>
/// <param name="Width">Display width in pixels; 0 for audio.</param>
/// <param name="Height">Display height in pixels; 0 for audio.</param>
/// <param name="FrameRate">Frame rate; 0 for audio or unknown.</param>
/// <param name="SampleRate">Audio sample rate in Hz; 0 for video.</param>
/// <param name="Channels">Number of audio channels; 0 for video.</param>
/// <param name="Language">BCP 47 tag, or <see langword="null"/>.</param>
/// <param name="Name">Track name sent by the encoder, or <see langword="null"/>. Like <paramref name="Color"/>, missing in older
/// journals.</param>
/// <param name="Color">Color description; <see langword="null"/> for audio or unknown.</param>
/// <param name="Captions">Names of the caption services found so far, separated by spaces (<see cref="CaptionServices"/>);
/// <see langword="null"/> for none.</param>
public sealed record RenditionFormat(
    TrackKind Kind, string Codecs, int Timescale, int Width, int Height, double FrameRate, int SampleRate, int Channels, string? Language,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Name = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ColorDescription? Color = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Captions = null);

/// <summary>
/// Event of a session's timeline, an append-only log written by the packager. <see cref="SessionTimeline"/> is its projection. Announced
/// objects can be served immediately. Sequence numbers are common to all renditions of a session and start at 1.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(Started), "started")]
[JsonDerivedType(typeof(RenditionAdded), "rendition")]
[JsonDerivedType(typeof(InitReady), "init")]
[JsonDerivedType(typeof(Discontinuity), "discontinuity")]
[JsonDerivedType(typeof(PartReady), "part")]
[JsonDerivedType(typeof(SegmentClosed), "segment")]
[JsonDerivedType(typeof(SegmentGap), "gap")]
[JsonDerivedType(typeof(WindowMoved), "window")]
[JsonDerivedType(typeof(IndexBlockReady), "chapter")]
[JsonDerivedType(typeof(IndexBlocksListed), "chapters")]
[JsonDerivedType(typeof(DvrWindowMoved), "rewind")]
[JsonDerivedType(typeof(PosterReady), "poster")]
[JsonDerivedType(typeof(SpriteSheetReady), "sheet")]
[JsonDerivedType(typeof(Ended), "ended")]
public abstract record TimelineEvent
{
    private TimelineEvent() { }

    /// <summary>The session starts, or another process takes it over with a higher epoch; earlier events stay valid.</summary>
    public sealed record Started(BroadcastSession Session) : TimelineEvent;

    /// <summary>A rendition is added to the session, before it has media.</summary>
    /// <param name="Rendition">Name of the rendition.</param>
    /// <param name="Kind">Media type.</param>
    /// <param name="Position">Sort order, from 0. Viewers are offered renditions by ascending position, and those of equal position in
    /// order of their events.</param>
    public sealed record RenditionAdded(string Rendition, TrackKind Kind, [property: JsonPropertyName("place")] int Position = 0)
        : TimelineEvent;

    /// <summary>
    /// An init segment is available. Init segments are numbered from 1 in each rendition; a changed configuration creates the next one,
    /// unless it equals that of an earlier one that is still on the timeline: segments then use that one. An init segment is announced
    /// again under its own number when new caption services are found. Older servers ignore the repetition.
    /// </summary>
    /// <param name="Rendition">Name of the rendition.</param>
    /// <param name="Init">Number of the init segment.</param>
    /// <param name="Format">Format of the segments that use it.</param>
    /// <param name="Object">Object with the init segment.</param>
    /// <param name="Length">Size in bytes.</param>
    public sealed record InitReady(string Rendition, int Init, RenditionFormat Format, ObjectName Object, int Length) : TimelineEvent;

    /// <summary>A discontinuity precedes a segment in every rendition. Announced before anything else of that segment.</summary>
    /// <param name="Segment">Sequence number of the segment.</param>
    /// <param name="IsSlate">Whether the slate starts, which replaces absent encoders; missing in older journals.</param>
    public sealed record Discontinuity(long Segment,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool IsSlate = false) : TimelineEvent;

    /// <summary>The next part of a segment is available. The first part opens the segment.</summary>
    /// <param name="Rendition">Name of the rendition.</param>
    /// <param name="Segment">Sequence number of the segment.</param>
    /// <param name="Part">Index in the segment, from 0.</param>
    /// <param name="Init">Number of the init segment.</param>
    /// <param name="Start">Earliest presentation time, on the session's timeline.</param>
    /// <param name="Duration">Duration, in the same timescale.</param>
    /// <param name="Independent">Whether the part starts with a sync sample.</param>
    /// <param name="WallClock">Wall-clock time of <paramref name="Start"/>, derived from arrival.</param>
    /// <param name="Object">Object of the segment.</param>
    /// <param name="Offset">Offset of the part in the object.</param>
    /// <param name="Length">Size in bytes.</param>
    /// <param name="KeyLength">Number of leading bytes that contain the first frame, when it is a keyframe; otherwise 0. Missing in older
    /// journals.</param>
    /// <param name="Crc">CRC-32C of the object from its start to the end of the part; 0 when unknown, as in older journals.</param>
    public sealed record PartReady(
        string Rendition, long Segment, int Part, int Init, MediaTime Start, MediaTime Duration, bool Independent, DateTimeOffset WallClock,
        ObjectName Object, long Offset, int Length,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] int KeyLength = 0,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] uint Crc = 0) : TimelineEvent;

    /// <summary>A segment is complete.</summary>
    public sealed record SegmentClosed(string Rendition, long Segment) : TimelineEvent;

    /// <summary>A rendition has no media for a sequence number: a gap of known duration, which keeps numbers common.</summary>
    public sealed record SegmentGap(string Rendition, long Segment, int Init, MediaTime Start, MediaTime Duration, DateTimeOffset WallClock)
        : TimelineEvent;

    /// <summary>
    /// Segments before a sequence number have left the live window in every rendition. Their objects stay readable for a while.
    /// </summary>
    /// <param name="FirstSegment">First sequence number of the window.</param>
    /// <param name="Run">In a checkpoint: period of the first segment, if known.</param>
    /// <param name="Slate">In a checkpoint: the slate at the end of the session, wherever it began.</param>
    /// <param name="Discontinuities">In a checkpoint, or when skipped discontinuities have left the window: number of discontinuities
    /// before the window. Older checkpoints instead contain a
    /// <see cref="Discontinuity"/> for each of them.</param>
    public sealed record WindowMoved(
        long FirstSegment, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] TimelinePeriod? Run = null,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] TimelineSlate? Slate = null,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long Discontinuities = 0) : TimelineEvent;

    /// <summary>
    /// An index block of segments that left the live window is available. Moves the window past them, like <see cref="WindowMoved"/>, and
    /// keeps them in the DVR window. A block replaces an earlier block with the same start, and later blocks up to its last segment.
    /// </summary>
    /// <param name="First">First sequence number.</param>
    /// <param name="Last">Last sequence number.</param>
    /// <param name="Start">Start of the earliest segment.</param>
    /// <param name="Duration">Time from there to the end of the latest segment, in the same timescale.</param>
    /// <param name="WallClock">Wall-clock time of <paramref name="Start"/>.</param>
    /// <param name="Discontinuities">Number of discontinuities in the block.</param>
    /// <param name="Renditions">Ranges of the renditions in the block.</param>
    /// <param name="Object">Object with the <see cref="IndexBlock"/>.</param>
    /// <param name="Length">Size of the object in bytes.</param>
    /// <param name="Run">Period of the first segment; <see langword="null"/> when unknown, as in older journals.</param>
    /// <param name="Next">Period of the first segment after the block; <see langword="null"/> when unknown, and in checkpoints, which give
    /// the period of the window.</param>
    public sealed record IndexBlockReady(
        long First, long Last, MediaTime Start, MediaTime Duration, DateTimeOffset WallClock, int Discontinuities,
        IReadOnlyList<IndexBlockRange> Renditions,
        ObjectName Object, int Length, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] TimelinePeriod? Run = null,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] TimelinePeriod? Next = null) : TimelineEvent
    {
        /// <summary>Returns whether both events are equal.</summary>
        public bool Equals(IndexBlockReady? other) =>
            other is not null && (First, Last, Start, Duration, WallClock, Discontinuities, Object, Length, Run, Next)
                == (other.First, other.Last, other.Start, other.Duration, other.WallClock, other.Discontinuities, other.Object,
                    other.Length, other.Run, other.Next)
            && Renditions.SequenceEqual(other.Renditions);

        /// <inheritdoc/>
        public override int GetHashCode() => HashCode.Combine(First, Last, Object);
    }

    /// <summary>
    /// In the checkpoint of a journal file: refers to an object that lists index blocks (<see cref="IndexBlockListFile"/>), so that the
    /// checkpoint does not grow with their number. Index blocks after it follow, or replace some of them.
    /// </summary>
    /// <param name="First">First sequence number of the first listed index block.</param>
    /// <param name="Last">Last sequence number of the last one.</param>
    /// <param name="Count">Number of index blocks.</param>
    /// <param name="Object">Object with the list.</param>
    /// <param name="Length">Size of the object in bytes.</param>
    public sealed record IndexBlocksListed(long First, long Last, int Count, ObjectName Object, int Length) : TimelineEvent;

    /// <summary>
    /// Index blocks that end before a sequence number have left the DVR window. Their objects stay readable for a while, or permanently in
    /// a recorded session.
    /// </summary>
    public sealed record DvrWindowMoved(long FirstSegment) : TimelineEvent;

    /// <summary>A newer poster is available and replaces the previous one. May follow the end of the session.</summary>
    /// <param name="Time">Media time of the image; increases with every poster.</param>
    /// <param name="Width">Width in pixels.</param>
    /// <param name="Height">Height in pixels.</param>
    /// <param name="Object">Object with the image.</param>
    /// <param name="Length">Size in bytes.</param>
    public sealed record PosterReady(MediaTime Time, int Width, int Height, ObjectName Object, int Length) : TimelineEvent;

    /// <summary>
    /// A sprite sheet is available. It leaves the window with the segments of its time, but the newest sheet stays until a newer one
    /// exists. In recorded sessions it moves to an index block. May follow the end of the session.
    /// </summary>
    /// <param name="Start">Start of the first tile on the session's timeline; never before the end of the previous sheet.</param>
    /// <param name="Duration">Total duration of all tiles.</param>
    /// <param name="Layout">Layout of the tiles.</param>
    /// <param name="Object">Object with the image.</param>
    /// <param name="Length">Size in bytes.</param>
    public sealed record SpriteSheetReady(MediaTime Start, MediaTime Duration, SpriteSheetLayout Layout, ObjectName Object, int Length)
        : TimelineEvent;

    /// <summary>The session has ended; only its late images follow.</summary>
    public sealed record Ended(string Reason) : TimelineEvent;
}

/// <summary>Segments of a rendition in an index block.</summary>
/// <param name="Rendition">Name of the rendition.</param>
/// <param name="First">First sequence number in the block.</param>
/// <param name="Last">Last sequence number in the block; there are no holes, only gaps.</param>
/// <param name="Init">Lowest number of an init segment that they need.</param>
/// <param name="Before">Number of discontinuities in the block before <paramref name="First"/>.</param>
/// <param name="Inits">Numbers of all init segments that they need, ascending. <see langword="null"/> for
/// <paramref name="Init"/> and any higher number: with many of them (<see cref="MaxInits"/>), and in older journals.</param>
public sealed record IndexBlockRange(
    string Rendition, long First, long Last, int Init,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] int Before = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<int>? Inits = null)
{
    /// <summary>Maximum number of listed init segments, so that the event stays small.</summary>
    public const int MaxInits = 64;

    /// <summary>Returns whether both ranges are equal.</summary>
    public bool Equals(IndexBlockRange? other) =>
        other is not null && (Rendition, First, Last, Init, Before) == (other.Rendition, other.First, other.Last, other.Init, other.Before)
        && (Inits is null ? other.Inits is null : other.Inits is not null && Inits.SequenceEqual(other.Inits));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Rendition, First, Last, Init);
}
