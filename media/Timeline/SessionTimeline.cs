using System.Diagnostics;

namespace Broadcast.Media;

/// <summary>
/// A session as its events tell it: the fold that the packager recovers from and the origin renders from. Not thread-safe; its owner guards it.
/// Events that are already known (a replay of the journal) change nothing.
/// </summary>
public sealed class SessionTimeline
{
    private readonly List<RenditionTimeline> _renditions = [];
    private readonly SortedSet<long> _discontinuities = [];
    private readonly ChapterList _chapters;
    private readonly SlateFold _slate = new();
    private readonly PictureFold _pictures = new();

    /// <summary>A timeline begins with its session.</summary>
    public SessionTimeline(BroadcastSession session) => (Session, _chapters) = (session, new ChapterList(session));

    /// <summary>The session, with the newest epoch seen.</summary>
    public BroadcastSession Session { get; private set; }

    /// <summary>Rises with every event that changed something.</summary>
    public long Version { get; private set; }

    /// <summary>First segment number of the live window.</summary>
    public long FirstSegment { get; private set; } = 1;

    /// <summary>Discontinuities that have left the live window, the same for all renditions.</summary>
    public long DiscontinuitySequence { get; private set; }

    /// <summary>What has left the live window and can still be gone back to, by rising numbers; ends where the window begins. A list handed out stays as it is.</summary>
    public IReadOnlyList<TimelineChapter> Chapters => _chapters.Listed;

    /// <summary>All that has left the live window and is kept: of a session that is recorded everything, otherwise <see cref="Chapters"/>. By rising numbers; a list handed out stays as it is.</summary>
    public IReadOnlyList<TimelineChapter> KeptChapters => _chapters.All;

    /// <summary>First segment number that is kept: of the first chapter, or of the live window where there is none.</summary>
    public long OldestSegment => KeptChapters is [var first, ..] ? first.First : FirstSegment;

    /// <summary>The run that the live window begins in, which may have begun long before; known where what leaves the window goes into chapters, else <see langword="null"/>.</summary>
    public TimelineRun? Run { get; private set; }

    /// <summary>The slate at the end, or <see langword="null"/> where what came last is an encoder's, or is not known to be the slate, as in journals of before.</summary>
    public TimelineSlate? Slate => _slate.Slate;

    /// <summary>First segment number that can be gone back to: of the first chapter, or of the live window where there is none.</summary>
    public long FirstListed => Chapters is [var first, ..] ? first.First : FirstSegment;

    /// <summary>Discontinuities before <see cref="FirstListed"/>: <c>EXT-X-DISCONTINUITY-SEQUENCE</c>, the same for all renditions.</summary>
    public long ListedDiscontinuitySequence => DiscontinuitiesBefore(Chapters);

    /// <summary>Discontinuities before <see cref="OldestSegment"/>.</summary>
    public long KeptDiscontinuitySequence => DiscontinuitiesBefore(KeptChapters);

    /// <summary>Whether the session is over.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>Why it ended, or <see langword="null"/>.</summary>
    public string? EndReason { get; private set; }

    /// <summary>All renditions by rising place; those of the same place in order of appearance.</summary>
    public IReadOnlyList<RenditionTimeline> Renditions => _renditions;

    /// <summary>Highest segment number that any rendition has begun, or <c>FirstSegment - 1</c> when none has.</summary>
    public long LastSegment
    {
        get
        {
            var last = FirstSegment - 1;
            foreach (var rendition in _renditions)
            {
                if (rendition.Segments.Count > 0)
                {
                    last = Math.Max(last, rendition.Segments[^1].Number);
                }
            }

            return last;
        }
    }

    /// <summary>Where the earliest segment of the live window begins, or <see langword="null"/> when there is none.</summary>
    public MediaTime? WindowStart
    {
        get
        {
            MediaTime? start = null;
            foreach (var rendition in _renditions)
            {
                if (rendition.Segments is [var first, ..] && !(start <= first.Start))
                {
                    start = first.Start;
                }
            }

            return start;
        }
    }

    /// <summary>Numbers of segments, in the window or announced for it, that a discontinuity stands before.</summary>
    public IReadOnlyCollection<long> Discontinuities => _discontinuities;

    /// <summary>The newest poster, or <see langword="null"/> before the first.</summary>
    public TimelinePoster? Poster => _pictures.Poster;

    /// <summary>Sheets of thumbnails that the window reaches, and the newest, by rising start.</summary>
    public IReadOnlyList<TimelineSheet> Sheets => _pictures.Sheets;

    /// <summary>Sheets that leave the live window with the segments before a number: those that end before the first that stays begins, but not the newest.</summary>
    public IReadOnlyList<TimelineSheet> SheetsBefore(long first)
    {
        MediaTime? start = null;
        foreach (var rendition in _renditions)
        {
            foreach (var segment in rendition.Segments)
            {
                if (segment.Number >= first)
                {
                    start = start <= segment.Start ? start : segment.Start;
                    break;
                }
            }
        }

        return _pictures.Before(start);
    }

    /// <summary>The rendition of a name, or <see langword="null"/>.</summary>
    public RenditionTimeline? Find(string rendition)
    {
        foreach (var candidate in _renditions)
        {
            if (candidate.Name == rendition)
            {
                return candidate;
            }
        }

        return null;
    }

    /// <summary>Folds one event in. After the end only a takeover and late pictures change anything.</summary>
    /// <returns>Whether anything changed.</returns>
    /// <exception cref="InvalidDataException">The event contradicts what was said before; nothing was changed.</exception>
    public bool Apply(TimelineEvent @event)
    {
        var changed = @event switch
        {
            _ when IsEnded && @event is not (TimelineEvent.Started or TimelineEvent.PosterReady or TimelineEvent.SheetReady) => false,
            TimelineEvent.Started started => Start(started),
            TimelineEvent.RenditionAdded added => Add(added),
            TimelineEvent.InitReady init => AddInit(init),
            TimelineEvent.Discontinuity discontinuity => Break(discontinuity),
            TimelineEvent.PartReady part => AddPart(part),
            TimelineEvent.SegmentClosed closed => Close(closed),
            TimelineEvent.SegmentGap gap => AddGap(gap),
            TimelineEvent.WindowMoved moved => Leap(moved),
            TimelineEvent.ChapterReady chapter => AddChapter(chapter),
            TimelineEvent.RewindMoved moved => TrimChapters(moved.FirstSegment),
            TimelineEvent.PosterReady poster => _pictures.Show(poster),
            TimelineEvent.SheetReady sheet => _pictures.Add(sheet),
            TimelineEvent.Ended ended => End(ended),
            _ => throw new UnreachableException(),
        };
        Version += changed ? 1 : 0;
        return changed;
    }

    /// <summary>
    /// Events that make an equal timeline out of nothing: what the head of each journal object holds, so that older ones can be deleted. The past of the
    /// window is kept as counts; so the result is bounded by the window.
    /// </summary>
    public IReadOnlyList<TimelineEvent> Checkpoint() => TimelineCheckpoint.Of(this, _chapters, _slate);

    private bool Start(TimelineEvent.Started started)
    {
        if (started.Session.Id != Session.Id)
        {
            throw new InvalidDataException($"The timeline of session {Session.Id} speaks of session {started.Session.Id}.");
        }

        if (started.Session.Epoch <= Session.Epoch)
        {
            return false;
        }

        Session = started.Session;
        return true;
    }

    private bool Add(TimelineEvent.RenditionAdded added)
    {
        if (Find(added.Rendition) is not null)
        {
            return false;
        }

        var place = _renditions.FindIndex(rendition => rendition.Place > added.Place);
        _renditions.Insert(place < 0 ? _renditions.Count : place, new RenditionTimeline(added.Rendition, added.Kind, added.Place));
        return true;
    }

    private bool AddInit(TimelineEvent.InitReady init)
    {
        var rendition = Known(init.Rendition);
        if (rendition.Init is { } last && last.Number >= init.Init)
        {
            return last.Number == init.Init && rendition.TryCaption(CaptionServices.Parse(init.Format.Captions));
        }

        rendition.Add(new TimelineInit(init.Init, init.Format, init.Object, init.Length));
        return true;
    }

    private bool AddPart(TimelineEvent.PartReady part)
    {
        var rendition = Known(part.Rendition);
        var segment = rendition.Find(part.Segment);
        if (segment is null)
        {
            if (part.Segment < FirstSegment || (rendition.Segments.Count > 0 && part.Segment <= rendition.Segments[^1].Number))
            {
                return false;
            }

            if (part.Part != 0 || rendition.FindInit(part.Init) is null)
            {
                throw new InvalidDataException(
                    $"Rendition '{part.Rendition}' opens segment {part.Segment} with part {part.Part} and init {part.Init}: part 0 and a known init open a segment.");
            }

            segment = new TimelineSegment(part.Segment, part.Init, part.Start, part.WallClock, _discontinuities.Contains(part.Segment), part.Object);
            rendition.Add(segment);
            _slate.Open(part.Segment, part.Start, part.WallClock);
        }

        if (segment.IsClosed || part.Part < segment.Parts.Count)
        {
            return false;
        }

        if (part.Part > segment.Parts.Count)
        {
            throw new InvalidDataException($"Rendition '{part.Rendition}' goes on with part {part.Part} of segment {part.Segment}, which has {segment.Parts.Count}.");
        }

        segment.Add(part);
        return true;
    }

    private bool Close(TimelineEvent.SegmentClosed closed)
    {
        if (Known(closed.Rendition).Find(closed.Segment) is not { IsClosed: false } segment)
        {
            return false;
        }

        segment.IsClosed = true;
        return true;
    }

    private bool AddGap(TimelineEvent.SegmentGap gap)
    {
        var rendition = Known(gap.Rendition);
        if (gap.Segment < FirstSegment || (rendition.Segments.Count > 0 && gap.Segment <= rendition.Segments[^1].Number))
        {
            return false;
        }

        rendition.Add(TimelineSegment.Gap(gap, _discontinuities.Contains(gap.Segment)));
        _slate.Open(gap.Segment, gap.Start, gap.WallClock);
        return true;
    }

    private bool Break(TimelineEvent.Discontinuity discontinuity)
    {
        if (discontinuity.Segment <= LastSegment)
        {
            return false;
        }

        // Nothing of that segment is there: of two that a killed process and the next one told, the later one counts.
        var isNews = _slate.Break(discontinuity);
        return _discontinuities.Add(discontinuity.Segment) || isNews;
    }

    /// <summary>The window moves on without keeping what leaves it: chapters, which have to reach up to it, cannot be gone back to any more.</summary>
    private bool Leap(TimelineEvent.WindowMoved moved)
    {
        // Of a checkpoint that is told again, what is known here is newer.
        var isNew = moved.Slate is { } slate && slate != Slate && slate.First > LastSegment;
        if (isNew)
        {
            _slate.Take(moved.Slate!);
        }

        if (moved.FirstSegment <= FirstSegment)
        {
            return isNew;
        }

        if (_chapters.All.Count > 0)
        {
            _chapters.TrimBefore(moved.FirstSegment);
        }

        Run = moved.Run;
        return Move(moved.FirstSegment);
    }

    private bool AddChapter(TimelineEvent.ChapterReady chapter)
    {
        if (chapter.Last >= FirstSegment && chapter.First > FirstSegment)
        {
            throw new InvalidDataException($"A chapter begins with segment {chapter.First}, behind the live window's first, {FirstSegment}.");
        }

        if (!_chapters.Add(chapter))
        {
            return false;
        }

        Run = Move(chapter.Last + 1) ? chapter.Next : Run;
        return true;
    }

    private bool TrimChapters(long first)
    {
        if (!_chapters.TrimBefore(first))
        {
            return false;
        }

        TrimRenditions();
        return true;
    }

    private void TrimRenditions()
    {
        foreach (var rendition in _renditions)
        {
            rendition.TrimBefore(FirstSegment, _chapters.LowestInit(rendition.Name));
        }
    }

    private bool Move(long first)
    {
        if (first <= FirstSegment)
        {
            return false;
        }

        var leaving = SheetsBefore(first);
        FirstSegment = first;
        DiscontinuitySequence += _discontinuities.RemoveWhere(number => number < first);
        TrimRenditions();
        _pictures.Drop(leaving);
        return true;
    }

    private bool End(TimelineEvent.Ended ended)
    {
        if (IsEnded)
        {
            return false;
        }

        foreach (var rendition in _renditions)
        {
            if (rendition.Open is { } open)
            {
                open.IsClosed = true;
            }
        }

        IsEnded = true;
        EndReason = ended.Reason;
        return true;
    }

    private long DiscontinuitiesBefore(IReadOnlyList<TimelineChapter> chapters)
    {
        var count = DiscontinuitySequence;
        foreach (var chapter in chapters)
        {
            count -= chapter.Discontinuities;
        }

        return count;
    }

    private RenditionTimeline Known(string rendition) =>
        Find(rendition) ?? throw new InvalidDataException($"The timeline of session {Session.Id} speaks of rendition '{rendition}' before adding it.");
}
