using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;

namespace Broadcast.Origin.Hls;

/// <summary>
/// The I-frame playlist of a rendition (RFC 8216, 4.3.3.6). It lists the first frame of each closed segment as a byte range of that
/// segment, for players that show frames during seeking. A segment that does not start with a keyframe is listed as a gap, so that sequence
/// numbers equal those of the media playlist.
/// </summary>
internal static class IFramePlaylist
{
    /// <summary>File name in the rendition's folder.</summary>
    public const string FileName = "iframes.m3u8";

    /// <summary>
    /// Returns whether a session has I-frame playlists. All playlists must have the same <c>EXT-X-SERVER-CONTROL</c> and reach equally far
    /// back (draft-pantos-hls-rfc8216bis, 6.2.4). I-frame playlists support no blocking reload, and keyframe lengths are unknown for
    /// segments that left the live window.
    /// </summary>
    public static bool IsOffered(BroadcastSession session) => !session.Latency.OffersParts && session.DvrWindow == DvrWindow.Off;

    /// <summary>Returns whether the live window has a segment that starts with a keyframe.</summary>
    public static bool Exists(RenditionTimeline rendition)
    {
        foreach (var segment in rendition.Closed)
        {
            if (segment.KeyLength > 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Describes the playlist.</summary>
    /// <param name="timeline">The session.</param>
    /// <param name="rendition">The rendition.</param>
    /// <param name="discontinuitySequence">Discontinuities before the first segment.</param>
    public static MediaPlaylist Of(SessionTimeline timeline, RenditionTimeline rendition, long discontinuitySequence)
    {
        var target = timeline.Session.Latency.TargetDuration;
        var closed = rendition.Closed;
        var segments = new PlaylistSegment[closed.Length];
        string? map = null;
        for (var i = 0; i < segments.Length; i++)
        {
            var segment = closed[i];
            map = rendition.FindInit(segment.Init) is { } init ? $"{MediaFile.OfInit(init.Number)}" : map;

            // "The EXTINF duration … is the time between the presentation time of the I-frame in the Media Segment and the presentation
            // time of the next I-frame" (4.3.3.6).
            segments[i] = new PlaylistSegment(
                $"{MediaFile.OfSegment(segment.Number)}", PlaylistSegment.ListedDuration(segment.Duration, segment.IsGap, target), map,
                segment.WallClock, segment.Discontinuity, IsGap: segment.KeyLength == 0)
            {
                ByteRange = segment.KeyLength > 0 ? segment.KeyLength : null,
            };
        }

        return new MediaPlaylist
        {
            Kind = MediaPlaylistKind.IFrames,
            TargetDuration = target,
            MediaSequence = closed[0].Number,
            DiscontinuitySequence = discontinuitySequence,
            IndependentSegments = true,
            Segments = segments,
            IsEnded = timeline.IsEnded,
        };
    }
}
