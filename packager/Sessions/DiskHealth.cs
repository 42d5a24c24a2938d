using Broadcast.Media;
using Microsoft.Extensions.Logging;

namespace Broadcast.Packager;

/// <summary>Whether the disk takes what a session writes: says so once when it stops, and once when it has gone well for a whole segment.</summary>
internal sealed class DiskHealth(ChannelName channel, ILogger logger)
{
    private bool _refusing;
    private bool _refusedInSegment;
    private long _lost;

    public void Refused(IOException refusal)
    {
        _refusedInSegment = true;
        if (!_refusing)
        {
            _refusing = true;
            Log.DiskRefuses(logger, channel.Value, refusal.Message);
        }
    }

    public void PartLost() => _lost++;

    public void SegmentPassed()
    {
        if (_refusing && !_refusedInSegment)
        {
            Log.DiskAccepts(logger, channel.Value, _lost);
            (_refusing, _lost) = (false, 0);
        }

        _refusedInSegment = false;
    }
}

/// <summary>Questions about a timeline.</summary>
internal static class TimelineQuestions
{
    /// <summary>Whether there is a segment that can be played and will not grow.</summary>
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
