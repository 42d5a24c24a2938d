using System.Diagnostics;

namespace Broadcast.Media.Timeline;

/// <summary>
/// Timeline of a session, built from its events. The packager recovers from it and the origin renders manifests from it. Not thread-safe.
/// Events that are already known, as in a journal replay, have no effect.
/// </summary>
public sealed class SessionTimeline
{
    private readonly List<RenditionTimeline> _renditions = [];
    private readonly SortedSet<long> _discontinuities = [];
    private readonly IndexBlockList _indexBlocks;
    private readonly SlateProjection _slate = new();
    private readonly ImageProjection _images = new();

    /// <summary>Creates the timeline of a session.</summary>
    public SessionTimeline(BroadcastSession session) => (Session, _indexBlocks) = (session, new IndexBlockList(session));

    /// <summary>The session, with the newest known epoch.</summary>
    public BroadcastSession Session { get; private set; }

    /// <summary>Change counter; increases with every event that changes the timeline.</summary>
    public long Version { get; private set; }

    /// <summary>First sequence number of the live window.</summary>
    public long FirstSegment { get; private set; } = 1;

    /// <summary>Number of discontinuities that have left the live window, the same for all renditions.</summary>
    public long DiscontinuitySequence { get; private set; }

    /// <summary>
    /// Index blocks in the DVR window, by ascending sequence numbers, up to the live window. Returned lists never change.
    /// </summary>
    public IReadOnlyList<TimelineIndexBlock> DvrIndexBlocks => _indexBlocks.DvrBlocks;

    /// <summary>
    /// All retained index blocks, by ascending sequence numbers: everything before the live window in a recorded session, otherwise the
    /// same as <see cref="DvrIndexBlocks"/>. Returned lists never change.
    /// </summary>
    public IReadOnlyList<TimelineIndexBlock> RetainedIndexBlocks => _indexBlocks.All;

    /// <summary>Number of retained index blocks that a checkpoint in the journal contains, because no stored list has them.</summary>
    public int UnlistedIndexBlocks => _indexBlocks.GetUnlisted(out _).Count;

    /// <summary>The newest stored list of index blocks; <see langword="null"/> before the first.</summary>
    public TimelineEvent.IndexBlocksListed? StoredIndexBlockList => _indexBlocks.StoredList;

    /// <summary>First retained sequence number: that of the first index block, or of the live window when there is none.</summary>
    public long OldestSegment => RetainedIndexBlocks is [var first, ..] ? first.First : FirstSegment;

    /// <summary>
    /// Period in which the live window begins, possibly long before it. Known when segments leaving the window go into index blocks;
    /// otherwise <see langword="null"/>.
    /// </summary>
    public TimelinePeriod? Period { get; private set; }

    /// <summary>
    /// The slate at the end of the session; <see langword="null"/> when the last media is from an encoder. Older journals do not identify
    /// the slate.
    /// </summary>
    public TimelineSlate? Slate => _slate.Slate;

    /// <summary>First sequence number of the DVR window: that of the first index block, or of the live window when there is none.</summary>
    public long DvrFirstSegment => DvrIndexBlocks is [var first, ..] ? first.First : FirstSegment;

    /// <summary>
    /// Number of discontinuities before <see cref="DvrFirstSegment"/>: <c>EXT-X-DISCONTINUITY-SEQUENCE</c>, the same for all renditions.
    /// </summary>
    public long DvrDiscontinuitySequence => DiscontinuitiesBefore(DvrIndexBlocks);

    /// <summary>Number of discontinuities before <see cref="OldestSegment"/>.</summary>
    public long RetainedDiscontinuitySequence => DiscontinuitiesBefore(RetainedIndexBlocks);

    /// <summary>Indicates whether the session has ended.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>Reason of the end, or <see langword="null"/>.</summary>
    public string? EndReason { get; private set; }

    /// <summary>All renditions, sorted by place and then by order of appearance.</summary>
    public IReadOnlyList<RenditionTimeline> Renditions => _renditions;

    /// <summary>Highest sequence number that any rendition has opened; <c>FirstSegment - 1</c> when there is none.</summary>
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

    /// <summary>Start of the earliest segment in the live window; <see langword="null"/> when there is none.</summary>
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

    /// <summary>Sequence numbers that start with a discontinuity, in the window or announced for it.</summary>
    public IReadOnlyCollection<long> Discontinuities => _discontinuities;

    /// <summary>The newest poster; <see langword="null"/> before the first.</summary>
    public TimelinePoster? Poster => _images.Poster;

    /// <summary>Sprite sheets that overlap the live window, and the newest one, by ascending start.</summary>
    public IReadOnlyList<TimelineSpriteSheet> SpriteSheets => _images.SpriteSheets;

    /// <summary>
    /// Sprite sheets that leave the live window with the segments before a sequence number: those that end before the first remaining
    /// segment, except the newest.
    /// </summary>
    public IReadOnlyList<TimelineSpriteSheet> SpriteSheetsBefore(long first)
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

        return _images.EndingBefore(start);
    }

    /// <summary>Finds a rendition by name.</summary>
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

    /// <summary>Applies an event. After the end, only takeovers, late images and stored lists have an effect.</summary>
    /// <returns>Whether the timeline changed.</returns>
    /// <exception cref="InvalidDataException">The event contradicts the timeline, which is unchanged.</exception>
    public bool Apply(TimelineEvent @event)
    {
        var changed = @event switch
        {
            _ when IsEnded && @event is not (TimelineEvent.Started or TimelineEvent.PosterReady or TimelineEvent.SpriteSheetReady
                or TimelineEvent.IndexBlocksListed) => false,
            TimelineEvent.Started started => Start(started),
            TimelineEvent.RenditionAdded added => Add(added),
            TimelineEvent.InitReady init => AddInit(init),
            TimelineEvent.Discontinuity discontinuity => AddDiscontinuity(discontinuity),
            TimelineEvent.PartReady part => AddPart(part),
            TimelineEvent.SegmentClosed closed => Close(closed),
            TimelineEvent.SegmentGap gap => AddGap(gap),
            TimelineEvent.WindowMoved moved => MoveWindow(moved),
            TimelineEvent.IndexBlockReady block => AddIndexBlock(block),
            TimelineEvent.IndexBlocksListed list => _indexBlocks.SetStoredList(list),
            TimelineEvent.DvrWindowMoved moved => TrimIndexBlocks(moved.FirstSegment),
            TimelineEvent.PosterReady poster => _images.SetPoster(poster),
            TimelineEvent.SpriteSheetReady sheet => _images.Add(sheet),
            TimelineEvent.Ended ended => End(ended),
            _ => throw new UnreachableException(),
        };
        Version += changed ? 1 : 0;
        return changed;
    }

    /// <summary>
    /// Events that rebuild an equal timeline. Everything before the window is reduced to counts, so the size is bounded by the window, and
    /// by the retained index blocks.
    /// </summary>
    public IReadOnlyList<TimelineEvent> Checkpoint() => TimelineCheckpoint.Of(this, _indexBlocks, _slate, usesStoredList: false);

    /// <summary>
    /// The checkpoint of a journal file, so that older files can be deleted: like <see cref="Checkpoint"/>, but index blocks of the stored
    /// list are replaced by a reference to it.
    /// </summary>
    public IReadOnlyList<TimelineEvent> JournalCheckpoint() => TimelineCheckpoint.Of(this, _indexBlocks, _slate, usesStoredList: true);

    /// <summary>Takes over the stored list of index blocks of another timeline of the session.</summary>
    public void InheritStoredIndexBlockList(SessionTimeline other) => _indexBlocks.InheritStoredList(other._indexBlocks);

    private bool Start(TimelineEvent.Started started)
    {
        if (started.Session.Id != Session.Id)
        {
            throw new InvalidDataException($"The timeline of session {Session.Id} received an event of session {started.Session.Id}.");
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

        var index = _renditions.FindIndex(rendition => rendition.Position > added.Position);
        _renditions.Insert(index < 0 ? _renditions.Count : index, new RenditionTimeline(added.Rendition, added.Kind, added.Position));
        return true;
    }

    private bool AddInit(TimelineEvent.InitReady init) =>
        RequireRendition(init.Rendition).Add(new TimelineInit(init.Init, init.Format, init.Object, init.Length));

    private bool AddPart(TimelineEvent.PartReady part)
    {
        var rendition = RequireRendition(part.Rendition);
        var segment = rendition.Find(part.Segment);
        if (segment is null)
        {
            if (part.Segment < FirstSegment || (rendition.Segments.Count > 0 && part.Segment <= rendition.Segments[^1].Number))
            {
                return false;
            }

            if (part.Part != 0 || !rendition.TryUseInit(part.Init))
            {
                throw new InvalidDataException(
                    $"Rendition '{part.Rendition}' opens segment {part.Segment} with part {part.Part} and init {part.Init}; expected "
                    + "part 0 and a known init segment.");
            }

            segment = new TimelineSegment(part.Segment, part.Init, part.Start, part.WallClock, _discontinuities.Contains(part.Segment),
                part.Object);
            rendition.Add(segment);
            _slate.OpenSegment(part.Segment, part.Start, part.WallClock);
        }

        if (segment.IsClosed || part.Part < segment.Parts.Count)
        {
            return false;
        }

        if (part.Part > segment.Parts.Count)
        {
            throw new InvalidDataException(
                $"Rendition '{part.Rendition}' continues with part {part.Part} of segment {part.Segment}, which "
                + $"has {segment.Parts.Count} parts.");
        }

        segment.Add(part);
        return true;
    }

    private bool Close(TimelineEvent.SegmentClosed closed)
    {
        if (RequireRendition(closed.Rendition).Find(closed.Segment) is not { IsClosed: false } segment)
        {
            return false;
        }

        segment.IsClosed = true;
        return true;
    }

    private bool AddGap(TimelineEvent.SegmentGap gap)
    {
        var rendition = RequireRendition(gap.Rendition);
        if (gap.Segment < FirstSegment || (rendition.Segments.Count > 0 && gap.Segment <= rendition.Segments[^1].Number))
        {
            return false;
        }

        rendition.Add(TimelineSegment.Gap(gap, _discontinuities.Contains(gap.Segment)));
        _slate.OpenSegment(gap.Segment, gap.Start, gap.WallClock);
        return true;
    }

    private bool AddDiscontinuity(TimelineEvent.Discontinuity discontinuity)
    {
        if (discontinuity.Segment <= LastSegment)
        {
            return false;
        }

        // The segment does not exist yet. After a crash, the discontinuity announced by the next process replaces that of the killed one.
        var slateChanged = _slate.ApplyDiscontinuity(discontinuity);
        return _discontinuities.Add(discontinuity.Segment) || slateChanged;
    }

    /// <summary>
    /// Moves the window without keeping what leaves it. Index blocks must be contiguous with the window, so they leave the DVR window.
    /// </summary>
    private bool MoveWindow(TimelineEvent.WindowMoved moved)
    {
        // When a checkpoint is replayed, known state is newer.
        var isNew = moved.Slate is { } slate && slate != Slate && slate.First > LastSegment;
        if (isNew)
        {
            _slate.Restore(moved.Slate!);
        }

        if (moved.FirstSegment <= FirstSegment)
        {
            return isNew;
        }

        if (_indexBlocks.All.Count > 0)
        {
            _indexBlocks.TrimBefore(moved.FirstSegment);
        }

        Period = moved.Run;
        Move(moved.FirstSegment);
        if (moved.Discontinuities > 0)
        {
            DiscontinuitySequence = moved.Discontinuities;
        }

        return true;
    }

    private bool AddIndexBlock(TimelineEvent.IndexBlockReady block)
    {
        if (block.Last >= FirstSegment && block.First > FirstSegment)
        {
            throw new InvalidDataException(
                $"An index block begins with segment {block.First}, after the live window's first segment {FirstSegment}.");
        }

        if (!_indexBlocks.Add(block))
        {
            return false;
        }

        Period = Move(block.Last + 1) ? block.Next : Period;
        return true;
    }

    private bool TrimIndexBlocks(long first)
    {
        if (!_indexBlocks.TrimBefore(first))
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
            rendition.TrimBefore(FirstSegment, _indexBlocks.GetNeededInits(rendition.Name));
        }
    }

    private bool Move(long first)
    {
        if (first <= FirstSegment)
        {
            return false;
        }

        var leaving = SpriteSheetsBefore(first);
        FirstSegment = first;
        DiscontinuitySequence += _discontinuities.RemoveWhere(number => number < first);
        TrimRenditions();
        _images.Drop(leaving);
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

    private long DiscontinuitiesBefore(IReadOnlyList<TimelineIndexBlock> blocks)
    {
        var count = DiscontinuitySequence;
        foreach (var block in blocks)
        {
            count -= block.Discontinuities;
        }

        return count;
    }

    private RenditionTimeline RequireRendition(string rendition) =>
        Find(rendition)
        ?? throw new InvalidDataException($"The timeline of session {Session.Id} received an event of unknown rendition '{rendition}'.");
}
