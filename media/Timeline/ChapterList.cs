namespace Broadcast.Media;

/// <summary>A chapter as announced; see <see cref="TimelineEvent.ChapterReady"/>.</summary>
public sealed record TimelineChapter(
    long First, long Last, MediaTime Start, MediaTime Duration, DateTimeOffset WallClock, int Discontinuities, IReadOnlyList<ChapterRange> Renditions, ObjectName Object, int Length,
    TimelineRun? Run = null)
{
    /// <summary>Where its latest segment ends.</summary>
    public MediaTime End => Start + Duration;

    /// <summary>What it has of a rendition, or <see langword="null"/>.</summary>
    public ChapterRange? Find(string rendition)
    {
        foreach (var range in Renditions)
        {
            if (range.Rendition == rendition)
            {
                return range;
            }
        }

        return null;
    }
}

/// <summary>The chapters of a timeline: without a hole between them, and the last ends where the live window begins.</summary>
internal sealed class ChapterList
{
    private List<TimelineChapter> _chapters = [];

    /// <summary>By rising numbers. A list that was handed out stays as it is.</summary>
    public IReadOnlyList<TimelineChapter> All => _chapters;

    /// <summary>Folds a chapter in.</summary>
    /// <returns>Whether it was not known.</returns>
    /// <exception cref="InvalidDataException">It leaves a hole, or begins inside another.</exception>
    public bool Add(TimelineEvent.ChapterReady chapter)
    {
        var place = _chapters.Count;
        if (_chapters is [.., var last])
        {
            if (chapter.Last < last.Last || (chapter.Last == last.Last && chapter.First >= last.First))
            {
                return false;
            }

            place = chapter.First == last.Last + 1 ? place : _chapters.FindIndex(other => other.First == chapter.First);
            if (place < 0)
            {
                throw new InvalidDataException($"A chapter of segments {chapter.First} to {chapter.Last} follows one that ends with {last.Last}.");
            }
        }

        _chapters =
        [
            .. _chapters.Take(place),
            new TimelineChapter(
                chapter.First, chapter.Last, chapter.Start, chapter.Duration, chapter.WallClock, chapter.Discontinuities, chapter.Renditions, chapter.Object, chapter.Length,
                chapter.Run),
        ];
        return true;
    }

    /// <summary>Forgets chapters that end before a number.</summary>
    /// <returns>Whether there were any.</returns>
    public bool TrimBefore(long first)
    {
        var count = _chapters.TakeWhile(chapter => chapter.Last < first).Count();
        _chapters = count == 0 ? _chapters : [.. _chapters.Skip(count)];
        return count > 0;
    }

    /// <summary>The lowest init segment of a rendition that is still needed; <see cref="int.MaxValue"/> when none is.</summary>
    public int LowestInit(string rendition)
    {
        var lowest = int.MaxValue;
        foreach (var chapter in _chapters)
        {
            lowest = Math.Min(lowest, chapter.Find(rendition)?.Init ?? int.MaxValue);
        }

        return lowest;
    }

    /// <summary>As events.</summary>
    public IEnumerable<TimelineEvent> Checkpoint() => _chapters.Select(chapter => new TimelineEvent.ChapterReady(
        chapter.First, chapter.Last, chapter.Start, chapter.Duration, chapter.WallClock, chapter.Discontinuities, chapter.Renditions, chapter.Object, chapter.Length, chapter.Run));
}
