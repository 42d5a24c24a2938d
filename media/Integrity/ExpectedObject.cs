using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;

namespace Broadcast.Media.Integrity;

/// <summary>An object that a timeline announces and that must therefore exist.</summary>
/// <param name="Name">Object name.</param>
/// <param name="Length">Size in bytes.</param>
/// <param name="Kind">Kind of the object.</param>
/// <param name="MayGrow">Whether the object may be longer than announced, because its segment is not closed.</param>
public readonly record struct ExpectedObject(ObjectName Name, long Length, ObjectKind Kind, bool MayGrow = false)
{
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
                yield return new ExpectedObject(init.Object, init.Length, ObjectKind.Init);
            }

            foreach (var segment in rendition.Segments)
            {
                if (!segment.IsGap)
                {
                    yield return new ExpectedObject(segment.Object, segment.Length, ObjectKind.Segment, !segment.IsClosed);
                }
            }
        }

        foreach (var block in timeline.RetainedIndexBlocks)
        {
            yield return new ExpectedObject(block.Object, block.Length, ObjectKind.IndexBlock);
        }

        if (timeline.StoredIndexBlockList is { } list)
        {
            yield return new ExpectedObject(list.Object, list.Length, ObjectKind.IndexBlockList);
        }

        foreach (var sheet in timeline.SpriteSheets)
        {
            yield return new ExpectedObject(sheet.Object, sheet.Length, ObjectKind.SpriteSheet);
        }

        if (timeline.Poster is { } poster)
        {
            yield return new ExpectedObject(poster.Object, poster.Length, ObjectKind.Poster);
        }
    }

    /// <summary>Lists all objects in an index block.</summary>
    /// <param name="names">Names of the session's objects.</param>
    /// <param name="block">The index block, or a subset of its renditions.</param>
    public static IEnumerable<ExpectedObject> Of(SessionObjectNames names, IndexBlock block)
    {
        foreach (var rendition in block.Renditions)
        {
            foreach (var segment in rendition.Segments)
            {
                if (segment.HasMedia)
                {
                    yield return new ExpectedObject(names.Segment(rendition.Name, segment.Number), segment.Length, ObjectKind.Segment);
                }
            }
        }

        foreach (var sheet in block.SpriteSheets)
        {
            yield return new ExpectedObject(names.SpriteSheet(sheet.Start), sheet.Length, ObjectKind.SpriteSheet);
        }
    }
}
