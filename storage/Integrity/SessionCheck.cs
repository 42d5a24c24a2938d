using Broadcast.Media;
using Broadcast.Media.Integrity;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Broadcast.Storage.Objects;

namespace Broadcast.Storage.Integrity;

/// <summary>
/// Compares a session's objects in spool and object store with its journal. Read-only; a server may be running. Holds the names of one
/// rendition in memory at a time.
/// </summary>
/// <param name="store">The object store.</param>
/// <param name="takeSnapshot">Takes a snapshot of the spool.</param>
/// <param name="deep">Whether to read every object and verify its checksum.</param>
/// <param name="time">The time provider.</param>
public sealed class SessionCheck(IObjectStore store, Func<SpoolSnapshot> takeSnapshot, bool deep, TimeProvider time)
{
    private const int Parallel = 4;

    /// <summary>Checks a session.</summary>
    /// <exception cref="ObjectStoreException">The object store failed, so there is no result.</exception>
    public async Task<SessionIntegrityReport> RunAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        var report = await CheckAsync(channel, session, deep, cancellationToken);
        if (report is { Timeline.IsEnded: false, Issues.Count: > 0 })
        {
            // Objects announced at the first check may have left the timeline since, or have been moving from the spool to the object
            // store.
            report = await CheckAsync(channel, session, deep, cancellationToken);
        }

        return report;
    }

    private async Task<SessionIntegrityReport> CheckAsync(ChannelName channel, SessionId session, bool deep,
        CancellationToken cancellationToken)
    {
        var files = new SessionFiles(store, takeSnapshot());
        var issues = new List<IntegrityIssue>();
        var totals = new IntegrityTotals();
        var (journals, written) = await files.JournalsAsync(channel, session, cancellationToken);
        if (journals.Count == 0 || await files.ReadJournalAsync(channel, session, journals, cancellationToken)
            is not var (journal, isSpooled))
        {
            await CheckWithoutJournalAsync(files, channel, session, journals.Count > 0, issues, cancellationToken);
            return new SessionIntegrityReport(channel, session, null, journals.Count > 0 ? journals.Max.Number : 0, written, issues,
                totals);
        }

        var timeline = journal.BuildTimeline();

        // The uploaded journal of a session on another server lags by ten seconds. Its objects may have left the window since, or be in
        // that server's spool.
        var isRemote = !timeline.IsEnded && !isSpooled && time.GetUtcNow() - written < OrphanRules.OperationMargin;
        var rules = new OrphanRules(timeline, time.GetUtcNow());
        var names = ObjectNames.Of(channel, session);
        var folder = names.MediaFolder;
        var announced = ExpectedObject.Of(timeline).ToLookup(expected => FolderIn(folder, expected.Name));
        var folders = await files.FoldersAsync(folder, cancellationToken);
        folders.UnionWith(announced.Select(group => group.Key));
        folders.UnionWith(timeline.RetainedIndexBlocks.SelectMany(block => block.Renditions).Select(range => range.Rendition));

        // Index blocks first: if one cannot be read, the references to its segments are unknown.
        var isWhole = true;
        foreach (var name in folders.OrderBy(name => name != SessionObjectNames.IndexBlockFolder)
            .ThenBy(name => name, StringComparer.Ordinal))
        {
            var comparison = new ObjectComparison(await files.FolderAsync($"{folder}{name}/", cancellationToken), timeline.IsEnded);
            var check = new FolderCheck(files, comparison, timeline, isRemote, deep, issues, totals);
            await check.CheckAsync(announced[name], cancellationToken);
            foreach (var block in name == SessionObjectNames.IndexBlockFolder ? [] : timeline.RetainedIndexBlocks)
            {
                if (name != SessionObjectNames.SpriteSheetFolder && block.Find(name) is null)
                {
                    continue;
                }

                if (await ReadAsync(files, block, name, cancellationToken) is { } read)
                {
                    await check.CheckAsync(ExpectedObject.Of(names,
                        name == SessionObjectNames.SpriteSheetFolder ? read : read with { SpriteSheets = [] }), cancellationToken);
                }
                else
                {
                    isWhole = false;
                }
            }

            if (isWhole)
            {
                check.ReportOrphans(rules, comparison.Unreferenced.Keys.Any(IsIndexBlockList)
                    ? await files.IndexBlockListsAsync(channel, session, journals, cancellationToken) : null);
            }
        }

        return new SessionIntegrityReport(channel, session, timeline, journals.Max.Number, written, issues, totals);
    }

    private static bool IsIndexBlockList(ObjectName name) =>
        ObjectNames.TryParse(name, out var parsed) && parsed.Kind == ObjectKind.IndexBlockList;

    private static string FolderIn(string folder, ObjectName name)
    {
        var rest = name.Value.AsSpan(folder.Length);
        return rest.IndexOf('/') is > 0 and var slash ? rest[..slash].ToString() : "";
    }

    private static async Task<IndexBlock?> ReadAsync(SessionFiles files, TimelineIndexBlock block, string rendition,
        CancellationToken cancellationToken)
    {
        try
        {
            return await files.ReadAsync(block.Object, IndexBlockFile.MaxLength, cancellationToken) is { } bytes
                ? IndexBlockFile.Read(bytes, name => name == rendition) : null;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private async Task CheckWithoutJournalAsync(
        SessionFiles files, ChannelName channel, SessionId session, bool isUnreadable, List<IntegrityIssue> issues,
        CancellationToken cancellationToken)
    {
        var folder = ObjectNames.Of(channel, session).MediaFolder;
        var (objects, bytes, newest) = (0L, 0L, session.CreatedAt);
        foreach (var (name, found) in await files.FolderAsync(folder, cancellationToken))
        {
            if (!files.IsPendingDeletion(name))
            {
                (objects, bytes, newest) = (objects + 1, bytes + found.Length, found.Written > newest ? found.Written : newest);
            }
        }

        var age = time.GetUtcNow() - newest;
        if (isUnreadable && age >= OrphanRules.OperationMargin)
        {
            issues.Add(new IntegrityIssue(
                IntegrityIssueKind.UnreadableJournal, channel, session, null, null, objects, bytes,
                $"no journal file can be read; {objects:N0} objects with {bytes:N0} bytes cannot be played"));
        }
        else if (!isUnreadable && objects > 0 && age >= OrphanRules.JournalGracePeriod)
        {
            issues.Add(new IntegrityIssue(IntegrityIssueKind.NoJournal, channel, session, null, null, objects, bytes,
                $"it has no journal; {objects:N0} objects with {bytes:N0} bytes cannot be played"));
        }
    }

    /// <summary>Check of one folder of a session.</summary>
    private sealed class FolderCheck(
        SessionFiles files, ObjectComparison comparison, SessionTimeline timeline, bool isRemote, bool deep, List<IntegrityIssue> issues,
        IntegrityTotals totals)
    {
        private readonly Lock _lock = new();

        public async Task CheckAsync(IEnumerable<ExpectedObject> announced, CancellationToken cancellationToken)
        {
            var readable = new List<(ExpectedObject Expected, FoundObject There)>();
            foreach (var expected in announced)
            {
                totals.Objects++;
                totals.Bytes += expected.Length;
                switch (comparison.Compare(expected, out var existing))
                {
                    case ObjectDifference.Missing when !isRemote && !files.IsPendingDeletion(expected.Name):
                        Add(IntegrityIssueKind.Missing, expected,
                            $"{expected.Length:N0} bytes are announced, but the object is neither in the store nor in the spool");
                        break;
                    case ObjectDifference.WrongLength:
                        Add(IntegrityIssueKind.WrongLength, expected,
                            $"{expected.Length:N0} bytes are announced, but {(existing.IsStored ? "the store" : "the spool")} "
                            + $"has {existing.Length:N0}");
                        break;
                    case ObjectDifference.None when deep && existing.Length > 0:
                        readable.Add((expected, existing));
                        break;
                }
            }

            await System.Threading.Tasks.Parallel.ForEachAsync(readable,
                new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellationToken }, async (one, token) =>
            {
                var result = await files.VerifyAsync(one.Expected.Name, one.There, token);
                lock (_lock)
                {
                    totals.Verified += result is VerificationResult.Valid or VerificationResult.Changed ? 1 : 0;
                    totals.Unverified += result == VerificationResult.Unknown ? 1 : 0;
                    if (result == VerificationResult.Changed)
                    {
                        Add(IntegrityIssueKind.Changed, one.Expected, "its bytes differ from those written (CRC-32C)");
                    }
                }
            });
        }

        /// <param name="rules">Rules for orphans.</param>
        /// <param name="kept">Further objects that are no orphans.</param>
        public void ReportOrphans(OrphanRules rules, IReadOnlySet<ObjectName>? kept)
        {
            foreach (var (name, existing) in comparison.Unreferenced.OrderBy(found => found.Key.Value, StringComparer.Ordinal))
            {
                if (rules.IsOrphan(name, existing.Written) && !files.IsPendingDeletion(name) && kept?.Contains(name) is not true)
                {
                    issues.Add(new IntegrityIssue(
                        IntegrityIssueKind.Orphan, timeline.Session.Channel, timeline.Session.Id, name, null, 1, existing.Length,
                        $"{existing.Length:N0} unreferenced bytes, written {existing.Written:u}"));
                }
            }
        }

        private void Add(IntegrityIssueKind kind, ExpectedObject expected, string message) =>
            issues.Add(new IntegrityIssue(kind, timeline.Session.Channel, timeline.Session.Id, expected.Name, expected.Kind, 1,
                expected.Length, message));
    }
}
