using System.Globalization;
using Broadcast.Media;

namespace Broadcast.Packager;

/// <summary>
/// Puts what leaves the live window of a session that can be rewound or is recorded into chapters, and joins those of a minute to longer ones, so that they stay few: at once those that it has just
/// written, and those that stay for good once more, in the background. Owned by one session; not thread-safe.
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

    /// <summary>What is only recorded leaves the live window in so many pieces: that becomes longer by one of them.</summary>
    private const int PiecesAWindow = 4;

    private readonly List<(Chapter Chapter, TimeSpan Length, ObjectName Object)> _young = [];
    private readonly ChapterJoin _join = new(context.Spool);

    private BroadcastSession Session => timeline.Session;

    private TimeSpan Length => Shorter(context.Options.ChapterLength, Session.KeepsPast ? Session.Rewind / (2 * Fewest) : Session.Latency.Window / PiecesAWindow);

    private TimeSpan JoinedLength => Session.KeepsPast ? Shorter(Joined * context.Options.ChapterLength, Session.Rewind / Fewest) : Joined * Length;

    /// <summary>Chapters that stay for good are joined until they are so long: seven hours, when they begin with a minute.</summary>
    private TimeSpan Longest => Joined * Joined * context.Options.ChapterLength;

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
        var file = Write(written, bytes, gone);
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

    /// <summary>Takes what has become one in the background, or has the next chapters joined there.</summary>
    /// <param name="whole">Takes the chapter's file, which can go to the store once it is announced.</param>
    /// <param name="gone">Takes objects that are not needed any more then.</param>
    /// <returns>What is to be announced, or <see langword="null"/>.</returns>
    /// <exception cref="IOException">The disk refused; nothing has changed.</exception>
    public TimelineEvent.ChapterReady? Join(ICollection<ISpoolFile> whole, ICollection<ObjectName> gone)
    {
        if (_join.Take() is not { } joined)
        {
            _join.BeginUnlessBusy(ToJoin());
            return null;
        }

        if (!timeline.KeptChapters.Contains(joined.From[0]) || !timeline.KeptChapters.Contains(joined.From[^1]))
        {
            return null;
        }

        var file = Write(joined.Chapter, joined.Bytes, gone);
        whole.Add(file);
        foreach (var part in joined.From)
        {
            gone.Add(part.Object);
        }

        return joined.Chapter.Announce(file.Name, joined.Bytes.Length);
    }

    /// <summary>
    /// The newest of the chapters that stay for good, where they are enough for one of a longer kind: each kind is twenty of the one before. What can be gone back to for a time only is
    /// joined when it cannot any more, because a chapter leaves that as a whole.
    /// </summary>
    private IReadOnlyList<TimelineChapter> ToJoin()
    {
        var kept = timeline.KeptChapters;
        var settled = Session.Rewind == Rewind.All ? kept.Count : Session.IsRecorded ? kept.Count - timeline.Chapters.Count : 0;
        while (settled > 0 && _young.Count > 0 && kept[settled - 1].First >= _young[0].Chapter.First)
        {
            settled--;
        }

        var (level, isLast) = (JoinedLength, false);
        while (!isLast)
        {
            isLast = level >= Longest / Joined;
            level = isLast ? Longest : level * Joined;
            var (begin, length) = (settled, TimeSpan.Zero);
            while (begin > 0 && IsJoinable(kept, begin - 1, settled) && kept[begin - 1].Duration.ToTimeSpan() < level)
            {
                length += kept[--begin].Duration.ToTimeSpan();
            }

            if (length >= level && settled - begin > 1)
            {
                return [.. kept.Skip(begin).Take(settled - begin)];
            }
        }

        return [];
    }

    /// <summary>Whether a chapter can be read, as far as is known, and the next one follows it without a hole.</summary>
    private bool IsJoinable(IReadOnlyList<TimelineChapter> kept, int index, int end) =>
        !_join.IsLost(kept[index].Object) && (index + 1 == end || kept[index + 1].First == kept[index].Last + 1);

    private ISpoolFile Write(Chapter chapter, byte[] bytes, ICollection<ObjectName> gone)
    {
        var file = context.Spool.Open(ChapterName.Of(folder, chapter.First, chapter.Last));
        try
        {
            if (file.Length > 0)
            {
                // Of an earlier process, and never announced.
                file.Truncate(0);
            }

            file.Append([bytes]);
            return file;
        }
        catch (IOException)
        {
            gone.Add(file.Name);
            throw;
        }
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

    /// <summary>The first and the last segment number of a chapter by its name; 0 for other names.</summary>
    public static (long First, long Last) NumbersOf(string folder, ObjectName name)
    {
        var text = name.Value.AsSpan();
        if (!text.StartsWith(folder, StringComparison.Ordinal) || !text[folder.Length..].StartsWith(Folder, StringComparison.Ordinal) || !text.EndsWith(Ending, StringComparison.Ordinal))
        {
            return default;
        }

        var numbers = text[(folder.Length + Folder.Length)..^Ending.Length];
        var dash = numbers.IndexOf('-');
        return dash > 0 && long.TryParse(numbers[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            && long.TryParse(numbers[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var last) ? (first, last) : default;
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
