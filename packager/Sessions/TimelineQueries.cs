using Broadcast.Media.Timeline;

namespace Broadcast.Packager.Sessions;

/// <summary>Queries on a timeline.</summary>
internal static class TimelineQueries
{
    /// <summary>Returns whether a closed segment with media exists.</summary>
    public static bool HasClosedSegments(this SessionTimeline timeline)
    {
        foreach (var rendition in timeline.Renditions)
        {
            foreach (var segment in rendition.Closed)
            {
                if (!segment.IsGap)
                {
                    return true;
                }
            }
        }

        return false;
    }
}
