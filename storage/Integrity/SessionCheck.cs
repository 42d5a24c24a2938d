using Broadcast.Media;

namespace Broadcast.Storage.Integrity;

/// <summary>
/// Holds what spool and store have of a session against what its journal announces. Looks only; a server may go on meanwhile. Memory: one rendition's names at a time.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="look">Looks at the spool.</param>
/// <param name="deep">Whether every object is read against its checksum.</param>
/// <param name="time">Time.</param>
public sealed class SessionCheck(IObjectStore store, Func<SpoolSnapshot> look, bool deep, TimeProvider time)
{
    private const int Parallel = 4;
    private const string Chapters = "chapters";
    private const string Sheets = "thumbnails";

    /// <summary>Looks at a session.</summary>
    /// <exception cref="ObjectStoreException">The store failed, so that nothing can be said.</exception>
    public async Task<SessionReport> RunAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        var report = await LookAsync(channel, session, deep, cancellationToken);
        if (report is { Timeline.IsEnded: false, Findings.Count: > 0 })
        {
            // What was announced at the first look may have left the timeline by the second, and have been on its way between spool and store.
            report = await LookAsync(channel, session, deep, cancellationToken);
        }

        return report;
    }

    private async Task<SessionReport> LookAsync(ChannelName channel, SessionId session, bool deep, CancellationToken cancellationToken)
    {
        var files = new SessionFiles(store, look());
        var findings = new List<StoreFinding>();
        var tally = new StoreTally();
        var (journals, written) = await files.JournalsAsync(channel, session, cancellationToken);
        if (journals.Count == 0 || await files.ReadJournalAsync(channel, session, journals, cancellationToken) is not var (journal, isSpooled))
        {
            await NoJournalAsync(files, channel, session, journals.Count > 0, findings, cancellationToken);
            return new SessionReport(channel, session, null, journals.Count > 0 ? journals.Max : 0, written, findings, tally);
        }

        var timeline = journal.Fold();

        // The journal of a session that goes on elsewhere is ten seconds behind: what it names may have left the window since, or be in that machine's spool.
        var isElsewhere = !timeline.IsEnded && !isSpooled && time.GetUtcNow() - written < OrphanRules.UnderWay;
        var rules = new OrphanRules(timeline, time.GetUtcNow());
        var folder = ExpectedObject.FolderOf(channel, session);
        var announced = ExpectedObject.Of(timeline).ToLookup(expected => FolderIn(folder, expected.Name));
        var folders = await files.FoldersAsync(folder, cancellationToken);
        folders.UnionWith(announced.Select(group => group.Key));
        folders.UnionWith(timeline.KeptChapters.SelectMany(chapter => chapter.Renditions).Select(range => range.Rendition));

        // Chapters first: where one cannot be read, nobody knows whose its segments are.
        var isWhole = true;
        foreach (var name in folders.OrderBy(name => name != Chapters).ThenBy(name => name, StringComparer.Ordinal))
        {
            var comparison = new ObjectComparison(await files.FolderAsync($"{folder}{name}/", cancellationToken), timeline.IsEnded);
            var check = new FolderCheck(files, comparison, timeline, isElsewhere, deep, findings, tally);
            await check.LookAsync(announced[name], cancellationToken);
            foreach (var chapter in name == Chapters ? [] : timeline.KeptChapters)
            {
                if (name != Sheets && chapter.Find(name) is null)
                {
                    continue;
                }

                if (await ReadAsync(files, chapter, name, cancellationToken) is { } read)
                {
                    await check.LookAsync(ExpectedObject.Of(folder, name == Sheets ? read : read with { Sheets = [] }), cancellationToken);
                }
                else
                {
                    isWhole = false;
                }
            }

            if (isWhole)
            {
                check.Rest(rules);
            }
        }

        return new SessionReport(channel, session, timeline, journals.Max, written, findings, tally);
    }

    private static string FolderIn(string folder, ObjectName name)
    {
        var rest = name.Value.AsSpan(folder.Length);
        return rest.IndexOf('/') is > 0 and var slash ? rest[..slash].ToString() : "";
    }

    private static async Task<Chapter?> ReadAsync(SessionFiles files, TimelineChapter chapter, string rendition, CancellationToken cancellationToken)
    {
        try
        {
            return await files.ReadAsync(chapter.Object, ChapterFile.MaxLength, cancellationToken) is { } bytes ? ChapterFile.Read(bytes, name => name == rendition) : null;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private async Task NoJournalAsync(
        SessionFiles files, ChannelName channel, SessionId session, bool isUnreadable, List<StoreFinding> findings, CancellationToken cancellationToken)
    {
        var folder = ExpectedObject.FolderOf(channel, session);
        var (objects, bytes, newest) = (0L, 0L, session.Birth);
        foreach (var (name, found) in await files.FolderAsync(folder, cancellationToken))
        {
            if (!files.IsGoing(name))
            {
                (objects, bytes, newest) = (objects + 1, bytes + found.Length, found.Written > newest ? found.Written : newest);
            }
        }

        var age = time.GetUtcNow() - newest;
        if (isUnreadable && age >= OrphanRules.UnderWay)
        {
            findings.Add(new StoreFinding(
                StoreFault.UnreadableJournal, channel, session, null, null, objects, bytes,
                $"no file of its journal can be read; {objects:N0} objects with {bytes:N0} bytes cannot be played"));
        }
        else if (!isUnreadable && objects > 0 && age >= OrphanRules.WithoutJournal)
        {
            findings.Add(new StoreFinding(StoreFault.NoJournal, channel, session, null, null, objects, bytes, $"there is no journal of it; {objects:N0} objects with {bytes:N0} bytes cannot be played"));
        }
    }

    /// <summary>One folder of a session.</summary>
    private sealed class FolderCheck(
        SessionFiles files, ObjectComparison comparison, SessionTimeline timeline, bool isElsewhere, bool deep, List<StoreFinding> findings, StoreTally tally)
    {
        private readonly Lock _lock = new();

        public async Task LookAsync(IEnumerable<ExpectedObject> announced, CancellationToken cancellationToken)
        {
            var readable = new List<(ExpectedObject Expected, FoundObject There)>();
            foreach (var expected in announced)
            {
                tally.Objects++;
                tally.Bytes += expected.Length;
                switch (comparison.Look(expected, out var there))
                {
                    case ObjectDifference.Missing when !isElsewhere && !files.IsGoing(expected.Name):
                        Add(StoreFault.Missing, expected, $"{expected.Length:N0} bytes are announced, and it is neither in the store nor in the spool");
                        break;
                    case ObjectDifference.WrongLength:
                        Add(StoreFault.WrongLength, expected, $"{expected.Length:N0} bytes are announced, and {(there.IsStored ? "the store" : "the spool")} has {there.Length:N0}");
                        break;
                    case ObjectDifference.None when deep && there.Length > 0:
                        readable.Add((expected, there));
                        break;
                }
            }

            await System.Threading.Tasks.Parallel.ForEachAsync(readable, new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellationToken }, async (one, token) =>
            {
                var verdict = await files.VerifyAsync(one.Expected.Name, one.There, token);
                lock (_lock)
                {
                    tally.Verified += verdict is ObjectVerdict.Good or ObjectVerdict.Changed ? 1 : 0;
                    tally.Unverified += verdict == ObjectVerdict.Unknown ? 1 : 0;
                    if (verdict == ObjectVerdict.Changed)
                    {
                        Add(StoreFault.Changed, one.Expected, "its bytes are not those that were written (CRC-32C)");
                    }
                }
            });
        }

        public void Rest(OrphanRules rules)
        {
            foreach (var (name, there) in comparison.Unnamed.OrderBy(found => found.Key.Value, StringComparer.Ordinal))
            {
                if (rules.IsOrphan(name, there.Written) && !files.IsGoing(name))
                {
                    findings.Add(new StoreFinding(
                        StoreFault.Orphan, timeline.Session.Channel, timeline.Session.Id, name, null, 1, there.Length, $"{there.Length:N0} bytes that nothing names, since {there.Written:u}"));
                }
            }
        }

        private void Add(StoreFault fault, ExpectedObject expected, string message) =>
            findings.Add(new StoreFinding(fault, timeline.Session.Channel, timeline.Session.Id, expected.Name, expected.Kind, 1, expected.Length, message));
    }
}
