using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;

namespace Broadcast.Packager.Sessions;

/// <summary>Determines which objects are deleted with an index block, and when objects that left the playlists are deleted.</summary>
internal static class DeletionRules
{
    /// <summary>Objects of an index block: its own, and those of its segments, including gaps.</summary>
    public static IReadOnlyCollection<ObjectName> GetObjects(BroadcastSession session, TimelineIndexBlock block)
    {
        var names = ObjectNames.Of(session);
        var objects = new List<ObjectName> { block.Object };
        foreach (var range in block.Renditions)
        {
            for (var number = range.First; number <= range.Last; number++)
            {
                objects.Add(names.Segment(range.Rendition, number));
            }
        }

        return objects;
    }

    /// <summary>
    /// Time that objects must stay readable after they left the playlists: the duration of the longest playlist plus the target duration
    /// (RFC 8216, 6.2.2).
    /// </summary>
    public static TimeSpan GetDelay(BroadcastSession session, DateTimeOffset now)
    {
        var latency = session.Latency;
        var dvrDuration = now - session.StartedAt < session.DvrWindow ? now - session.StartedAt : session.DvrWindow;
        return latency.TargetDuration + (session.HasDvrWindow && dvrDuration > latency.Window ? dvrDuration : latency.Window);
    }
}
