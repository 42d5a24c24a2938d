using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Hls;

namespace Broadcast.Origin.Delivery;

/// <summary>Availability of requested media.</summary>
internal enum Readiness
{
    /// <summary>The media never existed, was deleted, or will not come.</summary>
    Never,

    /// <summary>The media is about to exist.</summary>
    Upcoming,

    /// <summary>An open segment with some of its parts.</summary>
    Growing,

    /// <summary>The media is complete.</summary>
    Complete,

    /// <summary>
    /// A number that a counting player rightly expects, but without media for it: a gap, or a segment with another init segment.
    /// </summary>
    Empty,
}

/// <summary>Decision about a media request.</summary>
/// <param name="Readiness">Availability of the media.</param>
/// <param name="Source">Location of the available bytes; <see langword="null"/> when there are none.</param>
internal readonly record struct MediaAvailability(Readiness Readiness, MediaLocation? Source)
{
    /// <summary>
    /// Time that a request for upcoming media is held: half a segment, as DASH-IF recommends (Dash-Industry-Forum/DASH-IF-IOP issue 205).
    /// The clocks of players and edges are ahead by less than that. Hinted parts come sooner unless the encoder has stopped. Players that
    /// count segments do not notice a stopped encoder. dash.js stops permanently after fifteen errors, so these requests are held as long
    /// as a blocking reload.
    /// </summary>
    public static TimeSpan HoldTime(LatencyProfile latency, LivePath path) => path.Init != 0 ? BlockingReload.MaxHoldTime(latency)
        : latency.TargetDuration / 2;

    /// <summary>Maximum time until the next part of a segment being sent; after that the channel counts as interrupted.</summary>
    public static TimeSpan StallTimeout(LatencyProfile latency) => 2 * latency.TargetDuration;

    /// <summary>Evaluates a media path of a session. Pure.</summary>
    public static MediaAvailability Of(SessionTimeline timeline, LivePath path)
    {
        if (path.Kind == LivePathKind.Sheet)
        {
            return Complete(MediaLocation.Find(timeline, path));
        }

        if (timeline.Find(path.Rendition) is not { } rendition)
        {
            return default;
        }

        if (path.Init != 0 && rendition.Find(path.Number) is { } started
            && (started.IsGap || started.Init != path.Init || IsFirstWith(rendition, started)))
        {
            return OfFirst(rendition, started, path.Init);
        }

        if (MediaLocation.Find(rendition, timeline.FirstSegment, path) is { } source)
        {
            return Complete(source);
        }

        if (timeline.IsEnded)
        {
            return default;
        }

        if (path.Kind == LivePathKind.Segment && rendition.Open is { Length: > 0 } open && open.Number == path.Number)
        {
            return new MediaAvailability(Readiness.Growing, MediaLocation.OfOpen(open, rendition.Kind));
        }

        return new MediaAvailability(IsUpcoming(timeline, rendition, path) ? Readiness.Upcoming : Readiness.Never, null);
    }

    /// <summary>
    /// Evaluates a segment of a counting player where the init segment changes. The first one after a change is sent after its init
    /// segment, because the player may not know of the change. If it expects another init segment, that one follows. Later segments are
    /// empty then: the MPD states where to continue. Shaka 5.2 counts a segment without media as buffered, and after ten seconds of them it
    /// would wait until its position leaves the DVR window. It ignores an init segment after media in low latency, so that the way back
    /// begins with one as well.
    /// </summary>
    private static MediaAvailability OfFirst(RenditionTimeline rendition, TimelineSegment segment, int number)
    {
        var isExpected = segment.Init == number;
        if (segment.IsGap || rendition.FindInit(segment.Init) is not { } init || rendition.FindInit(number) is not { } expected
            || (!isExpected && (rendition.Find(segment.Number - 1)?.Init != number
                || !HaveSameCodec(expected.Format.Codecs, init.Format.Codecs))))
        {
            return new MediaAvailability(Readiness.Empty, null);
        }

        var source = MediaLocation.Of(rendition, segment, init, isExpected ? null : expected);
        return segment.IsClosed ? Complete(source)
            : source is null || !isExpected ? new MediaAvailability(Readiness.Upcoming, null)
            : new MediaAvailability(Readiness.Growing, source);
    }

    /// <summary>Returns whether the segment before needs another init segment.</summary>
    private static bool IsFirstWith(RenditionTimeline rendition, TimelineSegment segment) =>
        segment.Discontinuity || (rendition.Find(segment.Number - 1) is { } before && before.Init != segment.Init);

    private static bool HaveSameCodec(string first, string second) => FourCharacterCode(first).SequenceEqual(FourCharacterCode(second));

    private static ReadOnlySpan<char> FourCharacterCode(string codecs) => codecs.AsSpan(0, Math.Min(4, codecs.Length));

    private static MediaAvailability Complete(MediaLocation? source) =>
        source is null ? default : new MediaAvailability(Readiness.Complete, source);

    private static bool IsUpcoming(SessionTimeline timeline, RenditionTimeline rendition, LivePath path)
    {
        // A segment that one rendition has started will exist in all: sequence numbers are the same, and rungs lag behind the source.
        var latest = timeline.LastSegment + 1;
        var next = rendition.Segments is [.., var last] ? last.Number + 1 : Math.Max(timeline.FirstSegment, timeline.LastSegment);
        if (path.Kind == LivePathKind.Segment)
        {
            // A counting player continues to count during input loss.
            var counted = path.Init != 0 ? (int)(HoldTime(timeline.Session.Latency, path) / timeline.Session.Latency.SegmentMinimum) : 0;
            return path.Number >= next && path.Number <= latest + counted;
        }

        if (path.Kind != LivePathKind.Part)
        {
            return false;
        }

        // "the server MUST refrain from transmitting any bytes belonging to a Partial Segment until all bytes of that Partial Segment can
        // be transmitted at the full speed of the link to the client" (draft-pantos-hls-rfc8216bis, on preload hints): a part is held until
        // it is complete, and then sent whole.
        var ahead = (int)Math.Ceiling(HoldTime(timeline.Session.Latency, path) / timeline.Session.Latency.PartTarget);
        return rendition.Open is { } open && path.Number == open.Number
            ? path.Part < open.Parts.Count + ahead
            : path.Number >= next && path.Number <= latest && path.Part < ahead;
    }
}
