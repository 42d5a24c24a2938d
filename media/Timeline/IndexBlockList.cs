namespace Broadcast.Media.Timeline;

/// <summary>An announced index block; see <see cref="TimelineEvent.IndexBlockReady"/>.</summary>
public sealed record TimelineIndexBlock(
    long First, long Last, MediaTime Start, MediaTime Duration, DateTimeOffset WallClock, int Discontinuities,
    IReadOnlyList<IndexBlockRange> Renditions, ObjectName Object, int Length,
    TimelinePeriod? Period = null)
{
    /// <summary>End of the latest segment.</summary>
    public MediaTime End => Start + Duration;

    /// <summary>The event that restores the block from a checkpoint.</summary>
    public TimelineEvent.IndexBlockReady Announcement =>
        new(First, Last, Start, Duration, WallClock, Discontinuities, Renditions, Object, Length, Period);

    /// <summary>Finds the range of a rendition; <see langword="null"/> when the block has none.</summary>
    public IndexBlockRange? Find(string rendition)
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
/// Index blocks of a timeline. They are contiguous, and the last one ends where the live window begins. Recorded sessions keep all blocks,
/// and the last ones form the DVR window. After the loss of a server such a session may have a hole.
/// </summary>
internal sealed class IndexBlockList(BroadcastSession session)
{
    private readonly Dictionary<string, NeededInits> _neededInits = new(StringComparer.Ordinal);
    private List<TimelineIndexBlock> _all = [];
    private List<TimelineIndexBlock> _listed = [];
    private List<TimelineIndexBlock> _dvrBlocks = [];
    private long _dvrStart;

    /// <summary>All retained blocks, by ascending sequence numbers. Returned lists never change.</summary>
    public IReadOnlyList<TimelineIndexBlock> All => _all;

    /// <summary>Reference to the newest stored list of blocks; <see langword="null"/> before the first.</summary>
    public TimelineEvent.IndexBlocksListed? StoredList { get; private set; }

    /// <summary>Blocks in the DVR window. Returned lists never change.</summary>
    public IReadOnlyList<TimelineIndexBlock> DvrBlocks => _dvrBlocks;

    private bool IsRecorded => session.IsRecorded;

    /// <summary>Adds a block.</summary>
    /// <returns>Whether the block was new.</returns>
    /// <exception cref="InvalidDataException">The block leaves a hole, or begins inside another one.</exception>
    public bool Add(TimelineEvent.IndexBlockReady block)
    {
        var (from, to) = (_all.Count, _all.Count);
        if (_all is [.., var last])
        {
            if (block.Last < last.Last || (block.Last == last.Last && block.First >= last.First))
            {
                // The block may replace several known ones.
                (from, to) = (Find(block.First), _all.FindIndex(other => other.Last == block.Last));
                if (from < 0 || to < from || (to == from && _all[from].Object == block.Object))
                {
                    return false;
                }
            }
            else if (block.First <= last.Last || (!IsRecorded && block.First != last.Last + 1))
            {
                from = Find(block.First);
            }

            if (from < 0)
            {
                throw new InvalidDataException(
                    $"An index block of segments {block.First} to {block.Last} follows one that ends with {last.Last}.");
            }
        }

        Set(
        [
            .. _all.Take(from),
            new TimelineIndexBlock(
                block.First, block.Last, block.Start, block.Duration, block.WallClock, block.Discontinuities, block.Renditions,
                block.Object, block.Length,
                block.Run),
            .. _all.Skip(to + 1),
        ]);
        return true;
    }

    /// <summary>
    /// Removes blocks that end before a sequence number from the DVR window. Unless the session is recorded, they are forgotten.
    /// </summary>
    /// <returns>Whether any blocks were removed.</returns>
    public bool TrimBefore(long first)
    {
        var count = _dvrBlocks.Count(block => block.Last < first);
        if (IsRecorded)
        {
            _dvrStart = Math.Max(_dvrStart, first);
        }

        Set(IsRecorded || count == 0 ? _all : [.. _all.Skip(count)]);
        return count > 0;
    }

    /// <summary>Records that an object lists the current blocks.</summary>
    /// <returns>Whether the object was not known.</returns>
    /// <exception cref="InvalidDataException">The current blocks are others, as in a journal whose list was not read.</exception>
    public bool SetStoredList(TimelineEvent.IndexBlocksListed list)
    {
        if (list == StoredList)
        {
            return false;
        }

        if (list.Count != _all.Count || list.First != _all[0].First || list.Last != _all[^1].Last)
        {
            throw new InvalidDataException($"The list {list.Object} has {list.Count} index blocks, but the timeline has {_all.Count}.");
        }

        (StoredList, _listed) = (list, _all);
        return true;
    }

    /// <summary>Takes over the stored list of another timeline of the session, which may have other blocks.</summary>
    public void InheritStoredList(IndexBlockList other) => (StoredList, _listed) = (other.StoredList, other._listed);

    /// <summary>
    /// Blocks that the stored list lacks; all blocks without a list from which they can be restored. Replaying the list and these blocks
    /// results in the current blocks, after the removal of listed ones that end before the first.
    /// </summary>
    public IReadOnlyList<TimelineIndexBlock> GetUnlisted(out TimelineEvent.IndexBlocksListed? list)
    {
        list = null;
        if (StoredList is null || _all.Count == 0)
        {
            return _all;
        }

        var at = IsRecorded ? 0 : _listed.TakeWhile(block => block.Last < _all[0].First).Count();
        var (unlisted, remaining) = (new List<TimelineIndexBlock>(), 0);
        foreach (var block in _all)
        {
            if (at < _listed.Count && (_listed[at].Object, _listed[at].Period) == (block.Object, block.Period))
            {
                (at, remaining) = (at + 1, remaining + 1);
                continue;
            }

            unlisted.Add(block);
            while (at < _listed.Count && _listed[at].First >= block.First && _listed[at].Last <= block.Last)
            {
                at++;
            }
        }

        if (at < _listed.Count || remaining == 0)
        {
            return _all;
        }

        list = StoredList;
        return unlisted;
    }

    /// <summary>Numbers of the init segments that the blocks need in a rendition.</summary>
    public NeededInits GetNeededInits(string rendition)
    {
        if (!_neededInits.TryGetValue(rendition, out var needed))
        {
            _neededInits.Add(rendition, needed = NeededInits.Of(_all.Select(block => block.Find(rendition)).OfType<IndexBlockRange>()));
        }

        return needed;
    }

    /// <summary>Events that restore the list.</summary>
    /// <param name="usesStoredList">Whether the events may refer to the stored list.</param>
    public IEnumerable<TimelineEvent> Checkpoint(bool usesStoredList)
    {
        TimelineEvent.IndexBlocksListed? list = null;
        var blocks = usesStoredList ? GetUnlisted(out list) : _all;
        return [.. list is null ? [] : (TimelineEvent[])[list], .. blocks.Select(block => block.Announcement)];
    }

    /// <summary>
    /// Event that restores the DVR window when the list, or the stored list, has older blocks; <see langword="null"/> otherwise. It must
    /// follow the segments of the live window, because it removes init segments that none of them needs.
    /// </summary>
    /// <param name="usesStoredList">Whether the events may refer to the stored list.</param>
    public TimelineEvent? DvrWindowCheckpoint(bool usesStoredList)
    {
        TimelineEvent.IndexBlocksListed? list = null;
        if (usesStoredList)
        {
            GetUnlisted(out list);
        }

        return session.HasDvrWindow && (_dvrBlocks.Count < _all.Count || (list is not null && list.First < _all[0].First))
            ? new TimelineEvent.DvrWindowMoved(_dvrBlocks is [var first, ..] ? first.First : _all[^1].Last + 1)
            : null;
    }

    private int Find(long first) => _all.FindIndex(other => other.First == first);

    private void Set(List<TimelineIndexBlock> all)
    {
        _all = all;
        _neededInits.Clear();
        _dvrBlocks = !IsRecorded ? all : session.HasDvrWindow ? [.. all.Where(block => block.First >= _dvrStart)] : [];
    }
}
