using System.Globalization;
using Broadcast.Media;

namespace Broadcast.Storage.Integrity;

/// <summary>
/// Marks what is lost of a session that is over as gaps, so that players pass over it: chapters of that time are written anew under new names, then a journal file follows the last one, with a higher epoch. Each
/// is created once, so two repairs cannot mix. No server may have the session open.
/// </summary>
public static class GapRepair
{
    /// <summary>Marks what a check found lost.</summary>
    /// <param name="store">The store.</param>
    /// <param name="spool">The spool; what is in it is read, and not changed.</param>
    /// <param name="report">What the check found.</param>
    /// <param name="cancellationToken">Gives up; then the session is as it was.</param>
    /// <returns>Names that players pass over now; none where nothing could be marked.</returns>
    /// <exception cref="ObjectStoreException">The store failed.</exception>
    public static async Task<IReadOnlySet<ObjectName>> RunAsync(IObjectStore store, SpoolSnapshot spool, SessionReport report, CancellationToken cancellationToken)
    {
        HashSet<ObjectName> lost =
        [
            .. report.Findings
                .Where(finding => finding.Fault is StoreFault.Missing or StoreFault.WrongLength or StoreFault.Changed
                    && finding.Kind is SessionObjectKind.Segment or SessionObjectKind.Sheet or SessionObjectKind.Poster)
                .Select(finding => finding.Object!.Value),
        ];
        var files = new SessionFiles(store, spool);
        if (report.Timeline is not { IsEnded: true } timeline || lost.Count == 0)
        {
            return new HashSet<ObjectName>();
        }

        var epoch = timeline.Session.Epoch + 1;
        var folder = ExpectedObject.FolderOf(report.Channel, report.Session);
        var marks = new GapMarks(folder, lost, timeline.KeptChapters is [var oldest, ..] ? oldest.Run : timeline.Run);
        var announced = new Dictionary<long, TimelineEvent.ChapterReady>();
        var replaced = new List<ObjectName>();
        for (var i = 0; i < timeline.KeptChapters.Count; i++)
        {
            var known = timeline.KeptChapters[i];
            if (await ReadAsync(files, known, cancellationToken) is not { } chapter || await FollowingAsync(files, timeline, i + 1, cancellationToken) is not var (following, discontinuities))
            {
                return new HashSet<ObjectName>();
            }

            var marked = marks.Mark(chapter, discontinuities, following, out var changed);
            var name = known.Object;
            var length = known.Length;
            if (changed)
            {
                var bytes = ChapterFile.Write(marked);
                name = ObjectName.Parse(string.Create(CultureInfo.InvariantCulture, $"{folder}chapters/{known.First}-{known.Last}-{epoch}.chapter"));
                length = bytes.Length;

                // One of that name was left by a repair that did not come to its end.
                await store.PutAsync(name, bytes, PutCondition.Replace, cancellationToken);
                replaced.Add(known.Object);
            }

            announced[known.First] = marked.Announce(name, length);
        }

        TimelineEvent[] events = [.. marks.Mark(timeline.Checkpoint(), announced)];
        byte[] journal = [.. JournalFile.Begin(report.Channel, report.Session, epoch, report.Journal + 1, events), .. JournalFile.Trailer(JournalEnd.Ended)];
        if (JournalFile.Read(journal) is not { End: JournalEnd.Ended } readable || !readable.Fold().IsEnded
            || !await store.PutAsync(JournalFile.NameOf(report.Channel, report.Session, report.Journal + 1), journal, PutCondition.CreateOnly, cancellationToken))
        {
            return new HashSet<ObjectName>();
        }

        await store.DeleteAsync(replaced, cancellationToken);
        return lost;
    }

    private static async Task<Chapter?> ReadAsync(SessionFiles files, TimelineChapter chapter, CancellationToken cancellationToken)
    {
        try
        {
            return await files.ReadAsync(chapter.Object, ChapterFile.MaxLength, cancellationToken) is { } bytes ? ChapterFile.Read(bytes) : null;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>The first segments of a chapter, or of the live window behind the last, and the numbers there that a discontinuity stands before.</summary>
    private static async Task<(IReadOnlyDictionary<string, ChapterSegment> Segments, IReadOnlyCollection<long> Discontinuities)?> FollowingAsync(
        SessionFiles files, SessionTimeline timeline, int index, CancellationToken cancellationToken)
    {
        if (index >= timeline.KeptChapters.Count)
        {
            return (timeline.Renditions.Where(rendition => rendition.Segments.Count > 0)
                .ToDictionary(rendition => rendition.Name, rendition => ChapterSegment.Of(rendition.Segments[0]), StringComparer.Ordinal), timeline.Discontinuities);
        }

        return await ReadAsync(files, timeline.KeptChapters[index], cancellationToken) is { } next
            ? (next.Renditions.Where(rendition => rendition.Segments.Count > 0)
                .ToDictionary(rendition => rendition.Name, rendition => rendition.Segments[0], StringComparer.Ordinal), next.Discontinuities.ToList())
            : null;
    }
}
