namespace Broadcast.Media.Timeline;

/// <summary>An announced index block; see <see cref="TimelineEvent.IndexBlockReady"/>.</summary>
public sealed record TimelineIndexBlock(
    long First, long Last, MediaTime Start, MediaTime Duration, DateTimeOffset WallClock, int Discontinuities,
    IReadOnlyList<IndexBlockRange> Renditions, ObjectName Object, int Length,
    TimelinePeriod? Period = null)
{
    /// <summary>End of the latest segment.</summary>
    public MediaTime End => Start + Duration;

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
    private List<TimelineIndexBlock> _dvrBlocks = [];
    private long _dvrStart;

    /// <summary>All retained blocks, by ascending sequence numbers. Returned lists never change.</summary>
    public IReadOnlyList<TimelineIndexBlock> All => _all;

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
    public IEnumerable<TimelineEvent> Checkpoint() => _all.Select(block => new TimelineEvent.IndexBlockReady(
        block.First, block.Last, block.Start, block.Duration, block.WallClock, block.Discontinuities, block.Renditions, block.Object,
        block.Length, block.Period));

    /// <summary>
    /// Event that restores the DVR window when the list has older blocks; <see langword="null"/> otherwise. It must follow the segments of
    /// the live window, because it removes init segments that none of them needs.
    /// </summary>
    public TimelineEvent? DvrWindowCheckpoint() => session.HasDvrWindow && _dvrBlocks.Count < _all.Count
        ? new TimelineEvent.DvrWindowMoved(_dvrBlocks is [var first, ..] ? first.First : _all[^1].Last + 1)
        : null;

    private int Find(long first) => _all.FindIndex(other => other.First == first);

    private void Set(List<TimelineIndexBlock> all)
    {
        _all = all;
        _neededInits.Clear();
        _dvrBlocks = !IsRecorded ? all : session.HasDvrWindow ? [.. all.Where(block => block.First >= _dvrStart)] : [];
    }
}
