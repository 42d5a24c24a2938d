using System.Globalization;

namespace Broadcast.Media;

/// <summary>What an object of a session is.</summary>
public enum SessionObjectKind
{
    /// <summary>An init segment.</summary>
    Init,

    /// <summary>A segment.</summary>
    Segment,

    /// <summary>A chapter.</summary>
    Chapter,

    /// <summary>A sheet of thumbnails.</summary>
    Sheet,

    /// <summary>The poster.</summary>
    Poster,
}

/// <summary>An object that a timeline announces, so that it has to be there.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Kind">What it is.</param>
/// <param name="MayGrow">Whether more may have been written than is announced: it is not closed.</param>
public readonly record struct ExpectedObject(ObjectName Name, long Length, SessionObjectKind Kind, bool MayGrow = false)
{
    /// <summary>Name of the folder of a session's media, ending in <c>/</c>.</summary>
    public static string FolderOf(ChannelName channel, SessionId session) => $"live/{channel}/{session}/";

    /// <summary>All that a timeline tells of itself: init segments, chapters, pictures, and the segments of the live window. What is in its chapters is in their objects.</summary>
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

        foreach (var chapter in timeline.KeptChapters)
        {
            yield return new ExpectedObject(chapter.Object, chapter.Length, SessionObjectKind.Chapter);
        }

        foreach (var sheet in timeline.Sheets)
        {
            yield return new ExpectedObject(sheet.Object, sheet.Length, SessionObjectKind.Sheet);
        }

        if (timeline.Poster is { } poster)
        {
            yield return new ExpectedObject(poster.Object, poster.Length, SessionObjectKind.Poster);
        }
    }

    /// <summary>All that a chapter tells of.</summary>
    /// <param name="folder">The session's folder, ending in <c>/</c>.</param>
    /// <param name="chapter">The chapter, or the renditions of it that are looked at.</param>
    public static IEnumerable<ExpectedObject> Of(string folder, Chapter chapter)
    {
        foreach (var rendition in chapter.Renditions)
        {
            foreach (var segment in rendition.Segments)
            {
                if (segment.HasMedia)
                {
                    yield return new ExpectedObject(SegmentName(folder, rendition.Name, segment.Number), segment.Length, SessionObjectKind.Segment);
                }
            }
        }

        foreach (var sheet in chapter.Sheets)
        {
            yield return new ExpectedObject(SheetName(folder, sheet.Start), sheet.Length, SessionObjectKind.Sheet);
        }
    }

    /// <summary>Name of a segment's object.</summary>
    public static ObjectName SegmentName(string folder, string rendition, long segment) =>
        ObjectName.Parse(string.Create(CultureInfo.InvariantCulture, $"{folder}{rendition}/{segment}.m4s"));

    /// <summary>Name of a sheet's object, by where it begins.</summary>
    public static ObjectName SheetName(string folder, MediaTime start) =>
        ObjectName.Parse(string.Create(CultureInfo.InvariantCulture, $"{folder}thumbnails/{Math.Max(0, start.Rescale(1000).Ticks)}.jpg"));
}
