using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;

namespace Broadcast.Media.Integrity;

/// <summary>
/// Finds orphaned objects of a session among those that its timeline does not reference. An orphan must be older than any object that may
/// still be added to the timeline, or that is deleted some time after leaving it. In doubt an object is kept. Pure.
/// </summary>
/// <param name="timeline">Timeline of the session.</param>
/// <param name="now">Current time.</param>
public sealed class OrphanRules(SessionTimeline timeline, DateTimeOffset now)
{
    /// <summary>Longer than any operation in progress: image generation, upload or deletion.</summary>
    public static readonly TimeSpan OperationMargin = TimeSpan.FromHours(1);

    /// <summary>
    /// Maximum age of media without a journal. Other servers upload their journals within ten seconds unless the object store is
    /// unavailable.
    /// </summary>
    public static readonly TimeSpan JournalGracePeriod = TimeSpan.FromDays(1);

    private readonly string _folder = ObjectNames.Of(timeline.Session).MediaFolder;

    /// <summary>Minimum age of an orphan.</summary>
    public TimeSpan MinimumAge { get; } = MinimumAgeOf(timeline, now);

    /// <summary>Returns whether an object that the timeline does not reference is an orphan.</summary>
    public bool IsOrphan(ObjectName name, DateTimeOffset written)
    {
        if (now - written < MinimumAge || !name.Value.StartsWith(_folder, StringComparison.Ordinal))
        {
            return false;
        }

        if (!ObjectNames.TryParse(name, out var parsed) || parsed.Kind is not (ObjectKind.Init or ObjectKind.Segment)
            || timeline.Find(parsed.Rendition) is not { } rendition)
        {
            return true;
        }

        // Init segments outside the window are few, and remain when a process is killed. A segment after the last one may be announced at
        // any moment, even when the disk's clock is slow.
        return parsed.Kind == ObjectKind.Init ? !(parsed.Number < rendition.NewestInit?.Number) : timeline.IsEnded
            || parsed.Number <= timeline.LastSegment;
    }

    private static TimeSpan MinimumAgeOf(SessionTimeline timeline, DateTimeOffset now)
    {
        var session = timeline.Session;
        var minimumAge = OperationMargin + session.Latency.Window;
        if (session.IsRecorded || !session.HasDvrWindow || (timeline.IsEnded && session.DvrWindow == DvrWindow.All))
        {
            return minimumAge;
        }

        // Media that leaves the DVR window leaves the timeline, and is deleted once no playlist can contain it: after the same period
        // again.
        var age = now - session.StartedAt;
        var dvrWindow = age < session.DvrWindow ? age : session.DvrWindow;
        return dvrWindow > TimeSpan.Zero ? minimumAge + dvrWindow + dvrWindow : minimumAge;
    }
}
