using Broadcast.Media;
using Broadcast.Media.Bmff;
using Broadcast.Media.Integrity;
using Broadcast.Media.Objects;
using Broadcast.Media.PackagerToControl;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Broadcast.Packager.Journal;
using Broadcast.Packager.Sessions;
using Microsoft.Extensions.Logging;

namespace Broadcast.Packager.Recovery;

/// <summary>Recovers one session from its journal, and brings its files into the state that the journal describes.</summary>
internal sealed class SessionRecovery(ISpool spool, IObjectStore store, PackagingStage stage, TimeProvider time, DeferredWork deferred,
    SettledSessions settled, ILogger logger)
{
    /// <summary>Maximum number of sessions that are cleaned up at once, each with a listing.</summary>
    private const int MaxCleanups = 4;

    /// <summary>Maximum number of init segments of a rendition to read.</summary>
    private const int MaxInits = 2;

    /// <summary>Delay before a clean-up is tried again whose session has no known owner.</summary>
    private static readonly TimeSpan UndecidedDelay = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _cleanups = new(MaxCleanups);
    private int _pendingCleanups;

    /// <summary>Recovers a session and passes it to the stage.</summary>
    /// <returns>The timeline, or <see langword="null"/> without a readable journal file.</returns>
    /// <exception cref="IOException">The object store was needed and failed.</exception>
    public async Task<SessionTimeline?> RecoverAsync(JournaledSession session, CancellationToken cancellationToken)
    {
        if (await ReadNewestAsync(session, cancellationToken) is not { } file)
        {
            return null;
        }

        var timeline = file.BuildTimeline();
        TimelineRecovery.Normalize(timeline);
        timeline = await WithoutDamageAsync(session, file, timeline, cancellationToken);
        var (highest, stored) = timeline.IsEnded ? (0, []) : await FindLostAsync(session, file, cancellationToken);
        var isTailLost = !timeline.IsEnded && (highest > timeline.LastSegment || IsContinuedElsewhere(session, file));
        if (isTailLost && await StoredTail.AppendAsync(spool, timeline, stored, cancellationToken) is > 0 and var found)
        {
            PackagerLog.TailFound(logger, session.Channel.Value, session.Id.Value, found, timeline.LastSegment);
        }

        if (isTailLost)
        {
            // The newest file is damaged and contained later events, or a newer file existed and is lost.
            var now = time.GetUtcNow();
            if (timeline.Session.IsRecorded && timeline.LastSegment >= timeline.FirstSegment
                && TimelineRecovery.MovesWindow(timeline, highest, now))
            {
                WriteIndexBlock(timeline);
            }

            var (first, last) = TimelineRecovery.RecordTailLoss(timeline, highest, now);
            PackagerLog.TailLost(logger, session.Channel.Value, session.Id.Value, first, last);
        }

        var images = SealMedia(timeline);
        var lists = timeline.StoredIndexBlockList?.Last ?? 0;
        if (stage.Adopt(timeline, [.. session.Numbers], await ReadInitsAsync(timeline, cancellationToken)))
        {
            // Seal older journal files only now that a newer one begins with this state.
            SealJournals(session, file);
            PackagerLog.Recovered(logger, session.Channel.Value, session.Id.Value,
                timeline.Renditions.Select(rendition => rendition.Segments.Count).DefaultIfEmpty(0).Max(), timeline.LastSegment,
                timeline.IsEnded);
            if (!timeline.IsEnded || !settled.Contains(session.Id))
            {
                var first = timeline.Session.IsRecorded ? 0 : timeline.DvrFirstSegment;
                Interlocked.Increment(ref _pendingCleanups);
                deferred.Schedule(DeletionRules.GetDelay(timeline.Session, time.GetUtcNow()),
                    () => _ = CleanUpInTurnAsync(timeline, first, lists, images));
            }
        }

        return timeline;
    }

    /// <summary>
    /// Deletes a session that a newer one of the channel has superseded. A recorded session stays: its spooled files are sealed for upload,
    /// and a journal without an end gets one. A session with an unreadable journal may be recorded, and is not touched.
    /// </summary>
    /// <returns>Whether the session is recorded, has ended, and is in the object store as a whole, so that nothing is left to do.</returns>
    /// <exception cref="IOException">The object store was needed and failed, or the disk failed.</exception>
    public async Task<bool> RetireAsync(JournaledSession session, CancellationToken cancellationToken)
    {
        if (await ReadNewestAsync(session, cancellationToken) is not { } file)
        {
            return false;
        }

        var timeline = file.BuildTimeline();
        if (!timeline.Session.IsRecorded)
        {
            stage.Delete(session.Channel, session.Id);
            return false;
        }

        var isEnded = timeline.IsEnded;
        if (isEnded
            && spool.List(session.Names.JournalFolder).Count + spool.List(session.Names.MediaFolder).Count == 0)
        {
            return true;
        }

        TimelineRecovery.Normalize(timeline);
        timeline = await WithoutDamageAsync(session, file, timeline, cancellationToken);
        SealMedia(timeline);
        if (!isEnded)
        {
            timeline.Apply(new TimelineEvent.Ended("superseded"));
            var journal = new JournalWriter(spool, session.Channel, session.Id, session.Numbers);
            journal.Append([], timeline);
            journal.Seal(JournalEnd.Ended);
        }

        SealJournals(session, file);
        PackagerLog.SessionRetained(logger, session.Channel.Value, session.Id.Value);
        return false;
    }

    /// <summary>Reads the newest readable journal file. Logs a warning and returns <see langword="null"/> if there is none.</summary>
    private async Task<JournalFile?> ReadNewestAsync(JournaledSession session, CancellationToken cancellationToken)
    {
        foreach (var number in session.Numbers.Reverse())
        {
            var bytes = await spool.ReadAllAsync(session.Names.Journal(number), JournalFile.MaxLength, cancellationToken);
            if (bytes is not null && JournalFile.Read(bytes) is { } file && file.Session == session.Id && file.Channel == session.Channel
                && await file.WithIndexBlocksAsync((name, length) => spool.ReadAllAsync(name, length, cancellationToken)) is { } whole)
            {
                return whole;
            }
        }

        PackagerLog.JournalUnreadable(logger, session.Channel.Value, session.Id.Value);
        return null;
    }

    /// <summary>
    /// Replaces segments that a power failure damaged, or whose init segment is damaged, by gaps, removes damaged images and index blocks
    /// from the timeline, and discards their files, so that they are neither announced nor uploaded.
    /// </summary>
    private async Task<SessionTimeline> WithoutDamageAsync(JournaledSession session, JournalFile file, SessionTimeline timeline,
        CancellationToken cancellationToken)
    {
        // Only a process that was killed, or lost its power, can have announced files that are missing.
        var includeMissing = file.End == JournalEnd.Open;
        var files = await DamagedFiles.FindAsync(spool, timeline, includeMissing, cancellationToken);
        HashSet<ObjectName> damaged = [.. await DamagedSegments.FindAsync(spool, timeline, includeMissing, cancellationToken), .. files];
        if (damaged.Count == 0)
        {
            return timeline;
        }

        // Segments cannot be decoded without their init segment.
        foreach (var rendition in timeline.Renditions)
        {
            damaged.UnionWith(rendition.Segments
                .Where(segment => !segment.IsGap && rendition.FindInit(segment.Init) is { } init && files.Contains(init.Object))
                .Select(segment => segment.Object));
        }

        var checkpoint = WithoutBlocks(timeline, files);
        var marker = new GapMarker(session.Names, damaged, timeline.Period);
        var marked = new SessionTimeline(timeline.Session);
        marked.InheritStoredIndexBlockList(timeline);
        foreach (var @event in marker.Mark(checkpoint,
            checkpoint.OfType<TimelineEvent.IndexBlockReady>().ToDictionary(block => block.First)))
        {
            marked.Apply(@event is TimelineEvent.SegmentGap gap && timeline.Find(gap.Rendition) is { } rendition
                ? gap with { Init = GetIntactInit(rendition, gap.Init, files) } : @event);
        }

        foreach (var rendition in timeline.Renditions)
        {
            foreach (var segment in rendition.Segments.Where(segment => damaged.Contains(segment.Object)))
            {
                PackagerMetrics.Gap(session.Channel, rendition.Name);
            }
        }

        foreach (var name in damaged)
        {
            spool.Discard(name);
        }

        if (marked.IsEnded)
        {
            // A session that has ended writes no more journals, but its next recovery must know the gaps.
            var journal = new JournalWriter(spool, session.Channel, session.Id, session.Numbers);
            journal.Append([], marked);
            journal.Seal(JournalEnd.Ended);
        }

        PackagerLog.SegmentsDamaged(logger, session.Channel.Value, session.Id.Value, damaged.Count);
        return marked;
    }

    /// <summary>
    /// The checkpoint without damaged index blocks. A recorded session then has a hole; in other sessions, index blocks are contiguous, so
    /// the DVR window begins after the damaged one.
    /// </summary>
    private static List<TimelineEvent> WithoutBlocks(SessionTimeline timeline, IReadOnlySet<ObjectName> damaged)
    {
        var last = timeline.RetainedIndexBlocks.Where(block => damaged.Contains(block.Object)).Select(block => block.Last)
            .DefaultIfEmpty().Max();
        return [.. timeline.Checkpoint().Where(@event => @event is not TimelineEvent.IndexBlockReady block
            || (timeline.Session.IsRecorded ? !damaged.Contains(block.Object) : block.Last > last))];
    }

    /// <summary>
    /// The init segment that a gap names: the nearest intact one, so that players load no damaged one. The damaged one keeps its number,
    /// which caches may know, and is not used again.
    /// </summary>
    private static int GetIntactInit(RenditionTimeline rendition, int number, IReadOnlySet<ObjectName> damaged) =>
        rendition.FindInit(number) is { } init && !damaged.Contains(init.Object) ? number
            : rendition.Inits.Where(other => !damaged.Contains(other.Object)).OrderBy(other => Math.Abs(other.Number - number))
                .Select(other => other.Number).FirstOrDefault(number);

    /// <summary>Returns whether the newest journal file is followed by one that is lost.</summary>
    private static bool IsContinuedElsewhere(JournaledSession session, JournalFile file) =>
        file.End == JournalEnd.Rotated && session.Numbers.Max == NumberOf(session, file);

    /// <summary>
    /// Highest segment number with an existing object, if the journal may be incomplete, otherwise 0, and the media in the object store.
    /// </summary>
    private async Task<(long Highest, HashSet<ObjectName> Stored)> FindLostAsync(JournaledSession session, JournalFile file,
        CancellationToken cancellationToken)
    {
        var isDamaged = session.Numbers.Max > NumberOf(session, file);

        // The encoder had disconnected. If the file has left the spool, the encoder may have returned on another machine whose newest file
        // was never uploaded.
        var name = session.Names.Journal(NumberOf(session, file));
        if (!isDamaged && !IsContinuedElsewhere(session, file) && (file.End != JournalEnd.Idle || spool.List(name.Value).Count > 0))
        {
            return (0, []);
        }

        var folder = session.Names.MediaFolder;

        // Spooled segments without a journal entry were never announced, unless the journal is damaged.
        var highest = isDamaged ? spool.List(folder).Select(found => GetNumber(found.Name)).DefaultIfEmpty(0).Max() : 0;
        var stored = new HashSet<ObjectName>();
        await foreach (var found in store.ListAsync(folder, cancellationToken))
        {
            stored.Add(found.Name);
            highest = Math.Max(highest, GetNumber(found.Name));
        }

        return (highest, stored);
    }

    /// <summary>Reads the init segments in use. An encoder that returns with the same configuration needs no new ones.</summary>
    private async Task<IReadOnlyDictionary<ObjectName, byte[]>> ReadInitsAsync(SessionTimeline timeline,
        CancellationToken cancellationToken)
    {
        var inits = new Dictionary<ObjectName, byte[]>();
        foreach (var rendition in timeline.IsEnded ? [] : timeline.Renditions)
        {
            try
            {
                foreach (var init in GetInitsInUse(rendition))
                {
                    if (await spool.ReadAllAsync(init.Object, InitSegmentReader.MaxLength, cancellationToken) is { } bytes)
                    {
                        inits.Add(init.Object, bytes);
                    }
                }
            }
            catch (IOException)
            {
                // The store failed: the rendition gets a new init segment.
            }
        }

        return inits;
    }

    /// <summary>The last used init segments of a rendition: that of the source, and usually that of the slate.</summary>
    private static IEnumerable<TimelineInit> GetInitsInUse(RenditionTimeline rendition) => rendition.Segments.Reverse()
        .Select(segment => rendition.FindInit(segment.Init)).Append(rendition.NewestInit).OfType<TimelineInit>().Distinct()
        .Take(MaxInits);

    /// <summary>Writes the whole live window to an index block, so that it remains playable after the window has moved.</summary>
    private void WriteIndexBlock(SessionTimeline timeline)
    {
        var block = IndexBlock.Of(timeline, timeline.LastSegment);
        var bytes = IndexBlockFile.Write(block);
        var file = spool.Open(ObjectNames.Of(timeline.Session).IndexBlock(block.First, block.Last));
        file.Truncate(0);
        file.Append([bytes]);
        file.Seal();
        timeline.Apply(block.Announce(file.Name, bytes.Length));
    }

    /// <summary>Truncates unannounced data, and uploads announced files.</summary>
    /// <returns>The announced images.</returns>
    private HashSet<ObjectName> SealMedia(SessionTimeline timeline)
    {
        var announced = new Dictionary<ObjectName, long>();
        foreach (var rendition in timeline.Renditions)
        {
            foreach (var init in rendition.Inits)
            {
                announced[init.Object] = init.Length;
            }

            foreach (var segment in rendition.Segments)
            {
                if (!segment.IsGap)
                {
                    announced[segment.Object] = segment.Length;
                }
            }
        }

        HashSet<ObjectName> images = [.. timeline.SpriteSheets.Select(sheet => sheet.Object)];
        foreach (var sheet in timeline.SpriteSheets)
        {
            announced[sheet.Object] = sheet.Length;
        }

        if (timeline.Poster is { } poster)
        {
            announced[poster.Object] = poster.Length;
            images.Add(poster.Object);
        }

        foreach (var block in timeline.RetainedIndexBlocks)
        {
            announced[block.Object] = block.Length;
        }

        if (timeline.StoredIndexBlockList is { } list)
        {
            announced[list.Object] = list.Length;
        }

        var newestSheet = timeline is { Session.IsRecorded: true, SpriteSheets: [.., var newest] }
            ? SessionObjectNames.MillisecondsOf(newest.Start) : 0;
        foreach (var found in spool.List(ObjectNames.Of(timeline.Session).MediaFolder))
        {
            if (announced.TryGetValue(found.Name, out var length))
            {
                TruncateAndSeal(found.Name, length);
            }
            else if (ObjectNames.TryParse(found.Name, out var parsed) && parsed switch
            {
                { Kind: ObjectKind.Segment } => parsed.Number > 0 && parsed.Number >= timeline.OldestSegment
                    && parsed.Number < timeline.FirstSegment,
                { Kind: ObjectKind.SpriteSheet } => parsed.Number < newestSheet,
                _ => false,
            })
            {
                // Listed in an index block: complete, and not uploaded yet.
                TruncateAndSeal(found.Name, long.MaxValue);
            }
        }

        return images;
    }

    /// <summary>Number of a journal file that was read. The name of an older one has no epoch, but its content has.</summary>
    private static JournalNumber NumberOf(JournaledSession session, JournalFile file) =>
        new JournalNumber(file.Epoch, file.Number) is var number && session.Numbers.Contains(number) ? number : new(0, file.Number);

    private void SealJournals(JournaledSession session, JournalFile read)
    {
        var spooled = spool.List(session.Names.JournalFolder).Select(found => found.Name).ToHashSet();
        var newest = NumberOf(session, read);
        foreach (var number in session.Numbers)
        {
            var name = session.Names.Journal(number);
            if (number > newest)
            {
                spool.Delete([name]);
            }
            else if (spooled.Contains(name))
            {
                TruncateAndSeal(name, number == newest ? read.ValidLength : long.MaxValue);
            }
        }
    }

    private void TruncateAndSeal(ObjectName name, long length)
    {
        try
        {
            var file = spool.Open(name);
            if (file.Length > length)
            {
                file.Truncate(length);
            }

            file.Seal();
        }
        catch (IOException)
        {
            // The file is being uploaded, so it was complete.
        }
    }

    private async Task CleanUpInTurnAsync(SessionTimeline timeline, long first, long lists, HashSet<ObjectName> images)
    {
        await _cleanups.WaitAsync(CancellationToken.None);
        try
        {
            if (await stage.FindOwnershipAsync(timeline.Session.Id, CancellationToken.None) == SessionOwnership.Undecided)
            {
                Interlocked.Increment(ref _pendingCleanups);
                deferred.Schedule(UndecidedDelay, () => _ = CleanUpInTurnAsync(timeline, first, lists, images));
                return;
            }

            var names = ObjectNames.Of(timeline.Session);
            if (await TryCleanUpAsync(timeline, first, lists, images) && timeline is { IsEnded: true, Session.IsRecorded: true }
                && spool.List(names.MediaFolder).Count + spool.List(names.JournalFolder).Count == 0)
            {
                settled.Add(timeline.Session.Id);
            }
        }
        finally
        {
            _cleanups.Release();
            if (Interlocked.Decrement(ref _pendingCleanups) == 0)
            {
                settled.Save();
            }
        }
    }

    /// <summary>
    /// Deletes objects that left the window before the process ended but were not deleted. Playlists that listed them have expired by now.
    /// </summary>
    /// <param name="timeline">Timeline of the session.</param>
    /// <param name="first">First segment number that is still needed.</param>
    /// <param name="lists">Last segment number of the list of index blocks that the journal referred to at the start; older lists are not
    /// needed.</param>
    /// <param name="images">Images that were announced at the start.</param>
    private async Task<bool> TryCleanUpAsync(SessionTimeline timeline, long first, long lists, HashSet<ObjectName> images)
    {
        var (channel, id) = (timeline.Session.Channel, timeline.Session.Id);
        if (stage.IsReleased(id)
            || await stage.FindOwnershipAsync(id, CancellationToken.None) is not (SessionOwnership.Open or SessionOwnership.Closed))
        {
            return false;
        }

        try
        {
            var obsoleteNames = new ObsoleteObjects(timeline, first, lists, images);
            var folder = ObjectNames.Of(timeline.Session).MediaFolder;
            List<ObjectName> obsolete = [.. spool.List(folder).Select(found => found.Name).Where(obsoleteNames.Contains)];
            await foreach (var found in store.ListAsync(folder, CancellationToken.None))
            {
                if (obsoleteNames.Contains(found.Name))
                {
                    obsolete.Add(found.Name);
                }
            }

            spool.Delete(obsolete);
            return true;
        }
        catch (IOException failure)
        {
            PackagerLog.CleanupFailed(logger, id.Value, channel.Value, failure.Message);
            return false;
        }
    }

    /// <summary>Segment number in an object name; 0 for other names.</summary>
    private static long GetNumber(ObjectName name) =>
        ObjectNames.TryParse(name, out var parsed) && parsed.Kind == ObjectKind.Segment ? parsed.Number : 0;
}
