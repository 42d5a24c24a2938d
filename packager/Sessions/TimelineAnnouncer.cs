using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;
using Broadcast.Packager.Journal;

namespace Broadcast.Packager.Sessions;

/// <summary>
/// Announces batches of a session's events: first the journal gets them, then the sinks, then complete files are sealed and obsolete
/// objects are deleted. A restarted process thereby knows all announcements. Owned by one session; not thread-safe.
/// </summary>
/// <param name="context">Shared services and options.</param>
/// <param name="timeline">Timeline of the session.</param>
/// <param name="journal">Journal of the session.</param>
/// <param name="deletions">Deletions of the session.</param>
/// <param name="onFirstClosed">Called once, when the session's first segment is closed and announced.</param>
internal sealed class TimelineAnnouncer(PackagerContext context, SessionTimeline timeline, JournalWriter journal,
    DeferredDeletions deletions, Action onFirstClosed)
{
    private TimeSpan _sinceRotation;
    private long _lastSegment = timeline.LastSegment;

    /// <summary>Disk errors of the session.</summary>
    public DiskHealth Disk { get; } = new(timeline.Session.Channel, context.Logger);

    /// <summary>Indicates whether the journal cannot be written, so that nothing can be announced.</summary>
    public bool IsFailing { get; private set; }

    /// <summary>Highest announced segment number; 0 without one. Thread-safe.</summary>
    public long LastSegment => Volatile.Read(ref _lastSegment);

    /// <summary>Indicates whether any segment is playable.</summary>
    public bool HasClosedSegments { get; private set; } = timeline.HasClosedSegments();

    /// <summary>Announces a recovered session to the sinks as a whole. A session that has not ended gets a new journal file.</summary>
    public void AnnounceRecovered()
    {
        if (!timeline.IsEnded)
        {
            try
            {
                journal.Append([], timeline);
            }
            catch (IOException error)
            {
                // The announced state is in the files that were read. The next batch retries.
                Disk.WriteFailed(error);
            }
        }

        Notify(timeline.Checkpoint());
    }

    /// <summary>Discards the journal file that <see cref="AnnounceRecovered"/> started.</summary>
    public void Release() => journal.Discard();

    /// <summary>Journals and announces a batch whose events are applied: one append, one call per sink.</summary>
    /// <returns><see langword="false"/> if the journal cannot be written; the batch then keeps its events for the next attempt.</returns>
    public bool TryAnnounce(TimelineBatch batch)
    {
        try
        {
            journal.Append(batch.Events, timeline);
        }
        catch (IOException error)
        {
            IsFailing = true;
            Disk.WriteFailed(error);
            return false;
        }

        IsFailing = false;
        Volatile.Write(ref _lastSegment, timeline.LastSegment);
        Notify(batch.TakeEvents());
        SealAndDelete(batch);
        if (!HasClosedSegments && batch.ClosedDuration > TimeSpan.Zero && timeline.HasClosedSegments())
        {
            HasClosedSegments = true;
            onFirstClosed();
        }

        return true;
    }

    /// <summary>
    /// Seals the journal of an ended session, and otherwise continues it in a new file when one is due. Ends an announced batch.
    /// </summary>
    public void ContinueJournal(TimelineBatch batch)
    {
        var closedDuration = batch.ClosedDuration;
        batch.ClosedDuration = TimeSpan.Zero;
        _sinceRotation += closedDuration;
        if (timeline.IsEnded)
        {
            journal.Seal(JournalEnd.Ended);
        }
        else if (closedDuration > TimeSpan.Zero
            && (_sinceRotation >= context.Options.JournalRotation || journal.Events >= context.Options.JournalEvents))
        {
            try
            {
                journal.Rotate(timeline);
                _sinceRotation = TimeSpan.Zero;
            }
            catch (IOException error)
            {
                Disk.WriteFailed(error);
            }
        }
    }

    /// <summary>
    /// Continues the journal in a new file, whose name has the session's current epoch, because another server wrote an object of the name
    /// of an earlier file. The new file contains all events of that file.
    /// </summary>
    public void ReplaceJournal(JournalNumber taken)
    {
        try
        {
            if (taken.Epoch < timeline.Session.Epoch && journal.NewestEpoch < timeline.Session.Epoch)
            {
                journal.Rotate(timeline);
                _sinceRotation = TimeSpan.Zero;
            }

            journal.Abandon(taken);
            if (timeline.IsEnded)
            {
                journal.Seal(JournalEnd.Ended);
            }
        }
        catch (IOException error)
        {
            // The upload is tried again, and fails again.
            Disk.WriteFailed(error);
        }
    }

    /// <summary>Uploads the journal of a session without an encoder, so that another machine can continue it.</summary>
    public void SuspendJournal()
    {
        if (!IsFailing)
        {
            journal.Seal(JournalEnd.Idle);
        }
    }

    private void SealAndDelete(TimelineBatch batch)
    {
        foreach (var file in batch.CompleteFiles)
        {
            file.Seal();
        }

        batch.CompleteFiles.Clear();
        if (batch.ObsoleteObjects.Count > 0)
        {
            // Players may still read objects of the last playlists.
            ObjectName[] names = [.. batch.ObsoleteObjects];
            batch.ObsoleteObjects.Clear();
            deletions.Schedule(timeline.Session.Latency.TargetDuration + timeline.Session.Latency.Window, spool => spool.Delete(names));
        }
    }

    private void Notify(IReadOnlyList<TimelineEvent> events)
    {
        foreach (var sink in context.Sinks)
        {
            try
            {
                sink.Append(timeline.Session.Channel, timeline.Session.Id, events);
            }
            catch (Exception error)
            {
                PackagerLog.SinkFailed(context.Logger, error, timeline.Session.Id.Value);
            }
        }
    }
}
