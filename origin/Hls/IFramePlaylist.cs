using System.Globalization;
using System.Text;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Delivery;

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

    /// <summary>Renders the playlist.</summary>
    /// <param name="timeline">The session.</param>
    /// <param name="rendition">The rendition.</param>
    /// <param name="discontinuitySequence">Discontinuities before the first segment.</param>
    public static Document Render(SessionTimeline timeline, RenditionTimeline rendition, long discontinuitySequence)
    {
        var culture = CultureInfo.InvariantCulture;
        var target = timeline.Session.Latency.TargetDuration;
        var closed = rendition.Closed;
        var text = new StringBuilder(256 + (closed.Length * 128));
        text.Append("#EXTM3U\n");
        text.Append(culture, $"#EXT-X-VERSION:{MediaPlaylist.Version}\n");
        text.Append(culture, $"#EXT-X-TARGETDURATION:{Math.Ceiling(target.TotalSeconds)}\n");
        text.Append(culture, $"#EXT-X-SERVER-CONTROL:HOLD-BACK={(3 * target).TotalSeconds:0.0##}\n");
        text.Append(culture, $"#EXT-X-MEDIA-SEQUENCE:{closed[0].Number}\n");
        text.Append(culture, $"#EXT-X-DISCONTINUITY-SEQUENCE:{discontinuitySequence}\n");
        text.Append("#EXT-X-I-FRAMES-ONLY\n#EXT-X-INDEPENDENT-SEGMENTS\n");
        int? map = null;
        foreach (var segment in closed)
        {
            if (segment.Discontinuity)
            {
                text.Append("#EXT-X-DISCONTINUITY\n");
            }

            if (segment.Init != map && rendition.FindInit(segment.Init) is { } init)
            {
                text.Append(culture, $"#EXT-X-MAP:URI=\"{MediaFile.OfInit(init.Number)}\"\n");
                map = segment.Init;
            }

            text.Append(culture, $"#EXT-X-PROGRAM-DATE-TIME:{segment.WallClock.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fff}Z\n");

            // "The EXTINF duration … is the time between the presentation time of the I-frame in the Media Segment and the presentation
            // time of the next I-frame" (4.3.3.6).
            text.Append(segment.KeyLength > 0 ? string.Create(culture, $"#EXT-X-BYTERANGE:{segment.KeyLength}@0\n") : "#EXT-X-GAP\n");
            text.Append(culture, $"#EXTINF:{PlaylistRenderer.Length(segment, target):0.000###},\n{MediaFile.OfSegment(segment.Number)}\n");
        }

        if (timeline.IsEnded)
        {
            text.Append("#EXT-X-ENDLIST\n");
        }

        return new Document(Encoding.UTF8.GetBytes(text.ToString()), ContentTypes.Hls);
    }
}
