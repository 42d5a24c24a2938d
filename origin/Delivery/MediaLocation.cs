using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Thumbnails;

namespace Broadcast.Origin.Delivery;

/// <summary>Location of the bytes of a media URL.</summary>
/// <param name="Object">The object.</param>
/// <param name="Offset">Offset of the first byte in the object.</param>
/// <param name="Length">Number of bytes; <see langword="null"/> for the whole object when its length is unknown.</param>
/// <param name="Tag">Identifies the bytes among all at the same URL: part of the entity tag.</param>
/// <param name="ContentType">Media type.</param>
internal sealed record MediaLocation(ObjectName Object, long Offset, long? Length, string Tag, string ContentType)
{
    private MediaLocation(ObjectName @object, long offset, long? length, string tag, TrackKind kind)
        : this(@object, offset, length, tag, ContentTypes.Of(kind))
    {
    }

    /// <summary>Init segment to send before the bytes; <see langword="null"/> for none.</summary>
    public MediaLocation? Before { get; init; }

    /// <summary>Init segment to send after the bytes; <see langword="null"/> for none.</summary>
    public MediaLocation? After { get; init; }

    /// <summary>Cache lifetime for a URL whose content changes; <see langword="null"/> for media, which never changes at its URL.</summary>
    public TimeSpan? MaxAge { get; init; }

    /// <summary>Value of <c>CMSD-Static</c>, or <see langword="null"/>.</summary>
    public string? Cmsd { get; init; }

    /// <summary>The newest poster of a session, at the channel's URL.</summary>
    public static MediaLocation Of(SessionId session, TimelinePoster poster, TimeSpan maxAge) =>
        new(poster.Object, 0, poster.Length, $"{session}.{poster.Time.Rescale(1000).Ticks}", ContentTypes.Jpeg) { MaxAge = maxAge };

    /// <summary>The available bytes of an open segment.</summary>
    public static MediaLocation OfOpen(TimelineSegment open, TrackKind kind) =>
        new(open.Object, 0, open.Length, $"s{open.Number}", kind) { Cmsd = Broadcast.Origin.Delivery.Cmsd.OfKind(kind) };

    /// <summary>
    /// Finds a segment, part or init segment. Media that left the live window is still located by its URL, because players with an old
    /// playlist may request it. Open segments and gaps are not found.
    /// </summary>
    public static MediaLocation? Find(RenditionTimeline rendition, long firstSegment, LivePath path) => path.Kind switch
    {
        LivePathKind.Init => FindInit(rendition, path),
        LivePathKind.Segment => FindSegment(rendition, firstSegment, path),
        LivePathKind.Part => FindPart(rendition, path),
        _ => null,
    };

    /// <summary>Finds a sprite sheet; sheets that left the live window are located by their URL.</summary>
    public static MediaLocation? Find(SessionTimeline timeline, LivePath path)
    {
        var tag = $"t{path.Number}";
        foreach (var sheet in timeline.SpriteSheets)
        {
            if (ThumbnailTrack.Milliseconds(sheet) == path.Number)
            {
                return new MediaLocation(sheet.Object, 0, sheet.Length, tag, ContentTypes.Jpeg);
            }
        }

        return timeline.SpriteSheets is [var first, ..] && path.Number < ThumbnailTrack.Milliseconds(first)
            ? new MediaLocation(path.Object, 0, null, tag, ContentTypes.Jpeg)
            : null;
    }

    /// <summary>
    /// A closed or open segment after its init segment, and before another one; <see langword="null"/> when there is no such segment.
    /// </summary>
    public static MediaLocation? Of(RenditionTimeline rendition, TimelineSegment segment, TimelineInit before, TimelineInit? after) =>
        (Of(rendition, segment) ?? (segment.Length > 0 ? OfOpen(segment, rendition.Kind) : null)) is { } media
            ? media with
            {
                Before = Of(rendition, before),
                After = after is null ? null : Of(rendition, after),
                Tag = $"i{before.Number}{media.Tag}{(after is null ? "" : $"i{after.Number}")}",
            }
            : null;

    private static MediaLocation Of(RenditionTimeline rendition, TimelineInit init) =>
        new(init.Object, 0, init.Length, $"i{init.Number}", rendition.Kind) { Cmsd = Broadcast.Origin.Delivery.Cmsd.OfInit };

    private static MediaLocation? Of(RenditionTimeline rendition, TimelineSegment segment) =>
        segment is { IsClosed: true, IsGap: false, Length: > 0 }
            ? new MediaLocation(segment.Object, 0, segment.Length, $"s{segment.Number}",
                rendition.Kind) { Cmsd = Broadcast.Origin.Delivery.Cmsd.OfMedia(rendition.Kind, segment.Duration, segment.Length) }
            : null;

    private static MediaLocation? FindInit(RenditionTimeline rendition, LivePath path)
    {
        if (path.Number <= int.MaxValue && rendition.FindInit((int)path.Number) is { } init)
        {
            return Of(rendition, init);
        }

        return path.Number >= 1 && path.Number < rendition.NewestInit?.Number ? Past(rendition, path) : null;
    }

    private static MediaLocation? FindSegment(RenditionTimeline rendition, long firstSegment, LivePath path)
    {
        if (rendition.Find(path.Number) is { } segment)
        {
            return Of(rendition, segment);
        }

        return path.Number >= 1 && path.Number < firstSegment ? Past(rendition, path) : null;
    }

    private static MediaLocation? FindPart(RenditionTimeline rendition, LivePath path) =>
        rendition.Find(path.Number) is { IsGap: false } segment && path.Part < segment.Parts.Count && segment.Parts[path.Part] is var part
            ? new MediaLocation(segment.Object, part.Offset, part.Length, $"s{segment.Number}.{part.Number}",
                rendition.Kind) { Cmsd = Broadcast.Origin.Delivery.Cmsd.OfMedia(rendition.Kind, part.Duration, part.Length) }
            : null;

    private static MediaLocation Past(RenditionTimeline rendition, LivePath path) =>
        new(path.Object, 0, null, path.Kind == LivePathKind.Init ? $"i{path.Number}" : $"s{path.Number}", rendition.Kind)
        {
            Cmsd = path.Kind == LivePathKind.Init ? Broadcast.Origin.Delivery.Cmsd.OfInit
                : Broadcast.Origin.Delivery.Cmsd.OfKind(rendition.Kind),
        };
}
