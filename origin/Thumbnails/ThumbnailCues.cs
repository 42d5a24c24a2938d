using System.Globalization;
using System.Text;
using Broadcast.Media;
using Broadcast.Origin.Delivery;

namespace Broadcast.Origin.Thumbnails;

/// <summary>
/// Thumbnails as WebVTT (W3C, 2019): a cue a tile, whose text is the sheet's address with the tile's place in it as a media fragment (<c>#xywh=</c>; W3C Media Fragments 1.0, 4.2.2), as players
/// with a seek bar read them. Times are the session's, as in the MPD.
/// </summary>
internal static class ThumbnailCues
{
    /// <summary>Writes the file.</summary>
    /// <param name="sheets">The sheets, by rising start.</param>
    /// <param name="end">Where the session's media end: tiles behind show nothing.</param>
    /// <param name="folder">What stands before a sheet's address: the session's folder as seen from the file, empty or ending in a slash.</param>
    /// <param name="begin">What the file's time begins with in the session: of tiles that begin before only what is behind it is shown.</param>
    public static Document Draw(IReadOnlyList<TimelineSheet> sheets, TimeSpan end, string folder, TimeSpan begin = default)
    {
        var text = new StringBuilder("WEBVTT\n");
        foreach (var sheet in sheets)
        {
            var layout = sheet.Layout;
            var start = sheet.Start.ToTimeSpan();
            var length = sheet.Duration.ToTimeSpan() / layout.Tiles;
            for (var tile = 0; tile < layout.Tiles; tile++)
            {
                var from = start + (length * tile);
                if (from >= end)
                {
                    break;
                }

                if (from + length <= begin)
                {
                    continue;
                }

                var (x, y) = (tile % layout.Columns * layout.TileWidth, tile / layout.Columns * layout.TileHeight);
                text.Append(CultureInfo.InvariantCulture, $"\n{Time(from > begin ? from - begin : TimeSpan.Zero)} --> {Time(from + length - begin)}\n");
                text.Append(CultureInfo.InvariantCulture, $"{folder}{ThumbnailTrack.UriOf(sheet)}#xywh={x},{y},{layout.TileWidth},{layout.TileHeight}\n");
            }
        }

        return new Document(Encoding.UTF8.GetBytes(text.ToString()), ContentTypes.WebVtt);
    }

    private static string Time(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{(long)time.TotalHours:00}:{time.Minutes:00}:{time.Seconds:00}.{time.Milliseconds:000}");
}
