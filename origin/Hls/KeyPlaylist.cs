using System.Globalization;
using System.Text;
using Broadcast.Media;
using Broadcast.Origin.Delivery;

namespace Broadcast.Origin.Hls;

/// <summary>
/// The I-frame playlist of a rendition (RFC 8216, 4.3.3.6): of each whole segment its first picture, as the beginning of the segment's own bytes, for players that
/// show something while viewers search. A segment that does not begin with such a picture is listed as a gap, so that numbers are those of the media playlist.
/// </summary>
internal static class KeyPlaylist
{
    /// <summary>Its name in the rendition's folder.</summary>
    public const string FileName = "iframes.m3u8";

    /// <summary>
    /// Whether a session has such playlists: where they can say what its media playlists do. All have the same <c>EXT-X-SERVER-CONTROL</c> and reach as far back (draft-pantos-hls-rfc8216bis, 6.2.4); these are
    /// not held, and of what has left the live window nobody knows where its pictures end.
    /// </summary>
    public static bool IsOffered(BroadcastSession session) => !session.Latency.OffersParts && session.Rewind == Rewind.Off;

    /// <summary>Whether there is one: some segment in the window begins with a picture that can be decoded alone.</summary>
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

    /// <summary>Writes it.</summary>
    /// <param name="timeline">The session.</param>
    /// <param name="rendition">The rendition.</param>
    /// <param name="discontinuitySequence">Discontinuities before the first segment.</param>
    public static Document Draw(SessionTimeline timeline, RenditionTimeline rendition, long discontinuitySequence)
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
                text.Append(culture, $"#EXT-X-MAP:URI=\"init-{init.Number}.mp4\"\n");
                map = segment.Init;
            }

            text.Append(culture, $"#EXT-X-PROGRAM-DATE-TIME:{segment.WallClock.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fff}Z\n");

            // "The EXTINF duration … is the time between the presentation time of the I-frame in the Media Segment and the presentation time of the next I-frame" (4.3.3.6).
            text.Append(segment.KeyLength > 0 ? string.Create(culture, $"#EXT-X-BYTERANGE:{segment.KeyLength}@0\n") : "#EXT-X-GAP\n");
            text.Append(culture, $"#EXTINF:{Playlists.Length(segment, target):0.000###},\n{segment.Number}.m4s\n");
        }

        if (timeline.IsEnded)
        {
            text.Append("#EXT-X-ENDLIST\n");
        }

        return new Document(Encoding.UTF8.GetBytes(text.ToString()), ContentTypes.Hls);
    }
}
