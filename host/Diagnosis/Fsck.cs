using System.Runtime.CompilerServices;
using Broadcast.Control;
using Broadcast.Media;
using Broadcast.Storage.Integrity;
using Broadcast.Storage.Spooling;

namespace Broadcast.Host.Diagnosis;

/// <summary>Something that is wrong, or was.</summary>
/// <param name="Fault">One word for scripts.</param>
/// <param name="Channel">The channel.</param>
/// <param name="Session">The session, where it is about one.</param>
/// <param name="Object">The object, where it is about one.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Mended">What was done about it; <see langword="null"/> where nothing was.</param>
internal sealed record FsckLine(string Fault, string? Channel, string? Session, string? Object, string Message, string? Mended = null);

/// <summary>What to do besides looking.</summary>
/// <param name="Channel">The only channel to look at; <see langword="null"/> for all.</param>
/// <param name="Deep">Whether every object is read.</param>
/// <param name="Repair">Whether what can be mended without deleting anything is.</param>
/// <param name="DeleteOrphans">Whether objects that nothing names are deleted.</param>
internal sealed record FsckWishes(ChannelName? Channel, bool Deep, bool Repair, bool DeleteOrphans);

/// <summary>Compares journals, store, spool and database, and mends what can be. A running server is not disturbed: then nothing is mended that it could be working on.</summary>
/// <param name="data">The data folder.</param>
/// <param name="store">The store.</param>
/// <param name="database">The database; <see langword="null"/> where there is none to look at.</param>
/// <param name="spoolOptions">The spool's options.</param>
/// <param name="isServerRunning">Whether a server runs on the data folder.</param>
/// <param name="isShared">Whether other machines may use the store, each with a spool of its own.</param>
/// <param name="time">Time.</param>
internal sealed class Fsck(DataFolder data, IObjectStore store, Database? database, SpoolOptions spoolOptions, bool isServerRunning, bool isShared, TimeProvider time)
{
    /// <summary>A file waits longer than this only when the store does not take it.</summary>
    private static readonly TimeSpan UploadedWithin = TimeSpan.FromMinutes(10);

    /// <summary>A server writes a session's row behind its publisher's back, and later where the database is away.</summary>
    private static readonly TimeSpan RowWithin = TimeSpan.FromMinutes(10);

    private readonly SessionAudit? _audit = database is null ? null : new SessionAudit(database);

    /// <summary>What was looked at so far.</summary>
    public StoreTally Tally { get; } = new();

    /// <summary>Sessions looked at so far.</summary>
    public int Sessions { get; private set; }

    /// <summary>Looks, and mends; what is found arrives as it is found.</summary>
    /// <exception cref="ObjectStoreException">The store cannot be looked at.</exception>
    public async IAsyncEnumerable<FsckLine> RunAsync(FsckWishes wishes, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (await SpoolAsync(wishes, cancellationToken) is { } waiting)
        {
            yield return waiting;
        }

        var finder = new SessionFinder(store, SpoolSnapshot.Take(data));
        var channels = new SortedSet<string>((await finder.ChannelsAsync(cancellationToken)).Select(channel => channel.Value), StringComparer.Ordinal);
        channels.UnionWith(_audit is null ? [] : (await _audit.RecordedChannelsAsync(cancellationToken)).Select(channel => channel.Value));
        foreach (var channel in channels.Select(ChannelName.Parse).Where(channel => wishes.Channel is null || wishes.Channel == channel))
        {
            await foreach (var line in ChannelAsync(finder, channel, wishes, cancellationToken))
            {
                yield return line;
            }
        }

        if (_audit is null || wishes.Channel is not null)
        {
            yield break;
        }

        await foreach (var line in ReplayListsAsync(_audit, wishes, cancellationToken))
        {
            yield return line;
        }
    }

    /// <summary>Lists of recordings are drawn anew by a server that puts them into the bucket; those of what nobody may see, nobody draws.</summary>
    private async IAsyncEnumerable<FsckLine> ReplayListsAsync(SessionAudit audit, FsckWishes wishes, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var visible = await audit.VisibleRecordingsAsync(cancellationToken);
        await foreach (var folder in store.ListFoldersAsync(ReplayLists.Root, cancellationToken))
        {
            if (!RecordingId.TryParse(folder, out var recording) || visible.Contains(recording))
            {
                continue;
            }

            var lists = await store.ListAsync(ReplayLists.FolderOf(recording), cancellationToken).ToListAsync(cancellationToken);
            if (lists.Count == 0 || ((isServerRunning || isShared) && lists.Exists(list => time.GetUtcNow() - list.LastModified < OrphanRules.UnderWay)))
            {
                continue;
            }

            var line = new FsckLine(Word(StoreFault.Orphan), null, null, ReplayLists.FolderOf(recording), "lists of a recording that nobody may see, or that there is not");
            if (wishes.DeleteOrphans)
            {
                await store.DeleteAsync([.. lists.Select(list => list.Name)], cancellationToken);
                line = line with { Mended = "deleted" };
            }

            yield return line;
        }
    }

    private async Task<FsckLine?> SpoolAsync(FsckWishes wishes, CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow() - (isServerRunning ? UploadedWithin : TimeSpan.Zero);
        var (count, bytes) = (0, 0L);
        foreach (var file in SpoolSnapshot.Take(data).Waiting.Where(file => file.Found.Written <= before))
        {
            (count, bytes) = (count + 1, bytes + file.Found.Length);
        }

        if (count == 0)
        {
            return null;
        }

        var line = new FsckLine("not-uploaded", null, null, null, $"{count:N0} files with {bytes:N0} bytes wait in the spool for the store");
        if (isServerRunning)
        {
            return line with { Message = line.Message + ", for over ten minutes: the server's log says why" };
        }

        if (!wishes.Repair)
        {
            return line with { Message = line.Message + "; the server takes them there when it runs, and --repair does now" };
        }

        var delivered = await SpoolDelivery.RunAsync(data, store, spoolOptions, time, cancellationToken);
        return delivered.Left == 0
            ? line with { Mended = $"{delivered.Uploaded:N0} uploaded" }
            : line with { Message = $"{line.Message}; {delivered.Uploaded:N0} went, {delivered.Left:N0} did not: {delivered.Problem}" };
    }

    private async IAsyncEnumerable<FsckLine> ChannelAsync(
        SessionFinder finder, ChannelName channel, FsckWishes wishes, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var known = _audit is null ? null : await _audit.ReadAsync(channel, cancellationToken);
        if (known is { IsKnown: false, IsGoing: false })
        {
            yield return new FsckLine("unknown-channel", channel.Value, null, null, "there are media of it, and the database knows no such channel: make it again with 'channel create', or restore a backup");
        }

        var found = new HashSet<SessionId>();
        var hasSessions = false;
        await foreach (var session in finder.SessionsAsync(channel, cancellationToken))
        {
            var report = await new SessionCheck(store, () => SpoolSnapshot.Take(data), wishes.Deep, time).RunAsync(channel, session, cancellationToken);
            hasSessions = true;
            Sessions++;
            Tally.Add(report.Tally);
            if (report.Timeline is not null)
            {
                found.Add(session);
            }

            // A server that runs has the session in its memory, and tells viewers of it as it was. And another machine may still have in its spool what the store lacks.
            var isYoung = isShared && time.GetUtcNow() - report.Written < OrphanRules.WithoutJournal;
            var marked = wishes.Repair && !isServerRunning && !isYoung
                ? await GapRepair.RunAsync(store, SpoolSnapshot.Take(data), report, cancellationToken)
                : new HashSet<ObjectName>();
            foreach (var finding in report.Findings)
            {
                if (isYoung && finding.Fault == StoreFault.Missing)
                {
                    yield return LineOf(finding) with { Message = finding.Message + " of this machine; another that uses the bucket may have it still" };
                    continue;
                }

                yield return finding.Object is { } name && marked.Contains(name)
                    ? LineOf(finding) with { Mended = finding.Kind == SessionObjectKind.Segment ? "marked as a gap, which players pass over" : "not named any more" }
                    : await LineAsync(finding, wishes, cancellationToken);
            }

            if (await RowAsync(known, report, wishes, cancellationToken) is { } line)
            {
                yield return line;
            }
        }

        foreach (var list in hasSessions ? [] : ChannelLists.Of(channel))
        {
            if (await store.FindAsync(list, cancellationToken) is not null)
            {
                yield return await ListAsync(channel, list, wishes, cancellationToken);
            }
        }

        foreach (var session in known?.Recorded.Where(session => !found.Contains(session)).Order() ?? Enumerable.Empty<SessionId>())
        {
            yield return new FsckLine("no-media", channel.Value, session.Value, null, "the database has a recording of it, and there is no journal: bring the bucket back, or delete the recording");
        }
    }

    /// <summary>Lists are drawn anew while there is a session; what is left of a channel without one, nobody draws.</summary>
    private async Task<FsckLine> ListAsync(ChannelName channel, ObjectName list, FsckWishes wishes, CancellationToken cancellationToken)
    {
        var line = new FsckLine(Word(StoreFault.Orphan), channel.Value, null, list.Value, "a list of a channel of which there is no session");
        if (!wishes.DeleteOrphans)
        {
            return line;
        }

        await store.DeleteAsync([list], cancellationToken);
        return line with { Mended = "deleted" };
    }

    private async Task<FsckLine> LineAsync(StoreFinding finding, FsckWishes wishes, CancellationToken cancellationToken)
    {
        var line = LineOf(finding);
        if (!wishes.DeleteOrphans || finding is not { Fault: StoreFault.Orphan or StoreFault.NoJournal, Session: { } session })
        {
            return line;
        }

        if (finding.Object is { } name)
        {
            await store.DeleteAsync([name], cancellationToken);
            return line with { Mended = "deleted" };
        }

        var folder = ExpectedObject.FolderOf(finding.Channel, session);
        await foreach (var names in store.ListAsync(folder, cancellationToken).Select(entry => entry.Name).Chunk(1000).WithCancellation(cancellationToken))
        {
            await store.DeleteAsync(names, cancellationToken);
        }

        return line with { Mended = "deleted" };
    }

    private async Task<FsckLine?> RowAsync(AuditedChannel? known, SessionReport report, FsckWishes wishes, CancellationToken cancellationToken)
    {
        if (known is not { IsKnown: true } || report.Timeline is not { } timeline || known.Sessions.Contains(report.Session))
        {
            return null;
        }

        if ((isServerRunning || !timeline.IsEnded) && time.GetUtcNow() - report.Session.Birth < RowWithin)
        {
            return null;
        }

        var line = new FsckLine("unknown-session", report.Channel.Value, report.Session.Value, null, "there is a journal of it, and the database does not know it");
        if (!wishes.Repair || !timeline.IsEnded)
        {
            return timeline.IsEnded ? line : line with { Message = line.Message + "; it is not over" };
        }

        var end = timeline.Renditions.SelectMany(rendition => rendition.Segments.TakeLast(1)).Select(segment => segment.WallClock + segment.Duration.ToTimeSpan())
            .DefaultIfEmpty(timeline.Session.StartedAt).Max();
        return await _audit!.AddAsync(timeline.Session, end, timeline.EndReason ?? "", cancellationToken) ? line with { Mended = "added from its journal; its recording is private" } : line;
    }

    private static FsckLine LineOf(StoreFinding finding) => new(Word(finding.Fault), finding.Channel.Value, finding.Session?.Value, finding.Object?.Value, finding.Message);

    private static string Word(StoreFault fault) => fault switch
    {
        StoreFault.Missing => "missing",
        StoreFault.WrongLength => "wrong-length",
        StoreFault.Changed => "changed",
        StoreFault.Orphan => "orphan",
        StoreFault.NoJournal => "no-journal",
        StoreFault.UnreadableJournal => "unreadable-journal",
        StoreFault.NotUploaded => "not-uploaded",
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
