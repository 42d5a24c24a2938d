using System.Text.Json.Serialization;

namespace Broadcast.Media;

/// <summary>What a rendition's bytes are, as manifests describe it. Everything is computed from what really flows, never from metadata.</summary>
/// <param name="Kind">What it carries.</param>
/// <param name="Codecs">RFC 6381 codec string, such as <c>avc1.64001f</c> or <c>mp4a.40.2</c>.</param>
/// <param name="Timescale">Ticks a second of its media times.</param>
/// <param name="Width">Displayed pixels across; 0 for audio.</param>
/// <param name="Height">Displayed pixels down; 0 for audio.</param>
/// <param name="FrameRate">Frames a second as far as known; 0 for audio or unknown.</param>
/// <param name="SampleRate">Audio samples a second; 0 for video.</param>
/// <param name="Channels">Audio channels; 0 for video.</param>
/// <param name="Language">BCP 47 tag, or <see langword="null"/>.</param>
/// <param name="Name">What the encoder calls the track, for people, or <see langword="null"/>; like <paramref name="Color"/> not in journals of before.</param>
/// <param name="Color">How its colors are coded, or <see langword="null"/> for audio or unknown.</param>
/// <param name="Captions">Captions seen in its pictures so far, as <see cref="CaptionServices"/> names them, with a space between; <see langword="null"/> when none were.</param>
public sealed record RenditionFormat(
    TrackKind Kind, string Codecs, int Timescale, int Width, int Height, double FrameRate, int SampleRate, int Channels, string? Language,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Name = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] CodedColor? Color = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Captions = null);

/// <summary>
/// The packager's account of what exists, in order. It is appended to and never rewritten; <see cref="SessionTimeline"/> folds it. What is announced can be
/// served at that moment. Segment numbers are common to all renditions of a session and begin at 1.
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
[JsonDerivedType(typeof(ChapterReady), "chapter")]
[JsonDerivedType(typeof(RewindMoved), "rewind")]
[JsonDerivedType(typeof(PosterReady), "poster")]
[JsonDerivedType(typeof(SheetReady), "sheet")]
[JsonDerivedType(typeof(Ended), "ended")]
public abstract record TimelineEvent
{
    private TimelineEvent() { }

    /// <summary>The session begins, or is taken over by another process with a higher epoch (then nothing that was said before is undone).</summary>
    public sealed record Started(BroadcastSession Session) : TimelineEvent;

    /// <summary>A rendition belongs to the session from now on, though nothing of it exists yet.</summary>
    /// <param name="Rendition">Its name.</param>
    /// <param name="Kind">What it carries.</param>
    /// <param name="Place">From 0: renditions are offered to viewers by rising place, those of the same place as they came.</param>
    public sealed record RenditionAdded(string Rendition, TrackKind Kind, int Place = 0) : TimelineEvent;

    /// <summary>
    /// An init segment can be read. Numbered from 1 in each rendition; a changed configuration makes the next one. The newest is told once more, with its own number, when captions were seen in
    /// its pictures that had not been seen before; servers of before do not listen to that.
    /// </summary>
    /// <param name="Rendition">Whose it is.</param>
    /// <param name="Init">Its number.</param>
    /// <param name="Format">What the segments that use it are.</param>
    /// <param name="Object">Where it is.</param>
    /// <param name="Length">Its bytes.</param>
    public sealed record InitReady(string Rendition, int Init, RenditionFormat Format, ObjectName Object, int Length) : TimelineEvent;

    /// <summary>The segment of this number begins a new run: in every rendition a discontinuity stands before it. Said before anything of that segment.</summary>
    /// <param name="Segment">The number.</param>
    /// <param name="IsSlate">Whether the run is of the slate, which stands in for encoders that are gone; not in journals of before.</param>
    public sealed record Discontinuity(long Segment, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool IsSlate = false) : TimelineEvent;

    /// <summary>The next part of a segment can be read. The first part of a segment opens it.</summary>
    /// <param name="Rendition">Whose it is.</param>
    /// <param name="Segment">The segment it belongs to.</param>
    /// <param name="Part">Its number in the segment, from 0.</param>
    /// <param name="Init">The init segment it needs.</param>
    /// <param name="Start">Earliest presentation time in it, on the session's timeline.</param>
    /// <param name="Duration">Its length, on the same clock.</param>
    /// <param name="Independent">Whether it begins with a sync sample.</param>
    /// <param name="WallClock">Wall clock of <paramref name="Start"/>, from arrival.</param>
    /// <param name="Object">The segment's object.</param>
    /// <param name="Offset">Where in the object the part begins.</param>
    /// <param name="Length">Its bytes.</param>
    /// <param name="KeyLength">How many of them, from the first on, a player needs for the picture it begins with, where that can be decoded alone; 0 where there is none, and in journals of before.</param>
    public sealed record PartReady(
        string Rendition, long Segment, int Part, int Init, MediaTime Start, MediaTime Duration, bool Independent, DateTimeOffset WallClock,
        ObjectName Object, long Offset, int Length, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] int KeyLength = 0) : TimelineEvent;

    /// <summary>A segment is whole: the parts announced are all of it.</summary>
    public sealed record SegmentClosed(string Rendition, long Segment) : TimelineEvent;

    /// <summary>The rendition has nothing for this number: a hole of known length, so that numbers stay common.</summary>
    public sealed record SegmentGap(string Rendition, long Segment, int Init, MediaTime Start, MediaTime Duration, DateTimeOffset WallClock) : TimelineEvent;

    /// <summary>Segments before this number have left the live window, in every rendition. Their objects stay readable for a while.</summary>
    /// <param name="FirstSegment">The number.</param>
    /// <param name="Run">In a checkpoint, the run that its segments belong to, where that is known.</param>
    /// <param name="Slate">In a checkpoint, the slate at the end of the session, wherever it began.</param>
    public sealed record WindowMoved(
        long FirstSegment, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] TimelineRun? Run = null,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] TimelineSlate? Slate = null) : TimelineEvent;

    /// <summary>
    /// Segments have left the live window, and can still be gone back to: what manifests say of them is in an object that can be read. Moves the window beyond them, as
    /// <see cref="WindowMoved"/> does. One that begins where an earlier one does takes the place of that and of those behind it, up to its last number.
    /// </summary>
    /// <param name="First">Its first segment number.</param>
    /// <param name="Last">Its last segment number.</param>
    /// <param name="Start">Where its earliest segment begins.</param>
    /// <param name="Duration">From there to where its latest ends, on the same clock.</param>
    /// <param name="WallClock">Wall clock of <paramref name="Start"/>.</param>
    /// <param name="Discontinuities">How many of its numbers a discontinuity stands before.</param>
    /// <param name="Renditions">What it has of each rendition that it has something of.</param>
    /// <param name="Object">Where its <see cref="Chapter"/> is.</param>
    /// <param name="Length">The object's bytes.</param>
    /// <param name="Run">The run that its first segment belongs to; <see langword="null"/> when that is not known, as in journals of before.</param>
    /// <param name="Next">The run that the first segment behind it belongs to; likewise, and in a checkpoint, which says it of the window.</param>
    public sealed record ChapterReady(
        long First, long Last, MediaTime Start, MediaTime Duration, DateTimeOffset WallClock, int Discontinuities, IReadOnlyList<ChapterRange> Renditions,
        ObjectName Object, int Length, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] TimelineRun? Run = null,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] TimelineRun? Next = null) : TimelineEvent
    {
        /// <summary>Whether both say the same.</summary>
        public bool Equals(ChapterReady? other) =>
            other is not null && (First, Last, Start, Duration, WallClock, Discontinuities, Object, Length, Run, Next)
                == (other.First, other.Last, other.Start, other.Duration, other.WallClock, other.Discontinuities, other.Object, other.Length, other.Run, other.Next)
            && Renditions.SequenceEqual(other.Renditions);

        /// <inheritdoc/>
        public override int GetHashCode() => HashCode.Combine(First, Last, Object);
    }

    /// <summary>Chapters that end before this number cannot be gone back to any more. Their objects stay readable for a while; of a session that is recorded all stays.</summary>
    public sealed record RewindMoved(long FirstSegment) : TimelineEvent;

    /// <summary>A newer poster can be read, and the one before is not needed any more. May still come after the end.</summary>
    /// <param name="Time">When it is in the session; rises.</param>
    /// <param name="Width">Pixels across.</param>
    /// <param name="Height">Pixels down.</param>
    /// <param name="Object">Where it is.</param>
    /// <param name="Length">Its bytes.</param>
    public sealed record PosterReady(MediaTime Time, int Width, int Height, ObjectName Object, int Length) : TimelineEvent;

    /// <summary>
    /// A sheet of thumbnails can be read. It leaves with the segments of its time, the newest not before there is a newer one; of a session that is recorded it is in their chapter then. May still come after the end.
    /// </summary>
    /// <param name="Start">Where its first tile begins, on the session's timeline; never before the end of the sheet before.</param>
    /// <param name="Duration">How long all its tiles are together.</param>
    /// <param name="Layout">How it is divided.</param>
    /// <param name="Object">Where it is.</param>
    /// <param name="Length">Its bytes.</param>
    public sealed record SheetReady(MediaTime Start, MediaTime Duration, SheetLayout Layout, ObjectName Object, int Length) : TimelineEvent;

    /// <summary>The session is over; nothing but the pictures of what was there follows.</summary>
    public sealed record Ended(string Reason) : TimelineEvent;
}

/// <summary>The segments of a rendition in a chapter.</summary>
/// <param name="Rendition">Its name.</param>
/// <param name="First">Its first number there.</param>
/// <param name="Last">Its last number there; all between are there, if only as gaps.</param>
/// <param name="Init">The lowest init segment that they need.</param>
/// <param name="Before">How many discontinuities the chapter has before <paramref name="First"/>.</param>
public sealed record ChapterRange(
    string Rendition, long First, long Last, int Init, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] int Before = 0);

/// <summary>packager → origin (and whoever else wants to know).</summary>
public interface ITimelineSink
{
    /// <summary>Takes events of one session, in order. Must not block: the live edge waits for nobody.</summary>
    void Append(ChannelName channel, SessionId session, IReadOnlyList<TimelineEvent> events);

    /// <summary>The session is deleted or superseded: nothing of it is served live any more. Its media are gone, unless it is recorded and was only superseded.</summary>
    void Forget(ChannelName channel, SessionId session);

    /// <summary>The session is another server's, which has it on air: it is not served live here, and what it has in the store is that one's to change.</summary>
    void LetGo(ChannelName channel, SessionId session) => Forget(channel, session);
}
