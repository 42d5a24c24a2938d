using Broadcast.Media.Timeline;

namespace Broadcast.Origin.Live;

/// <summary>The live edge of a session.</summary>
internal static class LiveEdge
{
    /// <summary>
    /// Wall-clock time up to which every rendition with media has closed segments, or <see langword="null"/> while none has one.
    /// </summary>
    /// <param name="timeline">The session.</param>
    /// <param name="records">State of its renditions, by name.</param>
    public static DateTimeOffset? Of(SessionTimeline timeline, IReadOnlyDictionary<string, RenditionHistory> records)
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
