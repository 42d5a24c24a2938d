using Broadcast.Media;
using Broadcast.Origin.Thumbnails;

namespace Broadcast.Origin.Delivery;

/// <summary>Where the bytes of a media address are.</summary>
/// <param name="Object">The object that holds them.</param>
/// <param name="Offset">The first of them in the object.</param>
/// <param name="Length">How many; <see langword="null"/> for the whole object, when only the object knows.</param>
/// <param name="Tag">What tells them from everything else at the same address: the inner part of an entity tag.</param>
/// <param name="ContentType">What they are.</param>
internal sealed record MediaSource(ObjectName Object, long Offset, long? Length, string Tag, string ContentType)
{
    private MediaSource(ObjectName @object, long offset, long? length, string tag, TrackKind kind)
        : this(@object, offset, length, tag, ContentTypes.Of(kind))
    {
    }

    /// <summary>
    /// How long caches may keep the answer where its address is not the bytes' own; <see langword="null"/> for media, which never changes under its address.
    /// </summary>
    public TimeSpan? MaxAge { get; init; }

    /// <summary>What <c>CMSD-Static</c> says of it, or <see langword="null"/>.</summary>
    public string? Cmsd { get; init; }

    /// <summary>The newest poster of a session, at the channel's address.</summary>
    public static MediaSource Of(SessionId session, TimelinePoster poster, TimeSpan maxAge) =>
        new(poster.Object, 0, poster.Length, $"{session}.{poster.Time.Rescale(1000).Ticks}", ContentTypes.Jpeg) { MaxAge = maxAge };

    /// <summary>What there is so far of a segment that is being made.</summary>
    public static MediaSource OfOpen(TimelineSegment open, TrackKind kind) => new(open.Object, 0, open.Length, $"s{open.Number}", kind) { Cmsd = Delivery.Cmsd.OfKind(kind) };

    /// <summary>
    /// Finds a segment, part or init segment. What has left the window is still looked for under its own address, because players that read an old playlist
    /// may ask for it; what is not whole yet, and what is a hole, is not there.
    /// </summary>
    public static MediaSource? Find(RenditionTimeline rendition, long firstSegment, LivePath path) => path.Kind switch
    {
        LivePathKind.Init => Init(rendition, path),
        LivePathKind.Segment => Segment(rendition, firstSegment, path),
        LivePathKind.Part => Part(rendition, path),
        _ => null,
    };

    /// <summary>Finds a sheet of thumbnails, with the same patience for what has left the window.</summary>
    public static MediaSource? Find(SessionTimeline timeline, LivePath path)
    {
        var tag = $"t{path.Number}";
        foreach (var sheet in timeline.Sheets)
        {
            if (ThumbnailTrack.Milliseconds(sheet) == path.Number)
            {
                return new MediaSource(sheet.Object, 0, sheet.Length, tag, ContentTypes.Jpeg);
            }
        }

        return timeline.Sheets is [var first, ..] && path.Number < ThumbnailTrack.Milliseconds(first) && ObjectName.TryParse(path.ObjectName, out var name)
            ? new MediaSource(name, 0, null, tag, ContentTypes.Jpeg)
            : null;
    }

    private static MediaSource? Init(RenditionTimeline rendition, LivePath path)
    {
        if (path.Number <= int.MaxValue && rendition.FindInit((int)path.Number) is { } init)
        {
            return new MediaSource(init.Object, 0, init.Length, $"i{init.Number}", rendition.Kind) { Cmsd = Delivery.Cmsd.OfInit };
        }

        return rendition.Inits is [var first, ..] && path.Number >= 1 && path.Number < first.Number ? Past(rendition, path) : null;
    }

    private static MediaSource? Segment(RenditionTimeline rendition, long firstSegment, LivePath path)
    {
        if (rendition.Find(path.Number) is { } segment)
        {
            return segment is { IsClosed: true, IsGap: false, Length: > 0 }
                ? new MediaSource(segment.Object, 0, segment.Length, $"s{segment.Number}", rendition.Kind) { Cmsd = Delivery.Cmsd.OfMedia(rendition.Kind, segment.Duration, segment.Length) }
                : null;
        }

        return path.Number >= 1 && path.Number < firstSegment ? Past(rendition, path) : null;
    }

    private static MediaSource? Part(RenditionTimeline rendition, LivePath path) =>
        rendition.Find(path.Number) is { IsGap: false } segment && path.Part < segment.Parts.Count && segment.Parts[path.Part] is var part
            ? new MediaSource(segment.Object, part.Offset, part.Length, $"s{segment.Number}.{part.Number}", rendition.Kind) { Cmsd = Delivery.Cmsd.OfMedia(rendition.Kind, part.Duration, part.Length) }
            : null;

    private static MediaSource? Past(RenditionTimeline rendition, LivePath path) =>
        ObjectName.TryParse(path.ObjectName, out var name)
            ? new MediaSource(name, 0, null, path.Kind == LivePathKind.Init ? $"i{path.Number}" : $"s{path.Number}", rendition.Kind)
            {
                Cmsd = path.Kind == LivePathKind.Init ? Delivery.Cmsd.OfInit : Delivery.Cmsd.OfKind(rendition.Kind),
            }
            : null;
}
