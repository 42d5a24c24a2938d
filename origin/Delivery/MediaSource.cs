using Broadcast.Media;

namespace Broadcast.Origin.Delivery;

/// <summary>Where the bytes of a media address are.</summary>
/// <param name="Object">The object that holds them.</param>
/// <param name="Offset">The first of them in the object.</param>
/// <param name="Length">How many; <see langword="null"/> for the whole object, when only the object knows.</param>
/// <param name="Tag">What tells them from everything else at the same address: the inner part of an entity tag.</param>
/// <param name="Kind">What they carry.</param>
internal sealed record MediaSource(ObjectName Object, long Offset, long? Length, string Tag, TrackKind Kind)
{
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

    private static MediaSource? Init(RenditionTimeline rendition, LivePath path)
    {
        if (path.Number <= int.MaxValue && rendition.FindInit((int)path.Number) is { } init)
        {
            return new MediaSource(init.Object, 0, init.Length, $"i{init.Number}", rendition.Kind);
        }

        return rendition.Inits is [var first, ..] && path.Number >= 1 && path.Number < first.Number ? Past(rendition, path) : null;
    }

    private static MediaSource? Segment(RenditionTimeline rendition, long firstSegment, LivePath path)
    {
        if (rendition.Find(path.Number) is { } segment)
        {
            return segment is { IsClosed: true, IsGap: false, Length: > 0 }
                ? new MediaSource(segment.Object, 0, segment.Length, $"s{segment.Number}", rendition.Kind)
                : null;
        }

        return path.Number >= 1 && path.Number < firstSegment ? Past(rendition, path) : null;
    }

    private static MediaSource? Part(RenditionTimeline rendition, LivePath path) =>
        rendition.Find(path.Number) is { IsGap: false } segment && path.Part < segment.Parts.Count && segment.Parts[path.Part] is var part
            ? new MediaSource(segment.Object, part.Offset, part.Length, $"s{segment.Number}.{part.Number}", rendition.Kind)
            : null;

    private static MediaSource? Past(RenditionTimeline rendition, LivePath path) =>
        ObjectName.TryParse(path.ObjectName, out var name)
            ? new MediaSource(name, 0, null, path.Kind == LivePathKind.Init ? $"i{path.Number}" : $"s{path.Number}", rendition.Kind)
            : null;
}
