using Broadcast.Media;

namespace Broadcast.Packager;

/// <summary>
/// Moves a session's live window on: lets go of segments that it no longer needs, or has them in chapters where somebody can go back to them, and of chapters that nobody can go back to any more. Of a
/// session that is recorded nothing goes. Owned by one session; not thread-safe.
/// </summary>
/// <param name="context">What every session works with.</param>
/// <param name="timeline">The session.</param>
/// <param name="folder">The session's folder, ending in <c>/</c>.</param>
internal sealed class LiveWindow(PackagerContext context, SessionTimeline timeline, string folder)
{
    private readonly ChapterOutput _chapters = new(context, timeline, folder);

    /// <summary>First segment number that the window needs: it keeps its length, and never less than three target durations, of closed segments.</summary>
    /// <param name="timeline">The session.</param>
    /// <param name="leader">The rendition that leads it.</param>
    public static long FirstNeeded(SessionTimeline timeline, RenditionTimeline leader)
    {
        var latency = timeline.Session.Latency;
        var keep = latency.Window > 3 * latency.TargetDuration ? latency.Window : 3 * latency.TargetDuration;
        var listed = TimeSpan.Zero;
        foreach (var segment in leader.Closed)
        {
            listed += segment.Duration.ToTimeSpan();
        }

        var first = timeline.FirstSegment;
        foreach (var segment in leader.Closed)
        {
            listed -= segment.Duration.ToTimeSpan();
            if (listed < keep)
            {
                break;
            }

            first = segment.Number + 1;
        }

        return first;
    }

    /// <summary>Moves it, where the leading rendition has more than it needs.</summary>
    /// <param name="leader">The rendition that leads it.</param>
    /// <param name="add">Notes what is to be announced, and folds it into the timeline.</param>
    /// <param name="whole">Takes files that can go to the store once that is announced.</param>
    /// <param name="gone">Takes objects that are not needed any more then.</param>
    /// <param name="disk">Is told what the disk refused. The live window is longer then, and nothing is lost.</param>
    public void Move(RenditionTimeline leader, Action<TimelineEvent> add, ICollection<ISpoolFile> whole, List<ObjectName> gone, DiskHealth disk)
    {
        var first = FirstNeeded(timeline, leader);
        if (first == timeline.FirstSegment)
        {
            return;
        }

        var before = new List<ObjectName>(timeline.Sheets.Select(sheet => sheet.Object));
        foreach (var rendition in timeline.Renditions)
        {
            before.AddRange(rendition.Inits.Select(init => init.Object));
        }

        if (timeline.Session is { KeepsPast: true } or { IsRecorded: true })
        {
            if (TryKeep(first, leader, add, whole, gone, disk))
            {
                Expire(before, add, gone);
            }

            return;
        }

        foreach (var rendition in timeline.Renditions)
        {
            gone.AddRange(rendition.Segments.TakeWhile(segment => segment.Number < first).Where(segment => !segment.IsGap).Select(segment => segment.Object));
        }

        add(new TimelineEvent.WindowMoved(first));
        gone.AddRange(Lost(before));
    }

    /// <summary>Puts what leaves the live window into chapters.</summary>
    /// <returns>Whether there was enough for one.</returns>
    private bool TryKeep(long first, RenditionTimeline leader, Action<TimelineEvent> add, ICollection<ISpoolFile> whole, List<ObjectName> gone, DiskHealth disk)
    {
        try
        {
            if (_chapters.Write(first, leader.Closed, whole, gone) is not { } chapter)
            {
                return false;
            }

            add(chapter);
            if (_chapters.Join(whole, gone) is { } joined)
            {
                add(joined);
            }

            return true;
        }
        catch (IOException refusal)
        {
            disk.Refused(refusal);
            return false;
        }
    }

    /// <summary>Lets go of chapters that nobody can go back to any more, unless the session is recorded: of that nothing goes.</summary>
    private void Expire(List<ObjectName> before, Action<TimelineEvent> add, List<ObjectName> gone)
    {
        var isRecorded = timeline.Session.IsRecorded;
        if (_chapters.Expired() is not [.., var last] expired)
        {
            gone.AddRange(isRecorded ? [] : Lost(before));
            return;
        }

        add(new TimelineEvent.RewindMoved(last.Last + 1));
        if (isRecorded)
        {
            return;
        }

        ObjectName[] lost = [.. Lost(before)];
        context.Deferred.After(ChapterName.Patience(timeline.Session, context.Time.GetUtcNow()), () =>
        {
            context.Spool.Delete(lost);
            foreach (var chapter in expired)
            {
                context.Spool.Delete(ChapterName.ObjectsOf(folder, chapter));
            }
        });
    }

    /// <summary>Which of these pictures and init segments the timeline does not know any more.</summary>
    private IEnumerable<ObjectName> Lost(IEnumerable<ObjectName> before) => before
        .Except(timeline.Renditions.SelectMany(rendition => rendition.Inits).Select(init => init.Object))
        .Except(timeline.Sheets.Select(sheet => sheet.Object));
}
