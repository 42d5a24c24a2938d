using System.Globalization;
using Broadcast.Media;

namespace Broadcast.Packager;

/// <summary>
/// Puts what leaves the live window of a session that can be rewound into chapters, and joins those of a minute to longer ones, so that they stay few. Owned by one session; not
/// thread-safe.
/// </summary>
/// <param name="context">What every session works with.</param>
/// <param name="timeline">The session.</param>
/// <param name="folder">The session's folder, ending in <c>/</c>.</param>
internal sealed class ChapterOutput(PackagerContext context, SessionTimeline timeline, string folder)
{
    /// <summary>Chapters that become one.</summary>
    private const int Joined = 20;

    /// <summary>A window has at least so many chapters: they leave it as a whole.</summary>
    private const int Fewest = 8;

    private readonly List<(Chapter Chapter, TimeSpan Length, ObjectName Object)> _young = [];

    private TimeSpan Length => Shorter(context.Options.ChapterLength, timeline.Session.Rewind / (2 * Fewest));

    private TimeSpan JoinedLength => Shorter(Joined * context.Options.ChapterLength, timeline.Session.Rewind / Fewest);

    /// <summary>Writes a chapter of the segments before a number, when there are enough of them.</summary>
    /// <param name="first">The first number that the live window needs.</param>
    /// <param name="leader">The leading rendition's whole segments.</param>
    /// <param name="whole">Takes the chapter's file, which can go to the store once it is announced.</param>
    /// <param name="gone">Takes objects that are not needed any more then.</param>
    /// <returns>What is to be announced, or <see langword="null"/>.</returns>
    /// <exception cref="IOException">The disk refused; nothing has changed.</exception>
    public TimelineEvent.ChapterReady? Write(long first, ReadOnlySpan<TimelineSegment> leader, ICollection<ISpoolFile> whole, ICollection<ObjectName> gone)
    {
        foreach (var rendition in timeline.Renditions)
        {
            first = Math.Min(first, rendition.Open?.Number ?? first);
        }

        var length = TimeSpan.Zero;
        foreach (var segment in leader)
        {
            length += segment.Number < first ? segment.Duration.ToTimeSpan() : TimeSpan.Zero;
        }

        if (length < Length)
        {
            return null;
        }

        var chapter = Chapter.Of(timeline, first - 1);
        var isJoined = _young.Count > 0 && _young.Aggregate(length, (sum, young) => sum + young.Length) >= JoinedLength;
        var written = isJoined ? Chapter.Join([.. _young.Select(young => young.Chapter), chapter]) : chapter;
        var bytes = ChapterFile.Write(written);
        var file = context.Spool.Open(ChapterName.Of(folder, written.First, written.Last));
        try
        {
            if (file.Length > 0)
            {
                // Of an earlier process, and never announced.
                file.Truncate(0);
            }

            file.Append([bytes]);
        }
        catch (IOException)
        {
            gone.Add(file.Name);
            throw;
        }

        whole.Add(file);
        if (isJoined)
        {
            foreach (var young in _young)
            {
                gone.Add(young.Object);
            }

            _young.Clear();
        }
        else if (length < JoinedLength)
        {
            _young.Add((chapter, length, file.Name));
        }

        return written.Announce(file.Name, bytes.Length);
    }

    /// <summary>Chapters that the window of the past no longer needs, oldest first.</summary>
    public IReadOnlyList<TimelineChapter> Expired()
    {
        var end = timeline.Renditions.Where(rendition => rendition.Segments.Count > 0).Select(rendition => rendition.Segments[^1].End).DefaultIfEmpty().Max();
        return end.Timescale == 0 ? [] : [.. timeline.Chapters.TakeWhile(chapter => (end - chapter.End).ToTimeSpan() >= timeline.Session.Rewind)];
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}

/// <summary>Names of chapters: <c>chapters/FIRST-LAST.chapter</c> in the session's folder, by segment numbers.</summary>
internal static class ChapterName
{
    private const string Folder = "chapters/";
    private const string Ending = ".chapter";

    /// <summary>The name of a chapter's object.</summary>
    public static ObjectName Of(string folder, long first, long last) =>
        ObjectName.Parse(string.Create(CultureInfo.InvariantCulture, $"{folder}{Folder}{first}-{last}{Ending}"));

    /// <summary>The last segment number of a chapter by its name; 0 for other names.</summary>
    public static long LastOf(string folder, ObjectName name)
    {
        var text = name.Value.AsSpan();
        if (!text.StartsWith(folder, StringComparison.Ordinal) || !text[folder.Length..].StartsWith(Folder, StringComparison.Ordinal) || !text.EndsWith(Ending, StringComparison.Ordinal))
        {
            return 0;
        }

        var numbers = text[(folder.Length + Folder.Length)..^Ending.Length];
        return long.TryParse(numbers[(numbers.IndexOf('-') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var last) ? last : 0;
    }

    /// <summary>All objects that go with a chapter: its segments, whether they are there or gaps, and its own.</summary>
    public static IReadOnlyCollection<ObjectName> ObjectsOf(string folder, TimelineChapter chapter)
    {
        var names = new List<ObjectName> { chapter.Object };
        foreach (var range in chapter.Renditions)
        {
            for (var number = range.First; number <= range.Last; number++)
            {
                names.Add(RenditionOutput.SegmentName(folder, range.Rendition, number));
            }
        }

        return names;
    }

    /// <summary>
    /// How long what leaves the playlists has to stay readable: as long as the longest of them was, and its own length (RFC 8216, 6.2.2).
    /// </summary>
    public static TimeSpan Patience(BroadcastSession session, DateTimeOffset now)
    {
        var latency = session.Latency;
        var past = now - session.StartedAt < session.Rewind ? now - session.StartedAt : session.Rewind;
        return latency.TargetDuration + (session.KeepsPast && past > latency.Window ? past : latency.Window);
    }
}
