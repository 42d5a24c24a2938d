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

/// <summary>
/// The chapters of a timeline: without a hole between them, and the last ends where the live window begins. Of a session that is recorded all are kept, and those at the end are what viewers can go back
/// to; there the loss of a machine may have left a hole.
/// </summary>
internal sealed class ChapterList(BroadcastSession session)
{
    private List<TimelineChapter> _all = [];
    private List<TimelineChapter> _listed = [];
    private long _firstListed;

    /// <summary>All that are kept, by rising numbers. A list that was handed out stays as it is.</summary>
    public IReadOnlyList<TimelineChapter> All => _all;

    /// <summary>Those that viewers can go back to. A list that was handed out stays as it is.</summary>
    public IReadOnlyList<TimelineChapter> Listed => _listed;

    private bool IsRecorded => session.IsRecorded;

    /// <summary>Folds a chapter in.</summary>
    /// <returns>Whether it was not known.</returns>
    /// <exception cref="InvalidDataException">It leaves a hole, or begins inside another.</exception>
    public bool Add(TimelineEvent.ChapterReady chapter)
    {
        var (from, to) = (_all.Count, _all.Count);
        if (_all is [.., var last])
        {
            if (chapter.Last < last.Last || (chapter.Last == last.Last && chapter.First >= last.First))
            {
                // It may be several of those that are known as one.
                (from, to) = (Find(chapter.First), _all.FindIndex(other => other.Last == chapter.Last));
                if (from < 0 || to < from || (to == from && _all[from].Object == chapter.Object))
                {
                    return false;
                }
            }
            else if (chapter.First <= last.Last || (!IsRecorded && chapter.First != last.Last + 1))
            {
                from = Find(chapter.First);
            }

            if (from < 0)
            {
                throw new InvalidDataException($"A chapter of segments {chapter.First} to {chapter.Last} follows one that ends with {last.Last}.");
            }
        }

        Set(
        [
            .. _all.Take(from),
            new TimelineChapter(
                chapter.First, chapter.Last, chapter.Start, chapter.Duration, chapter.WallClock, chapter.Discontinuities, chapter.Renditions, chapter.Object, chapter.Length,
                chapter.Run),
            .. _all.Skip(to + 1),
        ]);
        return true;
    }

    /// <summary>Chapters that end before a number cannot be gone back to any more. Where nothing is recorded they are forgotten.</summary>
    /// <returns>Whether there were any.</returns>
    public bool TrimBefore(long first)
    {
        var count = _listed.Count(chapter => chapter.Last < first);
        if (IsRecorded)
        {
            _firstListed = Math.Max(_firstListed, first);
        }

        Set(IsRecorded || count == 0 ? _all : [.. _all.Skip(count)]);
        return count > 0;
    }

    /// <summary>The lowest init segment of a rendition that is still needed; <see cref="int.MaxValue"/> when none is.</summary>
    public int LowestInit(string rendition)
    {
        var lowest = int.MaxValue;
        foreach (var chapter in _all)
        {
            lowest = Math.Min(lowest, chapter.Find(rendition)?.Init ?? int.MaxValue);
        }

        return lowest;
    }

    /// <summary>As events.</summary>
    public IEnumerable<TimelineEvent> Checkpoint()
    {
        foreach (var chapter in _all)
        {
            yield return new TimelineEvent.ChapterReady(
                chapter.First, chapter.Last, chapter.Start, chapter.Duration, chapter.WallClock, chapter.Discontinuities, chapter.Renditions, chapter.Object, chapter.Length, chapter.Run);
        }

        if (session.KeepsPast && _listed.Count < _all.Count)
        {
            yield return new TimelineEvent.RewindMoved(_listed is [var first, ..] ? first.First : _all[^1].Last + 1);
        }
    }

    private int Find(long first) => _all.FindIndex(other => other.First == first);

    private void Set(List<TimelineChapter> all)
    {
        _all = all;
        _listed = !IsRecorded ? all : session.KeepsPast ? [.. all.Where(chapter => chapter.First >= _firstListed)] : [];
    }
}
