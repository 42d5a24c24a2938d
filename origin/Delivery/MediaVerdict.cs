using Broadcast.Media;
using Broadcast.Origin.Hls;

namespace Broadcast.Origin.Delivery;

/// <summary>How far media that was asked for has got.</summary>
internal enum Readiness
{
    /// <summary>It never was, or is gone, or will not come any more.</summary>
    Never,

    /// <summary>It is about to exist.</summary>
    Soon,

    /// <summary>A segment that is being made: some parts of it are there.</summary>
    Growing,

    /// <summary>All of it is there.</summary>
    Whole,

    /// <summary>A player that counts was right to expect it, but it has no media for that player: a hole, or one that needs another init segment.</summary>
    Empty,
}

/// <summary>What a request for media can be answered with.</summary>
/// <param name="Readiness">How far it has got.</param>
/// <param name="Source">Where the bytes are that there are so far; <see langword="null"/> when there are none.</param>
internal readonly record struct MediaVerdict(Readiness Readiness, MediaSource? Source)
{
    /// <summary>
    /// How long a request for what is about to exist is held: half a segment, as players' clocks and edges are ahead of us by less than that, and as the DASH-IF would
    /// have it (Dash-Industry-Forum/DASH-IF-IOP issue 205). A part that a playlist hints at is never further away, unless the encoder has stopped. Who counts segments goes by the clock
    /// and knows nothing of an encoder that has: dash.js gives up for good after fifteen refusals, so it is not refused before a reload would be.
    /// </summary>
    public static TimeSpan Hold(LatencyProfile latency, LivePath path) => path.Init != 0 ? Reload.LongestHold(latency) : latency.TargetDuration / 2;

    /// <summary>How long the next part of a segment that is being sent may take: from then on the channel counts as interrupted.</summary>
    public static TimeSpan Stall(LatencyProfile latency) => 2 * latency.TargetDuration;

    /// <summary>Judges what is asked for under a session's address. Pure.</summary>
    public static MediaVerdict Of(SessionTimeline timeline, LivePath path)
    {
        if (path.Kind == LivePathKind.Sheet)
        {
            return Whole(MediaSource.Find(timeline, path));
        }

        if (timeline.Find(path.Rendition) is not { } rendition)
        {
            return default;
        }

        if (path.Init != 0 && rendition.Find(path.Number) is { } begun && (begun.IsGap || begun.Init != path.Init))
        {
            return new MediaVerdict(Readiness.Empty, null);
        }

        if (MediaSource.Find(rendition, timeline.FirstSegment, path) is { } source)
        {
            return Whole(source);
        }

        if (timeline.IsEnded)
        {
            return default;
        }

        if (path.Kind == LivePathKind.Segment && rendition.Open is { Length: > 0 } open && open.Number == path.Number)
        {
            return new MediaVerdict(Readiness.Growing, MediaSource.OfOpen(open, rendition.Kind));
        }

        return new MediaVerdict(IsSoon(timeline, rendition, path) ? Readiness.Soon : Readiness.Never, null);
    }

    private static MediaVerdict Whole(MediaSource? source) => source is null ? default : new MediaVerdict(Readiness.Whole, source);

    private static bool IsSoon(SessionTimeline timeline, RenditionTimeline rendition, LivePath path)
    {
        // What one rendition has begun, all will have: numbers are common to them, and rungs come later than their source.
        var latest = timeline.LastSegment + 1;
        var next = rendition.Segments is [.., var last] ? last.Number + 1 : Math.Max(timeline.FirstSegment, timeline.LastSegment);
        if (path.Kind == LivePathKind.Segment)
        {
            // A player that counts has gone on counting while nothing came.
            var counted = path.Init != 0 ? (int)(Hold(timeline.Session.Latency, path) / timeline.Session.Latency.SegmentMinimum) : 0;
            return path.Number >= next && path.Number <= latest + counted;
        }

        if (path.Kind != LivePathKind.Part)
        {
            return false;
        }

        // "the server MUST refrain from transmitting any bytes belonging to a Partial Segment until all bytes of that Partial Segment can be transmitted at the full
        // speed of the link to the client" (draft-pantos-hls-rfc8216bis, on preload hints): a part is held until it is announced, and then sent whole.
        var ahead = (int)Math.Ceiling(Hold(timeline.Session.Latency, path) / timeline.Session.Latency.PartTarget);
        return rendition.Open is { } open && path.Number == open.Number
            ? path.Part < open.Parts.Count + ahead
            : path.Number >= next && path.Number <= latest && path.Part < ahead;
    }
}
