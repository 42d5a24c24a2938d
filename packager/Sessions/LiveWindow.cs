using Broadcast.Media;
using Broadcast.Media.Timeline;

namespace Broadcast.Packager.Sessions;

/// <summary>
/// Moves a session's live window. Segments that leave it are deleted, or listed in index blocks if the session has a DVR window or is
/// recorded. Index blocks that leave the DVR window are deleted. In a recorded session nothing is deleted. Owned by one session; not
/// thread-safe.
/// </summary>
/// <param name="context">Shared services and options.</param>
/// <param name="timeline">Timeline of the session.</param>
/// <param name="deletions">Deletions of the session.</param>
internal sealed class LiveWindow(PackagerContext context, SessionTimeline timeline, DeferredDeletions deletions)
{
    private readonly IndexBlockWriter _indexBlocks = new(context, timeline);

    /// <summary>
    /// First segment number that the live window needs. It retains closed segments for the window's duration, and at least three target
    /// durations.
    /// </summary>
    /// <param name="timeline">Timeline of the session.</param>
    /// <param name="leader">The leading rendition.</param>
    public static long GetFirstNeeded(SessionTimeline timeline, RenditionTimeline leader)
    {
        var latency = timeline.Session.Latency;
        var minimum = latency.Window > 3 * latency.TargetDuration ? latency.Window : 3 * latency.TargetDuration;
        var listed = TimeSpan.Zero;
        foreach (var segment in leader.Closed)
        {
            listed += segment.Duration.ToTimeSpan();
        }

        var first = timeline.FirstSegment;
        foreach (var segment in leader.Closed)
        {
            listed -= segment.Duration.ToTimeSpan();
            if (listed < minimum)
            {
                break;
            }

            first = segment.Number + 1;
        }

        return first;
    }

    /// <summary>Moves the window if the leading rendition has more segments than needed.</summary>
    /// <param name="leader">The leading rendition.</param>
    /// <param name="batch">Receives the events, the complete index blocks and the obsolete objects.</param>
    /// <param name="disk">Receives disk errors. The live window then stays longer, and nothing is lost.</param>
    public void Move(RenditionTimeline leader, TimelineBatch batch, DiskHealth disk)
    {
        var first = GetFirstNeeded(timeline, leader);
        if (first == timeline.FirstSegment)
        {
            return;
        }

        var before = new List<ObjectName>(timeline.SpriteSheets.Select(sheet => sheet.Object));
        foreach (var rendition in timeline.Renditions)
        {
            before.AddRange(rendition.Inits.Select(init => init.Object));
        }

        if (timeline.Session is { HasDvrWindow: true } or { IsRecorded: true })
        {
            if (TryWriteIndexBlock(first, leader, batch, disk))
            {
                Expire(before, batch);
            }

            return;
        }

        foreach (var rendition in timeline.Renditions)
        {
            batch.ObsoleteObjects.AddRange(rendition.Segments.TakeWhile(segment => segment.Number < first).Where(segment => !segment.IsGap)
                .Select(segment => segment.Object));
        }

        batch.Apply(new TimelineEvent.WindowMoved(first));
        batch.ObsoleteObjects.AddRange(FindRemoved(before));
    }

    /// <summary>Lists segments that leave the live window in index blocks.</summary>
    /// <returns>Whether there were enough for an index block.</returns>
    private bool TryWriteIndexBlock(long first, RenditionTimeline leader, TimelineBatch batch, DiskHealth disk)
    {
        try
        {
            if (_indexBlocks.Write(first, leader.Closed, batch.CompleteFiles, batch.ObsoleteObjects) is not { } block)
            {
                return false;
            }

            batch.Apply(block);
            if (_indexBlocks.Compact(batch.CompleteFiles, batch.ObsoleteObjects) is { } compacted)
            {
                batch.Apply(compacted);
            }

            return true;
        }
        catch (IOException error)
        {
            disk.WriteFailed(error);
            return false;
        }
    }

    /// <summary>Deletes index blocks that left the DVR window, unless the session is recorded.</summary>
    private void Expire(List<ObjectName> before, TimelineBatch batch)
    {
        var isRecorded = timeline.Session.IsRecorded;
        if (_indexBlocks.GetExpired() is not [.., var last] expired)
        {
            batch.ObsoleteObjects.AddRange(isRecorded ? [] : FindRemoved(before));
            return;
        }

        batch.Apply(new TimelineEvent.DvrWindowMoved(last.Last + 1));
        if (isRecorded)
        {
            return;
        }

        ObjectName[] removed = [.. FindRemoved(before)];
        deletions.Schedule(DeletionRules.GetDelay(timeline.Session, context.Time.GetUtcNow()), spool =>
        {
            spool.Delete(removed);
            foreach (var block in expired)
            {
                spool.Delete(DeletionRules.GetObjects(timeline.Session, block));
            }
        });
    }

    /// <summary>Selects the sprite sheets and init segments that are no longer on the timeline.</summary>
    private IEnumerable<ObjectName> FindRemoved(IEnumerable<ObjectName> before) => before
        .Except(timeline.Renditions.SelectMany(rendition => rendition.Inits).Select(init => init.Object))
        .Except(timeline.SpriteSheets.Select(sheet => sheet.Object));
}
