using System.Globalization;
using Broadcast.Media;
using Broadcast.Media.Bmff;
using Microsoft.Extensions.Logging;

namespace Broadcast.Packager;

/// <summary>Brings one session back from its journal, and its files into the state that the journal tells of.</summary>
internal sealed class SessionRecovery(ISpool spool, IObjectStore store, PackagingStage stage, TimeProvider time, DeferredWork deferred, ILogger logger)
{
    /// <summary>Recovers a session and hands it to the stage.</summary>
    /// <returns>The timeline, or <see langword="null"/> when no journal file of it can be read.</returns>
    /// <exception cref="IOException">The store had to be asked and failed.</exception>
    public async Task<SessionTimeline?> RecoverAsync(JournaledSession session, CancellationToken cancellationToken)
    {
        if (await NewestAsync(session, cancellationToken) is not { } file)
        {
            return null;
        }

        var timeline = file.Fold();
        RecoveredTimeline.Settle(timeline);
        var highest = timeline.IsEnded ? 0 : await HighestLostAsync(session, file, timeline, cancellationToken);
        if (!timeline.IsEnded && (highest > timeline.LastSegment || (file.End == JournalEnd.Rotated && session.Numbers.Max == file.Number)))
        {
            // The newest file is damaged, and told of more; or one was there before this one was ended, and is gone.
            var now = time.GetUtcNow();
            if (timeline.Session.IsRecorded && timeline.LastSegment >= timeline.FirstSegment && RecoveredTimeline.Leaps(timeline, highest, now))
            {
                KeepWindow(timeline);
            }

            var (first, last) = RecoveredTimeline.LoseTail(timeline, highest, now);
            Log.TailLost(logger, session.Channel.Value, session.Id.Value, first, last);
        }

        var pictures = SettleMedia(timeline);
        if (stage.Adopt(timeline, [.. session.Numbers], await ReadInitsAsync(timeline, cancellationToken)))
        {
            // Only now, when a newer journal file begins with all this, are the older ones finished.
            SettleJournals(session, file);
            Log.Recovered(logger, session.Channel.Value, session.Id.Value,
                timeline.Renditions.Select(rendition => rendition.Segments.Count).DefaultIfEmpty(0).Max(), timeline.LastSegment, timeline.IsEnded);
            var first = timeline.Session.IsRecorded ? 0 : timeline.FirstListed;
            deferred.After(ChapterName.Patience(timeline.Session, time.GetUtcNow()), () => _ = CleanUpAsync(timeline, first, pictures));
        }

        return timeline;
    }

    /// <summary>
    /// Deletes a session that a newer one of the channel has superseded. One that is recorded stays: what of it waits in the spool goes to the store, and where its process was killed, its journal says
    /// that it is over. One whose journal cannot be read may be recorded, and is left alone.
    /// </summary>
    /// <exception cref="IOException">The store had to be asked and failed, or the disk refused.</exception>
    public async Task RetireAsync(JournaledSession session, CancellationToken cancellationToken)
    {
        if (await NewestAsync(session, cancellationToken) is not { } file)
        {
            return;
        }

        var timeline = file.Fold();
        if (!timeline.Session.IsRecorded)
        {
            stage.Delete(session.Channel, session.Id);
            return;
        }

        var isEnded = timeline.IsEnded;
        if (isEnded && spool.List(JournalFile.FolderOf(session.Channel, session.Id)).Count + spool.List(SessionAccount.FolderOf(session.Channel, session.Id)).Count == 0)
        {
            return;
        }

        RecoveredTimeline.Settle(timeline);
        SettleMedia(timeline);
        if (!isEnded)
        {
            timeline.Apply(new TimelineEvent.Ended("superseded"));
            var journal = new JournalWriter(spool, session.Channel, session.Id, session.Numbers);
            journal.Append([], timeline);
            journal.Seal(JournalEnd.Ended);
        }

        SettleJournals(session, file);
        Log.SessionKept(logger, session.Channel.Value, session.Id.Value);
    }

    /// <summary>The newest journal file that can be read, or <see langword="null"/>, which is told.</summary>
    private async Task<JournalFile?> NewestAsync(JournaledSession session, CancellationToken cancellationToken)
    {
        foreach (var number in session.Numbers.Reverse())
        {
            var bytes = await spool.ReadAllAsync(JournalFile.NameOf(session.Channel, session.Id, number), JournalFile.MaxLength, cancellationToken);
            if (bytes is not null && JournalFile.Read(bytes) is { } file && file.Session == session.Id && file.Channel == session.Channel)
            {
                return file;
            }
        }

        Log.JournalUnreadable(logger, session.Channel.Value, session.Id.Value);
        return null;
    }

    /// <summary>Highest segment number of which there is an object, where the journal may tell of fewer; 0 where it does not.</summary>
    private async Task<long> HighestLostAsync(JournaledSession session, JournalFile file, SessionTimeline timeline, CancellationToken cancellationToken)
    {
        var isDamaged = session.Numbers.Max > file.Number;

        // The encoder was gone. Where the file is no longer in the spool it may have come back since, on a machine whose newest file never reached the store.
        var name = JournalFile.NameOf(session.Channel, session.Id, file.Number);
        if (!isDamaged && (file.End != JournalEnd.Idle || spool.List(name.Value).Count > 0))
        {
            return 0;
        }

        var folder = SessionAccount.FolderOf(timeline.Session.Channel, timeline.Session.Id);

        // What a spool has and no journal in it tells of was never announced.
        var highest = isDamaged ? spool.List(folder).Select(found => NumberOf(found.Name)).DefaultIfEmpty(0).Max() : 0;
        await foreach (var found in store.ListAsync(folder, cancellationToken))
        {
            highest = Math.Max(highest, NumberOf(found.Name));
        }

        return highest;
    }

    /// <summary>The newest init segments: an encoder that comes back configured as it was needs no new ones.</summary>
    private async Task<IReadOnlyDictionary<string, byte[]>> ReadInitsAsync(SessionTimeline timeline, CancellationToken cancellationToken)
    {
        var inits = new Dictionary<string, byte[]>();
        foreach (var rendition in timeline.IsEnded ? [] : timeline.Renditions)
        {
            try
            {
                if (rendition.Init is { } init && await spool.ReadAllAsync(init.Object, InitSegmentReader.MaxLength, cancellationToken) is { } bytes)
                {
                    inits.Add(rendition.Name, bytes);
                }
            }
            catch (IOException)
            {
                // The store does not answer: then the next init segment is a new one.
            }
        }

        return inits;
    }

    /// <summary>Puts the whole window into a chapter, so that it is replayed though the window moves beyond it.</summary>
    private void KeepWindow(SessionTimeline timeline)
    {
        var chapter = Chapter.Of(timeline, timeline.LastSegment);
        var bytes = ChapterFile.Write(chapter);
        var file = spool.Open(ChapterName.Of(SessionAccount.FolderOf(timeline.Session.Channel, timeline.Session.Id), chapter.First, chapter.Last));
        file.Truncate(0);
        file.Append([bytes]);
        file.Seal();
        timeline.Apply(chapter.Announce(file.Name, bytes.Length));
    }

    /// <summary>Cuts what was written and never announced, and sends to the store what is announced.</summary>
    /// <returns>The pictures that are announced.</returns>
    private HashSet<ObjectName> SettleMedia(SessionTimeline timeline)
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

        HashSet<ObjectName> pictures = [.. timeline.Sheets.Select(sheet => sheet.Object)];
        foreach (var sheet in timeline.Sheets)
        {
            announced[sheet.Object] = sheet.Length;
        }

        if (timeline.Poster is { } poster)
        {
            announced[poster.Object] = poster.Length;
            pictures.Add(poster.Object);
        }

        foreach (var chapter in timeline.KeptChapters)
        {
            announced[chapter.Object] = chapter.Length;
        }

        var folder = SessionAccount.FolderOf(timeline.Session.Channel, timeline.Session.Id);
        var newestSheet = timeline is { Session.IsRecorded: true, Sheets: [.., var newest] } ? newest.Start.Rescale(1000).Ticks : 0;
        foreach (var found in spool.List(folder))
        {
            if (announced.TryGetValue(found.Name, out var length))
            {
                Settle(found.Name, length);
            }
            else if ((NumberOf(found.Name) is > 0 and var number && number >= timeline.OldestSegment && number < timeline.FirstSegment)
                || PictureName.IsSheetBefore(folder, found.Name, newestSheet))
            {
                // In a chapter: whole long since, and not taken to the store yet.
                Settle(found.Name, long.MaxValue);
            }
        }

        return pictures;
    }

    private void SettleJournals(JournaledSession session, JournalFile read)
    {
        var spooled = spool.List(JournalFile.FolderOf(session.Channel, session.Id)).Select(found => found.Name).ToHashSet();
        foreach (var number in session.Numbers)
        {
            var name = JournalFile.NameOf(session.Channel, session.Id, number);
            if (number > read.Number)
            {
                spool.Delete([name]);
            }
            else if (spooled.Contains(name))
            {
                Settle(name, number == read.Number ? read.ValidLength : long.MaxValue);
            }
        }
    }

    private void Settle(ObjectName name, long length)
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
            // On its way to the store already: then it was whole.
        }
    }

    /// <summary>Deletes what had left the window before the process died, and was not deleted any more. What still listed it has had time to go.</summary>
    private async Task CleanUpAsync(SessionTimeline timeline, long first, HashSet<ObjectName> pictures)
    {
        var (channel, id) = (timeline.Session.Channel, timeline.Session.Id);
        if (stage.IsLetGo(id))
        {
            return;
        }

        try
        {
            var folder = SessionAccount.FolderOf(channel, id);

            // Another thread goes on with the timeline: a chapter that it announces after the first line ends behind that number, or is several of those in the list as one.
            var window = timeline.FirstSegment;
            var chapters = timeline.KeptChapters;
            var isRecorded = timeline.Session.IsRecorded;
            bool IsGone(ObjectName name) =>
                PictureName.IsPicture(folder, name) ? (!isRecorded || PictureName.IsPoster(folder, name)) && PictureName.IsReplaced(folder, name, pictures)
                : ChapterName.NumbersOf(folder, name) is { Last: > 0 } numbers ? numbers.Last < window && !IsNeeded(numbers, name, chapters, mayBeJoined: isRecorded || timeline.Session.Rewind == Rewind.All)
                : IsBefore(name, first);
            List<ObjectName> gone = [.. spool.List(folder).Select(found => found.Name).Where(IsGone)];
            await foreach (var found in store.ListAsync(folder, CancellationToken.None))
            {
                if (IsGone(found.Name))
                {
                    gone.Add(found.Name);
                }
            }

            spool.Delete(gone);
        }
        catch (IOException failure)
        {
            Log.CleanupFailed(logger, id.Value, channel.Value, failure.Message);
        }
    }

    /// <summary>Whether a chapter is one of those, or may be several of them as one.</summary>
    private static bool IsNeeded((long First, long Last) numbers, ObjectName name, IReadOnlyList<TimelineChapter> chapters, bool mayBeJoined) =>
        chapters.Any(chapter => chapter.Object == name)
        || (mayBeJoined && chapters.Any(chapter => chapter.First == numbers.First) && chapters.Any(chapter => chapter.Last == numbers.Last));

    /// <summary>Whether a name is that of a segment before a number. Init segments are few, and stay.</summary>
    private static bool IsBefore(ObjectName name, long first) => NumberOf(name) is > 0 and var number && number < first;

    /// <summary>The number in a segment's name; 0 for other names.</summary>
    private static long NumberOf(ObjectName name)
    {
        var file = name.Value.AsSpan(name.Value.LastIndexOf('/') + 1);
        return file.EndsWith(".m4s") && long.TryParse(file[..^4], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }
}
