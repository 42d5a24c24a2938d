using System.Globalization;
using System.Text;
using Broadcast.Media.Objects;
using Broadcast.Origin.Delivery;

namespace Broadcast.Origin.Thumbnails;

/// <summary>
/// The image media playlist of HLS ("Image Media Playlist", version 0.4, supported by Roku and others). Each segment is a sprite sheet. A
/// missing sprite sheet is listed as a gap, so that sequence numbers follow from times and never change.
/// </summary>
internal static class ImagePlaylist
{
    /// <summary>Writes the playlist.</summary>
    /// <param name="track">The sprite sheets.</param>
    /// <param name="startedAt">Wall-clock time at the session's time zero.</param>
    /// <param name="isEnded">Whether no sprite sheets follow.</param>
    public static Document Render(ThumbnailTrack track, DateTimeOffset startedAt, bool isEnded)
    {
        var culture = CultureInfo.InvariantCulture;
        var number = NumberOf(track, 0);
        var text = new StringBuilder();
        text.Append("#EXTM3U\n");
        text.Append(culture, $"#EXT-X-VERSION:{Broadcast.Origin.Hls.MediaPlaylist.Version}\n");
        text.Append(culture, $"#EXT-X-TARGETDURATION:{Math.Ceiling(track.Duration.TotalSeconds)}\n");
        text.Append(culture, $"#EXT-X-MEDIA-SEQUENCE:{number}\n");
        text.Append("#EXT-X-IMAGES-ONLY\n");
        for (var i = 0; i < track.Sheets.Count; i++)
        {
            for (; number < NumberOf(track, i); number++)
            {
                text.Append("#EXT-X-GAP\n");
                Segment(text, track, startedAt, number,
                    SessionObjectNames.SpriteSheetFile(number * (long)track.Duration.TotalMilliseconds));
            }

            Segment(text, track, startedAt, number++, ThumbnailTrack.UriOf(track.Sheets[i]));
        }

        if (isEnded)
        {
            text.Append("#EXT-X-ENDLIST\n");
        }

        return new Document(Encoding.UTF8.GetBytes(text.ToString()), ContentTypes.Hls);
    }

    private static void Segment(StringBuilder text, ThumbnailTrack track, DateTimeOffset startedAt, long number, string uri)
    {
        var layout = track.Layout;
        text.Append(CultureInfo.InvariantCulture,
            $"#EXT-X-PROGRAM-DATE-TIME:{(startedAt + (track.Duration * number)).UtcDateTime:yyyy-MM-ddTHH:mm:ss.fff}Z\n");
        text.Append(CultureInfo.InvariantCulture, $"#EXTINF:{track.Duration.TotalSeconds:0.000###},\n");
        text.Append(CultureInfo.InvariantCulture,
            $"#EXT-X-TILES:RESOLUTION={layout.TileWidth}x{layout.TileHeight},LAYOUT={layout.Columns}x{layout.Rows},DURATION={track.TileDuration.TotalSeconds:0.000###}\n");
        text.Append(uri).Append('\n');
    }

    private static long NumberOf(ThumbnailTrack track, int index) =>
        ThumbnailTrack.Milliseconds(track.Sheets[index]) / (long)track.Duration.TotalMilliseconds;
}
