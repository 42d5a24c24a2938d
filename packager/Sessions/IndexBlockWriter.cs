using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;

namespace Broadcast.Packager.Sessions;

/// <summary>
/// Writes segments that leave the live window to index blocks, for sessions with a DVR window or recording. Combines short blocks into
/// longer ones, so that there are few: recent ones at once, and permanent ones once more in the background. Owned by one session; not
/// thread-safe.
/// </summary>
/// <param name="context">Shared services and options.</param>
/// <param name="timeline">Timeline of the session.</param>
internal sealed class IndexBlockWriter(PackagerContext context, SessionTimeline timeline)
{
    /// <summary>Number of index blocks that are combined into one.</summary>
    private const int CompactionFactor = 20;

    /// <summary>Minimum number of index blocks in a DVR window, because blocks leave it as a whole.</summary>
    private const int MinBlocks = 8;

    /// <summary>Number of index blocks per live window without a DVR window. The live window is longer by up to one of them.</summary>
    private const int BlocksPerWindow = 4;

    private readonly List<(IndexBlock Block, TimeSpan Length, ObjectName Object)> _recent = [];
    private readonly IndexBlockCompactor _compactor = new(context.Spool);

    private BroadcastSession Session => timeline.Session;

    private TimeSpan BlockLength =>
        Shorter(context.Options.IndexBlockDuration, Session.HasDvrWindow ? Session.DvrWindow / (2 * MinBlocks) : Session.Latency.Window
            / BlocksPerWindow);

    private TimeSpan CompactedLength => Session.HasDvrWindow
        ? Shorter(CompactionFactor * context.Options.IndexBlockDuration, Session.DvrWindow / MinBlocks)
        : CompactionFactor * BlockLength;

    /// <summary>
    /// Maximum duration of combined permanent index blocks: 400 times the configured duration, almost seven hours for one minute.
    /// </summary>
    private TimeSpan MaxLength => CompactionFactor * CompactionFactor * context.Options.IndexBlockDuration;

    /// <summary>Writes an index block of the segments before a number, if there are enough.</summary>
    /// <param name="first">First segment number that the live window needs.</param>
    /// <param name="leader">Closed segments of the leading rendition.</param>
    /// <param name="complete">Receives the file, which can be uploaded once the block is announced.</param>
    /// <param name="obsolete">Receives objects that are not needed once the block is announced.</param>
    /// <returns>The event to announce, or <see langword="null"/>.</returns>
    /// <exception cref="IOException">The disk failed; nothing has changed.</exception>
    public TimelineEvent.IndexBlockReady? Write(long first, ReadOnlySpan<TimelineSegment> leader, ICollection<ISpoolFile> complete,
        ICollection<ObjectName> obsolete)
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

        if (length < BlockLength)
        {
            return null;
        }

        var block = IndexBlock.Of(timeline, first - 1);
        var isCompacted = _recent.Count > 0 && _recent.Aggregate(length, (sum, recent) => sum + recent.Length) >= CompactedLength;
        var written = isCompacted ? IndexBlock.Join([.. _recent.Select(recent => recent.Block), block]) : block;
        var bytes = IndexBlockFile.Write(written);
        var file = Write(written, bytes, obsolete);
        complete.Add(file);
        if (isCompacted)
        {
            foreach (var recent in _recent)
            {
                obsolete.Add(recent.Object);
            }

            _recent.Clear();
        }
        else if (length < CompactedLength)
        {
            _recent.Add((block, length, file.Name));
        }

        return written.Announce(file.Name, bytes.Length);
    }

    /// <summary>Takes a completed background compaction, or starts the next one.</summary>
    /// <param name="complete">Receives the file, which can be uploaded once the block is announced.</param>
    /// <param name="obsolete">Receives objects that are not needed once the block is announced.</param>
    /// <returns>The event to announce, or <see langword="null"/>.</returns>
    /// <exception cref="IOException">The disk failed; nothing has changed.</exception>
    public TimelineEvent.IndexBlockReady? Compact(ICollection<ISpoolFile> complete, ICollection<ObjectName> obsolete)
    {
        if (_compactor.TakeResult() is not { } compacted)
        {
            _compactor.TryStart(SelectForCompaction());
            return null;
        }

        if (!timeline.RetainedIndexBlocks.Contains(compacted.Sources[0]) || !timeline.RetainedIndexBlocks.Contains(compacted.Sources[^1]))
        {
            return null;
        }

        var file = Write(compacted.Block, compacted.Bytes, obsolete);
        complete.Add(file);
        foreach (var part in compacted.Sources)
        {
            obsolete.Add(part.Object);
        }

        return compacted.Block.Announce(file.Name, compacted.Bytes.Length);
    }

    /// <summary>
    /// Selects the newest permanent index blocks that suffice for a block of the next level. Each level is twenty times longer than the
    /// previous one. Blocks of a limited DVR window are combined only after they left it, because a block leaves the DVR window as a whole.
    /// </summary>
    private IReadOnlyList<TimelineIndexBlock> SelectForCompaction()
    {
        var retained = timeline.RetainedIndexBlocks;
        var permanent = Session.DvrWindow == DvrWindow.All ? retained.Count
            : Session.IsRecorded ? retained.Count - timeline.DvrIndexBlocks.Count : 0;
        while (permanent > 0 && _recent.Count > 0 && retained[permanent - 1].First >= _recent[0].Block.First)
        {
            permanent--;
        }

        var (level, isLast) = (CompactedLength, false);
        while (!isLast)
        {
            isLast = level >= MaxLength / CompactionFactor;
            level = isLast ? MaxLength : level * CompactionFactor;
            var (start, length) = (permanent, TimeSpan.Zero);
            while (start > 0 && CanCompact(retained, start - 1, permanent) && retained[start - 1].Duration.ToTimeSpan() < level)
            {
                length += retained[--start].Duration.ToTimeSpan();
            }

            if (length >= level && permanent - start > 1)
            {
                return [.. retained.Skip(start).Take(permanent - start)];
            }
        }

        return [];
    }

    /// <summary>Returns whether an index block is readable, as far as known, and directly precedes the next one.</summary>
    private bool CanCompact(IReadOnlyList<TimelineIndexBlock> retained, int index, int end) =>
        !_compactor.IsLost(retained[index].Object) && (index + 1 == end || retained[index + 1].First == retained[index].Last + 1);

    private ISpoolFile Write(IndexBlock block, byte[] bytes, ICollection<ObjectName> obsolete)
    {
        var file = context.Spool.Open(ObjectNames.Of(Session).IndexBlock(block.First, block.Last));
        try
        {
            if (file.Length > 0)
            {
                // Data of an earlier process that was never announced.
                file.Truncate(0);
            }

            file.Append([bytes]);
            return file;
        }
        catch (IOException)
        {
            obsolete.Add(file.Name);
            throw;
        }
    }

    /// <summary>Index blocks that have left the DVR window, oldest first.</summary>
    public IReadOnlyList<TimelineIndexBlock> GetExpired()
    {
        var end = timeline.Renditions.Where(rendition => rendition.Segments.Count > 0).Select(rendition => rendition.Segments[^1].End)
            .DefaultIfEmpty().Max();
        return end.Timescale == 0
            ? []
            : [.. timeline.DvrIndexBlocks.TakeWhile(block => (end - block.End).ToTimeSpan() >= timeline.Session.DvrWindow)];
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
