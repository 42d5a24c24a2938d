using Broadcast.Media;
using Broadcast.Origin.Hls;

namespace Broadcast.Origin.Dvr;

/// <summary>Describes the media playlists of time ranges and recordings. Pure.</summary>
internal static class SnapshotPlaylist
{
    /// <summary>The playlist of a rendition.</summary>
    /// <param name="view">The listed segments.</param>
    /// <param name="rendition">The rendition, with at least one segment.</param>
    /// <param name="isWhole">Whether the content is complete.</param>
    /// <param name="folder">The session's folder relative to the playlist: empty or ending in a slash.</param>
    public static MediaPlaylist Of(SessionSnapshot view, RenditionSnapshot rendition, bool isWhole, string folder = "")
    {
        var target = view.Session.Latency.TargetDuration;
        return new MediaPlaylist
        {
            TargetDuration = target,
            MediaSequence = rendition.Segments[0].Number,
            DiscontinuitySequence = view.DiscontinuitiesBefore(rendition.Segments[0].Number),
            IndependentSegments = rendition.Description.IsIndependent,
            IsEvent = view.IsVod || view.Session.DvrWindow == DvrWindow.All,
            StartsAtFirstSegment = true,
            Segments = [.. rendition.Segments.Select(segment => PlaylistSegment.Of(rendition.Name, segment, target, folder))],
            IsEnded = isWhole,
        };
    }
}
