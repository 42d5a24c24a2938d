using Broadcast.Media;
using Broadcast.Media.Integrity;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;

namespace Broadcast.Storage.Integrity;

/// <summary>
/// Marks the lost objects of an ended session as gaps, which players skip. Affected index blocks are rewritten under new names; a journal
/// file with a higher epoch then follows the last one. Journal files are created once, so two repairs cannot mix. No server may have the
/// session open.
/// </summary>
public static class GapRepair
{
    /// <summary>Marks the lost objects found by a check.</summary>
    /// <param name="store">The object store.</param>
    /// <param name="spool">Snapshot of the spool, which is read but not changed.</param>
    /// <param name="report">Result of the check.</param>
    /// <param name="cancellationToken">Cancels the repair; the session is then unchanged.</param>
    /// <returns>Names of the objects marked as gaps; empty when nothing could be marked.</returns>
    /// <exception cref="ObjectStoreException">The object store failed.</exception>
    public static async Task<IReadOnlySet<ObjectName>> RunAsync(IObjectStore store, SpoolSnapshot spool, SessionIntegrityReport report,
        CancellationToken cancellationToken)
    {
        HashSet<ObjectName> lost =
        [
            .. report.Issues
                .Where(issue => issue.IssueKind is IntegrityIssueKind.Missing or IntegrityIssueKind.WrongLength
                    or IntegrityIssueKind.Changed
                    && issue.ObjectKind is ObjectKind.Segment or ObjectKind.SpriteSheet or ObjectKind.Poster)
                .Select(issue => issue.Object!.Value),
        ];
        var files = new SessionFiles(store, spool);
        if (report.Timeline is not { IsEnded: true } timeline || lost.Count == 0)
        {
            return new HashSet<ObjectName>();
        }

        var epoch = timeline.Session.Epoch + 1;
        var names = ObjectNames.Of(report.Channel, report.Session);
        var marker = new GapMarker(names, lost, timeline.RetainedIndexBlocks is [var oldest, ..] ? oldest.Period : timeline.Period);
        var announced = new Dictionary<long, TimelineEvent.IndexBlockReady>();
        var replaced = new List<ObjectName>();
        for (var i = 0; i < timeline.RetainedIndexBlocks.Count; i++)
        {
            var known = timeline.RetainedIndexBlocks[i];
            if (await ReadAsync(files, known, cancellationToken) is not { } block
                || await FollowingAsync(files, timeline, i + 1, cancellationToken) is not var (following, discontinuities))
            {
                return new HashSet<ObjectName>();
            }

            var marked = marker.Mark(block, discontinuities, following, out var changed);
            var name = known.Object;
            var length = known.Length;
            if (changed)
            {
                var bytes = IndexBlockFile.Write(marked);
                name = names.IndexBlock(known.First, known.Last, epoch);
                length = bytes.Length;

                // An object of this name was left by an interrupted repair.
                await store.PutAsync(name, bytes, PutCondition.Replace, cancellationToken);
                replaced.Add(known.Object);
            }

            announced[known.First] = marked.Announce(name, length);
        }

        TimelineEvent[] events = [.. marker.Mark(timeline.Checkpoint(), announced)];
        byte[] journal = [.. JournalFile.Preamble(report.Channel, report.Session, epoch, report.Journal + 1, events),
            .. JournalFile.Trailer(JournalEnd.Ended)];
        if (JournalFile.Read(journal) is not { End: JournalEnd.Ended } readable || !readable.BuildTimeline().IsEnded
            || !await store.PutAsync(names.Journal(epoch, report.Journal + 1), journal, PutCondition.CreateOnly, cancellationToken))
        {
            return new HashSet<ObjectName>();
        }

        if (timeline.StoredIndexBlockList is { } list)
        {
            // The new journal file contains all index blocks.
            replaced.Add(list.Object);
        }

        await store.DeleteAsync(replaced, cancellationToken);
        return lost;
    }

    private static async Task<IndexBlock?> ReadAsync(SessionFiles files, TimelineIndexBlock block, CancellationToken cancellationToken)
    {
        try
        {
            return await files.ReadAsync(block.Object, IndexBlockFile.MaxLength, cancellationToken) is { } bytes
                ? IndexBlockFile.Read(bytes) : null;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>
    /// Reads the first segments of an index block, or of the live window after the last block, and the sequence numbers there that start
    /// with a discontinuity.
    /// </summary>
    private static async Task<(IReadOnlyDictionary<string, IndexedSegment> Segments,
        IReadOnlyCollection<long> Discontinuities)?> FollowingAsync(
        SessionFiles files, SessionTimeline timeline, int index, CancellationToken cancellationToken)
    {
        if (index >= timeline.RetainedIndexBlocks.Count)
        {
            return (timeline.Renditions.Where(rendition => rendition.Segments.Count > 0)
                .ToDictionary(rendition => rendition.Name, rendition => IndexedSegment.Of(rendition.Segments[0]), StringComparer.Ordinal),
                timeline.Discontinuities);
        }

        return await ReadAsync(files, timeline.RetainedIndexBlocks[index], cancellationToken) is { } next
            ? (next.Renditions.Where(rendition => rendition.Segments.Count > 0)
                .ToDictionary(rendition => rendition.Name, rendition => rendition.Segments[0], StringComparer.Ordinal),
                next.Discontinuities.ToList())
            : null;
    }
}
