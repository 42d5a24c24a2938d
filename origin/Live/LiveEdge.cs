using Broadcast.Media;

namespace Broadcast.Origin;

/// <summary>How far a session can be watched.</summary>
internal static class LiveEdge
{
    /// <summary>Wall clock up to which every rendition that ever had media has whole segments, or <see langword="null"/> while none has one.</summary>
    /// <param name="timeline">The session.</param>
    /// <param name="records">What is known of its renditions, by name.</param>
    public static DateTimeOffset? Of(SessionTimeline timeline, IReadOnlyDictionary<string, RenditionRecord> records)
    {
        DateTimeOffset? edge = null;
        foreach (var rendition in timeline.Renditions)
        {
            if (records[rendition.Name].HasMedia && rendition.Closed is [.., var last])
            {
                var end = last.WallClock + last.Duration.ToTimeSpan();
                edge = edge is null || end < edge ? end : edge;
            }
        }

        return edge;
    }
}
