using System.Globalization;
using Broadcast.Media.Timeline;

namespace Broadcast.Media.Integrity;

/// <summary>Type of a session's object.</summary>
public enum SessionObjectKind
{
    /// <summary>An init segment.</summary>
    Init,

    /// <summary>A segment.</summary>
    Segment,

    /// <summary>An index block.</summary>
    IndexBlock,

    /// <summary>A sprite sheet.</summary>
    SpriteSheet,

    /// <summary>The poster.</summary>
    Poster,
}

/// <summary>An object that a timeline announces and that must therefore exist.</summary>
/// <param name="Name">Object name.</param>
/// <param name="Length">Size in bytes.</param>
/// <param name="Kind">Object type.</param>
/// <param name="MayGrow">Whether the object may be longer than announced, because its segment is not closed.</param>
public readonly record struct ExpectedObject(ObjectName Name, long Length, SessionObjectKind Kind, bool MayGrow = false)
{
    /// <summary>Folder of a session's media, ending in <c>/</c>.</summary>
    public static string FolderOf(ChannelName channel, SessionId session) => $"live/{channel}/{session}/";

    /// <summary>
    /// Lists all objects in a timeline: init segments, index blocks, images, and segments of the live window. Objects in index blocks are
    /// not included.
    /// </summary>
    public static IEnumerable<ExpectedObject> Of(SessionTimeline timeline)
    {
        foreach (var rendition in timeline.Renditions)
        {
            foreach (var init in rendition.Inits)
            {
                yield return new ExpectedObject(init.Object, init.Length, SessionObjectKind.Init);
            }

            foreach (var segment in rendition.Segments)
            {
                if (!segment.IsGap)
                {
                    yield return new ExpectedObject(segment.Object, segment.Length, SessionObjectKind.Segment, !segment.IsClosed);
                }
            }
        }

        foreach (var block in timeline.RetainedIndexBlocks)
        {
            yield return new ExpectedObject(block.Object, block.Length, SessionObjectKind.IndexBlock);
        }

        foreach (var sheet in timeline.SpriteSheets)
        {
            yield return new ExpectedObject(sheet.Object, sheet.Length, SessionObjectKind.SpriteSheet);
        }

        if (timeline.Poster is { } poster)
        {
            yield return new ExpectedObject(poster.Object, poster.Length, SessionObjectKind.Poster);
        }
    }

    /// <summary>Lists all objects in an index block.</summary>
    /// <param name="folder">The session's folder, ending in <c>/</c>.</param>
    /// <param name="block">The index block, or a subset of its renditions.</param>
    public static IEnumerable<ExpectedObject> Of(string folder, IndexBlock block)
    {
        foreach (var rendition in block.Renditions)
        {
            foreach (var segment in rendition.Segments)
            {
                if (segment.HasMedia)
                {
                    yield return new ExpectedObject(SegmentName(folder, rendition.Name, segment.Number), segment.Length, SessionObjectKind.Segment);
                }
            }
        }

        foreach (var sheet in block.SpriteSheets)
        {
            yield return new ExpectedObject(SpriteSheetName(folder, sheet.Start), sheet.Length, SessionObjectKind.SpriteSheet);
        }
    }

    /// <summary>Object name of a segment.</summary>
    public static ObjectName SegmentName(string folder, string rendition, long segment) =>
        ObjectName.Parse(string.Create(CultureInfo.InvariantCulture, $"{folder}{rendition}/{segment}.m4s"));

    /// <summary>Object name of a sprite sheet, derived from its start.</summary>
    public static ObjectName SpriteSheetName(string folder, MediaTime start) =>
        ObjectName.Parse(string.Create(CultureInfo.InvariantCulture, $"{folder}thumbnails/{Math.Max(0, start.Rescale(1000).Ticks)}.jpg"));
}
