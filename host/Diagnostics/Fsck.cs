using System.Runtime.CompilerServices;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.Integrity;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;
using Broadcast.Storage.Integrity;
using Broadcast.Storage.Spooling;

namespace Broadcast.Host.Diagnostics;

/// <summary>An issue found by the check.</summary>
/// <param name="Fault">Issue type as a keyword for scripts.</param>
/// <param name="Channel">The channel.</param>
/// <param name="Session">The session, if the issue concerns one.</param>
/// <param name="Object">The object, if the issue concerns one.</param>
/// <param name="Message">Description of the issue.</param>
/// <param name="Repaired">What was repaired; <see langword="null"/> for nothing.</param>
internal sealed record FsckLine(string Fault, string? Channel, string? Session, string? Object, string Message, string? Repaired = null);

/// <summary>Options of a check.</summary>
/// <param name="Channel">The only channel to check; <see langword="null"/> for all.</param>
/// <param name="Deep">Whether every object is read and verified.</param>
/// <param name="Repair">Whether to repair what can be repaired without deletion.</param>
/// <param name="DeleteOrphans">Whether to delete unreferenced objects.</param>
internal sealed record FsckRequest(ChannelName? Channel, bool Deep, bool Repair, bool DeleteOrphans);

/// <summary>
/// Compares journals, object store, spool and database, and repairs what it can. A running server is not disturbed: nothing that it may be
/// using is repaired.
/// </summary>
/// <param name="data">The data folder.</param>
/// <param name="store">The object store.</param>
/// <param name="database">The database; <see langword="null"/> if none exists.</param>
/// <param name="spoolOptions">The spool's options.</param>
/// <param name="isServerRunning">Whether a server is running on the data folder.</param>
/// <param name="isShared">Whether other machines may use the object store, each with its own spool.</param>
/// <param name="time">The clock.</param>
internal sealed class Fsck(DataFolder data, IObjectStore store, ServerDatabase? database, SpoolOptions spoolOptions, bool isServerRunning,
    bool isShared, TimeProvider time)
{
    /// <summary>Maximum time for an upload; a file that waits longer is not accepted by the object store.</summary>
    private static readonly TimeSpan MaxUploadTime = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Maximum delay of a session's database row, which is written asynchronously and later if the database is unavailable.
    /// </summary>
    private static readonly TimeSpan MaxRowDelay = TimeSpan.FromMinutes(10);

    private readonly SessionReconciler? _reconciler = database is null ? null : new SessionReconciler(database);

    /// <summary>Totals so far.</summary>
    public IntegrityTotals Totals { get; } = new();

    /// <summary>Sessions checked so far.</summary>
    public int Sessions { get; private set; }

    /// <summary>Runs the check; issues are returned as they are found.</summary>
    /// <exception cref="ObjectStoreException">The object store is unavailable.</exception>
    public async IAsyncEnumerable<FsckLine> RunAsync(FsckRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (await SpoolAsync(request, cancellationToken) is { } spoolIssue)
        {
            yield return spoolIssue;
        }

        var finder = new SessionFinder(store, SpoolSnapshot.Take(data));
        var channels = new SortedSet<string>((await finder.ChannelsAsync(cancellationToken)).Select(channel => channel.Value),
            StringComparer.Ordinal);
        channels.UnionWith(_reconciler is null ? [] : (await _reconciler.RecordedChannelsAsync(cancellationToken)).Select(channel =>
            channel.Value));
        foreach (var channel in channels.Select(ChannelName.Parse).Where(channel => request.Channel is null || request.Channel == channel))
        {
            await foreach (var issue in ChannelAsync(finder, channel, request, cancellationToken))
            {
                yield return issue;
            }
        }

        if (_reconciler is null || request.Channel is not null)
        {
            yield break;
        }

        await foreach (var issue in VodManifestsAsync(_reconciler, request, cancellationToken))
        {
            yield return issue;
        }
    }

    /// <summary>A server that publishes manifests renders those of visible recordings again; nothing renders the others.</summary>
    private async IAsyncEnumerable<FsckLine> VodManifestsAsync(SessionReconciler reconciler, FsckRequest request,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var visible = await reconciler.VisibleRecordingsAsync(cancellationToken);
        await foreach (var folder in store.ListFoldersAsync(ObjectNames.VodRoot, cancellationToken))
        {
            if (!RecordingId.TryParse(folder, out var recording) || visible.Contains(recording))
            {
                continue;
            }

            var manifests = await store.ListAsync(ObjectNames.VodFolder(recording), cancellationToken).ToListAsync(cancellationToken);
            if (manifests.Count == 0 || ((isServerRunning || isShared)
                && manifests.Exists(list => time.GetUtcNow() - list.LastModified < OrphanRules.OperationMargin)))
            {
                continue;
            }

            var issue = new FsckLine(KeywordOf(IntegrityIssueKind.Orphan), null, null, ObjectNames.VodFolder(recording),
                "manifests of a recording that is not visible or does not exist");
            if (request.DeleteOrphans)
            {
                await store.DeleteAsync([.. manifests.Select(list => list.Name)], cancellationToken);
                issue = issue with { Repaired = "deleted" };
            }

            yield return issue;
        }
    }

    private async Task<FsckLine?> SpoolAsync(FsckRequest request, CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow() - (isServerRunning ? MaxUploadTime : TimeSpan.Zero);
        var (count, bytes) = (0, 0L);
        foreach (var file in SpoolSnapshot.Take(data).Waiting.Where(file => file.Found.Written <= before))
        {
            (count, bytes) = (count + 1, bytes + file.Found.Length);
        }

        if (count == 0)
        {
            return null;
        }

        var issue = new FsckLine("not-uploaded", null, null, null, $"{count:N0} files with {bytes:N0} bytes in the spool are not uploaded");
        if (isServerRunning)
        {
            return issue with { Message = issue.Message + " for over ten minutes; see the server's log for the reason" };
        }

        if (!request.Repair)
        {
            return issue with { Message = issue.Message + "; start the server or use --repair to upload them" };
        }

        var uploaded = await OfflineSpoolUploader.RunAsync(data, store, spoolOptions, time, cancellationToken);
        return uploaded.Remaining == 0
            ? issue with { Repaired = $"{uploaded.Uploaded:N0} uploaded" }
            : issue
            with { Message = $"{issue.Message}; {uploaded.Uploaded:N0} uploaded, {uploaded.Remaining:N0} failed: {uploaded.Error}" };
    }

    private async IAsyncEnumerable<FsckLine> ChannelAsync(
        SessionFinder finder, ChannelName channel, FsckRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reconciled = _reconciler is null ? null : await _reconciler.ReadAsync(channel, cancellationToken);
        if (reconciled is { IsKnown: false, IsBeingDeleted: false })
        {
            yield return new FsckLine("unknown-channel", channel.Value, null, null,
                "the store has media of this channel, but the database does not have it; create it again with 'channel create', or "
                + "restore a backup");
        }

        var found = new HashSet<SessionId>();
        var hasSessions = false;
        await foreach (var session in finder.SessionsAsync(channel, cancellationToken))
        {
            var report = await new SessionCheck(store, () => SpoolSnapshot.Take(data), request.Deep, time).RunAsync(channel, session,
                cancellationToken);
            hasSessions = true;
            Sessions++;
            Totals.Add(report.Totals);
            if (report.Timeline is not null)
            {
                found.Add(session);
            }

            // A running server has the session in memory and in its manifests. And another machine's spool may hold what the object store
            // lacks.
            var isRecent = isShared && time.GetUtcNow() - report.Written < OrphanRules.JournalGracePeriod;
            var repairedObjects = request.Repair && !isServerRunning && !isRecent
                ? await GapRepair.RunAsync(store, SpoolSnapshot.Take(data), report, cancellationToken)
                : new HashSet<ObjectName>();
            foreach (var integrityIssue in report.Issues)
            {
                if (isRecent && integrityIssue.IssueKind == IntegrityIssueKind.Missing)
                {
                    yield return IssueOf(integrityIssue) with { Message = integrityIssue.Message
                        + " of this machine; another machine that uses the bucket may still have it" };
                    continue;
                }

                yield return integrityIssue.Object is { } name && repairedObjects.Contains(name)
                    ? IssueOf(integrityIssue) with { Repaired = integrityIssue.ObjectKind == ObjectKind.Segment
                        ? "marked as a gap, which players skip" : "removed from the journal" }
                    : await RepairAsync(integrityIssue, request, cancellationToken);
            }

            if (await SessionRowAsync(reconciled, report, request, cancellationToken) is { } issue)
            {
                yield return issue;
            }
        }

        foreach (var manifest in hasSessions ? [] : ObjectNames.ChannelManifests(channel))
        {
            if (await store.FindAsync(manifest, cancellationToken) is not null)
            {
                yield return await ChannelManifestAsync(channel, manifest, request, cancellationToken);
            }
        }

        foreach (var session in reconciled?.Recorded.Where(session => !found.Contains(session)).Order() ?? Enumerable.Empty<SessionId>())
        {
            yield return new FsckLine("no-media", channel.Value, session.Value, null,
                "the database has a recording of this session, but its journal is missing; restore the bucket, or delete the recording");
        }
    }

    /// <summary>Manifests are rendered again while the channel has a session; without one they stay unchanged.</summary>
    private async Task<FsckLine> ChannelManifestAsync(ChannelName channel, ObjectName manifest, FsckRequest request,
        CancellationToken cancellationToken)
    {
        var issue = new FsckLine(KeywordOf(IntegrityIssueKind.Orphan), channel.Value, null, manifest.Value,
            "a manifest of a channel without sessions");
        if (!request.DeleteOrphans)
        {
            return issue;
        }

        await store.DeleteAsync([manifest], cancellationToken);
        return issue with { Repaired = "deleted" };
    }

    private async Task<FsckLine> RepairAsync(IntegrityIssue integrityIssue, FsckRequest request, CancellationToken cancellationToken)
    {
        var issue = IssueOf(integrityIssue);
        if (!request.DeleteOrphans
            || integrityIssue is not { IssueKind: IntegrityIssueKind.Orphan or IntegrityIssueKind.NoJournal, Session: { } session })
        {
            return issue;
        }

        if (integrityIssue.Object is { } name)
        {
            await store.DeleteAsync([name], cancellationToken);
            return issue with { Repaired = "deleted" };
        }

        var folder = ObjectNames.Of(integrityIssue.Channel, session).MediaFolder;
        await foreach (var names in store.ListAsync(folder, cancellationToken).Select(entry => entry.Name).Chunk(1000)
            .WithCancellation(cancellationToken))
        {
            await store.DeleteAsync(names, cancellationToken);
        }

        return issue with { Repaired = "deleted" };
    }

    private async Task<FsckLine?> SessionRowAsync(ReconciledChannel? reconciled, SessionIntegrityReport report, FsckRequest request,
        CancellationToken cancellationToken)
    {
        if (reconciled is not { IsKnown: true } || report.Timeline is not { } timeline || reconciled.Sessions.Contains(report.Session))
        {
            return null;
        }

        if ((isServerRunning || !timeline.IsEnded) && time.GetUtcNow() - report.Session.CreatedAt < MaxRowDelay)
        {
            return null;
        }

        var issue = new FsckLine("unknown-session", report.Channel.Value, report.Session.Value, null,
            "the session has a journal, but is missing from the database");
        if (!request.Repair || !timeline.IsEnded)
        {
            return timeline.IsEnded ? issue : issue with { Message = issue.Message + "; it has not ended" };
        }

        var end = timeline.Renditions.SelectMany(rendition => rendition.Segments.TakeLast(1))
            .Select(segment => segment.WallClock + segment.Duration.ToTimeSpan())
            .DefaultIfEmpty(timeline.Session.StartedAt).Max();
        return await _reconciler!.AddAsync(timeline.Session, end, timeline.EndReason ?? "", cancellationToken)
            ? issue with { Repaired = "added from its journal, with a private recording" } : issue;
    }

    private static FsckLine IssueOf(IntegrityIssue integrityIssue) => new(KeywordOf(integrityIssue.IssueKind), integrityIssue.Channel.Value,
        integrityIssue.Session?.Value, integrityIssue.Object?.Value, integrityIssue.Message);

    private static string KeywordOf(IntegrityIssueKind fault) => fault switch
    {
        IntegrityIssueKind.Missing => "missing",
        IntegrityIssueKind.WrongLength => "wrong-length",
        IntegrityIssueKind.Changed => "changed",
        IntegrityIssueKind.Orphan => "orphan",
        IntegrityIssueKind.NoJournal => "no-journal",
        IntegrityIssueKind.UnreadableJournal => "unreadable-journal",
        IntegrityIssueKind.NotUploaded => "not-uploaded",
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
